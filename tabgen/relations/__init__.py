"""Rules between columns: a tidy frame to what a model learns, and drawn rows to rows that keep them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pandas as pd

from tabgen.errors import SchemaError
from tabgen.relations.derived import Determined, OneHot, Proportional, Total
from tabgen.relations.discovery import find_relations
from tabgen.relations.ordered import Ordered, put_in_order
from tabgen.relations.relation import Relation
from tabgen.schema import scalar_from_json, scalar_to_json

__all__ = [
    "Determined",
    "OneHot",
    "Ordered",
    "Proportional",
    "Relation",
    "Total",
    "find_relations",
    "relate",
    "relations_from_json",
    "relations_to_json",
    "unrelate",
]

RELATIONS = {kind.__name__: kind for kind in (Ordered, Determined, Total, Proportional, OneHot)}


def relate(tidy: pd.DataFrame, relations: Sequence[Relation]) -> pd.DataFrame:
    """Return what a model learns: the frame with every rule's own columns put into its form.

    Parameters
    ----------
    tidy : pandas.DataFrame
        From `tabgen.cleaning.clean`.
    relations : sequence of Relation
        Fitted rules.

    Examples
    --------
    >>> tidy = pd.DataFrame({"net": [1.0, 2.0], "tax": [0.5, 0.25], "gross": [1.5, 2.25]})
    >>> rules = [Total(("net", "tax"), "gross").learn(tidy)]
    >>> list(relate(tidy, rules))
    ['net', 'tax']
    >>> unrelate(relate(tidy, rules), rules).equals(tidy)
    True
    """
    for relation in relations:
        tidy = relation.forward(tidy)
    return tidy


def unrelate(drawn: pd.DataFrame, relations: Sequence[Relation]) -> pd.DataFrame:
    """Return drawn rows to rows that keep every rule: the inverse of `relate`.

    Parameters
    ----------
    drawn : pandas.DataFrame
        Rows in the form of `relate`.
    relations : sequence of Relation
        The same rules.
    """
    orders = [relation for relation in relations if isinstance(relation, Ordered)]
    drawn = put_in_order(drawn, orders)
    for relation in reversed(relations):
        if not isinstance(relation, Ordered):
            drawn = relation.inverse(drawn)
    return drawn


def relations_to_json(relations: Sequence[Relation]) -> list[dict[str, Any]]:
    """Return fitted rules as a JSON value.

    Raises
    ------
    SchemaError
        If a rule is not one of tabgen's own kinds.
    """
    records = []
    for relation in relations:
        kind = type(relation)
        if kind not in RELATIONS.values():
            raise SchemaError(
                f"The relation {relation.describe()!r} is of class {kind.__name__}, which a model file "
                "cannot hold. Use one of tabgen's own relations, or keep the model in memory."
            )
        facts = {f.name: scalar_to_json(getattr(relation, f.name)) for f in fields(relation)}  # type: ignore[arg-type]
        records.append({"kind": kind.__name__, **facts})
    return records


def relations_from_json(records: Sequence[dict[str, Any]]) -> tuple[Relation, ...]:
    """Return the rules that `relations_to_json` made a JSON value of."""
    return tuple(
        RELATIONS[record["kind"]](**{k: scalar_from_json(v) for k, v in record.items() if k != "kind"})
        for record in records
    )
