"""What can be asked of each kind of column, as far as the schema alone can tell."""

import numpy as np
import pandas as pd
import pytest

from tabgen import infer_schema
from tabgen.cleaning import clean
from tabgen.conditions import read_conditions
from tabgen.errors import ConditionError

ROWS = 60
SIZES = pd.CategoricalDtype(["S", "M", "L"], ordered=True)
FRAME = pd.DataFrame(
    {
        "size": pd.Categorical(["S", "M", "L"] * 20, dtype=SIZES),
        "grade": pd.Categorical([1, 2, 3] * 20),
        "price": ["1,250.00", "99.50", ""] * 20,
        "took": pd.to_timedelta(np.tile([30, 90, 600], 20), "s"),
        "at": pd.date_range("2024-03-01", periods=ROWS, freq="7h", tz="Europe/Paris"),
        "day": pd.date_range("2024-01-01", periods=ROWS).strftime("%d.%m.%Y"),
        "sold": [True, False, True] * 20,
        "unit": ["kg"] * ROWS,
        "note": ["a", None, "b"] * 20,
    }
)
SCHEMA = infer_schema(FRAME)
TIDY = clean(FRAME, SCHEMA)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("size > 'S'", FRAME["size"] > "S"),
        ("size <= 'M' and size != 'S'", FRAME["size"] == "M"),
        ("grade >= 2", FRAME["grade"].astype(int) >= 2),
        ("grade == '2'", FRAME["grade"] == 2),
        ("price > 100", FRAME["price"] == "1,250.00"),
        ("price == '99.50'", FRAME["price"] == "99.50"),
        ("price is null", FRAME["price"] == ""),
        ({"price": ["1,250.00", None]}, FRAME["price"] != "99.50"),
        ("took < '5 min'", FRAME["took"] < pd.Timedelta("5min")),
        ({"took": pd.Timedelta("30s")}, FRAME["took"] == pd.Timedelta("30s")),
        ("at >= '2024-03-10'", FRAME["at"] >= pd.Timestamp("2024-03-10", tz="Europe/Paris")),
        ({"at": FRAME["at"][3]}, FRAME["at"] == FRAME["at"][3]),
        ("day between '10.01.2024' and '2024-01-11'", FRAME["day"].isin(["10.01.2024", "11.01.2024"])),
        ("sold = false", ~FRAME["sold"]),
        ("note is not null", FRAME["note"].notna()),
        ({"note": np.nan}, FRAME["note"].isna()),
        ({"grade": range(2, 4)}, FRAME["grade"].astype(int) >= 2),
        ({"grade": pd.Series([1])}, FRAME["grade"] == 1),
    ],
    ids=str,
)  # fmt: skip
def test_each_kind_of_column_can_be_asked(where, expected):
    ((name, condition),) = read_conditions(where, SCHEMA).items()
    np.testing.assert_array_equal(condition.holds(TIDY[name]), expected)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("grade > 'high'", "Column 'grade' holds numbers, but 'high' is none"),
        ("size > 'XL'", "Column 'size' has no value 'XL' in the training table. Near ones: L."),
        ("took > 'long'", "Column 'took' holds durations, but 'long' is none"),
        ("price > 'dear'", "Column 'price' holds numbers, but 'dear' is none"),
        ("unit == 'g'", "Column 'unit' has no value 'g'"),
        ("unit != 'kg'", "No value of column 'unit' can be != 'kg'"),
        ("sold is null", "Column 'sold' is never missing"),
        ("sizes == 'S'", "Did you mean 'size'?"),
    ],
)
def test_what_cannot_be_asked_is_told(where, says):
    with pytest.raises(ConditionError) as error:
        read_conditions(where, SCHEMA)
    assert says in str(error.value)
