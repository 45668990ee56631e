"""Words of the command line to tables read, checked and written; what is said goes to standard error."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from tabgen.errors import TableError

if TYPE_CHECKING:
    from tabgen.tables import Dialect


def read(source: str) -> tuple[Any, Dialect | None]:
    """Return a table and, if it came from a delimited file, the look of that file."""
    from tabgen.tables import read_table

    table = read_table(source)
    return table.frame, table.dialect


def write(frame: Any, target: str, dialect: Dialect | None, force: bool) -> None:
    """Write a table."""
    from tabgen.tables import write_table

    write_table(frame, target, dialect, force=force)


def check_targets(targets: list[str | None], force: bool) -> None:
    """Refuse before training what would fail after it."""
    from tabgen.tables import STREAM
    from tabgen.writing import check_target

    files = [target for target in targets if target is not None and target != STREAM]
    for number, target in enumerate(files):
        check_target(target, force=force)
        if target in files[:number]:
            raise TableError(f"{target!r} is to be written twice. Choose different names.")


def check_format(target: str) -> None:
    """Refuse a table file of no known format before training."""
    from tabgen.tables import STREAM, file_format

    if target != STREAM:
        file_format(target)


def place(target: str) -> str:
    """Return what to call the place that something is written to."""
    return "standard output" if target == "-" else target


def say(text: str, quiet: bool) -> None:
    """Tell the user, unless nothing shall be said."""
    if not quiet:
        click.echo(text, err=True)


@contextlib.contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Import TensorFlow without the lines that its C++ side writes to standard error."""
    sys.stderr.flush()
    kept, silence = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        import tensorflow  # noqa: F401

        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)
