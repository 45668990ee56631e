"""What becomes of each column: `Plan`, frozen facts that go to JSON, can be edited there, and come back."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import pandas as pd

from tabgen.errors import PlanError
from tabgen.jsonvalues import scalar_from_json, scalar_to_json
from tabgen.spelling import did_you_mean
from tabgen.substitution.fakes import FAKES
from tabgen.substitution.pseudonyms import EMAIL_DOMAINS, KINDS

Sensitivity = Literal["direct", "quasi", "none", "unknown"]
PERIODS = ("year", "quarter", "month", "week", "day", "hour")
VERSION = 1


@dataclass(frozen=True)
class Keep:
    """The values stay."""


@dataclass(frozen=True)
class Drop:
    """The column is left out."""


@dataclass(frozen=True)
class Synthesise:
    """The values are drawn from a model, given the columns that stay."""


@dataclass(frozen=True)
class Pseudonymise:
    """Keyed, one to one, of the same format: see `tabgen.substitution.pseudonymise`."""

    kind: str = "code"
    key_space: str = ""
    email_domain: str = "reserved"


@dataclass(frozen=True)
class Fake:
    """Realistic values of a kind and a locale: see `tabgen.substitution.fake`."""

    kind: str
    locale: str = "en_US"
    key_space: str = ""


@dataclass(frozen=True)
class Generalise:
    """Coarser values: see `tabgen.substitution.generalise`."""

    low: float | None = None
    high: float | None = None
    edges: tuple[float, ...] = ()
    nearest: float | None = None
    period: str | None = None
    first: int | None = None


@dataclass(frozen=True)
class Shift:
    """Dates moved, those of one subject alike: see `tabgen.substitution.shift`."""

    days: int = 30
    subject: Hashable | None = None
    key_space: str = ""


Action = Keep | Drop | Synthesise | Pseudonymise | Fake | Generalise | Shift
ACTIONS: dict[str, type[Action]] = {kind.__name__.lower(): kind for kind in get_args(Action)}
KEYED = (Pseudonymise, Fake, Shift)


@dataclass(frozen=True)
class ColumnPlan:
    """What becomes of one column.

    Attributes
    ----------
    column : Hashable
        Its label.
    action : Action
        What is done.
    sensitivity : str
        ``"direct"``: identifies a person or a record by itself; ``"quasi"``: may do so together with others;
        ``"none"``; ``"unknown"``: could not be told.
    reason : str
        Why this is proposed.
    """

    column: Hashable
    action: Action
    sensitivity: Sensitivity = "unknown"
    reason: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.action, Action):
            raise PlanError(
                f"Column {self.column!r} has the action {self.action!r}, which is none. Use one, as Drop()."
            )


@dataclass(frozen=True)
class TablePlan:
    """What becomes of the columns of one table.

    Attributes
    ----------
    columns : tuple of ColumnPlan
        One for each column.
    anonymity : int
        k of k-anonymity (Samarati & Sweeney 1998): the columns named below lose their values in every row
        whose combination fewer than k rows have; 0 leaves it out.
    together : tuple of Hashable
        The columns whose combinations are counted, after all else is done.
    """

    columns: tuple[ColumnPlan, ...]
    anonymity: int = 0
    together: tuple[Hashable, ...] = ()

    def of(self, *kinds: type) -> list[ColumnPlan]:
        """Return the columns for which one of these actions is planned."""
        return [column for column in self.columns if isinstance(column.action, kinds)]


@dataclass(frozen=True)
class Plan:
    """What becomes of the columns of all tables.

    Attributes
    ----------
    tables : dict of str to TablePlan
        One for each table.
    key_check : str or None
        Key check value of the key that the plan is to be used with; None for any.

    Raises
    ------
    PlanError
        If an action has a kind, locale, bound or column that does not exist or makes no sense.

    Examples
    --------
    >>> plan = Plan({"people": TablePlan((ColumnPlan("e-mail", Pseudonymise("email"), "direct"),))})
    >>> Plan.from_json(plan.to_json()) == plan
    True
    """

    tables: dict[str, TablePlan]
    key_check: str | None = None

    def __post_init__(self) -> None:
        faults = [fault for table in self.tables.values() for fault in _table_faults(table)]
        if self.key_check is not None and not re.fullmatch(r"[0-9a-f]{16}", self.key_check):
            faults.append(
                f"key_check is {self.key_check!r}, but must be null or 16 hexadecimal digits. Remove it."
            )
        if faults:
            raise PlanError(faults[0])

    def to_json(self) -> str:
        """Return the plan as JSON text, one line a column, to be read and edited."""
        tables = []
        for name, table in self.tables.items():
            columns = ",\n".join(f"    {_column_to_json(column)}" for column in table.columns)
            extra = ""
            if table.anonymity:
                together = [scalar_to_json(label) for label in table.together]
                extra = f', "anonymity": {table.anonymity}, "together": {_dump(together)}'
            tables.append(f'  {_dump(name)}: {{"columns": [\n{columns}\n  ]{extra}}}')
        head = f'"version": {VERSION}, "key_check": {_dump(self.key_check)}'
        return f'{{{head}, "tables": {{\n' + ",\n".join(tables) + "\n}}\n"

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read a plan from JSON text.

        Raises
        ------
        PlanError
            If the text is no plan; the message says where and why.
        """
        try:
            record = json.loads(text)
        except ValueError as error:
            raise PlanError(f"The plan is not JSON: {error}.") from error
        if not isinstance(record, dict) or not isinstance(record.get("tables"), dict):
            raise PlanError('The plan has no "tables". Make one with: tabgen plan IN PLAN.json.')
        if record.get("version") != VERSION:
            raise PlanError(f"The plan has version {record.get('version')!r}, but {VERSION} is known here.")
        tables = {name: _table_from_json(name, table) for name, table in record["tables"].items()}
        return cls(tables, record.get("key_check"))

    def check(self, frames: Mapping[str, pd.DataFrame]) -> list[str]:
        """Say all in which tables do not fit the plan.

        Parameters
        ----------
        frames : mapping of str to pandas.DataFrame
            The tables by name.

        Returns
        -------
        list of str
            One sentence a fault; empty if they fit.
        """
        faults = []
        for name in frames.keys() ^ self.tables.keys():
            where = "is not in the plan" if name in frames else "is planned, but was not given"
            faults.append(f"Table {name!r} {where}. The plan has {list(self.tables)}.")
        for name in frames.keys() & self.tables.keys():
            planned = {column.column for column in self.tables[name].columns}
            there = list(frames[name].columns)
            for label in there:
                if label not in planned:
                    hint = did_you_mean(label, planned.difference(there))
                    faults.append(
                        f"Column {label!r} of table {name!r} is not in the plan. {hint}Add it with an "
                        'action; "drop" leaves it out.'
                    )
            faults += [
                f"Column {label!r} is planned, but is not in table {name!r}. Remove it from the plan."
                for label in planned - set(there)
            ]
        return faults


def _column_to_json(column: ColumnPlan) -> str:
    facts: dict[str, Any] = {"column": scalar_to_json(column.column)}
    facts["action"] = type(column.action).__name__.lower()
    empty = {f.name: f.default for f in fields(column.action)}
    for name, value in asdict(column.action).items():
        if value != empty[name]:
            facts[name] = scalar_to_json(value) if name == "subject" else value
    return _dump({**facts, "sensitivity": column.sensitivity, "reason": column.reason})


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _table_from_json(name: str, record: Any) -> TablePlan:
    if not isinstance(record, dict) or not isinstance(record.get("columns"), list):
        raise PlanError(f'Table {name!r} of the plan has no list "columns".')
    columns = tuple(map(_column_from_json, record["columns"]))
    together = tuple(scalar_from_json(label) for label in record.get("together", ()))
    return TablePlan(columns, record.get("anonymity", 0), together)


def _column_from_json(record: Any) -> ColumnPlan:
    if not isinstance(record, dict) or not {"column", "action"} <= record.keys():
        raise PlanError(f'A column of the plan lacks "column" or "action": {_dump(record)}.')
    record = dict(record)
    label, word = scalar_from_json(record.pop("column")), record.pop("action")
    if not isinstance(word, str) or word not in ACTIONS:
        raise PlanError(
            f"Column {label!r} has the action {word!r}, which is none of {', '.join(ACTIONS)}. Correct it."
        )
    told = {name: record.pop(name) for name in ("sensitivity", "reason") if name in record}
    known = [f.name for f in fields(ACTIONS[word])]
    strange = [name for name in record if name not in known]
    if strange:
        raise PlanError(
            f"Column {label!r} has {strange[0]!r}, which the action {word} does not know. "
            f"It knows: {', '.join(known) or 'nothing'}."
        )
    if "subject" in record:
        record["subject"] = scalar_from_json(record["subject"])
    if isinstance(record.get("edges"), list):
        record["edges"] = tuple(record["edges"])
    try:
        return ColumnPlan(label, ACTIONS[word](**record), **told)
    except TypeError as error:
        raise PlanError(f"Column {label!r} lacks what the action {word} needs: {error}.") from error


def _table_faults(table: TablePlan) -> Iterator[str]:
    """Say what is wrong with the plan of a table."""
    labels = [column.column for column in table.columns]
    for label in {label for label in labels if labels.count(label) > 1}:
        yield f"Column {label!r} is planned twice. Remove one of them."
    for column in table.columns:
        if column.sensitivity not in get_args(Sensitivity):
            known = ", ".join(get_args(Sensitivity))
            yield f"Column {column.column!r} has the sensitivity {column.sensitivity!r}, none of {known}."
        for fault in _action_faults(column.action, labels):
            yield f"Column {column.column!r}: {fault}"
    if not _is_whole(table.anonymity) or table.anonymity < 0 or table.anonymity == 1:
        yield f"anonymity must be 0 or a whole number from 2 on, but is {table.anonymity!r}."
    elif table.anonymity and not table.together:
        yield 'anonymity needs "together", the columns whose combinations are counted.'
    kept = {column.column for column in table.columns if not isinstance(column.action, Drop)}
    for label in table.together:
        if label not in kept:
            yield f"Column {label!r} is counted in together, but is not in the result. Remove it there."


def _action_faults(action: Action, labels: Sequence[Hashable]) -> Iterator[str]:
    """Say what is wrong with one action."""
    match action:
        case Pseudonymise(kind=kind, email_domain=domain):
            yield from _not_among("kind", kind, KINDS)
            yield from _not_among("email_domain", domain, EMAIL_DOMAINS)
        case Fake(kind=kind):
            yield from _not_among("kind", kind, tuple(FAKES))
        case Shift(days=days, subject=subject):
            if not _is_whole(days) or days < 1:
                yield f"days must be a whole number from 1 on, but is {days!r}."
            if subject is not None and subject not in labels:
                yield f"its subject {subject!r} is not a column of the plan."
        case Generalise():
            yield from _generalise_faults(action)


def _generalise_faults(action: Generalise) -> Iterator[str]:
    told = {name: value for name, value in asdict(action).items() if value not in (None, ())}
    if not told:
        yield "generalise needs one of low, high, edges, nearest, period, first."
    numbers = [told[name] for name in ("low", "high", "nearest") if name in told]
    if not isinstance(action.edges, tuple):
        yield f"{action.edges!r} is not a list of edges."
        return
    numbers += action.edges
    odd = [value for value in numbers if isinstance(value, bool) or not isinstance(value, (int, float))]
    if odd:
        yield f"{odd[0]!r} is not a number."
        return
    if action.low is not None and action.high is not None and action.low > action.high:
        yield f"low is {action.low}, above high, which is {action.high}."
    if any(one >= other for one, other in zip(action.edges, action.edges[1:], strict=False)):
        yield f"edges must rise, but are {list(action.edges)}."
    if action.nearest is not None and action.nearest <= 0:
        yield f"nearest must be above 0, but is {action.nearest}."
    if action.period is not None:
        yield from _not_among("period", action.period, PERIODS)
    if action.first is not None and (not _is_whole(action.first) or action.first < 0):
        yield f"first must be a whole number of characters, but is {action.first!r}."
    ways = [name for name in ("edges", "nearest", "period", "first") if name in told]
    if len(ways) > 1 or ({"period", "first"} & told.keys() and {"low", "high"} & told.keys()):
        yield f"{' and '.join(told)} cannot go together. Choose one."


def _not_among(name: str, value: object, known: Sequence[str]) -> Iterator[str]:
    if value not in known:
        yield f"{name} is {value!r}, but must be one of {', '.join(known)}."


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
