"""The name of a column to what the column may hold, by the words of several languages."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from tabgen.substitution.words import NAMES, NUMBERS, PEOPLE

SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def plain(text: str) -> str:
    """Return a text in small letters without accents.

    >>> plain("Straße Łódź")
    'strasse lodz'
    """
    folded = text.casefold().translate(str.maketrans("łøđı", "lodi"))
    return "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))


def words_of(name: str) -> list[str]:
    """Return the words of a column name.

    >>> words_of("customerFirst_Name2")
    ['customer', 'first', 'name', '2']
    """
    parted = re.sub(r"(?<=[^\W\d_])(?=\d)|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [plain(word) for word in re.findall(r"[^\W_]+", parted)]


@dataclass(frozen=True)
class Meaning:
    """What the name of a column says.

    Attributes
    ----------
    kind : str
        One of ``NAMES``.
    language : str
        The language of the words, empty where several have them.
    phrase : str
        The words, glued.
    """

    kind: str
    language: str
    phrase: str


def meanings(name: str) -> list[Meaning]:
    """Return what a column of this name may hold; what more letters say comes first.

    Parameters
    ----------
    name : str
        The name of a column.

    Returns
    -------
    list of Meaning
        Empty if no word says anything.

    Examples
    --------
    >>> [meaning.kind for meaning in meanings("Emergency contact: phone")], meanings("income")
    (['name', 'phone'], [])
    """
    words, known = words_of(name), _known()
    found = []
    if words and words[-1] in NUMBERS and PEOPLE & set(words[:-1]):
        found.append(Meaning("record", "", "".join(words)))
    ends = range(1, len(words) + 1)
    phrases = {"".join(words[start:end]): None for end in reversed(ends) for start in range(end)}
    found += [
        Meaning(*known[phrase], phrase)
        for phrase in sorted(phrases, key=len, reverse=True)
        if phrase in known
    ]
    for word in words:  # compounds of German, Dutch and the North; scripts without blanks
        endings = [word[start:] for start in range(1, len(word))]
        found += [
            Meaning(*known[ending], ending)
            for ending in endings
            if ending in known and (len(ending) >= 7 or not ending.isascii())
        ]
    return found


@cache
def _known() -> dict[str, tuple[str, str]]:
    """Return kind and language of each glued phrase; the language is empty where several have it."""
    known: dict[str, tuple[str, str]] = {}
    for kind, by_language in NAMES.items():
        for part in " ".join(by_language.split()).split("; "):
            language, _, phrases = part.partition(": ")
            for phrase in phrases.split(","):
                for spelt in (phrase, phrase.translate(SPELT_OUT)):
                    glued = "".join(words_of(spelt.strip()))
                    before = known.get(glued)
                    known[glued] = (before[0], "") if before and before[1] != language else (kind, language)
    return known
