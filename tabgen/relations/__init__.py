"""Rules between columns: a tidy frame to what a model learns, and drawn rows to rows that keep them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from tabgen.errors import SchemaError
from tabgen.jsonvalues import scalar_from_json, scalar_to_json
from tabgen.relations.combined import Combination, Unique
from tabgen.relations.copied import Copied
from tabgen.relations.derived import Determined, Increments, OneHot, Proportional, Total
from tabgen.relations.discovery import find_relations, infer_relations
from tabgen.relations.everywhere import rules_of
from tabgen.relations.ordered import Ordered
from tabgen.relations.predicate import Predicate
from tabgen.relations.relation import Relation
from tabgen.relations.rows import learn_relations, relate, unrelate

__all__ = [
    "Combination",
    "Copied",
    "Determined",
    "Increments",
    "OneHot",
    "Ordered",
    "Predicate",
    "Proportional",
    "Relation",
    "Total",
    "Unique",
    "find_relations",
    "infer_relations",
    "learn_relations",
    "relate",
    "relations_from_json",
    "relations_to_json",
    "rules_of",
    "unrelate",
]

KINDS = (Ordered, Determined, Total, Proportional, OneHot, Increments, Combination, Copied, Unique)
RELATIONS = {kind.__name__: kind for kind in KINDS}


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
