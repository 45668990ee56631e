"""A fitted model and what is asked of a table to the table: at once, in chunks, or written to a file."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from tabgen.answers import Answers
from tabgen.balancing import Shares
from tabgen.conditions import Where
from tabgen.copyguard import keep_apart
from tabgen.drawing import Asked, draw_asked
from tabgen.known import keep_cells, read_known
from tabgen.modelfile import FittedParts
from tabgen.settings import check_seed, row_count
from tabgen.streaming import draw_blocks, draw_rows
from tabgen.writers import write_frames


class Sampler(Answers):
    """What a fitted `TabularGAN` draws."""

    def sample(
        self,
        n: int | None = None,
        *,
        where: Where | pd.DataFrame | None = None,
        rebalance: Shares | None = None,
        real: pd.DataFrame | None = None,
        min_distance: float = 0.01,
        seed: int | None = None,
        stratified: bool = True,
        to: str | os.PathLike[str] | None = None,
    ) -> pd.DataFrame:
        """Draw synthetic rows, all of which hold what is asked of them.

        Parameters
        ----------
        n : int
            Number of rows; with a table of conditions it can be left out.
        where : str, mapping or pandas.DataFrame, optional
            Conditions on any columns. A line of text such as
            ``"age >= 40 and city in ('Paris', 'Rome') and spouse is null"``; a mapping from columns to a
            value, a list of values, a `pandas.Interval`, or None for a missing value; or a table with one
            row of known values for each row to draw, missing where nothing is known. A missing value
            satisfies no comparison, as in SQL.
        rebalance : label or mapping, optional
            A column, all levels of which shall be as frequent; or for some columns the share of each level,
            as in ``{"churn": {"yes": 0.5, "no": 0.5}}``.
        real, min_distance : pandas.DataFrame, optional, and float, default=0.01
            A table, by custom that of training, to no row of which a drawn one may be nearer than this
            share of its own rows are to each other (`tabgen.copyguard`); rows that are, are drawn again.
        seed : int, optional
            Seed of the draws: an int repeats exactly, None takes fresh entropy.
        stratified : bool, default=True
            Whether frequencies over the whole sample should vary less than those of independent rows.
            Every row follows the model's law either way; stratified rows are negatively dependent.
        to : path, optional
            A file to write the rows of `sample_chunks` to, in place of any that is there: ``n`` may be more
            than memory holds. It appears whole or not at all.

        Returns
        -------
        pandas.DataFrame
            ``n`` rows with the columns, order and dtypes of the training table and a fresh index; with
            ``to``, the first five of them.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit`.
        SchemaError
            If a relation leaves no room for as many rows.
        ConditionError
            If a condition cannot be read, or nothing like it was in the training table.
        ValueError
            If ``n`` or ``seed`` is negative or not a whole number.

        Examples
        --------
        >>> from tabgen import TabularGAN
        >>> people = pd.DataFrame({"age": [31, 45, 28, 62] * 20, "smokes": ["no", "yes", "no", "no"] * 20})
        >>> gan = TabularGAN(epochs=2, random_state=0).fit(people)
        >>> gan.sample(50, where="age between 30 and 50", seed=0)["age"].between(30, 50).all()
        np.True_
        >>> gan.sample(50, rebalance="smokes", seed=0)["smokes"].value_counts().tolist()
        [25, 25]
        """
        if to is not None:
            if isinstance(where, pd.DataFrame) or not stratified:
                raise ValueError("to goes with no table of conditions and only with stratified=True.")
            frames = self.sample_chunks(
                n, where=where, rebalance=rebalance, real=real, min_distance=min_distance, seed=seed
            )
            return write_frames(frames, to, self.dialect_, force=True)
        check_is_fitted(self, "schema_")
        check_seed(seed)
        parts = self._parts() if real is None else keep_apart(self._parts(), real, min_distance)
        if isinstance(where, pd.DataFrame):
            if rebalance is not None:
                raise ValueError(
                    "rebalance cannot go with a table of conditions. Put the levels into the table."
                )
            return self._sample_given(where, n, seed, parts)
        source = np.random.SeedSequence(seed)
        return draw_rows(parts, row_count(n), source, where, rebalance, stratified=stratified)

    def sample_chunks(
        self,
        n: int | None,
        *,
        where: Where | None = None,
        rebalance: Shares | None = None,
        real: pd.DataFrame | None = None,
        min_distance: float = 0.01,
        seed: int | None = None,
    ) -> Iterator[pd.DataFrame]:
        """Draw synthetic rows block after block, so that ``n`` may be more than memory holds.

        Blocks have 50,000 rows, a random stream each, and keys that differ from those of all others. Only a
        model that keeps rows of the whole table different (`tabgen.relations.Unique`) draws them at once.

        Parameters
        ----------
        n : int
            Number of rows in all.
        where, rebalance, real, min_distance, seed : optional
            As in `sample`. The rows are other ones than `sample` draws with the same seed.

        Yields
        ------
        pandas.DataFrame
            The next rows; their index runs on.

        Examples
        --------
        >>> from tabgen import TabularGAN
        >>> people = pd.DataFrame({"age": [31, 45, 28, 62] * 20, "smokes": ["no", "yes", "no", "no"] * 20})
        >>> gan = TabularGAN(epochs=2, random_state=0).fit(people)
        >>> [len(chunk) for chunk in gan.sample_chunks(60_000, seed=0)]
        [50000, 10000]
        """
        check_is_fitted(self, "schema_")
        check_seed(seed)
        parts = self._parts() if real is None else keep_apart(self._parts(), real, min_distance)
        return draw_blocks(parts, row_count(n), seed, where, rebalance)

    def _sample_given(
        self, table: pd.DataFrame, n: int | None, seed: int | None, parts: FittedParts
    ) -> pd.DataFrame:
        """Draw one row for each row of conditions."""
        if n is not None and n != len(table):
            raise ValueError(f"n is {n!r}, but there are {len(table):,} rows of conditions. Leave n out.")
        known = read_known(table, parts)
        drawn = draw_asked(parts, len(table), Asked({}, known), np.random.SeedSequence(seed))
        return keep_cells(drawn, table, self.schema_)
