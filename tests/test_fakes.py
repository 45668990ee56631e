"""Fakes are realistic, follow from key and value, and repeat just as the real values do."""

import hashlib
import re

import pandas as pd
import pytest

from tabgen import PlanError
from tabgen.substitution import SecretKey, fake
from tabgen.substitution.fakes import FAKES

KEY, OTHER = SecretKey(hashlib.sha256(b"one").digest()), SecretKey(hashlib.sha256(b"other").digest())
NAMES = pd.Series(["Ann Lee", "BOB RAY", None, "Ann Lee", "n/a", "carl day"], [9, 8, 7, 6, 5, 4], name="who")


@pytest.mark.parametrize("dtype", ["object", "string", "category"])
def test_fakes_repeat_like_the_values_and_keep_dtype_case_and_gaps(dtype):
    values = NAMES.astype(dtype)
    fresh = fake([values], "name", KEY)[0]
    assert isinstance(fresh.dtype, type(values.dtype))
    assert fresh.index.equals(values.index)
    assert fresh.isna().tolist() == values.isna().tolist()
    assert fresh.iloc[0] == fresh.iloc[3]
    assert fresh.iloc[4] == "n/a"
    assert fresh.iloc[1].isupper()
    assert fresh.iloc[5].islower()
    assert not set(fresh.dropna()) & {"Ann Lee", "BOB RAY", "carl day"}


def test_fakes_are_the_same_in_another_table_and_with_other_rows():
    one, other = fake([NAMES.head(2)], "name", KEY)[0], fake([NAMES.iloc[::-1]], "name", KEY)[0]
    assert one[9] == other[9]
    assert one[8] == other[8]
    assert fake([NAMES], "name", OTHER)[0][9] != one[9]
    assert fake([NAMES], "name", KEY, key_space="elsewhere")[0][9] != one[9]


def test_more_values_than_faker_has_still_get_different_fakes():
    many = pd.Series([f"Name{number}" for number in range(3_000)])
    fresh = fake([many.head(2_000), many.tail(2_000)], "given_name", KEY, "it_IT")
    assert pd.concat(fresh).nunique() == 3_000
    assert (fresh[0].tail(1_000) == fresh[1].head(1_000)).all()
    assert fresh[0].str.fullmatch(r"[^\W\d_]+(-[^\W\d_]+)?").mean() > 0.95


@pytest.mark.parametrize("kind", FAKES)
def test_every_kind_gives_one_line(kind):
    fresh = fake([pd.Series(["A 1", "B 2"])], kind, KEY)[0]
    assert fresh.nunique() == 2
    assert not fresh.str.contains("\n").any()
    if kind == "email":
        assert all(re.fullmatch(r"\S+@example\.(com|net|org)", text.lower()) for text in fresh)


@pytest.mark.parametrize(
    ("values", "kind", "locale", "message"),
    [
        (["a"], "name", "xx_XX", "Faker does not know the locale 'xx_XX'"),
        ([3], "name", "en_US", "Column 'x' holds 3, which is not text, so it has no fake"),
    ],
)
def test_what_cannot_be_faked_is_named(values, kind, locale, message):
    column = pd.Series(values, dtype=object, name="x")
    with pytest.raises(PlanError, match=message):
        fake([column], kind, KEY, locale)


def test_too_many_values_are_refused(monkeypatch):
    monkeypatch.setattr("tabgen.substitution.fakes.TRIED", 1)
    many = pd.Series([f"Name{number}" for number in range(300)])
    with pytest.raises(
        PlanError, match="Faker has too few values of kind 'given_name' in the locale 'en_US' for 300"
    ):
        fake([many], "given_name", KEY)


def test_an_empty_column_passes():
    nothing = pd.Series([None, None], dtype=object)
    pd.testing.assert_series_equal(fake([nothing], "name", KEY)[0], nothing)


@pytest.mark.parametrize("locale", ["en_US", "de_DE", "it_IT"])
def test_a_name_without_a_title_gets_none(locale):
    names = pd.Series([f"{given} Smith{number}" for given in ("Ann", "Bob") for number in range(150)])
    fresh = fake([names], "name", KEY, locale)[0]
    assert (fresh.str.count(" ") == 1).mean() > 0.98
    assert fresh.nunique() == 300
