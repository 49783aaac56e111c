"""The avatars that sessions show: the program's own, then those in the user's folder, kept mapped.

A baked avatar may be baked again while sessions show it. New sessions get the new one, under a name
of its own for the compositor, so that those who are under way keep what they have; the old one
stays loaded until the server ends.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from capsules.avatar import Avatar
from capsules.errors import PackError
from capsules.looks import with_looks
from capsules.pack import builtin_avatar, builtin_avatar_names, load_pack
from control_plane.errors import InvalidArgumentError

__all__ = ["LoadedAvatars"]

_MANIFEST = "avatar.json"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
_TRIES = 3
_SHOWN = 60

_Stamp = tuple[int, int]


class LoadedAvatars:
    """Finds and maps avatars by name; used from one event loop.

    Args:
        folder: Where baked ones lie, each in a folder of its name; it need not be there.
        cache_dir: Where the program's own are unpacked to.
    """

    def __init__(self, folder: Path, cache_dir: Path) -> None:
        self._folder = folder
        self._cache_dir = cache_dir
        self._known: dict[str, tuple[_Stamp, Avatar]] = {}
        self._versions: dict[str, int] = {}
        self._loading = asyncio.Lock()

    async def get(self, name: str) -> Avatar:
        """The avatar of that name, as it is now; its own name tells its version too.

        Raises:
            InvalidArgumentError: There is none.
            PackError: Its pack cannot be read.
        """
        async with self._loading:  # two sessions at once must not take it for two versions
            return await asyncio.to_thread(self._get, name)

    def _get(self, name: str) -> Avatar:
        if name in builtin_avatar_names():
            return self._kept(name, (0, 0), lambda: builtin_avatar(name, self._cache_dir))
        stamp = _stamp(self._folder / name) if _NAME.fullmatch(name) else None
        if stamp is None:
            message = f"options.avatar is {name[:_SHOWN]!r}, expected one of {self._names()}"
            raise InvalidArgumentError(message, "options.avatar")
        return self._baked(name, stamp)

    def _baked(self, name: str, stamp: _Stamp) -> Avatar:
        pack = self._folder / name
        for _ in range(_TRIES):
            found: Avatar | PackError
            try:
                found = self._kept(name, stamp, lambda: load_pack(pack))
            except PackError as error:
                found = error
            now = _stamp(pack)
            if now == stamp:
                if isinstance(found, PackError):
                    raise found
                return found
            # It was replaced while it was read: the parts may be of both.
            self._known.pop(name, None)
            if now is None:
                break
            stamp = now
        raise PackError(f"{pack}: is being replaced or deleted")

    def _kept(self, name: str, stamp: _Stamp, load: Callable[[], Avatar]) -> Avatar:
        known = self._known.get(name)
        if known is not None and known[0] == stamp:
            return known[1]
        avatar = with_looks(load(), self._folder)
        version = self._versions[name] = self._versions.get(name, 0) + 1
        # No avatar's name has a hyphen, so none is taken for another's version.
        avatar = replace(avatar, name=name if version == 1 else f"{name}-{version}")
        self._known[name] = (stamp, avatar)
        return avatar

    def _names(self) -> str:
        found = set(builtin_avatar_names())
        if self._folder.is_dir():
            found |= {path.parent.name for path in self._folder.glob(f"*/{_MANIFEST}")}
        return ", ".join(sorted(name for name in found if _NAME.fullmatch(name)))


def _stamp(pack: Path) -> _Stamp | None:
    """What tells a pack from the one that takes its place; None: there is none."""
    try:
        about = (pack / _MANIFEST).stat()
    except OSError:
        return None
    return about.st_ino, about.st_mtime_ns
