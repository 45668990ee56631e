"""A generator and a discriminator to rows that the discriminator finds as likely as real ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tabgen.models.discriminator import TreeDiscriminator
from tabgen.models.layers import CodeSpace

LOW, HIGH = -9.0, 2.5  # bounds of a log ratio, in nats: no single row may stand for many
COARSE = 8  # codes that an ordered token is told by where a pool is sorted
RAKINGS, MOST_FACTOR = 3, 2.0  # rounds over the tokens, and by how much one may change a weight
ROWS_AT_ONCE = 50_000  # rows wanted of one pool
SMALL_POOL = 2  # rows of a pool for each row wanted, where ...
MOST_CUT = 0.005  # ... no more of all weight than this share is of rows that would have to be taken twice


@keras.saving.register_keras_serializable("tabgen")
class GuidedModel(keras.Model):
    """A generator whose samples are chosen from a larger pool by a discriminator.

    With D(x) = log p(real row) - log p(generated row), a pool row is taken with probability
    proportional to exp D, as in discriminator rejection sampling (Azadi et al. 2019), but without
    its randomness: weights are raked, so that each code is as frequent as in the real rows, the pool is
    sorted and rows are taken at equal steps of weight (systematic sampling), which keeps the low variance
    of stratified draws. A row with evidence is chosen among candidates with the same.

    Parameters
    ----------
    generator : keras.Model
        A model with ``space`` and ``generate``.
    discriminator : TreeDiscriminator or None
        None draws from the generator as it is.
    candidates : int
        Rows of the pool for each row wanted; where weights are much alike, a smaller pool does.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: TreeDiscriminator | None,
        candidates: int = 3,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.generator, self.discriminator, self.candidates = generator, discriminator, candidates
        self.space: CodeSpace = generator.space
        self.shares = self.add_weight(
            shape=(self.space.width,), initializer="zeros", trainable=False, name="shares"
        )
        self.built = True

    def learn_shares(self, codes: np.ndarray) -> None:
        """Take the share of rows of each code from rows of codes, ``(rows, tokens)``."""
        counts = np.bincount((codes + self.space.offsets).ravel(), minlength=self.space.width)
        self.shares.assign(counts / max(len(codes), 1))

    def get_config(self) -> dict[str, Any]:
        """Return what ``from_config`` needs to build the same model."""
        parts = {"generator": self.generator, "discriminator": self.discriminator}
        packed = {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}
        return {**packed, "candidates": self.candidates}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> GuidedModel:
        """Build the model that ``get_config`` told of, its weights aside."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in ("generator", "discriminator")
        }
        return cls(**parts, candidates=config["candidates"])

    def generate(
        self,
        n: int,
        *,
        evidence: np.ndarray | None = None,
        seed: int | np.random.SeedSequence | None = None,
        stratified: bool = True,
    ) -> np.ndarray:
        """Draw new rows of codes; see `tabgen.models.vae.ConditionalVAE.generate`."""
        if self.discriminator is None:
            return self.generator.generate(n, evidence=evidence, seed=seed, stratified=stratified)
        source = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        drawn = []
        for start in range(0, n, ROWS_AT_ONCE):
            rows = min(ROWS_AT_ONCE, n - start)
            *draws, choice = source.spawn(3)
            rng = np.random.default_rng(choice)
            if evidence is None and stratified:
                pool, weights = self._pool(self.discriminator, rows, draws)
                weights = raked(weights, pool + self.space.offsets, np.asarray(self.shares))
                drawn.append(pool[systematic_choice(pool, weights, rows, self.space, rng)])
                continue
            given = None if evidence is None else evidence[start : start + rows]
            pool = self.generator.generate(
                self.candidates * rows,
                evidence=None if given is None else np.repeat(given, self.candidates, axis=0),
                seed=draws[0],
                stratified=stratified,
            )
            weights = weights_of(pool, self.discriminator)
            drawn.append(pool[choice_within(weights.reshape(rows, -1), rng)])
        return np.concatenate(drawn) if drawn else self.generator.generate(0)

    def _pool(
        self, discriminator: TreeDiscriminator, rows: int, seeds: Sequence[np.random.SeedSequence]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a pool for so many rows and its weights: a small one where it does."""
        pool = self.generator.generate(SMALL_POOL * rows, seed=seeds[0])
        weights = weights_of(pool, discriminator)
        cut = np.maximum(weights / weights.mean() - SMALL_POOL, 0).mean()
        if cut > MOST_CUT and self.candidates > SMALL_POOL:
            more = self.generator.generate((self.candidates - SMALL_POOL) * rows, seed=seeds[1])
            pool, weights = np.concatenate([pool, more]), np.append(weights, weights_of(more, discriminator))
        return pool, weights


def weights_of(codes: np.ndarray, discriminator: TreeDiscriminator) -> np.ndarray:
    """Return how many times likelier each row is to be real than to be generated, within bounds."""
    return np.exp(np.clip(discriminator.log_ratio(codes), LOW, HIGH))


def systematic_choice(
    pool: np.ndarray, weights: np.ndarray, n: int, space: CodeSpace, rng: np.random.Generator
) -> np.ndarray:
    """Return numbers of ``n`` rows of a pool, each as often as its weight says, in random order.

    Parameters
    ----------
    pool : numpy.ndarray
        Codes, shape ``(rows, tokens)``.
    weights : numpy.ndarray
        Above 0, shape ``(rows,)``.
    n : int
        Number of rows to choose, at most those of the pool; none is chosen twice.
    space : CodeSpace
        The tokens.
    rng : numpy.random.Generator
        Source of all draws.
    """
    keys = [
        codes * COARSE // size if ordered and size > COARSE else codes
        for codes, size, ordered in zip(pool.T, space.cardinalities, space.ordered, strict=True)
    ]
    order = np.lexsort([rng.random(len(pool)), *keys[::-1]])  # alike rows lie side by side
    heap = np.cumsum(inclusion(weights, n)[order])
    marks = (np.arange(n) + rng.random()) * heap[-1] / n  # all but exactly one apart
    return order[rng.permutation(np.minimum(np.searchsorted(heap, marks), len(order) - 1))]


def raked(weights: np.ndarray, places: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return weights under which each code has about its share of a pool (Deming & Stephan 1940).

    Parameters
    ----------
    weights : numpy.ndarray
        Above 0, shape ``(rows,)``.
    places : numpy.ndarray
        Place on the flat axis of each code, shape ``(rows, tokens)``.
    shares : numpy.ndarray
        Share of rows of each place of the flat axis.
    """
    for _ in range(RAKINGS):
        for token in places.T:
            have = np.bincount(token, weights, minlength=len(shares)) / weights.sum()
            factors = np.divide(shares, have, out=np.ones(len(shares)), where=have > 0)
            weights = weights * np.clip(factors, 1 / MOST_FACTOR, MOST_FACTOR)[token]
    return weights


def inclusion(weights: np.ndarray, n: int) -> np.ndarray:
    """Return probabilities in proportion to weights, none above 1, that sum to ``n``."""
    chances = weights * (n / weights.sum())
    while (chances > 1 + 1e-12).any():  # what is above 1 is shared out among the others
        sure = chances >= 1
        left = max(n - sure.sum(), 0)
        chances = np.where(sure, 1.0, weights * (left / max(weights[~sure].sum(), 1e-300)))
    return chances


def choice_within(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return for each group of candidates the number of one, drawn by weight, of all candidates.

    Parameters
    ----------
    weights : numpy.ndarray
        Shape ``(groups, candidates)``.
    rng : numpy.random.Generator
        Source of the draws.
    """
    heap = np.cumsum(weights, axis=1)
    chosen = (heap[:, :-1] <= (rng.random(len(weights)) * heap[:, -1])[:, None]).sum(axis=1)
    return np.arange(len(weights)) * weights.shape[1] + chosen
