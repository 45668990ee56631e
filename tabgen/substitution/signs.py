"""A column to what there is to see of it: how many different values, and how many of them have a look."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from tabgen.errors import TableError
from tabgen.inference import infer_column
from tabgen.looks import NULLS
from tabgen.profiling import check_frame, profile_column
from tabgen.schema import Column
from tabgen.substitution.checkdigits import CHECKED, CheckedForm
from tabgen.substitution.given_names import GIVEN_NAMES
from tabgen.substitution.keys import text_of
from tabgen.substitution.pseudonyms import EMAIL, UUID
from tabgen.substitution.vocabulary import plain

SEEN = 2_000  # different values of a column that are looked at
# looks that only identifiers have, and what such values are
LOOKS: dict[str, tuple[str, re.Pattern[str] | CheckedForm]] = {
    "email": ("e-mail addresses", EMAIL),
    "iban": ("IBANs with right check digits", CHECKED["iban"]),
    "card": ("card numbers with right check digits", CHECKED["card"]),
    "uuid": ("UUIDs", UUID),
    "device": ("MAC addresses", re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}")),
    "ip": (
        "IP addresses",
        re.compile(r"(?=.*\d{2})\d{1,3}(?:\.\d{1,3}){3}|(?=.*:.*:)[0-9a-fA-F:]{3,39}", re.ASCII),
    ),
    "phone": (
        "phone numbers",
        re.compile(
            r"(?:\+|00 ?[1-9])\d[\d ()./-]{5,}\d|\(\d{2,5}\)[ -]?\d[\d -]{4,}\d|0\d{1,4}[ /-]\d[\d -]{4,}\d|"
            r"0[1-9]\d{7,9}|"
            r"\d{3}([-. ])\d{3}\1\d{4}|(?:\d\d[ .-]){4}\d\d", re.ASCII,
        ),
    ),
    "address": (
        "postal addresses",
        re.compile(r"(?=.*[^\W\d]{3})(?=.*,)(?=.*\b\d{4,6}\b)(?=.*\d.*\D \D*\d).{12,90}"),
    ),
    "national_id": (
        "numbers of persons",
        re.compile(
            r"\d{3}-\d\d-\d{4}|[A-CEGHJ-PR-TW-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]|"  # US, UK
            r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]|\d{6}[-+A]\d{3}[0-9A-Y]", re.ASCII,  # IT, FI
        ),
    ),
}  # fmt: skip
URL = re.compile(r"https?://\S+|www\.\S+")
PERSON = re.compile(r"[^\W\d_][^\d_@/|:;]*")


@dataclass(frozen=True)
class Signs:
    """What there is to see of a column.

    Attributes
    ----------
    name : Hashable
        Its label.
    column : Column
        What tabgen takes it for.
    present, distinct : int
        Number of values, and of different ones.
    texts : list of str
        Some of the different values as texts.
    """

    name: Hashable
    column: Column
    present: int
    distinct: int
    texts: list[str]
    textual: bool

    @property
    def variety(self) -> float:
        """Number of different values a value."""
        return self.distinct / max(self.present, 1)

    def share(self, look: re.Pattern[str] | CheckedForm | Callable[[str], bool]) -> float:
        """Return the share of the texts that have a look."""
        if isinstance(look, CheckedForm):
            return float(look.holds(self.texts).mean()) if self.texts else 0.0
        test = look.fullmatch if isinstance(look, re.Pattern) else look
        return float(np.mean([bool(test(text)) for text in self.texts])) if self.texts else 0.0

    @cached_property
    def persons(self) -> float:
        """Share of the texts that hold a frequent given name and nothing but words."""
        return self.share(
            lambda text: (
                bool(PERSON.fullmatch(text))
                and bool(GIVEN_NAMES.intersection(re.findall(r"[^\W\d_]+", plain(text))))
            )
        )

    @property
    def words(self) -> float:
        """Share of the texts that hold nothing but words."""
        return self.share(PERSON)

    def digits(self, fewest: int) -> float:
        """Return the share of the texts that have so many digits or more."""
        return self.share(lambda text: sum(map(str.isdigit, text)) >= fewest)


def look_at(frame: pd.DataFrame) -> list[Signs]:
    """Return what there is to see of each column of a table.

    Raises
    ------
    TableError
        If it has no rows or columns, or two columns of one name.
    """
    check_frame(frame)
    if frame.empty:
        raise TableError("The table has no rows. Give at least one row to look at.")
    return [_signs(frame[name]) for name in frame.columns]


def _signs(values: pd.Series) -> Signs:
    profile = profile_column(values)
    known = [value for value in profile.values if not (isinstance(value, str) and value in NULLS)]
    texts = [text for text in map(text_of, known[:SEEN]) if text is not None]
    textual = bool(known) and all(isinstance(value, str) for value in known)
    absent = sum(
        int(profile.counts[value]) for value in profile.values if isinstance(value, str) and value in NULLS
    )
    return Signs(values.name, infer_column(profile), profile.present - absent, len(known), texts, textual)
