"""A private fit spends what was asked, refuses what would leak, and keeps nothing that one row shows."""

import io
import sys
import zipfile

import dp_accounting
import h5py
import numpy as np
import pandas as pd
import pytest
from dp_accounting import pld, rdp

from tabgen import DifferentialPrivacy, SchemaError, TabularGAN
from tabgen.encoding.layout import MISSING
from tabgen.privacy import SHARES, plan_spending, spent_epsilon
from tabgen.relations import (
    Combination,
    Determined,
    Increments,
    OneHot,
    Ordered,
    Predicate,
    Proportional,
    Total,
)

ROWS = 1_999
BUDGET = DifferentialPrivacy(20.0)
CANARIES = [f"canary-{number:03d}" for number in range(30)]
EXTREMES = {"wage": [987_654.25, -123_456.75], "hours": [7_919_191]}


@pytest.fixture(scope="module")
def table():
    """Return a table in which some rows hold levels and extremes that no other row has."""
    rng = np.random.default_rng(0)
    town = rng.choice(["Rome", "Paris", "Oslo"], ROWS).astype(object)
    town[: len(CANARIES)] = CANARIES
    wage = rng.lognormal(3, 0.5, ROWS).round(2)
    wage[-2:] = EXTREMES["wage"]
    hours = np.where(rng.random(ROWS) < 0.5, 40, rng.integers(1, 80, ROWS))
    hours[-3] = EXTREMES["hours"][0]
    return pd.DataFrame(
        {
            "key": [f"secret-{number}" for number in range(ROWS)],
            "town": town,
            "wage": wage,
            "hours": hours,
            "member": rng.random(ROWS) < 0.3,
            "since": pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 3_000, ROWS), unit="D"),
            "score": pd.Series(rng.integers(1, 6, ROWS)).astype("Int64").mask(rng.random(ROWS) < 0.2),
        }
    )


@pytest.fixture(scope="module")
def private(table):
    return TabularGAN(privacy=BUDGET, epochs=1, random_state=7).fit(table)


@pytest.fixture(scope="module")
def path(private, tmp_path_factory):
    path = tmp_path_factory.mktemp("private") / "model.tabgen"
    private.save(path)
    return path


def leaves(data):
    """Yield the files of a model file, zips inside it opened."""
    if data[:2] != b"PK":
        yield data
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.namelist():
            yield from leaves(archive.read(member))


def numbers(data):
    """Return all numbers of arrays in a model file."""
    found = []
    for leaf in leaves(data):
        if leaf[:6] == b"\x93NUMPY":
            found.append(np.load(io.BytesIO(leaf)).ravel().astype(float))
        if leaf[:4] == b"\x89HDF":
            with h5py.File(io.BytesIO(leaf)) as file:
                file.visititems(
                    lambda _, item: (
                        found.append(item[()].ravel().astype(float))
                        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiu"
                        else None
                    )
                )
    return np.concatenate(found)


@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_an_independent_account_agrees(epsilon):
    budget = DifferentialPrivacy(epsilon, 1e-6)
    spending = plan_spending(budget, list(SHARES), steps=200, rate=0.05)
    assert 0.99 * epsilon <= spending.epsilon <= epsilon
    step = dp_accounting.PoissonSampledDpEvent(0.05, dp_accounting.GaussianDpEvent(spending.noise["steps"]))
    builder = dp_accounting.DpEventBuilder()
    builder.compose(step, 200)
    for name in set(SHARES) - {"steps"}:
        builder.compose(dp_accounting.GaussianDpEvent(spending.noise[name]))
    left = 1e-6 - spending.threshold_delta
    relation = dp_accounting.NeighboringRelation.ADD_OR_REMOVE_ONE
    exact = pld.PLDAccountant(relation).compose(builder.build()).get_epsilon(left)
    loose = rdp.RdpAccountant(neighboring_relation=relation).compose(builder.build()).get_epsilon(left)
    assert exact == pytest.approx(spending.epsilon, rel=0.01)
    assert exact <= 1.001 * epsilon
    assert loose >= exact


def test_the_budget_is_split_as_stated():
    names = ["values", "first pairs"]
    noise = plan_spending(DifferentialPrivacy(2.0), names, steps=1, rate=1.0).noise
    assert (noise["values"] / noise["first pairs"]) ** 2 == pytest.approx(
        SHARES["first pairs"] / SHARES["values"]
    )


def test_more_noise_spends_less():
    assert spent_epsilon({"values": 4.0}, 0, 0.0, 1e-5) < spent_epsilon({"values": 2.0}, 0, 0.0, 1e-5)


def test_what_was_spent_is_told_and_stored(private, path):
    loaded = TabularGAN.load(path)
    assert 0.99 * BUDGET.epsilon <= private.spending_.epsilon <= BUDGET.epsilon
    assert loaded.spending_ == private.spending_
    assert loaded.privacy == BUDGET
    assert f"epsilon {private.spending_.epsilon:.4g} at delta 1e-05 spent" in loaded.summary()
    pd.testing.assert_frame_equal(loaded.sample(20, seed=1), private.sample(20, seed=1))


def test_bounds_survive_in_the_file(table, tmp_path):
    budget = DifferentialPrivacy(20.0, bounds={"wage": (0, 100)})
    TabularGAN(privacy=budget, epochs=1).fit(table[["wage", "member"]]).save(tmp_path / "m.tabgen")
    loaded = TabularGAN.load(tmp_path / "m.tabgen")
    assert loaded.privacy == budget
    assert "magnitudes" not in loaded.spending_.noise
    assert loaded.sample(200, seed=0)["wage"].between(0, 100).all()


def test_the_seed_is_not_in_the_file(private, path):
    assert private.get_params()["random_state"] == 7
    assert TabularGAN.load(path).random_state is None


def test_canaries_are_not_in_the_file(path):
    everything = b"\n".join(leaves(path.read_bytes()))
    assert b"Paris" in everything  # the search finds what is there
    for canary in [*CANARIES, "secret-"]:
        assert canary.encode() not in everything


def test_extremes_are_not_in_the_file(path):
    everything, held = b"\n".join(leaves(path.read_bytes())), numbers(path.read_bytes())
    assert (held == 40).any()  # a frequent value is there
    for value in [*EXTREMES["wage"], *EXTREMES["hours"]]:
        assert not np.isclose(held, value, rtol=1e-6, atol=0).any()
        assert str(value).encode() not in everything


def test_samples_hold_no_canary_and_no_key(private, table):
    drawn = private.sample(ROWS, seed=0)
    assert set(drawn["town"]) == {"Rome", "Paris", "Oslo"}
    assert not set(drawn["key"]) & set(table["key"])
    assert drawn["wage"].between(1, 200).all()
    assert drawn.dtypes.equals(table.dtypes)


def test_samples_are_like_the_table(private, table):
    drawn = private.sample(ROWS, seed=0)
    assert drawn["wage"].median() == pytest.approx(table["wage"].median(), rel=0.1)
    assert (drawn["hours"] == 40).mean() == pytest.approx((table["hours"] == 40).mean(), abs=0.1)
    assert drawn["score"].isna().mean() == pytest.approx(0.2, abs=0.05)
    assert drawn["member"].mean() == pytest.approx(table["member"].mean(), abs=0.05)
    assert drawn["since"].dt.year.between(2014, 2024).all()
    assert drawn["since"].dt.normalize().equals(drawn["since"])


def test_neither_losses_nor_times_are_kept(private):
    assert set(private.history_) == {"stage", "epoch", "learning_rate", "ended"}
    assert len(private.plot_training().axes) == 1


def test_shares_of_missing_values_are_noisy(private, table):
    told = {column.name: column.missing for column in private.schema_.columns}
    assert told["score"] != table["score"].isna().mean()
    assert told["score"] == pytest.approx(0.2, abs=0.05)
    assert told["hours"] == 0
    assert [token.column for token in private.encoder_.layout.tokens if token.part == MISSING] == ["score"]


def test_the_same_seed_gives_the_same_model(table, private):
    again = TabularGAN(privacy=BUDGET, epochs=1, random_state=7).fit(table)
    pd.testing.assert_frame_equal(again.sample(50, seed=0), private.sample(50, seed=0))


def test_without_a_seed_noise_differs(table):
    few = table[["hours", "member"]]
    one, other = (TabularGAN(privacy=BUDGET, epochs=1).fit(few) for _ in range(2))
    weights = [np.concatenate([w.ravel() for w in gan.model_.get_weights()]) for gan in (one, other)]
    assert weights[0].shape != weights[1].shape or not np.allclose(*weights)


def test_conditions_hold(private):
    assert (private.sample(40, where="hours > 50 and town == 'Oslo'", seed=0)["hours"] > 50).all()


def test_rows_that_were_learned_from_can_be_asked_about(private, table):
    likely = private.log_prob(table)
    assert np.isfinite(likely).all()
    shares = private.predict_proba(table.drop(columns="town"), "town")
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert private.complete(table.assign(member=None), seed=0)["member"].notna().all()


def test_there_is_no_latent(private, table):
    with pytest.raises(ValueError, match=r"This model has no latent\. Fit with latent_dim=16 and without"):
        private.reconstruct(table[:2])


def test_relations_are_not_looked_for(table):
    doubled = table[["hours"]].assign(twice=2 * table["hours"])
    assert TabularGAN(privacy=BUDGET, epochs=1).fit(doubled).relations_ == ()


def test_given_relations_hold_and_tell_no_counts(table):
    frame = table[["wage"]].assign(bonus=table["hours"] / 4, member=table["member"])
    frame = frame.assign(pay=(frame["wage"] + frame["bonus"]).round(2), cents=100 * frame["bonus"])
    rules = [Total(("wage", "bonus"), "pay"), Proportional("bonus", "cents", 100.0)]
    rules.append(Predicate(lambda rows: rows["bonus"] >= 0, "no negative bonus"))
    gan = TabularGAN(privacy=BUDGET, epochs=1, relations=rules).fit(frame)
    drawn = gan.sample(100, seed=0)
    np.testing.assert_allclose(drawn["wage"] + drawn["bonus"], drawn["pay"], atol=0.011)
    np.testing.assert_allclose(100 * drawn["bonus"], drawn["cents"])
    assert {rule.support for rule in gan.relations_} == {0}


def test_one_hot_columns_stay_so(table):
    hot = pd.get_dummies(table["hours"] % 3, dtype=int).rename(columns=str)
    gan = TabularGAN(privacy=BUDGET, epochs=1, relations=[OneHot(("0", "1", "2"))]).fit(hot)
    assert (gan.sample(50, seed=0).sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    "rule",
    [
        Ordered("hours", "wage"),
        Determined("hours", "wage"),
        Combination(("hours", "member")),
        Increments("hours"),
        Proportional("hours", "wage"),
    ],
)
def test_relations_that_read_values_are_refused(table, rule):
    with pytest.raises(SchemaError, match="cannot go with privacy: it would read values from the rows"):
        TabularGAN(privacy=BUDGET, relations=[rule]).fit(table)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"model": "gan"}, 'model="gan" cannot go with privacy: its critic looks at the rows'),
        ({"max_minutes": 1}, "max_minutes cannot go with privacy: how long a step takes"),
        ({"privacy": DifferentialPrivacy(1.0, 0.001)}, "delta=0.001 would let a model of 1,999 rows give"),
        ({"privacy": DifferentialPrivacy(1.0, bounds={"town": (0, 1)})}, "bounds are of 'town', which is no"),
        ({"privacy": 3.0}, "privacy must be None or a DifferentialPrivacy, but is 3.0"),
    ],
)
def test_settings_that_would_leak_are_refused(table, parameters, message):
    with pytest.raises(ValueError, match=message):
        TabularGAN(**{"privacy": BUDGET, **parameters}).fit(table)


def test_callbacks_are_refused(table):
    with pytest.raises(ValueError, match="callbacks cannot go with privacy: what they see and decide"):
        TabularGAN(privacy=BUDGET).fit(table, callbacks=[object()])


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"epsilon": 0}, "epsilon must be from 0.01 to 100, but is 0"),
        ({"epsilon": True}, "epsilon must be from 0.01 to 100, but is True"),
        ({"epsilon": 1.0, "delta": 1}, "delta must be between 0 and 1, but is 1"),
        ({"epsilon": 1.0, "bounds": {"a": (2, 1)}}, "bounds of column 'a' must be two numbers, the lower"),
        ({"epsilon": 1.0, "bounds": {"a": 2}}, "bounds of column 'a' must be two numbers, the lower"),
    ],
)
def test_a_budget_that_means_nothing_is_refused(facts, message):
    with pytest.raises(ValueError, match=message):
        DifferentialPrivacy(**facts)


def test_without_dp_accounting_one_sentence_says_what_to_do(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "dp_accounting", None)
    with pytest.raises(
        ImportError, match=r'needs the package dp-accounting. Install it with pip install "tabgen'
    ):
        TabularGAN(privacy=BUDGET).fit(table)


def test_a_column_of_rare_texts_is_emptied(table):
    rare = table[["member"]].assign(note=[f"n{number // 4}" for number in range(ROWS)])
    gan = TabularGAN(privacy=BUDGET, epochs=1).fit(rare)
    assert gan.sample(20, seed=0)["note"].isna().all()
    assert dict(zip(gan.schema_.names, gan.schema_.columns, strict=True))["note"].levels == ()


def test_a_rare_constant_whole_number_is_refused():
    frame = pd.DataFrame({"a": [77_777] * 9, "b": [True, False, True] * 3})
    with pytest.raises(SchemaError, match="No value of column 'a' is frequent enough to be shown"):
        TabularGAN(privacy=DifferentialPrivacy(0.5), epochs=1).fit(frame)


def test_a_null_spelling_of_one_row_is_not_told():
    prices = [f"{number % 50}.5" for number in range(ROWS)]
    prices[3] = "top-secret"
    frame = pd.DataFrame({"price": prices, "sold": ["yes", "no", "no"] * 666 + ["no"]})
    gan = TabularGAN(privacy=BUDGET, epochs=1).fit(frame)
    assert "top-secret" not in gan.schema_.to_json()
    assert set(gan.sample(300, seed=0)["price"].str.fullmatch(r"-?\d+\.\d")) == {True}


def test_all_rows_may_be_in_each_step(table):
    gan = TabularGAN(privacy=BUDGET, epochs=2, batch_size=10**6).fit(table[["hours", "member"]])
    assert (gan.spending_.steps, gan.spending_.rate) == (2, 1.0)
