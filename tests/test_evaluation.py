"""The verdict is right where the answer is known; scores, their intervals and floors are what they claim."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from tabgen import TableError
from tabgen.evaluation import Scorecard, attacks, compare, evaluate
from tabgen.evaluation.fidelity import fidelity_scores, pair_scores
from tabgen.evaluation.scores import Score
from tabgen.evaluation.verdict import judge

ROWS = 600


def draw(rows, seed):
    """Return rows whose columns all follow one hidden number."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=rows)
    x, y, z = (hidden + spread * rng.normal(size=rows) for spread in (0.1, 0.3, 0.6))
    return pd.DataFrame(
        {
            "x": x,
            "y": np.exp(y).round(3),
            "grade": pd.cut(z, [-9, -1, 0, 1, 9], labels=["low", "fair", "good", "best"]).astype(object),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta((100 * np.exp(x)).astype(int), unit="D"),
            "left": np.where(hidden + 0.5 * rng.normal(size=rows) > 0, "yes", "no"),
        }
    )


def apart(frame):
    rng = np.random.default_rng(0)
    return frame.apply(lambda column: column.sample(frac=1, random_state=rng).to_numpy())


def jittered(frame):
    return frame.assign(x=frame["x"] + 1e-4, y=frame["y"] + 1e-3)


def independent(frame):
    """Return draws of each column by itself."""
    rng = np.random.default_rng(0)
    return frame.apply(lambda column: column.sample(frac=1, replace=True, random_state=rng).to_numpy())


def noise(frame):
    rng = np.random.default_rng(0)
    rows = len(frame)
    return pd.DataFrame(
        {
            "x": rng.uniform(-9, 9, rows),
            "y": rng.uniform(0, 99, rows),
            "grade": rng.choice(["low", "fair", "good", "best"], rows),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 3_000, rows), unit="D"),
            "left": rng.choice(["yes", "no"], rows),
        }
    )


REAL, HOLDOUT = draw(ROWS, 1), draw(ROWS, 2)
# what the synthetic table is, and the light of fidelity, utility and disclosure
KNOWN = {
    "fresh rows of the same law": (draw(ROWS, 3), "green", "green", "green"),
    "the real table itself": (REAL, "green", "green", "red"),
    "a copy of the real table, shuffled": (REAL.sample(frac=1, random_state=0), "green", "green", "red"),
    "real rows moved by a hair": (jittered(REAL), "green", "green", "red"),
    "shuffled columns": (apart(REAL), "red", "red", "green"),
    "independent marginals": (independent(REAL), "red", "red", "green"),
    "noise": (noise(REAL), "red", "red", "green"),
    "one row again and again": (pd.concat([HOLDOUT.head(1)] * ROWS), "red", "red", "green"),
}


OFTEN = {"fresh rows of the same law", "real rows moved by a hair", "independent marginals"}


@pytest.mark.parametrize(
    ("synthetic", "fidelity", "utility", "disclosure"),
    [pytest.param(*KNOWN[k], id=k, marks=[] if k in OFTEN else [pytest.mark.slow]) for k in KNOWN],
)
def test_the_verdict_is_right_where_the_answer_is_known(synthetic, fidelity, utility, disclosure):
    card = evaluate(REAL, synthetic, HOLDOUT, "left")
    lights = [card.verdict.family(family) for family in ("fidelity", "utility", "disclosure")]
    assert lights == [fidelity, utility, disclosure], str(card)
    assert card.verdict.light == ("red" if "red" in lights else "green")


# name, value, low, high, floor, ideal, metric of utility, and the light
JUDGED = {
    "well below": ("shape", 0.01, 0.005, 0.02, 0.01, 0, None, "green"),
    "a little above its floor": ("shape", 0.05, 0.04, 0.06, 0.01, 0, None, "amber"),
    "far above its floor": ("shape", 0.08, 0.07, 0.09, 0.01, 0, None, "red"),
    "may be chance": ("shape", 0.08, 0.01, 0.15, 0.01, 0, None, "green"),
    "a floor better than ideal": ("c2st", 0.64, 0.6, 0.7, 0.4, 0.5, None, "green"),
    "no floor": ("c2st", 0.7, 0.69, 0.71, np.nan, 0.5, None, "amber"),
    "lost AUC": ("tstr", 0.85, 0.84, 0.86, 0.9, 1, "ROC AUC", "amber"),
    "lost R2, twice as wide": ("tstr", 0.85, 0.84, 0.86, 0.9, 1, "R2", "green"),
    "a better model than the real one": ("tstr", 0.95, 0.94, 0.96, 0.9, 1, "ROC AUC", "green"),
    "copies beyond chance": ("copies", 0.04, 0.03, 0.05, 0.001, np.nan, None, "amber"),
    "as many copies as by chance": ("copies", 0.3, 0.29, 0.31, 0.3, np.nan, None, "green"),
}


@pytest.mark.parametrize("case", JUDGED.values(), ids=JUDGED)
def test_a_score_is_judged_against_floor_and_thresholds(case):
    *score, metric, light = case
    scores = pd.DataFrame([["disclosure", *score]], columns=list(Score.__dataclass_fields__))
    reasons = judge(scores, metric=metric, held_out=True).reasons
    assert [reason.light for reason in reasons if reason.score == score[0]] == [light]
    assert f"is {score[1]:.3f}" in reasons[0].text


def test_what_cannot_be_judged_is_amber_and_says_so():
    nothing = pd.DataFrame([["fidelity", "shape", *[np.nan] * 5]], columns=list(Score.__dataclass_fields__))
    verdict = judge(nothing, metric=None, held_out=True)
    assert verdict.light == "amber"
    assert [reason.text for reason in verdict.reasons] == [
        "There are too few rows to judge fidelity.", "There are too few rows to judge disclosure.",
    ]  # fmt: skip
    assert verdict.family("utility") is None


@pytest.fixture(scope="module")
def card():
    """Return the scorecard of real rows beside the same rows, their x shifted and grades lost."""
    other = draw(ROWS, 3)
    moved = other.assign(x=other["x"] + 0.5, grade=other["grade"].mask(np.arange(ROWS) % 5 == 0))
    return evaluate(REAL, moved, HOLDOUT, "left")


def test_every_score_has_a_stable_name_an_interval_and_a_floor(card):
    names = {
        "fidelity": "shape missing trend correlation association nmi c2st alpha_precision beta_recall",
        "utility": "tstr trtr importance_agreement",
        "disclosure": "dcr_share nndr copies membership singling_out linkability attribute_inference "
        "density_membership worst_group",
    }
    assert list(card.scores) == ["family", "name", "value", "low", "high", "floor", "ideal"]
    found = card.scores.groupby("family", sort=False)["name"].agg(" ".join).to_dict()
    assert found == names
    within = card.scores["value"].between(card.scores["low"] - 1e-12, card.scores["high"] + 1e-12)
    assert card.scores["name"][~within].tolist() == []
    assert card.scores["name"][card.scores["floor"].isna()].tolist() == ["trtr", *attacks.FIGURES]


def test_the_columns_that_are_wrong_are_named(card):
    columns = card.columns.set_index("column")
    assert columns["telling"].nlargest(2).index.tolist() == ["x", "day"]  # day tells where x should be
    shift = draw(ROWS, 3)["x"].mean() + 0.5 - REAL["x"].mean()
    assert columns.at["x", "wasserstein"] == pytest.approx(shift / REAL["x"].std(), abs=0.02)
    assert columns["wasserstein"].isna().to_dict() == {
        "x": False, "y": False, "grade": True, "day": False, "left": True,
    }  # fmt: skip
    assert columns.at["grade", "missing_synthetic"] == 0.2
    assert card.value("missing") == pytest.approx(0.2 / 5)


def test_a_scorecard_goes_to_json_and_back(card):
    text = card.to_json()
    again = Scorecard.from_json(text)
    for name in ("scores", "columns", "pairs", "utility"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(card, name), check_dtype=False)
    assert again.rows == card.rows
    assert again.to_json() == text
    facts = json.loads(text)
    assert facts["verdict"]["light"] == card.verdict.light
    assert facts["columns"]["wasserstein"][2] is None


def test_labels_of_any_kind_survive_json():
    frame = pd.DataFrame({("a", 1): np.arange(60) % 7, pd.Timestamp("2024-01-01"): np.arange(60) / 7})
    frame.columns = pd.Index(list(frame.columns), tupleize_cols=False)
    card = evaluate(frame, frame)
    assert Scorecard.from_json(card.to_json()).columns["column"].tolist() == list(frame.columns)


@pytest.mark.parametrize("text", ["", "{}", '{"format": 0}', "[]"])
def test_other_json_is_refused(text):
    with pytest.raises(TableError, match="This is not a tabgen scorecard"):
        Scorecard.from_json(text)


def test_a_notebook_shows_lights_reasons_and_scores(card):
    html = card._repr_html_()
    assert "fidelity: red" in html
    assert "ROC AUC of telling synthetic from real rows" in html
    assert "alpha_precision" in str(card)
    assert "red (fidelity red, utility" in str(card)


def test_an_unknown_score_is_a_key_error(card):
    with pytest.raises(KeyError, match="f1"):
        card.value("f1")


def test_without_held_out_rows_only_copies_can_be_told():
    copy, fresh = (evaluate(REAL, synthetic) for synthetic in (REAL, draw(ROWS, 3)))
    assert copy.distances is None
    assert copy.scores.set_index("name")["value"][["dcr_share", "membership"]].isna().all()
    assert copy.verdict.family("disclosure") == "red"
    assert fresh.verdict.light == "green"
    assert fresh.verdict.family("utility") is None
    weak = [reason.text for reason in fresh.verdict.reasons if reason.family == "disclosure"]
    assert all("a weak test without held-out rows" in text for text in weak)
    assert len(weak) == 2


def test_the_seed_decides():
    frames = REAL[["x", "left"]].head(60), HOLDOUT[["x", "left"]].head(60)
    one, same, other = (evaluate(*frames, seed=seed).scores for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, same)
    assert not one["value"].equals(other["value"])


def test_intervals_hold_the_value_of_more_rows():
    rng = np.random.default_rng(0)
    real, many = rng.normal(size=(2, 40_000)), rng.normal(0.5, 1, size=(2, 40_000))
    truth = pair_scores(pd.DataFrame(real.T), pd.DataFrame(many.T))["distance"].mean()
    held = 0
    for start in range(0, 40_000, 4_000):
        few = [pd.DataFrame(side[:, start : start + 4_000].T) for side in (real, many)]
        trend = next(score for score in fidelity_scores(*few, few, 0)[2] if score.name == "trend")
        held += trend.low <= truth <= trend.high
        assert 0.005 < trend.high - trend.low < 0.1
    assert held >= 8


# what two columns have to do with each other
ROLLS = np.arange(6_000)
TIES = {
    "the same levels": (ROLLS % 3, ROLLS % 3, 1, 1),
    "nothing": (ROLLS % 3, ROLLS // 3 % 4, 0, 0),
    "half of the information": (ROLLS % 4, ROLLS % 2, 1, 2 / 3),
    "rising numbers": (ROLLS / 7, ROLLS**2.0, 1, 1),
    "a constant": (ROLLS % 3, ROLLS * 0, 0, 0),
}


@pytest.mark.parametrize(("first", "second", "association", "information"), TIES.values(), ids=TIES)
def test_ties_of_columns_are_those_known(first, second, association, information):
    frame = pd.DataFrame({"a": first, "b": second})
    if first.dtype.kind == "i":
        frame = frame.astype("category")
    pair = pair_scores(frame, frame).iloc[0]
    assert pair["real_association"] == pytest.approx(association, abs=0.02)
    assert pair["synthetic_information"] == pytest.approx(information, abs=1e-9)
    assert pair["distance"] == 0


def test_correlation_is_spearmans_over_the_rows_with_both_values():
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    frame = pd.DataFrame({"x": x, "y": np.exp(x + rng.normal(size=500)), "z": -x})
    frame.loc[:50, "z"] = np.nan
    pairs = pair_scores(frame, frame[::-1]).set_index(["first", "second"])["real_correlation"]
    assert pairs["x", "y"] == pytest.approx(frame["x"].corr(frame["y"], "spearman"))
    assert pairs["x", "z"] == pytest.approx(-1, abs=1e-3)


def odd_table(rows):
    """Return a table with all that may trouble a score."""
    rng = np.random.default_rng(rows)
    return pd.DataFrame(
        {
            "key": [f"K{number:05d}" for number in rng.permutation(rows)],
            "constant": 1,
            "absent": np.nan,
            "nearly absent": pd.Series([5.0]).reindex(range(rows)),
            "took": pd.to_timedelta(rng.integers(0, 9_999, rows), unit="s").astype("timedelta64[s]"),
            "seen": pd.date_range("2024-01-01", periods=rows, freq="h", tz="Europe/Rome").where(
                rng.random(rows) < 0.5
            ),
            "size": pd.Categorical(rng.choice(["S", "M"], rows), ["S", "M", "L"], ordered=True),
            "x": pd.Series(rng.normal(size=rows)).mask(rng.random(rows) < 0.3),
        }
    )


@pytest.mark.parametrize("rows", [(300, 300, 300), (300, 20, 0), (20, 300, 20), (1, 1, 1), (300, 0, 300)])
def test_any_table_has_a_scorecard(rows):
    real, synthetic, holdout = map(odd_table, rows)
    card = evaluate(real, synthetic, holdout, "x" if rows[0] > 1 else None)
    assert "key" not in card.columns["column"].tolist()
    few = min(rows[:2]) < 50
    assert np.isnan(card.value("c2st")) == few
    assert rows[0] == 1 or np.isnan(card.value("tstr")) == (few or 0 < rows[2] < 50)
    assert card.verdict.light in ("green", "amber", "red")
    assert Scorecard.from_json(card.to_json()).to_json() == card.to_json()


def test_durations_and_moments_in_other_ticks_are_the_same():
    real = odd_table(200)[["took", "seen", "x"]]
    other = real.astype({"took": "timedelta64[ns]", "seen": "datetime64[ns, Europe/Rome]"})
    assert evaluate(real, other).columns["distance"].tolist() == [0, 0, 0]


TARGETS = {
    "two classes": ("left", "ROC AUC", 0.85),
    "four classes": ("grade", "ROC AUC", 0.75),
    "a number": ("x", "R2", 0.8),
    "a moment": ("day", "R2", 0.5),
}


@pytest.mark.parametrize(("target", "metric", "least"), TARGETS.values(), ids=TARGETS)
def test_any_kind_of_target_can_be_predicted(target, metric, least):
    some = HOLDOUT.head(300)
    made = some.assign(**{target: some[target].mask(np.arange(300) % 7 == 0)})
    utility = evaluate(REAL.head(300), made, draw(300, 4), target).utility
    assert utility["metric"].unique().tolist() == [metric]
    assert utility[["learner", "trained_on"]].drop_duplicates().shape == (4, 2)
    trees = utility.query("learner == 'boosted trees'")["score"]
    assert trees.min() > least
    assert ((utility["low"] < utility["score"]) & (utility["score"] < utility["high"])).all()


WRONG_TARGETS = {
    "nowhere": "There is no column 'nowhere' to predict",
    "constnt": "no column 'constnt' to predict. Did you mean 'constant'? The columns: ",
    "key": "Target 'key' is of kind 'identifier', which is replaced and never learned",
    "constant": "Target 'constant' does not vary in the real table",
    "nearly absent": "Target 'nearly absent' does not vary",
    "absent": "Target 'absent' does not vary",
}


@pytest.mark.parametrize(("target", "message"), WRONG_TARGETS.items(), ids=WRONG_TARGETS)
def test_a_target_that_cannot_be_predicted_is_refused(target, message):
    with pytest.raises(TableError, match=re.escape(message)):
        evaluate(odd_table(60), odd_table(60), target=target)


def test_a_target_alone_is_refused():
    with pytest.raises(TableError, match="There is no column to predict target 'x' from"):
        evaluate(REAL[["x"]], REAL[["x"]], target="x")


def test_held_out_rows_need_the_same_columns():
    with pytest.raises(TableError, match="the held-out table differ: only the real one has a column 'left'"):
        compare(REAL, REAL, HOLDOUT.drop(columns="left"))
    with pytest.raises(TableError, match="the held-out table differ: only the held-out one has a column 'q'"):
        compare(REAL, REAL, HOLDOUT.assign(q=1))


def test_two_columns_of_one_name_are_refused():
    twice = pd.concat([REAL, REAL[["x"]]], axis=1)
    with pytest.raises(TableError, match="Two columns are named 'x'"):
        evaluate(REAL, REAL, twice)


def test_tables_without_rows_are_refused():
    with pytest.raises(TableError, match="The table has no rows"):
        evaluate(REAL.head(0), REAL.head(0))
