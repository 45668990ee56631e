"""Tidy frames to the columns that together name their rows, and the order in which columns are drawn."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabgen.encoding import fit_encoder
from tabgen.encoding.keys import composite_key


def panel(rng, **sizes):
    """Return every combination of the values of some columns in any order, with sales and staff."""
    grid = pd.MultiIndex.from_product(map(range, sizes.values()), names=sizes).to_frame(index=False)
    grid = grid.sample(frac=0.8, random_state=0).reset_index(drop=True).astype(float)
    return grid.assign(
        staff=rng.integers(0, 4, len(grid)).astype(float), sales=rng.normal(size=len(grid)).round(2)
    )


@pytest.mark.parametrize(
    "sizes", [{"shop": 30, "day": 40}, {"year": 3, "month": 12, "hour": 24}, {"patient": 200, "visit": 6}]
)
def test_columns_that_were_laid_out_are_found(sizes):
    rng = np.random.default_rng(1)
    assert composite_key(panel(rng, **sizes)) == tuple(sizes)


def test_a_date_may_be_part_of_a_key():
    table = panel(np.random.default_rng(2), shop=30, day=40)
    table["day"] = np.datetime64("2024-01-01", "s") + table["day"].to_numpy().astype("timedelta64[D]")
    assert composite_key(table) == ("shop", "day")


def test_few_repeated_rows_are_forgiven_and_many_are_not():
    table = panel(np.random.default_rng(3), shop=50, day=60)
    assert composite_key(pd.concat([table, table[:2]])) == ("shop", "day")
    assert composite_key(pd.concat([table, table[:200]])) == ()


@given(st.integers(0, 10_000), st.lists(st.integers(2, 60), min_size=1, max_size=6))
@settings(max_examples=30, deadline=None)
def test_chance_makes_no_key(seed, sizes):
    rng = np.random.default_rng(seed)
    drawn = pd.DataFrame({f"c{i}": rng.integers(0, size, 800).astype(float) for i, size in enumerate(sizes)})
    assert composite_key(drawn) == ()


def test_missing_values_name_nothing():
    table = panel(np.random.default_rng(4), shop=30, day=40)
    assert composite_key(table.assign(shop=table["shop"].where(table["shop"] > 0))) == ()


def test_what_names_the_rows_is_drawn_first_and_what_people_predict_last():
    rng = np.random.default_rng(5)
    table = panel(rng, shop=30, day=40).assign(churn=rng.integers(0, 2, 960).astype(float))
    drawn = list(dict.fromkeys(token.column for token in fit_encoder(table).layout.tokens))
    assert drawn == ["shop", "day", "sales", "staff", "churn"]
