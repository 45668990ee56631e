"""A tidy frame and Gaussian noise to a private `TableEncoder`, and the frame as far as that tells of it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import norm

from tabgen.encoding import CategoricalCodec, Codec, DatetimeCodec, NumericCodec, TableEncoder, lay_out
from tabgen.encoding.categorical import MAX_CODES
from tabgen.encoding.datetime import split_moments, ticks_per_second
from tabgen.encoding.layout import MISSING
from tabgen.encoding.leaves import KNOTS
from tabgen.encoding.numeric import count_decimals

LEAVES = 64  # most leaves of a column between its frequent values
CELLS = 512  # of a fine histogram
FEWEST_CELLS = 4  # of a power of two
POWERS = 127  # powers of two from 2**-127 to 2**127 that numbers may lie between
YEARS = (1678, 2262)  # that moments may lie in
CLEAR = 4.0  # standard deviations of noise from which a count is none of nothing: one of 30,000 counts
SOLID = 3.0  # standard deviations of noise that a leaf must hold
TAIL = 2.5  # standard deviations from which a tail of a histogram is there
PARTS = {"month": (1, 12), "day": (1, 31), "hour": (0, 23), "minute": (0, 59), "second": (0, 59)}
NARROW = 1e-9  # gap beside a frequent value between continuous ones, as a share of its size


@dataclass(frozen=True)
class PublicFacts:
    """What is public of a tidy frame.

    Attributes
    ----------
    levelled : frozenset of Hashable
        Categories all of whose levels are public.
    whole : frozenset of Hashable
        Columns whose dtype cannot hold a missing value.
    bounds : mapping of Hashable to (float, float)
        Bounds of numbers.
    """

    levelled: frozenset[Hashable]
    whole: frozenset[Hashable]
    bounds: Mapping[Hashable, tuple[float, float]]


@dataclass(frozen=True)
class PrivateNoise:
    """Noise multipliers of the three releases, and the chance with which a threshold may fail."""

    values: float
    magnitudes: float
    cells: float
    delta: float


@dataclass(frozen=True)
class PrivateEncoding:
    """What was released of the columns, and the frame in those terms.

    Attributes
    ----------
    encoder : TableEncoder
        The codecs.
    tidy : pandas.DataFrame
        The frame with kept levels only, numbered anew; a value that is not told of has become one that is.
        It is as private as the table was.
    counts : mapping of Hashable to numpy.ndarray
        For each column, part by part, noisy counts of its codes, the missing one left out.
    missing : mapping of Hashable to float
        Noisy shares of missing values.
    kept : mapping of Hashable to numpy.ndarray
        Numbers of the levels kept; none for a column that is left out.
    """

    encoder: TableEncoder
    tidy: pd.DataFrame
    counts: Mapping[Hashable, list[np.ndarray]]
    missing: Mapping[Hashable, float]
    kept: Mapping[Hashable, np.ndarray]

    def token_counts(self) -> list[np.ndarray]:
        """Return noisy counts of all codes of each token; 0 for a missing code that another token decides."""
        found, rows = [], len(self.tidy)
        parts = {name: iter(counts) for name, counts in self.counts.items()}
        for token, gate in zip(self.encoder.layout.tokens, self.encoder.layout.gates, strict=True):
            absent = rows * self.missing[token.column]
            if token.part == MISSING:
                found.append(np.array([max(rows - absent, 1.0), absent]))
            else:
                last = [absent if gate < 0 else 0.0] if token.missing else []
                found.append(np.r_[next(parts[token.column]), last])
        return found


def private_releases(tidy: pd.DataFrame, facts: PublicFacts) -> list[str]:
    """Return which releases there will be, by dtypes and public facts alone."""
    kinds = {name: tidy[name].dtype.kind for name in tidy}
    numbers = [name for name, kind in kinds.items() if kind == "f"]
    names = ["values"] if kinds else []
    names += ["magnitudes"] if any(name not in facts.bounds for name in numbers) else []
    return names + (["cells"] if any(kind in "fM" for kind in kinds.values()) else [])


def fit_private_encoder(
    tidy: pd.DataFrame, facts: PublicFacts, noise: PrivateNoise, rng: np.random.Generator
) -> PrivateEncoding:
    """Choose levels, leaves and whether values are missing by noisy counts.

    Parameters
    ----------
    tidy : pandas.DataFrame
        Columns of dtype float64, ``category`` or ``datetime64``.
    facts : PublicFacts
        What need not be found out.
    noise : PrivateNoise
        How much noise there is. Each release counts every row once a column: its noise grows with the root
        of their number.
    rng : numpy.random.Generator
        Source of the noise.

    Returns
    -------
    PrivateEncoding
    """
    names = list(tidy)
    spread = noise.values * np.sqrt(max(len(names), 1))
    unknown = sum(name not in facts.levelled and tidy[name].dtype.kind != "M" for name in names)
    chance = noise.delta / max(unknown, 1)
    threshold = 1 + spread * float(norm.isf(chance))
    seen = {name: _seen(tidy[name], name in facts.levelled, spread, threshold, rng) for name in names}
    missing = {}
    for name in names:
        count = float(tidy[name].isna().sum() + spread * rng.standard_normal())
        missing[name] = count if name not in facts.whole and count > CLEAR * spread else 0.0
    free = [name for name in names if tidy[name].dtype.kind == "f" and name not in facts.bounds]
    numbers = [name for name in names if tidy[name].dtype.kind == "f"]
    scale = noise.magnitudes * np.sqrt(max(len(free), 1))
    edges = {
        name: _cells_between(*facts.bounds[name]) if name in facts.bounds else
        _magnitudes(_others(tidy[name], seen[name][0]), scale, rng)
        for name in numbers
    }  # fmt: skip
    parts = {name: _parts_in_use(tidy[name]) for name in names if tidy[name].dtype.kind == "M"}
    scale = noise.cells * np.sqrt(max(len(numbers) + sum(map(len, parts.values())), 1))
    codecs: dict[Hashable, Codec] = {}
    counts, kept = {}, {}
    for name in names:
        absent = missing[name] > 0
        values, often = seen[name]
        if name in numbers:
            others, decimals = _others(tidy[name], values), _decimals(tidy[name])
            leaves, masses = _leaves(others, edges[name], decimals, len(tidy), scale, rng)
            codec, mass = _with_atoms(leaves, masses, values, often, decimals, absent)
            codecs[name], counts[name] = codec, [mass]
        elif name in parts:
            codecs[name], counts[name] = _fit_moments(tidy[name], parts[name], absent, scale, rng)
        else:
            kept[name] = values
            if len(values) and (len(values) > 1 or absent):
                ordered = bool(tidy[name].cat.ordered)
                codecs[name] = CategoricalCodec(np.arange(len(values)), often, ordered, absent)
                counts[name] = [often]
    own = {name: _settle(tidy[name], codecs[name], kept.get(name), counts[name], rng) for name in codecs}
    settled = pd.DataFrame(dict(enumerate(own.values())), index=tidy.index)
    settled.columns = pd.Index(list(own), tupleize_cols=False)
    shares = {name: min(count / max(len(tidy), 1), 1.0) for name, count in missing.items()}
    return PrivateEncoding(lay_out(codecs, settled), settled, counts, shares, kept)


def _seen(
    column: pd.Series, public: bool, spread: float, threshold: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return values with a noisy count above the threshold, ascending, or all that are public, and counts."""
    if column.dtype.kind == "M":
        return np.zeros(0), np.zeros(0)
    present = column.dropna()
    numbers = present.cat.codes if isinstance(present.dtype, pd.CategoricalDtype) else present
    values, counts = np.unique(numbers.to_numpy(), return_counts=True)
    if public:
        every = np.arange(len(column.cat.categories))
        counts = np.bincount(values, counts, minlength=len(every))
        return every, np.maximum(counts + spread * rng.standard_normal(len(every)), 1.0)
    noisy = counts + spread * rng.standard_normal(len(counts))
    clear = np.flatnonzero(noisy > threshold)
    clear = np.sort(clear[np.argsort(-noisy[clear])][:MAX_CODES])
    return values[clear], noisy[clear]


def _others(column: pd.Series, atoms: np.ndarray) -> np.ndarray:
    """Return the numbers that are not frequent values."""
    numbers = column.dropna().to_numpy()
    return numbers[~np.isin(numbers, atoms)]


def _magnitudes(values: np.ndarray, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Return edges of cells, more where powers of two hold more numbers: noisy counts tell."""
    power = np.frexp(np.abs(values))[1].clip(-POWERS, POWERS)  # abs(value) < 2 ** power
    bucket = np.where(values == 0, 0, np.sign(values) * (power + POWERS + 1)).astype(np.int64)
    last = 2 * POWERS + 1
    counts = np.bincount(bucket + last, minlength=2 * last + 1).astype(np.float64)
    counts += scale * rng.standard_normal(len(counts))
    clear = np.flatnonzero(counts > CLEAR * scale)
    if not len(clear):
        clear = np.array([counts.argmax()])
    first, stop = int(clear[0]), int(clear[-1]) + 1
    weights = np.where(counts[first:stop] > CLEAR * scale, counts[first:stop], 0)
    weights = weights / max(weights.sum(), 1.0)
    edges = [_bucket_ends(first - last)[:1]]
    for place, weight in zip(range(first, stop), weights, strict=True):
        low, high = _bucket_ends(place - last)
        edges.append(np.linspace(low, high, max(round(CELLS * weight), FEWEST_CELLS) + 1)[1:])
    return np.unique(np.concatenate(edges))


def _bucket_ends(bucket: int) -> np.ndarray:
    """Return between which numbers a bucket lies: those of one sign and power of two, or 0."""
    least = 2.0 ** (-POWERS - 1)
    if bucket == 0:
        return np.array([-least, least])
    high = 2.0 ** (abs(bucket) - POWERS - 1)
    ends = np.array([max(high / 2, least), high])
    return ends if bucket > 0 else -ends[::-1]


def _cells_between(low: float, high: float) -> np.ndarray:
    return np.linspace(low, high, CELLS + 1)


def _decimals(column: pd.Series) -> int | None:
    """Return the digits behind the point, which are public."""
    return count_decimals(np.unique(column.dropna().to_numpy()))


def _leaves(
    values: np.ndarray,
    edges: np.ndarray,
    decimals: int | None,
    rows: int,
    scale: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of leaves, shape ``(leaves, 2)``, and their noisy counts, from a fine histogram."""
    if decimals is not None:  # edges lie half-way between numbers that can be
        grid = 10.0**-decimals
        edges = np.unique((np.floor(edges / grid + 0.5) - 0.5) * grid)
        edges = edges if len(edges) > 1 else np.array([edges[0], edges[0] + grid])
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(place, minlength=len(edges) - 1) + scale * rng.standard_normal(len(edges) - 1)
    first, stop = _trimmed(counts, scale)
    ends, masses = _merged(counts[first:stop], max(rows / LEAVES, 1.0), scale)
    cuts = edges[first + np.r_[0, ends]]
    return np.stack([cuts[:-1], cuts[1:]], axis=1), masses


def _trimmed(counts: np.ndarray, scale: float) -> tuple[int, int]:
    """Return where a histogram begins and ends, tails without clear mass left out."""
    size = np.sqrt(np.arange(1, len(counts) + 1))
    upper = np.flatnonzero(np.cumsum(counts[::-1]) > TAIL * scale * size)
    lower = np.flatnonzero(np.cumsum(counts) > TAIL * scale * size)
    first, stop = (int(lower[0]), len(counts) - int(upper[0])) if len(lower) and len(upper) else (0, 0)
    return (first, stop) if first < stop else (0, len(counts))


def _merged(counts: np.ndarray, least: float, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Join neighbouring cells until each leaf has enough: return where leaves end, and their counts."""
    ends, masses, mass, size = [], [], 0.0, 0
    for place, count in enumerate(counts, start=1):
        mass, size = mass + count, size + 1
        if mass >= max(least, SOLID * scale * np.sqrt(size)):
            ends.append(place)
            masses.append(mass)
            mass, size = 0.0, 0
    if size and ends:  # what is left over joins the last leaf
        ends[-1], masses[-1] = len(counts), masses[-1] + mass
    elif size:
        ends, masses = [len(counts)], [mass]
    return np.array(ends, dtype=np.int64), np.maximum(masses, 1.0)


def _with_atoms(
    leaves: np.ndarray,
    masses: np.ndarray,
    atoms: np.ndarray,
    often: np.ndarray,
    decimals: int | None,
    absent: bool,
) -> tuple[NumericCodec, np.ndarray]:
    """Return the codec of leaves between frequent values, and the noisy counts of its codes."""
    ends, counts = [], []
    for (low, high), mass in zip(leaves, masses, strict=True):
        cuts = atoms[(atoms > low) & (atoms < high)]
        gap = NARROW * max(abs(low), abs(high)) if decimals is None else 0.5 * 10.0**-decimals
        pieces = np.stack([np.r_[low, cuts + gap], np.r_[cuts - gap, high]], axis=1)
        pieces = pieces[pieces[:, 1] - pieces[:, 0] > gap]  # room for a number
        width = np.ptp(pieces, axis=1)
        ends += pieces.tolist()
        counts += (mass * width / max(width.sum(), 1e-300)).tolist()
    ends += [[atom, atom] for atom in atoms]
    counts += often.tolist()
    bounds = np.array(ends, dtype=np.float64).reshape(-1, 2)
    order = np.lexsort((bounds[:, 1], bounds[:, 0]))
    return _codec(bounds[order], decimals, absent), np.maximum(np.array(counts)[order], 1.0)


def _codec(bounds: np.ndarray, decimals: int | None, absent: bool) -> NumericCodec:
    """Return a codec that draws evenly between the ends of each leaf."""
    even = np.linspace(0, 1, KNOTS)
    knots = np.linspace(bounds[:, 0], bounds[:, 1], KNOTS, axis=1)
    grid = None if decimals is None else 10.0**-decimals
    units = np.zeros(0) if grid is None else np.array([grid])
    return NumericCodec(
        knots=knots,
        shares=np.tile(even, (len(knots), 1)),
        step=grid,
        offset=0.0,
        decimals=decimals,
        missing=absent,
        units=units,
        roundness=np.ones((len(knots), len(units))),
        endings=np.zeros(0),
        ended=np.zeros((len(knots), 0)),
    )


def _parts_in_use(column: pd.Series) -> list[str]:
    """Return the calendar parts that moments are told by, which are public as decimals are."""
    split = split_moments(column.dropna().to_numpy())
    return ["year", "month", "day", *(p for p in ("hour", "minute", "second", "fraction") if split[p].any())]


def _fit_moments(
    column: pd.Series, parts: list[str], absent: bool, scale: float, rng: np.random.Generator
) -> tuple[DatetimeCodec, list[np.ndarray]]:
    """Return the codec of moments, and the noisy counts of the codes of each part."""
    moments = column.dropna().to_numpy()
    unit = str(np.datetime_data(column.dtype)[0])
    split, codecs, counts = split_moments(moments), {}, []
    for part in parts:
        low, high = {"year": YEARS, "fraction": (0, ticks_per_second(unit) - 1), **PARTS}[part]
        edges = np.linspace(low - 0.5, high + 0.5, min(high - low + 1, 2 * CELLS) + 1)
        leaves, masses = _leaves(split[part], edges, 0, len(column), scale, rng)
        codecs[part] = _codec(leaves, 0, absent)
        counts.append(masses)
    years = np.round(codecs["year"].knots[[0, -1], [0, -1]] + 0.5).astype(np.int64) - 1970
    ends = (
        years.astype("datetime64[Y]").astype(f"datetime64[{unit}]").astype(np.int64)
    )  # the last one excluded
    constants = {part: 0.0 for part in ("hour", "minute", "second", "fraction") if part not in parts}
    return DatetimeCodec(codecs, constants, unit, (int(ends[0]), int(ends[1]) - 1)), counts


def _settle(
    column: pd.Series,
    codec: Codec,
    kept: np.ndarray | None,
    counts: list[np.ndarray],
    rng: np.random.Generator,
) -> pd.Series:
    """Return a column in which whatever the codec cannot tell is drawn from what it can."""
    draw = partial(_drawn, codec=codec, counts=counts, rng=rng)
    if kept is None:
        lost = column.isna() & (not codec.missing)
        return column.where(~lost, pd.Series(draw(len(column)), index=column.index)) if lost.any() else column
    numbers = np.full(len(column.cat.categories) + 1, len(kept))  # the last one for missing values
    numbers[kept] = np.arange(len(kept))
    numbers[-1] = -1 if codec.missing else len(kept)
    own = numbers[column.cat.codes.to_numpy()]
    own = np.where(own == len(kept), draw(len(column)), own)
    levels = pd.CategoricalDtype(range(len(kept)), ordered=bool(column.cat.ordered))
    return pd.Series(pd.Categorical.from_codes(own, dtype=levels), index=column.index)


def _drawn(rows: int, codec: Codec, counts: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Return values drawn by noisy counts."""
    codes = [rng.choice(len(part), rows, p=part / part.sum()) for part in counts]
    if isinstance(codec, DatetimeCodec):
        return codec.decode(np.stack(codes, axis=1), rng)
    return codec.decode(codes[0], rng)
