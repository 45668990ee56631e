"""Keys and personal text to the pattern they follow, and fresh values of that pattern.

Texts are sampled from templates, not from a character model: a template keeps no word that fewer than
``COMMON`` rows share, which can be read and counted in the model file, while a network may have learned a
rare name by heart; and it always keeps the pattern, has no training time and no failed draws.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tabgen.cleaning import clean_column
from tabgen.jsonvalues import dtype_from_json
from tabgen.schema import REPLACED, Column, Schema
from tabgen.taken import Taken

COMMON = 5  # a word in fewer rows than this could point to a person and is never reused
TEMPLATES = 200  # most frequent shapes of a text that are kept
INVENTED = "words"  # as long as what is made up where nothing may be told of texts
FRUITFUL = 0.05  # share of new texts in a draw below which a pattern has run out of them
FEWEST_TRIED = 100
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
WORD = re.compile(r"[^\W\d_]+|\d+|[\W_]")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Counting:
    """Keys that count on, in even steps, after the last one of the training table."""

    start: int
    step: int

    def draw(self, n: int, rng: np.random.Generator, taken: Taken | None = None) -> np.ndarray:
        """Return n numbers, those after the ones that are taken."""
        first = 0 if taken is None else len(taken)
        return np.array([self.start + self.step * i for i in range(first, first + n)], dtype=object)


@dataclass(frozen=True)
class RandomNumbers:
    """Keys that are different whole numbers within bounds, widened where the bounds are tight.

    Attributes
    ----------
    low, high : int
        Bounds of the keys of the training table.
    lowest, highest : int
        Bounds of their dtype.
    """

    low: int
    high: int
    lowest: int = -(2**63)
    highest: int = 2**63 - 1

    def draw(self, n: int, rng: np.random.Generator, taken: Taken | None = None) -> np.ndarray:
        """Return n numbers in random order, different as long as the dtype has as many."""
        total, before = (n, 0) if taken is None else (max(taken.total, len(taken) + n), len(taken))
        high = max(self.high, min(self.low + 2 * total, self.highest))
        low = min(self.low, max(high - 2 * total, self.lowest)) if high - self.low < 2 * total else self.low
        drawn: dict[int, None] = {}
        while len(drawn) < min(n, high - low + 1 - before):
            more = rng.integers(0, high - low, n - len(drawn), dtype=np.uint64, endpoint=True)
            drawn |= dict.fromkeys(_fresh([low + offset for offset in more.tolist()], taken))
        return np.resize(np.array(list(drawn) or [low], dtype=object), n)


@dataclass(frozen=True)
class RandomUUIDs:
    """UUIDs of version 4."""

    upper: bool

    def draw(self, n: int, rng: np.random.Generator, taken: Taken | None = None) -> np.ndarray:
        """Return n UUIDs as text; chance alone keeps 122 random bits different."""
        texts = [str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(n)]
        return np.array([text.upper() if self.upper else text for text in texts], dtype=object)


@dataclass(frozen=True)
class TextPattern:
    """Texts cut into words, digits and marks; common pieces are reused, the others made up.

    Attributes
    ----------
    templates : dict of str to float
        Shapes of texts and how often they occur. In a shape ``a``, ``A``, ``Aa`` and ``9`` stand for
        lower, upper and capitalised words and for digits; marks stand for themselves.
    words : dict of str to dict of str to float
        For each slot of a shape the pieces seen in at least ``COMMON`` rows and how often; the empty
        piece holds the frequency of all others.
    letters : dict of str to str
        For each pair of letters the ones that follow it in at least ``COMMON`` rows.
    lengths : dict of str to list of int
        For each slot the lengths of the pieces that are made up.
    unique : bool
        Whether no text may occur twice.
    """

    templates: dict[str, float]
    words: dict[str, dict[str, float]]
    letters: dict[str, str]
    lengths: dict[str, list[int]]
    unique: bool

    def draw(self, n: int, rng: np.random.Generator, taken: Taken | None = None) -> np.ndarray:
        """Return n fresh texts; all different where the original ones were."""
        if not self.unique:
            return np.array(self._draw_texts(n, rng), dtype=object)
        drawn: dict[str, None] = {}
        for invent in (False, True):  # where common pieces run out of new texts, make up what varies
            fruitful = True
            while len(drawn) < n and fruitful:
                before, asked = len(drawn), max(n - len(drawn), FEWEST_TRIED)
                drawn |= dict.fromkeys(_fresh(self._draw_texts(asked, rng, invent), taken))
                fruitful = len(drawn) - before >= FRUITFUL * asked
        texts = list(drawn) or list(dict.fromkeys(self._draw_texts(FEWEST_TRIED, rng, invent=True)))
        number = 0 if taken is None else len(taken)
        while len(drawn) < n:  # all texts of the pattern are taken: lengthen them, e-mails before the @
            head, at, host = texts[number % len(texts)].partition("@")
            number += 1
            drawn |= dict.fromkeys(_fresh([f"{head}{number}{at}{host}"], taken))
        return np.array(list(drawn)[:n], dtype=object)

    def _draw_texts(self, n: int, rng: np.random.Generator, invent: bool = False) -> list[str]:
        shapes = list(self.templates)
        chosen = rng.choice(len(shapes), n, p=_shares(self.templates))
        texts = np.empty(n, dtype=object)
        for number in np.unique(chosen):
            rows = np.flatnonzero(chosen == number)
            texts[rows] = self._draw_shape(shapes[number], len(rows), rng, invent)
        return list(texts)

    def _draw_shape(self, shape: str, n: int, rng: np.random.Generator, invent: bool) -> np.ndarray:
        text = np.full(n, "", dtype=object)
        for position, piece in enumerate(shape.split("\x1f")):
            slot = f"{shape}\x1e{position}"
            if slot not in self.words:
                text = text + piece
                continue
            pieces = list(self.words[slot])
            drawn = rng.choice(len(pieces), n, p=_shares(self.words[slot]))
            chosen = np.array(pieces, dtype=object)[drawn]
            if invent and len(pieces) > 1:
                chosen[:] = ""
            lengths = self.lengths.get(slot) or [len(known) for known in pieces]
            for row in np.flatnonzero(chosen == ""):
                length = lengths[int(rng.random() * len(lengths))]
                chosen[row] = self._make_up(piece, length, rng)
            text = text + chosen
        return text

    def _make_up(self, style: str, length: int, rng: np.random.Generator) -> str:
        if style == "9":
            return "".join(map(str, rng.integers(0, 10, length)))
        word = ""
        for _ in range(length):
            follow = self.letters.get(word[-2:] or "^") or self.letters.get(word[-1:]) or ALPHABET
            word += follow[int(rng.random() * len(follow))]
        return {"A": str.upper, "Aa": str.capitalize}.get(style, str)(word)


Generator = Counting | RandomNumbers | RandomUUIDs | TextPattern
GENERATORS = {kind.__name__: kind for kind in (Counting, RandomNumbers, RandomUUIDs, TextPattern)}


def fit_identifiers(
    frame: pd.DataFrame, schema: Schema, fewest: Mapping[Hashable, int] | None = None
) -> dict[Hashable, Generator]:
    """Learn the pattern of each column that is replaced rather than modelled.

    Parameters
    ----------
    frame : pandas.DataFrame
        The training table.
    schema : Schema
        Its schema.
    fewest : mapping of Hashable to int, optional
        For columns to protect, rows that must share a word, a shape or a sequence of letters that is kept,
        at least ``COMMON``. Bounds of their keys are widened to two digits.

    Returns
    -------
    dict of Hashable to Generator
        One generator of fresh values a column.

    Examples
    --------
    >>> from tabgen.inference import infer_schema
    >>> from tabgen.profiling import profile
    >>> frame = pd.DataFrame({"id": [f"AB-{7 * i:04d}" for i in range(1, 50)]})
    >>> generators = fit_identifiers(frame, infer_schema(profile([frame])))
    >>> fresh = generators["id"].draw(3, np.random.default_rng(0))
    >>> all(re.fullmatch(r"AB-[0-9]{4}", text) for text in fresh)
    True
    """
    return {
        column.name: _fit_column(frame[column.name], column, (fewest or {}).get(column.name))
        for column in schema.columns
        if column.kind in REPLACED
    }


def draw_identifiers(
    generators: Mapping[Hashable, Any], n: int, schema: Schema, rng: np.random.Generator
) -> dict[Hashable, np.ndarray]:
    """Return n fresh values for each column, in the type that its schema asks for."""
    kinds = {column.name: column for column in schema.columns}
    return {name: _typed(generator.draw(n, rng), kinds[name]) for name, generator in generators.items()}


def _fresh(values: list[Any], taken: Taken | None) -> list[Any]:
    """Return the values that are not taken."""
    if taken is None or not len(taken):
        return values
    return [value for value, fresh in zip(values, taken.fresh(values), strict=True) if fresh]


def _typed(values: np.ndarray, column: Column) -> np.ndarray:
    """Return numbers as text or, where they counted beyond their dtype, starting over; texts as they are."""
    if column.number is not None:
        return values.astype(str).astype(object)
    if not pd.api.types.is_integer_dtype(dtype_from_json(column.dtype)):
        return values
    low, high = _limits(column)
    return np.array([low + (value - low) % (high - low + 1) for value in values], dtype=object)


def _limits(column: Column) -> tuple[int, int]:
    """Return the smallest and the largest number that an integer column can hold."""
    dtype = dtype_from_json(column.dtype)
    if not pd.api.types.is_integer_dtype(dtype):
        return -(2**63), 2**63 - 1
    limits = np.iinfo(getattr(dtype, "subtype", getattr(dtype, "numpy_dtype", dtype)))
    return int(limits.min), int(limits.max)


def _fit_column(values: pd.Series, column: Column, fewest: int | None) -> Generator:
    present = values[clean_column(values, column).notna().to_numpy()]
    whole = column.number is not None or pd.api.types.is_integer_dtype(dtype_from_json(column.dtype))
    if whole:
        numbers = [int(value) for value in present]
        steps = set(np.diff(np.array(numbers, dtype=object)))  # Python numbers, which do not overflow
        if len(steps) == 1:
            step = steps.pop()
            return Counting(numbers[-1] + step, step)
        return RandomNumbers(*_bounds(numbers, column, fewest is not None), *_limits(column))
    texts = [str(value) for value in present]
    if all(UUID.fullmatch(text) for text in texts):
        return RandomUUIDs(upper=any(text != text.lower() for text in texts))
    if fewest is None:
        return _fit_pattern([WORD.findall(text) for text in texts], column.unique, COMMON)
    common = max(COMMON, fewest)
    return _fit_pattern(_shared_beginnings(texts, common), column.unique, common)


def _bounds(numbers: Sequence[int], column: Column, widened: bool) -> tuple[int, int]:
    """Return the bounds of keys, widened to numbers of two digits and zeros or nines if so asked."""
    low, high = min(numbers), max(numbers)
    if not widened:
        return low, high
    least, most = _limits(column)
    units = [10 ** max(len(str(abs(bound))) - 2, 0) for bound in (low, high)]
    return max(low // units[0] * units[0], least), min((high // units[1] + 1) * units[1] - 1, most)


def _shared_beginnings(texts: Sequence[str], fewest: int) -> list[list[str]]:
    """Return the pieces of texts; where hardly any shape is shared, of each what it begins like others."""
    split = [WORD.findall(text) for text in texts]
    styles = [tuple(map(_style, pieces)) for pieces in split]
    if Counter(styles).most_common(1)[0][1] >= fewest:
        return split
    begun, length = dict.fromkeys(range(len(split)), 0), 0  # beginnings alike have one number
    while begun:
        longer = {row: (at, styles[row][length]) for row, at in begun.items() if len(styles[row]) > length}
        shared = [beginning for beginning, n in Counter(longer.values()).items() if n >= fewest]
        number = {beginning: place for place, beginning in enumerate(shared)}
        following = {row: number[beginning] for row, beginning in longer.items() if beginning in number}
        for row in begun.keys() - following.keys():
            del split[row][length:]
        begun, length = following, length + 1
    return [pieces for pieces in split if pieces] or [[INVENTED]] * fewest


def _fit_pattern(split: Sequence[Sequence[str]], unique: bool, fewest: int) -> TextPattern:
    """Count shapes, common pieces and letter sequences."""
    shapes = ["\x1f".join(map(_style, pieces)) for pieces in split]
    frequent = dict(Counter(shapes).most_common(TEMPLATES))
    common = {s: float(n) for s, n in frequent.items() if n >= fewest} or {
        s: float(n) for s, n in frequent.items()
    }
    counts: dict[str, Counter[str]] = {}
    for shape, pieces in zip(shapes, split, strict=True):
        if shape in common:
            for position, piece in enumerate(pieces):
                if piece.isalpha() or piece.isdigit():
                    counts.setdefault(f"{shape}\x1e{position}", Counter())[piece] += 1
    words, lengths = {}, {}
    for slot, seen in counts.items():
        kept = {piece: float(n) for piece, n in seen.items() if n >= fewest}
        rare = {piece: n for piece, n in seen.items() if n < fewest}
        if rare:
            kept[""] = float(sum(rare.values()))
            lengths[slot] = sorted({len(piece) for piece in rare})
        words[slot] = kept
    return TextPattern(common, words, _follow(split, fewest), lengths, unique)


def _style(piece: str) -> str:
    """Return what stands for a piece in a shape."""
    if piece.isdigit():
        return "9"
    if not piece.isalpha():
        return piece
    if piece.isupper() and (len(piece) > 1 or piece.isascii()):
        return "A"
    return "Aa" if piece[0].isupper() else "a"


def _follow(split: Sequence[Sequence[str]], fewest: int) -> dict[str, str]:
    """Return which letters follow one or two letters in at least so many texts."""
    counts: dict[str, Counter[str]] = {}
    for pieces in split:
        for word in {piece.lower() for piece in pieces if piece.isalpha()}:
            for i, letter in enumerate(word):
                for state in {word[max(0, i - 2) : i] or "^", word[max(0, i - 1) : i] or "^"}:
                    counts.setdefault(state, Counter())[letter] += 1
    kept = {
        state: "".join(sorted(letter for letter, n in letters.items() if n >= fewest))
        for state, letters in counts.items()
    }
    return {state: letters for state, letters in kept.items() if letters}


def _shares(weights: Mapping[str, float]) -> np.ndarray:
    values = np.array(list(weights.values()))
    return values / values.sum()
