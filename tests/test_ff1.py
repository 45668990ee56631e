"""FF1 is that of the standard: the published samples, its own inverse, fast and slow arithmetic alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabgen.substitution import ff1
from tabgen.substitution.ff1 import FF1
from tabgen.substitution.permutations import KeyedPermutation

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
KEY = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94")
KEYS = KEY + bytes(range(32))
# NIST, Cryptographic Standards and Guidelines, Example Values, FF1 samples 1 to 9
SAMPLES = [
    (16, "", "0123456789", "2433477484"),
    (16, "39383736353433323130", "0123456789", "6124200773"),
    (16, "3737373770717273373737", "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
    (24, "", "0123456789", "2830668132"),
    (24, "39383736353433323130", "0123456789", "2496655549"),
    (24, "3737373770717273373737", "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
    (32, "", "0123456789", "6657667009"),
    (32, "39383736353433323130", "0123456789", "1001623463"),
    (32, "3737373770717273373737", "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
]


@pytest.mark.parametrize(("size", "tweak", "text", "secret"), SAMPLES)
def test_the_published_samples(size, tweak, text, secret):
    cipher = FF1(KEY[:size], radix=10 if len(text) == 10 else 36)
    numerals = np.array([[DIGITS.index(digit) for digit in text]] * 3, dtype=np.uint16)
    enciphered = cipher.encrypt(numerals, bytes.fromhex(tweak))
    assert ["".join(DIGITS[number] for number in row) for row in enciphered] == [secret] * 3
    assert (cipher.decrypt(enciphered, bytes.fromhex(tweak)) == numerals).all()


@st.composite
def strings(draw):
    radix = draw(st.sampled_from([2, 3, 10, 16, 26, 36, 62, 1000, 65_536]))
    fewest = next(length for length in range(2, 21) if radix**length >= 1_000_000)
    length = draw(st.integers(fewest, fewest + 40))
    rows = draw(st.integers(1, 5))
    seed = draw(st.integers(0, 2**32 - 1))
    numerals = np.random.default_rng(seed).integers(0, radix, (rows, length)).astype(np.uint16)
    return radix, numerals, draw(st.binary(max_size=40))


@settings(max_examples=60, deadline=None)
@given(strings())
def test_deciphering_is_the_inverse_and_long_arithmetic_agrees(case):
    radix, numerals, tweak = case
    cipher = FF1(KEY, radix)
    secret = cipher.encrypt(numerals, tweak)
    assert secret.max() < radix
    assert (cipher.decrypt(secret, tweak) == numerals).all()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ff1, "FAST", 0)
        assert (cipher.encrypt(numerals, tweak) == secret).all()
        assert (cipher.decrypt(secret, tweak) == numerals).all()


def test_a_batch_is_its_rows_one_by_one(monkeypatch):
    numerals = np.random.default_rng(0).integers(0, 10, (50, 9)).astype(np.uint16)
    cipher = FF1(KEY, 10)
    whole = cipher.encrypt(numerals)
    assert (np.vstack([cipher.encrypt(row[None]) for row in numerals]) == whole).all()
    monkeypatch.setattr(ff1, "AT_ONCE", 7)
    assert (cipher.encrypt(numerals) == whole).all()


@pytest.mark.parametrize(
    ("key", "radix", "message"),
    [
        (b"short", 10, "An AES key has 16, 24 or 32 bytes, not 5."),
        (KEY, 1, "The radix of FF1 lies between 2 and 65,536, but is 1."),
        (KEY, 65_537, "The radix of FF1 lies between 2 and 65,536, but is 65,537."),
    ],
)
def test_what_is_no_cipher_is_refused(key, radix, message):
    with pytest.raises(ValueError, match=message):
        FF1(key, radix)


def test_small_domains_and_strange_numerals_are_refused():
    cipher = FF1(KEY, 10)
    with pytest.raises(ValueError, match="at least 1,000,000 different strings, but radix 10 and length 5"):
        cipher.encrypt(np.zeros((1, 5), dtype=np.uint16))
    with pytest.raises(ValueError, match="Every numeral must be 0 or more and below the radix 10"):
        cipher.encrypt(np.full((1, 6), 10, dtype=np.uint16))


@pytest.mark.parametrize("size", [1, 2, 10, 999, 1_000_001, 2**20 + 7])
def test_a_permutation_meets_every_rank_once(size):
    ranks = np.arange(size, dtype=np.uint64)
    fresh = KeyedPermutation(KEYS).permute(ranks, size)
    assert (np.sort(fresh) == ranks).all()
    if size > 100:
        assert (fresh == ranks).mean() < 0.02
        assert (KeyedPermutation(bytes(range(64))).permute(ranks, size) == fresh).mean() < 0.02


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([1, 2, 10, 16, 26, 20_902]), min_size=1, max_size=14), st.integers(0, 2**32 - 1)
)
def test_mixed_numerals_stay_below_their_radices_and_apart(radices, seed):
    rng = np.random.default_rng(seed)
    numerals = np.unique(
        np.stack([rng.integers(0, radix, 40) for radix in radices], axis=1).astype(np.uint16), axis=0
    )
    fresh = KeyedPermutation(KEYS).permute_numerals(numerals, radices)
    assert (fresh < np.array(radices)).all()
    assert len(np.unique(fresh, axis=0)) == len(numerals)
    again = KeyedPermutation(KEYS).permute_numerals(numerals[::-1], radices)
    assert (again[::-1] == fresh).all()
