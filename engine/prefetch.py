"""Asks for textures before they are needed: where the mood drifts, and the beginnings of clips."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from capsules.library import Library
from compositor.backend import Wanted
from engine.drift import Drift
from engine.packet import Mood
from engine.quality import Quality
from engine.residency import first_clips, likely

__all__ = ["Prefetch", "Prefetcher"]


class Prefetcher(Protocol):
    """Who fetches, such as `engine.renderer.Renderer`."""

    def prefetch(self, wanted: Wanted) -> None:
        """Fetches what may be needed soon, off the frame path; never waits."""


class Prefetch:
    """What one session may need soon; used from one event loop.

    Args:
        library: Where capsules come from.
        fetcher: Who fetches.
        avatar: Name of the avatar.
        quality: How finely clips are drawn now.
    """

    def __init__(
        self,
        library: Library,
        fetcher: Prefetcher,
        avatar: str,
        quality: Callable[[], Quality],
    ) -> None:
        self._library = library
        self._fetcher = fetcher
        self._avatar = avatar
        self._quality = quality
        self._drift = Drift()
        self._ahead: Mood | None = None
        self._asked: Wanted | None = None

    def begin(self) -> None:
        """Asks for the beginnings of clips; again after a change of the quality."""
        clips = first_clips(self._library)
        if clips:
            self._ask((), clips)

    def take(self, library: Library) -> None:
        """Looks things up in another state of the library from now on."""
        self._library = library

    def follow(self, mood: Mood, now_ns: int) -> None:
        """Takes in the mood of a packet that has been applied.

        What it leads to is looked up later, for the frame that answers the packet comes first.
        """
        ahead = self._drift.follow(mood, now_ns)
        if ahead is None:
            return
        if self._ahead is None:
            asyncio.get_running_loop().call_soon(self._look)
        self._ahead = ahead

    def _look(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            self._ask(*likely(self._library, ahead))

    def _ask(self, bases: tuple[str, ...], clips: tuple[str, ...]) -> None:
        half = self._quality() is Quality.HALF
        wanted = Wanted(self._avatar, bases, clips, half)
        if wanted != self._asked:
            self._asked = wanted
            self._fetcher.prefetch(wanted)
