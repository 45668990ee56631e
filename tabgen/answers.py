"""Rows with gaps, or of which one column is asked, to completed rows, predictions and log probabilities."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any, Self, cast

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from tabgen.balancing import rows_to_even, values_of
from tabgen.cleaning import clean, restore_column
from tabgen.conditions import column_of
from tabgen.drawing import Asked, draw_asked
from tabgen.encoding import CategoricalCodec, Codec, NumericCodec, TableEncoder
from tabgen.errors import ConditionError
from tabgen.identifiers import Generator
from tabgen.known import as_rarest, gaps, keep_cells, read_known, read_rows, without_repeats
from tabgen.latentspace import decode_latents, encode_latents
from tabgen.modelfile import FittedParts
from tabgen.privacy import Spending
from tabgen.profiling import need_frame
from tabgen.protection import ProtectionLog
from tabgen.relations import Relation, relate
from tabgen.schema import LEVELLED, REPLACED, Schema
from tabgen.settings import check_seed, is_whole
from tabgen.tables import Dialect

POINT_DRAWS = 25  # draws that a point estimate is the middle of
CODES_AT_ONCE = 100_000  # rows of codes judged at once


class Answers(BaseEstimator):
    """What a fitted `TabularGAN` can say of given rows."""

    schema_: Schema
    relations_: tuple[Relation, ...]
    encoder_: TableEncoder
    identifiers_: dict[Hashable, Generator]
    model_: Any
    history_: pd.DataFrame
    dialect_: Dialect | None
    protection_: ProtectionLog
    spending_: Spending | None

    def _parts(self) -> FittedParts:
        """Return everything that was learned."""
        return FittedParts(
            self.get_params(), self.schema_, self.relations_, self.encoder_, self.identifiers_,
            self.model_, self.history_, self.dialect_, self.protection_, self.spending_,
        )  # fmt: skip

    def _take(self, parts: FittedParts) -> Self:
        """Take over everything that was learned."""
        self.schema_, self.relations_, self.encoder_ = parts.schema, parts.relations, parts.encoder
        self.identifiers_, self.model_ = dict(parts.identifiers), parts.model
        self.history_, self.dialect_ = parts.history, parts.dialect
        self.protection_, self.spending_ = parts.protection, parts.spending
        self._name_features()
        return self

    def _name_features(self) -> None:
        names = self.schema_.names
        self.n_features_in_ = len(names)
        self.feature_names_in_ = np.empty(len(names), dtype=object)
        self.feature_names_in_[:] = names

    def complete(self, table: pd.DataFrame, *, point: bool = False, seed: int | None = None) -> pd.DataFrame:
        """Fill missing cells, whatever their pattern, and leave all others as they are.

        Parameters
        ----------
        table : pandas.DataFrame
            Columns of the training table, or some of them; the others are drawn.
        point : bool, default=False
            Whether to fill with the middle of many draws (the median of numbers and moments, the most
            frequent level) rather than with one draw. A point estimate errs less, a draw keeps the spread.
        seed : int, optional
            Seed of the draws; None takes fresh entropy.

        Returns
        -------
        pandas.DataFrame
            All columns of the training table and the index of the given one.

        Raises
        ------
        ConditionError
            If a column is unknown.
        SchemaError
            If a value is not of its column.

        Examples
        --------
        >>> from tabgen import TabularGAN
        >>> people = pd.DataFrame({"age": [31, 45, 28, 62] * 20, "smokes": ["no", "yes", "no", "no"] * 20})
        >>> gan = TabularGAN(epochs=2, random_state=0).fit(people)
        >>> gan.complete(pd.DataFrame({"smokes": ["yes", None]}), seed=0)["smokes"].isna().sum()
        np.int64(0)
        """
        draws = self.impute(table, draws=POINT_DRAWS if point else 1, seed=seed)
        if not point:
            return draws[0]
        parts, filled = self._parts(), draws[0]
        for column in parts.schema.columns:
            if column.kind in REPLACED or not column.modelled:
                continue
            only = replace(parts.schema, columns=(column,))
            tidy = pd.concat([clean(draw[[column.name]], only) for draw in draws], axis=1)
            if column.kind in LEVELLED or column.kind == "constant":
                codes = np.stack([tidy.iloc[:, k].cat.codes.to_numpy() for k in range(len(draws))])
                middle = np.array([np.bincount(row).argmax() for row in codes.T], dtype=int)
                values = pd.Series(pd.Categorical.from_codes(middle, dtype=tidy.dtypes.iloc[0]))
            else:
                block = np.sort(tidy.to_numpy(), axis=1)
                values = pd.Series(block[:, len(draws) // 2])
            middles = pd.Series(restore_column(values, column), index=filled.index)
            empty = gaps(table, column.name, parts.schema)
            filled[column.name] = filled[column.name].where(~empty, middles).astype(filled[column.name].dtype)
        return filled

    def impute(self, table: pd.DataFrame, *, draws: int = 5, seed: int | None = None) -> list[pd.DataFrame]:
        """Fill missing cells several times, for multiple imputation (Rubin 1987).

        Parameters
        ----------
        table : pandas.DataFrame
            Columns of the training table, or some of them; the others are drawn.
        draws : int, default=5
            How many completed tables to return.
        seed : int, optional
            Seed of the draws; None takes fresh entropy.

        Returns
        -------
        list of pandas.DataFrame
            As from `complete`.
        """
        check_is_fitted(self, "schema_")
        check_seed(seed)
        _check_draws(draws)
        parts, source, rows = self._parts(), np.random.SeedSequence(seed), len(need_frame(table))
        known = read_known(table, parts, lenient=True)
        several = pd.concat([known] * draws, ignore_index=True)
        free = without_repeats(parts, known)
        drawn = draw_asked(free, len(several), Asked({}, several, filled=True), source)
        starts = range(0, len(several), rows) if rows else [0] * draws
        return [keep_cells(drawn.iloc[start : start + rows], table, parts.schema) for start in starts]

    def augment(
        self, table: pd.DataFrame, target: Hashable, n: int, *, seed: int | None = None
    ) -> pd.DataFrame:
        """Add synthetic rows that make the levels of a column as even as they can be.

        Parameters
        ----------
        table : pandas.DataFrame
            Rows with the columns of the training table.
        target : label
            A column of levels, which a classifier shall learn.
        n : int
            Rows to add.
        seed : int, optional
            Seed of the draws; None takes fresh entropy.

        Returns
        -------
        pandas.DataFrame
            The rows as they are, then the synthetic ones, with a fresh index.

        Raises
        ------
        ConditionError
            If the column is unknown or has no levels.
        """
        check_is_fitted(self, "schema_")
        check_seed(seed)
        parts = self._parts()
        wanted = rows_to_even(table, n, target, parts)
        drawn = draw_asked(parts, n, Asked({}, read_known(wanted, parts)), np.random.SeedSequence(seed))
        return pd.concat([table, drawn[list(table.columns)]], ignore_index=True)

    def reconstruct(self, table: pd.DataFrame, *, seed: int | None = None) -> pd.DataFrame:
        """Return rows made of the latents of given ones: what the latent alone says of each.

        With ``model="gan"`` the latent says 5 to 11 nats a row, and rows come back much alike. In "vae" and
        "vae-gan" the decoder does the work and the latent says little: then a warning tells so.

        Parameters
        ----------
        table : pandas.DataFrame
            All columns of the training table.
        seed : int, optional
            Seed of the draws; None takes fresh entropy.

        Returns
        -------
        pandas.DataFrame
            As many rows, in the form of the training table and with the index of the given one.

        Raises
        ------
        ValueError
            If the model has no latent.
        """
        check_is_fitted(self, "schema_")
        check_seed(seed)
        parts = self._parts()
        latents = encode_latents(parts, table)
        return decode_latents(parts, latents, np.random.SeedSequence(seed)).set_axis(table.index)

    def interpolate(
        self, first: pd.DataFrame, last: pd.DataFrame, steps: int, *, seed: int | None = None
    ) -> pd.DataFrame:
        """Return rows on the straight way between the latents of two rows.

        The rows share their random numbers, so that they differ by their latents only. The ends are
        reconstructions of the two rows, see `reconstruct`.

        Parameters
        ----------
        first, last : pandas.DataFrame
            One row each, with all columns of the training table.
        steps : int
            Number of rows, the ends included: 2 or more.
        seed : int, optional
            Seed of the draws; None takes fresh entropy.

        Returns
        -------
        pandas.DataFrame
            ``steps`` rows in the form of the training table.

        Raises
        ------
        ValueError
            If the model has no latent, an end is not one row, or ``steps`` is below 2.
        """
        check_is_fitted(self, "schema_")
        check_seed(seed)
        if len(first) != 1 or len(last) != 1:
            raise ValueError(
                f"The ends must be one row each, but are {len(first)} and {len(last)}. Take df.iloc[[0]]."
            )
        if not (is_whole(steps) and steps >= 2):
            raise ValueError(f"steps must be a whole number from 2 on, but is {steps!r}.")
        parts = self._parts()
        ends = encode_latents(parts, pd.concat([first, last], ignore_index=True))
        way = np.linspace(ends[0], ends[1], steps, dtype=np.float32)
        return decode_latents(parts, way, np.random.SeedSequence(seed), alike=True)

    def log_prob(self, table: pd.DataFrame, *, draws: int = 1) -> np.ndarray:
        """Return how likely each row is under the model: outliers have the least.

        Parameters
        ----------
        table : pandas.DataFrame
            All columns of the training table.
        draws : int, default=1
            Latents drawn for each row: the more, the tighter the bound (Burda et al. 2016).

        Returns
        -------
        numpy.ndarray
            Shape ``(rows,)``, in nats: the log probability of the row's codes, in which a number stands for
            its narrow interval. A bound from below where the latent is live.

        Raises
        ------
        ValueError
            If the model is a "gan", which has no likelihood, or ``draws`` is below 1.
        """
        parts = self._likelihood()
        _check_draws(draws)
        codes = parts.encoder.encode(relate(read_rows(table, parts), parts.relations))
        return _log_likelihood(parts, codes, draws)

    def predict_proba(self, table: pd.DataFrame, column: Hashable) -> pd.DataFrame:
        """Return the probability of each value of a column, given all others.

        Parameters
        ----------
        table : pandas.DataFrame
            The other columns of the training table; a missing value is taken as such. The column itself, if
            there, is not looked at.
        column : Hashable
            A column of levels, or of numbers of which there are few.

        Returns
        -------
        pandas.DataFrame
            One column for each value, in order, and the index of the table; rows add up to 1.

        Raises
        ------
        ConditionError
            If the column is unknown or has too many values, or a value is missing that never was.
        ValueError
            If the model is a "gan".
        """
        parts, codec = self._likelihood(), self._codec(column)
        values, shares = values_of(column, parts), _law_of(parts, table, column)
        if isinstance(codec, CategoricalCodec):  # levels may share a code
            weights = codec.weight_of_level[: len(values)].astype(np.float64)
            totals = np.bincount(codec.code_of_level, codec.weight_of_level)[codec.code_of_level]
            within = np.divide(weights, totals, out=np.zeros(len(values)), where=totals > 0)
            shares = shares[:, codec.code_of_level] * within
        frame = pd.DataFrame(shares, index=table.index)
        frame.columns = pd.Index(values, tupleize_cols=False)
        return frame

    def predict(self, table: pd.DataFrame, column: Hashable) -> pd.Series:
        """Return the most probable level of a column, or the mean of a number, given all others.

        Parameters
        ----------
        table : pandas.DataFrame
            As for `predict_proba`.
        column : Hashable
            A column of levels or numbers.

        Returns
        -------
        pandas.Series
            The index of the table; levels in the column's own look, numbers as float64.
        """
        parts, codec = self._likelihood(), self._codec(column)
        own = column_of(column, parts.schema)
        if own.kind in LEVELLED:
            best = self.predict_proba(table, column).to_numpy().argmax(axis=1)
            values = pd.Series(pd.Categorical.from_codes(best, range(len(own.levels))))
            return pd.Series(restore_column(values, own), index=table.index, name=column)
        if not isinstance(codec, NumericCodec):
            raise ConditionError(f"Column {column!r} is {own.kind}: predict takes levels and numbers.")
        weights = np.diff(codec.shares, axis=1)
        middles = (codec.knots[:, 1:] + codec.knots[:, :-1]) / 2
        means = (middles * weights).sum(axis=1) / weights.sum(axis=1)
        return pd.Series(_law_of(parts, table, column) @ means, index=table.index, name=column)

    def _codec(self, column: Hashable) -> Codec:
        """Return the codec of a column that is learned as it stands."""
        parts = self._parts()
        kind = column_of(column, parts.schema).kind
        if column not in parts.encoder.codecs:
            raise ConditionError(
                f"Column {column!r} ({kind}) does not vary, is drawn afresh or follows from other columns: "
                "there is nothing to predict. Ask complete for it."
            )
        return parts.encoder.codecs[column]

    def _likelihood(self) -> FittedParts:
        check_is_fitted(self, "schema_")
        parts = self._parts()
        if parts.parameters["model"] == "gan":
            raise ValueError('model="gan" has no likelihood. Fit "vae-gan" or "vae" instead.')
        return parts


def _check_draws(draws: Any) -> None:
    if not (is_whole(draws) and draws >= 1):
        raise ValueError(f"draws must be a whole number from 1 on, but is {draws!r}.")


def _law_of(parts: FittedParts, table: pd.DataFrame, column: Hashable) -> np.ndarray:
    """Return the probability of each code of a column, missing left out, given all others."""
    layout = parts.encoder.layout
    place = layout.positions(column)[-1]
    others = need_frame(table).drop(columns=[column], errors="ignore")
    known = as_rarest(read_known(others, parts, lenient=True), others, parts)
    known = relate(known, parts.relations)
    for token in layout.tokens:
        absent = known[token.column].isna().to_numpy()
        if token.column != column and not parts.encoder.codecs[token.column].missing and absent.any():
            raise ConditionError(
                f"Column {token.column!r} is missing in row {int(absent.argmax())}, which it never was in "
                "the training table. Fill it with complete first."
            )
    codes = parts.encoder.encode(known)
    size = layout.tokens[place].cardinality - layout.tokens[place].missing
    laws = [np.zeros((0, size))]
    for start in range(0, len(codes), max(CODES_AT_ONCE // size, 1)):
        rows = codes[start : start + max(CODES_AT_ONCE // size, 1)]
        each = np.repeat(rows, size, axis=0)
        each[:, place] = np.tile(np.arange(size), len(rows))
        if layout.gates[place] >= 0:
            each[:, layout.gates[place]] = 0
        laws.append(softmax(_log_likelihood(parts, each).reshape(len(rows), size), axis=1))
    return np.concatenate(laws)


def _log_likelihood(parts: FittedParts, codes: np.ndarray, draws: int = 1) -> np.ndarray:
    model = parts.model
    return cast(np.ndarray, getattr(model, "generator", model).log_likelihood(codes, draws))
