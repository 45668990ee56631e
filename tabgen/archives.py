"""Bytes of a zip to its members, and of a zip of arrays to arrays: no more than they can honestly hold."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Collection
from pathlib import Path

import numpy as np

ALWAYS_FINE = 2**26  # bytes that members may hold in all, however small the zip is ...
MOST_RATIO = 100  # ... and bytes for each of the zip's: numbers and JSON pack less well than that
KINDS = "biuf"  # of array dtypes: no objects, of which a pickle could be made


def zip_members(
    source: bytes | Path, expected: Collection[str] | None = None, most: int | None = None
) -> dict[str, bytes]:
    """Return all members of a zip by name.

    Parameters
    ----------
    source : bytes or path
        The zip.
    expected : collection of str, optional
        The names that it has to have, no more and no fewer; by default any, each once.
    most : int, optional
        Most bytes of all members together; by default in proportion to those of the zip.

    Raises
    ------
    ValueError
        If it has other members, or more in them.
    zipfile.BadZipFile
        If it is no zip.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    left = max(ALWAYS_FINE, MOST_RATIO * size) if most is None else most
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        names = [info.filename for info in infos]
        odd = [name for name in names if names.count(name) > 1] if len(set(names)) < len(names) else []
        odd += [] if expected is None else [name for name in names if name not in expected]
        if odd:
            raise ValueError(f"it has a member {odd[0]!r} too many")
        if expected is not None and len(names) < len(expected):
            raise ValueError(f"it has no member {next(n for n in expected if n not in names)!r}")
        if sum(info.file_size for info in infos) > left:
            raise ValueError("it holds more than its size can honestly hold")
        members = {}
        for info in infos:
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"its member {info.filename!r} is packed in an unusual way")
            with archive.open(info) as member:
                data = member.read(left + 1)  # what is declared may be a lie
            left -= len(data)
            if left < 0 or len(data) != info.file_size:
                raise ValueError(f"its member {info.filename!r} has another size than it says")
            members[info.filename] = data
        return members


def zip_arrays(source: bytes | Path, most: int | None = None) -> dict[str, np.ndarray]:
    """Return the arrays of an ``.npz`` file by name; see `zip_members`.

    Raises
    ------
    ValueError
        If a member is no plain array of numbers, or its header says another size than it has.
    """
    members = zip_members(source, most=most)
    odd = [name for name in members if not name.endswith(".npy")]
    if odd:
        raise ValueError(f"its member {odd[0]!r} is no array")
    return {name.removesuffix(".npy"): plain_array(data) for name, data in members.items()}


def plain_array(data: bytes) -> np.ndarray:
    """Return the array of an ``.npy`` file, the memory of which is that of the file."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, by_column, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        shape, by_column, dtype = np.lib.format.read_array_header_2_0(file)
    start = file.tell()
    honest = dtype.kind in KINDS and all(length >= 0 for length in shape)
    if not honest or math.prod(shape) * dtype.itemsize != len(data) - start:
        raise ValueError(f"an array is not the {dtype} of shape {shape} that it says")
    flat = np.frombuffer(data, dtype=dtype, offset=start)
    return flat.reshape(shape, order="F" if by_column else "C").copy()
