"""Files, one after the other, to a folder that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tabgen.errors import TableError
from tabgen.wholefiles import umask


@contextlib.contextmanager
def whole_folder(folder: str | os.PathLike[str], *patterns: str, force: bool = False) -> Iterator[Path]:
    """Give a folder beside the wanted one, and move it there once it is full.

    Parameters
    ----------
    folder : path
        The wanted one.
    patterns : str
        Names of what it will hold. A folder that holds anything else is not replaced, and what is left
        behind in the new one under another name is taken away.
    force : bool
        Whether to replace an existing folder.

    Raises
    ------
    TableError
        If the folder exists and may not be replaced, or cannot be written.

    Examples
    --------
    >>> with whole_folder(getfixture("tmp_path") / "texts", "*.txt") as folder:
    ...     _ = (folder / "a.txt").write_text("A")
    >>> [path.name for path in (getfixture("tmp_path") / "texts").iterdir()]
    ['a.txt']
    """
    wanted = Path(folder).absolute()
    if os.path.exists(wanted):
        if not force:
            raise TableError(f"{os.fspath(folder)!r} already exists. Choose another name or pass --force.")
        if not wanted.is_dir() or list(_others(wanted, patterns)):
            raise TableError(f"{str(wanted)!r} holds other files, too. Choose another name.")
    try:
        unfinished = Path(tempfile.mkdtemp(prefix=f".{wanted.name}-", dir=wanted.parent))
        try:
            unfinished.chmod(0o777 & ~umask())
            yield unfinished
            for path in _others(unfinished, patterns):
                path.unlink()
            if wanted.exists():
                shutil.rmtree(wanted)
            unfinished.rename(wanted)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise TableError(f"Cannot write {str(wanted)!r}: {error.strerror}.") from error


def _others(folder: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    """Yield what is in a folder under none of these names."""
    return (path for path in list(folder.iterdir()) if not any(map(path.match, patterns)))
