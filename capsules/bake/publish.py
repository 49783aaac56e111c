"""Puts a pack into the folder of avatars: whole or not at all, whatever ends the process.

A pack is written to a folder aside whose name no avatar can have, brought to the disk, and renamed.
One that is replaced is moved aside first: who looks in between, for some microseconds, finds none
of the name, and never a mixture of both. What a killed process leaves aside is cleared by a later
one. Only the user may look into a pack: it shows somebody's face.
"""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from capsules.avatar import Avatar
from capsules.bake.errors import AvatarExistsError, AvatarFolderError
from capsules.pack import save_pack

__all__ = ["check_free", "publish"]

_ASIDE = ".baking-"
_OLD = "old"
_OWN_FOLDER, _OWN_FILE = 0o700, 0o600
_FORGOTTEN_AFTER_S = 3600.0


def check_free(folder: Path, name: str, *, replaces: bool) -> None:
    """Whether an avatar of that name may be put into the folder.

    Raises:
        AvatarExistsError: There is one, and it is not to be replaced.
    """
    if not replaces and (folder / name).exists():
        raise AvatarExistsError(
            f"there is an avatar {name!r} in {folder} already; --force replaces it, or give "
            "another name"
        )


def publish(
    avatar: Avatar, folder: Path, *, replaces: bool, go_on: Callable[[], None] = lambda: None
) -> Path:
    """Writes an avatar's pack aside and renames it to its place.

    Args:
        avatar: The avatar.
        folder: Where avatars lie; made where it is missing, for the user alone.
        replaces: Whether one of the same name is replaced.
        go_on: Asked before the pack gets its name; whatever it raises, nothing is left behind.

    Returns:
        The pack.

    Raises:
        AvatarExistsError: There is one of that name, and it is not to be replaced.
        AvatarFolderError: The folder cannot be written.
        PackError: The avatar does not hold together.
    """
    target = folder / avatar.name
    try:
        folder.mkdir(_OWN_FOLDER, parents=True, exist_ok=True)
        _clear(folder)
        aside = Path(tempfile.mkdtemp(dir=folder, prefix=f"{_ASIDE}{avatar.name}-"))
        try:
            pack = aside / "new"
            save_pack(avatar, pack)
            _make_private(pack)
            _to_disk(pack)
            go_on()
            check_free(folder, avatar.name, replaces=replaces)
            _swap(pack, target, aside / _OLD if replaces else None)
            _sync(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise AvatarFolderError(
            f"{folder} cannot hold the avatar: {error.strerror or error}"
        ) from error
    return target


def _swap(pack: Path, target: Path, old: Path | None) -> None:
    """Puts a pack into its place, and what is there to `old`; back again where that fails.

    Without `old`, renaming fails where another process was quicker: the folder is not empty.
    """
    replaced = old is not None and target.exists()
    if old is not None and replaced:
        target.rename(old)
    try:
        pack.rename(target)
    except BaseException:
        if old is not None and replaced and not target.exists():
            old.rename(target)
        raise


def _clear(folder: Path) -> None:
    """Removes what processes left that were killed long ago; a pack that one moved goes back."""
    for left in folder.glob(f"{_ASIDE}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime < _FORGOTTEN_AFTER_S:
                continue
            target = folder / left.name.removeprefix(_ASIDE).partition("-")[0]
            if (left / _OLD).is_dir() and not target.exists():
                (left / _OLD).rename(target)
            shutil.rmtree(left, ignore_errors=True)


def _make_private(pack: Path) -> None:
    """Keeps others out; the folder around it has done so while it was written."""
    for path in pack.iterdir():
        path.chmod(_OWN_FILE)
    pack.chmod(_OWN_FOLDER)


def _to_disk(pack: Path) -> None:
    """Waits until the content is on the disk: a rename may get there sooner."""
    for path in (*pack.iterdir(), pack):
        _sync(path)


def _sync(path: Path) -> None:
    if os.name != "posix":  # elsewhere folders cannot be opened, nor read-only files flushed
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
