"""Columns to their kind: one table of hand-picked columns, what they are taken for and why."""

import datetime as dt
import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tabgen.errors import SchemaError
from tabgen.inference import infer_schema
from tabgen.looks import NumberLook
from tabgen.profiling import profile

RNG = np.random.default_rng(0)
SHUFFLED = RNG.permutation(np.arange(1_000, 1_040)).tolist()
MAILS = [f"{name}{number}@mail.org" for name in ("ann", "bob") for number in range(15)]
WORDS = [f"word{number} and more" for number in range(30)]
WHOLE = NumberLook()


def infer(values, name="x", dtype=None):
    column = pd.Series(values, dtype=dtype, name=name)
    (found,) = infer_schema(profile([column.to_frame()])).columns
    return found


KEY = {"unique": True, "sensitivity": "identifier"}
PERSONAL = {"sensitivity": "personal"}
# name, values, kind, further facts
COLUMNS = {
    # texts that stand for something else
    "yes and no": ("x", ["yes", "no", "yes"], "boolean", {"levels": ("no", "yes"), "null": None}),
    "Y and N": ("x", ["Y", "N", ""], "boolean", {"levels": ("N", "Y"), "null": "", "missing": 1 / 3}),
    "TRUE and FALSE": ("x", ["TRUE", "FALSE"], "boolean", {"levels": ("FALSE", "TRUE")}),
    "on and off": ("x", ["on", None, "off"], "boolean", {"levels": ("off", "on"), "missing": 1 / 3}),
    "yes and maybe": ("x", ["yes", "maybe"], "categorical", {"levels": ("maybe", "yes")}),
    "dates": ("x", ["31/12/2024", "01/02/2025"], "datetime", {"date_format": "%d/%m/%Y", "null": None}),
    "dates and a word": (
        "x", ["2024-12-31", "open", "2024-12-30"], "datetime",
        {"date_format": "%Y-%m-%d", "null": "open", "missing": 1 / 3},
    ),
    "dates and two words": ("x", ["2024-12-31", "open", "shut"], "categorical", {}),
    "numbers": ("x", ["1.5", "-2"], "numeric", {"number": NumberLook("", ".", 0, 1), "null": None}),
    "money": ("x", ["$1,200.50", "$3.00"], "numeric", {"number": NumberLook(",", ".", 2, 2, "$")}),
    "numbers and nulls": (
        "x", ["1.5", "NA", "", "NA"], "numeric",
        {"number": NumberLook("", ".", 1, 1), "null": "NA", "missing": 0.75},
    ),
    "numbers, nulls and None": (
        "x", ["1.5", "2.5", "NA", None, None], "numeric", {"null": None, "missing": 0.6},
    ),
    "numbers and a word": ("x", ["1", "2", "unknown"], "numeric", {"null": "unknown", "missing": 1 / 3}),
    "numbers and two words": ("x", ["1", "2", "low", "high"], "categorical", {"null": None}),
    "leading zeros": ("x", ["007", "012", "007"], "categorical", {"levels": ("007", "012"), "number": None}),
    "only nulls": ("x", ["NA", "NA", ""], "categorical", {"levels": ("NA",), "null": "", "missing": 1 / 3}),
    # keys
    "counted numbers": ("x", range(10, 50), "identifier", KEY),
    "counted by ten": ("x", range(0, 400, 10), "identifier", KEY),
    "counted down": ("x", range(50, 10, -1), "identifier", KEY),
    "counted text": ("x", map(str, range(50)), "identifier", KEY | {"number": WHOLE}),
    "too few to count": ("x", range(10), "numeric", {"unique": True, "sensitivity": "none"}),
    "named": ("customer_id", SHUFFLED, "identifier", KEY),
    "named in camel case": ("customerId", SHUFFLED, "identifier", KEY),
    "named text": ("Key", map(str, SHUFFLED), "identifier", KEY | {"number": WHOLE}),
    "neither named nor counted": ("amount", SHUFFLED, "numeric", {"unique": True, "sensitivity": "none"}),
    "name that only ends alike": ("paid", SHUFFLED, "numeric", {}),
    "named but repeated": ("id", [*SHUFFLED, SHUFFLED[0]], "numeric", {"unique": False}),
    "named but missing": ("id", pd.array([*SHUFFLED, None], dtype="Int64"), "numeric", {}),
    "large and neither": ("x", [2**60 + number for number in SHUFFLED], "numeric", {}),
    "codes that never repeat": ("x", [f"AB-{number}" for number in SHUFFLED], "identifier", KEY),
    "codes with blanks": ("x", [*(f"AB-{n}" for n in SHUFFLED), "", ""], "identifier", KEY | {"null": ""}),
    "few codes": ("x", ["AB-1", "AB-2", "AB-3"], "categorical", {"levels": ("AB-1", "AB-2", "AB-3")}),
    # personal data
    "e-mails": ("x", MAILS, "identifier", PERSONAL | {"unique": True, "reason": "e-mail addresses"}),
    "repeated e-mails": ("x", MAILS[:2] * 20, "identifier", PERSONAL | {"unique": False}),
    "phones": (
        "x", ["+49 (30) 123-456", "+1 555 0100 22"], "identifier", PERSONAL | {"reason": "phone numbers"},
    ),
    "phones by name": ("phone", ["(555) 123-4567", "(555) 765-4321"], "identifier", PERSONAL),
    "digits by name": ("Mobile", ["5551234567", "5557654321"] * 2, "identifier", PERSONAL | {"number": None}),
    "UUIDs": ("x", [str(uuid.UUID(int=n)) for n in range(3)], "identifier", PERSONAL | {"reason": "UUIDs"}),
    "upper UUIDs": ("x", [str(uuid.UUID(int=n + 10**30)).upper() for n in range(3)], "identifier", PERSONAL),
    "names": ("last_name", ["Fox", "Owl", "Fox", "Elk"], "identifier", PERSONAL | {"unique": False}),
    "names with a blank": (
        "First Name", ["Fox", "", "Owl"], "identifier", PERSONAL | {"unique": True, "null": ""},
    ),
    "name of few": ("name", ["gold", "silver"] * 20, "categorical", {"sensitivity": "none"}),
    "name within a word": ("filename2", ["gold", "silver"] * 2, "categorical", {}),
    "free text": ("x", WORDS, "text", PERSONAL),
    "free text with missing": ("x", [*WORDS, None], "text", PERSONAL | {"missing": 1 / 31}),
    "repeated text": ("x", WORDS[:5] * 6, "categorical", {"sensitivity": "none"}),
    # levels
    "levels": ("x", ["b", "a", "b"], "categorical", {"levels": ("a", "b"), "null": None}),
    "levels and blank": ("x", ["b", "a", ""], "categorical", {"levels": ("a", "b"), "null": ""}),
    "levels, blank and None": ("x", ["a", "", None], "categorical", {"levels": ("", "a"), "null": None}),
    "ordered": (
        "x", pd.Categorical([3, 1, None], [3, 2, 1], ordered=True), "ordinal",
        {"levels": (3, 2, 1), "missing": 1 / 3},
    ),
    "unordered": ("x", pd.Categorical(["a"], ["b", "a"]), "categorical", {"levels": ("b", "a")}),
    "category without values": ("x", pd.Categorical([None, None], ["a"]), "categorical", {"missing": 1}),
    "category without levels": ("x", pd.Categorical([None, None]), "constant", {"levels": ()}),
    "mixed objects": ("x", [2, "a", 1.5, (1, 2), None], "categorical", {"levels": (1.5, 2, "a", (1, 2))}),
    "one and True": ("x", [1, True, "a"], "categorical", {"levels": (1, "a")}),
    "intervals": (
        "x", pd.interval_range(0, 2), "categorical", {"levels": (pd.Interval(0, 1), pd.Interval(1, 2))},
    ),
    # constants
    "one value": ("x", [5, 5], "constant", {"levels": (5,), "missing": 0}),
    "one value and missing": ("x", ["a", None], "constant", {"levels": ("a",), "missing": 0.5}),
    "one date": ("x", [dt.date(2024, 1, 1)], "constant", {"levels": (dt.date(2024, 1, 1),), "holds": "date"}),
    "all missing": ("x", [None, None], "constant", {"levels": (), "missing": 1}),
    "all NaN": ("x", [np.nan, np.nan], "constant", {"levels": (), "missing": 1}),
    # dtypes that say it all
    "bool": ("x", [True, False], "boolean", {"levels": (False, True)}),
    "boolean": ("x", pd.array([True, False, None], dtype="boolean"), "boolean", {"levels": (False, True)}),
    "floats": ("id", [1.5, 2.0, np.nan], "numeric", {"number": None, "missing": 1 / 3}),
    "decimal128": (
        "x", pd.array([Decimal("1.5"), Decimal("2")], dtype=pd.ArrowDtype(pa.decimal128(5, 1))),
        "numeric", {},
    ),
    "datetime": ("x", pd.to_datetime(["2024-01-01", "2024-01-02"]), "datetime", {"date_format": None}),
    "zoned": ("x", pd.to_datetime(["2024-01-01", "2024-01-02"]).tz_localize("UTC"), "datetime", {}),
    "date32": (
        "x", pd.array([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], dtype=pd.ArrowDtype(pa.date32())),
        "datetime", {},
    ),
    "period": ("x", pd.period_range("2024-01", periods=2, freq="M"), "datetime", {}),
    "timedelta": ("x", pd.to_timedelta([1, 2], unit="s"), "duration", {}),
    "Decimals": ("x", [Decimal("1.5"), Decimal("2"), None], "numeric", {"holds": "Decimal"}),
    "dates as objects": (
        "x", [dt.date(2024, 1, 1), dt.date(2024, 1, 2), None], "datetime", {"holds": "date"},
    ),
    "datetimes as objects": (
        "x", pd.Series([dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2)], dtype=object), "datetime",
        {"holds": "datetime"},
    ),
    "zoned datetimes as objects": (
        "x", pd.Series([dt.datetime(2024, 1, day, tzinfo=dt.UTC) for day in (1, 2)], dtype=object),
        "categorical", {},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "values", "kind", "facts"), COLUMNS.values(), ids=COLUMNS)
def test_column_is_taken_for_its_kind(name, values, kind, facts):
    column = infer(values if hasattr(values, "dtype") else list(values), name)
    assert column.kind == kind
    assert {fact: getattr(column, fact) for fact in facts} == facts
    assert column.reason


def test_schema_keeps_names_order_and_shares():
    frame = pd.DataFrame({("b", 1): [1.5, None, 2.5], "a": ["x", "y", "x"], 0: [1, 1, 1]})
    schema = infer_schema(profile([frame]))
    assert schema.names == [("b", 1), "a", 0]
    assert [column.kind for column in schema.columns] == ["numeric", "categorical", "constant"]
    assert [column.missing for column in schema.columns] == [1 / 3, 0, 0]


UNKNOWN = {
    "complex": (
        pd.Series([1j, 2j]),
        r"Column 'x' has dtype complex128, which tabgen does not know\. "
        r"Convert it to numbers, text or dates\.$",
    ),
    "binary": (pd.Series([b"a", b"b"], dtype="binary[pyarrow]"), r"Column 'x' has dtype binary\[pyarrow\]"),
    "bytes": (
        pd.Series([b"a", b"b"]),
        r"Column 'x': Value b'a' of type bytes cannot be stored\. Convert it to text\.$",
    ),
    "constant bytes": (pd.Series([b"a", b"a"]), "Column 'x': Value b'a' of type bytes cannot be stored"),
}  # fmt: skip


@pytest.mark.parametrize(("values", "message"), UNKNOWN.values(), ids=UNKNOWN)
def test_column_of_no_kind_is_named(values, message):
    with pytest.raises(SchemaError, match=f"^{message}"):
        infer(values)


PHONES = 391_000_000 + np.random.default_rng(0).permutation(np.arange(100) ** 2)


@pytest.mark.parametrize(
    ("name", "numbers", "kind"),
    [
        ("phone", PHONES, "identifier"),
        ("home_phone", np.repeat(PHONES, 3), "identifier"),
        ("phone", np.repeat(PHONES[:4], 50), "numeric"),
        ("price", PHONES, "numeric"),
    ],
    ids=["unique", "shared", "few", "other name"],
)
def test_whole_numbers_with_a_personal_name_are_replaced(name, numbers, kind):
    assert infer(list(numbers), name).kind == kind


@pytest.mark.parametrize(
    "odd", [["unknown", "ask Bob"], ["31/12/2024", "2024-12-31"]], ids=["words", "dates"]
)
def test_figures_that_are_text_are_said_to_be_written_in_several_ways(odd):
    found = infer([f"{n / 4:.2f}" for n in range(200)] + odd * 2)
    assert (found.kind, found.sensitivity) == ("text", "personal")
    assert found.reason == "most values occur once, numbers or dates that are not all written in one way"
    assert infer([f"word {n}" for n in range(200)] + odd * 2).reason == "most values occur once"
