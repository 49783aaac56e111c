"""What an avatar must be, to be written as a pack or read from one."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar, Part
from capsules.errors import PackError

__all__ = ["SKELETONS", "check_avatar", "checked_name"]

SKELETONS = "skeletons"
"""The file of the skeletons; no part may be called so."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")

_Wanted = type[np.generic]


def checked_name(where: object, value: object) -> str:
    """`value`, where it is a name that a pack may use.

    Raises:
        PackError: It is not.
    """
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise PackError(f"{where}: {value!r} is not a name of letters, digits, '_' and '-'")
    return value


def check_avatar(where: str, avatar: Avatar) -> None:
    """Refuses an avatar whose arrays or names do not hold together.

    Raises:
        PackError: Naming `where`, what is wrong, and what was expected.
    """
    checked_name(where, avatar.name)
    names = [checked_name(where, part.name) for part in avatar.parts]
    if not names or len(set(names)) != len(names) or SKELETONS in names:
        raise PackError(f"{where}: part names {names}; at least one, and all different, expected")
    if not 16 <= avatar.canvas_px <= 16384:
        raise PackError(f"{where}: canvas of {avatar.canvas_px} px; 16 to 16384 expected")
    for part in avatar.parts:
        _check_part(f"{where}: part {part.name!r}", part)
    _check_correctives(where, avatar)
    for name, skeleton in avatar.skeletons.items():
        label = f"{where}: skeleton {name!r}"
        if name not in names or skeleton.part != name:
            raise PackError(f"{label}: there is no such part")
        _expect(f"{label}: keypoints", skeleton.keypoints, np.float32, (21, 2))
        for basis, delta in skeleton.keypoint_deltas.items():
            _expect(f"{label}: delta of {basis!r}", delta, np.float32, (21, 2))


def _check_correctives(where: str, avatar: Avatar) -> None:
    """Correctives are driven by plain bases, and by the same ones in every part."""
    drivers: dict[str, tuple[str, ...]] = {}
    plain = avatar.basis_names
    for part in avatar.parts:
        for name, basis in part.bases.items():
            if not basis.drivers:
                continue
            label = f"{where}: part {part.name!r}: corrective {name!r}"
            unknown = [one for one in basis.drivers if one not in plain]
            if unknown or len(set(basis.drivers)) != len(basis.drivers) or len(basis.drivers) < 2:
                raise PackError(
                    f"{label}: drivers {basis.drivers}; two or more different plain bases expected"
                )
            if name in plain or drivers.setdefault(name, basis.drivers) != basis.drivers:
                raise PackError(f"{label}: another part has a basis of that name and other drivers")


def _check_part(label: str, part: Part) -> None:
    _expect(f"{label}: vertices", part.vertices, np.float32, (None, 2))
    count = len(part.vertices)
    _expect(f"{label}: uv", part.uv, np.float32, (count, 2))
    _expect(f"{label}: triangles", part.triangles, np.int32, (None, 3))
    _expect(f"{label}: texture", part.texture, np.uint8, (None, None, 4))
    if part.normals is not None:
        _expect(f"{label}: normals", part.normals, np.int8, (None, None, 2))
    if part.triangles.min() < 0 or part.triangles.max() >= count:
        raise PackError(f"{label}: a triangle names a vertex outside 0 to {count - 1}")
    if part.uv.min() < 0.0 or part.uv.max() > 1.0:
        raise PackError(f"{label}: texture coordinates outside 0 to 1")
    if not np.isfinite(part.pivot).all():
        raise PackError(f"{label}: pivot {part.pivot} is not finite")
    left, top, width, height = part.residual_rect
    tall, wide = part.texture.shape[:2]
    if left < 0 or top < 0 or min(width, height) < 0 or left + width > wide or top + height > tall:
        raise PackError(f"{label}: residual_rect {part.residual_rect} lies outside {wide}x{tall}")
    for name, basis in part.bases.items():
        _expect(
            f"{label}: delta of {checked_name(label, name)!r}", basis.delta, np.float16, (count, 2)
        )
        if basis.residual is not None:
            _expect(f"{label}: residual of {name!r}", basis.residual, np.int8, (None, None, 3))
            if not width or not height:
                raise PackError(f"{label}: residual of {name!r}, but residual_rect is empty")


def _expect(label: str, array: NDArray[Any], dtype: _Wanted, shape: tuple[int | None, ...]) -> None:
    fits = len(array.shape) == len(shape) and all(
        want in (None, have) for want, have in zip(shape, array.shape, strict=True)
    )
    if array.dtype != dtype or not fits or array.size == 0:
        wanted = tuple("any" if n is None else n for n in shape)
        raise PackError(
            f"{label}: {array.dtype} {array.shape}; {np.dtype(dtype)} {wanted} expected"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise PackError(f"{label}: holds numbers that are not finite")
