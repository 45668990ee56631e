"""A batch of numeral strings and a key to strings of the same length and radix: FF1 of NIST SP 800-38G.

All rows of a batch go through each of the ten rounds together: one call of AES for the batch, and arithmetic
in arrays of 64 bits where a half of the string fits, in Python integers where it does not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tabgen.extras import optional_module

FEWEST_STRINGS = 1_000_000  # radix ** length must reach this: SP 800-38G Revision 1, section 5.1
LARGEST_RADIX = 2**16
ROUNDS = 10
BLOCK = 16  # bytes of an AES block
FAST = 2**60  # halves below this are computed in uint64: see _remainder
AT_ONCE = 1 << 15  # rows that are enciphered together: what fits the processor's cache


class FF1:
    """Format-preserving encryption of numeral strings (Dworkin 2016, NIST SP 800-38G, algorithms 7 and 8).

    Parameters
    ----------
    key : bytes
        AES key of 16, 24 or 32 bytes.
    radix : int
        Number of numerals, from 2 to 65,536.

    Raises
    ------
    ValueError
        If the key or the radix is none that FF1 takes.
    MissingExtra
        If the package cryptography is not installed.

    Examples
    --------
    >>> cipher = FF1(bytes(range(32)), radix=10)
    >>> secret = cipher.encrypt(np.array([[4, 0, 7, 1, 9, 9], [0, 0, 0, 0, 0, 1]]))
    >>> secret.shape, int(secret.max()) < 10
    ((2, 6), True)
    >>> cipher.decrypt(secret).tolist()
    [[4, 0, 7, 1, 9, 9], [0, 0, 0, 0, 0, 1]]
    """

    def __init__(self, key: bytes, radix: int) -> None:
        if len(key) not in (16, 24, 32):
            raise ValueError(f"An AES key has 16, 24 or 32 bytes, not {len(key)}.")
        if not 2 <= radix <= LARGEST_RADIX:
            raise ValueError(f"The radix of FF1 lies between 2 and {LARGEST_RADIX:,}, but is {radix:,}.")
        ciphers = optional_module("cryptography.hazmat.primitives.ciphers", "privacy", "Pseudonyms")
        self.radix = radix
        # ECB applies AES to each block on its own, as FF1 asks for; CBC-MAC is made of it below
        self._encryptor = ciphers.Cipher(ciphers.algorithms.AES(key), ciphers.modes.ECB()).encryptor()

    def encrypt(self, numerals: np.ndarray, tweak: bytes = b"") -> np.ndarray:
        """Encipher each row: algorithm 7, FF1.Encrypt.

        Parameters
        ----------
        numerals : numpy.ndarray
            Whole numbers below the radix, shape ``(rows, length)``.
        tweak : bytes
            What may be known and varies the cipher.

        Returns
        -------
        numpy.ndarray
            Numerals of the same shape and dtype.

        Raises
        ------
        ValueError
            If there are fewer than 1,000,000 strings of that length, or a numeral is not below the radix.
        """
        return self._in_parts(numerals, tweak, range(ROUNDS), decrypt=False)

    def decrypt(self, numerals: np.ndarray, tweak: bytes = b"") -> np.ndarray:
        """Decipher each row: algorithm 8, FF1.Decrypt; parameters, result and errors as of `encrypt`."""
        return self._in_parts(numerals, tweak, range(ROUNDS - 1, -1, -1), decrypt=True)

    def _in_parts(
        self, numerals: np.ndarray, tweak: bytes, rounds: Sequence[int], *, decrypt: bool
    ) -> np.ndarray:
        length = numerals.shape[1]
        if length < 2 or self.radix**length < FEWEST_STRINGS:
            raise ValueError(
                f"FF1 needs at least {FEWEST_STRINGS:,} different strings, but radix {self.radix:,} and "
                f"length {length} have {self.radix**length:,}."
            )
        if numerals.size and not 0 <= int(numerals.min()) <= int(numerals.max()) < self.radix:
            raise ValueError(f"Every numeral must be 0 or more and below the radix {self.radix:,}.")
        result = np.empty_like(numerals)
        for start in range(0, len(numerals), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            result[part] = self._rounds(numerals[part], tweak, rounds, decrypt)
        return result

    def _rounds(self, numerals: np.ndarray, tweak: bytes, rounds: Sequence[int], decrypt: bool) -> np.ndarray:
        """Run the rounds of the Feistel network; names as in the standard."""
        n, t = numerals.shape[1], len(tweak)
        u = n // 2
        v = n - u
        moduli = self.radix**u, self.radix**v
        b = ((moduli[1] - 1).bit_length() + 7) // 8  # bytes of a half: ceil(ceil(v log2 radix) / 8)
        d = 4 * ((b + 3) // 4) + 4  # bytes of a round's pseudo-random number
        p = bytes([1, 2, 1]) + self.radix.to_bytes(3, "big") + bytes([10, u % 256])
        p += n.to_bytes(4, "big") + t.to_bytes(4, "big")
        q = tweak + bytes((-t - b - 1) % BLOCK)
        same = (len(p) + len(q)) // BLOCK * BLOCK  # bytes before the block that holds round and half
        state, rest = self._mac((p + q)[:same]), (p + q)[same:]
        fast = moduli[1] <= FAST
        left, right = (
            to_numbers(numerals[:, :u], self.radix, fast),
            to_numbers(numerals[:, u:], self.radix, fast),
        )
        for i in rounds:
            modulus = moduli[i % 2]
            source, target = (left, right) if decrypt else (right, left)
            drawn = self._draw(state, rest + bytes([i]), _bytes(source, b), d)
            y = _remainder(drawn, modulus) if fast else _long_remainder(drawn, modulus)
            # no number is negative: arrays of uint64 would wrap around
            mixed = _modulo(target + (modulus - y), modulus) if decrypt else _modulo(target + y, modulus)
            left, right = (mixed, source) if decrypt else (source, mixed)
        return np.hstack([to_numerals(left, self.radix, u), to_numerals(right, self.radix, v)])

    def _draw(self, state: np.ndarray, head: bytes, half: np.ndarray, d: int) -> np.ndarray:
        """Return d pseudo-random bytes a row, steps 6.ii and 6.iii: uint8, shape ``(rows, d)``."""
        rows = len(half)
        block = np.empty((rows, len(head) + half.shape[1]), dtype=np.uint8)
        block[:, : len(head)] = np.frombuffer(head, dtype=np.uint8)
        block[:, len(head) :] = half
        chain = np.broadcast_to(state, (rows, BLOCK))
        for start in range(0, block.shape[1], BLOCK):
            chain = self._aes(chain ^ block[:, start : start + BLOCK])
        parts = [chain]
        for number in range(1, -(-d // BLOCK)):
            counter = np.frombuffer(number.to_bytes(BLOCK, "big"), dtype=np.uint8)
            parts.append(self._aes(chain ^ counter))
        return (parts[0] if len(parts) == 1 else np.hstack(parts))[:, :d]

    def _mac(self, data: bytes) -> np.ndarray:
        """Return the CBC-MAC of whole blocks: algorithm 6, PRF."""
        state = np.zeros((1, BLOCK), dtype=np.uint8)
        for start in range(0, len(data), BLOCK):
            state = self._aes(state ^ np.frombuffer(data[start : start + BLOCK], dtype=np.uint8))
        return state

    def _aes(self, blocks: np.ndarray) -> np.ndarray:
        """Return the AES of each row of 16 bytes."""
        return np.frombuffer(self._encryptor.update(blocks.tobytes()), dtype=np.uint8).reshape(-1, BLOCK)


def to_numbers(numerals: np.ndarray, radix: int, fast: bool) -> np.ndarray:
    """Return the number that each row writes: uint64, or Python integers, shape ``(rows,)``."""
    numbers = np.zeros(len(numerals), dtype=np.uint64 if fast else object)
    for place in range(numerals.shape[1]):
        digit = numerals[:, place].astype(numbers.dtype)
        numbers = numbers * (np.uint64(radix) if fast else radix) + digit
    return numbers


def to_numerals(numbers: np.ndarray, radix: int, length: int) -> np.ndarray:
    """Return the numerals of numbers, the inverse of `to_numbers`."""
    numerals = np.empty((len(numbers), length), dtype=np.uint16)
    base = radix if numbers.dtype == object else np.uint64(radix)
    for place in range(length - 1, -1, -1):
        higher = numbers // base
        numerals[:, place] = numbers - higher * base
        numbers = higher
    return numerals


def _bytes(numbers: np.ndarray, width: int) -> np.ndarray:
    """Return numbers as big-endian bytes: uint8, shape ``(rows, width)``."""
    if numbers.dtype == object:
        joined = b"".join([number.to_bytes(width, "big") for number in numbers.tolist()])
        return np.frombuffer(joined, dtype=np.uint8).reshape(-1, width)
    return numbers.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - width :]


def _modulo(numbers: np.ndarray, modulus: int) -> np.ndarray:
    """Return ``numbers % modulus``; numpy divides by one number much faster than it takes remainders."""
    if numbers.dtype == object:
        return numbers % modulus
    divisor = np.uint64(modulus)
    return numbers - numbers // divisor * divisor


def _remainder(drawn: np.ndarray, modulus: int) -> np.ndarray:
    """Return big-endian bytes modulo a number of up to 60 bits: uint64, shape ``(rows,)``.

    After the first eight bytes, as many bits are shifted in at a time as leave the number below 2**64.
    """
    number = _modulo(np.ascontiguousarray(drawn[:, :8]).view(">u8").ravel().astype(np.uint64), modulus)
    rest = np.ascontiguousarray(drawn[:, 8:])
    if not rest.shape[1]:
        return number
    free = 64 - modulus.bit_length()
    if free >= 32:
        pieces, width = rest.view(">u4"), 32
    elif free >= 8:
        pieces, width = rest, 8
    else:
        pieces, width = np.stack([rest >> 4, rest & 15], axis=-1).reshape(len(rest), -1), 4
    for place in range(pieces.shape[1]):
        number = _modulo((number << np.uint64(width)) | pieces[:, place].astype(np.uint64), modulus)
    return number


def _long_remainder(drawn: np.ndarray, modulus: int) -> np.ndarray:
    """Return big-endian bytes modulo a number of any size: Python integers, shape ``(rows,)``."""
    width, data = drawn.shape[1], drawn.tobytes()
    numbers = np.empty(len(drawn), dtype=object)
    numbers[:] = [
        int.from_bytes(data[start : start + width], "big") % modulus for start in range(0, len(data), width)
    ]
    return numbers
