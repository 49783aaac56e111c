"""Memory-mapped arrays: joining them without a copy, and giving back the memory of what was read.

A page of a mapped file counts as resident once it is touched. What has been turned into something
else need not: if it is read again, it comes from the system's own file cache.
"""

import mmap
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["give_back", "joined"]

_Number = TypeVar("_Number", np.float16, np.int8)


def joined(arrays: Sequence[NDArray[_Number]]) -> NDArray[_Number] | None:
    """Arrays of one shape as one, if they lie in a row in one mapped file; else None."""
    first: NDArray[_Number] = arrays[0]
    mapped = _mapped(first)
    if mapped is None:
        return None
    for number, one in enumerate(arrays):
        in_a_row = one.ctypes.data == first.ctypes.data + number * first.nbytes
        alike = one.dtype == first.dtype and one.shape == first.shape and one.flags.c_contiguous
        if not (in_a_row and alike and _mapped(one) is mapped):
            return None
    shape = (len(arrays), *first.shape)
    return np.ndarray(shape, first.dtype, mapped, _offset(first, mapped))


def give_back(array: NDArray[Any]) -> None:
    """Makes a view of a mapped file no longer resident; of another array, nothing happens.

    The array stays readable. Any thread may call it; where the system cannot do it, nothing
    happens either.
    """
    mapped = _mapped(array)
    if mapped is None or not hasattr(mmap, "MADV_DONTNEED"):
        return
    start = _offset(array, mapped)
    first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
    end = (start + array.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE
    if first < end:
        mapped.madvise(mmap.MADV_DONTNEED, first, end - first)


def _mapped(array: NDArray[Any]) -> mmap.mmap | None:
    """The mapped file that the memory of an array belongs to."""
    base: object = array
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    return base if isinstance(base, mmap.mmap) else None


def _offset(array: NDArray[Any], mapped: mmap.mmap) -> int:
    """Where in the file an array starts, bytes."""
    return int(array.ctypes.data - np.frombuffer(mapped, np.uint8).ctypes.data)
