"""What a recording came to: weights of its frames, curves made of them, and how well both fit."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from capsules.bake.found import FoundFace
from capsules.model import Track
from compositor.geometry import Affine
from engine.offline.residual import Residual

__all__ = ["FitReport", "Fitted", "FittedTake"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FittedTake:
    """The weights of every frame.

    Attributes:
        times_ms: (T,) from 0.
        courses: For each basis of face and head that moves, its weight (T,), as it was found.
        placement: How canvas pixels lie in the take.
        faces: Of every frame, where they were tracked.
        is_avatar: Whether the take shows the avatar itself, so that its pictures were compared.
        landmark_rms_px: What landmarks are off by, pixels of the take; None: not tracked.
        picture_rms: What pictures are off by, in [0, 1]; None: not compared.
        rest_rms: What they would be off by if nothing moved, likewise.
        lost: Frames without a face.
        body: Weights (T,) of what moved besides, which is no part of the capsule.
        residual: What no basis explains; in `courses` its looks go by the first names of
            `capsules.targets.LOOKS`. None: nothing, or it was not looked for.
    """

    times_ms: Floats
    courses: Mapping[str, Floats]
    placement: Affine
    faces: tuple[FoundFace, ...]
    is_avatar: bool
    landmark_rms_px: float | None
    picture_rms: float | None
    rest_rms: float | None
    lost: int
    body: Mapping[str, Floats]
    residual: Residual | None = None


@dataclass(frozen=True, slots=True)
class FitReport:
    """How well curves tell what a take shows.

    Attributes:
        frames: Of the take.
        fps: Of the take.
        method: "pictures" where they were compared, else "landmarks".
        landmark_rms_px: See `FittedTake`.
        picture_rms: See `FittedTake`.
        rest_rms: See `FittedTake`.
        lost: See `FittedTake`.
        points: Of all curves.
        curve_error: For each basis, by how much its curve misses the frames' weights on average.
        loop: Where it was cut to loop, ms; None: it does not.
        loop_gap: RMS difference of the two ends before they were joined.
        looks: How many pictures were kept of what no basis explains.
        looks_explain: What share of that, squared, they explain.
    """

    frames: int
    fps: float
    method: str
    landmark_rms_px: float | None
    picture_rms: float | None
    rest_rms: float | None
    lost: int
    points: int
    curve_error: Mapping[str, float] = field(default_factory=dict)
    loop: tuple[int, int] | None = None
    loop_gap: float = 0.0
    looks: int = 0
    looks_explain: float = 0.0

    def as_params(self) -> dict[str, object]:
        """The same as plain data for a capsule's `params`."""
        rounded = {name: round(value, 4) for name, value in self.curve_error.items()}
        found: dict[str, object] = {
            "frames": self.frames,
            "fps": round(self.fps, 2),
            "method": self.method,
            "points": self.points,
            "lost_frames": self.lost,
            "curve_error": rounded,
        }
        for name in ("landmark_rms_px", "picture_rms", "rest_rms"):
            value = getattr(self, name)
            if value is not None:
                found[name] = round(value, 5)
        if self.loop is not None:
            found |= {"loop_ms": list(self.loop), "loop_gap": round(self.loop_gap, 4)}
        if self.looks:
            found |= {"looks": self.looks, "looks_explain": round(self.looks_explain, 3)}
        return found


@dataclass(frozen=True, slots=True)
class Fitted:
    """Curves for a capsule.

    Attributes:
        tracks: The curves.
        duration_ms: How long they are.
        first: Frame of the take that they begin with.
        last: Frame that they end with.
        report: How well they fit.
    """

    tracks: tuple[Track, ...]
    duration_ms: int
    first: int
    last: int
    report: FitReport
