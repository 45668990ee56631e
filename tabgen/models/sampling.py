"""Codes drawn token by token from a decoder in numpy, at the cost of one forward pass in all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from tabgen.models.decoder import CausalDecoder, LatentDecoder
from tabgen.models.layers import CodeSpace, MaskedDense, TokenEmbedding
from tabgen.models.parents import ParentTables

BLOCK = 32  # rows that share one stratified draw
CHUNK = 4_096  # rows drawn at once: fewer stay in a processor's cache, more are stratified better

Allowed: TypeAlias = Mapping[int, np.ndarray] | None  # for some tokens, which codes may be drawn


@dataclass(frozen=True)
class DecoderArrays:
    """The weights of a decoder as numpy arrays, masks applied.

    Attributes
    ----------
    table : numpy.ndarray
        Embedding of every code, shape ``(codes, embedding)``.
    first, deeper, from_context : arrays
        Kernels of the hidden layers.
    biases : list of numpy.ndarray
        Bias of each hidden layer.
    to_heads, context_to_heads : arrays
        Kernels that lead to head coefficients, one slice a token.
    basis : list of numpy.ndarray or None
        For each token the expansion of coefficients to logits; None where they are the same.
    head_bias : list of numpy.ndarray
        Bias of the logits of each token.
    parents : list of list of (int, numpy.ndarray)
        For each token its parents, and what each code of theirs adds to its logits.
    space : CodeSpace
        The tokens.
    stops : numpy.ndarray
        For each token the number of hidden units that see no later token.
    """

    table: np.ndarray
    offsets: np.ndarray
    first: np.ndarray
    deeper: list[np.ndarray]
    from_context: list[np.ndarray]
    biases: list[np.ndarray]
    to_heads: list[np.ndarray]
    context_to_heads: list[np.ndarray]
    basis: list[np.ndarray | None]
    head_bias: list[np.ndarray]
    parents: list[list[tuple[int, np.ndarray]]]
    space: CodeSpace
    stops: np.ndarray


def decoder_arrays(
    space: CodeSpace,
    embedding: TokenEmbedding,
    decoder: CausalDecoder | LatentDecoder,
    parents: ParentTables,
) -> DecoderArrays:
    """Read the weights of a decoder; the context of a latent one is its last hidden layer."""
    tokens = len(space.cardinalities)
    owner = space.coefficient_owner
    columns = [np.flatnonzero(owner == t) for t in range(tokens)]
    basis: list[np.ndarray | None] = [None] * tokens
    for bank, bases in zip(space.banks, decoder.heads.bases(), strict=True):
        for token, rows in zip(bank.tokens, bases.numpy(), strict=True):
            basis[token] = np.ascontiguousarray(rows[:, : space.cardinalities[token]])
    bias = decoder.heads.bias.numpy() + space.padding
    table = embedding.table().numpy()
    if isinstance(decoder, CausalDecoder):
        hidden: list[MaskedDense] = [decoder.first, *decoder.deeper]
        first, *deeper = [layer.masked_kernel().numpy() for layer in hidden]
        biases = [np.asarray(layer.bias) for layer in hidden]
        from_context = np.split(decoder.from_context.kernel.numpy(), len(hidden), axis=1)
        to_heads = decoder.to_heads.masked_kernel().numpy()
        context_to_heads = decoder.context_to_heads.kernel.numpy()
        stops = np.searchsorted(decoder.degrees, np.arange(tokens), side="right")
    else:  # no unit waits for a token
        context_to_heads = decoder.to_heads.kernel.numpy()
        to_heads = context_to_heads[:0]
        first, deeper = np.zeros((tokens * table.shape[1], 0), dtype=np.float32), []
        from_context, biases = [context_to_heads[:, :0]], [first[0]]
        stops = np.zeros(tokens, dtype=np.int64)
    return DecoderArrays(
        table=table,
        offsets=space.offsets,
        first=first,
        deeper=deeper,
        from_context=from_context,
        biases=biases,
        to_heads=[np.ascontiguousarray(to_heads[:, c]) for c in columns],
        context_to_heads=[np.ascontiguousarray(context_to_heads[:, c]) for c in columns],
        basis=basis,
        head_bias=[bias[o : o + k] for o, k in zip(space.offsets, space.cardinalities, strict=True)],
        parents=[parents.of_token(t) for t in range(tokens)],
        space=space,
        stops=stops,
    )


@dataclass(frozen=True)
class Drawn:
    """Rows of codes and how likely they were.

    Attributes
    ----------
    codes : numpy.ndarray
        int32, shape ``(rows, tokens)``.
    log_drawn : numpy.ndarray
        Log probability with which the codes that are no evidence were drawn, shape ``(rows,)``, in nats.
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
    contexts = context[None] if reference is None else np.stack([context, reference])
    parts = [
        _draw_chunk(arrays, contexts[:, rows], evidence[rows], rng, allowed or {}, stratified, alike)
        for rows in (slice(start, start + CHUNK) for start in range(0, max(len(evidence), 1), CHUNK))
    ]
    return Drawn(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Drawn)))


def _draw_chunk(
    arrays: DecoderArrays,
    contexts: np.ndarray,  # (1 or 2, rows, context): the own one, and the reference
    evidence: np.ndarray,
    rng: np.random.Generator,
    allowed: Mapping[int, np.ndarray],
    stratified: bool,
    alike: bool,
) -> Drawn:
    rows, tokens = evidence.shape
    everyone = np.arange(rows)
    log_drawn, log_given, log_reference = np.zeros((3, rows))
    codes = np.empty((rows, len(arrays.space.parent_sizes)), dtype=np.int32)  # crosses behind tokens
    width = arrays.table.shape[1]
    pending = [
        contexts @ kernel + bias for kernel, bias in zip(arrays.from_context, arrays.biases, strict=True)
    ]  # what each hidden layer has received so far, (contexts, rows, units)
    hidden = [np.empty_like(p) for p in pending]
    prefix = np.zeros(rows, dtype=np.int64)  # number of the group of rows that agree so far
    begun = 0
    for token in range(tokens):
        each = contexts @ arrays.context_to_heads[token]
        each += hidden[-1][:, :, :begun] @ arrays.to_heads[token][:begun]
        expansion = arrays.basis[token]
        if expansion is not None:
            each = each @ expansion
        each += arrays.head_bias[token]
        for parent, table in arrays.parents[token]:
            each += table[codes[:, parent]]
        logits, *references = np.ascontiguousarray(each.swapaxes(1, 2))  # (codes, rows): sums run along rows
        uniforms = _stratified_uniforms(prefix, rng) if stratified else rng.random(1 if alike else rows)
        weights, log_all = _weights(logits)
        log_allowed = log_all
        if token in allowed:
            weights, log_allowed = _weights(np.where(allowed[token][:, None], logits, -np.inf))
        codes[:, token] = np.where(evidence[:, token] < 0, _invert(weights, uniforms), evidence[:, token])
        log_code = logits[codes[:, token], everyone]
        given, told = evidence[:, token] >= 0, np.ones(rows, dtype=bool)
        gate = arrays.space.gates[token]
        if gate >= 0:  # what is missing has no value: nothing to draw
            told = (codes[:, gate] == 0) | given
            codes[:, token] = np.where(told, codes[:, token], len(logits) - 1)
        log_given += np.where(told, np.where(given, log_code, log_allowed) - log_all, 0)
        log_drawn += np.where(told & ~given, log_code - log_allowed, 0)
        for reference in references:
            log_reference += np.where(told, reference[codes[:, token], everyone] - _weights(reference)[1], 0)
        for number in arrays.space.crosses_ended_by(token):
            codes[:, tokens + number] = arrays.space.crossed(codes, number)
        prefix = np.unique(prefix * len(logits) + codes[:, token], return_inverse=True)[1]
        entry = arrays.table[arrays.offsets[token] + codes[:, token]]
        if token + 1 < tokens:
            pending[0][:, :, begun:] += entry @ arrays.first[token * width : (token + 1) * width, begun:]
            done = int(arrays.stops[token])
            _complete_units(arrays, pending, hidden, begun, done)
            begun = done
    return Drawn(codes[:, :tokens], log_drawn, log_given, log_reference)


def _complete_units(
    arrays: DecoderArrays,
    pending: list[np.ndarray],
    hidden: list[np.ndarray],
    begun: int,
    done: int,
) -> None:
    """Finish the hidden units from ``begun`` to ``done`` in every layer, in place."""
    units = slice(begun, done)
    hidden[0][:, :, units] = _silu(pending[0][:, :, units])
    for layer, kernel in enumerate(arrays.deeper, start=1):
        below = hidden[layer - 1]
        received = pending[layer][:, :, units] + below[:, :, :done] @ kernel[:done, units]
        hidden[layer][:, :, units] = below[:, :, units] + _silu(received)


def _silu(values: np.ndarray) -> np.ndarray:
    half = values * np.float32(0.5)
    return half + half * np.tanh(half)  # numpy's tanh of float32 is several times faster than an expit


def _weights(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights in proportion to probabilities, and the logarithm of the sum of exp of logits."""
    top = logits.max(axis=0)
    weights = np.exp(logits - top)
    return weights, top + np.log(weights.sum(axis=0))


def _invert(weights: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """Return the code at which the cumulative probability passes each uniform."""
    heap = weights.copy()
    for before, here in pairwise(heap):  # along the rows in memory, which numpy's cumsum is not
        here += before
    return (heap[:-1] <= uniforms * heap[-1]).sum(axis=0)


def _stratified_uniforms(prefix: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return one uniform a row: rows that agree so far, ``BLOCK`` at a time, share all strata."""
    rows = len(prefix)
    order = np.lexsort((rng.random(rows), prefix))
    blocks = -(-rows // BLOCK)
    strata = np.argsort(rng.random((blocks, BLOCK)), axis=1).ravel()[:rows]
    uniforms = np.empty(rows)
    uniforms[order] = (strata + rng.random(rows)) / BLOCK
    return uniforms
