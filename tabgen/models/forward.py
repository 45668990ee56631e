"""A decoder to its weights as arrays, and codes so far to the logits of the next token, in numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tabgen.models.decoder import CausalDecoder, LatentDecoder
from tabgen.models.layers import CodeSpace, MaskedDense, TokenEmbedding
from tabgen.models.parents import ParentTables


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
    to_heads, context_to_heads, skip : arrays
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
    skip: list[np.ndarray] | None
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
    table, skip = embedding.table().numpy(), None
    if isinstance(decoder, CausalDecoder):
        hidden: list[MaskedDense] = [decoder.first, *decoder.deeper]
        first, *deeper = [layer.masked_kernel().numpy() for layer in hidden]
        biases = [np.asarray(layer.bias) for layer in hidden]
        from_context = np.split(decoder.from_context.kernel.numpy(), len(hidden), axis=1)
        to_heads = decoder.to_heads.masked_kernel().numpy()
        context_to_heads = decoder.context_to_heads.kernel.numpy()
        skip = None if decoder.skip is None else decoder.skip.masked_kernel().numpy()
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
        skip=None if skip is None else [np.ascontiguousarray(skip[:, c]) for c in columns],
        basis=basis,
        head_bias=[bias[o : o + k] for o, k in zip(space.offsets, space.cardinalities, strict=True)],
        parents=[parents.of_token(t) for t in range(tokens)],
        space=space,
        stops=stops,
    )


@dataclass(frozen=True)
class Step:
    """Kernels of what leads to the logits of one token, one row an output: rows of codes are columns.

    Attributes
    ----------
    units : slice
        The hidden units that wait for nothing but the token before.
    from_seen : list of numpy.ndarray
        From context and embeddings so far, or the first of these, to those units and then to coefficients.
    deeper : list of numpy.ndarray
        From each hidden layer to those units of the next.
    to_heads : numpy.ndarray
        From the last hidden layer to coefficients.
    expansion : numpy.ndarray or None
        From coefficients to logits.
    """

    units: slice
    from_seen: list[np.ndarray]
    deeper: list[np.ndarray]
    to_heads: np.ndarray
    expansion: np.ndarray | None


def decoder_steps(arrays: DecoderArrays) -> list[Step]:
    """Lay out the weights of a decoder token by token."""
    width, steps = arrays.table.shape[1], []
    stops = [0, 0, *map(int, arrays.stops)]
    for token, basis in enumerate(arrays.basis):
        units, seen = slice(stops[token], stops[token + 1]), token * width
        to_units = np.vstack([arrays.from_context[0][:, units], arrays.first[:seen, units]]).T
        to_coefficients = arrays.context_to_heads[token].T
        if arrays.skip is None:
            from_seen = [to_units, to_coefficients]
        else:  # one large product is faster than two small ones
            to_coefficients = np.hstack([to_coefficients, arrays.skip[token][:seen].T])
            from_seen = [np.vstack([to_units, to_coefficients])]
        steps.append(
            Step(
                units,
                [np.ascontiguousarray(kernel) for kernel in from_seen],
                [np.ascontiguousarray(kernel[: units.stop, units].T) for kernel in arrays.deeper],
                np.ascontiguousarray(arrays.to_heads[token][: units.stop].T),
                None if basis is None else np.ascontiguousarray(basis.T),
            )
        )
    return steps


class Forward:
    """The forward pass of a decoder for some rows, which goes on as their codes become known.

    All is laid out with rows of codes as columns, so that what a token adds lies in one piece and sums over
    codes run along memory.

    Parameters
    ----------
    arrays : DecoderArrays
        The decoder.
    steps : list of Step
        The same, token by token.
    contexts : numpy.ndarray
        The own context, and the reference if any: shape ``(1 or 2, rows, context)``.
    """

    def __init__(self, arrays: DecoderArrays, steps: list[Step], contexts: np.ndarray) -> None:
        self.arrays, self.steps = arrays, steps
        many, rows, self.context = contexts.shape
        tokens, width = len(arrays.basis), arrays.table.shape[1]
        self.seen = np.empty((many, self.context + tokens * width, rows), dtype=np.float32)
        self.seen[:, : self.context] = contexts.swapaxes(1, 2)
        self.hidden = [np.empty((many, len(bias), rows), dtype=np.float32) for bias in arrays.biases]
        self.known = [
            kernel.T @ self.seen[:, : self.context] + bias[:, None]
            for kernel, bias in zip(arrays.from_context[1:], arrays.biases[1:], strict=True)
        ]  # what each deeper layer receives from the context

    def logits(self, token: int, codes: np.ndarray) -> np.ndarray:
        """Return logits of a token, shape ``(contexts, codes, rows)``, all tokens before it being known.

        Parameters
        ----------
        token : int
            Number of the token.
        codes : numpy.ndarray
            Codes of tokens and crosses before it, shape ``(tokens and crosses, rows)``.
        """
        step = self.steps[token]
        received = [kernel @ self.seen[:, : kernel.shape[1]] for kernel in step.from_seen]
        units = step.units.stop - step.units.start
        self._complete_units(step, received[0][:, :units])
        logits = received[0][:, units:] if len(received) == 1 else received[1]
        if step.units.stop:
            logits += step.to_heads @ self.hidden[-1][:, : step.units.stop]
        if step.expansion is not None:
            logits = step.expansion @ logits
        logits += self.arrays.head_bias[token][:, None]
        for parent, table in self.arrays.parents[token]:
            logits += table[codes[parent]].T
        return logits

    def _complete_units(self, step: Step, received: np.ndarray) -> None:
        """Finish the hidden units of a step in every layer from what the first one received."""
        received += self.arrays.biases[0][step.units, None]
        self.hidden[0][:, step.units] = _silu(received)
        for layer, kernel in enumerate(step.deeper, start=1):
            below = self.hidden[layer - 1]
            received = kernel @ below[:, : step.units.stop]
            received += self.known[layer - 1][:, step.units]
            np.add(below[:, step.units], _silu(received), out=self.hidden[layer][:, step.units])

    def see(self, token: int, codes: np.ndarray) -> None:
        """Go on with the codes of a token, shape ``(rows,)``."""
        width = self.arrays.table.shape[1]
        start = self.context + token * width
        self.seen[:, start : start + width] = self.arrays.table[self.arrays.offsets[token] + codes].T


def _silu(values: np.ndarray) -> np.ndarray:
    values *= np.float32(0.5)
    grown = np.tanh(values)  # numpy's tanh of float32 is several times faster than an expit
    grown *= values
    grown += values
    return grown
