"""Numbers to leaf codes and back: exact atoms for frequent values, narrow intervals in between."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tabgen.encoding.leaves import (
    Support,
    cell_ends,
    interpolate,
    is_lower_tail,
    is_upper_tail,
    knot_shares,
    leaf_knots,
    leaf_of_distinct,
    supported_leaves,
    unmark_knots,
)

ROWS_PER_LEAF = 25  # fewer rows than this teach a generator little about a leaf
FEWEST_LEAVES = 10
EXACT_LEVELS = 64  # this many different values stay exact where each is seen EXACT_ROWS times
EXACT_ROWS = 5
COARSEST = 3  # thousands are the coarsest rounding that is told apart
MAX_DECIMALS = 12
ANY = Support()
ENDINGS = 100  # endings of two digits
FREQUENT_ENDING = 0.03  # share of rows from which an ending is no chance
FEWEST_TURNS = 5  # times that a column must run through all endings for one to mean anything


def default_leaves(n: int) -> int:
    """Return how many leaves suit a column of ``n`` values.

    >>> default_leaves(500), default_leaves(30_000), default_leaves(1_000_000)
    (20, 128, 256)
    """
    return 256 if n >= 200_000 else int(np.clip(n // ROWS_PER_LEAF, FEWEST_LEAVES, 128))


@dataclass(frozen=True)
class NumericCodec:
    """A number as one leaf code, a missing value as the last code.

    Attributes
    ----------
    knots : numpy.ndarray
        Quantile function inside each leaf, shape ``(leaves, KNOTS)``; all equal for an atom.
    shares : numpy.ndarray
        Shares of the rows of a leaf at which its knots stand, shape ``(leaves, KNOTS)``; the rows before the
        first and behind the last one have the column's least and greatest value.
    step, offset : float or None
        Values are ``offset + k * step``; ``None`` for continuous values.
    decimals : int or None
        Digits after the point.
    missing : bool
        Whether the last code stands for a missing value.
    units : numpy.ndarray
        Roundings in use, from coarse to fine, shape ``(roundings,)``; empty for continuous values.
    roundness : numpy.ndarray
        Share of the rows of each leaf that are multiples of each unit, shape ``(leaves, roundings)``.
    endings : numpy.ndarray
        Last two digits in frequent use, as a price's .99, in units of the last digit, shape ``(endings,)``.
    ended : numpy.ndarray
        Share of the rows of each leaf that have each ending, shape ``(leaves, endings)``.
    """

    knots: np.ndarray
    shares: np.ndarray
    step: float | None
    offset: float
    decimals: int | None
    missing: bool
    units: np.ndarray
    roundness: np.ndarray
    endings: np.ndarray
    ended: np.ndarray

    @property
    def leaves(self) -> int:
        """Number of codes that stand for a number."""
        return len(self.knots)

    @property
    def cardinality(self) -> int:
        """Number of codes, the missing one included."""
        return self.leaves + self.missing

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Return the leaf of each value.

        Parameters
        ----------
        values : numpy.ndarray
            Shape ``(rows,)``, float64, NaN for missing.

        Returns
        -------
        numpy.ndarray
            int32 codes, shape ``(rows,)``. A value between two leaves goes to the nearer one.
        """
        edges = (self.knots[:-1, -1] + self.knots[1:, 0]) / 2
        codes = np.searchsorted(edges, values, side="right").astype(np.int32)
        return np.where(np.isnan(values), self.cardinality - 1, codes).astype(np.int32)

    def decode(self, codes: np.ndarray, rng: np.random.Generator, *, stratified: bool = True) -> np.ndarray:
        """Draw a value inside each leaf.

        Parameters
        ----------
        codes : numpy.ndarray
            Shape ``(rows,)``, int.
        rng : numpy.random.Generator
            Source of the draws.
        stratified : bool
            Whether the rows of a leaf share out its quantiles evenly, so that tails are as heavy as they
            were; False draws independently.

        Returns
        -------
        numpy.ndarray
            float64 values on the column's own grid, NaN for the missing code.
        """
        absent = codes >= self.leaves
        leaf = np.minimum(codes, self.leaves - 1)
        share = _even_shares(leaf, rng) if stratified else rng.random(len(codes))
        left = (share[:, None] >= self.shares[leaf, 1:-1]).sum(axis=1)
        low, high = self.knots[leaf, left], self.knots[leaf, left + 1]
        values = interpolate(low, high, self._way(share, leaf, left))
        if self.step is not None:
            least, most = values <= self.knots[0, 0], values >= self.knots[-1, -1]  # they stay as they are
            values = np.where(least | most, values, self._round(values, leaf, rng))
        if self.decimals is not None:
            values = np.round(values, self.decimals)
        # rounding must not turn an atom into its neighbour on the grid
        values = np.where(self.knots[leaf, 0] == self.knots[leaf, -1], self.knots[leaf, 0], values)
        values = np.clip(values, self.knots[leaf, 0], self.knots[leaf, -1])
        return np.where(absent, np.nan, values)

    def _way(self, share: np.ndarray, leaf: np.ndarray, left: np.ndarray) -> np.ndarray:
        """Return how far along from one knot to the next a share is: by ranks in a tail, else evenly."""
        begun, ended = self.shares[leaf, left], self.shares[leaf, left + 1]
        share = np.clip(share, begun, ended)
        way = (share - begun) / (ended - begun)
        with np.errstate(divide="ignore", invalid="ignore"):
            if is_upper_tail(self.shares[-1]):
                ranked = np.log((1 - share) / (1 - begun)) / np.log((1 - ended) / (1 - begun))
                way = np.where(leaf == self.leaves - 1, ranked, way)
            if is_lower_tail(self.shares[0]):
                way = np.where(leaf == 0, np.log(share / begun) / np.log(ended / begun), way)
        return way

    def _round(self, values: np.ndarray, leaf: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Put values on the grid, as many of them on round numbers as the leaf has."""
        step = self.units[-1]
        fine = self.offset + np.round((values - self.offset) / step) * step
        level = (rng.random(len(values))[:, None] >= self.roundness[leaf]).sum(axis=1)
        unit = self.units[np.minimum(level, len(self.units) - 1)]
        coarse = np.round(values / unit) * unit
        inside = (coarse >= self.knots[leaf, 0]) & (coarse <= self.knots[leaf, -1])
        rounded = np.where(inside & (level < len(self.units) - 1), coarse, fine)
        return self._end(rounded, leaf, rng) if len(self.endings) else rounded

    def _end(self, values: np.ndarray, leaf: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Give as many values a frequent ending as the leaf has."""
        digit = 10.0 ** -(self.decimals or 0)
        chosen = (rng.random(len(values))[:, None] >= np.cumsum(self.ended[leaf], axis=1)).sum(axis=1)
        ending = np.append(self.endings, 0)[chosen]
        priced = (np.round((values / digit - ending) / ENDINGS) * ENDINGS + ending) * digit
        inside = (priced >= self.knots[leaf, 0]) & (priced <= self.knots[leaf, -1])
        return np.where(inside & (chosen < len(self.endings)), priced, values)


def _even_shares(leaf: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return one draw from 0 to 1 a row: of the m rows of a leaf one in each m-th, in random order."""
    order = np.lexsort((rng.random(len(leaf)), leaf))
    rows = np.bincount(leaf)
    begun = np.cumsum(rows) - rows
    shares = np.empty(len(leaf))
    shares[order] = (np.arange(len(leaf)) - begun[leaf[order]] + rng.random(len(leaf))) / rows[leaf[order]]
    return shares


def fit_numeric(values: np.ndarray, leaves: int | None = None, support: Support = ANY) -> NumericCodec:
    """Learn the leaves of a column.

    A value seen at least ``n / (2 * leaves)`` times becomes an exact atom (spikes, zero inflation,
    sentinels); the runs between atoms are cut into intervals of about ``n / leaves`` rows. With no
    more distinct values than leaves, every value is an atom and the codec is lossless.

    Parameters
    ----------
    values : numpy.ndarray
        Shape ``(rows,)``, float64, NaN for missing; at least one number.
    leaves : int, optional
        Budget of leaves; by default chosen by the number of rows.
    support : Support
        Fewest rows of a leaf; by default one.

    Returns
    -------
    NumericCodec

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> values = np.r_[np.zeros(500), np.round(rng.lognormal(3, 1, 500), 2)]
    >>> codec = fit_numeric(values)
    >>> decoded = codec.decode(codec.encode(values), rng)
    >>> int((decoded == 0).sum()), bool(decoded.max() <= values.max())
    (500, True)
    """
    present = values[~np.isnan(values)]
    distinct, counts = np.unique(present, return_counts=True)
    n, leaves = len(present), leaves or default_leaves(len(present))
    exact = len(distinct) <= max(leaves, min(EXACT_LEVELS, n // EXACT_ROWS))
    group = np.arange(len(distinct)) if exact else leaf_of_distinct(counts, n, leaves)
    decimals = count_decimals(distinct)
    step = grid_step(distinct, decimals)
    if support.rows > 1:
        group = supported_leaves(group, counts, support)
        distinct, counts, group = distinct[group >= 0], counts[group >= 0], group[group >= 0]
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    stops = np.r_[starts[1:], len(distinct)]
    ends = None if step is not None else cell_ends(distinct)
    in_leaf = np.add.reduceat(counts, starts)[:, None]
    shares = knot_shares(in_leaf[:, 0], int(counts[0]), int(counts[-1]))
    leaf_rows = zip(starts.tolist(), stops.tolist(), shares, strict=True)
    knots = np.stack([leaf_knots(distinct, counts, start, stop, at, ends) for start, stop, at in leaf_rows])
    if support.rows > 1 and step is not None:
        knots = unmark_knots(knots, distinct, counts, step, support)
    units = _units(distinct, step, decimals)
    multiple = np.abs(np.round(distinct[:, None] / units) * units - distinct[:, None]) < 1e-6 * units
    endings = _endings(distinct, counts, step, decimals) if not exact else np.zeros(0)
    ends_so = _last_digits(distinct, decimals)[:, None] == endings
    ended = np.add.reduceat(counts[:, None] * ends_so, starts) / in_leaf
    others = counts * ~ends_so.any(axis=1)
    rows = np.add.reduceat(others[:, None] * np.c_[multiple, np.ones(len(distinct))], starts)
    roundness = rows[:, :-1] / np.maximum(rows[:, -1:], 1)
    offset, missing = float(distinct[0]), len(present) < len(values)
    return NumericCodec(knots, shares, step, offset, decimals, missing, units, roundness, endings, ended)


def count_decimals(values: np.ndarray) -> int | None:
    """Return the digits after the point that all values need, or None when they are continuous.

    >>> count_decimals(np.array([1.0, 2.5, 3.25])), count_decimals(np.array([1 / 3]))
    (2, None)
    """
    for decimals in range(MAX_DECIMALS + 1):
        if np.array_equal(np.round(values, decimals), values):
            return decimals
    return None


def _last_digits(values: np.ndarray, decimals: int | None) -> np.ndarray:
    """Return the last two digits of values, in units of the last digit."""
    return np.round(values * 10.0 ** (decimals or 0)) % ENDINGS


def _endings(
    distinct: np.ndarray, counts: np.ndarray, step: float | None, decimals: int | None
) -> np.ndarray:
    """Return the last two digits that are clearly more frequent than chance, but for whole numbers."""
    if step is None or decimals is None or round(step * 10.0**decimals) != 1:
        return np.zeros(0)
    digits = _last_digits(distinct, decimals).astype(np.int64)
    if np.ptp(distinct) * 10.0**decimals < FEWEST_TURNS * ENDINGS:
        return np.zeros(0)
    share = np.bincount(digits, counts, minlength=ENDINGS) / counts.sum()
    share[0] = 0  # round numbers have units of their own
    return np.flatnonzero(share >= FREQUENT_ENDING).astype(np.float64)


def _units(distinct: np.ndarray, step: float | None, decimals: int | None) -> np.ndarray:
    """Return the roundings that a column may use: tenfold ones on its grid, then the grid itself."""
    if step is None or decimals is None:
        return np.zeros(0)
    scale = 10.0**decimals
    grid, first = round(step * scale), round(distinct[0] * scale)
    if first % grid or max(abs(distinct[0]), abs(distinct[-1])) * scale >= 2**53:
        return np.array([step])
    powers = range(decimals + COARSEST, 0, -1)
    wholes = dict.fromkeys([*(math.lcm(grid, 10**power) for power in powers), grid])
    return np.array([whole / scale for whole in wholes])


def grid_step(distinct: np.ndarray, decimals: int | None) -> float | None:
    """Return the largest step such that every value is the first one plus a whole number of steps."""
    if decimals is None or len(distinct) < 2:
        return None
    scaled = np.round((distinct - distinct[0]) * 10.0**decimals)
    if scaled[-1] >= 2**53:
        return None
    return float(np.gcd.reduce(scaled.astype(np.int64)) / 10.0**decimals)
