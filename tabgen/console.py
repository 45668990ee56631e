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
    from tabgen.gathering import Gathered
    from tabgen.synthesizer import TabularGAN
    from tabgen.tables import Dialect


def gather(source: str, query: str | None) -> Gathered:
    """Return a table to learn from, or what a database answers; a part where it is too big for memory."""
    from tabgen.chunks import SQLQuery
    from tabgen.gathering import gather_table

    return gather_table(source if query is None else SQLQuery(source, query))


def read(source: str) -> tuple[Any, Dialect | None]:
    """Return a table and, if it came from a delimited file, the look of that file."""
    from tabgen.tables import read_table

    table = read_table(source)
    return table.frame, table.dialect


def write(frame: Any, target: str, dialect: Dialect | None, force: bool) -> None:
    """Write a table."""
    from tabgen.writers import write_frames

    write_frames([frame], target, dialect, force=force)


def draw(
    gan: TabularGAN,
    n: int,
    target: str,
    *,
    force: bool,
    quiet: bool,
    where: str | None = None,
    rebalance: str | None = None,
    seed: int | None = None,
) -> Any:
    """Draw rows and write them, many block after block; return them, or the first five of many."""
    from tabgen.streaming import BLOCK_ROWS
    from tabgen.writers import write_frames

    if n <= BLOCK_ROWS:
        frame = gan.sample(n, where=where, rebalance=rebalance, seed=seed)
        write(frame, target, gan.dialect_, force)
        return frame
    chunks = gan.sample_chunks(n, where=where, rebalance=rebalance, seed=seed)
    with click.progressbar(
        length=n, label="rows", file=sys.stderr, hidden=quiet or not sys.stderr.isatty()
    ) as bar:

        def shown() -> Iterator[Any]:
            for chunk in chunks:
                yield chunk
                bar.update(len(chunk))

        return write_frames(shown(), target, gan.dialect_, force=force)


def draw_on_cluster(
    gan: TabularGAN,
    n: int,
    folder: str,
    scheduler: str,
    *,
    force: bool,
    where: str | None = None,
    rebalance: str | None = None,
    seed: int | None = None,
) -> None:
    """Draw rows on the Dask cluster of a scheduler and write them to a folder."""
    from tabgen.distributed import connect, sample_distributed

    with connect(scheduler) as client:
        sample_distributed(gan, n, folder, client, where=where, rebalance=rebalance, seed=seed, force=force)


def check_targets(targets: list[str | None], force: bool) -> None:
    """Refuse before training what would fail after it."""
    from tabgen.tables import STREAM
    from tabgen.wholefiles import check_target

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


def drop_unwritten() -> None:
    """Forget output that cannot be written: Python would try again at its end, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
