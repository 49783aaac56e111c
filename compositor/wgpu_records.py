"""The record that textures and frames of clips share in what the shaders read."""

import numpy as np

__all__ = ["LEVEL_DTYPE", "NOT_DRAWN", "LevelRecord"]

LEVEL_DTYPE = np.dtype(
    [("place", "<f4", 2), ("size", "<f4", 2), ("page", "<u4"), ("unused", "<u4")]
)
"""`Level` of types.wgsl."""

LevelRecord = tuple[tuple[int, int], tuple[int, int], int, int]
"""Its values."""

NOT_DRAWN: LevelRecord = ((0, 0), (1, 1), 0xFFFF_FFFF, 0)
"""What is not resident: its page is `NOWHERE` of types.wgsl."""
