"""What all bodies of a server share: the renderer, the voice, the avatars."""

import asyncio
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from capsules.avatar import Avatar
from capsules.library import Library
from compositor.backdrop import picture_path
from compositor.backend import I420
from compositor.background import Background, BackgroundKind
from compositor.drawlist import DrawList
from compositor.errors import PictureError
from compositor.output import OutputOptions
from compositor.pages import MEGABYTE, CacheOptions, CacheStats
from compositor.select import open_compositor
from control_plane.errors import InvalidArgumentError, UnavailableError
from control_plane.loaded_avatars import LoadedAvatars
from control_plane.replay.journals import Recorded, SessionJournals, is_recorded
from control_plane.sessions.options import SessionOptions
from control_plane.settings import Settings
from control_plane.together import together
from engine.clock import SystemClock
from engine.faults import FaultSink
from engine.live import LiveBody
from engine.live_options import LiveCallbacks, LiveOptions
from engine.renderer import Renderer
from engine.residency import core_bases
from engine.rtc.viewer import ViewerOptions
from engine.tallies import Tallies
from engine.voice.open import open_tts
from engine.voice.port import TextToSpeech
from engine.voice.silent import SilentTts

__all__ = ["LiveMedia"]


class LiveMedia:
    """Draws, speaks, and makes live bodies; used from one event loop.

    Args:
        settings: Backend, voice, avatar, caches and STUN servers.
        cache: How the texture cache behaves; None: with the budget of the settings.
    """

    def __init__(self, settings: Settings, cache: CacheOptions | None = None) -> None:
        self._settings = settings
        self._cache = cache or CacheOptions(
            budget_bytes=settings.cache_mb * MEGABYTE, background=True
        )
        self._avatars = LoadedAvatars(settings.avatars, settings.cache_dir / "avatars")
        self._pictured: set[str] = set()
        self._renderer: Renderer | None = None
        self._tts: TextToSpeech | None = None
        self._journals: SessionJournals | None = None
        self.tallies = Tallies()

    @property
    def backend(self) -> str:
        """What draws; empty before `start`."""
        return self._renderer.backend if self._renderer else ""

    @property
    def voice(self) -> str:
        """What speaks; empty before `start`."""
        if self._tts is None:
            return ""
        return "none (mouth only)" if isinstance(self._tts, SilentTts) else "eSpeak NG"

    def cache_stats(self) -> CacheStats:
        """See `control_plane.sessions.bodies.Media.cache_stats`."""
        return self._renderer.cache_stats() if self._renderer else CacheStats()

    async def start(self, on_fault: FaultSink) -> None:
        """See `control_plane.sessions.bodies.Media.start`."""
        settings = self._settings
        if is_recorded(settings):
            self._journals = SessionJournals(settings, version("capsulecast"), on_fault)
        renderer = self._renderer = Renderer(
            partial(open_compositor, settings.backend, settings.gpu or None, self._cache),
            partial(open_compositor, "cpu", cache=self._cache),
            on_fault,
        )
        await together(renderer.start(), self._open_voice(), self._avatars.get(settings.avatar))
        await renderer.load(await self._avatars.get(settings.avatar))

    async def make(
        self,
        library: Library,
        session_id: str,
        options: SessionOptions,
        callbacks: LiveCallbacks,
    ) -> LiveBody:
        """See `control_plane.sessions.bodies.BodyFactory`."""
        if self._renderer is None or self._tts is None:
            raise UnavailableError("the server has not started yet")
        avatar = await self._avatars.get(options.avatar)
        open_journal = None
        if self._journals is not None:
            recorded = Recorded(session_id, options, avatar, library, self.backend)
            open_journal = partial(self._journals.open, recorded)
        try:
            return await LiveBody.start(
                options=LiveOptions(
                    session_id=session_id,
                    size=options.size,
                    fps=options.fps,
                    seed=options.seed or 0,
                    probe=options.probe,
                    output=await self._output(options),
                    quality=options.quality,
                    features=options.features,
                    viewer=ViewerOptions(
                        stun_servers=(stun,) if (stun := self._settings.stun) else ()
                    ),
                ),
                library=library,
                avatar=avatar,
                renderer=self._renderer,
                tts=self._tts,
                clock=SystemClock(),
                callbacks=callbacks,
                open_journal=open_journal,
                tallies=self.tallies,
            )
        except PictureError as error:
            raise InvalidArgumentError(str(error), "options.background") from error

    async def picture(
        self, library: Library, avatar: str, compose: Callable[[Avatar], DrawList]
    ) -> I420 | None:
        """See `control_plane.sessions.bodies.Media.picture`."""
        renderer = self._renderer
        if renderer is None:
            raise UnavailableError("the server has not started yet")
        found = await self._avatars.get(avatar)
        draw_list = await asyncio.to_thread(compose, found)
        if found.name not in self._pictured:
            await renderer.load(found, await asyncio.to_thread(core_bases, library))
            await renderer.load_clips(library.clips.values())
            self._pictured.add(found.name)
        whose = f"picture of {found.name}"
        try:
            return await renderer.render(draw_list, whose)
        finally:
            await renderer.forget(whose)

    async def aclose(self) -> None:
        """See `control_plane.sessions.bodies.Media.aclose`."""
        if self._tts is not None:
            await self._tts.aclose()
        if self._renderer is not None:
            await self._renderer.aclose()
        if self._journals is not None:
            await asyncio.to_thread(self._journals.close)

    async def _open_voice(self) -> None:
        self._tts = await open_tts(self._settings.tts)

    async def _output(self, options: SessionOptions) -> OutputOptions:
        return OutputOptions(
            options.background,
            await self._picture(options.background),
            label=options.label,
            watermark=options.watermark,
        )

    async def _picture(self, background: Background) -> Path | None:
        """The file of a picture background."""
        if background.kind is not BackgroundKind.PICTURE:
            return None
        folder = self._settings.backgrounds
        path = folder and await asyncio.to_thread(picture_path, folder, background.picture)
        if not path:
            message = f"background is {str(background)!r}, and the server has no such picture"
            raise InvalidArgumentError(message, "options.background")
        return path
