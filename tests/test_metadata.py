"""SDV metadata and Frictionless Table Schemas over frames: what they decide, and what they cannot."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from tabgen.cleaning import clean
from tabgen.errors import SchemaError, TableError
from tabgen.inference import infer_schema
from tabgen.metadata import read_metadata
from tabgen.schema import Schema

ROWS = 30


def _frame():
    rows = np.arange(ROWS)
    return pd.DataFrame(
        {
            "id": rows * 7 + 100,
            "mail": [f"user{row}@example.org" for row in rows],
            "nick": np.where(rows % 3, "ann", "bob"),
            "grade": rows % 4 + 1,
            "price": [f"{row % 9 + 1},{row % 10}0" for row in rows],
            "day": [f"{row % 28 + 1}/{row % 12 + 1}/24" for row in rows],
            "seen": pd.date_range("2024-01-01", periods=ROWS),
            "paid": rows % 2,
            "size": np.where(rows % 5 == 0, "", np.where(rows % 2, "S", "XL")),
            "zip": [f"{10000 + row % 6}" for row in rows],
        }
    )


SDV = {
    "METADATA_SPEC_VERSION": "SINGLE_TABLE_V1",
    "primary_key": "id",
    "columns": {
        "id": {"sdtype": "id"},
        "mail": {"sdtype": "email", "pii": True},
        "nick": {"sdtype": "first_name"},
        "grade": {"sdtype": "categorical"},
        "price": {"sdtype": "numerical"},
        "day": {"sdtype": "datetime", "datetime_format": "%d/%m/%y"},
        "seen": {"sdtype": "datetime"},
        "paid": {"sdtype": "boolean"},
        "size": {"sdtype": "categorical"},
        "zip": {"sdtype": "postcode", "pii": False},
    },
}
FRICTIONLESS = {
    "primaryKey": ["id"],
    "missingValues": ["", "-"],
    "fields": [
        {"name": "id", "type": "integer"},
        {"name": "mail", "type": "string", "format": "email", "constraints": {"unique": True}},
        {"name": "nick", "type": "string", "constraints": {"required": True, "enum": ["bob", "cyd", "ann"]}},
        {"name": "grade", "type": "integer", "constraints": {"enum": [4, 3, 2, 1]}},
        {"name": "price", "type": "number", "decimalChar": ","},
        {"name": "day", "type": "date", "format": "%d/%m/%y"},
        {"name": "seen", "type": "datetime"},
        {"name": "paid", "type": "boolean"},
        {"name": "size", "type": "string", "categories": ["S", "M", "XL"], "categoriesOrdered": True},
        {"name": "zip", "type": "string"},
    ],
}


def _kinds(schema):
    return {column.name: column.kind for column in schema.columns}


def _holds(schema, frame):
    """A schema that metadata decided goes to JSON and back, fits its frame and cleans it."""
    assert Schema.from_json(schema.to_json()) == schema
    assert schema.check(frame) == []
    assert len(clean(frame, schema)) == len(frame)


def test_sdv_metadata_decide_the_kinds():
    frame = _frame()
    schema = read_metadata(SDV, frame)
    _holds(schema, frame)
    assert _kinds(schema) == {
        "id": "identifier", "mail": "identifier", "nick": "identifier", "grade": "categorical",
        "price": "numeric", "day": "datetime", "seen": "datetime", "paid": "boolean",
        "size": "categorical", "zip": "numeric",
    }  # fmt: skip
    column = {column.name: column for column in schema.columns}
    assert (column["id"].unique, column["id"].sensitivity) == (True, "identifier")
    assert column["id"].reason == "SDV metadata: primary key"
    assert (column["nick"].sensitivity, column["nick"].reason) == (
        "personal", "SDV metadata: sdtype first_name",
    )  # fmt: skip
    assert column["grade"].levels == (1, 2, 3, 4)
    assert column["price"].number.decimal == ","
    assert column["day"].date_format == "%-d/%-m/%y"
    assert column["paid"].levels == (0, 1)
    assert (column["size"].levels, column["size"].null, column["size"].missing) == (("S", "XL"), "", 0.2)
    assert column["zip"].reason == "SDV metadata: sdtype postcode, not personal"


def test_a_frictionless_schema_decides_the_kinds():
    frame = _frame()
    schema = read_metadata(FRICTIONLESS, frame)
    _holds(schema, frame)
    assert _kinds(schema) == {
        "id": "identifier", "mail": "identifier", "nick": "categorical", "grade": "categorical",
        "price": "numeric", "day": "datetime", "seen": "datetime", "paid": "boolean",
        "size": "ordinal", "zip": "categorical",
    }  # fmt: skip
    column = {column.name: column for column in schema.columns}
    assert column["mail"].sensitivity == "personal"
    assert column["nick"].levels == ("bob", "cyd", "ann")
    assert column["nick"].reason == "Frictionless schema: type string with enum"
    assert column["grade"].levels == (4, 3, 2, 1)
    assert column["size"].levels == ("S", "M", "XL")
    assert column["zip"].levels == tuple(f"{10000 + row}" for row in range(6))


@pytest.mark.parametrize(
    "metadata",
    [
        SDV,
        {"METADATA_SPEC_VERSION": "V1", "tables": {"guests": SDV}, "relationships": []},
        FRICTIONLESS,
        {"name": "guests", "schema": FRICTIONLESS},
        {"resources": [{"name": "guests", "schema": FRICTIONLESS}]},
    ],
    ids=["sdv", "sdv tables", "schema", "resource", "package"],
)
def test_a_file_and_its_wrappings_say_the_same(metadata, tmp_path):
    path = tmp_path / "metadata.json"
    path.write_text(json.dumps(metadata))
    plain = FRICTIONLESS if "fields" in json.dumps(metadata) else SDV
    assert (
        read_metadata(path, _frame()) == read_metadata(str(path), _frame()) == read_metadata(plain, _frame())
    )


CLAIMS = [
    *(
        {"columns": {"column": {"sdtype": sdtype, "pii": sdtype != "postcode"}}}
        for sdtype in (
            "id",
            "email",
            "unknown",
            "categorical",
            "numerical",
            "datetime",
            "boolean",
            "postcode",
        )
    ),
    *(
        {"fields": [{"name": "column", "type": kind}], "missingValues": ["", "-"]}
        for kind in ("string", "number", "boolean", "date", "datetime", "time", "year", "any", "duration")
    ),
]
COLUMNS = {
    **dict(_frame().items()),
    "text float": pd.Series(["1.5", "n/a", "-", "2.5"] * 5),
    "float": pd.Series([1.5, None, 2.5]),
    "Int64": pd.Series([1, None, 2], dtype="Int64"),
    "sparse": pd.Series([0, 1, 0], dtype="Sparse[int64]"),
    "bool": pd.Series([True, False]),
    "boolean": pd.Series([True, None, False], dtype="boolean"),
    "objects": pd.Series([True, None, False], dtype=object),
    "mixed": pd.Series([1, "a", None], dtype=object),
    "category": pd.Series(["a", "b", None], dtype="category"),
    "moment": pd.Series(pd.to_datetime(["2024-01-01", None, "2024-01-03"])),
    "date": pd.Series([dt.date(2024, 1, 1), None, dt.date(2024, 1, 3)], dtype=object),
    "duration": pd.Series(pd.to_timedelta([1, 2, None], unit="h")),
    "constant": pd.Series(["a", "a", None], dtype=object),
    "nothing": pd.Series([None, None], dtype=object),
    "blank": pd.Series(["", ""]),
    "dashes": pd.Series(["-", "", "a", "-", "b"]),
    "iso": pd.Series(["2024-01-01", "2024-01-02", "-"]),
    "one day": pd.Series(pd.to_datetime(["2024-01-01"] * 2)),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("metadata", CLAIMS, ids=str)
def test_every_claim_holds_or_is_refused_by_name(name, metadata):
    frame = COLUMNS[name].rename("column").to_frame()
    refusal = None
    try:
        schema = read_metadata(metadata, frame)
    except SchemaError as error:
        refusal = str(error)
    if refusal is None:
        _holds(schema, frame)
    else:
        assert refusal.startswith("Column 'column' is ")


@pytest.mark.parametrize("name", COLUMNS)
def test_a_frame_fits_the_schema_inferred_from_it(name):
    frame = COLUMNS[name].rename("column").to_frame()
    assert infer_schema(frame).check(frame) == []


def test_one_value_stays_constant_unless_it_identifies():
    frame = pd.DataFrame({"name": ["Ann", "Ann"], "unit": ["kg", "kg"]})
    metadata = {"columns": {"name": {"sdtype": "name"}, "unit": {"sdtype": "categorical"}}}
    schema = read_metadata(metadata, frame)
    assert _kinds(schema) == {"name": "identifier", "unit": "constant"}
    assert clean(frame, schema).empty


def test_a_key_of_several_columns_makes_no_identifier():
    frame = pd.DataFrame({"a": [1, 1, 2], "b": [1, 2, 1]})
    fields = [{"name": "a", "type": "integer"}, {"name": "b", "type": "integer"}]
    assert _kinds(read_metadata({"fields": fields, "primaryKey": ["a", "b"]}, frame)) == {
        "a": "numeric", "b": "numeric",
    }  # fmt: skip


def test_another_spelling_of_missing_values():
    frame = pd.DataFrame({"a": ["x", "gone", "y", "gone", ""]})
    (column,) = read_metadata({"fields": [{"name": "a", "missingValues": ["gone"]}]}, frame).columns
    assert (column.null, column.missing, column.levels) == ("gone", 0.4, ("", "x", "y"))


def _sdv(facts, **more):
    return {"columns": {"a": facts}, **more}


def _field(more=None, **facts):
    return {"fields": [{"name": "a", **facts}], **(more or {})}


DAMAGED = "The metadata are damaged ({}). Export them once more."
SEVERAL = "The metadata describe {}. Give those of one table alone."
FIX = "Correct the metadata, or convert the column."
NEITHER = (
    "The metadata are neither SDV metadata (an object with 'columns') nor a Frictionless Table Schema "
    "(an object with 'fields'). Give one of these."
)


@pytest.mark.parametrize(
    ("metadata", "values", "message"),
    [
        ({}, [1, 2], NEITHER),
        ({"schema": "schema.json"}, [1, 2], NEITHER),
        ({"resources": ["a"]}, [1, 2], DAMAGED.format("AttributeError: 'str' object has no attribute 'get'")),
        ({"columns": {"a": {}}}, [1, 2], DAMAGED.format("KeyError: 'sdtype'")),
        ({"tables": {"a": {}, "b": {}}}, [1, 2], SEVERAL.format("2 tables")),
        ({"resources": []}, [1, 2], SEVERAL.format("0 resources")),
        (
            {"columns": {"b": {"sdtype": "id"}, "c": {"sdtype": "id"}}}, [1, 2],
            "Metadata and table differ in their columns; not in the table: ['b', 'c'], "
            "not in the metadata: ['a']. Correct either.",
        ),
        (
            _sdv({"sdtype": "id"}, primary_key="key"), [1, 2],
            "The metadata name 'key' as a key, but describe no such column. Correct the key.",
        ),
        (
            _sdv({"sdtype": "id"}, primary_key="a"), [1, 2, 1],
            f"Column 'a' is unique in the metadata, but 1 at row 2 occurs twice. {FIX}",
        ),
        (
            _sdv({"sdtype": "categorical"}, alternate_keys=["a"]), ["x", None],
            "Column 'a' has no value at row 1, but the metadata require one. "
            "Fill it in, or correct the metadata.",
        ),
        (
            _sdv({"sdtype": "numerical"}), ["1", "many", "few"],
            f"Column 'a' is numeric in the metadata, but 'many' is not a number. {FIX}",
        ),
        (
            _sdv({"sdtype": "numerical"}), [True, False],
            f"Column 'a' is numeric in the metadata, but True at row 0 is of a column of dtype bool. {FIX}",
        ),
        (
            _sdv({"sdtype": "boolean"}), ["a", "b", "c"],
            f"Column 'a' is boolean in the metadata, but 'c' at row 2 is a third value. {FIX}",
        ),
        (
            _sdv({"sdtype": "datetime"}), [2023, 2024],
            "Column 'a' is a datetime in the metadata, but 2023 at row 0 is of a column of dtype int64. "
            + FIX,
        ),
        (
            _sdv({"sdtype": "datetime", "datetime_format": "%Y-%m-%d"}), ["2024-01-01", "soon", "never"],
            f"Column 'a' is a datetime in the metadata, but 'soon' at row 1 is not written %Y-%m-%d. {FIX}",
        ),
        (
            _sdv({"sdtype": "datetime", "datetime_format": "%Y-%m-%dT%H%z"}), ["2024-01-01T01+0100", "x"],
            "Column 'a' is a datetime in the metadata, but '2024-01-01T01+0100' at row 0 is not written "
            f"%Y-%m-%dT%H%z. {FIX}",
        ),
        (
            _field(type="date", format="any"), ["some day", "1"],
            "Column 'a' is a datetime in the metadata, but too short for a date. Write its format into the "
            "metadata, or convert the column with pandas.to_datetime.",
        ),
        (
            _sdv({"sdtype": "id"}), pd.Categorical(["a", "b"]),
            "Column 'a' is an identifier in the metadata, but 'a' at row 0 is of a column of dtype category. "
            + FIX,
        ),
        (
            _field(type="colour"), [1, 2],
            "Column 'a' has the type 'colour', which no Frictionless Table Schema has. Use one of "
            "string, number, integer, boolean, date, datetime, time, year, yearmonth, duration, object, "
            "array, list, geopoint, geojson, any.",
        ),
        (
            _field(type="string", constraints={"enum": ["x", "y"]}), ["x", "z"],
            f"Column 'a' is one of ['x', 'y'] in the metadata, but 'z' at row 1 is none of them. {FIX}",
        ),
        (
            _field(type="string", constraints={"enum": ["1", "2", "3"]}), [1, 2],
            "Column 'a' may be '3' in the metadata, which is a str, unlike the values of the column. "
            "Correct the metadata.",
        ),
    ],
)  # fmt: skip
def test_metadata_that_do_not_fit_are_refused(metadata, values, message):
    with pytest.raises(SchemaError) as error:
        read_metadata(metadata, pd.DataFrame({"a": values}))
    assert str(error.value) == message


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "metadata.json"
    with pytest.raises(SchemaError) as error:
        read_metadata(path, _frame())
    assert str(error.value) == (
        f"Metadata file {str(path)!r} cannot be read (No such file or directory). "
        "Give the path of a JSON file."
    )
    path.write_text("{")
    with pytest.raises(
        SchemaError, match=r"^Metadata file '.+' is not JSON \(.+\)\. Export the metadata once more\.$"
    ):
        read_metadata(path, _frame())
    path.write_text("[1]")
    with pytest.raises(SchemaError, match=r"^The metadata are neither SDV metadata"):
        read_metadata(path, _frame())


def test_a_table_without_rows_is_refused_as_ever():
    with pytest.raises(TableError, match="no rows"):
        read_metadata(_sdv({"sdtype": "id"}), pd.DataFrame({"a": []}))


def test_inference_takes_a_frame():
    assert infer_schema(_frame()).names == list(_frame().columns)
