"""Correctives of a face: what two movements together lack to look as they should.

A sum of two movements is not how a face makes both: closed lids cannot be raised farther by a
cheek, an open mouth smiles less widely, and lips are rounded once. For such pairs the pose is
authored here, and the corrective is that pose less the sum (Lewis et al., "Practice and Theory of
Blendshape Facial Models", 2014); `capsules.weights` says when and how much it is added.

Lengths are in units of the face, the distance between the eyes' middles: about 63 mm.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from capsules.bake.canvas import Floats
from capsules.bake.lips import BELOW, BESIDE, FOLD, NOSE, Lip, Move, lower_face, move_lips
from capsules.bake.mesh import Ints
from capsules.bake.shape import LIPS, FaceRig, Shape
from capsules.bake.topology import SIDES

__all__ = ["Corrective", "corrective_name", "corrective_shapes", "exact_lids"]

_LID_CURVES = ("lidUpper", "lidLower", "lash")
_LIDS_REACH = 0.2
_RIM_KEEPS = 0.2  # of what a raised cheek does to the skin just below closed lids
_ROUND_LEAST = 0.22  # half the width of lips both puckered and funnelled
_ROUND_WIDTH = (0.50, 0.58)  # of a wide mouth's and of a small one's width at rest
_ROUND_OPEN = 0.085  # how far those lips are apart
_CLOSED_TWICE = 0.45  # of the gap between parted lips, by pressing and rolling them both

# What moves lids by itself, and so would part closed ones or take them past each other.
_LID_MOVERS = ("eyeSquint", "cheekSquint", "eyeLookDown", "eyeLookUp", "eyeWide", "browDown")


@dataclass(frozen=True, slots=True)
class Corrective:
    """A corrective of the face.

    Attributes:
        drivers: The movements that it belongs to.
        move: (V, 2) canvas pixels, at full weight of all of them.
    """

    drivers: tuple[str, ...]
    move: Floats


def corrective_name(drivers: tuple[str, ...]) -> str:
    """What the corrective of some movements is called."""
    return "_".join(drivers)


def corrective_shapes(rig: FaceRig, moves: Mapping[str, Floats]) -> dict[str, Corrective]:
    """All correctives of a face by name.

    Args:
        rig: The face.
        moves: (V, 2) by ARKit name, canvas pixels, as they are when made alone.
    """
    found = [Corrective(("mouthFunnel", "mouthPucker"), _round_lips(rig, moves))]
    for side, word in SIDES:
        smile = f"mouthSmile{word}"
        opened = _open_smile(rig, side)
        found.append(Corrective(("jawOpen", smile), opened))
        # Lips that are closed over the open jaw smile as they do over a closed one.
        found.append(Corrective(("jawOpen", "mouthClose", smile), -opened))
        pressed = (f"mouthPress{word}", "mouthRollLower", "mouthRollUpper")
        found.append(Corrective(pressed, _pressed_lips(rig, side)))
        for other, share in (("mouthStretch", 0.06), ("mouthDimple", 0.045)):
            found.append(Corrective((f"{other}{word}", smile), _less_wide(rig, side, share)))
        raising = (f"mouthUpperUp{word}", f"noseSneer{word}")
        found.append(Corrective(raising, _raised_lip(rig, side)))
        found += [
            Corrective((f"eyeBlink{word}", name), _closed_lids(rig, word, moves[name]))
            for name in (f"{mover}{word}" for mover in _LID_MOVERS)
        ]
    return {corrective_name(one.drivers): one for one in found}


def exact_lids(
    rig: FaceRig, moves: Mapping[str, Floats], drivers: Mapping[str, tuple[str, ...]]
) -> dict[str, Floats]:
    """The correctives of closed lids, so that lids end where a blink alone takes them.

    Args:
        rig: The face.
        moves: (V, 2) by name as they have become, correctives among them.
        drivers: Of each corrective.
    """
    out = {}
    for name, (first, *others) in drivers.items():
        if not first.startswith("eyeBlink"):
            continue
        out[name] = moves[name].copy()
        index = _lid_vertices(rig, first.removeprefix("eyeBlink"))
        out[name][index] = -np.sum([moves[one][index] for one in others], axis=0)
    return out


def _lid_vertices(rig: FaceRig, word: str) -> Ints:
    """The lids' edges, which have to meet."""
    curves = rig.mesh.curves
    return np.unique(np.concatenate([curves[f"{name}{word}"] for name in _LID_CURVES[:2]]))


def _closed_lids(rig: FaceRig, word: str, other: Floats) -> Floats:
    """Blink with something that moves lids: they meet where they do in a blink alone."""
    shape = Shape(rig, _LIDS_REACH)
    curves = rig.mesh.curves
    for name in _LID_CURVES:
        shape.px(curves[f"{name}{word}"][1:-1], -other[curves[f"{name}{word}"][1:-1]])
    rim = curves[f"rim{word}"][1:-1]
    shape.px(rim, (_RIM_KEEPS - 1.0) * other[rim])
    shape.hold(f"lidUpper{word}", f"fold{word}")
    return shape.solve()


def _open_smile(rig: FaceRig, side: int) -> Floats:
    """AU 12 with 26: the jaw takes the corners along, which then reach out and up less.

    The lower lip is drawn tight, and the upper one falls to the corners in a curve.
    """
    shape = lower_face(rig, 0.5)
    k = 1.0 - 0.42 * rig.smile

    def lips(lip: Lip) -> Move:
        c = lip.toward(side, 1.5)
        tight = -0.022 * lip.arch() * lip.half(side) * lip.lower
        return -side * 0.050 * k * c, 0.045 * k * c + tight, 0.0

    move_lips(shape, rig, lips)
    shape.marks(BESIDE[side], -side * 0.035 * k, 0.035 * k)
    shape.marks(FOLD[side], -side * 0.012 * k, 0.012 * k)
    shape.marks(BELOW[side], -side * 0.02 * k, 0.02 * k)
    return shape.solve()


def _less_wide(rig: FaceRig, side: int, share: float) -> Floats:
    """AU 12 with what also draws the corner aside: it cannot go both ways."""
    shape = lower_face(rig, 0.45)
    k = 1.0 - 0.42 * rig.smile

    def lips(lip: Lip) -> Move:
        return -side * share * k * lip.toward(side, 1.5), 0.0, 0.0

    move_lips(shape, rig, lips)
    shape.marks(BESIDE[side], -side * 0.8 * share * k, 0.0)
    return shape.solve()


def _pressed_lips(rig: FaceRig, side: int) -> Floats:
    """AU 24 with 28: each closes parted lips; all of them would take the lips past each other."""
    shape = lower_face(rig, 0.32)

    def lips(lip: Lip) -> Move:
        inner = 1.0 - lip.corner()
        return 0.0, -lip.close(_CLOSED_TWICE * inner) * lip.half(side), 0.0

    move_lips(shape, rig, lips)
    return shape.solve()


def _raised_lip(rig: FaceRig, side: int) -> Floats:
    """AU 9 with 10: both raise the same lip, which goes little farther than with one of them."""
    shape = lower_face(rig, 0.4)

    def lips(lip: Lip) -> Move:
        return 0.0, 0.032 * lip.arch(0.9) * lip.half(side) * (not lip.lower), 0.0

    move_lips(shape, rig, lips)
    shape.hold_marks(NOSE)
    return shape.solve()


def _round_lips(rig: FaceRig, moves: Mapping[str, Floats]) -> Floats:
    """AU 18 with 22: lips rounded once, forward and a little open, not narrowed twice."""
    shape = lower_face(rig, 0.6)
    both = moves["mouthFunnel"] + moves["mouthPucker"]
    curves, place = rig.mesh.curves, rig.place
    scale = float(np.clip(_ROUND_LEAST / rig.half_width, *_ROUND_WIDTH))
    middle = float(place[curves["outerUpper"][[0, -1]], 0].mean())
    for name in LIPS:
        lip = Lip(rig, name.endswith("Lower"), name.startswith("outer"), rig.along(name))
        across = (place[curves[name], 0] - middle) * (scale - 1.0)
        lift = 0.075 * rig.smile * np.abs(lip.s) ** 1.5
        apart = (0.9 if lip.lower else -0.1) * _ROUND_OPEN * lip.arch(0.5)
        thick = (0.30 * lip.height() + 0.025) * lip.arch() * lip.outer
        down = lift + lip.close(1.0) + apart + (thick if lip.lower else -thick)
        wanted = rig.face.on_canvas(
            np.stack([across, down, np.full_like(across, -0.16)], axis=-1).astype(np.float32)
        )
        inner = slice(1, -1) if lip.lower else slice(None)
        shape.px(curves[name][inner], (wanted - both[curves[name]])[inner])
    # The cheeks have followed twice, too.
    for side, _ in SIDES:
        for marks in (BESIDE[side], FOLD[side], BELOW[side]):
            index = np.unique(rig.mesh.marks[list(marks)])
            shape.px(index, -0.42 * both[index])
    shape.hold_marks(NOSE)
    return shape.solve()
