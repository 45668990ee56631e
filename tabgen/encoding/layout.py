"""What the codes mean: one `Token` per small categorical variable, a `Layout` for the whole row."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

MISSING = "missing"  # the part that tells whether there is a value


@dataclass(frozen=True)
class Token:
    """One categorical variable of an encoded row.

    Attributes
    ----------
    column : Hashable
        Name of the column that the token belongs to.
    part : str
        What the token says of the column: ``"value"``, ``"year"``, ``"weekday"``, ..., or ``"missing"``:
        whether it has no value, 0 or 1.
    cardinality : int
        Number of codes; codes run from 0 to ``cardinality - 1``.
    ordered : bool
        Whether neighbouring codes mean neighbouring values.
    missing : bool
        Whether the last code stands for a missing value.
    """

    column: Hashable
    part: str
    cardinality: int
    ordered: bool
    missing: bool


@dataclass(frozen=True)
class Layout:
    """The tokens of an encoded row, in the order in which a model draws them.

    Attributes
    ----------
    tokens : tuple of Token
        Tokens of one column stand side by side.
    key : tuple of Hashable
        Columns that together name the rows; known while a table is learned, and not kept.

    Examples
    --------
    >>> layout = Layout((Token("sex", "value", 2, False, False), Token("age", "value", 74, True, True)))
    >>> len(layout), layout.cardinalities.tolist()
    (2, [2, 74])
    >>> layout.column_index.tolist()
    [0, 1]
    """

    tokens: tuple[Token, ...]
    key: tuple[Hashable, ...] = field(default=(), compare=False)

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def cardinalities(self) -> np.ndarray:
        """Number of codes of each token, shape ``(tokens,)``."""
        return np.array([token.cardinality for token in self.tokens], dtype=np.int64)

    @property
    def column_index(self) -> np.ndarray:
        """For each token the running number of its column, shape ``(tokens,)``."""
        numbers: dict[Hashable, int] = {}
        return np.array(
            [numbers.setdefault(token.column, len(numbers)) for token in self.tokens],
            dtype=np.int64,
        )

    @property
    def gates(self) -> tuple[int, ...]:
        """For each token the one that tells whether it is missing, -1 where none does."""
        told = {token.column: i for i, token in enumerate(self.tokens) if token.part == MISSING}
        return tuple(told.get(t.column, -1) if t.part != MISSING else -1 for t in self.tokens)

    @property
    def families(self) -> list[tuple[int, ...]]:
        """Tokens that together name something: a row of the table, or the moments of a column."""
        told: dict[Hashable, list[int]] = {}
        for place, token in enumerate(self.tokens):
            told.setdefault(token.column, []).extend([place] if token.part != MISSING else [])
        moments = [tuple(places) for name, places in told.items() if name not in self.key and len(places) > 1]
        rows = tuple(place for name in self.key for place in told[name])
        return [*moments, rows] if rows else moments

    def positions(self, column: Hashable) -> list[int]:
        """Where the tokens of a column stand in an encoded row."""
        return [i for i, token in enumerate(self.tokens) if token.column == column]
