"""How the values of a table are protected, and what that changed: frozen facts, to JSON and back."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from tabgen.jsonvalues import scalar_from_json, scalar_to_json


@dataclass(frozen=True)
class Protection:
    """How the values of a table are kept from the model that learns it.

    Nothing that the model stores is then told by fewer than ``rows`` rows, in the sense of statistical
    disclosure control (Hundepool et al. 2012): no level, no word of a text, no entry of a rule's table and
    no leaf of a number; with ``extremes`` neither its least and greatest value. It is no differential
    privacy: what the model says of many rows is not disturbed.

    Parameters
    ----------
    rows : int, default=5
        Fewest rows that must share what is stored, 2 or more. A rarer level disappears, and its rows take
        over the level of a similar row: the nearest one of ordered levels, otherwise that of a row drawn
        at random among those that agree in the columns which a rule ties to it. So the column keeps its
        look and its share of missing values. Where most rows have rare levels, texts and whole numbers are
        made up as those of keys are; levels of other dtypes become missing.
    extremes : bool, default=False
        Whether the ``rows`` greatest values of a number or moment become one, half-way to the next, and the
        least likewise. By default both extremes stay, since cutting a long tail is plain to see.
    categories : bool, default=False
        Whether the names of rare categories also leave a pandas category dtype, which then is another one.
        By default they stay as its declaration, though no row has them.
    columns : mapping of Hashable to Protection or None
        Columns with a protection of their own; None leaves one as it is.

    Raises
    ------
    ValueError
        If a parameter is of another kind.

    Examples
    --------
    >>> import pandas as pd
    >>> from tabgen import TabularGAN
    >>> pay = [k % 20 for k in range(119)] + [10**9]
    >>> frame = pd.DataFrame({"town": ["Rome"] * 60 + ["Oslo"] * 59 + ["Zwolle"], "pay": pay})
    >>> gan = TabularGAN(protection=Protection(extremes=True), epochs=1, random_state=0).fit(frame)
    >>> gan.schema_.columns[0].levels
    ('Oslo', 'Rome')
    >>> gan.sample(200, seed=0)["pay"].max() <= 19
    np.True_
    """

    rows: int = 5
    extremes: bool = False
    categories: bool = False
    columns: Mapping[Hashable, Protection | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.rows, bool) or not isinstance(self.rows, int | np.integer) or self.rows < 2:
            raise ValueError(f"rows must be a whole number from 2 on, but is {self.rows!r}.")
        for field_name in ("extremes", "categories"):
            if not isinstance(getattr(self, field_name), bool):
                value = getattr(self, field_name)
                raise ValueError(f"{field_name} must be True or False, but is {value!r}.")
        for name, own in self.columns.items():
            if own is not None and (not isinstance(own, Protection) or own.columns):
                raise ValueError(
                    f"columns must give {name!r} None or a Protection without columns, but gives {own!r}."
                )

    def of(self, name: Hashable) -> Protection | None:
        """Return the protection of a column."""
        return self.columns.get(name, self)


@dataclass(frozen=True)
class Change:
    """What protection did to a column or to a rule.

    Attributes
    ----------
    where : Hashable
        Label of the column, or the rule in words.
    what : str
        What was done.
    values, rows : int
        How many values, levels or entries it concerns, and how many rows of the training table.
    """

    where: Hashable
    what: str
    values: int
    rows: int


@dataclass(frozen=True)
class ProtectionLog:
    """The protection that a table got, None where it got none, and what it did."""

    protection: Protection | None = None
    changes: tuple[Change, ...] = ()

    def facts(self) -> dict[str, str]:
        """Return the log as named lines."""
        if self.protection is None:
            return {"protection": "none"}
        own = self.protection
        ends, names = ("coded" if own.extremes else "kept"), ("gone" if own.categories else "kept")
        text = f"nothing of fewer than {own.rows} rows; extremes {ends}; names in category dtypes {names}"
        lines = {"protection": text}
        for name, one in own.columns.items():
            lines[f"protection: {name}"] = ProtectionLog(one).facts()["protection"]
        for change in self.changes:
            text = f"{change.values:,} {change.what} ({change.rows:,} rows)"
            before = lines.get(f"protected: {change.where}")
            lines[f"protected: {change.where}"] = text if before is None else f"{before}; {text}"
        return lines


def protection_to_json(protection: Protection | str | None) -> Any:
    """Return a protection as a JSON value.

    >>> protection_to_json(Protection(columns={"town": None}))
    {'rows': 5, 'extremes': False, 'categories': False, 'columns': [['town', None]]}
    """
    if protection is None or isinstance(protection, str):
        return protection
    own = [[scalar_to_json(name), protection_to_json(one)] for name, one in protection.columns.items()]
    facts = {"extremes": protection.extremes, "categories": protection.categories, "columns": own}
    return {"rows": int(protection.rows), **facts}


def protection_from_json(value: Any) -> Protection | str | None:
    """Return the protection that `protection_to_json` made a JSON value of."""
    if value is None or isinstance(value, str):
        return value
    own = {scalar_from_json(name): protection_from_json(one) for name, one in value["columns"]}
    return Protection(value["rows"], value["extremes"], value["categories"], own)  # type: ignore[arg-type]


def log_to_json(log: ProtectionLog) -> dict[str, Any]:
    """Return a log as a JSON value."""
    changes = [{**asdict(change), "where": scalar_to_json(change.where)} for change in log.changes]
    return {"protection": protection_to_json(log.protection), "changes": changes}


def log_from_json(value: Mapping[str, Any]) -> ProtectionLog:
    """Return the log that `log_to_json` made a JSON value of."""
    changes = [
        Change(**{**change, "where": scalar_from_json(change["where"])}) for change in value["changes"]
    ]
    return ProtectionLog(protection_from_json(value["protection"]), tuple(changes))  # type: ignore[arg-type]
