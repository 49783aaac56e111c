"""The CPU backend: one core, numba kernels.

Frames are drawn into one picture a size, which every frame paints anew; textures that residuals or
light change are written into buffers of their own. The one thing kept from frame to frame is the
rearmost part, for every session about whose rearmost part nothing changes. So the same draw list
always gives the same bytes.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from capsules.avatar import Avatar
from capsules.clip import Clip
from capsules.weights import WeightResolver
from compositor import kernels
from compositor.backend import I420, Wanted
from compositor.drawlist import BACKGROUND, DrawList, FrameSize, Overlay
from compositor.errors import UnknownAvatarError
from compositor.geometry import canvas_to_frame
from compositor.grade import grade_lut
from compositor.library import Library, LoadedAvatar
from compositor.numba_overlays import OverlayDrawer, by_part
from compositor.numba_pages import NumbaStore, Stored
from compositor.numba_part import NumbaPart, Picture
from compositor.numba_rearmost import RearmostPictures
from compositor.pages import CacheOptions, CacheStats
from compositor.prepared import PartPlan, check_size, plan, prepare, resolver
from compositor.probe import draw_probe
from compositor.stages import Stage, StageClock

__all__ = ["NumbaCompositor"]

_MOST_SIZES = 8  # frame sizes to keep pictures for


@dataclass(frozen=True, slots=True)
class _Drawable:
    loaded: LoadedAvatar
    parts: tuple[NumbaPart, ...]
    resolve: WeightResolver


@dataclass(frozen=True, slots=True)
class _Scene:
    """A draw list on its way to a picture.

    Attributes:
        drawable: Its avatar.
        plans: What it asks of each part.
        draw_list: It.
        overlays: Its overlays by part; under "" those that come last.
    """

    drawable: _Drawable
    plans: Sequence[PartPlan]
    draw_list: DrawList
    overlays: Mapping[str, Sequence[Overlay]]


class NumbaCompositor:
    """Draws on one core of the CPU.

    Args:
        options: Of the texture cache. By default every page is there when it is asked for.
    """

    def __init__(self, options: CacheOptions | None = None) -> None:
        self._library: Library[Stored, Stored] = Library(NumbaStore, options or CacheOptions())
        self._overlays = OverlayDrawer(self._library)
        self._avatars: dict[str, _Drawable] = {}
        self._pictures: OrderedDict[FrameSize, Picture] = OrderedDict()
        self._rearmost = RearmostPictures()
        self._clock: StageClock | None = None

    @property
    def name(self) -> str:
        """Backend and device."""
        return "numba (CPU)"

    def warm(self) -> None:
        """Compiles every kernel, or fetches it from numba's cache. Any thread may call it."""
        kernels.warm()

    def load(self, avatar: Avatar, core: Iterable[str] = ()) -> None:
        """See `Compositor.load`.

        Raises:
            InvalidAvatarError: The avatar's arrays do not fit each other.
            RenderError: Even its coarsest pictures do not fit the texture cache.
        """
        prepared = prepare(avatar)
        loaded = self._library.load(avatar.name, avatar.canvas_px, prepared, core)
        cache = self._library.cache
        parts = (
            NumbaPart(part, loaded.serial, number, cache) for number, part in enumerate(prepared)
        )
        self._avatars[avatar.name] = _Drawable(loaded, tuple(parts), resolver(prepared))

    def load_clip(self, clip: Clip) -> None:
        """See `Compositor.load_clip`."""
        self._library.load_clip(clip)

    def prefetch(self, wanted: Wanted) -> None:
        """See `Compositor.prefetch`."""
        self._library.prefetch(wanted)

    def cache_stats(self) -> CacheStats:
        """See `Compositor.cache_stats`."""
        return self._library.cache.stats()

    def cache_failures(self) -> list[str]:
        """See `Compositor.cache_failures`."""
        return self._library.failures()

    def render(self, draw_lists: Sequence[DrawList]) -> list[I420]:
        """Draws one frame a draw list, in order; each frame is a fresh array of the caller's.

        Raises:
            UnknownAvatarError: A draw list names an avatar that is not loaded.
            ValueError: A frame size or a light is not one that can be drawn.
        """
        if self._clock is not None:
            self._clock.restart()
        self._library.cache.begin_tick()
        return [self._render(draw_list) for draw_list in draw_lists]

    def time_stages(self, on: bool) -> None:
        """Whether to take times from the next `render` on."""
        self._clock = StageClock() if on else None

    def stage_times(self) -> Mapping[Stage, float]:
        """Milliseconds of each stage in the last `render`; nothing is read back."""
        return {} if self._clock is None else self._clock.times_ms()

    def close(self) -> None:
        """Releases everything; safe twice."""
        self._library.close()
        self._avatars.clear()
        self._pictures.clear()
        self._rearmost.clear()

    def _render(self, draw_list: DrawList) -> I420:
        drawable = self._avatars.get(draw_list.avatar)
        if drawable is None:
            raise UnknownAvatarError(f"avatar {draw_list.avatar!r} is not loaded")
        check_size(draw_list)
        loaded = drawable.loaded
        plans = plan(loaded.parts, loaded.canvas_px, draw_list, drawable.resolve)
        names = (prepared.part.name for prepared in loaded.parts)
        overlays = by_part(draw_list.overlays, names) if draw_list.overlays else {}
        scene = _Scene(drawable, plans, draw_list, overlays)
        self._lap(None)
        for part, asked in zip(drawable.parts, plans, strict=True):
            part.accumulate(asked)
        self._lap("accumulate")
        frame = self._draw_covered(scene) if draw_list.coverage else self._draw_opaque(scene)
        if draw_list.probe is not None:
            draw_probe(frame, draw_list.probe, coverage=draw_list.coverage)
        self._lap("convert")
        return frame

    def _draw_opaque(self, scene: _Scene) -> I420:
        draw_list = scene.draw_list
        size, sh = draw_list.size, draw_list.light.sh
        picture = self._picture(size)
        rearmost, asked = scene.drawable.parts[0], scene.plans[0]
        wanted = (scene.drawable.loaded.serial, asked, rearmost.shown, sh if asked.lit else ())
        self._rearmost.begin(picture, wanted, lambda over: rearmost.draw(over, asked, sh))
        self._draw_parts(scene, picture, first_drawn=True)
        self._lap("draw")
        lut = grade_lut(draw_list.light)
        if lut is not None:
            kernels.grade(picture, lut)
        frame = np.empty((size.height * 3 // 2, size.width), np.uint8)
        kernels.i420(picture, frame)
        return frame

    def _draw_covered(self, scene: _Scene) -> I420:
        size = scene.draw_list.size
        picture = self._picture(size)
        picture.fill(0)
        self._draw_parts(scene, picture, first_drawn=False)
        self._lap("draw")
        lut = grade_lut(scene.draw_list.light)
        if lut is not None:
            kernels.grade_covered(picture, lut)
        rows = size.height * 3 // 2
        colour, frame = (
            np.empty((rows, size.width), np.uint8),
            np.empty((rows, 2 * size.width), np.uint8),
        )
        kernels.i420(picture, colour)
        kernels.i420_covered(picture, colour, frame)
        return frame

    def _draw_parts(self, scene: _Scene, picture: Picture, *, first_drawn: bool) -> None:
        """Draws the parts, each with the overlays after it.

        Args:
            scene: What is drawn.
            picture: What is drawn over.
            first_drawn: Whether the picture holds the rearmost part already.
        """
        draw_list, loaded = scene.draw_list, scene.drawable.loaded
        drawn = zip(loaded.parts, scene.drawable.parts, scene.plans, strict=True)
        for number, (prepared, part, asked) in enumerate(drawn):
            name = prepared.part.name
            is_there = number == 0 and first_drawn
            if not (is_there or (draw_list.coverage and name == BACKGROUND)):
                part.draw(picture, asked, draw_list.light.sh)
            for overlay in scene.overlays.get(name, ()):
                self._overlays.draw(
                    picture, overlay, asked.matrix, loaded.canvas_px, half=draw_list.half_clips
                )
        for overlay in scene.overlays.get("", ()):
            camera = canvas_to_frame(draw_list.camera, draw_list.size, loaded.canvas_px)
            self._overlays.draw(
                picture, overlay, camera, loaded.canvas_px, half=draw_list.half_clips
            )

    def _lap(self, stage: Stage | None) -> None:
        if self._clock is not None:
            self._clock.lap(stage)

    def _picture(self, size: FrameSize) -> Picture:
        """What frames of a size are drawn into."""
        picture = self._pictures.get(size)
        if picture is None:
            picture = self._pictures[size] = np.empty((size.height, size.width), np.uint32)
            if len(self._pictures) > _MOST_SIZES:
                self._pictures.popitem(last=False)
        self._pictures.move_to_end(size)
        return picture
