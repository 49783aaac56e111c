"""Reads `.safetensors` files as views of a read-only memory map.

The format: 8 bytes little-endian length of a JSON header, the header, then the data
(https://github.com/huggingface/safetensors). The library's own reader copies; a mapped avatar
costs no memory until it is drawn.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from capsules.errors import PackError

__all__ = ["map_tensors", "tensor_bytes"]

_DTYPES: dict[str, np.dtype[Any]] = {
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "I8": np.dtype("i1"),
    "I32": np.dtype("<i4"),
    "U8": np.dtype("u1"),
}
_LONGEST_HEADER_BYTES = 1 << 20
_MOST_DIMENSIONS = 4


def tensor_bytes(tensors: dict[str, NDArray[Any]]) -> bytes:
    """The file's content for named arrays; the same arrays always give the same bytes."""
    packed = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    return bytes(save(packed))


def map_tensors(file: Path) -> dict[str, NDArray[Any]]:
    """Arrays by name, read-only views of the mapped file.

    Raises:
        PackError: The file cannot be read or its header does not describe it.
    """
    try:
        data = np.memmap(file, dtype=np.uint8, mode="r")
    except (OSError, ValueError) as error:
        raise PackError(f"{file}: cannot be mapped ({error}), safetensors expected") from error
    header, start = _header(file, data)
    return {
        name: _view(file, data, start, name, entry)
        for name, entry in header.items()
        if name != "__metadata__"
    }


def _header(file: Path, data: NDArray[np.uint8]) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(data[:8].tobytes(), "little") if len(data) >= 8 else -1
    if not 2 <= length <= min(_LONGEST_HEADER_BYTES, len(data) - 8):
        raise PackError(f"{file}: header of {length} bytes in a file of {len(data)}; cut short?")
    try:
        header = json.loads(data[8 : 8 + length].tobytes())
    except (ValueError, RecursionError) as error:
        raise PackError(f"{file}: the safetensors header is not JSON ({error})") from error
    if not isinstance(header, dict):
        raise PackError(f"{file}: the safetensors header is not an object")
    return header, 8 + length


def _view(
    file: Path, data: NDArray[np.uint8], start: int, name: str, entry: object
) -> NDArray[Any]:
    try:
        if not isinstance(entry, dict):
            raise TypeError("not an object")
        dtype = _DTYPES[entry["dtype"]]
        shape = tuple(int(n) for n in entry["shape"])
        low, high = (int(n) for n in entry["data_offsets"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise PackError(f"{file}: tensor {name!r} has a bad entry ({error!r})") from error
    size = dtype.itemsize
    for extent in shape:
        size *= extent
    if len(shape) > _MOST_DIMENSIONS or min(shape, default=1) < 1:
        raise PackError(f"{file}: tensor {name!r} has the impossible shape {shape}")
    if not 0 <= low <= high <= len(data) - start or high - low != size:
        raise PackError(
            f"{file}: tensor {name!r} spans bytes {low} to {high}; {size} expected within "
            f"{len(data) - start}"
        )
    if (start + low) % dtype.itemsize:
        raise PackError(f"{file}: tensor {name!r} is not aligned to {dtype.itemsize} bytes")
    view: NDArray[Any] = np.asarray(data[start + low : start + high]).view(dtype).reshape(shape)
    return view
