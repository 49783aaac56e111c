"""Digests that tell whether a library or an avatar is the one that a journal was made with."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar
from capsules.library import Library

__all__ = ["LibraryPrint", "avatar_digest", "library_print"]

_VISEMES = "visemes"
_SHORT = 16  # hex digits of one capsule's digest: enough to name what changed


@dataclass(frozen=True, slots=True)
class LibraryPrint:
    """A library's digest, and one of each of its capsules, by cid; `visemes`: its mouth shapes.

    What may be played of it is no part of either, nor are generated micro-capsules.
    """

    sha256: str
    items: Mapping[str, str]

    def changed(self, before: Mapping[str, str]) -> list[str]:
        """Ids that this library has not, or has otherwise, sorted."""
        return sorted(id_ for id_, digest in before.items() if self.items.get(id_) != digest)


def library_print(library: Library) -> LibraryPrint:
    """Takes a library's digests: some tens of ms."""
    items: dict[str, str] = {}
    whole = hashlib.sha256()
    for cid, capsule in library.capsules.items():
        if library.is_generated(cid):
            continue
        digest = hashlib.sha256(capsule.model_dump_json(exclude={"revoked"}).encode())
        if clip := library.clips.get(cid):
            digest.update(f"{clip.fps} {clip.frame_count} {clip.after}".encode())
        items[cid] = digest.hexdigest()[:_SHORT]
        whole.update(cid.encode() + digest.digest())
    shapes = hashlib.sha256()
    for viseme, weights in sorted(library.viseme_weights.items()):
        shapes.update(f"{viseme} {sorted(weights.items())}".encode())
    items[_VISEMES] = shapes.hexdigest()[:_SHORT]
    whole.update(shapes.digest())
    return LibraryPrint(whole.hexdigest(), MappingProxyType(items))


def avatar_digest(avatar: Avatar) -> str:
    """Digest of an avatar's meshes, textures and bases, in hex: some tens of ms."""
    whole = hashlib.sha256()

    def add(name: str, array: NDArray[Any] | None) -> None:
        if array is not None:
            whole.update(f"{name} {array.dtype} {array.shape}".encode())
            whole.update(np.ascontiguousarray(array).data)

    for part in avatar.parts:
        whole.update(f"{part.name} {part.residual_rect} {part.pivot}".encode())
        for name in ("vertices", "uv", "triangles", "texture", "normals"):
            add(name, getattr(part, name))
        for name, basis in sorted(part.bases.items()):
            whole.update(" ".join(basis.drivers).encode())
            add(name, basis.delta)
            add(name, basis.residual)
    return whole.hexdigest()
