"""A function of many small parallel steps in, the same function in one thread out.

Boosted trees of scikit-learn open thousands of parallel regions, each of which ends when the last of its
threads has come. Where other work runs on the cores, that wait takes hundreds of times as long as the work.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def one_thread(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return a function that keeps OpenMP to one thread while it runs, and then sets it back.

    Examples
    --------
    >>> from threadpoolctl import threadpool_info
    >>> @one_thread
    ... def threads():
    ...     return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"}
    >>> threads() <= {1}
    True
    """

    @wraps(function)
    def limited(*arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
        with threadpool_limits(1, user_api="openmp"):
            return function(*arguments, **options)

    return limited
