"""A fitted model and what rows must hold to rows of codes that hold it, under the model's own law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import softmax

from tabgen.models.guided import HIGH, LOW, GuidedModel, choice_within, systematic_choice

CANDIDATES, MOST_CANDIDATES = 3, 12  # rows drawn for each row wanted: more where few of them count
LEAST_COUNT = 2.4  # candidates that count, on average (Kong 1992)
FIRST_POOL = 2  # rows drawn for each row wanted to tell what ranged tokens hold ...
LEAST_POOL = 2_000  # ... and at least so many in all
MOST_FACTOR = 20.0  # by how much a weight may exceed the mean: no single row may stand for many
ROWS_AT_ONCE = 20_000  # rows wanted of one pool


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
    own law than it was to be proposed; the discriminator, if any, how much likelier it is to be real. One
    candidate is chosen by the product (sampling importance resampling, Rubin 1988). What ranged tokens
    hold is drawn first, so that it can be evidence for all others.

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
    rng = np.random.default_rng(seed)
    guided = isinstance(model, GuidedModel)
    generator, judge = (model.generator, model.discriminator) if guided else (model, None)
    drawn = [evidence[:0].astype(np.int32)]
    for start in range(0, len(evidence), ROWS_AT_ONCE):
        wanted = evidence[start : start + ROWS_AT_ONCE].copy()
        if len(ranged):
            _draw_first(generator, wanted, allowed, ranged, rng, alike)
        codes, log_weights = _candidates(generator, judge, wanted, allowed, rng)
        if alike and not len(ranged):
            weights = _weights(log_weights.ravel())
            chosen = systematic_choice(codes, weights, len(wanted), generator.space, rng)
        else:
            chosen = choice_within(softmax(log_weights, axis=1), rng)
        drawn.append(codes[chosen])
    return np.concatenate(drawn)


def _candidates(
    generator: Any,
    judge: Any,
    wanted: np.ndarray,
    allowed: Mapping[int, np.ndarray] | None,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return candidates of each row wanted, side by side, and their log weights: ``(rows, candidates)``."""
    each = np.zeros((len(wanted), 0, wanted.shape[1]), dtype=np.int32)
    log_weights = np.zeros((len(wanted), 0))
    while each.shape[1] < MOST_CANDIDATES:
        more = max(each.shape[1], CANDIDATES)
        codes, logs = generator.propose(np.repeat(wanted, more, axis=0), allowed, rng)
        if judge is not None:
            logs = logs + np.clip(judge.log_ratio(codes), LOW, HIGH)
        each = np.concatenate([each, codes.reshape(len(wanted), more, -1)], axis=1)
        log_weights = np.concatenate([log_weights, logs.reshape(len(wanted), more)], axis=1)
        shares = softmax(log_weights, axis=1)
        if np.mean(1 / np.square(shares).sum(axis=1)) >= LEAST_COUNT:
            break
    return each.reshape(-1, wanted.shape[1]), log_weights


def _draw_first(
    generator: Any,
    wanted: np.ndarray,
    allowed: Mapping[int, np.ndarray] | None,
    ranged: Sequence[int],
    rng: np.random.Generator,
    alike: bool,
) -> None:
    """Put into rows of evidence, in place, what ranged tokens hold."""
    tokens = np.asarray(ranged)
    if alike:
        pool = np.repeat(wanted[:1], max(FIRST_POOL * len(wanted), LEAST_POOL), axis=0)
        codes, log_weights = generator.propose(pool, allowed, rng)
        marks = (np.arange(len(wanted)) + rng.random()) / len(wanted)
        order = rng.permutation(len(codes))
        heap = np.cumsum(_weights(log_weights)[order])
        chosen = order[np.minimum(np.searchsorted(heap, marks * heap[-1]), len(order) - 1)]
    else:
        codes, log_weights = generator.propose(np.repeat(wanted, FIRST_POOL, axis=0), allowed, rng)
        chosen = choice_within(softmax(log_weights.reshape(len(wanted), -1), axis=1), rng)
    wanted[:, tokens] = np.where(wanted[:, tokens] < 0, codes[chosen][:, tokens], wanted[:, tokens])


def _weights(log_weights: np.ndarray) -> np.ndarray:
    """Return weights in proportion to exponentials, none far above the mean."""
    weights = softmax(log_weights) * len(log_weights)
    return np.minimum(weights, MOST_FACTOR) + 1e-12
