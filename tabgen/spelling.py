"""A name that is not there to the nearest one that is."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable


def did_you_mean(name: Hashable, names: Iterable[Hashable], otherwise: str = "", alike: float = 0.6) -> str:
    """Return a question with the name that is spelt most like one, and a space; or else another text.

    Parameters
    ----------
    name : Hashable
        A label that is not there.
    names : iterable of Hashable
        The labels that are.
    otherwise : str, default=""
        What to say where none is near.
    alike : float, default=0.6
        How like the name another must be, 0 to 1, see `difflib.get_close_matches`.

    Returns
    -------
    str

    Examples
    --------
    >>> did_you_mean("ctiy", ["name", "city"])
    "Did you mean 'city'? "
    """
    near = difflib.get_close_matches(str(name), [str(label) for label in names], 1, alike)
    return f"Did you mean {near[0]!r}? " if near else otherwise
