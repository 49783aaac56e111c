"""Light as spherical harmonics: real basis, bands 0 to 2, in `Light.sh`'s scale.

Light.sh holds factors of the basis functions divided by the constant first one, so that a first
coefficient of 1 alone is white ambient light. See Ramamoorthi and Hanrahan, "An Efficient
Representation for Irradiance Environment Maps", 2001.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "PLAIN",
    "Surroundings",
    "combined",
    "directional",
    "from_surroundings",
    "irradiance_polynomial",
]

PLAIN: tuple[float, ...] = (1.0,) * 3 + (0.0,) * 24
"""White ambient light, which changes nothing."""

_SQRT_3 = math.sqrt(3.0)
_SQRT_5 = math.sqrt(5.0)
_SQRT_15 = math.sqrt(15.0)

_KEY_FORWARD = 0.7  # how far the key light stands in front of the face, against 1 to its side
_KEY_SHARE = 0.4  # of the light of a face turned to the viewer, at full strength
_LOBE = (1 / 4, 1 / 6, 1 / 6, 1 / 6, 1 / 16, 1 / 16, 1 / 16, 1 / 16, 1 / 16)  # clamped cosine


_DARKEST, _BRIGHTEST = 0.72, 1.06  # what black and white surroundings make of a colour
_ODD = 3 / 8  # x |x| is 2 * 3/8 x and harmonics above band 2
_BAND_1, _BAND_2 = 2 / 3, 1 / 4  # what the cosine lobe leaves of the bands


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The colours around a picture, sRGB bytes, and how strongly they light it, [0, 1]."""

    left: tuple[int, int, int]
    right: tuple[int, int, int]
    above: tuple[int, int, int]
    below: tuple[int, int, int]
    strength: float


def _basis(x: float, y: float, z: float) -> tuple[float, ...]:
    return (
        1.0,
        _SQRT_3 * y,
        _SQRT_3 * z,
        _SQRT_3 * x,
        _SQRT_15 * x * y,
        _SQRT_15 * y * z,
        _SQRT_5 / 2 * (3 * z * z - 1),
        _SQRT_15 * x * z,
        _SQRT_15 / 2 * (x * x - y * y),
    )


def directional(key_x: float, key_y: float, strength: float) -> tuple[float, ...]:
    """White ambient light and a white key light, for `Light.sh`.

    What is turned to the viewer keeps its brightness whatever the light; what is turned to the
    key light gains and what is turned away from it loses.

    Args:
        key_x: Where the light comes from, [-1, 1]; +1 is the picture's right.
        key_y: Likewise; +1 is above.
        strength: [0, 1].

    Returns:
        27 numbers, or none at strength 0.
    """
    if strength == 0.0:
        return ()
    length = math.hypot(key_x, key_y, _KEY_FORWARD)
    key = _basis(key_x / length, -key_y / length, _KEY_FORWARD / length)
    lobe = [share * value for share, value in zip(_LOBE, key, strict=True)]
    viewer = _basis(0.0, 0.0, 1.0)
    seen = sum(one * other for one, other in zip(lobe, viewer, strict=True))
    share = _KEY_SHARE * strength
    values = [share / seen * value for value in lobe]
    values[0] += 1.0 - share
    return tuple(value for value in values for _ in range(3))


def from_surroundings(surroundings: Surroundings) -> tuple[float, ...]:
    """The light of coloured surroundings, for `Light.sh`.

    From direction (x, y, z) comes max(±x, 0)² of the right and left colours, max(±y, 0)² of those
    below and above, and z² of their mean: shares that add up to 1. What they light is neither
    blackened nor burnt out: surroundings between black and white are factors between 0.72 and
    1.06, at full strength.

    Returns:
        27 numbers; at strength 0, white ambient light.
    """
    sides = (surroundings.left, surroundings.right, surroundings.above, surroundings.below)
    share = surroundings.strength
    coefficients = np.zeros((9, 3))
    colours = np.asarray(sides, np.float64) / 255.0 * (_BRIGHTEST - _DARKEST) + _DARKEST
    left, right, above, below = colours
    across, down, front = (left + right) / 2, (above + below) / 2, colours.mean(axis=0)
    coefficients[0] = (across + down + front) / 3
    coefficients[1] = _BAND_1 * _ODD * (below - above) / _SQRT_3
    coefficients[3] = _BAND_1 * _ODD * (right - left) / _SQRT_3
    # x² and y² are 1/3 - (3 z² - 1) / 6 ± (x² - y²) / 2, and z² is 1/3 + (3 z² - 1) / 3
    coefficients[6] = _BAND_2 * (2 * front - across - down) / (3 * _SQRT_5)
    coefficients[8] = _BAND_2 * (across - down) / _SQRT_15
    mixed = share * coefficients.reshape(-1) + (1.0 - share) * np.array(PLAIN)
    return tuple(mixed.tolist())


def combined(one: tuple[float, ...], other: tuple[float, ...]) -> tuple[float, ...]:
    """Two lights at once: what both change about white ambient light; none are `Light.sh`'s ()."""
    if other == PLAIN:
        return one
    return tuple(
        round(a + b - plain, 4) + 0.0
        for a, b, plain in zip(one or PLAIN, other, PLAIN, strict=True)
    )


def irradiance_polynomial(sh: tuple[float, ...], turn_degrees: float) -> NDArray[np.float32]:
    """The irradiance of `sh` as a polynomial of a normal (x, y, z).

    Args:
        sh: 27 numbers, as in `Light.sh`.
        turn_degrees: By how much the normals' part is turned, clockwise.

    Returns:
        Per channel, factors of 1, x, y, z, xy, xz, yz, x², y²: (3, 9).

    Raises:
        ValueError: `sh` does not hold 27 numbers.
    """
    if len(sh) != 27:
        raise ValueError(f"light needs 27 spherical-harmonics numbers or none, not {len(sh)}")
    c = np.asarray(sh, np.float64).reshape(9, 3)
    z_squared, x_squared = _SQRT_5 / 2 * c[6], _SQRT_15 / 2 * c[8]
    # z² is 1 - x² - y²
    one = c[0] + 2 * z_squared
    x, y, z = _SQRT_3 * c[3], _SQRT_3 * c[1], _SQRT_3 * c[2]
    xy, xz, yz = _SQRT_15 * c[4], _SQRT_15 * c[7], _SQRT_15 * c[5]
    xx, yy = x_squared - 3 * z_squared, -x_squared - 3 * z_squared
    if turn_degrees:
        cosine, sine = math.cos(math.radians(turn_degrees)), math.sin(math.radians(turn_degrees))
        x, y = cosine * x + sine * y, cosine * y - sine * x
        xz, yz = cosine * xz + sine * yz, cosine * yz - sine * xz
        xx, yy, xy = (
            cosine * cosine * xx + sine * sine * yy + cosine * sine * xy,
            sine * sine * xx + cosine * cosine * yy - cosine * sine * xy,
            2 * cosine * sine * (yy - xx) + (cosine * cosine - sine * sine) * xy,
        )
    return np.stack([one, x, y, z, xy, xz, yz, xx, yy], axis=1).astype(np.float32)
