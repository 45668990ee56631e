"""Tables at the edge: each one either gives samples of its own dtypes or says clearly why it cannot."""

import numpy as np
import pandas as pd
import pytest

from tabgen import TabgenError, TabularGAN

RNG = np.random.default_rng(0)
WORDS = pd.Series([f"word{n}" for n in RNG.permutation(60)])


def _repeated(values, rows, **facts):
    return pd.Series((values * rows)[:rows], **facts)


NOTHING = {
    "object": pd.Series([None] * 30, dtype=object),
    "str": pd.Series([None] * 30, dtype="str"),
    "float": pd.Series([np.nan] * 30),
    "Int64": pd.Series([pd.NA] * 30, dtype="Int64"),
    "boolean": pd.Series([pd.NA] * 30, dtype="boolean"),
    "date": pd.Series([pd.NaT] * 30, dtype="datetime64[s]"),
    "levels": pd.Series(pd.Categorical([None] * 30, ["a", "b"], ordered=True)),
    "no levels": pd.Series(pd.Categorical([None] * 30, [])),
}
CONSTANT = {
    "int": 7,
    "float": 0.1,
    "text": "same",
    "bool": True,
    "date": pd.Timestamp("2024-02-29", tz="UTC"),
    "half": _repeated([5.5, None], 30),
}
TABLES = {
    "one column": pd.DataFrame({"x": RNG.normal(size=40)}),
    "one row": pd.DataFrame({"x": [1.5], "y": ["a"], "z": pd.Categorical(["b"], ["a", "b"])}),
    "ten rows": pd.DataFrame({"x": RNG.normal(size=10), "y": _repeated(["a", "b", None], 10)}),
    "constant": pd.DataFrame(CONSTANT, index=range(30)),
    "all missing": pd.DataFrame(NOTHING),
    "all unique text": pd.DataFrame({"word": WORDS, "x": RNG.integers(0, 3, 60)}),
    "only unique text": pd.DataFrame({"word": WORDS, "phrase": "the " + WORDS + " of " + WORDS[::-1].values}),
    "only categories": pd.DataFrame(
        {"a": pd.Categorical(RNG.choice(list("xyz"), 60)), "b": RNG.choice(list("pq"), 60)}
    ),
    "only numbers": pd.DataFrame({"a": RNG.integers(-5, 5, 60, dtype="int8"), "b": RNG.normal(size=60)}),
    "more columns than rows": pd.DataFrame(RNG.normal(size=(60, 120))).add_prefix("c"),
    "300 columns": pd.DataFrame(
        {f"c{k}": RNG.normal(size=60) if k % 3 else RNG.choice(list("ab"), 60) for k in range(300)}
    ),
    "duplicate rows": pd.DataFrame({"a": [1, 2] * 30, "b": ["x", "y"] * 30}),
    "5,000 levels": pd.DataFrame({"level": pd.Categorical(np.r_[:5_000, :500].astype(str))}),
    "mixed objects": pd.DataFrame({"m": _repeated([1, "a", 2.5, None, 2.0], 60, dtype=object)}),
    "equal objects": pd.DataFrame({"m": _repeated([1, True, 1.0, "1"], 60, dtype=object)}),
    "numbered columns": pd.DataFrame({0: RNG.integers(0, 3, 30), ("a", 1): RNG.integers(0, 3, 30)}),
}


WIDE = {"more columns than rows", "300 columns"}


@pytest.mark.parametrize(
    "table",
    [pytest.param(TABLES[k], id=k, marks=[pytest.mark.slow] if k in WIDE else []) for k in TABLES],
)
def test_a_table_at_the_edge_is_learned(table):
    fake = TabularGAN(epochs=1, random_state=0).fit(table).sample(50, seed=1)
    assert len(fake) == 50
    assert fake.columns.equals(table.columns)
    assert fake.dtypes.equals(table.dtypes)
    for name in table:
        real, drawn = table[name], fake[name]
        assert drawn.isna().all() or not real.isna().all()
        assert real.isna().any() or not drawn.isna().any()
        if len(real) > 2 * real.nunique():  # few values, so each is a value of its own
            assert set(map(repr, drawn.dropna())) <= set(map(repr, real.dropna()))


def test_all_missing_and_constant_columns_come_back_as_they_are():
    table = pd.DataFrame({**NOTHING, **{name: CONSTANT[name] for name in ("int", "text", "bool")}})
    fake = TabularGAN(epochs=1, random_state=0).fit(table).sample(len(table), seed=1)
    pd.testing.assert_frame_equal(fake, table)


ODD = {
    "duplicate names": (pd.DataFrame([[1, 2]], columns=["a", "a"]), "Two columns are named 'a'. Rename"),
    "no rows": (pd.DataFrame({"a": []}), "The table has no rows. Give at least one row"),
    "no columns": (pd.DataFrame(index=range(3)), "The table has no columns. Give at least one column"),
    "lists": (pd.DataFrame({"a": [[1], [2], [1]]}), r"Column 'a'.*list.*Convert it to text"),
    "one list": (pd.DataFrame({"a": [[1]] * 3}), r"Column 'a'.*list.*Convert it to text"),
    "tuples of lists": (pd.DataFrame({"a": [(1, [2]), (2, [3])]}), r"Column 'a'.*Convert it to text"),
    "bytes": (pd.DataFrame({"a": [b"x", b"y"]}), r"Column 'a'.*bytes.*Convert it to text"),
    "infinity": (pd.DataFrame({"a": [1.0, 2.0, np.inf]}), "Column 'a' holds an infinite number at row 2"),
    "minus infinity": (
        pd.DataFrame({"a": pd.array([-np.inf, 1.0], dtype="Float32")}),
        "Column 'a' holds an infinite number at row 0",
    ),
    "complex": (pd.DataFrame({"a": [1j, 2j]}), "Column 'a' has dtype complex128, which tabgen does not know"),
    "one complex": (pd.DataFrame({"a": [1j, 1j]}), "Column 'a'.*complex"),
}


@pytest.mark.parametrize(("table", "message"), ODD.values(), ids=ODD)
def test_an_impossible_table_is_refused(table, message):
    with pytest.raises(TabgenError, match=message):
        TabularGAN(epochs=1).fit(table)
