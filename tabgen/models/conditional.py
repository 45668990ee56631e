"""A fitted model and what rows must hold to rows of codes that hold it, under the model's own law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from tabgen.models.guided import HIGH, LOW, GuidedModel, choice_within, systematic_choice

CANDIDATES, MOST_CANDIDATES = 3, 12  # rows drawn for each row wanted: more where few of them count
FIRST_CANDIDATES = 2  # ... and to tell what ranged tokens hold
LEAST_COUNT = 2.4  # candidates that count, on average (Kong 1992)
FIRST_POOL, MOST_POOL = 1.5, 4.0  # rows of one pool for each row wanted, where all rows are asked the same
LEAST_POOL, RANGED_POOL = 500, 2_000  # rows of a pool at least, and of one that only tells ranged tokens
LOST = 0.06  # of a pool's weight that no row stands for, if none is chosen twice
MOST_FACTOR = 20.0  # by how much a weight may exceed the mean: no single row may stand for many
ROWS_AT_ONCE = 20_000  # rows wanted of one pool


@dataclass(frozen=True)
class Proposer:
    """A fitted model, asked for rows in which only some codes are allowed.

    Attributes
    ----------
    generator : keras.Model
        Draws candidates.
    judge : TreeDiscriminator or None
        Tells how much likelier each is to be real.
    allowed : mapping of int to numpy.ndarray or None
        For some tokens a boolean a code: whether it may be drawn where it is no evidence.
    rng : numpy.random.Generator
        Source of all draws.
    """

    generator: Any
    judge: Any
    allowed: Mapping[int, np.ndarray] | None
    rng: np.random.Generator

    def draw(self, evidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return a candidate for each row of evidence, and its log weight under the law of both networks."""
        codes, log_weights = self.generator.propose(evidence, self.allowed, self.rng)
        if self.judge is not None:
            log_weights = log_weights + np.clip(self.judge.log_ratio(codes), LOW, HIGH)
        return codes, log_weights


def draw_given(
    model: Any,
    evidence: np.ndarray,
    *,
    allowed: Mapping[int, np.ndarray] | None = None,
    ranged: Sequence[int] = (),
    alike: bool = False,
    seed: int | np.random.SeedSequence | None = None,
) -> np.ndarray:
    """Draw rows of codes that keep evidence, and hold only codes that are allowed.

    The generator proposes candidates that hold what is asked and tells how much likelier each is under its
    own law than it was to be proposed; the discriminator, if any, how much likelier it is to be real.
    Candidates are chosen by the product (sampling importance resampling, Rubin 1988): one of each row's own,
    or, where all rows are asked the same, from one pool. Where too few candidates would count, what ranged
    tokens hold is drawn first, so that it can be evidence for all others.

    Parameters
    ----------
    model : keras.Model
        A fitted model, guided or not.
    evidence : numpy.ndarray
        Codes to keep, shape ``(rows, tokens)``, -1 where one is to be drawn.
    allowed : mapping of int to numpy.ndarray, optional
        For some tokens a boolean a code: whether it may be drawn where it is no evidence.
    ranged : sequence of int
        Tokens of ``allowed`` that more than one code is asked of.
    alike : bool
        Whether the evidence is the same in all rows, which are then in random order.
    seed : int or numpy.random.SeedSequence, optional
        Seed of the draws.

    Returns
    -------
    numpy.ndarray
        int32, shape ``(rows, tokens)``.
    """
    rng, guided = np.random.default_rng(seed), isinstance(model, GuidedModel)
    generator, judge = (model.generator, model.discriminator) if guided else (model, None)
    proposer = Proposer(generator, judge, allowed, rng)
    draw = _draw_alike if alike else _draw_each
    starts = range(0, len(evidence), ROWS_AT_ONCE)
    drawn = [draw(proposer, evidence[start : start + ROWS_AT_ONCE], ranged) for start in starts]
    return np.concatenate([evidence[:0].astype(np.int32), *drawn])


def _draw_each(proposer: Proposer, wanted: np.ndarray, ranged: Sequence[int]) -> np.ndarray:
    """Draw rows of which each is asked something else: one of its own candidates."""
    if len(ranged):
        repeated = np.repeat(wanted, FIRST_CANDIDATES, axis=0)
        codes, log_weights = proposer.generator.propose(repeated, proposer.allowed, proposer.rng)
        shares = softmax(log_weights.reshape(len(wanted), -1), axis=1)
        wanted = _with_ranged(wanted, codes[choice_within(shares, proposer.rng)], ranged)
    codes, log_weights = _candidates(proposer, wanted)
    return codes[choice_within(softmax(log_weights, axis=1), proposer.rng)]


def _draw_alike(proposer: Proposer, wanted: np.ndarray, ranged: Sequence[int]) -> np.ndarray:
    """Draw rows of which all are asked the same: any candidate may stand for any of them."""
    codes, weights, enough = _pool(proposer, wanted, len(ranged) > 0)
    if not enough:
        told = _with_ranged(wanted, codes[_drawn_by(weights, len(wanted), proposer.rng)], ranged)
        codes, weights = _grouped(proposer, told)
    return codes[systematic_choice(codes, weights, len(wanted), proposer.generator.space, proposer.rng)]


def _pool(proposer: Proposer, wanted: np.ndarray, ranged: bool) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return candidates of which any may stand for any row, their weights, and whether they are enough.

    There are as many as it takes for nearly all weight to be stood for by rows of its own. Where that would
    be too many, and ranged tokens can be drawn first instead, they are as many as tell what those hold.
    """
    n, enough = len(wanted), True
    rows = max(int(FIRST_POOL * n), LEAST_POOL)
    codes, log_weights = wanted[:0].astype(np.int32), np.zeros(0)
    while rows > len(codes):
        more, logs = proposer.draw(np.repeat(wanted[:1], rows - len(codes), axis=0))
        codes, log_weights = np.concatenate([codes, more]), np.concatenate([log_weights, logs])
        weights = _weights(log_weights)
        needed = _rows_needed(weights)
        enough = not (ranged and needed > MOST_POOL)
        least = max(FIRST_CANDIDATES * n, RANGED_POOL)
        rows = int(np.ceil(min(needed, MOST_CANDIDATES) * n)) if enough else least
    return codes, weights, enough


def _grouped(proposer: Proposer, told: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return candidates of rows, of which those with the same evidence stand for each other, and weights."""
    repeated = np.repeat(told, CANDIDATES, axis=0)
    group = np.unique(repeated, axis=0, return_inverse=True)[1].ravel()  # numpy 2.0 adds an axis
    rounds: list[tuple[np.ndarray, np.ndarray]] = []
    while True:
        rounds.append(proposer.draw(repeated))
        log_weights = np.concatenate([logs for _, logs in rounds])
        weights = _even_weights(log_weights, np.tile(group, len(rounds)))
        if CANDIDATES * len(rounds) >= min(_rows_needed(weights), MOST_CANDIDATES):
            return np.concatenate([codes for codes, _ in rounds]), weights


def _rows_needed(weights: np.ndarray) -> float:
    """Return of how many rows one must be chosen, each once at most, for little weight to be lost."""
    heaviest = np.sort(weights / weights.mean())[::-1]
    lost = np.cumsum(heaviest) - np.arange(1, len(weights) + 1) * heaviest
    return float(heaviest[np.searchsorted(lost, LOST * len(weights), side="right") - 1])


def _candidates(proposer: Proposer, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return candidates of each row wanted, side by side, and their log weights: ``(rows, candidates)``."""
    each = np.zeros((len(wanted), 0, wanted.shape[1]), dtype=np.int32)
    log_weights = np.zeros((len(wanted), 0))
    while each.shape[1] < MOST_CANDIDATES:
        more = max(each.shape[1], CANDIDATES)
        codes, logs = proposer.draw(np.repeat(wanted, more, axis=0))
        each = np.concatenate([each, codes.reshape(len(wanted), more, -1)], axis=1)
        log_weights = np.concatenate([log_weights, logs.reshape(len(wanted), more)], axis=1)
        shares = softmax(log_weights, axis=1)
        if np.mean(1 / np.square(shares).sum(axis=1)) >= LEAST_COUNT:
            break
    return each.reshape(-1, wanted.shape[1]), log_weights


def _drawn_by(weights: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return numbers of ``n`` rows of a pool, drawn by weight, in random order."""
    order = rng.permutation(len(weights))
    heap = np.cumsum(weights[order])
    marks = (np.arange(n) + rng.random()) / n * heap[-1]
    return order[rng.permutation(np.minimum(np.searchsorted(heap, marks), len(order) - 1))]


def _even_weights(log_weights: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return weights in proportion to exponentials within each group, and even between groups' rows."""
    top = np.full(group.max() + 1, -np.inf)
    np.maximum.at(top, group, log_weights)
    weights = np.exp(log_weights - top[group])
    weights *= (np.bincount(group) / np.bincount(group, weights))[group]
    return np.minimum(weights, MOST_FACTOR) + 1e-12


def _with_ranged(wanted: np.ndarray, drawn: np.ndarray, ranged: Sequence[int]) -> np.ndarray:
    """Return rows of evidence in which ranged tokens hold what was drawn, unless they are known."""
    full = wanted.copy()
    for token in ranged:
        full[:, token] = np.where(wanted[:, token] < 0, drawn[:, token], wanted[:, token])
    return full


def _weights(log_weights: np.ndarray) -> np.ndarray:
    """Return weights in proportion to exponentials, none far above the mean."""
    weights = softmax(log_weights) * len(log_weights)
    return np.minimum(weights, MOST_FACTOR) + 1e-12
