"""Scores are the distances that they claim to be; pictures and report stand any table."""

import base64
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tabgen import TableError
from tabgen.evaluation import compare, evaluate
from tabgen.plots import plot_columns, plot_training
from tabgen.report import write_report

HOSTILE = "<script>alert('x')</script>"


def _levels(**shares):
    return pd.Series([level for level, n in shares.items() for _ in range(n)])


NUMBERS = pd.Series(np.arange(100.0))
DISTANCES = {
    "equal": (NUMBERS, NUMBERS, 0.0),
    "shuffled": (NUMBERS, NUMBERS.sample(frac=1, random_state=0), 0.0),
    "shifted by half": (NUMBERS, NUMBERS + 50, 0.5),
    "apart": (NUMBERS, NUMBERS + 1_000, 1.0),
    "other shares": (_levels(a=50, b=50), _levels(a=80, b=20), 0.3),
    "new level": (_levels(a=50, b=50), _levels(a=50, b=25, c=25), 0.25),
    "missing": (NUMBERS, NUMBERS.mask(NUMBERS % 4 == 0), 0.25),
    "missing levels": (_levels(a=50, b=50), _levels(a=50, b=50).mask(np.arange(100) % 2 == 0), 0.5),
    "days later": (
        pd.Series(pd.date_range("2024-01-01", periods=100)),
        pd.Series(pd.date_range("2024-01-21", periods=100)),
        0.2,
    ),
}


@pytest.fixture(scope="module")
def mixed(people):
    """Return the shared table, one of its names hostile, beside a reordered and disturbed copy."""
    real = people.rename(columns={"city": HOSTILE})
    other = real.sample(frac=1, random_state=0).assign(age=real["age"] + 5).reset_index(drop=True)
    return real, other.assign(key=[f"CD-{n:06d}" for n in range(len(real))])


@pytest.fixture(scope="module")
def html(mixed, fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(*mixed, path, history=fitted.history_)
    return path.read_text()


@pytest.mark.parametrize(("real", "synthetic", "distance"), DISTANCES.values(), ids=DISTANCES)
def test_a_known_distance_is_found(real, synthetic, distance):
    columns = evaluate(real.to_frame("x"), synthetic.to_frame("x")).columns
    assert columns["distance"].tolist() == [pytest.approx(distance, abs=1e-9)]


def test_missing_shares_are_told():
    columns = evaluate(NUMBERS.to_frame("x"), NUMBERS.mask(NUMBERS % 4 == 0).to_frame("x")).columns
    assert columns[["missing_real", "missing_synthetic"]].to_numpy().tolist() == [[0.0, 0.25]]


def test_a_lost_relation_shows_in_the_pair_only():
    real = pd.DataFrame({"x": ["a", "b"] * 50, "y": ["p", "q"] * 50})
    card = evaluate(real, real.assign(y=["p", "p", "q", "q"] * 25))
    assert card.shape == 0
    assert card.trend == pytest.approx(0.5)
    assert card.pairs[["first", "second"]].to_numpy().tolist() == [["x", "y"]]


def test_the_floor_is_what_chance_allows():
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame({"x": rng.normal(size=2_000), "y": rng.integers(0, 5, 2_000)}) for _ in range(2)]
    card = evaluate(*tables)
    assert 0 < card.columns["floor"].max() < 0.1
    assert card.pairs["distance"].item() < 2 * card.pairs["floor"].item()


@pytest.mark.parametrize("rows", [(100, 0), (1, 100), (100, 1)], ids=["none", "one real", "one synthetic"])
def test_any_number_of_rows_can_be_compared(rows):
    table = pd.DataFrame({"x": NUMBERS, "y": _levels(a=50, b=50)})
    card = evaluate(table.head(rows[0]), table.tail(rows[1]))
    assert card.columns["column"].tolist() == ["x", "y"]
    assert len(card.pairs) == 1


def test_the_order_of_columns_does_not_matter(people):
    assert evaluate(people, people[people.columns[::-1]]).shape == 0


@pytest.mark.parametrize(("names", "where"), [(["x", "z"], "real"), (["x", "y", "z", "q"], "synthetic")])
def test_other_columns_are_refused(names, where):
    table = pd.DataFrame(dict.fromkeys("xyz", NUMBERS))
    other = pd.DataFrame(dict.fromkeys(names, NUMBERS))
    with pytest.raises(TableError, match=f"Only the {where} table has a column '[yq]'"):
        evaluate(table, other)


def test_the_report_needs_nothing_but_itself(html):
    assert re.findall(r"https?://", html) == []
    assert re.findall(r"<(link|script|iframe|object|embed)", html) == []
    sources = re.findall(r'(?:src|href)="(.{22})([^"]*)"', html)
    assert [start for start, _ in sources] == ["data:image/png;base64,"] * 2
    assert all(base64.b64decode(data).startswith(b"\x89PNG") for _, data in sources)


def test_hostile_column_names_are_escaped(html):
    assert HOSTILE not in html
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in html


def test_the_report_holds_no_value_of_the_table(html, people):
    text = re.sub(r"base64,[^\"]*", "", html)
    values = people[["key", "height", "joined"]].astype(str)
    assert "height" in text
    assert [value for value in values.to_numpy().ravel() if value in text] == []


def test_the_report_names_what_was_replaced(html):
    assert re.search(r"Replaced, never learned</h2>\s*<p>key</p>", html)


def test_an_existing_report_is_kept_without_force(mixed, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("precious")
    small = mixed[0][["age", "member"]]
    with pytest.raises(TableError, match="already exists"):
        write_report(small, small, path)
    assert path.read_text() == "precious"
    write_report(small, small, path, force=True)
    assert path.read_text().startswith("<!doctype html>")


FEW = pd.Series(["a", "b"] * 50)
LONG = [f"one of the levels with a very long name, number {n}" for n in range(4)]
PICTURED = {
    "one column": pd.DataFrame({"x": NUMBERS}),
    "only keys": pd.DataFrame({"id": range(100)}),
    "only constants": pd.DataFrame({"x": [1] * 100}),
    "all missing": pd.DataFrame({"x": NUMBERS, "y": [np.nan] * 100}),
    "all missing levels": pd.DataFrame(
        {
            "x": FEW,
            "y": pd.Categorical([None] * 100, ["a", "b"]),
            "z": pd.Categorical([None] * 100, ["a"], True),
        }
    ),
    "constant but missing": pd.DataFrame({"x": FEW, "y": pd.Series([5.0]).reindex(range(100))}),
    "many levels": pd.DataFrame({"x": FEW, "y": [f"level {n % 40}" for n in range(100)]}),
    "long labels": pd.DataFrame({"x": FEW, "y": pd.Categorical(LONG * 25, LONG, ordered=True)}),
    "dollars": pd.DataFrame({"x": FEW, "cost_$_in_$": NUMBERS, "y": pd.Series(["$_$", "$5"] * 50)}),
    "foreign letters": pd.DataFrame({"x": FEW, "客户": NUMBERS, "y": pd.Series(["上海", "北京"] * 50)}),
    "moments": pd.DataFrame(
        {
            "decades": pd.date_range("1950", "2024", 100),
            "years": pd.date_range("2020", "2024", 100),
            "months": pd.date_range("2024-01", "2024-09", 100),
            "days": pd.date_range("2024-02-28", periods=100, tz="Europe/Rome"),
            "seconds": pd.date_range("2024-02-28", periods=100, freq="s"),
            "two": pd.to_datetime(["2024-01-01", "2024-01-02"] * 50),
        }
    ),
    "far values": pd.DataFrame({"x": np.r_[NUMBERS[:99], 1e12], "y": np.exp(NUMBERS), "z": -np.exp(NUMBERS)}),
}


@pytest.mark.parametrize("table", PICTURED.values(), ids=PICTURED)
def test_any_table_has_a_report(table, tmp_path):
    write_report(table, table, tmp_path / "report.html")
    assert "data:image/png" in (tmp_path / "report.html").read_text()


def test_each_level_has_a_bar_of_its_own():
    table = PICTURED["long labels"]
    axis = plot_columns(compare(table, table)).axes[1]
    assert [len(bars) for bars in axis.containers] == [4, 4]
    assert len(axis.get_yticklabels()) == 4


def test_of_many_levels_the_most_frequent_are_shown():
    real = pd.DataFrame({"x": FEW, "y": ["common"] * 60 + [f"level {n % 20}" for n in range(40)]})
    axis = plot_columns(compare(real, real)).axes[1]
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert len(labels) == 12
    assert labels[0] == "common"


def test_each_modelled_column_has_a_panel_with_its_name(people):
    figure = plot_columns(compare(people, people))
    assert isinstance(figure, Figure)
    titles = [axis.get_title() for axis in figure.axes]
    assert [title for title in titles if title] == list(people.columns.drop("key"))


def test_chosen_columns_only(people):
    axes = plot_columns(compare(people, people), ["age", "city"]).axes
    assert [axis.get_title() for axis in axes] == ["age", "city"]
    assert [axis.get_legend() is None for axis in axes] == [False, True]


@pytest.mark.parametrize("columns", [[], ["epoch", "loss", "val_loss"]], ids=["empty", "losses only"])
def test_plot_training_draws_what_there_is(columns):
    history = pd.DataFrame(np.ones((3, len(columns))), columns=columns)
    figure = plot_training(history.assign(stage="vae"))
    assert isinstance(figure, Figure)
    assert [axis.get_title() for axis in figure.axes] == (["loss (nats a row)"] if columns else [""])
