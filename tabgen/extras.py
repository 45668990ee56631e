"""The name of an optional package to its module, or to one sentence that says how to install it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tabgen.errors import MissingExtra


def optional_module(name: str, extra: str, purpose: str) -> Any:
    """Import a module of an optional package.

    Parameters
    ----------
    name : str
        Full name of the module.
    extra : str
        The extra of tabgen that installs it.
    purpose : str
        What needs it, in the plural.

    Returns
    -------
    module

    Raises
    ------
    MissingExtra
        If the package is not installed.

    Examples
    --------
    >>> optional_module("json", "privacy", "Pseudonyms").dumps([1])
    '[1]'
    """
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise MissingExtra(
            f'{purpose} need the package {package}. Install it with: pip install "tabgen[{extra}]".'
        ) from error
