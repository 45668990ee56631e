"""The parts of a model file to all that a recipient could read in it: values, tables, counts and settings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tabgen.encoding import CategoricalCodec, Codec, DatetimeCodec, NumericCodec
from tabgen.identifiers import Generator, TextPattern
from tabgen.modelfile import FittedParts
from tabgen.relations import Combination, Determined, Relation
from tabgen.schema import LEVELLED, Column, Schema
from tabgen.summary import WIDTH, text_table

SHOWN = 3  # values that are shown of a longer list
RULE_NUMBERS = ("support", "factor", "decimals", "step", "start", "least", "places", "bounds", "grids")


@dataclass(frozen=True)
class Stored:
    """One kind of facts that a model file holds.

    Attributes
    ----------
    where : str
        The column or rule that they are about, or a part of the file.
    what : str
        What they are.
    values : tuple of str
        The facts themselves.
    """

    where: str
    what: str
    values: tuple[str, ...]


def stored_values(parts: FittedParts) -> list[Stored]:
    """Return everything in a model file but for the weights of its network.

    Parameters
    ----------
    parts : FittedParts
        The fitted parts; the network is not looked at.

    Returns
    -------
    list of Stored
        Column by column, then rule by rule, then the file itself.

    Examples
    --------
    >>> import pandas as pd
    >>> from tabgen import TabularGAN
    >>> people = pd.DataFrame({"age": [31, 45, 28, 62] * 20, "smokes": ["no", "yes", "no", "no"] * 20})
    >>> gan = TabularGAN(epochs=1, random_state=0).fit(people)
    >>> [stored.values for stored in stored_values(gan._parts()) if stored.what == "levels"]
    [("'no'", "'yes'")]
    """
    stored = [one for column in parts.schema.columns for one in _of_column(column, parts)]
    stored += [one for rule in parts.relations for one in _of_rule(rule, parts.schema)]
    for name in parts.encoder.codecs:
        if name not in parts.schema.names:
            stored += _of_codec(str(name), parts.encoder.codecs[name])
    settings = [f"{name}={value!r}" for name, value in parts.parameters.items() if name != "relations"]
    stored.append(Stored("file", "settings of training", tuple(settings)))
    if parts.dialect is not None:
        look = tuple(f"{name}={value!r}" for name, value in asdict(parts.dialect).items())
        stored.append(Stored("file", "look of the training file", look))
    curves = tuple(f"{name} of {len(parts.history)} epochs" for name in parts.history)
    return [one for one in [*stored, Stored("file", "training history", curves)] if one.values]


def describe_contents(parts: FittedParts, *, full: bool = False, width: int = WIDTH) -> str:
    """Return what a recipient of a model file could learn from it, as text.

    Parameters
    ----------
    parts : FittedParts
        The fitted parts.
    full : bool
        Whether to list all values, not only how many there are and a few of them.
    width : int
        Characters in a line.
    """
    stored = stored_values(parts)
    rows = [["stored of", "what", "number", "such as"]]
    for one in stored:
        more = ", ..." if len(one.values) > SHOWN else ""
        rows.append([one.where, one.what, f"{len(one.values):,}", ", ".join(one.values[:SHOWN]) + more])
    text = text_table(rows, width) + (
        "\n\n  Beside that stand the weights of the network. They say how values go together; whether they"
        "\n  say too much of single rows can be tested, not read."
    )
    if not full:
        return text
    wrapper = textwrap.TextWrapper(
        width, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    lists = [f"{one.where}: {one.what}\n{wrapper.fill(', '.join(one.values))}" for one in stored]
    return "\n\n".join([text, *lists])


def _of_column(column: Column, parts: FittedParts) -> Iterator[Stored]:
    name = str(column.name)
    yield Stored(name, "levels", tuple(map(repr, column.levels)))
    spellings = [text for text, _ in column.null_shares] or [column.null]
    written = tuple(repr(text) for text in spellings if text is not None)
    yield Stored(name, "spellings of a missing value", written)
    if 0 < column.missing < 1:
        yield Stored(name, "share of missing values", (repr(column.missing),))
    if column.name in parts.identifiers:
        yield from _of_generator(name, parts.identifiers[column.name])
    if column.name in parts.encoder.codecs:
        yield from _of_codec(name, parts.encoder.codecs[column.name])


def _of_generator(name: str, generator: Generator) -> Iterator[Stored]:
    if not isinstance(generator, TextPattern):
        yield Stored(name, f"rule of {type(generator).__name__}", _named(asdict(generator)))
        return
    shapes = {shape.replace("\x1f", ""): rows for shape, rows in generator.templates.items()}
    yield Stored(name, "shapes of texts and their rows", _counted(shapes.items()))
    words = [(piece, rows) for slot in generator.words.values() for piece, rows in slot.items() if piece]
    yield Stored(name, "words and their rows", _counted(words))
    yield Stored(name, "letters that follow others", _named(generator.letters))
    lengths = sorted({length for slot in generator.lengths.values() for length in slot})
    yield Stored(name, "lengths of words that are made up", tuple(map(str, lengths)))


def _of_codec(name: str, codec: Codec) -> Iterator[Stored]:
    if isinstance(codec, DatetimeCodec):
        ends = np.array(codec.bounds).astype(f"datetime64[{codec.unit}]")
        yield Stored(name, "least and greatest value", tuple(map(str, ends)))
        yield Stored(name, "parts that never vary", _named(codec.constants))
        for part, own in codec.parts.items():
            yield from _of_codec(f"{name}, {part}", own)
    elif isinstance(codec, CategoricalCodec):
        yield Stored(name, "rows of its levels", _numbers(codec.weight_of_level))
    else:
        yield from _of_leaves(name, codec)


def _of_leaves(name: str, codec: NumericCodec) -> Iterator[Stored]:
    yield Stored(name, "least and greatest value", _numbers([codec.knots[0, 0], codec.knots[-1, -1]]))
    single = codec.knots[:, 0] == codec.knots[:, -1]
    yield Stored(name, "values kept exactly", _numbers(codec.knots[single, 0]))
    yield Stored(name, "points of ranges", _numbers(np.unique(codec.knots[~single])))
    if codec.step is not None:
        yield Stored(name, "step, and where it starts", _numbers([codec.step, codec.offset]))
    yield Stored(name, "frequent last two digits", _numbers(codec.endings))


def _of_rule(rule: Relation, schema: Schema) -> Iterator[Stored]:
    where = rule.describe()
    if isinstance(rule, Determined):
        keys = [_shown(key, rule.by, schema) for key in rule.keys]
        values = [_shown(value, rule.column, schema) for value in rule.values]
        pairs = tuple(f"{key}: {value}" for key, value in zip(keys, values, strict=True))
        yield Stored(where, f"values of {rule.by} and {rule.column}", pairs)
    elif isinstance(rule, Combination):
        known = (
            " + ".join(_shown(v, name, schema) for v, name in zip(row, rule.members, strict=True))
            for row in rule.known
        )
        yield Stored(where, "combinations and their rows", _counted(zip(known, rule.weights, strict=True)))
    else:
        facts = {name: getattr(rule, name, None) for name in RULE_NUMBERS}
        yield Stored(where, "numbers of the rule", _named({k: v for k, v in facts.items() if v}))


def _shown(value: float | None, name: Any, schema: Schema) -> str:
    """Return an entry of a rule's table as people know it: the level for its number."""
    column = next((column for column in schema.columns if column.name == name), None)
    if value is None:
        return "missing"
    if column is not None and column.kind in LEVELLED:
        return repr(column.levels[int(value)])
    return f"{value:.15g}"


def _numbers(values: Sequence[float] | np.ndarray) -> tuple[str, ...]:
    return tuple(f"{value:.15g}" for value in values)


def _named(facts: Any) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in facts.items())


def _counted(items: Iterable[tuple[str, float]]) -> tuple[str, ...]:
    return tuple(f"{text!r} ({rows:,.0f})" for text, rows in items)
