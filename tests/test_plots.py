"""Pictures show what the tables hold, stand any table, and hide what few rows share."""

from itertools import pairwise

import matplotlib._pylab_helpers
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tables import FEW, HARD, NUMBERS, wide

from tabgen import plots
from tabgen.evaluation import Scorecard, TwoSample, compare, evaluate
from tabgen.evaluation.fidelity import fidelity_scores
from tabgen.plots import (
    plot_calendar,
    plot_calendars,
    plot_column,
    plot_columns,
    plot_distances,
    plot_heatmap,
    plot_heatmaps,
    plot_missing,
    plot_missing_patterns,
    plot_pair,
    plot_pairs,
    plot_projection,
    plot_qq,
    plot_roc,
    plot_telling,
    plot_training,
    plot_utility,
)


def _labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def _bars(ax):
    """Return the lengths of the bars, real and synthetic."""
    return [[bar.get_width() for bar in bars] for bars in ax.containers]


@pytest.fixture(scope="module")
def tables(people):
    return compare(people, people.assign(age=people["age"] + 5, city=people["city"][::-1].to_numpy()))


@pytest.fixture(scope="module")
def card(people):
    halves = people.iloc[::2], people.iloc[1::2]
    return evaluate(halves[0], halves[0].assign(spend=halves[0]["spend"] * 3), halves[1], target="member")


def _draw_all(tables, card):
    """Return every plot of one picture as a function of axes."""
    return {
        "plot_calendar": lambda ax: plot_calendar(tables, "joined", "month", ax=ax),
        "plot_column": lambda ax: plot_column(tables, "age", ax=ax),
        "plot_distances": lambda ax: plot_distances(card, ax=ax),
        "plot_heatmap": lambda ax: plot_heatmap(card, ax=ax),
        "plot_missing": lambda ax: plot_missing(tables, ax=ax),
        "plot_missing_patterns": lambda ax: plot_missing_patterns(tables, ax=ax),
        "plot_pair": lambda ax: plot_pair(tables, "age", "city", ax=ax),
        "plot_projection": lambda ax: plot_projection(tables, ax=ax),
        "plot_qq": lambda ax: plot_qq(tables, "age", ax=ax),
        "plot_roc": lambda ax: plot_roc(card, ax=ax),
        "plot_telling": lambda ax: plot_telling(card, ax=ax),
        "plot_utility": lambda ax: plot_utility(card, ax=ax),
    }


def test_a_plot_of_one_thing_draws_into_given_axes_or_new_ones(tables, card):
    for name, draw in _draw_all(tables, card).items():
        ax = Figure().subplots()
        assert draw(ax) is ax, name
        new = draw(None)
        assert isinstance(new, Axes), name
        assert new.has_data(), name


def test_a_plot_of_many_things_returns_its_figure(tables, card):
    figures = {
        "plot_calendars": plot_calendars(tables, "joined"),
        "plot_columns": plot_columns(tables),
        "plot_heatmaps": plot_heatmaps(card, "correlation"),
        "plot_pairs": plot_pairs(tables, [("age", "city"), ("visits", "joined")]),
        "plot_training": plot_training(pd.DataFrame({"stage": "vae", "epoch": [1], "learning_rate": [0.1]})),
    }
    assert all(isinstance(figure, Figure) for figure in figures.values())
    assert set(figures) | set(_draw_all(tables, card)) == set(plots.__all__)


def test_no_window_manager_knows_of_a_figure(tables):
    plot_columns(tables)
    assert matplotlib._pylab_helpers.Gcf.figs == {}


@pytest.mark.parametrize("table", HARD.values(), ids=HARD)
@pytest.mark.filterwarnings("ignore:Glyph .* missing from font:UserWarning")
def test_any_table_can_be_drawn(table):
    both = compare(table, table.sample(frac=1, random_state=0))
    names = list(both.real.columns)
    figures = [
        plot_columns(both),
        plot_pairs(both, [(first, second) for first in names for second in names][:4]),
        plot_missing(both).figure,
        plot_missing_patterns(both).figure,
        plot_projection(both).figure,
        *(plot_column(both, name, kde=True).figure for name in names),
    ]
    for figure in figures:
        figure.draw_without_rendering()


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font:UserWarning")
def test_sixty_columns_are_readable():
    table = wide(150, 0)
    both = compare(table, table)
    columns, pairs, _ = fidelity_scores(both.real, both.synthetic, (both.real, both.real), 0)
    none = TwoSample(np.empty(0), np.empty(0), np.nan)
    ax = plot_heatmap(Scorecard(pd.DataFrame(), columns, pairs, none, None, None, {}))
    ax.figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert len(boxes) == 60
    assert all(low.y1 <= high.y0 + 1 for high, low in pairwise(boxes))
    assert len(set(_labels(ax.yaxis))) == 60
    figure = plot_columns(both)
    assert len({ax.get_title() for ax in figure.axes}) == 60


def test_each_level_has_a_bar_of_its_own():
    table = HARD["long labels"]
    ax = plot_columns(compare(table, table)).axes[1]
    assert [len(bars) for bars in ax.containers] == [4, 4]
    assert len(set(_labels(ax.yaxis))) == 4


def test_bars_are_shares_of_rows():
    real = pd.DataFrame({"x": ["a"] * 75 + ["b"] * 25})
    ax = plot_column(compare(real, real.assign(x=["a", "b"] * 50)), "x")
    assert _labels(ax.yaxis) == ["a", "b"]
    assert _bars(ax) == [[0.75, 0.25], [0.5, 0.5]]


def test_of_many_levels_the_most_frequent_are_shown():
    levels = [f"level {n}" for n in range(50) for _ in range(50 - n + 5)]
    table = compare(*[pd.DataFrame({"x": levels})] * 2)
    few, all_ = plot_column(table, "x"), plot_column(table, "x", levels=50)
    assert _labels(few.yaxis)[:2] == ["level 0", "level 1"]
    assert len(_labels(few.yaxis)) == 12  # the rest would dwarf them, and is told in words
    assert few.get_xlabel().startswith("38 other levels: 61 %")
    assert _labels(all_.yaxis) == [f"level {n}" for n in range(50)]
    assert all_.figure.get_figheight() > 3 * few.figure.get_figheight()


def test_rare_levels_are_not_named():
    real = pd.DataFrame({"x": ["a"] * 60 + ["b"] * 31 + ["five"] * 5 + ["four"] * 4})
    ax = plot_column(compare(real, real), "x")
    assert _labels(ax.yaxis) == ["a", "b", "five", "rare values"]
    synthetic = real.assign(x=["four"] * 50 + ["a"] * 50)
    assert _labels(plot_pair(compare(real, synthetic), "x", "x").xaxis) == ["a", "b", "five", "rare values"]


@pytest.mark.parametrize("spread", [1.0, 1000.0])
def test_a_scale_ends_where_five_rows_lie_beyond(spread):
    real = pd.DataFrame({"x": np.r_[np.linspace(0, 100, 201), 100 + spread * np.arange(1, 5)]})
    tables = compare(real, real)
    ax = plot_column(tables, "x")
    low, high = ax.patches[0].get_path().get_extents().get_points()[:, 0]
    assert low >= 2
    assert high <= 100
    qq = plot_qq(tables, "x").collections[0].get_offsets()
    assert qq.max() <= 100
    ticks = [float(label) for label in _labels(plot_pair(tables, "x", "x").xaxis)]
    assert max(ticks) <= 100


def test_cells_of_few_real_rows_are_drawn_empty():
    real = pd.DataFrame({"x": ["a"] * 50 + ["b"] * 50, "y": ["p"] * 54 + ["q"] * 46})
    tables = compare(real, real)
    shares = {
        view: plot_pair(tables, "x", "y", view).collections[0].get_array().ravel()
        for view in ("real", "synthetic", "difference")
    }
    assert shares["real"].tolist() == [0.5, 0, 0, 0.46]
    assert shares["synthetic"].tolist() == [0.5, 0, 0.04, 0.46]
    assert shares["difference"].tolist() == [0, 0, 0.04, 0]


def test_numbers_that_span_far_have_a_logarithmic_scale():
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"x": np.exp(3 * rng.normal(size=900)), "y": rng.normal(size=900)})
    tables = compare(real, real)
    assert [plot_column(tables, name).get_xscale() for name in "xy"] == ["log", "linear"]
    assert plot_qq(tables, "x").get_yscale() == "log"


def test_a_histogram_holds_all_rows():
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"x": rng.standard_cauchy(2_000)})
    ax = plot_column(compare(real, real), "x")
    synthetic = ax.patches[1].get_data()
    assert synthetic.values.sum() == pytest.approx(1)
    middle = np.abs(synthetic.edges) < 40
    assert middle.all()  # a few far values do not squeeze the rest
    assert len(synthetic.edges) == 41


def test_density_curves_lie_on_the_histogram():
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"x": rng.normal(size=5_000)})
    ax = plot_column(compare(real, real), "x", kde=True)
    bars = ax.patches[0].get_data()
    middles = (bars.edges[1:] + bars.edges[:-1]) / 2
    curve = np.interp(middles, *ax.lines[1].get_data())
    assert np.abs(curve - bars.values).max() < 0.012
    spiky = pd.DataFrame({"x": np.where(rng.random(900) < 0.5, 0, rng.normal(size=900))})
    assert len(plot_column(compare(spiky, spiky), "x", kde=True).lines) == 0  # a curve would hide the spike


def test_missing_shares_are_told_beside_a_histogram():
    tables = compare(pd.DataFrame({"x": NUMBERS}), pd.DataFrame({"x": NUMBERS.mask(NUMBERS < 25)}))
    assert plot_column(tables, "x").get_xlabel() == "missing: 0 %, 25 % synthetic"


def test_durations_have_a_unit():
    tables = compare(*[pd.DataFrame({"x": pd.to_timedelta(np.arange(100) % 90, unit="h")})] * 2)
    ax = plot_column(tables, "x")
    assert ax.get_xlabel() == "days"
    assert ax.patches[0].get_data().edges[-1] < 4


def test_a_calendar_counts_its_parts():
    days = pd.DataFrame({"x": pd.date_range("2024-01-01", periods=70)})
    sundays = pd.DataFrame({"x": pd.date_range("2024-01-07", periods=70, freq="W")})
    ax = plot_calendar(compare(days, sundays), "x", "weekday")
    assert _labels(ax.xaxis) == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    heights = [[bar.get_height() for bar in bars] for bars in ax.containers]
    assert heights == [pytest.approx([1 / 7] * 7), [0, 0, 0, 0, 0, 0, 1]]


def test_quantiles_of_a_shift_lie_beside_the_diagonal():
    real = pd.DataFrame({"x": np.linspace(0, 1, 500)})
    points = plot_qq(compare(real, real + 0.25), "x").collections[0].get_offsets()
    assert (points[:, 1] - points[:, 0]).tolist() == pytest.approx([0.25] * len(points))


def test_a_pair_that_comes_apart_shows_in_the_difference():
    real = pd.DataFrame({"x": ["a", "b"] * 50, "y": ["p", "q"] * 50})
    tables = compare(real, real.assign(y=["p", "p", "q", "q"] * 25))
    shown = plot_pair(tables, "x", "y").collections[0].get_array()
    assert shown.tolist() == [[-0.25, 0.25], [0.25, -0.25]]
    assert np.abs(shown).sum() / 2 == evaluate(real, real.assign(y=["p", "p", "q", "q"] * 25)).trend


def test_missing_values_have_cells_in_a_pair():
    real = pd.DataFrame({"x": NUMBERS.mask(NUMBERS >= 60), "y": np.where(NUMBERS >= 60, "gone", "there")})
    ax = plot_pair(compare(real, real), "y", "x", "real")
    assert _labels(ax.xaxis)[-1] == "missing"
    assert ax.collections[0].get_array()[:, -1].tolist() == [0, 0.4]


def test_heat_maps_put_associated_columns_side_by_side():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 400))
    table = pd.DataFrame({"a1": a, "b1": b, "a2": a + 0.1 * b, "b2": b + 0.1 * a})
    card = evaluate(table, table.assign(b2=rng.permutation(table["b2"])))
    ax = plot_heatmap(card, "real")
    order = _labels(ax.xaxis)
    assert {name[0] for name in order[:2]} in ({"a"}, {"b"})
    shown = ax.collections[0].get_array()
    assert np.diag(shown).tolist() == [1] * 4
    assert (shown == shown.T).all()
    difference = plot_heatmap(card, "difference").collections[0].get_array()
    first, second = order.index("b1"), order.index("b2")
    assert difference.min() == difference[first, second] < -0.4


def test_patterns_of_missing_values_are_counted():
    real = pd.DataFrame({"x": NUMBERS, "y": NUMBERS + 0.5}).mask(NUMBERS < 40)
    real.loc[96:, "x"] = np.nan  # too few rows for a pattern of their own
    tables = compare(real, real.assign(y=1.5 * NUMBERS))
    ax = plot_missing_patterns(tables)
    assert _labels(ax.yaxis) == ["56 % | 56 %", "40 % | 0 %"]
    assert ax.collections[0].get_array().tolist() == [[0, 0], [1, 1]]


def test_telling_columns_come_first(card):
    assert _labels(plot_telling(card).yaxis)[0] == "spend"


def test_the_roc_curve_tells_its_area(card):
    ax = plot_roc(card)
    assert ax.get_legend().get_texts()[0].get_text() == f"AUC {card.two_sample.auc:.3f}"


def test_each_modelled_column_has_a_panel_with_its_name(people):
    figure = plot_columns(compare(people, people))
    titles = [ax.get_title() for ax in figure.axes]
    assert [title for title in titles if title] == list(people.columns.drop("key"))


def test_chosen_columns_only(people):
    axes = plot_columns(compare(people, people), ["age", "city"]).axes
    assert [ax.get_title() for ax in axes] == ["age", "city"]
    assert [ax.get_legend() is None for ax in axes] == [False, True]


@pytest.mark.parametrize("columns", [[], ["epoch", "loss", "val_loss"]], ids=["empty", "losses only"])
def test_plot_training_draws_what_there_is(columns):
    history = pd.DataFrame(np.ones((3, len(columns))), columns=columns)
    figure = plot_training(history.assign(stage="vae"))
    assert isinstance(figure, Figure)
    assert [ax.get_title() for ax in figure.axes] == (["loss (nats a row)"] if columns else [""])


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (
            lambda t, c: plot_column(t, "nix"),
            r"There is no column 'nix' to draw. The columns: \['x', 'y', 'z'\]",
        ),
        (lambda t, c: plot_pair(t, "x", "nix"), "There is no column 'nix' to draw"),
        (lambda t, c: plot_pair(t, "x", "y", "both"), "view must be one of real, synthetic, difference"),
        (
            lambda t, c: plot_heatmap(c, "both"),
            "view must be one of real, synthetic, difference, but is 'both'",
        ),
        (lambda t, c: plot_heatmap(c, measure="love"), "measure must be one of association, information"),
        (lambda t, c: plot_calendar(t, "y", "week"), "part must be one of year, month, day, weekday, hour"),
        (
            lambda t, c: plot_calendar(t, "x", "month"),
            "Column 'x' holds no moments: draw it with plot_column",
        ),
        (lambda t, c: plot_qq(t, "z"), "Column 'z' holds levels without quantiles: draw it with plot_column"),
        (lambda t, c: plot_utility(c), "There are no utility scores to draw. Evaluate with a target"),
        (lambda t, c: plot_distances(c), "There are no distances to draw. Evaluate with 50 held-out rows"),
        (lambda t, c: plot_roc(c), "There is no two-sample test to draw: the tables have too few rows"),
        (lambda t, c: plot_telling(c), "There is no two-sample test to draw: the tables have too few rows"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, message):
    table = pd.DataFrame({"x": NUMBERS, "y": pd.date_range("2024", periods=100), "z": FEW}).head(30)
    with pytest.raises(ValueError, match=message):
        draw(compare(table, table), evaluate(table, table))
