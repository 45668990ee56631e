"""A tidy frame to int32 codes (rows, tokens) with their `Layout`, and codes back to a tidy frame."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tabgen.encoding.categorical import MAX_CODES, CategoricalCodec, fit_categorical
from tabgen.encoding.datetime import DatetimeCodec, fit_datetime
from tabgen.encoding.keys import composite_key
from tabgen.encoding.layout import MISSING, Layout, Token
from tabgen.encoding.leaves import Support
from tabgen.encoding.numeric import ANY, NumericCodec, default_leaves, fit_numeric

__all__ = [
    "CategoricalCodec",
    "Codec",
    "DatetimeCodec",
    "Layout",
    "NumericCodec",
    "Support",
    "TableEncoder",
    "Token",
    "check_codec",
    "fit_encoder",
    "tokens_of",
]

Codec = NumericCodec | CategoricalCodec | DatetimeCodec


MANY_COLUMNS, LEAVES_OF_MANY = 64, 64  # a wider table has fewer leaves a column: its cost is in their number


@dataclass(frozen=True)
class TableEncoder:
    """The fitted codecs of a table.

    Attributes
    ----------
    codecs : Mapping of Hashable to Codec
        One codec for each column of the tidy frame, in the frame's order.
    levels : Mapping of Hashable to pandas.Index
        Levels of the categorical columns.
    layout : Layout
        What the codes mean, in the order in which tokens are drawn.
    """

    codecs: Mapping[Hashable, Codec]
    levels: Mapping[Hashable, pd.CategoricalDtype]
    layout: Layout

    def encode(self, tidy: pd.DataFrame) -> np.ndarray:
        """Return the codes of a tidy frame: int32, shape ``(rows, tokens)``."""
        names = dict.fromkeys(token.column for token in self.layout.tokens)
        if not names:
            return np.zeros((len(tidy), 0), dtype=np.int32)
        return np.concatenate([_encode_column(self.codecs[name], tidy[name]) for name in names], axis=1)

    def decode(self, codes: np.ndarray, rng: np.random.Generator, *, stratified: bool = True) -> pd.DataFrame:
        """Return a tidy frame drawn from codes, shape ``(rows, tokens)``.

        Parameters
        ----------
        codes : numpy.ndarray
            Shape ``(rows, tokens)``.
        rng : numpy.random.Generator
            Decides between the values that share a code.
        stratified : bool
            Whether rows of one code share out its values evenly; False draws independently.
        """
        columns: dict[Hashable, np.ndarray | pd.Categorical] = {}
        for name, codec in self.codecs.items():
            block = codes[:, self.layout.positions(name)[_is_gated(codec) :]]
            if isinstance(codec, DatetimeCodec):
                columns[name] = codec.decode(block, rng, stratified=stratified)
            elif isinstance(codec, CategoricalCodec):
                numbers = codec.decode(block[:, 0], rng)
                columns[name] = pd.Categorical.from_codes(numbers, dtype=self.levels[name])
            else:
                columns[name] = codec.decode(block[:, 0], rng, stratified=stratified)
        tidy = pd.DataFrame(dict(enumerate(columns.values())), index=pd.RangeIndex(len(codes)))
        tidy.columns = pd.Index(list(columns), tupleize_cols=False)  # tuples are names like any other
        return tidy


def fit_encoder(tidy: pd.DataFrame, support: Mapping[Hashable, Support] | None = None) -> TableEncoder:
    """Fit one codec to each column of a tidy frame.

    Parameters
    ----------
    tidy : pandas.DataFrame
        Columns of dtype float64, ``category`` or ``datetime64``.
    support : mapping of Hashable to Support, optional
        For columns of numbers and moments the fewest rows of a leaf; one where nothing is said.

    Returns
    -------
    TableEncoder

    Examples
    --------
    >>> tidy = pd.DataFrame({"age": [31.0, 45.0, np.nan], "sex": pd.Categorical(["f", "m", "f"])})
    >>> encoder = fit_encoder(tidy)
    >>> encoder.encode(tidy).tolist()
    [[0, 0, 0], [1, 0, 1], [0, 1, 2]]
    >>> encoder.decode(encoder.encode(tidy), np.random.default_rng(0)).equals(tidy)
    True
    """
    wide = {name for name in tidy if _is_wide(tidy[name])}
    leaves = min(default_leaves(len(tidy)), LEAVES_OF_MANY) if len(tidy.columns) > MANY_COLUMNS else None
    own = {name: (support or {}).get(name, ANY) for name in tidy}
    codecs: dict[Hashable, Codec] = {
        name: _fit_column(tidy[name], None, leaves, own[name]) for name in tidy if name not in wide
    }
    if wide:  # rare levels are grouped by the company they keep in the other columns
        others = [_encode_column(codec, tidy[name]) for name, codec in codecs.items()]
        context = np.concatenate(others, axis=1) if others else None
        codecs |= {name: _fit_column(tidy[name], context, leaves, own[name]) for name in tidy if name in wide}
    return lay_out({name: codecs[name] for name in tidy}, tidy, composite_key(tidy))


def lay_out(
    codecs: Mapping[Hashable, Codec], tidy: pd.DataFrame, key: Sequence[Hashable] = ()
) -> TableEncoder:
    """Put the tokens of fitted codecs into the order in which they are drawn.

    Parameters
    ----------
    codecs : mapping of Hashable to Codec
        One for each column of the tidy frame.
    tidy : pandas.DataFrame
        The frame; only its dtypes are looked at.
    key : sequence of Hashable
        Columns that together name the rows: they come first.
    """
    levels = {name: tidy[name].dtype for name in tidy if isinstance(tidy[name].dtype, pd.CategoricalDtype)}
    tokens = {name: tokens_of(name, codec) for name, codec in codecs.items()}
    order = _drawing_order(tokens, key)
    laid = tuple(token for name in order for token in tokens[name])
    return TableEncoder(codecs, levels, Layout(laid, tuple(key)))


def _is_wide(column: pd.Series) -> bool:
    dtype = column.dtype
    return isinstance(dtype, pd.CategoricalDtype) and len(dtype.categories) > MAX_CODES


def _fit_column(column: pd.Series, context: np.ndarray | None, leaves: int | None, support: Support) -> Codec:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return fit_categorical(
            column.cat.codes.to_numpy().astype(np.int64),
            len(column.cat.categories),
            ordered=bool(column.cat.ordered),
            context=context,
        )
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return fit_datetime(column.to_numpy(), support)
    return fit_numeric(column.to_numpy(), leaves, support)


def _encode_column(codec: Codec, column: pd.Series) -> np.ndarray:
    if isinstance(codec, CategoricalCodec):
        codes = codec.encode(column.cat.codes.to_numpy().astype(np.int64))[:, None]
    else:
        codes = codec.encode(column.to_numpy())
        codes = codes[:, None] if codes.ndim == 1 else codes
    return np.c_[column.isna().to_numpy(), codes].astype(np.int32) if _is_gated(codec) else codes


def tokens_of(name: Hashable, codec: Codec) -> list[Token]:
    """Return the tokens of a column, in order: whether there is a value, then what it is."""
    gate = [Token(name, MISSING, 2, False, False)] if _is_gated(codec) else []
    if isinstance(codec, DatetimeCodec):
        parts = codec.parts.items()
        return gate + [Token(name, part, c.cardinality, True, c.missing) for part, c in parts]
    return [*gate, Token(name, "value", codec.cardinality, _is_ordered(codec), codec.missing)]


def _is_ordered(codec: Codec) -> bool:
    return not isinstance(codec, CategoricalCodec) or codec.ordered


def _is_gated(codec: Codec) -> bool:
    """Tell whether a token of its own says what is missing: in an order of codes that has no place."""
    return codec.missing and _is_ordered(codec)


def check_codec(codec: Codec) -> None:
    """Refuse a codec whose arrays do not go together.

    Raises
    ------
    ValueError
        If they differ in length, hold what is no number, or codes that no level has.
    """
    if isinstance(codec, DatetimeCodec):
        ends = np.array(codec.bounds, dtype=np.int64).astype(f"datetime64[{codec.unit}]")
        if ends.shape != (2,) or ends[0] > ends[1]:
            raise ValueError("the bounds of moments are not in order")
        for part in codec.parts.values():
            check_codec(part)
    elif isinstance(codec, CategoricalCodec):
        codes, weights = codec.code_of_level, codec.weight_of_level
        fits = codes.ndim == 1 and codes.dtype.kind == "i" and weights.shape == codes.shape
        if not fits or not np.isfinite(weights).all() or (weights < 0).any():
            raise ValueError("the codes and weights of levels do not go together")
        if set(codes.tolist()) != set(range(len(set(codes.tolist())))):
            raise ValueError("there are codes that no level has")
    else:
        blocks = [(codec.shares, codec.knots.shape[1:]), (codec.roundness, codec.units.shape)]
        blocks += [(codec.knots, codec.knots.shape[1:]), (codec.ended, codec.endings.shape)]
        if codec.knots.ndim != 2 or any(a.shape != (codec.leaves, *shape) for a, shape in blocks):
            raise ValueError("the arrays of the leaves of numbers do not go together")
        if not all(np.isfinite(a).all() for a in (codec.units, codec.endings, *(a for a, _ in blocks))):
            raise ValueError("a leaf of numbers holds what is no number")


def _drawing_order(tokens: Mapping[Hashable, list[Token]], key: Sequence[Hashable]) -> list[Hashable]:
    """Sort columns: what names the rows, then what is never missing, then the rest; few codes come last.

    A column with few codes is often one that people predict. Drawn late, it is drawn given all that tells
    of it, as is whether a value is missing.
    """

    def turn(name: Hashable) -> tuple[bool, bool, int]:
        size = max(token.cardinality for token in tokens[name])
        return name not in key, tokens[name][0].part == MISSING, size if name in key else -size

    return sorted(tokens, key=turn)
