"""Exposure, temperature and contrast of the whole picture, as one table a channel."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from compositor.drawlist import Light

__all__ = ["grade_lut"]

_WARMTH = 0.3  # gain of red, and loss of blue, in linear light at temperature 1


def grade_lut(light: Light) -> NDArray[np.uint8] | None:
    """The table (3, 256) uint8, read-only, or None where nothing changes.

    Exposure and temperature are gains in linear light (sRGB transfer function, IEC 61966-2-1);
    contrast is a factor about 0.5 of the encoded value.
    """
    if light.exposure == 0.0 and light.temperature == 0.0 and light.contrast == 1.0:
        return None
    return _lut(light.exposure, light.temperature, light.contrast)


@lru_cache(maxsize=64)
def _lut(exposure: float, temperature: float, contrast: float) -> NDArray[np.uint8]:
    encoded = np.arange(256) / 255.0
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    warmth = _WARMTH * temperature
    gains = 2.0**exposure * np.array([[1.0 + warmth], [1.0], [1.0 - warmth]])
    linear = np.clip(linear[np.newaxis] * gains, 0.0, 1.0)
    again = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    again = np.clip(0.5 + (again - 0.5) * contrast, 0.0, 1.0)
    table: NDArray[np.uint8] = np.floor(again * 255.0 + 0.5).astype(np.uint8)
    table.flags.writeable = False
    return table
