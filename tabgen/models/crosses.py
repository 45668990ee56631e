"""Columns that were laid out together to tokens that may speak together, such as year, month and day."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import prod

MOST_TOKENS = 3  # of a cross
MOST_CODES = 4_096  # of a cross
ROWS_A_CODE = 4  # that there must be at least
MOST_CROSSES = 64

Crosses = tuple[tuple[int, ...], ...]


def possible_crosses(families: Sequence[Sequence[int]], sizes: Sequence[int], rows: int) -> Crosses:
    """Return the tokens that may speak together to others, the fewest codes first.

    What follows from a day is told by no single one of year, month and day: only together they name it.
    To try all tokens with all others would take too long, so only families are tried.

    Parameters
    ----------
    families : sequence of sequence of int
        Tokens that together name rows or moments.
    sizes : sequence of int
        Codes of each token.
    rows : int
        Rows to learn from; a cross needs ``ROWS_A_CODE`` a code.

    Returns
    -------
    tuple of tuple of int
        Two or three tokens each, in order.

    Examples
    --------
    >>> possible_crosses([(0, 1, 2)], (5, 12, 31), 40_000)
    ((0, 1), (0, 2), (1, 2), (0, 1, 2))
    >>> possible_crosses([(0, 1, 2)], (5, 12, 31), 1_000)
    ((0, 1), (0, 2))
    """
    most = min(MOST_CODES, rows // ROWS_A_CODE)
    found = {
        (prod(sizes[t] for t in own), own)
        for family in families
        for many in range(2, MOST_TOKENS + 1)
        for own in combinations(sorted(family), many)
    }
    return tuple(own for codes, own in sorted(found) if codes <= most)[:MOST_CROSSES]


def keep_used(
    parents: tuple[tuple[int, ...], ...], crosses: Crosses
) -> tuple[tuple[tuple[int, ...], ...], Crosses]:
    """Leave out crosses that are nobody's parent and number the others anew.

    Parameters
    ----------
    parents : tuple of tuple of int
        Of each token; crosses are numbered after the tokens.
    crosses : tuple of tuple of int
        All that were tried.

    Examples
    --------
    >>> keep_used(((), (), (3, 0)), ((0, 1), (1, 2)))
    (((), (), (3, 0)), ((0, 1),))
    >>> keep_used(((), (), (4, 0)), ((0, 1), (1, 2)))
    (((), (), (3, 0)), ((1, 2),))
    """
    tokens = len(parents)
    used = sorted({parent for own in parents for parent in own if parent >= tokens})
    places = {**{token: token for token in range(tokens)}, **{p: tokens + i for i, p in enumerate(used)}}
    anew = tuple(tuple(places[parent] for parent in own) for own in parents)
    return anew, tuple(crosses[parent - tokens] for parent in used)
