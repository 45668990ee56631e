"""A key file to a secret key, and the key to one key for each purpose."""

from __future__ import annotations

import hmac
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from tabgen.errors import KeyRefused, TableError
from tabgen.extras import optional_module

FEWEST_BYTES = 32
FEWEST_DIFFERENT = 12  # of 32 random bytes fewer than this are different once in 10**20 keys
CHECK_BYTES = 8


@dataclass(frozen=True)
class SecretKey:
    """A secret from which all keys of a substitution are derived; it is never shown.

    Attributes
    ----------
    secret : bytes
        At least 32 random bytes.

    Raises
    ------
    KeyRefused
        If the secret is too short or cannot be random.

    Examples
    --------
    >>> key = SecretKey(bytes(range(32)))
    >>> key
    SecretKey()
    >>> key.derive("phone") == key.derive("email")
    False
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < FEWEST_BYTES:
            raise KeyRefused(
                f"The key has {len(self.secret)} bytes, but needs {FEWEST_BYTES} or more random ones. "
                "Make one with: tabgen key FILE."
            )
        if len(set(self.secret)) < FEWEST_DIFFERENT:
            raise KeyRefused(
                f"The key has only {len(set(self.secret))} different bytes, so it is not random. "
                "Make one with: tabgen key FILE."
            )

    def derive(self, purpose: str, length: int = 32) -> bytes:
        """Return a key of its own for a purpose: HKDF with SHA-256 (Krawczyk & Eronen 2010, RFC 5869).

        Parameters
        ----------
        purpose : str
            What the key is for; different purposes have independent keys.
        length : int
            Bytes of the derived key.

        Returns
        -------
        bytes

        Raises
        ------
        MissingExtra
            If the package cryptography is not installed.
        """
        hashes = optional_module("cryptography.hazmat.primitives.hashes", "privacy", "Pseudonyms")
        hkdf = optional_module("cryptography.hazmat.primitives.kdf.hkdf", "privacy", "Pseudonyms").HKDF
        information = b"tabgen substitution 1: " + purpose.encode()
        return hkdf(hashes.SHA256(), length, salt=None, info=information).derive(self.secret)

    @property
    def check(self) -> str:
        """Key check value: tells this key from others and nothing else of it; 16 hexadecimal digits."""
        return self.derive("key check value", CHECK_BYTES).hex()

    def must_match(self, check: str) -> None:
        """Refuse to be used for a plan that was made with another key.

        Parameters
        ----------
        check : str
            Key check value of the plan.

        Raises
        ------
        KeyRefused
            If this is not the key.
        """
        if not hmac.compare_digest(self.check, check):
            raise KeyRefused(
                f"The plan was made with a key of check value {check}, but this key has {self.check}. "
                "Pass the right key, or remove key_check from the plan to begin a new mapping."
            )


def need_key(key: Any) -> SecretKey:
    """Return a key if it is one.

    Raises
    ------
    KeyRefused
        If it is anything else, such as a text or a path; it is not shown.
    """
    if not isinstance(key, SecretKey):
        raise KeyRefused(
            f"The key is a {type(key).__name__}, not a SecretKey. Read it with read_key(FILE), or make one "
            "with new_key()."
        )
    return key


def new_key() -> SecretKey:
    """Return a fresh random key of 32 bytes."""
    return SecretKey(secrets.token_bytes(FEWEST_BYTES))


def write_key(key: SecretKey, path: str | os.PathLike[str]) -> None:
    """Write a key as hexadecimal text that only its owner may read.

    Parameters
    ----------
    key : SecretKey
        The key.
    path : path
        A new file: an existing one is never replaced, for a lost key cannot be made again.

    Raises
    ------
    TableError
        If the file exists or cannot be written.
    """
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(key.secret.hex() + "\n")
    except FileExistsError as error:
        raise TableError(
            f"{os.fspath(path)!r} already exists, and a key is never replaced. Choose another name."
        ) from error
    except OSError as error:
        raise TableError(f"Cannot write {os.fspath(path)!r}: {error.strerror}.") from error


def read_key(path: str | os.PathLike[str]) -> SecretKey:
    """Read a key from a file.

    Parameters
    ----------
    path : path
        A file of 64 or more hexadecimal digits, or of 32 or more raw bytes.

    Returns
    -------
    SecretKey

    Raises
    ------
    KeyRefused
        If the file cannot be read, is too short, or holds a text that is not hexadecimal.
    """
    name = os.fspath(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise KeyRefused(f"Cannot read the key file {name!r}: {error.strerror}.") from error
    text = data.strip()
    if re.fullmatch(rb"(?:[0-9a-fA-F]{2})+", text):
        return SecretKey(bytes.fromhex(text.decode("ascii")))
    if re.fullmatch(rb"[\x20-\x7e\s]+", data):  # a phrase can be guessed; random bytes are no text
        raise KeyRefused(
            f"The key file {name!r} holds a text that is not hexadecimal. Make a key with: tabgen key FILE."
        )
    return SecretKey(data)


def text_of(value: object) -> str | None:
    """Return the text under which a value is known to a key: 7, 7.0 and "7" are the same; None if missing.

    >>> text_of(7.0), text_of("seven"), text_of(float("nan"))
    ('7', 'seven', None)
    """
    if pd.isna(value):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
