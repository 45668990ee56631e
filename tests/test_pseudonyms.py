"""Pseudonyms keep format and check characters, are one to one, and follow from key and value alone."""

import hashlib
import ipaddress
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tabgen import PlanError
from tabgen.looks import NULLS
from tabgen.substitution import SecretKey, pseudonymise
from tabgen.substitution.checkdigits import CHECKED
from tabgen.substitution.patterns import ALPHABETS, _code_points, patterns_of
from tabgen.substitution.pseudonyms import EDGES, KINDS, weak_share

ROOT = Path(__file__).parents[1]
KEY, OTHER = SecretKey(hashlib.sha256(b"one").digest()), SecretKey(hashlib.sha256(b"other").digest())
# no NUL: pandas 2.2 takes texts that differ after one for the same
WIDE = st.text(st.characters(codec="utf-8", min_codepoint=1, max_codepoint=0x24F), max_size=20)
NARROW = st.text("0139af-AF:.@+ é", max_size=12)  # meets the look of many kinds
TEXTS = st.lists(st.one_of(WIDE, NARROW), max_size=12, unique=True)
RIGHT = {  # published examples
    "card": ["4111 1111 1111 1111", "378282246310005", "6011-1111-1111-1117", "5555555555554444"],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "FR1420041010050500013M02606"],
    "es_dni": ["12345678Z", "X1234567L"],
    "fr_nir": ["255081416802538", "2 55 08 14 168 025 38"],
    "be_nrn": ["85.07.30-033.28"],
    "br_cpf": ["123.456.789-09", "11144477735"],
    "nl_bsn": ["111222333", "123456782"],
    "gb_nhs": ["943 476 5919"],
    "pl_pesel": ["44051401359"],
    "ch_ahv": ["756.9217.0769.85"],
    "se_personnummer": ["811228-9874"],
    "ca_sin": ["046 454 286"],
}


def _fresh(values, kind="code", key=KEY, **more):
    return pseudonymise(pd.Series(values, dtype=object), kind, key, **more).tolist()


def test_every_kind_with_check_characters_has_examples():
    assert RIGHT.keys() == CHECKED.keys()


@pytest.mark.parametrize("kind", CHECKED)
def test_check_characters_are_right_where_they_were(kind):
    right = RIGHT[kind]
    assert CHECKED[kind].holds(right).all()
    last = [
        text[:-1] + (chr(ord("0") + (int(text[-1]) + 1) % 10) if text[-1].isdigit() else "Q")
        for text in right
    ]
    assert not CHECKED[kind].holds(last).any()
    for texts in (right, last):
        fresh = _fresh(texts, kind)
        assert patterns_of(fresh) == patterns_of(texts)
        assert (CHECKED[kind].holds(fresh) == CHECKED[kind].holds(texts)).all()
        assert not set(fresh) & set(texts)


@pytest.mark.parametrize("kind", ["card", "nl_bsn", "gb_nhs", "es_dni"])
def test_right_and_wrong_numbers_do_not_collide(kind):
    rng = np.random.default_rng(0)
    length = {"card": 15, "gb_nhs": 10}.get(kind, 9 if kind == "nl_bsn" else 8)
    ends = "TRWAGMYFPDXBNJZSQVHLCKE" if kind == "es_dni" else ""
    digits = ["".join(map(str, row)) for row in rng.integers(2, 7, (3_000, length))]
    texts = {text + (str(rng.choice(list(ends))) if ends else "") for text in digits}
    fresh = _fresh(sorted(texts), kind)
    assert len(set(fresh)) == len(texts)
    assert CHECKED[kind].holds(fresh).sum() == CHECKED[kind].holds(sorted(texts)).sum() > 50


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6, deadline=None)
@given(texts=TEXTS)
def test_texts_keep_their_format_and_stay_apart(kind, texts):
    fresh = _fresh(texts, kind)
    assert len(set(fresh)) == len(texts)
    assert fresh == _fresh(texts, kind)
    assert fresh[::-1] == _fresh(texts[::-1], kind)
    if kind == "code":
        assert patterns_of(fresh) == patterns_of(texts)
        assert [text for text in texts if text in NULLS] == [text for text in fresh if text in NULLS]


@pytest.mark.parametrize("kind", ["hex", "number", "phone", "ip"])
def test_all_short_texts_of_a_kind_are_met_once(kind):
    alphabet = {"hex": "09af", "number": "0123456789", "phone": "+0149 ", "ip": "01.:a"}[kind]
    texts = [a + b + c for a in alphabet for b in ["", *alphabet] for c in alphabet]
    texts = sorted(set(texts))
    assert len(set(_fresh(texts, kind))) == len(texts)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=40, unique=True))
def test_whole_numbers_keep_sign_and_digits(numbers):
    fresh = pseudonymise(pd.Series(numbers, dtype="int64"), "number", KEY)
    assert fresh.dtype == np.dtype("int64")
    assert fresh.nunique() == len(numbers)
    assert [len(str(n)) for n in fresh] == [len(str(n)) for n in numbers]
    short = [n for n in numbers if abs(n) < 10**19]
    assert _fresh([str(n) for n in short], "number") == [
        str(n) for n in fresh[[abs(n) < 10**19 for n in numbers]]
    ]


def test_numbers_stay_in_their_width_whatever_the_dtype():
    for dtype in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
        limits = np.iinfo(dtype)
        values = pd.Series([limits.min, limits.max, 1, 7, 10, 99], dtype=dtype)
        fresh = pseudonymise(values, "number", KEY)
        wide = pseudonymise(values.astype(object), "number", KEY)
        assert fresh.dtype == values.dtype
        assert fresh.astype(object).tolist() == wide.tolist()
    assert EDGES[0] == 10


def test_every_small_number_is_met_once():
    numbers = pd.Series(range(-999, 100_000))
    assert (pseudonymise(numbers, "number", KEY).sort_values().to_numpy() == numbers).all()


@pytest.mark.parametrize("policy", ["reserved", "keep"])
def test_emails_follow_the_policy_for_hosts(policy):
    mails = ["ann.lee@mail.com", "bob+x@mail.com", "ann.lee@post.co.uk", "n/a", "none@mail.com", "no mail"]
    fresh = _fresh(mails, "email", email_domain=policy)
    assert fresh[3] == "n/a"
    hosts = [text.partition("@")[2] for text in fresh]
    assert hosts[0] == hosts[1] == hosts[4] != hosts[2]
    assert (hosts[0] == "mail.com") == (policy == "keep")
    assert all(host.endswith(".example") for host in hosts if host) == (policy == "reserved")
    assert patterns_of([text.partition("@")[0] for text in fresh]) == patterns_of(
        [text.partition("@")[0] for text in mails]
    )
    assert not {text.partition("@")[0] for text in mails if text != "n/a"} & {
        t.partition("@")[0] for t in fresh
    }


def test_phones_keep_their_calling_code():
    fresh = _fresh(
        ["+49 69 1234567", "+1-202-555-0143", "+351 21 123 4567", "030 1234567", "(30) 12345"], "phone"
    )
    looks = [
        r"\+49 \d\d \d{7}",
        r"\+1-\d{3}-\d{3}-\d{4}",
        r"\+351 \d\d \d{3} \d{4}",
        r"0\d\d \d{7}",
        r"\(\d\d\) \d{5}",
    ]
    assert all(re.fullmatch(look, text) for look, text in zip(looks, fresh, strict=True))


def test_addresses_and_uuids_stay_what_they_are():
    addresses = ["192.168.0.1", "8.8.8.8", "2001:db8::1", "255.255.255.255"]
    fresh = [ipaddress.ip_address(text) for text in _fresh(addresses, "ip")]
    assert [address.version for address in fresh] == [4, 4, 6, 4]
    uuids = ["123e4567-e89b-42d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000"]
    fresh = _fresh(uuids, "uuid")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}", fresh[0])
    assert re.fullmatch(r"[0-9A-F]{8}-[0-9A-F]{4}-1[0-9A-F]{3}-A[0-9A-F]{3}-[0-9A-F]{12}", fresh[1])
    assert re.fullmatch(r"[0-9a-f]{2}:[0-9a-f]{2}:[0-9a-f]{2}", _fresh(["de:ad:01"], "hex")[0])


@pytest.mark.parametrize(
    "dtype",
    ["object", "string", "string[pyarrow]", "category", "Int64", "int64[pyarrow]", "float64", "UInt32"],
)
def test_dtype_index_name_and_gaps_stay(dtype):
    numbers = dtype not in ("object", "string", "string[pyarrow]", "category")
    values = pd.Series(
        [123, None, 45, 123] if numbers else ["ab1", None, "cd", "ab1"], [3, 1, 4, 5], dtype, "x"
    )
    fresh = pseudonymise(values, "code", KEY)
    assert fresh.index.equals(values.index)
    assert fresh.name == "x"
    assert fresh.isna().tolist() == values.isna().tolist()
    assert fresh.iloc[0] == fresh.iloc[3] != values.iloc[0]
    if dtype != "category":
        assert fresh.dtype == values.dtype
    else:
        assert isinstance(fresh.dtype, pd.CategoricalDtype)
        assert not set(fresh.cat.categories) & {"ab1", "cd"}


def test_empty_and_missing_columns_pass():
    for values in (pd.Series([], dtype=object), pd.Series([None, None], dtype=object), pd.Series([np.nan])):
        pd.testing.assert_series_equal(pseudonymise(values, "code", KEY), values)


@pytest.mark.parametrize("odd", [1.5, True, Decimal("1.5"), pd.Timestamp("2024"), 2**64, 1e300])
def test_what_has_no_pseudonym_is_named(odd):
    with pytest.raises(PlanError, match=r"Column 'x' holds .*neither text nor a whole number"):
        pseudonymise(pd.Series([odd], dtype=object, name="x"), "number", KEY)


def test_a_script_without_alphabet_is_refused():
    with pytest.raises(PlanError, match="Column 'x': A value has the letter 'ꦏ', which is of no alphabet"):
        pseudonymise(pd.Series(["aꦏ"], name="x"), "code", KEY)


def test_scripts_keep_their_letters_and_case():
    texts = [
        "Élodie Müller",
        "Łukasz",
        "Иван",
        "Ελένη",
        "山田 太郎",
        "김민준",
        "ありがとう",
        "فاطمة",
        "Nguyễn",
    ]
    fresh = _fresh(texts)
    assert patterns_of(fresh) == patterns_of(texts)
    assert not set(fresh) & set(texts)
    assert all(text.isprintable() for text in fresh)


def test_no_letter_is_of_two_alphabets():
    points = [point for ranges in ALPHABETS for point in _code_points(ranges)]
    assert len(points) == len(set(points))


def test_another_key_and_another_space_give_other_pseudonyms():
    texts = [f"{n:08d}" for n in range(2_000)]
    one, other, apart = _fresh(texts), _fresh(texts, key=OTHER), _fresh(texts, key_space="elsewhere")
    assert np.mean(np.array(one) == np.array(other)) < 0.001
    assert np.mean(np.array(one) == np.array(apart)) < 0.001
    assert one == _fresh(texts, "phone", key_space="code") or one[0] != texts[0]


def test_another_process_gives_the_same():
    texts = ["ann@mail.com", "4111 1111 1111 1111", "AB-123", "Zoé"]
    code = (
        "import hashlib, pandas as pd; from tabgen.substitution import SecretKey, pseudonymise; "
        "key = SecretKey(hashlib.sha256(b'one').digest()); "
        f"print(ascii(pseudonymise(pd.Series({texts!r}), 'code', key).tolist()))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ascii(_fresh(texts))


def test_parts_of_a_column_are_replaced_alike(monkeypatch):
    texts = [f"{n:08d}" for n in range(50)]
    whole = _fresh(texts)
    monkeypatch.setattr("tabgen.substitution.pseudonyms.AT_ONCE", 7)
    assert _fresh(texts) == whole


def test_weak_patterns_are_counted():
    assert weak_share(["12345", "123456", "abcd", "abcde"]) == 0.5
    assert weak_share([]) == 0


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=10), WIDE)
def test_different_values_never_share_a_pseudonym_across_calls(one, other):
    assume(one != other)
    try:
        assert _fresh([one]) != _fresh([other])
    except PlanError as error:
        assert "no alphabet" in str(error)  # noqa: PT017  letters of rare scripts
