"""Columns of text and a key to realistic values by Faker: equal values get equal fakes, others do not.

The key and the value seed each fake, so that it is the same in every table and run. Where two values would
get one fake, the later, in an order that the key decides, is drawn again: only then does a fake depend on
which other values there are.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from tabgen.errors import PlanError
from tabgen.extras import optional_module
from tabgen.looks import NULLS
from tabgen.substitution.keys import SecretKey

FAKES = {
    "name": "name",
    "given_name": "first_name",
    "surname": "last_name",
    "company": "company",
    "job": "job",
    "address": "address",
    "street": "street_address",
    "city": "city",
    "postcode": "postcode",
    "email": "ascii_safe_email",
    "username": "user_name",
    "phone": "phone_number",
    "url": "url",
    "national_id": "ssn",
    "plate": "license_plate",
    "text": "sentence",
}
ALONE = 20  # draws of one value before two are joined: some locales have few
WORDED = 15  # draws of a name, of those before, that must have as many words: no titles where there were none
TRIED = 200


def fake(
    columns: Sequence[pd.Series], kind: str, key: SecretKey, locale: str = "en_US", key_space: str = ""
) -> list[pd.Series]:
    """Replace the texts of columns by realistic ones, one to one over all these columns.

    Parameters
    ----------
    columns : sequence of pandas.Series
        Text, or categories of text; missing values stay, and so do texts like "n/a".
    kind : str
        What the values are; one of ``FAKES``.
    key : SecretKey
        What decides the fakes.
    locale : str
        Language and country as Faker names them, for example ``"de_DE"``.
    key_space : str
        Columns of one key space have the same fakes; by default all those of one kind.

    Returns
    -------
    list of pandas.Series
        With the same index, name and dtype each; a ``category`` has new categories.

    Raises
    ------
    PlanError
        If Faker does not know the locale or has too few values, or a column holds something else than text.
    MissingExtra
        If the package Faker is not installed.

    Examples
    --------
    >>> names = pd.Series(["Ann Lee", "Bob Ray", None, "Ann Lee"])
    >>> fresh = fake([names], "name", SecretKey(bytes(range(32))))[0]
    >>> fresh[0] == fresh[3], fresh[0] == fresh[1], pd.isna(fresh[2])
    (True, False, True)
    """
    distinct: dict[str, None] = {}
    for column in columns:
        distinct |= dict.fromkeys(_texts(column))
    known = invent(list(distinct), kind, key, locale, key_space)
    return [_replaced(column, known) for column in columns]


def invent(
    texts: Sequence[str], kind: str, key: SecretKey, locale: str = "en_US", key_space: str = ""
) -> dict[str, str]:
    """Return a fake for each of different texts; parameters and errors as of `fake`."""
    secret = key.derive(f"fakes: {locale} {kind} {key_space}")
    marks = {text: _digest(secret, text) for text in texts}
    draw = _source(kind, locale)
    taken: set[str] = set()
    fakes = {}
    for text in sorted(texts, key=marks.__getitem__):
        for attempt in range(TRIED):
            drawn = _like(draw(_digest(secret, f"{attempt} {text}"), attempt >= ALONE), text)
            fits = kind != "name" or attempt >= WORDED or drawn.count(" ") == text.count(" ")
            if fits and drawn not in taken and drawn != text:
                break
        else:
            raise PlanError(
                f"Faker has too few values of kind {kind!r} in the locale {locale!r} for "
                f"{len(texts):,} different ones. Plan to pseudonymise them."
            )
        taken.add(drawn)
        fakes[text] = drawn
    return fakes


def _source(kind: str, locale: str) -> Callable[[bytes, bool], str]:
    """Return a function from a seed to a fake, or to two joined ones."""
    maker = optional_module("faker", "pii", "Fakes").Faker
    try:
        generator = maker(locale, use_weighting=False)
    except AttributeError as error:
        raise PlanError(f"Faker does not know the locale {locale!r}. Name one such as 'de_DE'.") from error
    method = getattr(generator, FAKES[kind])

    def draw(seed: bytes, joined: bool) -> str:
        generator.seed_instance(int.from_bytes(seed, "big"))
        parts = [str(method()) for _ in range(1 + joined)]
        return "-".join(parts).replace("\n", ", ")

    return draw


def _texts(column: pd.Series) -> list[str]:
    """Return the different texts of a column, without those that stand for a missing value."""
    categories = isinstance(column.dtype, pd.CategoricalDtype)  # those that do not occur are real values too
    values = list(column.cat.categories if categories else column.dropna().unique())
    odd = [value for value in values if not isinstance(value, str)]
    if odd:
        raise PlanError(
            f"Column {column.name!r} holds {odd[0]!r}, which is not text, so it has no fake. "
            "Plan to pseudonymise, generalise or drop the column."
        )
    return [value for value in values if value not in NULLS]


def _replaced(column: pd.Series, known: dict[str, str]) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        fresh = [known.get(text, text) for text in column.cat.categories]
        return column.cat.rename_categories(pd.Index(fresh, dtype=column.cat.categories.dtype))
    codes, distinct = pd.factorize(column)
    if not len(distinct):
        return column.copy()
    mapped = pd.Series([known.get(text, text) for text in distinct], dtype=object).astype(column.dtype)
    taken = mapped.array.take(np.maximum(codes, 0))
    return pd.Series(taken, column.index, column.dtype, column.name).where(codes >= 0, column)


def _like(drawn: str, text: str) -> str:
    """Return a fake in capitals or small letters where the text is."""
    if text.isupper():
        return drawn.upper()
    return drawn.lower() if text.islower() else drawn


def _digest(secret: bytes, text: str) -> bytes:
    return hmac.digest(secret, text.encode("utf-8", "surrogatepass"), "sha256")
