"""A column and a key to the same column of pseudonyms: one to one, of the same format, and nothing is stored.

The values of a kind fall into sets that a mapping never leaves: those that have the look and check characters
of the kind, and all others, of which only the pattern is kept. A value that would leave its set is mapped
again until it is back (cycle walking), so that the mapping is one to one in each set and so as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tabgen.errors import PlanError
from tabgen.looks import NULLS
from tabgen.substitution.checkdigits import CHECKED
from tabgen.substitution.ff1 import FEWEST_STRINGS
from tabgen.substitution.keys import SecretKey
from tabgen.substitution.patterns import (
    CHECK,
    hexadecimal_patterns_of,
    patterns_of,
    permute_texts,
    radices_of,
)
from tabgen.substitution.permutations import KEY_BYTES, KeyedPermutation

KINDS = ("code", "number", "email", "phone", "hex", "uuid", "ip", *CHECKED)
EMAIL_DOMAINS = ("reserved", "keep")
AT_ONCE = 1 << 16  # texts that are replaced together: what fits the processor's cache
RESERVED = ".example"  # no mail is ever delivered there: RFC 2606
EMAIL = re.compile(r"([^@\s]+)@([^@\s]+)(\.[A-Za-z]{2,})")
WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")
HEX = re.compile(r"(?=.*[a-fA-F])(?:[0-9a-f:.-]*|[0-9A-F:.-]*)")  # digits alone stay digits
LETTER = re.compile(r"[a-fA-F]")
UUID = re.compile(
    r"(?=.*[a-fA-F])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12})"
)
IP = re.compile(
    r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}|(?=.*:)(?=.*[a-f])[0-9a-f:]*"
)
CALLING = re.compile(  # country codes of the ITU's Recommendation E.164, or the zero that is dialled first
    r"\+(?:[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})|0", re.ASCII
)
LOOKS = {
    "number": WHOLE, "email": EMAIL, "hex": HEX, "uuid": UUID, "ip": IP,
    "phone": re.compile(rf"(?:{CALLING.pattern}).*", re.ASCII | re.DOTALL),
}  # fmt: skip
# numbers of one set have equally many digits and need an integer of the same width
EDGES = sorted(
    {10**n for n in range(1, 20)} | {2**n + more for n in (7, 8, 15, 16, 31, 32, 53, 63) for more in (0, 1)}
)


def pseudonymise(
    values: pd.Series, kind: str, key: SecretKey, key_space: str = "", email_domain: str = "reserved"
) -> pd.Series:
    """Replace each value by its pseudonym; equal values have equal ones, different values different ones.

    Parameters
    ----------
    values : pandas.Series
        Text, whole numbers, or categories of them; missing values stay, and so do texts like "n/a".
    kind : str
        What the values are. ``"code"``: each letter and digit becomes another of its alphabet and case, all
        else stays. ``"number"``: whole numbers, of as many digits. ``"email"``, ``"phone"`` (calling code
        kept), ``"hex"``, ``"uuid"``, ``"ip"``, and kinds with check characters: ``"card"``, ``"iban"``,
        ``"es_dni"``, ``"fr_nir"``, ``"be_nrn"``, ``"br_cpf"``, ``"nl_bsn"``, ``"gb_nhs"``,
        ``"pl_pesel"``, ``"ch_ahv"``, ``"se_personnummer"``, ``"ca_sin"``. A value that is not of the kind
        is treated as a code.
    key : SecretKey
        What decides the mapping.
    key_space : str
        Columns of one key space share one mapping; by default all those of one kind.
    email_domain : {"reserved", "keep"}
        Whether the host of an e-mail address is replaced too and ends in ``.example``, where no mail is
        delivered, or stays.

    Returns
    -------
    pandas.Series
        With the same index, name and dtype; a ``category`` has new categories.

    Raises
    ------
    PlanError
        If the values are neither text nor whole numbers, or of a script without alphabet here.
    MissingExtra
        If the package cryptography is not installed.

    Examples
    --------
    >>> key = SecretKey(bytes(range(32)))
    >>> cards = pd.Series(["4111 1111 1111 1111", None, "4111 1111 1111 1111"])
    >>> fresh = pseudonymise(cards, "card", key)
    >>> fresh[0] == fresh[2], CHECKED["card"].holds([fresh[0]])[0], pd.isna(fresh[1])
    (True, np.True_, True)
    >>> int(pseudonymise(pd.Series([1234, 1235]), "number", key).min()) >= 1000
    True
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        categories = pd.Series(values.cat.categories, name=values.name)
        fresh = pseudonymise(categories, kind, key, key_space, email_domain)
        return values.cat.rename_categories(pd.Index(fresh, dtype=values.cat.categories.dtype))
    codes, distinct = pd.factorize(values)
    if not len(distinct):
        return values.copy()
    objects = np.asarray(distinct.astype(object), dtype=object)
    mapped = _map(objects, Pseudonyms(kind, key, key_space, email_domain), values.name)
    fresh = pd.Series(mapped, dtype=object).astype(values.dtype).array.take(np.maximum(codes, 0))
    return pd.Series(fresh, values.index, values.dtype, values.name).where(codes >= 0, values)


def weak_share(values: Sequence[str]) -> float:
    """Return the share of texts whose pattern has fewer than 1,000,000 texts, the fewest for FF1.

    >>> weak_share(["1234", "AB-1234"])
    0.5
    """
    sizes = [np.prod(radices_of(pattern), dtype=float) for pattern in patterns_of(values)]
    return float(np.mean(np.array(sizes) < FEWEST_STRINGS)) if sizes else 0.0


class Pseudonyms:
    """The mapping of one kind of values by one key; parameters as of `pseudonymise`."""

    def __init__(
        self, kind: str, key: SecretKey, key_space: str = "", email_domain: str = "reserved"
    ) -> None:
        self.kind = kind
        self.email_domain = email_domain
        space = key_space or kind
        self._permutation = KeyedPermutation(key.derive(f"pseudonyms: {space}", 2 * KEY_BYTES))
        self._hosts = KeyedPermutation(key.derive(f"pseudonyms: hosts of {space}", 2 * KEY_BYTES))

    def of_numbers(self, numbers: np.ndarray) -> np.ndarray:
        """Return the pseudonyms of different whole numbers: Python integers, shape ``(rows,)``."""
        sizes = np.array([abs(number) for number in numbers], dtype=np.uint64)
        negative = np.array([number < 0 for number in numbers], dtype=bool)
        sets = np.searchsorted(np.array(EDGES, dtype=np.uint64), sizes, side="right")
        fresh = np.empty(len(numbers), dtype=object)
        for number in np.unique(sets):
            first = EDGES[number - 1] if number else 0
            end = EDGES[number] if number < len(EDGES) else 2**64
            for sign in (1, -1):
                rows = np.flatnonzero((sets == number) & (negative == (sign < 0)))
                low = max(first, 1) if sign < 0 else first
                ranks = self._permutation.permute(sizes[rows] - np.uint64(low), end - low)
                fresh[rows] = [sign * (low + rank) for rank in ranks.tolist()]
        return fresh

    def of_texts(self, texts: np.ndarray) -> np.ndarray:
        """Return the pseudonyms of different texts: objects, shape ``(rows,)``."""
        fresh = texts.copy()
        special = self._is_special(texts)
        if special.any():
            fresh[special] = self._special(texts[special])
        todo = np.flatnonzero(~special & ~_stays(texts))
        while len(todo):
            fresh[todo] = permute_texts(fresh[todo], patterns_of(fresh[todo]), self._permutation)
            todo = todo[self._is_special(fresh[todo]) | _stays(fresh[todo])]
        return fresh

    def _is_special(self, texts: np.ndarray) -> np.ndarray:
        """Return for each text whether it has the look of the kind."""
        if self.kind in CHECKED:
            return CHECKED[self.kind].holds(texts)
        if self.kind not in LOOKS:
            return np.zeros(len(texts), dtype=bool)
        look = LOOKS[self.kind]
        return np.array([look.fullmatch(text) is not None for text in texts], dtype=bool)

    def _special(self, texts: np.ndarray) -> np.ndarray:
        """Return the pseudonyms of texts that have the look of the kind."""
        match self.kind:
            case "number":
                return self.of_numbers(np.array([int(text) for text in texts], dtype=object)).astype(str)
            case "email":
                return self._emails(texts)
            case "ip":
                return self._addresses(texts)
            case "phone":
                return permute_texts(texts, _kept_leads(texts, CALLING), self._permutation)
            case "hex":
                return self._hexadecimal(texts, hexadecimal_patterns_of(texts))
            case "uuid":  # version and variant stay
                marked = zip(texts, hexadecimal_patterns_of(texts), strict=True)
                patterns = [f"{p[:14]}{text[14]}{p[15:19]}{text[19]}{p[20:]}" for text, p in marked]
                return self._hexadecimal(texts, patterns)
        form = CHECKED[self.kind]
        codes, distinct = pd.factorize(_kept_leads(texts, form.lead))
        checked = np.array([_with_checks(pattern, form.places) for pattern in distinct], dtype=object)
        return permute_texts(texts, checked[codes], self._permutation, form.compute)

    def _emails(self, texts: np.ndarray) -> np.ndarray:
        parts = np.array([text.rpartition("@")[::2] for text in texts], dtype=object).reshape(-1, 2)
        fresh = permute_texts(parts[:, 0], patterns_of(parts[:, 0]), self._permutation)
        hosts = parts[:, 1]
        if self.email_domain == "reserved":
            codes, distinct = pd.factorize(hosts)
            names = np.array([host.rpartition(".")[::2] for host in distinct], dtype=object).reshape(-1, 2)
            replaced = permute_texts(names[:, 0], patterns_of(names[:, 0]), self._hosts)
            hosts = (replaced + "." + names[:, 1] + RESERVED)[codes]
        return fresh + "@" + hosts

    def _addresses(self, texts: np.ndarray) -> np.ndarray:
        """Return other addresses; the domain of IPv4 is all numbers of 32 bits."""
        fresh = texts.copy()
        colons = np.array([":" in text for text in texts], dtype=bool)
        fresh[colons] = self._hexadecimal(texts[colons], hexadecimal_patterns_of(texts[colons]))
        octets = np.array([text.split(".") for text in texts[~colons]], dtype=object).reshape(-1, 4)
        ranks = octets.astype(np.uint64) @ np.array([2**24, 2**16, 2**8, 1], dtype=np.uint64)
        ranks = self._permutation.permute(ranks, 2**32)
        fresh[~colons] = [f"{n >> 24}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in ranks.tolist()]
        return fresh

    def _hexadecimal(self, texts: np.ndarray, patterns: Sequence[str]) -> np.ndarray:
        """Return other hexadecimal texts with a letter: what has none is a text of digits."""
        fresh, marks, todo = texts.copy(), np.array(patterns, dtype=object), np.arange(len(texts))
        while len(todo):
            fresh[todo] = permute_texts(fresh[todo], marks[todo], self._permutation)
            todo = todo[[LETTER.search(text) is None for text in fresh[todo]]]
        return fresh


def _map(objects: np.ndarray, pseudonyms: Pseudonyms, name: object) -> np.ndarray:
    """Return the pseudonyms of different values of one column."""
    if all(isinstance(value, str) for value in objects):
        try:
            parts = [objects[start : start + AT_ONCE] for start in range(0, len(objects), AT_ONCE)]
            return np.concatenate([pseudonyms.of_texts(part) for part in parts])
        except PlanError as error:
            raise PlanError(f"Column {name!r}: {error}") from error
    whole = [_is_whole(value) for value in objects]
    if not all(whole):
        odd = objects[whole.index(False)]
        raise PlanError(
            f"Column {name!r} holds {odd!r}, which is neither text nor a whole number, so it has no "
            "pseudonym. Plan to generalise, shift, synthesise or drop the column."
        )
    return pseudonyms.of_numbers(np.array([int(value) for value in objects], dtype=object))


def _is_whole(value: Any) -> bool:
    """Return whether a value is a whole number that 64 bits, or a float without loss, can hold."""
    if isinstance(value, (float, np.floating)):
        return float(value).is_integer() and abs(float(value)) <= 2**53
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and -(2**63) <= int(value) < 2**64


def _stays(texts: np.ndarray) -> np.ndarray:
    """Return for each text whether it stands for a missing value."""
    return np.array([text in _NULLS for text in texts], dtype=bool)


def _kept_leads(texts: np.ndarray, lead: re.Pattern[str]) -> np.ndarray:
    """Return the patterns of texts, the start of each written out."""
    marked = zip(texts, patterns_of(texts), (lead.match(text) for text in texts), strict=True)
    leads = [(text, pattern, found.end() if found else 0) for text, pattern, found in marked]
    return np.array([text[:end] + pattern[end:] for text, pattern, end in leads], dtype=object)


def _with_checks(pattern: str, places: Sequence[int]) -> str:
    """Return a pattern with the marks of check characters at their places among letters and digits."""
    said = [place for place, mark in enumerate(pattern) if radices_of(mark) or mark.isalnum()]
    marks = list(pattern)
    for place in places:
        marks[said[place]] = CHECK
    return "".join(marks)


_NULLS = frozenset(NULLS)
