"""The draw list: the plain data of one frame of one session.

Made by the engine, read by every compositor backend. It holds no GPU object and nothing of the
session's history: the same draw list always gives the same picture.
"""

import struct
from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "BACKGROUND",
    "Camera",
    "ClipFrame",
    "DrawList",
    "FrameSize",
    "Light",
    "Overlay",
    "OverlayMode",
    "PartTransform",
]

BACKGROUND = "background"
"""The part that frames with coverage leave out."""

_DOUBLE = struct.Struct("<d")


@dataclass(frozen=True, slots=True)
class FrameSize:
    """Frame size in pixels; both even, as I420 needs."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PartTransform:
    """Moves one part: scale and turn about its pivot, then translate.

    Attributes:
        part: The part's name.
        x: To the right, canvas pixels.
        y: Down, canvas pixels.
        rotate: Clockwise in the picture, degrees.
        scale: Factor.
    """

    part: str
    x: float = 0.0
    y: float = 0.0
    rotate: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Camera:
    """What of the canvas is seen.

    At rest the canvas square covers the frame: it is centred and scaled to the frame's longer
    side, and what hangs over the shorter one is cut off.

    Attributes:
        x: To the right, canvas pixels.
        y: Down, canvas pixels.
        zoom: Factor about the frame's centre.
        roll: Degrees, clockwise.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    roll: float = 0.0


@dataclass(frozen=True, slots=True)
class Light:
    """How lit parts are shaded.

    The colour of a lit pixel is multiplied by the irradiance of `sh` at its normal (Ramamoorthi
    and Hanrahan, 2001; real basis, bands 0 to 2, already convolved with the cosine lobe and
    scaled so that white ambient light is 1 in the first coefficient); then exposure, temperature
    and contrast apply to the whole picture.

    Attributes:
        sh: 27 numbers: 9 coefficients, each red, green, blue; empty for plain white ambient light.
        exposure: Stops, [-1, 1].
        temperature: [-1, 1]; +1 is warmest.
        contrast: Factor about middle grey, [0.7, 1.3].
    """

    sh: tuple[float, ...] = ()
    exposure: float = 0.0
    temperature: float = 0.0
    contrast: float = 1.0


OverlayMode = Literal["override", "additive", "multiply"]


@dataclass(frozen=True, slots=True)
class ClipFrame:
    """A share of one frame of a clip.

    Attributes:
        clip: Id of the capsule whose clip it is; the backend must have loaded it.
        number: Of the frame, from 0.
        weight: (0, 1].
    """

    clip: str
    number: int
    weight: float


@dataclass(frozen=True, slots=True)
class Overlay:
    """Frames of clips laid over the picture as one layer, so that two of them cross-fade.

    With c the frames' premultiplied colour times their weights, summed, a the same of their
    alpha, and d what is there, the picture becomes: "override" c + (1 - a) d; "additive" d + c, at
    most 1; "multiply" d (1 - a + c). In frames with coverage, only "override" adds to what is
    covered; the others change the colour of what is.

    Attributes:
        after: The part right after which it is drawn, and with whose transform it moves; after all
            parts where the avatar has none of that name.
        mode: How it meets what is there.
        frames: Two at most, sorted by clip and number; their weights sum to at most 1.
    """

    after: str
    mode: OverlayMode
    frames: tuple[ClipFrame, ...]


@dataclass(frozen=True, slots=True)
class DrawList:
    """One frame of one session.

    Attributes:
        avatar: Name of the avatar; the backend must have loaded it.
        size: Frame size.
        weights: (basis name, weight) sorted by name, none of them 0.
        transforms: Sorted by part name, none of them the identity.
        camera: The camera.
        light: The light.
        probe: Number to draw into the picture's top left corner (16 bits), or None.
        coverage: Whether the part called `BACKGROUND` is left out and the frame tells what it
            covers: it is twice as wide, premultiplied colour over black on its left half and
            coverage as luma on its right half.
        overlays: Clips, in the order in which they are drawn.
        half_clips: Whether clips are drawn from frames of half their size.
    """

    avatar: str
    size: FrameSize
    weights: tuple[tuple[str, float], ...] = ()
    transforms: tuple[PartTransform, ...] = ()
    camera: Camera = field(default_factory=Camera)
    light: Light = field(default_factory=Light)
    probe: int | None = None
    coverage: bool = False
    overlays: tuple[Overlay, ...] = ()
    half_clips: bool = False

    @property
    def frame_size(self) -> FrameSize:
        """Size of the frame that is made of it."""
        return FrameSize(self.size.width * (2 if self.coverage else 1), self.size.height)

    def to_bytes(self) -> bytes:
        """A canonical serialisation: equal draw lists, and only those, give equal bytes."""
        out = bytearray()

        def text(value: str) -> None:
            data = value.encode()
            out.extend(len(data).to_bytes(4, "little"))
            out.extend(data)

        def numbers(*values: float) -> None:
            out.extend(len(values).to_bytes(4, "little"))
            for value in values:
                out.extend(_DOUBLE.pack(value))

        text(self.avatar)
        numbers(self.size.width, self.size.height)
        numbers(len(self.weights))
        for name, weight in self.weights:
            text(name)
            numbers(weight)
        numbers(len(self.transforms))
        for move in self.transforms:
            text(move.part)
            numbers(move.x, move.y, move.rotate, move.scale)
        numbers(self.camera.x, self.camera.y, self.camera.zoom, self.camera.roll)
        numbers(*self.light.sh)
        numbers(self.light.exposure, self.light.temperature, self.light.contrast)
        numbers(*(() if self.probe is None else (self.probe,)))
        numbers(self.coverage, self.half_clips)
        numbers(len(self.overlays))
        for overlay in self.overlays:
            text(overlay.after)
            text(overlay.mode)
            numbers(len(overlay.frames))
            for frame in overlay.frames:
                text(frame.clip)
                numbers(frame.number, frame.weight)
        return bytes(out)
