"""Light as spherical harmonics: real basis, bands 0 to 2, in `Light.sh`'s scale.

Light.sh holds factors of the basis functions divided by the constant first one, so that a first
coefficient of 1 alone is white ambient light. See Ramamoorthi and Hanrahan, "An Efficient
Representation for Irradiance Environment Maps", 2001.
"""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["directional", "irradiance_polynomial"]

_SQRT_3 = math.sqrt(3.0)
_SQRT_5 = math.sqrt(5.0)
_SQRT_15 = math.sqrt(15.0)

_KEY_FORWARD = 0.7  # how far the key light stands in front of the face, against 1 to its side
_KEY_SHARE = 0.4  # of the light of a face turned to the viewer, at full strength
_LOBE = (1 / 4, 1 / 6, 1 / 6, 1 / 6, 1 / 16, 1 / 16, 1 / 16, 1 / 16, 1 / 16)  # clamped cosine


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
