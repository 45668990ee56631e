"""Codes drawn token by token from a decoder in numpy, at the cost of one forward pass in all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from tabgen.models.forward import DecoderArrays, Forward, Kernels

BLOCK = 32  # rows that share one stratified draw
# Rows drawn at once: fewer stay in a processor's cache, more are stratified better. No power of two, whose
# multiples would displace each other in the cache.
CHUNK = 4_160

Allowed: TypeAlias = Mapping[int, np.ndarray] | None  # for some tokens, which codes may be drawn


@dataclass(frozen=True)
class Drawn:
    """Rows of codes and how likely they were.

    Attributes
    ----------
    codes : numpy.ndarray
        int32, shape ``(rows, tokens)``.
    log_drawn : numpy.ndarray
        Log probability with which the codes that are no evidence were drawn, shape ``(rows,)``, in nats;
        zeros without a reference, to which alone it is compared.
    log_given : numpy.ndarray
        Log probability of the evidence, and of drawing only codes that are allowed, as the decoder came to
        each of them: shape ``(rows,)``, in nats.
    log_reference : numpy.ndarray
        Log probability of all codes in the reference context, shape ``(rows,)``, in nats; zeros without one.
    """

    codes: np.ndarray
    log_drawn: np.ndarray
    log_given: np.ndarray
    log_reference: np.ndarray


def draw_codes(
    arrays: DecoderArrays,
    context: np.ndarray,
    evidence: np.ndarray,
    rng: np.random.Generator,
    *,
    allowed: Allowed = None,
    stratified: bool = True,
    alike: bool = False,
    reference: np.ndarray | None = None,
) -> Drawn:
    """Draw rows of codes.

    A hidden unit that sees tokens 0 to t is complete once token t is drawn, so each unit is computed
    once. With ``stratified`` draws, rows that agree in what was drawn so far share one stratified set
    of uniforms: every row keeps the model's law, while frequencies over the table vary less than in
    independent draws.

    Parameters
    ----------
    arrays : DecoderArrays
        The decoder.
    context : numpy.ndarray
        float32, shape ``(rows, context)``.
    evidence : numpy.ndarray
        Codes to keep, shape ``(rows, tokens)``; -1 where one is to be drawn.
    rng : numpy.random.Generator
        Source of all draws.
    allowed : mapping of int to numpy.ndarray, optional
        Which codes of a token may be drawn where it is no evidence, shape ``(codes,)`` each.
    stratified : bool
        Whether to stratify; False draws independent rows.
    alike : bool
        Whether all rows use the same random numbers, so that they differ by what differs in their context.
    reference : numpy.ndarray, optional
        Another context of each row, of the same shape, in which to tell how likely its codes are.

    Returns
    -------
    Drawn
    """
    kernels, contexts = Kernels(arrays), [context] if reference is None else [context, reference]
    parts = []
    for start in range(0, max(len(evidence), 1), CHUNK):
        rows = slice(start, start + CHUNK)
        forward = Forward(arrays, kernels, np.stack([each[rows] for each in contexts]))
        parts.append(_draw_chunk(forward, evidence[rows], rng, allowed or {}, stratified, alike))
    return Drawn(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Drawn)))


def _draw_chunk(
    forward: Forward,
    evidence: np.ndarray,
    rng: np.random.Generator,
    allowed: Mapping[int, np.ndarray],
    stratified: bool,
    alike: bool,
) -> Drawn:
    (rows, tokens), space = evidence.shape, forward.arrays.space
    everyone = np.arange(rows)
    log_drawn, log_given, log_reference = np.zeros((3, rows))
    codes = np.empty((len(space.parent_sizes), rows), dtype=np.int32)  # crosses behind tokens
    groups = Groups(rows, rng)
    for token, wanted in enumerate(np.ascontiguousarray(evidence.T)):
        logits, *references = forward.logits(token, codes)
        given, told = wanted >= 0, np.ones(rows, dtype=bool)
        heap, log_all = _heaped(logits)
        log_allowed, code = log_all, wanted
        if token in allowed:
            heap, log_allowed = _heaped(np.where(allowed[token][:, None], logits, -np.inf))
        if not given.all():
            uniforms = groups.uniforms() if stratified else rng.random(1 if alike else rows)
            code = np.where(given, wanted, _invert(heap, uniforms))
        gate = space.gates[token]
        if gate >= 0:  # what is missing has no value: nothing to draw
            told = (codes[gate] == 0) | given
            code = np.where(told, code, len(logits) - 1)
        codes[token] = code
        if given.any() or token in allowed:
            log_code = logits[code, everyone]
            log_given += np.where(told, np.where(given, log_code, log_allowed) - log_all, 0)
        for reference in references:
            log_drawn += np.where(told & ~given, logits[code, everyone] - log_allowed, 0)
            log_reference += np.where(told, reference[code, everyone] - _heaped(reference)[1], 0)
        for number in space.crosses_ended_by(token):
            codes[tokens + number] = space.crossed(codes.T, number)
        if token + 1 < tokens:
            forward.see(token, code)
            if stratified:
                groups.split(code)
    return Drawn(np.ascontiguousarray(codes[:tokens].T), log_drawn, log_given, log_reference)


def _heaped(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sums of the weights of all codes up to each, and the logarithm of the sum of exp of logits.

    Weights are in proportion to probabilities; the largest of each row is 1.
    """
    top = logits.max(axis=0)
    heap = logits - top
    np.exp(heap, out=heap)
    for before, here in pairwise(heap):  # along the rows in memory, which numpy's cumsum is not
        here += before
    return heap, top + np.log(heap[-1])


def _invert(heap: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """Return the code at which the sum of weights passes each uniform: one that has a weight."""
    # float32 like the sums, which compares fast; not rounded up to the sum of all, which none would pass
    marks = np.minimum((uniforms * heap[-1]).astype(np.float32), np.nextafter(heap[-1], np.float32(0)))
    passed = heap[:-1] <= marks
    return np.add.reduce(passed.view(np.uint8), axis=0, dtype=np.uint8 if len(heap) <= 256 else np.uint32)


class Groups:
    """Rows in groups of those that agree in what was drawn so far.

    Parameters
    ----------
    rows : int
        Number of rows, at most 65,536; at first all agree.
    rng : numpy.random.Generator
        Source of all draws.
    """

    def __init__(self, rows: int, rng: np.random.Generator) -> None:
        self.rng = rng
        self.numbers = np.zeros(rows, dtype=np.uint16)  # of the group of each row
        self.order = rng.permutation(rows)  # group after group, within each at random

    def split(self, codes: np.ndarray) -> None:
        """Split groups by the codes of one more token, shape ``(rows,)``."""
        order = self.rng.permutation(len(codes))
        for keys in (codes, self.numbers):  # stable sorts, which for 16 bits count instead of comparing
            order = order[np.argsort(keys[order].astype(np.uint16), kind="stable")]
        sorted_codes, sorted_numbers = codes[order], self.numbers[order]
        new = np.zeros(len(codes), dtype=np.uint16)
        new[1:] = (sorted_codes[1:] != sorted_codes[:-1]) | (sorted_numbers[1:] != sorted_numbers[:-1])
        self.numbers[order] = np.cumsum(new, dtype=np.uint16)
        self.order = order

    def uniforms(self) -> np.ndarray:
        """Return one uniform a row: rows that agree so far, ``BLOCK`` at a time, share all strata."""
        rows = len(self.order)
        blocks = -(-rows // BLOCK)
        strata = np.argsort(self.rng.random((blocks, BLOCK)), axis=1).ravel()[:rows]
        uniforms = np.empty(rows)
        uniforms[self.order] = (strata + self.rng.random(rows)) / BLOCK
        return uniforms
