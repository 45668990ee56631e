"""Rows of codes to the parents of each token, and to smoothed tables of what they say of it.

Each token may have a few parents among the tokens before it. The first one is chosen as in a tree (Chow &
Liu 1968), the others for what they add to it. What parents say is added to the token's logits from the
start, as in a log-linear model fitted one factor at a time (Darroch & Ratcliff 1972), so that functional
dependencies, spikes that follow another column and values that are missing together hold from the first
step, and the network learns only what is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from tabgen.models.layers import MANY_TOKENS, CodeSpace

CHOICE_ROWS = 20_000  # rows that the choice of parents looks at ...
CROSSED_ROWS = 100_000  # ... where tokens may speak together: of each code there are few
CHOICE_PAIRS = 5_000  # with more pairs of tokens than this, it looks at fewer rows
CHOICE_CELLS = 300_000  # rows times codes that the choice of further parents looks at
GROUPS = 16  # neighbouring codes that weak relations are told of together
SWEEPS = 2  # times that each table is fitted again when all are there, of few tokens
ROUNDS = 5  # steps towards the counts of a pair of tokens, where other parents speak too
TABLE_CELLS = 1_000_000  # rows times codes that a table is fitted to, where other parents speak too
SMOOTHING = (0.1, 0.5, 2.0, 8.0, 32.0, 128.0)  # rows that the marginal law counts for, to choose from ...
CHOICE_SMOOTHING = SMOOTHING[1::2]  # ... and those by which parents are chosen
MOST_PARENTS = 4
SHORTLIST = 12  # best single predictors from which further parents are chosen
CLOSE = 0.03  # a gain that falls short of the best by this share of it is about as good
SURENESS = 1  # standard errors by which the nats that a parent saves on rows not seen must be above 0

Parents = tuple[tuple[int, ...], ...]
Said = list[tuple[int, np.ndarray]]  # parents of a token with their tables, (parent codes, codes)


def choose_parents(codes: np.ndarray, space: CodeSpace) -> Parents:
    """Return the parents of each token, the best one first; none where none helps.

    Parameters
    ----------
    codes : numpy.ndarray
        int32, shape ``(rows, tokens)``, in random or any order.
    space : CodeSpace
        The tokens.

    Returns
    -------
    tuple of tuple of int
        For each token at most ``MOST_PARENTS`` numbers of tokens before it; the first may be a cross.

    Examples
    --------
    >>> city = np.random.default_rng(0).integers(0, 6, 500)
    >>> codes = np.stack([city // 3, np.random.default_rng(1).integers(0, 4, 500), city], axis=1)
    >>> choose_parents(codes, CodeSpace((2, 4, 6), (False,) * 3, (-1,) * 3))
    ((), (), (0,))
    """
    tokens = len(space.cardinalities)
    rows = CROSSED_ROWS if space.crosses else CHOICE_ROWS
    rows = rows if tokens * (tokens - 1) / 2 <= CHOICE_PAIRS else rows // 4
    seen = space.with_crosses(codes[:: max(1, len(codes) // rows)])
    grains = [_grains(seen, token, space) for token in range(seen.shape[1])]
    return tuple(_choose(seen, grains, child, space) for child in range(tokens))


def _choose(codes: np.ndarray, grains: Sequence[Grains], child: int, space: CodeSpace) -> tuple[int, ...]:
    """Return the parents of one token, added as long as one is sure to help."""
    size = space.cardinalities[child]
    tokens = len(space.cardinalities)
    crosses = [tokens + k for k, own in enumerate(space.crosses) if max(own) < child]
    possible = [parent for parent in [*range(child), *crosses] if parent != space.gates[child]]
    told = np.flatnonzero(codes[:, child] != space.missing_codes[child])
    if len(told) < len(codes):
        codes, grains = codes[told], [_of_rows(grain, told) for grain in grains]
    own = grains[child]
    coarsely = {
        parent: _surely(gains_of(*_pairs(grains[parent], own)[-1], CHOICE_SMOOTHING))
        for parent in (possible if len(codes) else ())
    }
    best = sorted(coarsely, key=coarsely.__getitem__, reverse=True)[:SHORTLIST]
    alone = {
        parent: max(_surely(gains_of(*pair, CHOICE_SMOOTHING)) for pair in _pairs(grains[parent], own))
        for parent in best
    }
    chosen = [parent for parent in sorted(best, key=lambda p: -alone[p])[:1] if alone[parent] > 0]
    some = slice(None, None, max(1, len(codes) * size // CHOICE_CELLS))
    few, own = codes[some], _of_rows(own, some)
    left = [parent for parent in best if parent < tokens]  # few rows say nothing of a cross
    pairs = {parent: _pairs(_of_rows(grains[parent], some), own) for parent in left}
    said: Said = []
    while chosen and len(chosen) < MOST_PARENTS:
        said.append((chosen[-1], fit_table(few, child, chosen[-1], said, space)))
        laws = _laws(few, own[0].share, said)
        by_grain = [_sum_columns(laws, grain) for grain in own]
        gains = {
            parent: max(
                _surely(further_gains(*pair, law, CHOICE_SMOOTHING))
                for pair, law in zip(pairs[parent], by_grain, strict=False)  # or as it is alone
            )
            for parent in left
            if parent != chosen[-1]
        }
        left = sorted((p for p in gains if gains[p] > 0), key=lambda p: -gains[p])  # others will add no more
        if not left:
            break
        chosen.append(left[0])
    return tuple(chosen)


def _surely(gains: np.ndarray) -> float:
    """Return the best mean gain of the smoothings less its standard errors.

    Rounded, so that of two tokens that say the same the first is chosen on every machine.
    """
    mean, spread = gains
    return round(float((mean - SURENESS * spread).max()), 9)


@dataclass(frozen=True)
class Coarse:
    """Codes of a token and the group that each one is in: all apart, or neighbours together.

    Attributes
    ----------
    codes : numpy.ndarray
        Code of each row, shape ``(rows,)``.
    groups : numpy.ndarray
        Group of each code, shape ``(size,)``.
    """

    codes: np.ndarray
    groups: np.ndarray

    @cached_property
    def rows(self) -> np.ndarray:
        """Group of each row."""
        return self.codes if self.size == len(self.groups) else self.groups[self.codes]

    @property
    def size(self) -> int:
        """Number of groups."""
        return int(self.groups[-1]) + 1

    @cached_property
    def counts(self) -> np.ndarray:
        """Rows of each group, shape ``(size,)``."""
        return np.bincount(self.rows, minlength=self.size)

    @property
    def share(self) -> np.ndarray:
        """Law of the groups, shape ``(size,)``."""
        return (self.counts + 0.5) / (len(self.codes) + self.size / 2)

    def take(self, rows: slice | np.ndarray) -> Coarse:
        """Return the same of some of the rows."""
        return Coarse(self.codes[rows], self.groups)


Grains: TypeAlias = tuple[Coarse, Coarse]  # a token as it is, and coarsely


def _grains(codes: np.ndarray, token: int, space: CodeSpace) -> Grains:
    """Return a token as it is and with neighbouring codes in about ``GROUPS`` groups of equal weight.

    A missing value stays apart; codes in no order, and a cross, stay as they are.
    """
    own, size = codes[:, token], space.parent_sizes[token]
    fine = Coarse(own, np.arange(size))
    if token >= len(space.cardinalities) or not space.ordered[token] or space.sizes[token] <= GROUPS:
        return fine, fine
    groups, leaves = np.arange(size), space.sizes[token]
    weights = np.bincount(own, minlength=size)[:leaves] + 1e-9
    middle = (np.cumsum(weights) - weights / 2) / weights.sum()
    groups[:leaves] = np.unique(np.floor(middle * GROUPS), return_inverse=True)[1]
    groups[leaves:] = groups[leaves - 1] + 1
    return fine, Coarse(own, groups)


def _of_rows(grains: Grains, rows: slice | np.ndarray) -> Grains:
    """Return the same of some of the rows."""
    fine, coarse = grains
    some = fine.take(rows)
    return some, some if coarse is fine else coarse.take(rows)


def _pairs(parent: Grains, child: Grains) -> list[tuple[Coarse, Coarse]]:
    """Return a pair of tokens as it is and, where one of them has many codes in order, coarsely."""
    fine, coarse = zip(parent, child, strict=True)
    alike = all(one.size == other.size for one, other in zip(fine, coarse, strict=True))
    return [fine] if alike else [fine, coarse]


def gains_of(parent: Coarse, child: Coarse, smoothing: Sequence[float] = SMOOTHING) -> np.ndarray:
    """Return the nats a row that a parent saves, each row judged by the others.

    Parameters
    ----------
    parent, child : Coarse
        Two tokens, as fine as the parent is to tell them.
    smoothing : sequence of float
        Rows that the marginal law counts for.

    Returns
    -------
    numpy.ndarray
        Mean and standard error for each smoothing, shape ``(2, smoothings)``.
    """
    keys, possible = parent.rows.astype(np.int64) * child.size + child.rows, parent.size * child.size
    if possible <= 4 * len(keys):  # counting beats sorting
        counts = np.bincount(keys, minlength=possible)
        pairs = np.flatnonzero(counts)
        cells = counts[pairs]
    else:
        pairs, cells = np.unique(keys, return_counts=True)
    whole = parent.counts[pairs // child.size][:, None]
    share = child.share[pairs % child.size][:, None]
    smooth = np.array(smoothing)
    gains = np.log((cells[:, None] - 1 + smooth * share) / (whole - 1 + smooth) / share)
    mean = cells @ gains / cells.sum()
    return np.stack([mean, np.sqrt(cells @ (gains - mean) ** 2) / cells.sum()])


def further_gains(
    parent: Coarse, child: Coarse, laws: np.ndarray, smoothing: Sequence[float] = SMOOTHING
) -> np.ndarray:
    """Return what a parent saves beyond laws that others have made; see `gains_of`.

    Parameters
    ----------
    parent, child : Coarse
        Two tokens.
    laws : numpy.ndarray
        Probability of each group of the child in each row, shape ``(rows, groups)``.
    smoothing : sequence of float
        Rows that the laws count for.
    """
    order, blocks = _blocks(parent)
    laws = laws.take(order, axis=0)  # rows of one group side by side
    group, own = parent.rows[order], child.rows[order]
    observed, expected = _observed(parent, child), _sums(laws, blocks, parent.size)
    smooth, share = np.array(smoothing)[:, None], child.share
    means = np.empty((len(smoothing), len(own)), dtype=laws.dtype)  # of the ratios, under each row's law
    for place, block in blocks.items():
        ratios = (observed[place] + smooth * share) / (expected[place] + smooth * share)
        means[:, block] = ratios.astype(laws.dtype) @ laws[block].T
    place = group * child.size + own
    law = laws[np.arange(len(own)), own]
    own_share = (smooth * share).astype(laws.dtype).take(own, axis=1)  # numpy takes faster than it indexes
    others = observed.ravel()[place].astype(laws.dtype) - 1 + own_share
    others /= np.maximum(expected.ravel()[place].astype(laws.dtype) - law, 0) + own_share
    others /= means
    gains = np.log(others, out=others).astype(np.float64)  # (smoothings, rows)
    mean, square = gains.mean(axis=1), np.einsum("sr,sr->s", gains, gains) / len(own)
    return np.stack([mean, np.sqrt(np.maximum(square - mean**2, 0) / len(own))])


def fit_tables(codes: np.ndarray, child: int, parents: Sequence[int], space: CodeSpace) -> Said:
    """Return the parents of a token with their tables, each fitted to what the others leave."""
    said: Said = []
    for parent in parents if len(codes) else ():
        said.append((parent, fit_table(codes, child, parent, said, space)))
    sweeps = SWEEPS if len(space.cardinalities) <= MANY_TOKENS else 0
    for _ in range(sweeps if len(said) > 1 else 0):
        for turn, parent in enumerate(parents):
            if parent >= len(space.cardinalities):  # it was fitted to all rows, these are fewer
                continue
            others = [*said[:turn], *said[turn + 1 :]]
            said[turn] = parent, fit_table(codes, child, parent, others, space)
    return said


def fit_table(codes: np.ndarray, child: int, parent: int, said: Said, space: CodeSpace) -> np.ndarray:
    """Return what a parent adds to the log law of a token, smoothed as suits rows not seen.

    Parameters
    ----------
    codes : numpy.ndarray
        Rows in which the token is there, shape ``(rows, tokens)``, with a column more for each cross.
    child, parent : int
        Numbers of the two tokens.
    said : list of (int, numpy.ndarray)
        Parents before this one and their tables.
    space : CodeSpace
        The tokens.

    Returns
    -------
    numpy.ndarray
        float32, shape ``(parent codes, codes)``.
    """
    size = space.cardinalities[child]
    if said:  # the laws of all rows are held at once
        codes = codes[:: max(1, len(codes) * size // TABLE_CELLS)]
    own = _grains(codes, child, space)
    grains, share = _pairs(_grains(codes, parent, space), own), own[0].share
    laws = _laws(codes, share, said) if said else share[None, :]
    if said:
        few = slice(None, None, max(1, len(codes) * size // CHOICE_CELLS))
        gains = [
            further_gains(to.take(few), of.take(few), _sum_columns(laws[few], of))[0] for to, of in grains
        ]
    else:
        gains = [gains_of(*pair)[0] for pair in grains]
    grain = int(np.argmax(np.max(gains, axis=1)))
    to, of = grains[grain]
    # the weakest smoothing that is about as good as the best: the table says what the rows say
    best = gains[grain].max()
    smooth = SMOOTHING[int(np.argmax(gains[grain] >= best - CLOSE * abs(best)))]
    ratios = _fitted_ratios(_sum_columns(laws, of), to, of, smooth)
    return ratios[to.groups][:, of.groups].astype(np.float32)


def _fitted_ratios(laws: np.ndarray, parent: Coarse, child: Coarse, smooth: float) -> np.ndarray:
    """Return the logarithm of what the parent multiplies the laws by, shape ``(parent groups, groups)``.

    Parameters
    ----------
    laws : numpy.ndarray
        Law of each row without the parent, or one for all, shape ``(rows or 1, groups)``.
    parent, child : Coarse
        The two tokens.
    smooth : float
        Rows that the laws count for.
    """
    observed, share = _observed(parent, child), child.share
    many = observed.sum(axis=1, keepdims=True)
    order, blocks = _blocks(parent)
    alike = len(laws) == 1
    laws = laws if alike else laws.take(order, axis=0)
    expected = many * laws if alike else _sums(laws, blocks, parent.size)
    target = expected * (observed + smooth * share) / (expected + smooth * share)
    target *= many / np.maximum(target.sum(axis=1, keepdims=True), 1e-9)
    ratios = np.log(np.maximum(target, 1e-9) / np.maximum(expected, 1e-9))
    for _ in range(0 if alike else ROUNDS - 1):
        factors = np.exp(ratios).astype(laws.dtype)
        for place, block in blocks.items():
            weights = 1 / np.maximum(laws[block] @ factors[place], 1e-30)  # each row is a law again
            expected[place] = factors[place] * (weights @ laws[block])
        ratios += np.log(np.maximum(target, 1e-9) / np.maximum(expected, 1e-9))
    return ratios


def _laws(codes: np.ndarray, share: np.ndarray, said: Said) -> np.ndarray:
    """Return the probability of each code of a token in each row: float32, shape ``(rows, size)``."""
    weights = np.repeat(np.log(share)[None].astype(np.float32), len(codes), axis=0)
    for parent, table in said:
        weights += table[codes[:, parent]]
    weights = np.exp(weights - weights.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _observed(parent: Coarse, child: Coarse) -> np.ndarray:
    """Return how many rows have each pair of groups, shape ``(parent groups, groups)``."""
    pairs = parent.rows.astype(np.int64) * child.size + child.rows
    counts = np.bincount(pairs, minlength=parent.size * child.size)
    return counts.reshape(parent.size, child.size).astype(np.float64)


def _blocks(parent: Coarse) -> tuple[np.ndarray, dict[int, slice]]:
    """Return an order of rows in which those of one group stand side by side, and where each group stands."""
    few = np.uint16 if parent.size <= 2**16 else np.int64  # short numbers are sorted by counting
    order = np.argsort(parent.rows.astype(few), kind="stable")
    ends = np.cumsum(np.bincount(parent.rows, minlength=parent.size))
    starts = [0, *ends[:-1]]
    return order, {g: slice(a, b) for g, (a, b) in enumerate(zip(starts, ends, strict=True)) if a < b}


def _sums(laws: np.ndarray, blocks: Mapping[int, slice], groups: int) -> np.ndarray:
    """Return the sum of the laws of the rows of each parent group, shape ``(groups, codes)``."""
    sums, ones = np.zeros((groups, laws.shape[1])), np.ones(len(laws), dtype=laws.dtype)
    for place, block in blocks.items():
        sums[place] = ones[block] @ laws[block]  # numpy is slow to sum many short rows
    return sums


def _sum_columns(laws: np.ndarray, child: Coarse) -> np.ndarray:
    """Return the probability of each group in each row, shape ``(rows, groups)``."""
    if child.size == laws.shape[1]:
        return laws
    return laws @ np.eye(child.size, dtype=laws.dtype)[child.groups]
