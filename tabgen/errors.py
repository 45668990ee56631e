"""What can go wrong, as one tree; every message is a sentence that says what to do.

TabgenError
├── TableError            a table cannot be read, written or used
├── SchemaError           a schema does not fit its table
│   └── ColumnRejected    an inference rule does not apply to a column
├── ConditionError        what is asked of a sample cannot be read or never happens
├── TrainingDiverged      the loss is no longer a finite number
├── ModelFileError        a model file or checkpoint is damaged, or of another version or fit
├── PlanError             a plan of substitution cannot be read, or does not fit its tables
├── KeyRefused            a secret key is absent, too short, or not the one of the plan
└── MissingExtra          an optional package is not installed
"""

from __future__ import annotations


class TabgenError(Exception):
    """Any error that tabgen raises on purpose."""


class TableError(TabgenError, ValueError):
    """A table cannot be read, written or used."""


class SchemaError(TabgenError, ValueError):
    """A schema does not fit its table."""


class ColumnRejected(SchemaError):
    """An inference rule does not apply to a column; the next rule is tried."""


class ConditionError(TabgenError, ValueError):
    """What is asked of a sample cannot be read, or never happens."""


class TrainingDiverged(TabgenError, RuntimeError):
    """The loss is no longer a finite number."""


class ModelFileError(TabgenError, ValueError):
    """A model file or a checkpoint is damaged, or of another version or fit."""


class PlanError(TabgenError, ValueError):
    """A plan of substitution cannot be read, or does not fit its tables."""


class KeyRefused(TabgenError, ValueError):
    """A secret key is absent, too short, or not the one of the plan."""


class MissingExtra(TabgenError, ImportError):
    """An optional package is not installed."""
