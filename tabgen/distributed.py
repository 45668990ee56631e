"""A Dask frame to a part of its rows to learn from; a fitted model and a Dask cluster to a folder of rows.

The cluster does what one process does with chunks (`tabgen.gathering`, `tabgen.streaming`), with the same
result: how a frame is cut, how many workers there are and which of them die makes no difference.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from sklearn.utils.validation import check_is_fitted

from tabgen.balancing import Shares
from tabgen.chunks import MANY_CELLS
from tabgen.conditions import Where
from tabgen.errors import TableError
from tabgen.extras import optional_module
from tabgen.folders import whole_folder
from tabgen.gathering import Gathered, Reservoir, highest_hash, rows_of_cells
from tabgen.modelfile import FittedParts, load_parts
from tabgen.settings import check_seed, row_count
from tabgen.streaming import Block, draw_block, plan_blocks
from tabgen.wholefiles import write_whole
from tabgen.writers import arrow_schema

if TYPE_CHECKING:
    import dask.dataframe as dd
    from distributed import Client

    from tabgen.synthesizer import TabularGAN

JOINED_AT_ONCE = 8  # samples of partitions
AHEAD = 2  # blocks that wait for each thread of the cluster, those in work among them
SECONDS = 30.0  # to wait for the first worker
PART = "part-{:05}.parquet"
LOADING = threading.Lock()


def gather_distributed(
    frame: dd.DataFrame, client: Client | None = None, most_cells: int = MANY_CELLS
) -> Gathered:
    """Return an even part of a Dask frame that shows all its levels: what `TabularGAN.fit` learns from.

    Training runs where `fit` is called, on at most ``most_cells`` cells; the cluster counts rows, picks them
    and looks whether rules between columns hold in all of them. Each partition is made three times:
    ``frame.persist()`` first, if it fits the cluster's memory, is faster. Dtypes are those of the Dask
    frame, which reads text as ``string[pyarrow]`` unless its option ``dataframe.convert-string`` is off.

    Parameters
    ----------
    frame : dask.dataframe.DataFrame
        The real table. Its index is no column.
    client : distributed.Client, optional
        The cluster; by default Dask's own scheduler of the moment.
    most_cells : int
        Cells to keep.

    Returns
    -------
    Gathered
        The same as `tabgen.gathering.gather_table` makes of the partitions one after the other.

    Raises
    ------
    MissingExtra
        If Dask is not installed.
    TableError
        If partitions differ in their columns or from one look to the next, or the cluster is lost.

    Examples
    --------
    >>> from tabgen import TabularGAN
    >>> import dask.dataframe as dd
    >>> people = pd.DataFrame({"age": [31, 45, 28, 62] * 20, "smokes": [False, True, False, False] * 20})
    >>> part = gather_distributed(dd.from_pandas(people, npartitions=3))
    >>> part.rows, TabularGAN(epochs=1, random_state=0).fit(part).sample(5, seed=0).shape
    (80, (5, 2))
    """
    delayed = optional_module("dask", "dask", "Dask frames").delayed
    over = partial(_compute, client=client)
    partitions = frame.to_delayed()
    lengths = over(len, frame.index.to_delayed())
    starts = [0, *itertools.accumulate(lengths)]
    highest = highest_hash(starts[-1], rows_of_cells(most_cells, len(frame.columns)))
    samples = [
        delayed(_sample)(own, start, length, most_cells, highest)
        for own, start, length in zip(partitions, starts, lengths, strict=False)
    ]
    join = delayed(Reservoir.joined)
    while len(samples) > 1:
        samples = [join(list(few)) for few in _batches(samples, JOINED_AT_ONCE)]
    (kept,) = over(None, samples)
    rows = kept.frame()
    again = None if kept.rows == len(rows) else lambda: partitions
    return Gathered(rows, None, kept.rows, again, over)


def sample_distributed(
    gan: TabularGAN,
    n: int,
    folder: str | os.PathLike[str],
    client: Client,
    *,
    where: Where | None = None,
    rebalance: Shares | None = None,
    seed: int | None = None,
    force: bool = False,
) -> pd.DataFrame:
    """Draw rows on a cluster, each block to a Parquet file ``part-00000.parquet`` and so on of a folder.

    The rows are those of `TabularGAN.sample_chunks` with the same seed, whatever the cluster. The folder
    appears when all of it is written. A block whose worker dies is drawn by another one.

    Parameters
    ----------
    gan : TabularGAN
        A fitted model.
    n : int
        Number of rows in all.
    folder : path
        Where to, seen by all workers and by the caller under this name.
    client : distributed.Client
        The cluster. Its workers need tabgen installed.
    where, rebalance, seed : optional
        As in `TabularGAN.sample_chunks`.
    force : bool, default=False
        Whether to replace the folder, if all that it holds are such files.

    Returns
    -------
    pandas.DataFrame
        The first five rows.

    Raises
    ------
    TableError
        If the folder is there already or cannot be written, or the cluster is lost.

    Examples
    --------
    >>> from tabgen import TabularGAN
    >>> import distributed
    >>> people = pd.DataFrame({"age": [31, 45, 28, 62] * 20, "smokes": ["no", "yes", "no", "no"] * 20})
    >>> gan = TabularGAN(epochs=1, random_state=0).fit(people)
    >>> folder = getfixture("tmp_path") / "people"
    >>> cluster = distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=":0")
    >>> with cluster, distributed.Client(cluster) as client:
    ...     first = sample_distributed(gan, 60_000, folder, client, seed=0)
    >>> sorted(path.name for path in folder.iterdir()), len(pd.read_parquet(folder))
    (['part-00000.parquet', 'part-00001.parquet'], 60000)
    """
    check_is_fitted(gan, "schema_")
    check_seed(seed)
    blocks = plan_blocks(gan._parts(), row_count(n), seed)
    with whole_folder(folder, "part-*.parquet", force=force) as unfinished, _lost_in_words(OSError):
        _await_workers(client)
        model = client.submit(bytes, _model_bytes(gan), pure=False)  # made anew where its workers die
        draw = partial(client.submit, _write_block, model, unfinished, where, rebalance, pure=False)
        first, schema = draw(0, next(blocks), None).result()  # all files have the types of the first
        room = AHEAD * sum(client.nthreads().values())
        tasks = (draw(number, block, schema) for number, block in enumerate(blocks, start=1))
        as_completed = optional_module("distributed", "dask", "Clusters").as_completed
        waiting = as_completed(list(itertools.islice(tasks, room)), loop=client.loop)
        for done in waiting:
            done.result()
            waiting.update(itertools.islice(tasks, 1))
    return first


def connect(address: str, seconds: float = 10) -> Client:
    """Return a client of the scheduler at an address such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    MissingExtra
        If Dask is not installed.
    TableError
        If no scheduler answers.
    """
    client = optional_module("distributed", "dask", "Clusters").Client
    try:
        return client(address, timeout=seconds, set_as_default=False)
    except (OSError, ValueError) as error:
        raise TableError(f"No Dask scheduler answers at {address!r}: {error}.") from error


def _compute(function: Callable[[Any], Any] | None, parts: Iterable[Any], client: Client | None) -> list[Any]:
    """Return what a function says of each part, or the parts themselves, made by the cluster."""
    dask = optional_module("dask", "dask", "Dask frames")
    if function is not None:
        parts = [dask.delayed(function)(part) for part in parts]
    with _lost_in_words():
        if client is not None:
            _await_workers(client)
        return list(dask.compute(*parts, scheduler=client))


def _sample(frame: pd.DataFrame, start: int, length: int, most_cells: int, highest: int | None) -> Reservoir:
    if len(frame) != length:
        raise TableError(
            f"A partition had {length:,} rows and now has {len(frame):,}. Persist the frame first."
        )
    kept = Reservoir(most_cells, start, highest)
    kept.add(frame)
    return kept


def _batches(items: list[Any], size: int) -> Iterator[list[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _model_bytes(gan: TabularGAN) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        gan.save(Path(folder) / "model.tabgen")
        return (Path(folder) / "model.tabgen").read_bytes()


@lru_cache(maxsize=2)
def _loaded(model: bytes) -> FittedParts:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tabgen"
        path.write_bytes(model)
        return load_parts(path)


def _write_block(
    model: bytes,
    folder: Path,
    where: Where | None,
    rebalance: Shares | None,
    number: int,
    block: Block,
    schema: pa.Schema | None,
) -> tuple[pd.DataFrame, pa.Schema] | None:
    """Draw a block and write it, as often as need be; return the beginning and the types of the first."""
    with LOADING:  # once, however many threads a worker has
        parts = _loaded(model)
    frame = draw_block(parts, block, where, rebalance)
    own = arrow_schema(frame) if schema is None else schema
    table = pa.Table.from_pandas(frame, schema=own, preserve_index=False)
    write_whole(folder / PART.format(number), partial(pyarrow.parquet.write_table, table), force=True)
    return (frame.head(), own) if schema is None else None


def _await_workers(client: Client) -> None:
    try:
        client.wait_for_workers(1, timeout=SECONDS)
    except TimeoutError as error:
        raise TableError(f"The cluster still has no workers after {SECONDS:g} s. Start one.") from error


@contextlib.contextmanager
def _lost_in_words(*more: type[Exception]) -> Iterator[None]:
    """Say in one sentence that a cluster is lost, which errors of some more classes mean, too."""
    killed = optional_module("distributed.scheduler", "dask", "Clusters").KilledWorker
    closed = optional_module("distributed.comm", "dask", "Clusters").CommClosedError
    try:
        yield
    except killed as error:
        raise TableError(
            "The cluster gave up on a task that killed several workers. Give them more memory."
        ) from error
    except (closed, CancelledError, TimeoutError, *more) as error:
        raise TableError(
            f"The cluster is lost ({type(error).__name__}: {error}). Start it and run this again: "
            "the same seed makes the same rows."
        ) from error
