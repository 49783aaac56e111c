"""The CPU backend: one core, numba kernels.

Frames are drawn into one picture a size, which every frame paints anew; textures that residuals or
light change are written into buffers of their own. The one thing kept from frame to frame is the
rearmost part, as long as nothing about it changes. So the same draw list always gives the same
bytes.
"""

import itertools
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar
from compositor import kernels
from compositor.backend import I420
from compositor.drawlist import BACKGROUND, DrawList, FrameSize
from compositor.errors import UnknownAvatarError
from compositor.grade import grade_lut
from compositor.light import irradiance_polynomial
from compositor.prepared import PartPlan, PreparedPart, check_size, plan, prepare
from compositor.probe import draw_probe
from compositor.stages import Stage, StageClock

__all__ = ["NumbaCompositor"]

_OPAQUE_BLACK = np.uint32(0xFF000000)
_MOST_SIZES = 8  # frame sizes to keep pictures for

Picture = NDArray[np.uint32]
Texture = NDArray[np.uint64]


def _bordered(rgba: NDArray[np.uint8]) -> Texture:
    border = kernels.BORDER
    padded = np.pad(rgba, ((border, border), (border, border), (0, 0)), mode="edge")
    texture = np.empty(padded.shape[:2], np.uint64)
    kernels.spread(np.ascontiguousarray(padded).view("<u4")[:, :, 0], texture)
    return texture


def _bordered_normals(normals: NDArray[np.int8]) -> NDArray[np.int8]:
    """Their x and y (2, h, w), with the border of a texture."""
    border = kernels.BORDER
    padded = np.pad(normals, ((border, border), (border, border), (0, 0)), mode="edge")
    return np.ascontiguousarray(padded.transpose(2, 0, 1))


class _Level:
    """One texture level of one part, and the buffers that hold it changed."""

    def __init__(self, prepared: PreparedPart, level: int) -> None:
        texture = prepared.textures[level]
        border = kernels.BORDER
        height, width = texture.shape[:2]
        self.texture = _bordered(texture)
        uv = np.clip(prepared.part.uv.astype(np.float64), 0.0, 1.0)
        self.texels = uv * (width, height) - 0.5 + border
        self._prepared, self._number = prepared, level
        self._normals: NDArray[np.int8] | None = None
        full_height, full_width = prepared.textures[0].shape[:2]
        left, top, across, down = prepared.part.residual_rect
        x_scale, y_scale = width / full_width, height / full_height
        self.rect = (left * x_scale, top * y_scale, across * x_scale, down * y_scale)
        self._retouched: Texture | None = None
        self._relit: Texture | None = None
        self._relit_by: bytes | None = None

    def retouched(self, residual: NDArray[np.float32]) -> Texture:
        """The texture with a residual. What the residual does not cover is never written."""
        if self._retouched is None:
            self._retouched = self.texture.copy()
        kernels.retouch(self.texture, residual, self.rect, self._retouched)
        return self._retouched

    def relit(self, texture: Texture, polynomial: NDArray[np.float32]) -> Texture:
        """`texture`, which is this level's, in a light."""
        if self._normals is None or self._relit is None:  # made when first lit
            self._normals = _bordered_normals(self._prepared.normals[self._number])
            self._relit = np.empty_like(self.texture)
        # A light that stands still costs nothing on a part without residuals.
        light = polynomial.tobytes() if texture is self.texture else None
        if light is None or light != self._relit_by:
            kernels.relight(texture, self._normals, polynomial, self._relit)
            self._relit_by = light
        return self._relit


class _Part:
    """A part and its working buffers."""

    def __init__(self, prepared: PreparedPart) -> None:
        part = prepared.part
        # Copies, since numba would compile its kernels anew for arrays that are read-only.
        self.rest = np.array(part.vertices, np.float32, order="C")
        self.triangles = np.array(part.triangles, np.int32, order="C")
        self.deltas = prepared.deltas.astype(np.float32)
        self._residuals = np.ascontiguousarray(prepared.residuals)
        self._boxes = np.array([_box(residual) for residual in self._residuals], np.int64)
        self._residual = np.zeros(self._residuals.shape[1:], np.float32)
        self._placed = self.rest.copy()
        self._points = np.zeros(self.rest.shape, np.float64)
        self._prepared = prepared
        self._levels: dict[int, _Level] = {}

    def level(self, number: int) -> _Level:
        """A texture level; made when first asked for, since only one or two ever are."""
        level = self._levels.get(number)
        if level is None:
            level = self._levels[number] = _Level(self._prepared, number)
        return level

    def accumulate(self, asked: PartPlan) -> None:
        """Sums the active bases, and places the vertices in frame pixels; `draw` draws them."""
        placed = self.rest
        if asked.deltas:
            placed = self._placed
            kernels.accumulate(self.rest, self.deltas, *_columns(asked.deltas), placed)
        m = asked.matrix
        kernels.transform(placed, m.a, m.b, m.c, m.d, m.e, m.f, self._points)
        if asked.residuals:
            kernels.accumulate_residuals(
                self._residuals, self._boxes, *_columns(asked.residuals), self._residual
            )

    def draw(self, picture: Picture, asked: PartPlan, sh: tuple[float, ...]) -> None:
        """Draws the part, as it was accumulated, over a picture."""
        texels = self.level(asked.level).texels
        texture = self._shade(asked, sh)
        kernels.draw(picture, self._points, texels, self.triangles, texture)

    def _shade(self, asked: PartPlan, sh: tuple[float, ...]) -> Texture:
        """The texture with residuals and light."""
        level = self.level(asked.level)
        texture = level.texture
        if asked.residuals:
            texture = level.retouched(self._residual)
        if sh and asked.lit:
            texture = level.relit(texture, irradiance_polynomial(sh, asked.turn_degrees))
        return texture


def _box(residual: NDArray[np.int8]) -> tuple[int, int, int, int]:
    """First and end row, first and end column of what is not 0."""
    changes = (residual != 0).any(axis=2)
    rows, columns = np.flatnonzero(changes.max(axis=1)), np.flatnonzero(changes.max(axis=0))
    if not len(rows):
        return 0, 0, 0, 0
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _columns(
    rows: tuple[tuple[int, float], ...],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    indices, weights = zip(*rows, strict=True)
    return np.array(indices, np.int64), np.array(weights, np.float32)


@dataclass(frozen=True, slots=True)
class _Loaded:
    serial: int
    canvas_px: int
    prepared: tuple[PreparedPart, ...]
    parts: tuple[_Part, ...]


class _Stage:
    """The picture of one frame size, and its backdrop: the picture with the rearmost part alone.

    A backdrop is kept when two frames in a row want the same, so a moving camera costs no copy.
    """

    def __init__(self, size: FrameSize) -> None:
        self.picture = np.empty((size.height, size.width), np.uint32)
        self._backdrop: Picture | None = None
        self._kept: object = None
        self._last: object = None

    def begin(self, wanted: object, draw: Callable[[Picture], None]) -> None:
        """Fills the picture with the wanted backdrop, which `draw` draws over black."""
        if self._backdrop is not None and wanted == self._kept:
            np.copyto(self.picture, self._backdrop)
            return
        self.picture.fill(_OPAQUE_BLACK)
        draw(self.picture)
        if wanted == self._last:
            self._backdrop = self.picture.copy()
            self._kept = wanted
        self._last = wanted


class NumbaCompositor:
    """Draws on one core of the CPU."""

    def __init__(self) -> None:
        self._avatars: dict[str, _Loaded] = {}
        self._serials = itertools.count()
        self._stages: OrderedDict[FrameSize, _Stage] = OrderedDict()
        self._clock: StageClock | None = None

    @property
    def name(self) -> str:
        """Backend and device."""
        return "numba (CPU)"

    def warm(self) -> None:
        """Compiles every kernel, or fetches it from numba's cache. Any thread may call it."""
        kernels.warm()

    def load(self, avatar: Avatar) -> None:
        """Takes in an avatar; loading one of the same name again replaces it.

        Raises:
            InvalidAvatarError: The avatar's arrays do not fit each other.
        """
        prepared = prepare(avatar)
        parts = tuple(_Part(part) for part in prepared)
        self._avatars[avatar.name] = _Loaded(next(self._serials), avatar.canvas_px, prepared, parts)

    def render(self, draw_lists: Sequence[DrawList]) -> list[I420]:
        """Draws one frame a draw list, in order; each frame is a fresh array of the caller's.

        Raises:
            UnknownAvatarError: A draw list names an avatar that is not loaded.
            ValueError: A frame size or a light is not one that can be drawn.
        """
        if self._clock is not None:
            self._clock.restart()
        return [self._render(draw_list) for draw_list in draw_lists]

    def time_stages(self, on: bool) -> None:
        """Whether to take times from the next `render` on."""
        self._clock = StageClock() if on else None

    def stage_times(self) -> Mapping[Stage, float]:
        """Milliseconds of each stage in the last `render`; nothing is read back."""
        return {} if self._clock is None else self._clock.times_ms()

    def close(self) -> None:
        """Releases everything; safe twice."""
        self._avatars.clear()
        self._stages.clear()

    def _render(self, draw_list: DrawList) -> I420:
        loaded = self._avatars.get(draw_list.avatar)
        if loaded is None:
            raise UnknownAvatarError(f"avatar {draw_list.avatar!r} is not loaded")
        check_size(draw_list)
        plans = plan(loaded.prepared, loaded.canvas_px, draw_list)
        self._lap(None)
        for part, asked in zip(loaded.parts, plans, strict=True):
            part.accumulate(asked)
        self._lap("accumulate")
        draw = self._draw_covered if draw_list.coverage else self._draw_opaque
        frame = draw(loaded, plans, draw_list)
        if draw_list.probe is not None:
            draw_probe(frame, draw_list.probe, coverage=draw_list.coverage)
        self._lap("convert")
        return frame

    def _draw_opaque(self, loaded: _Loaded, plans: list[PartPlan], draw_list: DrawList) -> I420:
        size, sh = draw_list.size, draw_list.light.sh
        stage = self._stage(size)
        picture = stage.picture
        rearmost, asked_first = loaded.parts[0], plans[0]
        wanted = (loaded.serial, asked_first, sh if asked_first.lit else ())
        stage.begin(wanted, lambda backdrop: rearmost.draw(backdrop, asked_first, sh))
        for part, asked in zip(loaded.parts[1:], plans[1:], strict=True):
            part.draw(picture, asked, sh)
        self._lap("draw")
        lut = grade_lut(draw_list.light)
        if lut is not None:
            kernels.grade(picture, lut)
        frame = np.empty((size.height * 3 // 2, size.width), np.uint8)
        kernels.i420(picture, frame)
        return frame

    def _draw_covered(self, loaded: _Loaded, plans: list[PartPlan], draw_list: DrawList) -> I420:
        size = draw_list.size
        picture = self._stage(size).picture
        picture.fill(0)
        for prepared, part, asked in zip(loaded.prepared, loaded.parts, plans, strict=True):
            if prepared.part.name != BACKGROUND:
                part.draw(picture, asked, draw_list.light.sh)
        self._lap("draw")
        lut = grade_lut(draw_list.light)
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

    def _lap(self, stage: Stage | None) -> None:
        if self._clock is not None:
            self._clock.lap(stage)

    def _stage(self, size: FrameSize) -> _Stage:
        stage = self._stages.get(size)
        if stage is None:
            stage = self._stages[size] = _Stage(size)
            if len(self._stages) > _MOST_SIZES:
                self._stages.popitem(last=False)
        self._stages.move_to_end(size)
        return stage
