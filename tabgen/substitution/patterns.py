"""Texts to their patterns (which alphabet each character is of), and texts to others of the same pattern.

A pattern is a text of the same length: letters and digits stand as the marks of their alphabets, all else as
itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import TypeAlias

import numpy as np
import pandas as pd

from tabgen.errors import PlanError
from tabgen.substitution.permutations import KeyedPermutation

Texts: TypeAlias = "Sequence[str] | np.ndarray"
PRIVATE = 0xE000  # first code point of Unicode's private use area: marks are taken from it
CHECK = "\uf8ff"  # the mark of a character that follows from the others
HEXADECIMAL = "0123456789abcdef"
AT_ONCE = 1 << 16  # texts that are written together
# ranges of code points that go together: first, last, and step where upper and lower case alternate;
# fixed, for a mapping must outlive versions of Unicode
ALPHABETS = (
    ((0x30, 0x39),), ((0x61, 0x7A),), ((0x41, 0x5A),),  # digits, Latin lower, upper
    ((0xDF, 0xF6), (0xF8, 0xFF)), ((0xC0, 0xD6), (0xD8, 0xDE)),  # with accents, of Western Europe
    ((0x101, 0x137, 2), (0x13A, 0x148, 2), (0x14B, 0x177, 2), (0x17A, 0x17E, 2)),  # of all Europe, lower
    ((0x100, 0x136, 2), (0x139, 0x147, 2), (0x14A, 0x176, 2), (0x178, 0x179), (0x17B, 0x17D, 2)),  # upper
    ((0x219, 0x21B, 2),), ((0x218, 0x21A, 2),),  # of Romania
    ((0x1E01, 0x1E95, 2),), ((0x1E00, 0x1E94, 2),), ((0x1EA1, 0x1EF9, 2),), ((0x1EA0, 0x1EF8, 2),),
    ((0x1A1, 0x1A1), (0x1B0, 0x1B0)), ((0x1A0, 0x1A0), (0x1AF, 0x1AF)),  # of Vietnam
    (  # rare Latin
        (0x138, 0x138), (0x149, 0x149), (0x17F, 0x19F), (0x1A2, 0x1AE), (0x1B1, 0x217), (0x21C, 0x2AF),
        (0x1E96, 0x1E9F),
    ),
    ((0xAA, 0xAA), (0xB5, 0xB5), (0xBA, 0xBA)), ((0x2B0, 0x2FF),), ((0x300, 0x36F),),  # signs at letters
    ((0x3AC, 0x3AF), (0x3B1, 0x3CE)), ((0x391, 0x3A1), (0x3A3, 0x3A9)),  # Greek
    ((0x386, 0x386), (0x388, 0x38A), (0x38C, 0x38C), (0x38E, 0x38F)),
    ((0x430, 0x45F),), ((0x400, 0x42F),), ((0x491, 0x4BF, 2), (0x4D1, 0x4FF, 2)),  # Cyrillic
    ((0x490, 0x4BE, 2), (0x4D0, 0x4FE, 2)),
    ((0x561, 0x586),), ((0x531, 0x556),), ((0x10D0, 0x10F0),),  # Armenian, Georgian
    ((0x5D0, 0x5EA),), ((0x621, 0x63A), (0x641, 0x64A)), ((0x671, 0x6D3),),  # Hebrew, Arabic, Persian
    ((0x660, 0x669),), ((0x6F0, 0x6F9),),
    ((0x904, 0x939),), ((0x93E, 0x94C),), ((0x966, 0x96F),), ((0xE01, 0xE2E),),  # Devanagari, Thai
    ((0xE30, 0xE3A), (0xE40, 0xE4E)),
    ((0x3041, 0x3096),), ((0x30A1, 0x30FA), (0x30FC, 0x30FE)), ((0xAC00, 0xD7A3),), ((0x4E00, 0x9FA5),),
    ((0xFF10, 0xFF19),), ((0xFF21, 0xFF3A),), ((0xFF41, 0xFF5A),),  # full width
    ((PRIVATE, 0xF8FF),),
)  # fmt: skip


def patterns_of(texts: Texts) -> list[str]:
    """Return the pattern of each text.

    Parameters
    ----------
    texts : sequence of str
        Any texts.

    Returns
    -------
    list of str

    Examples
    --------
    >>> one, other, longer = patterns_of(["AB-12", "XY-34", "AB-123"])
    >>> one == other, one == longer, one[2]
    (True, False, '-')
    """
    return _marked(texts, _marks())


def hexadecimal_patterns_of(texts: Texts) -> list[str]:
    """Return the pattern of each text, digits and the letters from a to f of one alphabet."""
    large = np.array([text != text.lower() for text in texts], dtype=bool)
    patterns = np.empty(len(texts), dtype=object)
    for upper, rows in ((False, np.flatnonzero(~large)), (True, np.flatnonzero(large))):
        marks = _marks().copy()
        digits = HEXADECIMAL.upper() if upper else HEXADECIMAL
        marks[[ord(digit) for digit in digits]] = PRIVATE + len(ALPHABETS) + upper
        patterns[rows] = _marked(np.array(texts, dtype=object)[rows], marks)
    return patterns.tolist()


def radices_of(pattern: str) -> list[int]:
    """Return how many characters each changing place of a pattern can hold."""
    return [len(_alphabets()[number]) for number in map(_alphabet_number, pattern) if number is not None]


def permute_texts(
    texts: np.ndarray,
    patterns: Iterable[str],
    permutation: KeyedPermutation,
    check: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Return another text of its own pattern for each text, one to one.

    Parameters
    ----------
    texts : numpy.ndarray
        Texts as objects, shape ``(rows,)``.
    patterns : iterable of str
        The pattern of each; letters and digits that are written out in it stay as they are.
    permutation : KeyedPermutation
        What decides the other text.
    check : callable, optional
        From the letters and digits of rows, code points of shape ``(rows, length)``, to those at the marks
        ``CHECK``, 0 where there are none.

    Returns
    -------
    numpy.ndarray
        Objects, shape ``(rows,)``.

    Raises
    ------
    PlanError
        If a text has letters of a script without alphabet here.
    """
    codes, distinct = pd.factorize(np.array(list(patterns), dtype=object))
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(distinct)))
    result = np.empty(len(texts), dtype=object)
    for pattern, group in zip(distinct, np.split(order, ends[:-1]), strict=True):
        for start in range(0, len(group), AT_ONCE):
            rows = group[start : start + AT_ONCE]
            result[rows] = _permute_alike(texts[rows].tolist(), pattern, permutation, check)
    return result


def _permute_alike(
    texts: list[str],
    pattern: str,
    permutation: KeyedPermutation,
    check: Callable[[np.ndarray], np.ndarray] | None,
) -> list[str]:
    """Return other texts for texts of one pattern."""
    numbers = [_alphabet_number(mark) for mark in pattern]
    changing = [place for place, number in enumerate(numbers) if number is not None]
    checking = [place for place, mark in enumerate(pattern) if mark == CHECK]
    stranger = next((mark for mark in pattern if mark.isalpha() and not mark.isascii()), None)
    if stranger is not None:
        raise PlanError(
            f"A value has the letter {stranger!r}, which is of no alphabet that pseudonyms are made of. "
            "Plan to fake or drop the column."
        )
    if not changing:
        return texts
    alphabets = [_alphabets()[number] for number in numbers if number is not None]
    data = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    block = data.reshape(len(texts), len(pattern)).copy()
    said = [
        place
        for place, mark in enumerate(pattern)
        if numbers[place] is not None or mark == CHECK or mark.isalnum()
    ]
    todo = np.arange(len(texts))
    while len(todo):
        numerals = np.empty((len(todo), len(changing)), dtype=np.uint16)
        for column, (place, alphabet) in enumerate(zip(changing, alphabets, strict=True)):
            numerals[:, column] = _places(block[todo, place], alphabet)
        numerals = permutation.permute_numerals(numerals, [len(alphabet) for alphabet in alphabets])
        for column, (place, alphabet) in enumerate(zip(changing, alphabets, strict=True)):
            block[todo, place] = alphabet[numerals[:, column]]
        if check is None or not checking:
            break
        found = check(block[np.ix_(todo, np.array(said))])
        block[np.ix_(todo, np.array(checking))] = found
        todo = todo[(found == 0).any(axis=1)]  # walk on to a text that has check characters
    written, width = block.tobytes().decode("utf-32-le", "surrogatepass"), len(pattern)
    return [written[start : start + width] for start in range(0, len(written), width)]


def _alphabet_number(mark: str) -> int | None:
    """Return which alphabet a mark stands for; None for a character that stands for itself."""
    number = ord(mark) - PRIVATE
    return number if 0 <= number < len(ALPHABETS) + 2 else None


def _places(codes: np.ndarray, alphabet: np.ndarray) -> np.ndarray:
    """Return the place of each code point in its alphabet."""
    if int(alphabet[-1]) - int(alphabet[0]) + 1 == len(alphabet):
        return codes - alphabet[0]
    places = np.zeros(int(alphabet[-1]) + 1, dtype=np.uint16)
    places[alphabet] = np.arange(len(alphabet))
    return places[codes]


def _code_points(ranges: tuple[tuple[int, ...], ...]) -> list[int]:
    """Return the code points of an alphabet in order."""
    return sorted(
        code for first, last, *step in ranges for code in range(first, last + 1, step[0] if step else 1)
    )


def _marked(texts: Texts, marks: np.ndarray) -> list[str]:
    """Return texts, each character replaced by its mark: all texts as one array, then cut."""
    data = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    whole = marks[data].tobytes().decode("utf-32-le", "surrogatepass")
    ends = [0, *accumulate(map(len, texts))]
    return [whole[start:end] for start, end in pairwise(ends)]


@cache
def _marks() -> np.ndarray:
    """Return the mark of each code point; its own where it is of no alphabet."""
    marks = np.arange(sys.maxunicode + 1, dtype="<u4")
    for number, ranges in enumerate(ALPHABETS):
        marks[_code_points(ranges)] = PRIVATE + number
    return marks


@cache
def _alphabets() -> list[np.ndarray]:
    """Return the code points of each alphabet in order; the last two are hexadecimal, lower and upper."""
    known = [_code_points(ranges) for ranges in ALPHABETS]
    digits = [sorted(map(ord, text)) for text in (HEXADECIMAL, HEXADECIMAL.upper())]
    return [np.array(codes, dtype=np.uint32) for codes in known + digits]
