"""A decoder to its weights as arrays, and codes so far to the logits of the next token, in numpy."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tabgen.models.decoder import CausalDecoder, LatentDecoder
from tabgen.models.layers import CodeSpace, MaskedDense, TokenEmbedding
from tabgen.models.parents import ParentTables

PANEL = 4  # tokens whose logits take up at once what the tokens before all of them say


@dataclass(frozen=True)
class DecoderArrays:
    """The weights of a decoder as numpy arrays, masks applied.

    Attributes
    ----------
    table : numpy.ndarray
        Embedding of every code, shape ``(codes, embedding)``.
    first, from_context, deeper : arrays
        Kernels of the hidden layers; the first one sees the context, too.
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
    from_context: np.ndarray
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
        from_context = decoder.from_context.kernel.numpy()
        to_heads = decoder.to_heads.masked_kernel().numpy()
        context_to_heads = decoder.context_to_heads.kernel.numpy()
        stops = np.searchsorted(decoder.degrees, np.arange(tokens), side="right")
    else:  # no unit waits for a token
        context_to_heads = decoder.to_heads.kernel.numpy()
        to_heads = context_to_heads[:0]
        first, deeper = np.zeros((tokens * table.shape[1], 0), dtype=np.float32), []
        from_context, biases = context_to_heads[:, :0], [first[0]]
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


class Kernels:
    """The weights of a decoder with one row an output, as products with rows of codes in columns take them.

    Parameters
    ----------
    arrays : DecoderArrays
        The decoder.

    Attributes
    ----------
    seen_to_units : numpy.ndarray
        From context and embeddings to the first hidden layer.
    deeper : list of numpy.ndarray
        From the layer below to each deeper one.
    context_to_heads, units_to_heads : numpy.ndarray
        From the context and from the last hidden layer to the coefficients of all tokens.
    expansions : list of numpy.ndarray or None
        For each token, from coefficients to logits.
    units, coefficients : list of slice
        For each token the hidden units that wait for just the token before it, and its coefficients.
    """

    def __init__(self, arrays: DecoderArrays) -> None:
        self.seen_to_units = np.ascontiguousarray(np.vstack([arrays.from_context, arrays.first]).T)
        self.deeper = [np.ascontiguousarray(kernel.T) for kernel in arrays.deeper]
        self.context_to_heads = np.ascontiguousarray(np.hstack(arrays.context_to_heads).T)
        self.units_to_heads = np.ascontiguousarray(np.hstack(arrays.to_heads).T)
        self.expansions = [None if basis is None else np.ascontiguousarray(basis.T) for basis in arrays.basis]
        stops = [0, 0, *map(int, arrays.stops[:-1])]
        self.units = [slice(start, stop) for start, stop in pairwise(stops)]
        ends = np.cumsum([0, *(kernel.shape[1] for kernel in arrays.context_to_heads)]).tolist()
        self.coefficients = [slice(start, stop) for start, stop in pairwise(ends)]


class Forward:
    """The forward pass of a decoder for some rows, which goes on as their codes become known.

    All is laid out with rows of codes as columns, so that what a token adds lies in one piece and sums over
    codes run along memory. What came before the last few tokens, a panel, is read once for all tokens of
    the panel: by one large product instead of some small ones, which would wait for memory.

    Parameters
    ----------
    arrays : DecoderArrays
        The decoder.
    kernels : Kernels
        Its weights anew.
    contexts : numpy.ndarray
        The own context, and the reference if any: shape ``(1 or 2, rows, context)``.
    """

    def __init__(self, arrays: DecoderArrays, kernels: Kernels, contexts: np.ndarray) -> None:
        self.arrays, self.kernels = arrays, kernels
        many, rows, self.context = contexts.shape
        self.width = arrays.table.shape[1]
        seen = self.context + len(arrays.basis) * self.width
        self.seen = np.empty((many, seen, rows), dtype=np.float32)  # context, then embeddings
        self.seen[:, : self.context] = contexts.swapaxes(1, 2)
        self.hidden = [np.empty((many, len(bias), rows), dtype=np.float32) for bias in arrays.biases]
        self.received: list[np.ndarray] = []  # by the panel's units of each layer
        self.coefficients = self.seen[:, :0]  # of the panel's tokens

    def logits(self, token: int, codes: np.ndarray) -> np.ndarray:
        """Return logits of the next token, shape ``(contexts, codes, rows)``.

        Parameters
        ----------
        token : int
            Number of the token.
        codes : numpy.ndarray
            Codes of tokens and crosses before it, shape ``(tokens and crosses, rows)``.
        """
        begin = token - token % PANEL
        if begin == token:
            self._begin_panel(token)
        logits = self._own_coefficients(token, begin)
        expansion = self.kernels.expansions[token]
        if expansion is not None:
            logits = expansion @ logits
        logits += self.arrays.head_bias[token][:, None]
        said = [table[codes[parent]] for parent, table in self.arrays.parents[token]]
        if said:
            logits += sum(said[1:], start=said[0]).T  # turned over once, not parent by parent
        return logits

    def see(self, token: int, codes: np.ndarray) -> None:
        """Go on with the codes of a token, shape ``(rows,)``."""
        start = self.context + token * self.width
        self.seen[:, start : start + self.width] = self.arrays.table[self.arrays.offsets[token] + codes].T

    def _begin_panel(self, begin: int) -> None:
        """Sum up what the tokens before a panel say to its hidden units and coefficients."""
        last = min(begin + PANEL, len(self.arrays.basis)) - 1
        kernels = self.kernels
        old = kernels.units[begin].start
        units = slice(old, kernels.units[last].stop)
        heads = slice(kernels.coefficients[begin].start, kernels.coefficients[last].stop)
        seen = self.seen[:, : self.context + begin * self.width]
        self.received = [kernels.seen_to_units[units, : seen.shape[1]] @ seen]
        for kernel, below in zip(kernels.deeper, self.hidden[:-1], strict=True):
            self.received.append(kernel[units, :old] @ below[:, :old])
        for received, bias in zip(self.received, self.arrays.biases, strict=True):
            received += bias[units, None]
        self.coefficients = kernels.context_to_heads[heads] @ self.seen[:, : self.context]
        self.coefficients += kernels.units_to_heads[heads, :old] @ self.hidden[-1][:, :old]

    def _own_coefficients(self, token: int, begin: int) -> np.ndarray:
        """Finish the hidden units and the coefficients of a token of the panel that begins at another."""
        kernels = self.kernels
        old, units = kernels.units[begin].start, kernels.units[token]
        own, recent = slice(units.start - old, units.stop - old), slice(old, units.stop)
        seen = slice(self.context + begin * self.width, self.context + token * self.width)
        received = self.received[0][:, own]
        received += kernels.seen_to_units[units, seen] @ self.seen[:, seen]
        self.hidden[0][:, units] = _silu(received)
        for layer, kernel in enumerate(kernels.deeper, start=1):
            below = self.hidden[layer - 1]
            received = self.received[layer][:, own]
            received += kernel[units, recent] @ below[:, recent]
            np.add(below[:, units], _silu(received), out=self.hidden[layer][:, units])
        heads, start = kernels.coefficients[token], kernels.coefficients[begin].start
        coefficients = self.coefficients[:, heads.start - start : heads.stop - start]
        coefficients += kernels.units_to_heads[heads, recent] @ self.hidden[-1][:, recent]
        return coefficients


def _silu(values: np.ndarray) -> np.ndarray:
    values *= np.float32(0.5)
    grown = np.tanh(values)  # numpy's tanh of float32 is several times faster than an expit
    grown *= values
    grown += values
    return grown
