"""Avatar packs on disk: a folder that is memory-mapped, and one file that unpacks to it.

A folder holds `avatar.json` and one `PART.safetensors` a part (vertices, triangles, uv, texture,
normals, deltas, residuals), and `skeletons.safetensors`. Corrective bases lie among the others;
`avatar.json` names their drivers. A `.avatar` file is the same folder as
one zip in which textures stand as differences of neighbouring pixels, which compress well; it is
unpacked once into a cache.
"""

import hashlib
import io
import json
import logging
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capsules._pack_check import SKELETONS, check_avatar, checked_name
from capsules._tensors import map_tensors, tensor_bytes
from capsules.avatar import Avatar, Basis, Part, Provenance, Skeleton
from capsules.errors import PackError
from capsules.weights import correctives

__all__ = [
    "FORMAT_VERSION",
    "builtin_avatar",
    "builtin_avatar_names",
    "load_archive",
    "load_pack",
    "save_archive",
    "save_pack",
]

FORMAT_VERSION = 2
"""The newest version of the format: 2 has corrective bases. Without any, 1 is written."""
_WITHOUT_CORRECTIVES = 1
_FORMAT = "capsulecast.avatar"
_MANIFEST = "avatar.json"
_ENTRY = re.compile(r"(avatar\.json|[A-Za-z][A-Za-z0-9_-]{0,63}\.safetensors)")
# An archive may not unpack to more than this, whatever its directory claims.
_LARGEST_UNPACKED_BYTES = 512 << 20
_MOST_ENTRIES = 128
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)

_log = logging.getLogger(__name__)

_Encode = Callable[[str, NDArray[Any]], NDArray[Any]]


def save_pack(avatar: Avatar, folder: Path) -> None:
    """Writes an avatar as a pack folder; the same avatar always gives the same bytes.

    Raises:
        PackError: The avatar does not hold together (see `load_pack`).
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in _files(avatar).items():
        (folder / name).write_bytes(content)


def load_pack(folder: Path) -> Avatar:
    """Maps a pack folder; arrays are read-only views of its files.

    Raises:
        PackError: A file is missing or damaged, of another version, or what it describes does
            not hold together: wrong dtypes or shapes, triangles that name no vertex, numbers
            that are not finite.
    """
    manifest_file = folder / _MANIFEST
    try:
        manifest = json.loads(manifest_file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise PackError(f"{manifest_file}: not a readable avatar manifest ({error})") from error
    try:
        _check_version(manifest_file, manifest)
        parts = tuple(_load_part(folder, entry) for entry in manifest["parts"])
        avatar = Avatar(
            name=checked_name(manifest_file, manifest["name"]),
            canvas_px=int(manifest["canvas_px"]),
            parts=parts,
            provenance=Provenance(**manifest["provenance"]),
            skeletons=_load_skeletons(folder, manifest["skeletons"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise PackError(f"{manifest_file}: does not describe an avatar ({error!r})") from error
    check_avatar(str(folder), avatar)
    return avatar


def save_archive(avatar: Avatar, file: Path) -> None:
    """Writes an avatar as one `.avatar` file; the same avatar always gives the same bytes.

    Raises:
        PackError: The avatar does not hold together.
    """
    check_avatar(avatar.name, avatar)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in _files(avatar, _differences).items():
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_LZMA
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(buffer.getvalue())


def load_archive(file: Path, cache_folder: Path) -> Avatar:
    """Unpacks a `.avatar` file into the cache, unless it is there whole, and maps it.

    Safe to call from several processes at once: the unpacked folder appears whole or not at all.

    Args:
        file: The archive.
        cache_folder: Where unpacked archives live, each under the start of its SHA-256.

    Raises:
        PackError: The archive is damaged, holds what does not belong in a pack, or is too large,
            or the cache cannot be written.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise PackError(f"{file}: cannot be read ({error})") from error
    folder = cache_folder / hashlib.sha256(content).hexdigest()[:16]
    try:
        if folder.exists():
            try:
                return load_pack(folder)
            except PackError as error:  # cut short by a full disk, or tidied by hand
                _log.warning("an unpacked avatar is damaged and is unpacked again: %s", error)
                shutil.rmtree(folder)
        _unpack(file, content, folder)
    except OSError as error:
        raise PackError(f"{cache_folder}: cannot hold an unpacked avatar ({error})") from error
    return load_pack(folder)


def builtin_avatar_names() -> tuple[str, ...]:
    """Names of the avatars that come with the program."""
    folder = resources.files("capsules") / "avatars"
    names = (item.name for item in folder.iterdir()) if folder.is_dir() else ()
    return tuple(sorted(n.removesuffix(".avatar") for n in names if n.endswith(".avatar")))


def builtin_avatar(name: str, cache_folder: Path) -> Avatar:
    """An avatar that comes with the program, unpacked into the cache at first use.

    Raises:
        PackError: There is none of that name, or its file is damaged.
    """
    if name not in builtin_avatar_names():
        known = ", ".join(builtin_avatar_names()) or "none"
        raise PackError(f"no built-in avatar is called {name!r}; there are: {known}")
    with resources.as_file(resources.files("capsules") / "avatars" / f"{name}.avatar") as file:
        return load_archive(file, cache_folder)


# Writing


def _files(avatar: Avatar, encode: _Encode | None = None) -> dict[str, bytes]:
    check_avatar(avatar.name, avatar)
    tensors = {part.name: _part_tensors(part) for part in avatar.parts}
    tensors[SKELETONS] = _skeleton_tensors(avatar.skeletons)
    out = {_MANIFEST: _manifest(avatar)}
    for name, arrays in tensors.items():
        coded = {key: encode(key, array) for key, array in arrays.items()} if encode else arrays
        out[f"{name}.safetensors"] = tensor_bytes(coded)
    return out


def _manifest(avatar: Avatar) -> bytes:
    manifest = {
        "format": _FORMAT,
        "version": FORMAT_VERSION if correctives(avatar.parts) else _WITHOUT_CORRECTIVES,
        "name": avatar.name,
        "canvas_px": avatar.canvas_px,
        "provenance": _provenance(avatar.provenance),
        "parts": [_part_entry(part) for part in avatar.parts],
        "skeletons": sorted(avatar.skeletons),
    }
    return json.dumps(manifest, indent=1, sort_keys=True).encode() + b"\n"


def _part_entry(part: Part) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": part.name,
        "residual_rect": list(part.residual_rect),
        "pivot": list(part.pivot),
    }
    drivers = {name: list(basis.drivers) for name, basis in part.bases.items() if basis.drivers}
    return entry | ({"correctives": drivers} if drivers else {})


def _provenance(provenance: Provenance) -> dict[str, Any]:
    entry = asdict(provenance)
    if not provenance.models:  # as packs were written before they could name models
        del entry["models"]
    return entry


def _part_tensors(part: Part) -> dict[str, NDArray[Any]]:
    out: dict[str, NDArray[Any]] = {
        "vertices": part.vertices,
        "uv": part.uv,
        "triangles": part.triangles,
        "texture": part.texture,
    }
    if part.normals is not None:
        out["normals"] = part.normals
    for name, basis in part.bases.items():
        out[f"delta.{name}"] = basis.delta
        if basis.residual is not None:
            out[f"residual.{name}"] = basis.residual
    return out


def _skeleton_tensors(skeletons: Mapping[str, Skeleton]) -> dict[str, NDArray[Any]]:
    out: dict[str, NDArray[Any]] = {}
    for name, skeleton in skeletons.items():
        out[f"{name}.keypoints"] = skeleton.keypoints
        for basis, delta in skeleton.keypoint_deltas.items():
            out[f"{name}.delta.{basis}"] = delta
    return out


# Reading


def _check_version(file: Path, manifest: Mapping[str, Any]) -> None:
    found = (manifest["format"], manifest["version"])
    if found not in ((_FORMAT, _WITHOUT_CORRECTIVES), (_FORMAT, FORMAT_VERSION)):
        raise PackError(
            f"{file}: format {found}; ({_FORMAT!r}, {_WITHOUT_CORRECTIVES} to {FORMAT_VERSION}) "
            "expected"
        )


def _load_part(folder: Path, entry: Mapping[str, Any]) -> Part:
    name = checked_name(folder / _MANIFEST, entry["name"])
    tensors = map_tensors(folder / f"{name}.safetensors")
    drivers = {
        key: tuple(checked_name(folder / _MANIFEST, one) for one in names)
        for key, names in entry.get("correctives", {}).items()
    }
    names = [key.removeprefix("delta.") for key in tensors if key.startswith("delta.")]
    bases = {
        key: Basis(tensors[f"delta.{key}"], tensors.get(f"residual.{key}"), drivers.pop(key, ()))
        for key in names
    }
    if drivers:
        raise PackError(f"{folder / name}.safetensors: correctives {sorted(drivers)} have no delta")
    left, top, width, height = (int(n) for n in entry["residual_rect"])
    pivot_x, pivot_y = (float(n) for n in entry["pivot"])
    try:
        return Part(
            name=name,
            vertices=tensors["vertices"],
            uv=tensors["uv"],
            triangles=tensors["triangles"],
            texture=tensors["texture"],
            normals=tensors.get("normals"),
            residual_rect=(left, top, width, height),
            pivot=(pivot_x, pivot_y),
            bases=bases,
        )
    except KeyError as error:
        raise PackError(f"{folder / name}.safetensors: tensor {error} is missing") from error


def _load_skeletons(folder: Path, names: list[str]) -> dict[str, Skeleton]:
    tensors = map_tensors(folder / f"{SKELETONS}.safetensors")
    out = {}
    for name in names:
        prefix = f"{name}.delta."
        deltas = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        if f"{name}.keypoints" not in tensors:
            raise PackError(f"{folder}: skeletons.safetensors has no {name}.keypoints")
        out[name] = Skeleton(name, tensors[f"{name}.keypoints"], deltas)
    return out


# The archive


def _is_picture(key: str, array: NDArray[Any]) -> bool:
    return array.ndim == 3 and (key in ("texture", "normals") or key.startswith("residual."))


def _differences(key: str, array: NDArray[Any]) -> NDArray[Any]:
    """Pictures as differences to the left and upper neighbours, modulo 256; others unchanged."""
    if not _is_picture(key, array):
        return array
    out = array.view(np.uint8).copy()
    out[:, 1:] -= array.view(np.uint8)[:, :-1]
    below = out.copy()
    below[1:] -= out[:-1]
    return below.view(array.dtype)


def _sums(array: NDArray[Any]) -> NDArray[Any]:
    """Undoes `_differences`."""
    raw = array.view(np.uint8)
    rows = np.cumsum(raw, axis=0, dtype=np.uint8)
    return np.cumsum(rows, axis=1, dtype=np.uint8).view(array.dtype)


def _unpack(file: Path, content: bytes, folder: Path) -> None:
    """Unpacks beside the final folder, then renames: nobody sees half of it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _extract(file, content, work)
        load_pack(work)
        try:
            work.rename(folder)
        except OSError:
            # Another process was quicker, which is as good.
            if not (folder / _MANIFEST).is_file():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _extract(file: Path, content: bytes, work: Path) -> None:
    left = _LARGEST_UNPACKED_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_ENTRIES:
                raise PackError(f"{file}: {len(entries)} entries; at most {_MOST_ENTRIES} expected")
            for entry in entries:
                if not _ENTRY.fullmatch(entry.filename):
                    raise PackError(f"{file}: entry {entry.filename!r} does not belong in a pack")
                # Reads no more than is allowed, whatever size the directory claims.
                with archive.open(entry) as stream:
                    data = stream.read(left + 1)
                left -= len(data)
                if left < 0:
                    raise PackError(
                        f"{file}: unpacks to more than {_LARGEST_UNPACKED_BYTES >> 20} MiB"
                    )
                (work / entry.filename).write_bytes(data)
        for part in sorted(work.glob("*.safetensors")):
            _restore(part)
    except (PackError, OSError):  # an OSError is the cache's: the archive is in memory
        raise
    except Exception as error:  # zipfile, its codecs and safetensors raise many kinds
        raise PackError(f"{file}: not a readable .avatar archive ({error})") from error


def _restore(part: Path) -> None:
    tensors = map_tensors(part)
    plain = {k: _sums(v) if _is_picture(k, v) else v for k, v in tensors.items()}
    content = tensor_bytes(plain)
    del tensors, plain
    temporary = part.with_suffix(".part")
    temporary.write_bytes(content)
    temporary.replace(part)
