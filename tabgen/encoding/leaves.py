"""Distinct values and their counts to leaves, and to the quantile function inside each leaf."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

KNOTS = 9  # points of the quantile function kept inside each interval
ROWS_PER_KNOT = 5  # fewer rows than this per knot would come close to storing the rows themselves
FEWEST_IN_TAIL = 20  # rows of an outermost leaf from which its tail has knots of its own


@dataclass(frozen=True)
class Support:
    """How many rows a leaf must have at least, so that none tells of a single person.

    Attributes
    ----------
    rows : int
        Fewest rows of a leaf, and of a value that is stored as it is.
    ends : bool
        Whether the least and the greatest value are stored nevertheless.
    """

    rows: int = 1
    ends: bool = True


def leaf_of_distinct(counts: np.ndarray, n: int, leaves: int) -> np.ndarray:
    """Return a leaf number for each distinct value, in order."""
    atom = counts >= n / (2 * leaves)
    run = np.cumsum(atom)  # number of the run of non-atoms that a value belongs to
    mass = np.where(atom, 0, counts)
    total = np.bincount(run, mass, minlength=run[-1] + 1)
    before = np.cumsum(mass) - mass
    begun = np.concatenate([[0.0], np.cumsum(total)[:-1]])
    middle = (before - begun[run] + mass / 2) / np.maximum(total[run], 1)
    pieces = np.maximum(1, np.round(total * leaves / n))
    piece = np.where(atom, -1, np.floor(middle * pieces[run]))
    change = (np.diff(run) != 0) | (np.diff(piece) != 0)
    return np.concatenate([[0], np.cumsum(change)])


def interpolate(low: np.ndarray, high: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Go a share of the way from low to high: on a log scale where the way is long.

    >>> interpolate(np.array([0.0, 1.0]), np.array([10.0, 100.0]), np.array([0.5, 0.5])).tolist()
    [5.0, 10.0]
    """
    steep = (low > 0) & (high > 2 * low)
    ratio = np.divide(high, low, out=np.ones_like(high), where=steep)
    return np.where(steep, low * ratio**share, low + (high - low) * share)


def knot_shares(in_leaf: np.ndarray, least: int, greatest: int) -> np.ndarray:
    """Return where in each leaf its knots stand, shape ``(leaves, KNOTS)``.

    Knots are even, but those of the two tails come closer towards the extreme, which itself has as many
    rows as it had. There the last ``ROWS_PER_KNOT`` rows are halved on a scale of ranks, on which a long
    tail is straight (Pareto 1896).

    Parameters
    ----------
    in_leaf : numpy.ndarray
        Rows of each leaf, shape ``(leaves,)``.
    least, greatest : int
        Rows that have the extremes.
    """
    shares = np.tile(np.linspace(0, 1, KNOTS), (len(in_leaf), 1))
    if len(in_leaf) > 1 and in_leaf[0] >= FEWEST_IN_TAIL:
        shares[0] = 1 - _tail_shares(in_leaf[0])[::-1]
    if len(in_leaf) > 1 and in_leaf[-1] >= FEWEST_IN_TAIL:
        shares[-1] = _tail_shares(in_leaf[-1])
    shares[0, 0] = min(least / in_leaf[0], shares[0, 1] / 2)
    shares[-1, -1] = max(1 - greatest / in_leaf[-1], (1 + shares[-1, -2]) / 2)
    return shares


def leaf_knots(
    distinct: np.ndarray,
    counts: np.ndarray,
    start: int,
    stop: int,
    at: np.ndarray,
    ends: np.ndarray | None,
) -> np.ndarray:
    """Return the quantile function of the leaf from ``start`` to ``stop`` at the given shares.

    Of continuous values none but the extremes is kept: quantiles run between the ends of the cells
    that lie around the values.
    """
    values, counts = distinct[start:stop], counts[start:stop]
    if len(values) == 1:
        return np.full(KNOTS, values[0])
    n = int(counts.sum())
    upper, lower = is_upper_tail(at), is_lower_tail(at)
    at = np.r_[0, at[1:-1], 1]
    if upper or lower:
        told = np.r_[_told_tail(n), 1]
        shares = told if upper else 1 - told[::-1]
    else:
        shares = np.linspace(0, 1, int(np.clip(n // ROWS_PER_KNOT + 1, 2, KNOTS)))
    if ends is not None:
        low, high = ends[0, start], ends[1, stop - 1]
        edges = np.r_[low, (values[1:] + values[:-1]) / 2, high]
        quantiles = np.interp(shares, np.r_[0, np.cumsum(counts)] / n, edges)
    else:
        quantiles = np.interp(shares, (np.cumsum(counts) - counts / 2) / n, values)
        quantiles[0], quantiles[-1] = values[0], values[-1]
    knots = np.interp(at, shares, quantiles)
    if upper:
        knots[-2] = interpolate(knots[-3:-2], knots[-1:], np.array([0.5]))[0]
    if lower:
        knots[1] = (knots[0] + knots[2]) / 2
    return knots


def _tail_shares(rows: int) -> np.ndarray:
    """Return where the knots of the upper tail stand, shape ``(KNOTS,)``; see `knot_shares`."""
    left = ROWS_PER_KNOT / rows  # share of the rows beyond the last knot but one
    told = _told_tail(rows)
    inner = np.interp(np.linspace(0, len(told) - 1, KNOTS - 2), np.arange(len(told)), told)
    return np.r_[inner, 1 - left / np.sqrt(ROWS_PER_KNOT), 1]


def _told_tail(rows: int) -> np.ndarray:
    """Return the shares of the upper tail whose quantiles are kept, each twice as rare as the one before."""
    left = ROWS_PER_KNOT / rows
    pieces = int(np.clip(round(np.log2(1 / left)), 1, KNOTS - 3))
    return 1 - left ** np.linspace(0, 1, pieces + 1)


def is_upper_tail(shares: np.ndarray) -> bool:
    """Tell whether the knots of a leaf come closer towards its upper end."""
    return bool(shares[-2] - shares[-3] < shares[1] - shares[0])


def is_lower_tail(shares: np.ndarray) -> bool:
    """Tell whether the knots of a leaf come closer towards its lower end."""
    return bool(shares[2] - shares[1] < shares[-1] - shares[-2])


def cell_ends(distinct: np.ndarray) -> np.ndarray:
    """Return where the cell of each value begins and ends, shape ``(2, values)``.

    A cell reaches half-way to its nearer neighbour on both sides, so that a gap stays a gap; the
    extremes are the ends of all.
    """
    if len(distinct) < 2:
        return np.stack([distinct, distinct])
    gaps = np.diff(distinct)
    reach = np.minimum(np.r_[gaps[0], gaps], np.r_[gaps, gaps[-1]]) / 2
    low, high = distinct - reach, distinct + reach
    low[0], high[-1] = distinct[0], distinct[-1]
    return np.stack([low, high])


def supported_leaves(group: np.ndarray, counts: np.ndarray, support: Support) -> np.ndarray:
    """Return the leaf of each distinct value such that none has too few rows, -1 for values of no leaf.

    Neighbouring leaves of few rows are joined. What is too few even so has no leaf, and its rows go to the
    nearest one; at both ends it keeps its own where the support says so.

    Parameters
    ----------
    group : numpy.ndarray
        Leaf of each distinct value, ascending from 0, shape ``(values,)``.
    counts : numpy.ndarray
        Rows of each distinct value, shape ``(values,)``.
    support : Support
        Fewest rows of a leaf.

    Examples
    --------
    >>> counts = np.array([9, 2, 9, 3, 3, 1, 1])
    >>> supported_leaves(np.arange(7), counts, Support(5)).tolist()
    [0, -1, 1, 2, 2, 2, 2]
    """
    rows = np.bincount(group, counts)
    few = rows < support.rows
    if not few.any():
        return group
    label = np.arange(len(rows))
    bounds = np.flatnonzero(np.diff(np.r_[False, few, False]))
    for start, stop in bounds.reshape(-1, 2):
        begun, held = start, 0.0
        for leaf in range(start, stop):
            label[leaf] = begun
            held += rows[leaf]
            if held >= support.rows and leaf + 1 < stop:
                begun, held = leaf + 1, 0.0
        if held < support.rows and begun > start:  # the rest joins the leaf before it
            label[begun:stop] = label[begun - 1]
        elif held < support.rows and not (support.ends and (start == 0 or stop == len(rows))):
            label[start:stop] = -1
    if (label < 0).all():
        label[:] = 0
    found, renumbered = np.unique(label, return_inverse=True)
    return (renumbered - int(found[0] < 0))[group]


def unmark_knots(
    knots: np.ndarray, distinct: np.ndarray, counts: np.ndarray, step: float, support: Support
) -> np.ndarray:
    """Return knots none of which is a value of too few rows, as long as there is a place beside it.

    Knots inside a leaf move half-way to the next value. The ends of a leaf must be values that the column
    may hold: they move up to a third of the way to the next leaf.

    Parameters
    ----------
    knots : numpy.ndarray
        Shape ``(leaves, KNOTS)``.
    distinct, counts : numpy.ndarray
        The values and their rows, shape ``(values,)``.
    step : float
        Step between values that the column may hold.
    support : Support
        Fewest rows of a value that is stored as it is.
    """
    at = np.minimum(np.searchsorted(distinct, knots), len(distinct) - 1)
    marked = (distinct[at] == knots) & (counts[at] < support.rows)
    if support.ends:
        marked[0, 0] = marked[-1, -1] = False
    below, above = distinct[np.maximum(at - 1, 0)], distinct[np.minimum(at + 1, len(distinct) - 1)]
    moved = (knots + np.where(above > knots, above, below)) / 2
    moved[:, 0] = knots[:, 0] - np.floor((knots[:, 0] - below[:, 0]) / step / 3 + 1e-6) * step
    moved[:, -1] = knots[:, -1] + np.floor((above[:, -1] - knots[:, -1]) / step / 3 + 1e-6) * step
    return np.where(marked, moved, knots)
