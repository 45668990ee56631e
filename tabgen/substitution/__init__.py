"""A real table and a plan to the same table with its sensitive data replaced; nothing is stored."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, cast

import pandas as pd

from tabgen.errors import KeyRefused, PlanError
from tabgen.profiling import need_frame
from tabgen.substitution.detection import propose_plan
from tabgen.substitution.fakes import fake
from tabgen.substitution.generalising import generalise, shift, suppress_rare
from tabgen.substitution.keys import SecretKey, need_key, new_key, read_key, write_key
from tabgen.substitution.plan import (
    KEYED,
    ColumnPlan,
    Drop,
    Fake,
    Generalise,
    Keep,
    Plan,
    Pseudonymise,
    Shift,
    Synthesise,
    TablePlan,
)
from tabgen.substitution.pseudonyms import pseudonymise

if TYPE_CHECKING:
    from tabgen.synthesizer import TabularGAN

__all__ = [
    "ColumnPlan",
    "Drop",
    "Fake",
    "Generalise",
    "Keep",
    "Plan",
    "Pseudonymise",
    "SecretKey",
    "Shift",
    "Synthesise",
    "TablePlan",
    "fake",
    "generalise",
    "new_key",
    "propose_plan",
    "pseudonymise",
    "read_key",
    "shift",
    "substitute",
    "suppress_rare",
    "write_key",
]

Frames = Mapping[str, pd.DataFrame]


def substitute(
    tables: pd.DataFrame | Frames,
    plan: Plan,
    *,
    key: SecretKey | None = None,
    gan: TabularGAN | None = None,
    seed: int | None = None,
) -> pd.DataFrame | dict[str, pd.DataFrame]:
    """Replace the sensitive data of one or several tables.

    Columns of one kind, or of one key space, get one mapping in all tables and in every run with the same
    key, so that what referred to each other still does.

    Parameters
    ----------
    tables : pandas.DataFrame or mapping of str to pandas.DataFrame
        One table, or several by name; they are not modified.
    plan : Plan
        What becomes of each column; `propose_plan` makes a first one.
    key : SecretKey, optional
        What decides pseudonyms, fakes and shifts; needed where the plan has any.
    gan : TabularGAN, optional
        A model, not yet fitted, for columns that are synthesised; by default
        ``TabularGAN(random_state=seed)``.
    seed : int, optional
        Seed of synthesised values; None takes fresh entropy. Nothing else is random.

    Returns
    -------
    pandas.DataFrame or dict of str to pandas.DataFrame
        As the tables, with the same index, dtypes and order of columns, without those that are dropped.

    Raises
    ------
    PlanError
        If the plan does not fit the tables, or a column cannot be treated as planned.
    KeyRefused
        If a key is needed but absent, or is not the one that the plan was made with.
    MissingExtra
        If an action needs a package that is not installed.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": [1007, 1038], "email": ["ann@web.de", "bob@web.de"]})
    >>> orders = pd.DataFrame({"customer_id": [1038, 1007, 1038], "total": [20.5, 9.0, 12.25]})
    >>> both = {"customers": customers, "orders": orders}
    >>> key = SecretKey(bytes(range(32)))
    >>> plan = Plan({
    ...     "customers": TablePlan((
    ...         ColumnPlan("customer_id", Pseudonymise("number")), ColumnPlan("email", Pseudonymise("email")),
    ...     )),
    ...     "orders": TablePlan((
    ...         ColumnPlan("customer_id", Pseudonymise("number")), ColumnPlan("total", Keep()),
    ...     )),
    ... })
    >>> fresh = substitute(both, plan, key=key)
    >>> bool(fresh["orders"]["customer_id"].isin(fresh["customers"]["customer_id"]).all())
    True
    """
    if not isinstance(plan, Plan):
        raise PlanError(f"The plan is a {type(plan).__name__}. Make one with propose_plan or Plan.from_json.")
    if not isinstance(tables, Mapping):
        need_frame(tables)
        if len(plan.tables) != 1:
            raise PlanError(
                f"The plan has {len(plan.tables)} tables, {list(plan.tables)}, but one was given. "
                "Pass them by name."
            )
        (name,) = plan.tables
        return substitute({name: tables}, plan, key=key, gan=gan, seed=seed)[name]
    faults = plan.check(tables)
    if faults:
        raise PlanError(faults[0])
    _check_key(plan, key)
    fakes = _fakes(tables, plan, key)
    return {
        name: _substitute_table(frame, plan.tables[name], fakes[name], key, gan, seed)
        for name, frame in tables.items()
    }


def _check_key(plan: Plan, key: SecretKey | None) -> None:
    """Refuse an absent or wrong key."""
    keyed = [column for table in plan.tables.values() for column in table.of(*KEYED)]
    if keyed and key is None:
        raise KeyRefused(
            f"The plan says {type(keyed[0].action).__name__.lower()} for column {keyed[0].column!r}, which "
            "needs a key. Make one with: tabgen key FILE, and pass it (--key-file FILE, key=read_key(FILE))."
        )
    if key is not None:
        need_key(key)
        if plan.key_check is not None:
            key.must_match(plan.key_check)


def _fakes(tables: Frames, plan: Plan, key: SecretKey | None) -> dict[str, dict[Hashable, pd.Series]]:
    """Return the faked columns of all tables; those that share a mapping are faked together."""
    groups: dict[Fake, list[tuple[str, Hashable]]] = {}
    for name, table in plan.tables.items():
        for column in table.of(Fake):
            groups.setdefault(cast(Fake, column.action), []).append((name, column.column))
    faked: dict[str, dict[Hashable, pd.Series]] = {name: {} for name in tables}
    for action, places in groups.items():
        columns = [tables[name][label] for name, label in places]
        fresh = fake(columns, action.kind, cast(SecretKey, key), action.locale, action.key_space)
        for (name, label), values in zip(places, fresh, strict=True):
            faked[name][label] = values
    return faked


def _substitute_table(
    frame: pd.DataFrame,
    plan: TablePlan,
    fakes: Mapping[Hashable, pd.Series],
    key: SecretKey | None,
    gan: TabularGAN | None,
    seed: int | None,
) -> pd.DataFrame:
    fresh = dict(fakes)
    if plan.of(Synthesise):
        from tabgen.substitution.synthesis import synthesise

        drawn = [column.column for column in plan.of(Synthesise)]
        given = [column.column for column in plan.of(Keep, Generalise)]
        fresh |= synthesise(frame, drawn, given, gan, seed)
    for column in plan.columns:
        values = frame[column.column]
        match column.action:
            case Keep():
                fresh[column.column] = values
            case Pseudonymise() as action:
                fresh[column.column] = pseudonymise(
                    values, action.kind, cast(SecretKey, key), action.key_space, action.email_domain
                )
            case Generalise() as action:
                fresh[column.column] = generalise(values, **asdict(action))
            case Shift() as action:
                subjects = None if action.subject is None else frame[action.subject]
                fresh[column.column] = shift(
                    values, action.days, cast(SecretKey, key), subjects, action.key_space
                )
    labels = [label for label in frame.columns if label in fresh]
    result = pd.concat([fresh[label] for label in labels], axis=1) if labels else frame[labels].copy()
    result.columns = frame.columns[[label in fresh for label in frame.columns]]
    return suppress_rare(result, plan.together, plan.anonymity) if plan.anonymity else result
