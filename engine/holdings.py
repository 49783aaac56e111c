"""The avatars and clips that a compositor holds, so that another one can take over."""

from collections.abc import Iterable
from dataclasses import dataclass

from capsules.avatar import Avatar
from capsules.clip import Clip
from compositor.backend import Compositor
from compositor.errors import DeviceLostError
from engine.faults import Fault, FaultSink

__all__ = ["Holdings"]


@dataclass(frozen=True, slots=True)
class _Held:
    """An avatar, and the names of the bases that stay resident."""

    avatar: Avatar
    core: tuple[str, ...]


class Holdings:
    """What was given to the compositor. The render thread makes every call."""

    def __init__(self) -> None:
        self._avatars: dict[str, _Held] = {}
        self._clips: dict[str, Clip] = {}

    def missing_core(self, avatar: Avatar, core: tuple[str, ...]) -> tuple[str, ...] | None:
        """With which bases an avatar is to be loaded; None: it is there, and they are.

        Bases that other sessions keep resident stay so.
        """
        held = self._avatars.get(avatar.name)
        if held is None or held.avatar is not avatar:
            return core
        if set(core) <= set(held.core):
            return None
        return tuple(dict.fromkeys((*core, *held.core)))

    def add(self, avatar: Avatar, core: tuple[str, ...]) -> None:
        """Notes an avatar that was loaded."""
        self._avatars[avatar.name] = _Held(avatar, core)

    def missing_clips(self, clips: Iterable[Clip]) -> list[Clip]:
        """Those that are to be loaded."""
        return [clip for clip in clips if self._clips.get(clip.cid) != clip]

    def add_clip(self, clip: Clip) -> None:
        """Notes a clip that was loaded."""
        self._clips[clip.cid] = clip

    def give(self, compositor: Compositor, report: FaultSink) -> None:
        """Loads everything into a compositor that takes over; what it refuses is forgotten.

        Raises:
            DeviceLostError: It is lost too.
        """
        for name, held in tuple(self._avatars.items()):
            try:
                compositor.load(held.avatar, held.core)
            except DeviceLostError:
                raise
            except Exception as error:  # its sessions fail frame by frame, the others do not
                del self._avatars[name]
                report(Fault("render", f"loading avatar {name!r}: {error!r}"))
        for clip in self._clips.values():
            compositor.load_clip(clip)
