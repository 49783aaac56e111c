"""The avatars that sessions may name: those of the program, and those that users have baked."""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from capsules.avatar import Avatar
from capsules.errors import PackError
from capsules.looks import with_looks
from capsules.pack import builtin_avatar, builtin_avatar_names, load_pack
from control_plane.errors import NotFoundError
from control_plane.ranges import invalid

__all__ = ["AvatarInfo", "Avatars", "open_avatar"]

_MANIFEST = "avatar.json"


@dataclass(frozen=True, slots=True)
class AvatarInfo:
    """What can be told of an avatar; see `capsules.avatar.Provenance`.

    Attributes:
        name: Its name.
        builtin: Whether it comes with the program.
        source: What it was made of.
        generator: Tool and version that made it.
        sha256: Of its source.
        consent: Who agreed and when.
        synthetic: Whether pictures of it must be labelled as generated.
        bases: Names of its bases, sorted.
        stamp: Tells it from others of its name, before and after.
    """

    name: str
    builtin: bool
    source: str
    generator: str
    sha256: str
    consent: str
    synthetic: bool
    bases: tuple[str, ...]
    stamp: int


def open_avatar(name: str, folder: Path, cache_dir: Path) -> Avatar:
    """An avatar of the program's or the user's.

    Args:
        name: Its name.
        folder: Where baked ones lie.
        cache_dir: The user's cache.

    Raises:
        NotFoundError: There is none.
        PackError: It cannot be read.
    """
    if name in builtin_avatar_names():
        return with_looks(builtin_avatar(name, cache_dir / "avatars"), folder)
    # A baked avatar lies in a folder of its name; the name leads nowhere else.
    if name != Path(name).name or not (folder / name).is_dir():
        raise _unknown(name)
    return with_looks(load_pack(folder / name), folder)


class Avatars:
    """Reads and deletes avatars; used from one event loop.

    Args:
        folder: Where baked ones lie, each in a folder of its name; it need not be there.
        cache_dir: Where the program's own are unpacked to.
    """

    def __init__(self, folder: Path, cache_dir: Path) -> None:
        self._folder = folder
        self._cache_dir = cache_dir
        self._known: dict[str, tuple[int, AvatarInfo]] = {}

    async def all(self) -> list[AvatarInfo]:
        """All of them: the program's own, then the baked ones, each by name.

        What is in the folder and is no avatar is left out.
        """
        return await asyncio.to_thread(self._all)

    async def get(self, name: str) -> AvatarInfo:
        """The avatar of that name.

        Raises:
            NotFoundError: There is none.
            PackError: It cannot be read.
        """
        return await asyncio.to_thread(self._get, name)

    async def delete(self, name: str) -> None:
        """Deletes a baked avatar; sessions that show it go on with what they have read.

        Raises:
            InvalidArgumentError: It comes with the program.
            NotFoundError: There is none.
        """
        if name in builtin_avatar_names():
            raise invalid("name", name, "one of the user's own avatars")
        await asyncio.to_thread(self._delete, name)

    def _all(self) -> list[AvatarInfo]:
        found = [self._get(name) for name in builtin_avatar_names()]
        for name in self._baked_names():
            try:
                found.append(self._get(name))
            except (PackError, NotFoundError):
                continue
        return found

    def _baked_names(self) -> list[str]:
        if not self._folder.is_dir():
            return []
        builtin = builtin_avatar_names()
        names = (path.parent.name for path in self._folder.glob(f"*/{_MANIFEST}"))
        return sorted(name for name in names if name not in builtin and not name.startswith("."))

    def _get(self, name: str) -> AvatarInfo:
        builtin = name in builtin_avatar_names()
        if not builtin and name not in self._baked_names():
            raise _unknown(name)
        # A pack that is baked again is another folder, with a manifest of its own.
        stamp = 0 if builtin else (self._folder / name / _MANIFEST).stat().st_mtime_ns
        known = self._known.get(name)
        if known is None or known[0] != stamp:
            avatar = (
                builtin_avatar(name, self._cache_dir / "avatars")
                if builtin
                else load_pack(self._folder / name)
            )
            known = self._known[name] = (stamp, _info(avatar, stamp, builtin=builtin))
        return known[1]

    def _delete(self, name: str) -> None:
        if name not in self._baked_names():
            raise _unknown(name)
        # Aside first: half an avatar must never have its name.
        aside = Path(tempfile.mkdtemp(dir=self._folder, prefix=".deleted-"))
        try:
            (self._folder / name).rename(aside / name)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        self._known.pop(name, None)


def _info(avatar: Avatar, stamp: int, *, builtin: bool) -> AvatarInfo:
    origin = avatar.provenance
    return AvatarInfo(
        name=avatar.name,
        builtin=builtin,
        source=origin.source,
        generator=origin.generator,
        sha256=origin.sha256,
        consent=origin.consent,
        synthetic=origin.synthetic,
        bases=tuple(sorted(avatar.basis_names)),
        stamp=stamp,
    )


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f"there is no avatar {name[:60]!r}")
