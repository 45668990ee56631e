"""Texts that carry check characters to whether these are right, and to the right ones for changed texts.

Functions that compute check characters take code points of the letters and digits of texts, without what
separates them, of shape ``(rows, length)``, ignore those at the places of check characters, and return the
code points that belong there, of shape ``(rows, places)``; 0 where none exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

ZERO, LETTER_A = ord("0"), ord("A")
SEPARATORS = str.maketrans("", "", " -./")
DNI_LETTERS = np.array([ord(letter) for letter in "TRWAGMYFPDXBNJZSQVHLCKE"], dtype=np.uint32)
DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9])  # digit sums of twice a digit
NO_DIGIT = 10  # a remainder for which no check digit exists


@dataclass(frozen=True)
class CheckedForm:
    """Texts whose last characters, or some others, follow from the rest.

    Attributes
    ----------
    look : re.Pattern
        What such a text looks like, in full.
    lead : re.Pattern
        What at its start says what it is, and stays.
    places : tuple of int
        Where the check characters stand among letters and digits; from the end where negative.
    compute : callable
        Code points of letters and digits to the check characters.
    """

    look: re.Pattern[str]
    lead: re.Pattern[str]
    places: tuple[int, ...]
    compute: Callable[[np.ndarray], np.ndarray]

    def holds(self, texts: Sequence[str] | np.ndarray) -> np.ndarray:
        """Return for each text whether it has this look and right check characters.

        Parameters
        ----------
        texts : sequence of str
            Any texts.

        Returns
        -------
        numpy.ndarray
            Booleans, shape ``(rows,)``.

        Examples
        --------
        >>> CHECKED["card"].holds(["4111 1111 1111 1111", "4111 1111 1111 1112", "4111"]).tolist()
        [True, False, False]
        """
        right = np.zeros(len(texts), dtype=bool)
        by_length: dict[int, tuple[list[int], list[str]]] = {}
        for row, text in enumerate(texts):
            if self.look.fullmatch(text):
                bare = text if text.isalnum() else text.translate(SEPARATORS)
                rows, bares = by_length.setdefault(len(bare), ([], []))
                rows.append(row)
                bares.append(bare)
        for rows, bares in by_length.values():
            codes = np.frombuffer("".join(bares).encode("utf-32-le"), dtype="<u4").reshape(len(rows), -1)
            right[rows] = (codes[:, self.places] == self.compute(codes)).all(axis=1)
        return right


def luhn(codes: np.ndarray) -> np.ndarray:
    """Return the last digit of a card number (ISO/IEC 7812-1, annex B).

    >>> codes = np.array([[ord(digit) for digit in "79927398710"]])
    >>> chr(luhn(codes)[0, 0])
    '3'
    """
    digits = _digits(codes)[:, :-1][:, ::-1]
    total = DOUBLED[digits[:, ::2]].sum(axis=1) + digits[:, 1::2].sum(axis=1)
    return _as_codes(-total % 10)


def mod_97_10(codes: np.ndarray) -> np.ndarray:
    """Return the two check digits of an IBAN (ISO 13616, ISO/IEC 7064 mod 97-10).

    >>> codes = np.array([[ord(letter) for letter in "GB00WEST12345698765432"]])
    >>> "".join(map(chr, mod_97_10(codes)[0]))
    '82'
    """
    remainder = np.zeros(len(codes), dtype=np.int64)
    moved = np.hstack([codes[:, 4:], codes[:, :2]]).astype(np.int64)
    for place, column in enumerate(moved.T, start=1):
        letter = column >= LETTER_A
        if letter.any():
            remainder = remainder * np.where(letter, 100, 10) + column - np.where(letter, LETTER_A - 10, ZERO)
        else:
            remainder = remainder * 10 + column - ZERO
        if place % 7 == 0:  # 97 x 100 ** 7 still fits 64 bits
            remainder %= 97
    remainder %= 97
    return _two_digits(98 - remainder * 100 % 97)


def weighted(codes: np.ndarray, weights: Sequence[int], modulus: int, digit_of: Sequence[int]) -> np.ndarray:
    """Return one digit that follows from a weighted sum of those before it.

    Parameters
    ----------
    codes : numpy.ndarray
        Code points, shape ``(rows, len(weights) + 1)``.
    weights : sequence of int
        Weight of each digit.
    modulus : int
        What the sum is divided by.
    digit_of : sequence of int
        The check digit of each remainder; ``NO_DIGIT`` where there is none.
    """
    digit = np.array(digit_of)[_digits(codes)[:, : len(weights)] @ np.array(weights) % modulus]
    return np.where(digit == NO_DIGIT, 0, digit + ZERO).astype(np.uint32)[:, None]


def dni_letter(codes: np.ndarray) -> np.ndarray:
    """Return the letter of a Spanish DNI or NIE: the number modulo 23; X, Y, Z stand for 0, 1, 2."""
    digits = codes[:, :-1].astype(np.int64) - ZERO
    digits[:, 0] = np.where(digits[:, 0] > 9, codes[:, 0].astype(np.int64) - ord("X"), digits[:, 0])
    return DNI_LETTERS[_number(digits) % 23][:, None]


def nir_key(codes: np.ndarray) -> np.ndarray:
    """Return the key of a French social security number: 97 less the number modulo 97."""
    return _two_digits(97 - _number(_digits(codes)[:, :13]) % 97)


def national_register_key(codes: np.ndarray) -> np.ndarray:
    """Return the key of a Belgian national number of those born before 2000: 97 less the number modulo 97."""
    return _two_digits(97 - _number(_digits(codes)[:, :9]) % 97)


def cpf_digits(codes: np.ndarray) -> np.ndarray:
    """Return both check digits of a Brazilian CPF, the second of which covers the first."""
    digits = _digits(codes)[:, :9]
    for start in (10, 11):
        remainder = digits @ np.arange(start, 1, -1) % 11
        digits = np.hstack([digits, np.where(remainder < 2, 0, 11 - remainder)[:, None]])
    return (digits[:, 9:] + ZERO).astype(np.uint32)


def _form(
    look: str, lead: str, places: tuple[int, ...], compute: Callable[[np.ndarray], np.ndarray]
) -> CheckedForm:
    return CheckedForm(re.compile(look, re.ASCII), re.compile(lead), places, compute)


def _digits(codes: np.ndarray) -> np.ndarray:
    return codes.astype(np.int64) - ZERO


def _number(digits: np.ndarray) -> np.ndarray:
    """Return the number that digits write."""
    return digits @ 10 ** np.arange(digits.shape[1] - 1, -1, -1)


def _as_codes(digits: np.ndarray) -> np.ndarray:
    return (digits + ZERO).astype(np.uint32)[:, None]


def _two_digits(numbers: np.ndarray) -> np.ndarray:
    return (np.stack(np.divmod(numbers, 10), axis=1) + ZERO).astype(np.uint32)


LEFT_TO_TEN = [0, 9, 8, 7, 6, 5, 4, 3, 2, 1]
CHECKED = {
    "card": _form(
        r"[2-6]\d{12,18}|[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{1,7}|3\d{3}([ -])\d{6}\2\d{5}", r"\d", (-1,), luhn
    ),
    "iban": _form(r"[A-Z]{2}\d\d(?: ?[A-Z0-9]){11,30}", r"[A-Z]{2}", (2, 3), mod_97_10),
    "es_dni": _form(r"(?:\d|[XYZ]-?)\d{7}-?[A-Z]", r"[XYZ]?", (-1,), dni_letter),
    "fr_nir": _form(r"[12] ?\d\d ?\d\d ?\d\d ?\d{3} ?\d{3} ?\d\d", r"[12]", (-2, -1), nir_key),
    "be_nrn": _form(r"\d\d\.?\d\d\.?\d\d-?\d{3}\.?\d\d", "", (-2, -1), national_register_key),
    "br_cpf": _form(r"\d{3}\.?\d{3}\.?\d{3}-?\d\d", "", (-2, -1), cpf_digits),
    "nl_bsn": _form(
        r"\d{4}\.?\d\d\.?\d{3}", "", (-1,),
        partial(weighted, weights=(9, 8, 7, 6, 5, 4, 3, 2), modulus=11, digit_of=range(11)),
    ),
    "gb_nhs": _form(
        r"\d{3}[ -]?\d{3}[ -]?\d{4}", "", (-1,),
        partial(weighted, weights=range(10, 1, -1), modulus=11, digit_of=(0, NO_DIGIT, *range(9, 0, -1))),
    ),
    "pl_pesel": _form(
        r"\d{11}", "", (-1,),
        partial(weighted, weights=(1, 3, 7, 9, 1, 3, 7, 9, 1, 3), modulus=10, digit_of=LEFT_TO_TEN),
    ),
    "ch_ahv": _form(
        r"756\.?\d{4}\.?\d{4}\.?\d\d", "756", (-1,),
        partial(weighted, weights=(1, 3) * 6, modulus=10, digit_of=LEFT_TO_TEN),
    ),
    "se_personnummer": _form(r"\d{6}[-+]?\d{4}", "", (-1,), luhn),
    "ca_sin": _form(r"\d{3}[ -]?\d{3}[ -]?\d{3}", "", (-1,), luhn),
}  # fmt: skip
