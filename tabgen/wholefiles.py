"""What is to be written to a file that is there whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import os
import stat
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tabgen.errors import TableError

try:
    import fcntl
except ImportError:  # Windows deletes no file that is open, so that there nothing needs a lock
    fcntl = None  # type: ignore[assignment]

UNFINISHED = ".part"  # suffix of files that are being written
ASKING = threading.Lock()
KEPT_OF_NAME = 40  # characters, so that the temporary name is not too long where the final one is not


def write_whole(name: str | os.PathLike[str], write: Callable[[Any], Any], *, force: bool) -> None:
    """Write a file under a temporary name beside its place, then move it there.

    It is on the disk before it has its name. A symbolic link stays one, and a file that is replaced hands
    on who may read it. What writers that were killed left of it is deleted.

    Raises
    ------
    TableError
        If the file exists and ``force`` is False, is no ordinary file, or cannot be written.
    """
    refuse_existing(name, force=force)
    path = Path(os.path.realpath(name))
    try:
        mode = _mode_of(path)
        _delete_leftovers(path)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=_prefix(path), suffix=UNFINISHED, delete=False
        ) as file:
            try:
                _lock(file.fileno())
                write(file)
                file.flush()
                os.fsync(file.fileno())
                os.chmod(file.name, mode)
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
        _sync_folder(path.parent)
    except OSError as error:
        raise TableError(f"Cannot write {os.fspath(name)!r}: {error.strerror or error}.") from error


def check_target(target: str | os.PathLike[str], *, force: bool) -> None:
    """Refuse a file name that could not be written to, before any work is done for it.

    Raises
    ------
    TableError
        If the folder does not exist or takes no file, or the file exists and ``force`` is False.
    """
    folder = Path(target).parent
    if not os.path.isdir(folder):
        raise TableError(f"There is no folder {str(folder)!r}. Make it first.")
    refuse_existing(target, force=force)
    if not os.access(os.path.dirname(os.path.realpath(target)), os.W_OK):
        raise TableError(f"Cannot write into the folder {str(folder)!r}. Choose another one.")


def refuse_existing(path: str | os.PathLike[str], *, force: bool) -> None:
    """Refuse to write over a file that is already there, or over what is no ordinary file.

    Raises
    ------
    TableError
        If the file exists and ``force`` is False, or is a folder, a device or a pipe.
    """
    if not os.path.exists(path):  # unlike Path, it does not raise where a folder may not be looked into
        return
    if not os.path.isfile(path):
        raise TableError(f"{os.fspath(path)!r} is no ordinary file. Choose another name.")
    if not force:
        raise TableError(f"{os.fspath(path)!r} already exists. Choose another name or pass --force.")


def _mode_of(path: Path) -> int:
    """Return who may read and write a file: as before, or as the process makes files."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    return 0o666 & ~umask()


def umask() -> int:
    """Return which permissions this process takes from what it makes."""
    with ASKING:  # it can be asked only by changing it
        mask = os.umask(0)
        os.umask(mask)
        return mask


def _prefix(path: Path) -> str:
    return f".{path.name[:KEPT_OF_NAME]}."


def _delete_leftovers(path: Path) -> None:
    """Delete unfinished files of a name that no process writes any more."""
    for left in path.parent.glob(f"{glob.escape(_prefix(path))}*{UNFINISHED}"):
        with contextlib.suppress(OSError), left.open("rb+") as file:
            _lock(file.fileno())
            left.unlink()


def _lock(descriptor: int) -> None:
    """Hold a file until it is closed, or its process ends in any way.

    Raises
    ------
    BlockingIOError
        If another process holds it.
    """
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
