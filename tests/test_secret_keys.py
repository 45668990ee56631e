"""Secret keys are read, made and told apart; short, guessable and wrong ones are refused."""

import os
import stat

import pytest

from tabgen import KeyRefused, MissingExtra, TableError
from tabgen.extras import optional_module
from tabgen.substitution import SecretKey, new_key, read_key, write_key

KEY = SecretKey(bytes(range(32)))


def test_a_written_key_is_read_back_and_is_its_owners_alone(tmp_path):
    path = tmp_path / "key"
    key = new_key()
    write_key(key, path)
    assert read_key(path) == key != new_key()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with pytest.raises(TableError, match="already exists, and a key is never replaced"):
        write_key(key, path)
    with pytest.raises(TableError, match=r"Cannot write .*No such file"):
        write_key(key, tmp_path / "no" / "folder")


def test_raw_bytes_are_a_key_too(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(KEY.secret)
    assert read_key(path) == KEY


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"00ff",
            r"The key has 2 bytes, but needs 32 or more random ones\. Make one with: tabgen key FILE\.",
        ),
        (b"\x00\xff" * 3, "The key has 6 bytes"),
        (b"ab" * 40, "has only 1 different bytes, so it is not random"),
        (b"correct horse battery staple, correct horse", "holds a text that is not hexadecimal"),
        (b"", "The key has 0 bytes"),
    ],
)
def test_a_weak_key_is_refused(tmp_path, data, message):
    path = tmp_path / "key"
    path.write_bytes(data)
    with pytest.raises(KeyRefused, match=message):
        read_key(path)


def test_an_absent_key_is_refused(tmp_path):
    with pytest.raises(KeyRefused, match=r"Cannot read the key file .*No such file"):
        read_key(tmp_path / "none")


def test_the_check_value_tells_keys_apart_and_says_nothing_else():
    other = SecretKey(bytes(range(1, 33)))
    KEY.must_match(KEY.check)
    assert KEY.check != other.check
    assert KEY.secret.hex() not in repr(KEY) + KEY.check
    with pytest.raises(KeyRefused, match=f"check value {KEY.check}, but this key has {other.check}"):
        other.must_match(KEY.check)


def test_derived_keys_are_those_of_the_standard():
    from cryptography.hazmat.primitives import hashes, hmac

    def mac(key, data):
        made = hmac.HMAC(key, hashes.SHA256())
        made.update(data)
        return made.finalize()

    expected = mac(mac(bytes(32), KEY.secret), b"tabgen substitution 1: phone\x01")  # RFC 5869, one block
    assert KEY.derive("phone") == expected


def test_a_missing_package_is_named_with_its_extra():
    with pytest.raises(MissingExtra, match=r"Fakes need the package no_such\. .*\"tabgen\[pii\]\""):
        optional_module("no_such.module", "pii", "Fakes")
