"""Facts that came from a file to the same facts, or to which of them is not of its declared type."""

from __future__ import annotations

import types
from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

MOST_SHOWN = 40  # characters of a wrong value


def check_declared(facts: Any) -> None:
    """Refuse a dataclass, or one inside it, a field of which is not of its declared type.

    Raises
    ------
    ValueError
        If one is not.

    Examples
    --------
    >>> from tabgen.tables import Dialect
    >>> check_declared(Dialect(delimiter=5))
    Traceback (most recent call last):
    ValueError: delimiter of Dialect is 5, which it cannot be
    """
    hints = get_type_hints(type(facts))
    for field in fields(facts):
        value = getattr(facts, field.name)
        if not _fits(value, hints[field.name]):
            shown = repr(value)[:MOST_SHOWN]
            raise ValueError(f"{field.name} of {type(facts).__name__} is {shown}, which it cannot be")


def _fits(value: Any, kind: Any) -> bool:
    """Tell whether a value is of a type; a whole number also is a real one."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if kind is Hashable:
        return _is_hashable(value)
    if origin in (Union, types.UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is Literal:
        return value in inner if _is_hashable(value) else False
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if inner[-1] is Ellipsis:
            return all(_fits(one, inner[0]) for one in value)
        return len(value) == len(inner) and all(map(_fits, value, inner))
    if origin is list:
        return isinstance(value, list) and all(_fits(one, inner[0]) for one in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        fits = isinstance(value, Mapping)
        return fits and all(_fits(k, inner[0]) and _fits(v, inner[1]) for k, v in value.items())
    if kind in (int, float):
        kinds = (int, np.integer) if kind is int else (int, float, np.integer, np.floating)
        return isinstance(value, kinds) and not isinstance(value, bool)
    if kind is bool:
        return isinstance(value, (bool, np.bool_))
    if is_dataclass(value) and isinstance(value, kind):
        check_declared(value)
        return True
    return isinstance(value, origin or kind)


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
