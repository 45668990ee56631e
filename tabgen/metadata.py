"""SDV metadata or a Frictionless Table Schema, and the frame they describe, to a `Schema`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tabgen.errors import ColumnRejected, SchemaError
from tabgen.inference import FEW_ROWS, FREE_TEXT_SHARE, infer_schema
from tabgen.looks import NULLS, NumberLook, detect_date_format, detect_number_look, format_dates, parse_dates
from tabgen.schema import LEVELLED, Column, Schema

SDV_KINDS = {
    "numerical": "numeric", "categorical": "categorical", "boolean": "boolean", "datetime": "datetime",
    "id": "identifier",
}  # fmt: skip
FRICTIONLESS_KINDS: dict[str, str | None] = {
    "string": "string", "number": "numeric", "integer": "numeric", "boolean": "boolean",
    "date": "datetime", "datetime": "datetime", "time": None, "year": None, "yearmonth": None,
    "duration": None, "object": None, "array": None, "list": None, "geopoint": None, "geojson": None,
    "any": None,
}  # fmt: skip
PERSONAL_FORMATS = {"email": "personal", "uuid": "identifier"}


@dataclass(frozen=True)
class Claim:
    """What metadata say of one column; None or nothing where they are silent."""

    reason: str  # where this is said: "SDV metadata: sdtype id"
    kind: str | None = None  # that of a `Column`, or "string": neither numbers nor dates
    sensitivity: str | None = None
    levels: tuple[Any, ...] | None = None
    ordered: bool = False  # whether the order of the levels means something
    date_format: str | None = None
    unique: bool = False
    required: bool = False
    nulls: tuple[str, ...] = ()  # texts that stand for a missing value


def read_metadata(source: str | Path | Mapping[str, Any], frame: pd.DataFrame) -> Schema:
    """Infer the schema of a frame, and let metadata that others wrote of it decide.

    Parameters
    ----------
    source : str, Path or mapping
        Path of a JSON file, or what it holds: SDV metadata of one table, or a Frictionless Table
        Schema, alone or in a resource or a package of one resource.
    frame : pandas.DataFrame
        The table that the metadata describe; it is not modified.

    Returns
    -------
    Schema
        Columns in the order of the frame. A column of one value only stays constant, unless it is
        said to identify someone; a category dtype keeps its levels.

    Raises
    ------
    SchemaError
        If the file cannot be read, is of neither format, or does not fit the frame.
    TableError
        If nothing can be inferred from the frame at all.

    Examples
    --------
    >>> frame = pd.DataFrame({"guest": ["ann@x.org", "bob@x.org"], "stars": [3, 5]})
    >>> metadata = {"columns": {"guest": {"sdtype": "email"}, "stars": {"sdtype": "categorical"}}}
    >>> [(column.kind, column.levels) for column in read_metadata(metadata, frame).columns]
    [('identifier', ()), ('categorical', (3, 5))]
    """
    claims = _claims(_load(source))
    labels = {str(name): name for name in frame.columns}
    absent = [name for name in claims if name not in labels]
    extra = [name for name in labels if name not in claims]
    if absent or extra:
        found = [f"not in the table: {absent}"] * bool(absent) + [f"not in the metadata: {extra}"] * bool(
            extra
        )
        raise SchemaError(f"Metadata and table differ in their columns; {', '.join(found)}. Correct either.")
    columns = infer_schema(frame).columns
    return Schema(tuple(_apply(column, frame[column.name], claims[str(column.name)]) for column in columns))


def _load(source: str | Path | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the JSON object of a file, or the mapping as it is."""
    if isinstance(source, Mapping):
        return source
    try:
        record = json.loads(Path(source).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SchemaError(
            f"Metadata file {str(source)!r} cannot be read ({error.strerror}). Give the path of a JSON file."
        ) from error
    except ValueError as error:
        raise SchemaError(
            f"Metadata file {str(source)!r} is not JSON ({error}). Export the metadata once more."
        ) from error
    return record if isinstance(record, Mapping) else {}


def _claims(record: Mapping[str, Any]) -> dict[str, Claim]:
    """Tell the formats apart, and return what they say of each column."""
    tables, resources = record.get("tables"), record.get("resources")
    for what, parts in (("tables", tables), ("resources", resources)):
        if isinstance(parts, (Mapping, list)) and len(parts) != 1:
            raise SchemaError(f"The metadata describe {len(parts)} {what}. Give those of one table alone.")
    if isinstance(tables, Mapping):
        record = next(iter(tables.values()))
    elif isinstance(resources, list):
        record = resources[0]
    if isinstance(record, Mapping) and isinstance(record.get("schema"), Mapping):
        record = record["schema"]
    try:
        if isinstance(record.get("columns"), Mapping):
            return _sdv_claims(record)
        if isinstance(record.get("fields"), list):
            return _frictionless_claims(record)
    except (AttributeError, KeyError, TypeError) as error:
        raise SchemaError(
            f"The metadata are damaged ({type(error).__name__}: {error}). Export them once more."
        ) from error
    raise SchemaError(
        "The metadata are neither SDV metadata (an object with 'columns') nor a Frictionless Table Schema "
        "(an object with 'fields'). Give one of these."
    )


def _sdv_claims(record: Mapping[str, Any]) -> dict[str, Claim]:
    claims = {str(name): _sdv_claim(facts) for name, facts in record["columns"].items()}
    _mark_key(claims, record.get("primary_key"), "SDV metadata: primary key")
    for key in record.get("alternate_keys") or []:
        _mark_key(claims, key, "SDV metadata: alternate key")
    return claims


def _sdv_claim(facts: Mapping[str, Any]) -> Claim:
    sdtype = facts["sdtype"]
    reason = f"SDV metadata: sdtype {sdtype}"
    if sdtype in SDV_KINDS:
        sensitivity = "identifier" if sdtype == "id" else None
        return Claim(reason, SDV_KINDS[sdtype], sensitivity, date_format=facts.get("datetime_format"))
    if facts.get("pii", True):  # names, addresses and so on; "unknown" is personal to SDV, too
        return Claim(reason, "identifier", "personal")
    return Claim(reason + ", not personal")


def _frictionless_claims(record: Mapping[str, Any]) -> dict[str, Claim]:
    nulls = record.get("missingValues", [""])
    claims = {str(field["name"]): _frictionless_claim(field, nulls) for field in record["fields"]}
    _mark_key(claims, record.get("primaryKey"), "Frictionless schema: primary key")
    return claims


def _frictionless_claim(field: Mapping[str, Any], nulls: list[Any]) -> Claim:
    kind, look = field.get("type", "any"), field.get("format", "default")
    if kind not in FRICTIONLESS_KINDS:
        raise SchemaError(
            f"Column {field['name']!r} has the type {kind!r}, which no Frictionless Table Schema has. "
            f"Use one of {', '.join(FRICTIONLESS_KINDS)}."
        )
    limits = field.get("constraints") or {}
    levels = limits.get("enum") or [
        item["value"] if isinstance(item, Mapping) else item for item in field.get("categories") or []
    ]
    claim = Claim(
        f"Frictionless schema: type {kind}",
        FRICTIONLESS_KINDS[kind],
        levels=tuple(levels) or None,
        ordered=bool(field.get("categoriesOrdered")),
        unique=bool(limits.get("unique")),
        required=bool(limits.get("required")),
        nulls=tuple(
            str(null["value"] if isinstance(null, Mapping) else null)
            for null in field.get("missingValues", nulls)
        ),
    )
    if levels:
        return replace(claim, kind="categorical", reason=f"{claim.reason} with enum")
    if kind == "string" and look in PERSONAL_FORMATS:
        reason = f"{claim.reason}, format {look}"
        return replace(claim, kind="identifier", sensitivity=PERSONAL_FORMATS[look], reason=reason)
    if claim.kind == "datetime" and look != "any":
        standard = "%Y-%m-%d" if kind == "date" else None
        return replace(claim, date_format=standard if look == "default" else look)
    return claim


def _mark_key(claims: dict[str, Claim], key: Any, reason: str) -> None:
    """Make an identifier of the column that is a key; of a key of several, none is one by itself."""
    names = [key] if isinstance(key, str) else list(key or [])
    absent = [name for name in names if name not in claims]
    if absent:
        raise SchemaError(
            f"The metadata name {absent[0]!r} as a key, but describe no such column. Correct the key."
        )
    if len(names) == 1:
        claim = claims[names[0]]
        claims[names[0]] = replace(
            claim, kind="identifier", sensitivity=claim.sensitivity or "identifier", levels=None,
            unique=True, required=True, reason=reason,
        )  # fmt: skip


def _apply(inferred: Column, values: pd.Series, claim: Claim) -> Column:
    """Return the column as the metadata have it."""
    objects = pd.Series(values.to_numpy(dtype=object), dtype=object)
    null = _null(inferred, objects, claim)
    absent = values.isna().to_numpy(dtype=bool)
    if null is not None:
        absent = absent | np.array([isinstance(value, str) and value == null for value in objects])
    present = objects[~absent]
    distinct = present.drop_duplicates()
    if claim.required and absent.any():
        raise SchemaError(
            f"Column {inferred.name!r} has no value at row {absent.argmax()}, but the metadata require one. "
            "Fill it in, or correct the metadata."
        )
    if claim.unique and len(distinct) < len(present):
        raise _misfit(inferred, present[present.duplicated()], "occurs twice", "unique")
    shares = inferred.null_shares if null == inferred.null else ()
    column = replace(inferred, null=null, null_shares=shares, missing=float(absent.mean()))
    facts = _facts(column, values, distinct, claim, null == inferred.null) if len(distinct) else {}
    if column.kind == "constant" and facts.get("kind") != "identifier":
        return column
    unique = len(distinct) == len(present) > 1
    return replace(column, unique=unique, reason=claim.reason, **facts)


def _misfit(column: Column, wrong: pd.Series, what: str, claimed: str) -> SchemaError:
    """Name the first of the values that are not what the metadata say."""
    return SchemaError(
        f"Column {column.name!r} is {claimed} in the metadata, but {wrong.iloc[0]!r} at row {wrong.index[0]} "
        f"{what}. Correct the metadata, or convert the column."
    )


def _null(column: Column, objects: pd.Series, claim: Claim) -> str | None:
    """Return the most frequent spelling of a missing value, unless real missing values are more."""
    texts = objects[[isinstance(value, str) and value in claim.nulls for value in objects]]
    if texts.empty or len(texts) == len(objects) or column.dtype["name"] == "category":
        return column.null
    counts = texts.value_counts()
    return str(counts.index[0]) if counts.iloc[0] > objects.isna().sum() else column.null


def _facts(
    column: Column, values: pd.Series, distinct: pd.Series, claim: Claim, same_null: bool
) -> dict[str, Any]:
    """Return what changes in a column, so that it is of the kind that the metadata say."""
    kind = claim.kind
    if kind == "string" and column.kind in ("numeric", "datetime", "duration"):
        many = len(values) >= FEW_ROWS and len(distinct) > FREE_TEXT_SHARE * len(values)
        kind = "identifier" if many else "categorical"
    elif kind in (None, "string"):
        if same_null or column.kind not in LEVELLED:
            return {}
        kind = "categorical"  # another spelling of missing values makes other levels
    none: dict[str, Any] = {"number": None, "date_format": None, "levels": (), "sensitivity": "none"}
    if kind == "identifier":
        return none | _identifier_facts(column, values, distinct, claim)
    if kind in ("categorical", "ordinal"):
        return none | _level_facts(column, values, distinct, claim)
    if kind == "boolean":
        return none | _boolean_facts(column, values, distinct)
    if kind == "numeric":
        look = column.number if column.kind == kind and same_null else None
        return none | {"kind": kind, "number": look or _number_look(column, values, distinct, claim)}
    return none | {"kind": kind, "date_format": _date_format(column, values, distinct, claim)}


def _identifier_facts(column: Column, values: pd.Series, distinct: pd.Series, claim: Claim) -> dict[str, Any]:
    """Keep the look of whole numbers only: all others are drawn as text."""
    number = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    if isinstance(values.dtype, pd.CategoricalDtype) or not (number or _are_texts(distinct)):
        raise _misfit(column, distinct, f"is of a column of dtype {values.dtype.name}", "an identifier")
    return {
        "kind": "identifier",
        "sensitivity": claim.sensitivity or "identifier",
        "number": column.number if column.number == NumberLook() else None,
        "holds": None,
    }


def _level_facts(column: Column, values: pd.Series, distinct: pd.Series, claim: Claim) -> dict[str, Any]:
    """Take the levels of a category dtype, those of the metadata, or the values that occur."""
    nulls = [value for value in distinct if isinstance(value, str) and value in claim.nulls]
    if claim.levels is not None:
        spelled = {str(value): value for value in distinct}
        levels = [spelled.get(str(level), level) for level in claim.levels if level != column.null]
        levels += [null for null in nulls if null not in levels]
        known = set(map(str, levels))
        strange = distinct[[str(value) not in known for value in distinct]]
        if len(strange):
            raise _misfit(column, strange, "is none of them", f"one of {list(claim.levels)}")
        types = {type(value) for value in distinct}
        odd = [level for level in levels if type(level) not in types]
        if odd:
            raise SchemaError(
                f"Column {column.name!r} may be {odd[0]!r} in the metadata, which is a "
                f"{type(odd[0]).__name__}, unlike the values of the column. Correct the metadata."
            )
    else:
        levels = _sorted(distinct)
    ordered = claim.ordered
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels, ordered = list(values.dtype.categories), ordered or bool(values.dtype.ordered)
    elif pd.api.types.is_bool_dtype(values.dtype):
        levels = [False, True]
    return {"kind": "ordinal" if ordered else "categorical", "levels": tuple(dict.fromkeys(levels))}


def _boolean_facts(column: Column, values: pd.Series, distinct: pd.Series) -> dict[str, Any]:
    """Take two levels, in their order of inference where they are a pair like no and yes."""
    if pd.api.types.is_bool_dtype(values.dtype) and not isinstance(values.dtype, pd.CategoricalDtype):
        return {"kind": "boolean", "levels": (False, True)}
    if len(distinct) > 2:
        raise _misfit(column, distinct.iloc[2:], "is a third value", "boolean")
    levels: list[Any] = list(column.levels) if column.kind == "boolean" else _sorted(distinct)
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = list(values.dtype.categories)
    return {"kind": "boolean" if len(levels) == 2 else "categorical", "levels": tuple(levels)}


def _number_look(column: Column, values: pd.Series, distinct: pd.Series, claim: Claim) -> NumberLook | None:
    """Return how texts write numbers; None for real numbers."""
    dtype = values.dtype
    real = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype)
    if (real and not pd.api.types.is_bool_dtype(dtype)) or column.holds == "Decimal":
        return None
    if isinstance(dtype, pd.CategoricalDtype) or not _are_texts(distinct):
        raise _misfit(column, distinct, f"is of a column of dtype {dtype.name}", "numeric")
    try:
        return detect_number_look(_readable(distinct, claim).tolist())
    except ColumnRejected as rejection:
        raise SchemaError(
            f"Column {column.name!r} is numeric in the metadata, but {rejection}. "
            "Correct the metadata, or convert the column."
        ) from rejection


def _date_format(column: Column, values: pd.Series, distinct: pd.Series, claim: Claim) -> str | None:
    """Return the format in which texts write dates; None for real dates."""
    if column.kind in ("datetime", "constant") and hasattr(distinct.iloc[0], "year"):
        return None
    if isinstance(values.dtype, pd.CategoricalDtype) or not _are_texts(distinct):
        raise _misfit(column, distinct, f"is of a column of dtype {values.dtype.name}", "a datetime")
    texts = _readable(distinct, claim)
    if claim.date_format is None:
        try:
            return detect_date_format(texts.tolist())
        except ColumnRejected as rejection:
            raise SchemaError(
                f"Column {column.name!r} is a datetime in the metadata, but {rejection}. "
                "Write its format into the metadata, or convert the column with pandas.to_datetime."
            ) from rejection
    wrong = texts
    unpadded = re.sub("%(?=[dmHI])", "%-", claim.date_format)
    for date_format in (claim.date_format, unpadded):  # a reader takes 1/2/2024 for %d/%m/%Y, too
        misread = texts[~_reads(texts, date_format)]
        if misread.empty:
            return date_format
        wrong = misread if date_format == claim.date_format else wrong
    raise _misfit(column, wrong, f"is not written {claim.date_format}", "a datetime")


def _reads(texts: pd.Series, date_format: str) -> np.ndarray:
    """Return which texts a format reads and writes back as they are."""
    try:
        moments = parse_dates(texts.astype("str"), date_format)
        return (format_dates(moments, date_format) == texts).to_numpy(dtype=bool)
    except (TypeError, ValueError):  # a format that pandas does not know, or one with time zones
        return np.zeros(len(texts), dtype=bool)


def _are_texts(distinct: pd.Series) -> bool:
    return all(isinstance(value, str) for value in distinct)


def _readable(distinct: pd.Series, claim: Claim) -> pd.Series:
    """Leave out what may stand for a missing value beside the most frequent spelling of one."""
    kept = distinct[[value not in NULLS and value not in claim.nulls for value in distinct]]
    return distinct if kept.empty else kept


def _sorted(distinct: pd.Series) -> list[Any]:
    """Return values in order; those of several types by type."""
    try:
        return sorted(distinct)
    except TypeError:
        return sorted(distinct, key=lambda value: (type(value).__name__, str(value)))
