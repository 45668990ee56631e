"""Rows of codes to noisy counts of the pairs of tokens that say most, and to the tables that these imply.

Pairs are chosen and counted in rounds, each for what the ones before it leave unexplained, after the adaptive
measurements of McKenna et al. (2022, AIM). The counts become the tables of parents, a log-linear model fitted
by iterative scaling (Darroch & Ratcliff 1972) on rows that are drawn from the tables of the tokens before:
rows of the table are looked at for counts only, and only through noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse

from tabgen.models.layers import CodeSpace
from tabgen.models.loglinear import MOST_PARENTS, Parents, Said

GROUPS = 16  # most groups of the codes of a token in a pair
DRAWN = 30_000  # rows drawn to fit tables on, and to compare counts with
A_ROUND = 2  # most parents that a token gains in a round
PENALTY = 0.5  # of the noise that counting a pair would add, set against what it would tell
SWEEPS = 3  # times that each table is fitted, given the others
FLOOR = 0.02  # least share of what is expected that noisy counts may make of it
MEAN_SIZE = np.sqrt(2 / np.pi)  # mean size of a standard normal number


@dataclass
class NoisyTables:
    """What noisy counts say of tokens: their laws alone, and tables of what parents add.

    Attributes
    ----------
    space : CodeSpace
        The tokens.
    shares : list of numpy.ndarray
        Noisy law of each token where it is not missing, shape ``(codes,)``, 0 for the missing code.
    groups : list of numpy.ndarray
        Group of each code of each token in pairs, shape ``(codes,)``.
    counted : dict of (int, int) to numpy.ndarray
        Noisy counts of pairs of parent and child, shape ``(parent groups, child groups)``.
    spread : dict of (int, int) to float
        Standard deviation of their noise.
    ratios : dict of (int, int) to numpy.ndarray
        What the parent adds to the log law of the child, of the same shape.
    """

    space: CodeSpace
    shares: list[np.ndarray]
    groups: list[np.ndarray]
    counted: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)
    spread: dict[tuple[int, int], float] = field(default_factory=dict)
    ratios: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)

    def parents_of(self, child: int) -> list[int]:
        """Return the parents of a token, in the order in which they were chosen."""
        return [parent for parent, own in self.counted if own == child]

    @property
    def parents(self) -> Parents:
        """The parents of all tokens."""
        return tuple(tuple(self.parents_of(child)) for child in range(len(self.shares)))

    def said(self, child: int) -> Said:
        """Return the parents of a token with their tables, shape ``(parent codes, codes)`` each."""
        return [
            (p, self.ratios[p, child][self.groups[p]][:, self.groups[child]].astype(np.float32))
            for p in self.parents_of(child)
        ]


def measure(
    codes: np.ndarray,
    space: CodeSpace,
    counts: Sequence[np.ndarray],
    noise: Mapping[str, float],
    rng: np.random.Generator,
) -> NoisyTables:
    """Choose, count and fit pairs of tokens in two rounds.

    Parameters
    ----------
    codes : numpy.ndarray
        int32, shape ``(rows, tokens)``.
    space : CodeSpace
        The tokens.
    counts : sequence of numpy.ndarray
        Noisy counts of the codes of each token, 0 for a missing code that a gate decides.
    noise : mapping of str to float
        Noise multipliers of ``"first scores"``, ``"first pairs"``, ``"second scores"``, ``"second pairs"``.
    rng : numpy.random.Generator
        Source of the noise and of rows drawn.
    """
    shares = [np.maximum(c, 0) / max(float(np.sum(np.maximum(c, 0))), 1e-9) for c in counts]
    likely = noise["first pairs"] * np.sqrt(len(shares))  # of a pair, if each token gets one parent
    most = int(np.clip(np.sqrt(len(codes) / (2 * likely)), 2, GROUPS))
    groups = [_grouped(share, t, space, most) for t, share in enumerate(shares)]
    tables = NoisyTables(space, shares, groups)
    for turn in ("first", "second"):
        drawn = _fit(tables, rng)
        chosen = _choose(tables, codes, drawn, noise[f"{turn} scores"], noise[f"{turn} pairs"], rng)
        spread = noise[f"{turn} pairs"] * np.sqrt(max(len(chosen), 1))
        for pair in chosen:
            counted = _pair_counts(codes, *pair, tables)
            tables.counted[pair] = counted + spread * rng.standard_normal(counted.shape)
            tables.spread[pair] = spread
            tables.ratios[pair] = np.zeros(counted.shape)
    _fit(tables, rng)
    return tables


def _grouped(share: np.ndarray, token: int, space: CodeSpace, most: int) -> np.ndarray:
    """Put codes into groups of about equal noisy mass: neighbours if in order, else rare ones together."""
    size, leaves = len(share), space.sizes[token]
    groups = np.arange(size)
    if leaves > most and space.ordered[token]:
        middle = np.cumsum(share[:leaves]) - share[:leaves] / 2
        groups[:leaves] = np.unique(np.floor(middle * most), return_inverse=True)[1]
    elif leaves > most:
        rank = np.empty(size, dtype=np.int64)
        rank[np.argsort(-share, kind="stable")] = np.arange(size)
        groups = np.minimum(rank, most - 1)
    groups[leaves:] = groups[:leaves].max() + 1
    return groups


def _pair_counts(codes: np.ndarray, parent: int, child: int, tables: NoisyTables) -> np.ndarray:
    """Count groups of two tokens where the child is not missing by a gate: ``(parent groups, groups)``."""
    rows = tables.space.rows_with(codes, child)
    to, of = tables.groups[parent], tables.groups[child]
    keys = to[rows[:, parent]] * (of.max() + 1) + of[rows[:, child]]
    counts = np.bincount(keys, minlength=(to.max() + 1) * (of.max() + 1))
    return counts.reshape(to.max() + 1, of.max() + 1).astype(np.float64)


def _choose(
    tables: NoisyTables,
    codes: np.ndarray,
    drawn: np.ndarray,
    score_noise: float,
    pair_noise: float,
    rng: np.random.Generator,
) -> list[tuple[int, int]]:
    """Return the pairs whose counts differ most from those of drawn rows, as far as noise lets them tell.

    The distance of two sets of counts changes by at most one with a row; all are released at once.
    """
    gates = tables.space.gates
    pairs = [
        (parent, child)
        for child in range(len(gates))
        for parent in range(child)
        if parent != gates[child] and (parent, child) not in tables.counted
    ]
    scale = len(codes) / len(drawn)
    gains, cells = np.zeros(len(pairs)), np.zeros(len(pairs))
    for k, pair in enumerate(pairs):
        expected = scale * _pair_counts(drawn, *pair, tables)
        distance = np.abs(_pair_counts(codes, *pair, tables) - expected).sum()
        by_chance = MEAN_SIZE * np.sqrt(np.maximum(expected, 0) * (1 + scale)).sum()
        gains[k] = distance + score_noise * np.sqrt(len(pairs)) * rng.standard_normal() - by_chance
        cells[k] = expected.size
    best: list[tuple[int, int]] = []
    for many in range(min(A_ROUND * len(gates), len(pairs)), 0, -1):
        worth = gains - PENALTY * MEAN_SIZE * pair_noise * np.sqrt(many) * cells
        best = _strongest(pairs, worth, many, tables)
        if len(best) >= many:
            break
    return best


def _strongest(
    pairs: Sequence[tuple[int, int]], worth: np.ndarray, many: int, tables: NoisyTables
) -> list[tuple[int, int]]:
    """Return up to so many pairs of positive worth, few for each child."""
    best: list[tuple[int, int]] = []
    for k in np.argsort(-worth):
        parent, child = pairs[k]
        own = sum(c == child for _, c in best)
        if worth[k] > 0 and own < min(A_ROUND, MOST_PARENTS - len(tables.parents_of(child))):
            best.append((parent, child))
        if len(best) == many:
            break
    return best


def _fit(tables: NoisyTables, rng: np.random.Generator) -> np.ndarray:
    """Fit all tables on rows drawn from them, token after token; return these rows of codes."""
    space = tables.space
    drawn = np.zeros((DRAWN, len(tables.shares)), dtype=np.int32)
    for child, share in enumerate(tables.shares):
        gate, parents = space.gates[child], tables.parents_of(child)
        rows = np.flatnonzero(drawn[:, gate] == 0) if gate >= 0 else np.arange(DRAWN)
        base = np.log(np.maximum(share, 1e-9))
        seen = {parent: tables.groups[parent][drawn[rows, parent]] for parent in parents}
        for _ in range(SWEEPS if len(parents) > 1 else 1):
            for parent in parents:
                laws = _laws(base, seen, child, tables)
                _scale(laws, seen[parent], (parent, child), tables)
        laws = _laws(base, seen, child, tables) if parents else np.tile(share, (len(rows), 1))
        heap = np.cumsum(laws, axis=1)
        drawn[:, child] = space.missing_codes[child] if gate >= 0 else 0
        drawn[rows, child] = (heap[:, :-1] <= rng.random((len(rows), 1)) * heap[:, -1:]).sum(axis=1)
    return drawn


def _laws(base: np.ndarray, seen: Mapping[int, np.ndarray], child: int, tables: NoisyTables) -> np.ndarray:
    """Return the law of a token in each row, shape ``(rows, codes)``."""
    logits = base.astype(np.float32) + np.zeros((len(next(iter(seen.values()))), 1), dtype=np.float32)
    for parent, group in seen.items():
        wide = tables.ratios[parent, child][:, tables.groups[child]].astype(np.float32)
        logits += wide[group]
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _scale(laws: np.ndarray, group: np.ndarray, pair: tuple[int, int], tables: NoisyTables) -> None:
    """Take one step of scaling towards the noisy counts of a pair, as far as these can be believed."""
    ratios, counted, spread = tables.ratios[pair], tables.counted[pair], tables.spread[pair]
    rows = len(group)
    member = scipy.sparse.csr_matrix(
        (np.ones(rows, np.float32), (group, np.arange(rows))), (len(ratios), rows)
    )
    by_code = np.asarray(member @ laws, dtype=np.float64)
    of = tables.groups[pair[1]]
    expected = np.zeros_like(ratios)
    np.add.at(expected.T, of, by_code.T)
    drawn = np.bincount(group, minlength=len(ratios)) > 0  # of other groups no row says what is expected
    expected, counted = expected[drawn], counted[drawn]
    expected *= counted.sum(axis=1, keepdims=True).clip(1.0) / expected.sum(axis=1, keepdims=True).clip(1e-9)
    change = counted - expected
    # of each row of counts, the share that is no noise (James & Stein 1961)
    belief = 1 - spread**2 * counted.shape[1] / np.square(change).sum(axis=1, keepdims=True).clip(1e-9)
    target = np.maximum(expected + belief.clip(0) * change, FLOOR * expected)
    target *= expected.sum(axis=1, keepdims=True) / target.sum(axis=1, keepdims=True)
    ratios[drawn] += np.log(target.clip(1e-9) / expected.clip(1e-9))
