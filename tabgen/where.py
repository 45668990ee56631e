"""A line of text such as ``age >= 40 and city in ('Paris', 'Rome')`` to comparisons, never evaluated."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from tabgen.errors import ConditionError

TOKEN = re.compile(
    r"""\s*(?:(?P<number>-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(?![\w.])
    |'(?P<string>(?:[^']|'')*)'
    |"(?P<quoted>(?:[^"]|"")*)"
    |`(?P<ticked>[^`]*)`
    |(?P<sign><=|>=|!=|<>|==|=|<|>|\(|\)|,)
    |(?P<word>[^\W\d][\w.]*))\s*""",
    re.VERBOSE,
)
SIGNS = {"=": "==", "==": "==", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
WORDS = {"true": True, "false": False}
END = ""  # where a text ends too early
EXAMPLE = "Write for instance: age >= 40 and city in ('Paris', 'Rome') and spouse is null."


@dataclass(frozen=True)
class Comparison:
    """One thing asked of one column.

    Attributes
    ----------
    column : Hashable
        Label of the column.
    sign : str
        ``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``, ``not in``, ``is null`` or ``is not null``.
    values : tuple
        What to compare with.
    """

    column: Hashable
    sign: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True)
class _Token:
    """A piece of text: a name, a value that stands for itself, or a sign."""

    kind: str
    value: Any


def parse_where(text: str) -> list[Comparison]:
    """Return the comparisons of a line of text, joined by ``and``.

    Names of columns that are no plain words stand in double quotes or backticks, text values in single
    quotes, dates too.

    Parameters
    ----------
    text : str
        The line.

    Raises
    ------
    ConditionError
        If it cannot be read.

    Examples
    --------
    >>> for comparison in parse_where("18 <= age < 65 and `home town` not in ('Rome')"):
    ...     print(comparison.column, comparison.sign, comparison.values)
    age >= (18,)
    age < (65,)
    home town not in ('Rome',)
    """
    tokens, found = _split(text), []
    while True:
        found += _comparisons(tokens, text)
        if not tokens:
            return found
        joint = tokens.popleft()
        if joint.value == "or":
            raise ConditionError(
                f"{text!r} says or. Ask for one value of several with in (...), or sample twice."
            )
        if joint.value != "and":
            raise _unreadable(text, joint.value)


def _split(text: str) -> deque[_Token]:
    tokens: deque[_Token] = deque()
    place = 0
    while place < len(text.rstrip()):
        match = TOKEN.match(text, place)
        if match is None:
            raise _unreadable(text, text[place:].strip())
        place, kind = match.end(), str(match.lastgroup)
        piece = match[kind]
        if kind == "number":
            tokens.append(_Token("value", float(piece) if re.search("[.eE]", piece) else int(piece)))
        elif kind == "string":
            tokens.append(_Token("value", piece.replace("''", "'")))
        elif kind in ("quoted", "ticked"):
            tokens.append(_Token("name", piece.replace('""', '"')))
        elif kind == "sign" or piece.lower() in ("and", "or", "not", "in", "is", "null", "between"):
            tokens.append(_Token("sign", piece.lower()))
        else:
            tokens.append(_Token("name", piece))
    return tokens


def _comparisons(tokens: deque[_Token], text: str) -> list[Comparison]:
    first = _operand(tokens, text)
    sign = _sign(tokens, text)
    if sign in ("is null", "is not null"):
        return [Comparison(_name(first, text), sign)]
    if sign in ("in", "not in"):
        return [Comparison(_name(first, text), sign, _values(tokens, text))]
    if sign == "between":
        low = _value(_operand(tokens, text), text)
        _expect(tokens, "and", text)
        high = _value(_operand(tokens, text), text)
        return [Comparison(_name(first, text), ">=", (low,)), Comparison(_name(first, text), "<=", (high,))]
    second = _operand(tokens, text)
    if first.kind == "name":
        return [Comparison(first.value, sign, (_value(second, text),))]
    found = [Comparison(_name(second, text), MIRRORED[sign], (first.value,))]
    if tokens and tokens[0].value in SIGNS:  # 18 <= age < 65
        sign = _sign(tokens, text)
        found.append(Comparison(second.value, sign, (_value(_operand(tokens, text), text),)))
    return found


def _sign(tokens: deque[_Token], text: str) -> str:
    """Take a sign of comparison, which may be several words."""
    word = tokens.popleft().value if tokens and tokens[0].kind == "sign" else None
    if word in SIGNS:
        return SIGNS[word]
    if word in ("in", "between"):
        return str(word)
    if word == "not":
        _expect(tokens, "in", text)
        return "not in"
    if word == "is":
        negated = bool(tokens) and tokens[0].value == "not"
        if negated:
            tokens.popleft()
        _expect(tokens, "null", text)
        return "is not null" if negated else "is null"
    raise _unreadable(text, END if not tokens else tokens[0].value)


def _values(tokens: deque[_Token], text: str) -> tuple[Any, ...]:
    """Take values in parentheses."""
    _expect(tokens, "(", text)
    values = [_value(_operand(tokens, text), text)]
    while tokens and tokens[0].value == ",":
        tokens.popleft()
        values.append(_value(_operand(tokens, text), text))
    _expect(tokens, ")", text)
    return tuple(values)


def _operand(tokens: deque[_Token], text: str) -> _Token:
    if not tokens or tokens[0].kind == "sign":
        raise _unreadable(text, tokens[0].value if tokens else END)
    return tokens.popleft()


def _expect(tokens: deque[_Token], word: str, text: str) -> None:
    if not tokens or tokens[0].value != word:
        raise _unreadable(text, tokens[0].value if tokens else END)
    tokens.popleft()


def _name(token: _Token, text: str) -> Hashable:
    if token.kind != "name":
        raise ConditionError(f"{text!r} compares {token.value!r}, which is no column. {EXAMPLE}")
    return str(token.value)


def _value(token: _Token, text: str) -> Any:
    if token.kind == "name" and str(token.value).lower() in WORDS:
        return WORDS[str(token.value).lower()]
    if token.kind == "name":
        raise ConditionError(
            f"{text!r} compares with {token.value!r}. Put text into single quotes: '{token.value}'."
        )
    return token.value


def _unreadable(text: str, place: Any) -> ConditionError:
    if place == "null":
        return ConditionError(f"{text!r} compares with null. Write: is null, or: is not null.")
    where = "says too little" if place == END else f"cannot be read at {place!r}"
    return ConditionError(f"{text!r} {where}. {EXAMPLE}")
