"""Synthetic tables that look, behave and model like the real one and hold nobody's data."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tabgen.chunks import SQLQuery
    from tabgen.errors import (
        ConditionError,
        KeyRefused,
        MissingExtra,
        ModelFileError,
        PlanError,
        SchemaError,
        TabgenError,
        TableError,
        TrainingDiverged,
    )
    from tabgen.inference import infer_schema
    from tabgen.privacy import DifferentialPrivacy
    from tabgen.protection import Protection
    from tabgen.relations import infer_relations
    from tabgen.schema import Column, Schema
    from tabgen.substitution import propose_plan, substitute
    from tabgen.synthesizer import TabularGAN

__version__ = "0.1.0"
__all__ = [
    "Column",
    "ConditionError",
    "DifferentialPrivacy",
    "KeyRefused",
    "MissingExtra",
    "ModelFileError",
    "PlanError",
    "Protection",
    "SQLQuery",
    "Schema",
    "SchemaError",
    "TabgenError",
    "TableError",
    "TabularGAN",
    "TrainingDiverged",
    "__version__",
    "infer_relations",
    "infer_schema",
    "propose_plan",
    "substitute",
]

_HOMES = {
    "Column": "schema",
    "DifferentialPrivacy": "privacy",
    "Protection": "protection",
    "SQLQuery": "chunks",
    "Schema": "schema",
    "TabularGAN": "synthesizer",
    "infer_relations": "relations",
    "infer_schema": "inference",
    "propose_plan": "substitution",
    "substitute": "substitution",
}


def __getattr__(name: str) -> Any:
    """Import public names when they are first used, so that ``import tabgen`` stays quick."""
    if name not in __all__:
        raise AttributeError(f"module 'tabgen' has no attribute {name!r}")
    return getattr(import_module(f"tabgen.{_HOMES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return __all__
