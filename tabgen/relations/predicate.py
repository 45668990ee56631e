"""A rule that can only be asked of whole rows: rows that break it are drawn again, the last resort."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from tabgen.errors import SchemaError
from tabgen.relations.relation import refuse

ROUNDS = 20  # times that rows are drawn again
MOST_AT_ONCE = 10  # times as many rows as are wanted that are drawn again in one turn, for memory's sake
LEAST_RATE = 0.01  # share of rows that keep the rules from which a draw is planned; rarer ones take longer


@dataclass(frozen=True)
class Predicate:
    """A rule of your own about rows, told by a function; rows that break it are drawn again.

    A rule that can be written as a `Relation` with a forward and an inverse costs nothing and always
    holds; this one costs a draw for each row that breaks it.

    Attributes
    ----------
    test : callable
        Takes a table in the columns, dtypes and look of the training table; returns a boolean a row.
    text : str
        The rule as a line of text.
    columns : tuple of Hashable
        Labels of the columns that it is about; only for people to read.
    support : int
        Rows of the training table.
    advice : str
        What to do where too few rows keep the rule.

    Examples
    --------
    >>> rule = Predicate(lambda frame: frame["a"] + frame["b"] <= 10, "a + b <= 10")
    >>> rule.holds(pd.DataFrame({"a": [4, 8], "b": [5, 3]})).tolist()
    [True, False]
    """

    test: Callable[[pd.DataFrame], Any]
    text: str = "a rule of your own"
    columns: tuple[Hashable, ...] = ()
    support: int = 0
    advice: str = "Loosen it, or write it as a relation with a forward and an inverse."

    def holds(self, frame: pd.DataFrame) -> np.ndarray:
        """Return whether each row keeps the rule, shape ``(rows,)``; a missing answer is no.

        Raises
        ------
        SchemaError
            If the function fails, or does not answer with one boolean a row.
        """
        try:
            answer = np.asarray(self.test(frame), dtype=object)
        except Exception as error:
            raise SchemaError(
                f"The function of the relation {self.text!r} fails ({type(error).__name__}: {error}). "
                f"It gets a table of the columns {list(frame.columns)}."
            ) from error
        if answer.shape != (len(frame),):
            raise SchemaError(
                f"The function of the relation {self.text!r} returned answers of shape {answer.shape} for "
                f"{len(frame)} rows. Let it return one boolean a row."
            )
        return np.where(pd.isna(answer), False, answer).astype(bool)

    def check(self, frame: pd.DataFrame) -> None:
        """Refuse a training table that breaks the rule."""
        refuse(~self.holds(frame), self)

    def learn(self, tidy: pd.DataFrame) -> Predicate:
        """Return the rule with its support."""
        return replace(self, support=len(tidy))

    def forward(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame as it is."""
        return tidy

    def inverse(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame as it is."""
        return tidy

    def describe(self) -> str:
        """Return the rule as a line of text."""
        return self.text


def draw_until(
    n: int,
    draw: Callable[[int], pd.DataFrame],
    finish: Callable[[pd.DataFrame], pd.DataFrame],
    look: Callable[[pd.DataFrame], pd.DataFrame],
    predicates: Sequence[Predicate],
) -> pd.DataFrame:
    """Draw rows until enough of them keep every predicate.

    Parameters
    ----------
    n : int
        Rows wanted.
    draw : callable
        Takes a number of rows, returns them tidy.
    finish : callable
        Puts all rows drawn so far in the form that the other relations ask for.
    look : callable
        Returns tidy rows as the table that predicates are asked about.
    predicates : sequence of Predicate
        The rules.

    Returns
    -------
    pandas.DataFrame
        ``n`` tidy rows.

    Raises
    ------
    SchemaError
        If too few rows keep the rules.
    """
    rows, old = finish(draw(n)), 0  # rows kept from before come first
    for left in reversed(range(ROUNDS)):
        table = look(rows)
        held = np.stack([predicate.holds(table) for predicate in predicates], axis=1)
        kept, new = rows[held.all(axis=1)], held[old:]
        if len(kept) >= n:
            return kept.iloc[:n].reset_index(drop=True)
        if left:
            old = len(kept)
            ask = int(np.ceil(1.2 * (n - old) / max(new.all(axis=1).mean(), LEAST_RATE)))
            more = draw(min(ask, MOST_AT_ONCE * n))
            rows = finish(pd.concat([kept, more], ignore_index=True))
    worst = predicates[int(new.mean(axis=0).argmin())]
    raise SchemaError(
        f"The relation {worst.text!r} held in {new.mean(axis=0).min():.1%} of the rows of the last of "
        f"{ROUNDS} draws, and {n - len(kept):,} of {n:,} rows are still missing. {worst.advice}"
    )
