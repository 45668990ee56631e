"""A fitted model to tables of any length: blocks of rows, each of a random stream of its own."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from tabgen.balancing import Shares, balanced_rows
from tabgen.conditions import Where, read_conditions
from tabgen.drawing import Asked, draw_asked, draw_free
from tabgen.identifiers import RandomNumbers, TextPattern
from tabgen.known import read_known
from tabgen.modelfile import FittedParts
from tabgen.relations import Unique
from tabgen.taken import Reserved, Taken

BLOCK_ROWS = 50_000


@dataclass(frozen=True)
class Block:
    """Some rows of a table that shall be drawn, by whom and when does not matter.

    Attributes
    ----------
    rows : int
        How many.
    seed : numpy.random.SeedSequence
        Seed of all draws.
    identifiers : dict of Hashable to Reserved
        Keys and personal data, which differ from those of all other blocks where they must.
    """

    rows: int
    seed: np.random.SeedSequence
    identifiers: dict[Hashable, Reserved]


def plan_blocks(parts: FittedParts, n: int, seed: int | None) -> Iterator[Block]:
    """Yield the blocks of a table, in order.

    Parameters
    ----------
    parts : FittedParts
        The fitted model. Where it keeps rows of the whole table different, there is one block.
    n : int
        Rows of the table.
    seed : int or None
        Seed of the table; the same seed, the same blocks.
    """
    source = np.random.SeedSequence(seed)
    most = max(n, 1) if any(isinstance(rule, Unique) for rule in parts.relations) else BLOCK_ROWS
    taken = {name: Taken(n) for name in parts.identifiers}
    for start in range(0, max(n, 1), most):
        rows = min(most, n - start)
        own, keys = source.spawn(2)
        rng = np.random.default_rng(keys)
        reserved = {}
        for name, generator in parts.identifiers.items():
            values = generator.draw(rows, rng, taken[name])
            taken[name].note(values, hashed=isinstance(generator, RandomNumbers | TextPattern))
            reserved[name] = Reserved(values)
        yield Block(rows, own, reserved)


def draw_block(
    parts: FittedParts, block: Block, where: Where | None = None, rebalance: Shares | None = None
) -> pd.DataFrame:
    """Draw the rows of a block, with a fresh index.

    Parameters
    ----------
    parts : FittedParts
        The fitted model.
    block : Block
        The block.
    where, rebalance : optional
        What is asked of each row, and the shares of levels in each block; see `TabularGAN.sample`.
    """
    parts = replace(parts, identifiers=block.identifiers)  # type: ignore[arg-type]  # they draw, too
    # a seed sequence counts what was spawned: a block that is drawn twice needs it as it was
    source = np.random.SeedSequence(block.seed.entropy, spawn_key=block.seed.spawn_key)
    return draw_rows(parts, block.rows, source, where, rebalance)


def draw_rows(
    parts: FittedParts,
    n: int,
    source: np.random.SeedSequence,
    where: Where | None = None,
    rebalance: Shares | None = None,
    *,
    stratified: bool = True,
) -> pd.DataFrame:
    """Draw rows at once; see `TabularGAN.sample`."""
    conditions = {} if where is None else read_conditions(where, parts.schema)
    if rebalance is not None:
        known = read_known(balanced_rows(rebalance, n, parts, source), parts)
        return draw_asked(parts, n, Asked(conditions, known), source)
    if conditions:
        return draw_asked(parts, n, Asked(conditions), source)
    return draw_free(parts, n, source, stratified=stratified)


def draw_blocks(
    parts: FittedParts, n: int, seed: int | None, where: Any = None, rebalance: Any = None
) -> Iterator[pd.DataFrame]:
    """Yield a table of ``n`` rows, block after block, with a running index."""
    start = 0
    for block in plan_blocks(parts, n, seed):
        yield draw_block(parts, block, where, rebalance).set_axis(pd.RangeIndex(start, start + block.rows))
        start += block.rows
