"""A loaded estimator to the same, or to the error that its file cannot be drawn from."""

from __future__ import annotations

import os
from typing import Any

from tabgen.errors import ModelFileError, TabgenError
from tabgen.settings import training_settings

DRAWN = 2  # rows


def try_out(gan: Any, path: str | os.PathLike[str]) -> None:
    """Draw a few rows, so that a file that was made to mislead is refused when it is read, not later.

    Parameters
    ----------
    gan : TabularGAN
        A loaded one.
    path : path
        Its file.

    Raises
    ------
    ModelFileError
        If its parameters are none, or drawing fails in a way that no model of tabgen does.
    """
    try:
        training_settings(gan)
        gan.sample(DRAWN, seed=0)
    except TabgenError:  # an honest model may have no room for as many rows
        pass
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        raise ModelFileError(f"{os.fspath(path)!r} is damaged: {reason}.") from error
