"""Ranks in a domain of any size and a key to other ranks of that domain, one to one.

A domain of a million values or more is enciphered by FF1. A smaller one, for which the standard forbids FF1,
is put into an order that the key decides. That order is as good as random, but a small domain is weak
whatever the method: who knows many values and their pseudonyms knows much of the table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tabgen.extras import optional_module
from tabgen.substitution.ff1 import FEWEST_STRINGS, FF1, LARGEST_RADIX, to_numbers, to_numerals

KEY_BYTES = 32  # of an AES key


class KeyedPermutation:
    """Permutations of all domains by one key; nothing but the key decides them.

    Parameters
    ----------
    key : bytes
        64 bytes: an AES key for FF1 and one for the orders of small domains.

    Examples
    --------
    >>> permutation = KeyedPermutation(bytes(range(64)))
    >>> sorted(permutation.permute(np.arange(5, dtype=np.uint64), 5).tolist())
    [0, 1, 2, 3, 4]
    """

    def __init__(self, key: bytes) -> None:
        self._key, self._order_key = key[:KEY_BYTES], key[KEY_BYTES:]
        self._ciphers: dict[int, FF1] = {}
        self._orders: dict[int, np.ndarray] = {}

    def permute(self, ranks: np.ndarray, size: int) -> np.ndarray:
        """Return where each rank goes.

        Parameters
        ----------
        ranks : numpy.ndarray
            Whole numbers from 0 to ``size - 1``, shape ``(rows,)``: uint64, or Python integers.
        size : int
            Number of values in the domain.

        Returns
        -------
        numpy.ndarray
            Of the same shape and dtype.
        """
        if size < FEWEST_STRINGS:
            return self._order(size)[ranks.astype(np.int64)].astype(ranks.dtype)
        radix, length = _base(size)
        fast = radix**length <= 2**64
        result, todo = ranks.astype(np.uint64 if fast else object), np.arange(len(ranks))
        while len(todo):  # cycle walking (Black & Rogaway 2002): on until the rank is one of the domain
            numerals = to_numerals(result[todo], radix, length)
            result[todo] = to_numbers(self._cipher(radix).encrypt(numerals), radix, fast)
            todo = todo[(result[todo] >= size).astype(bool)] if radix**length > size else todo[:0]
        return result.astype(ranks.dtype)

    def permute_numerals(self, numerals: np.ndarray, radices: Sequence[int]) -> np.ndarray:
        """Return where each row of numerals goes, each place with a radix of its own.

        Parameters
        ----------
        numerals : numpy.ndarray
            Whole numbers, each below the radix of its place: uint16, shape ``(rows, places)``.
        radices : sequence of int
            Radix of each place.

        Returns
        -------
        numpy.ndarray
            Of the same shape and dtype.
        """
        size = math.prod(radices)
        if size >= FEWEST_STRINGS and len(set(radices)) == 1:
            return self._cipher(radices[0]).encrypt(numerals)
        ranks = np.zeros(len(numerals), dtype=np.uint64 if size <= 2**64 else object)
        for place, radix in enumerate(radices):
            ranks = ranks * ranks.dtype.type(radix) + numerals[:, place].astype(ranks.dtype)
        ranks, result = self.permute(ranks, size), np.empty_like(numerals)
        for place in range(len(radices) - 1, -1, -1):
            radix = ranks.dtype.type(radices[place])
            higher = ranks // radix
            result[:, place] = ranks - higher * radix
            ranks = higher
        return result

    def _cipher(self, radix: int) -> FF1:
        if radix not in self._ciphers:
            self._ciphers[radix] = FF1(self._key, radix)
        return self._ciphers[radix]

    def _order(self, size: int) -> np.ndarray:
        """Return all ranks of a small domain, sorted by a keystream of AES in counter mode from size on."""
        if size not in self._orders:
            ciphers = optional_module("cryptography.hazmat.primitives.ciphers", "privacy", "Pseudonyms")
            start = ciphers.modes.CTR(size.to_bytes(8, "big") + bytes(8))
            stream = ciphers.Cipher(ciphers.algorithms.AES(self._order_key), start).encryptor()
            drawn = np.frombuffer(stream.update(bytes(8 * size)), dtype="<u8")
            self._orders[size] = np.argsort(drawn, kind="stable")
        return self._orders[size]


def _base(size: int) -> tuple[int, int]:
    """Return the radix and the even length whose strings are just as many as a domain has values, or more."""
    length = 2
    while LARGEST_RADIX**length < size:
        length += 2
    radix = max(2, int(math.exp(math.log(size) / length)))
    while radix**length < size:
        radix += 1
    while (radix - 1) ** length >= size:
        radix -= 1
    return radix, length
