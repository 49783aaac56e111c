"""How kernels are compiled: the functions that numba makes fast, here and in the compositor."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit

__all__ = ["kernel"]

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def kernel(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Compiles a function at its first call, without the GIL, and caches it on disk.

    Where no folder for the cache can be written, it is compiled anew in each process. numba looks
    for a change in the function's own file only: constants that a kernel reads stand in its
    module, not in another.
    """
    compiled: Callable[_Parameters, _Result]
    try:
        compiled = njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # no folder for the cache can be written
        compiled = njit(nogil=True, error_model="numpy")(function)
    return compiled
