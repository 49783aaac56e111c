"""Looks: changes of an avatar's face that none of its bases makes, kept beside its pack.

A recording may show what the bases have no word for: a blush of its own, a crease, a shadow. What
an import finds of that becomes a few pictures over the face, texture-only bases that belong to one
capsule and fit one avatar. They are named from a pool of targets (`capsules.targets.LOOKS`); no two
capsules share a name, whichever avatar they are for, so that a capsule played by another avatar
moves nothing of hers.
"""

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capsules._tensors import map_tensors, tensor_bytes
from capsules.avatar import Avatar, Basis, Part
from capsules.errors import PackError
from capsules.targets import LOOKS

__all__ = ["FACE_PART", "look_grid", "store_looks", "storing_looks", "with_looks"]

FACE_PART = "face"
"""The part that looks lie on."""

_ENDING = ".looks.safetensors"
_COARSER = 3  # texels of a texture without residuals that one of a look covers, each way

_log = logging.getLogger(__name__)

Look = NDArray[np.int8]


def look_grid(avatar: Avatar) -> tuple[tuple[int, int, int, int], tuple[int, int]]:
    """Where looks lie in the face's texture, as `Part.residual_rect`, and their height and width.

    Raises:
        PackError: The avatar has no face.
    """
    part = _face(avatar)
    for basis in part.bases.values():
        if basis.residual is not None:
            return part.residual_rect, basis.residual.shape[:2]
    tall, wide = part.texture.shape[:2]
    return (0, 0, wide, tall), (-(-tall // _COARSER), -(-wide // _COARSER))


def store_looks(folder: Path, avatar: Avatar, cid: str, looks: Sequence[Look]) -> tuple[str, ...]:
    """Keeps the looks of a capsule beside an avatar's pack, in place of those it had.

    Args:
        folder: Of the user's avatars; it need not be there.
        avatar: Whom they fit.
        cid: The capsule.
        looks: Each (h, w, 3) as `Basis.residual`, of the size of `look_grid`; none: it has none.

    Returns:
        Their names, in the same order.

    Raises:
        PackError: All names are taken, or the file cannot be written; nothing has changed.
    """
    taken = {
        name for file in _files(folder) for name, owner, _, _ in _entries(file) if owner != cid
    }
    free = [name for name in LOOKS if name not in taken]
    if len(looks) > len(free):
        raise PackError(
            f"{folder}: {len(looks)} looks for {cid}, and {len(free)} of {len(LOOKS)} are free; "
            "delete a capsule's, or keep none"
        )
    file, fits = folder / f"{_own_name(avatar)}{_ENDING}", _fits(avatar)
    kept = {
        f"{name}.{owner}.{made_for}": look
        for name, owner, made_for, look in (_entries(file) if file.is_file() else ())
        if owner != cid
    }
    names = tuple(free[: len(looks)])
    kept |= {f"{name}.{cid}.{fits}": look for name, look in zip(names, looks, strict=True)}
    _write(file, kept)
    return names


@contextmanager
def storing_looks(
    folder: Path, avatar: Avatar, cid: str, looks: Sequence[Look]
) -> Iterator[tuple[str, ...]]:
    """Keeps the looks of a capsule while it is stored itself; see `store_looks`.

    An error inside leaves the looks as they were, those of a capsule that was to be replaced too.

    Raises:
        PackError: As `store_looks`, or they cannot be put back.
    """
    file = folder / f"{_own_name(avatar)}{_ENDING}"
    before = file.read_bytes() if file.is_file() else None
    names = store_looks(folder, avatar, cid, looks)
    try:
        yield names
    except BaseException:
        _replace(file, before)
        raise


def with_looks(avatar: Avatar, folder: Path) -> Avatar:
    """An avatar with the looks that are kept for it.

    Those made for an older build of it, and a file that cannot be read, are left out; the log says
    so, for an avatar without them is better than none.
    """
    file = folder / f"{_own_name(avatar)}{_ENDING}"
    if not file.is_file():
        return avatar
    try:
        rect, grid = look_grid(avatar)
        part, fits = _face(avatar), _fits(avatar)
        looks = {
            name: look
            for name, _, made_for, look in _entries(file)
            if made_for == fits and look.shape == (*grid, 3)
        }
    except PackError as error:
        _log.warning("looks are left out: %s", error)
        return avatar
    still = np.zeros((len(part.vertices), 2), np.float16)
    bases = {**part.bases, **{name: Basis(still, look) for name, look in sorted(looks.items())}}
    worn = replace(part, bases=bases, residual_rect=rect)
    return replace(avatar, parts=tuple(worn if one is part else one for one in avatar.parts))


def _face(avatar: Avatar) -> Part:
    try:
        return avatar.part(FACE_PART)
    except KeyError as error:
        raise PackError(f"avatar {avatar.name!r} has no part {FACE_PART!r}") from error


def _own_name(avatar: Avatar) -> str:
    """Without the version that a server may have given it."""
    return avatar.name.partition("-")[0]


def _fits(avatar: Avatar) -> str:
    """What tells the build of an avatar that looks were made for."""
    part = _face(avatar)
    digest = hashlib.sha256(part.uv.tobytes())
    digest.update(repr(part.texture.shape).encode())
    return digest.hexdigest()[:16]


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{_ENDING}")) if folder.is_dir() else []


def _entries(file: Path) -> list[tuple[str, str, str, Look]]:
    """Name, capsule, build and picture of each look in a file.

    Raises:
        PackError: It is damaged.
    """
    found = []
    for key, look in map_tensors(file).items():
        name, _, rest = key.partition(".")
        cid, _, fits = rest.partition(".")
        if name not in LOOKS or look.dtype != np.int8 or look.ndim != 3 or not cid or not fits:
            raise PackError(f"{file}: tensor {key!r} is no look")
        found.append((name, cid, fits, look))
    return found


def _write(file: Path, kept: dict[str, Look]) -> None:
    _replace(file, tensor_bytes(dict(kept)) if kept else None)


def _replace(file: Path, content: bytes | None) -> None:
    """Beside it and renamed: nobody reads half of it. None: there is to be no file."""
    try:
        if content is None:
            file.unlink(missing_ok=True)
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            Path(aside).replace(file)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PackError(f"{file}: cannot be written ({error.strerror})") from error
