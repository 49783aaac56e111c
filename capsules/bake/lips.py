"""How movements of the lips are written: as functions along their four curves.

Lengths are in units of the face, the distance between the eyes' middles: about 63 mm.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capsules.bake.canvas import Floats, bump, smoothstep
from capsules.bake.shape import LIPS, FaceRig, Shape

__all__ = [
    "BELOW", "BESIDE", "CHEEK", "CHEEK_HIGH", "CHIN", "FOLD", "NOSE", "WING", "Amount", "Lip",
    "Move", "lip_heights", "lower_face", "move_lips", "opens", "touching",
]  # fmt: skip

Amount = NDArray[np.floating[Any]] | float
Move = tuple[Amount, Amount, Amount]
"""Along a curve: to the picture's right, down, and away from the viewer."""

# Landmarks of the right side and of the left one.
CHEEK = {-1: (205, 50, 187), 1: (425, 280, 411)}
CHEEK_HIGH = {-1: (50, 101, 117, 118), 1: (280, 330, 346, 347)}
FOLD = {-1: (206, 203), 1: (426, 423)}  # from nose to mouth
BESIDE = {-1: (216, 57), 1: (436, 287)}  # the corner of the mouth
BELOW = {-1: (212, 43), 1: (432, 273)}
WING = {-1: (129, 64, 48, 98), 1: (358, 294, 278, 327)}
NOSE = (1, 2, 4, 5, 19, 48, 64, 94, 97, 98, 129, 168, 195, 197, 278, 294, 326, 327, 358)
CHIN = (152, 175, 199, 148, 377, 171, 396)

_LIDS = tuple(
    f"{curve}{word}"
    for curve in ("lidLower", "rim", "lash", "fold", "lidUpper")
    for word in ("Right", "Left")
)
_LAP_PX = 1.2  # by which closing lips lap over each other, since their edges are soft
_PARTED = 0.04  # lips that are farther apart show their soft edges


@dataclass(frozen=True, slots=True)
class Lip:
    """One of the four curves of the lips.

    Attributes:
        rig: The face.
        lower: Whether it belongs to the lower lip.
        outer: Whether it is the lip's border with the skin, rather than its inner edge.
        s: (N,) -1 at the picture's left corner of the mouth, 1 at its right.
    """

    rig: FaceRig
    lower: bool
    outer: bool
    s: Floats

    def arch(self, power: float = 0.7) -> Floats:
        """1 in the middle of the lips, 0 at their corners."""
        return np.asarray((1.0 - np.clip(self.s, -1.0, 1.0) ** 2) ** power, np.float32)

    def toward(self, side: int, power: float) -> Floats:
        """1 at one corner of the borders, easing to 0 in the middle.

        It goes by the place across the mouth: all four curves move alike there, or the lips' thin
        ends would be folded.
        """
        return np.asarray(np.clip(side * self._across(), 0.0, 1.0) ** power, np.float32)

    def _across(self) -> Floats:
        """-1 at the left corner of the borders, 1 at the right one."""
        curves, x = self.rig.mesh.curves, self.rig.place[:, 0]
        name = ("outer" if self.outer else "inner") + ("Lower" if self.lower else "Upper")
        left, right = x[curves["outerUpper"][[0, -1]]]
        return np.asarray((2.0 * x[curves[name]] - left - right) / (right - left), np.float32)

    def half(self, side: int) -> Floats:
        """1 on one side, 0 on the other, smooth between; both sides add up to 1."""
        return smoothstep(-0.4, 0.4, side * self.s)

    def close(self, share: Amount) -> Floats:
        """Movement down that closes a share of what is open at rest; the lower lip does most."""
        gap = np.interp(self.s, np.linspace(-1.0, 1.0, len(self.rig.gap)), self.rig.gap)
        soft = float(np.clip(self.rig.gap.max() / _PARTED, 0.5, 1.0))
        lap = soft * _LAP_PX / self.rig.face.unit * bump(0.5 * (self.s + 1.0), 0.6)
        # At the corners lips are thin: their borders would be carried past their edges.
        ease = 1.0 - 0.4 * self.corner() * self.outer
        least = -0.72 if self.lower else 0.28
        return np.asarray(least * share * (gap + lap) * ease, np.float32)

    def corner(self) -> Floats:
        """1 at the corners of the mouth, 0 elsewhere; steep between."""
        return smoothstep(0.55, 0.95, np.abs(self.s))

    def height(self) -> Floats:
        """How high this lip is along the mouth."""
        upper, lower = lip_heights(self.rig)
        along = self.rig.along("outerUpper")
        return np.asarray(np.interp(self.s, along, lower if self.lower else upper), np.float32)


def lip_heights(rig: FaceRig) -> tuple[Floats, Floats]:
    """How high the upper and the lower lip are along the mouth."""
    curves, place = rig.mesh.curves, rig.place
    upper = place[curves["innerUpper"], 1] - place[curves["outerUpper"], 1]
    lower = place[curves["outerLower"], 1] - place[curves["innerLower"], 1]
    return np.maximum(upper, 0.0), np.maximum(lower, 0.0)


def touching(rig: FaceRig) -> float:
    """1 where the photo's lips are closed, 0 where they are clearly apart."""
    return float(1.0 - np.clip(rig.gap.max() / 0.05, 0.0, 1.0))


def opens(rig: FaceRig, wanted: float) -> float:
    """How much is missing to an opening of the lips."""
    return float(np.clip(wanted - rig.gap.max(), 0.2 * wanted, wanted))


def lower_face(rig: FaceRig, reach: float, *, bone: bool = False) -> Shape:
    """A movement of the lower face: lids stay, and the outline unless the jaw's bone moves."""
    shape = Shape(rig, reach)
    shape.hold(*_LIDS)
    if not bone:
        shape.hold("border")
    return shape


def move_lips(shape: Shape, rig: FaceRig, field: Callable[[Lip], Move]) -> None:
    """Moves the four curves of the lips; where they share a corner, as the upper one says."""
    for name in LIPS:
        lip = Lip(rig, name.endswith("Lower"), name.startswith("outer"), rig.along(name))
        moves = np.stack(
            [np.broadcast_to(np.asarray(d, np.float32), lip.s.shape) for d in field(lip)], axis=-1
        )
        inner = slice(1, -1) if lip.lower else slice(None)
        shape.px(rig.mesh.curves[name][inner], rig.face.on_canvas(moves[inner]))
