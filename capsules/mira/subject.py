"""Mira as the rig wants her: her anatomy, her pictures, and how they hang on head and body."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from capsules.bake.canvas import BODY_SHEET, vector
from capsules.bake.canvas import Floats as Points
from capsules.bake.eyes import Painted
from capsules.bake.face_layer import layer_with_hidden_skin
from capsules.bake.head import Head, head_of
from capsules.bake.mesh import face_mesh
from capsules.bake.mouth import Mouth
from capsules.bake.subject import Drawn, Layer, Subject
from capsules.bake.topology import SIDES
from capsules.mira import backdrop, body, eyes, face, hair, mouth
from capsules.mira.anatomy import mira_anatomy
from capsules.mira.features import CENTRE_X
from capsules.mira.raster import smoothstep
from capsules.mira.relief import hair_depth
from capsules.mira.skin import normal_bytes

__all__ = ["mira_subject"]

# Neutral is friendly: a trace of a smile, set into the face's rest position.
_AT_REST = {
    "mouthSmileLeft": 0.24,
    "mouthSmileRight": 0.24,
    "cheekSquintLeft": 0.12,
    "cheekSquintRight": 0.12,
    "browInnerUp": 0.10,
}
# How far lower than they are painted tongue and lower teeth lie: the tongue shows over the lip when
# the jaw is open, the teeth do not.
_TONGUE_PX, _LOWER_TEETH_PX = -22.0, 3.5
_NECK_FOLLOWS, _COLLAR_FOLLOWS = 0.9, 0.35  # of the head's movement; of what is not the body's


def _hair(head: Head, *, back: bool) -> Layer:
    paint = hair.paint_hair_back() if back else hair.paint_hair_front()
    normals = normal_bytes(hair.hair_normals(paint.sheet.at(0.25)), 1)

    def pose(points: Points) -> dict[str, Points]:
        x, y = points.T
        follow = 1.0 - 0.55 * smoothstep(440.0, 720.0, y)
        depth = np.asarray(hair_depth(x, y, back=back), np.float32)
        moves = head.pose(points, depth, follow)
        # What lies on the shoulders stays there when the head tilts.
        lying = 1.0 - 0.94 * smoothstep(500.0, 715.0, y)
        sinking = 1.0 - 0.94 * smoothstep(430.0, 690.0, y)
        moves["headRoll"] *= np.stack([lying, sinking], axis=-1) / follow[:, None]
        return moves

    name, cell_px = ("hairBack", 42.0) if back else ("hairFront", 27.0)
    return Layer(name, paint.painted(normals), cell_px, head.chin, pose)


def _body(head: Head) -> Layer:
    paint, normals = body.paint_body()

    def pose(points: Points) -> dict[str, Points]:
        x, y = points.T
        neck = smoothstep(720.0, 560.0, y) * smoothstep(190.0, 70.0, np.abs(x - CENTRE_X))
        depth = head.depth(points, behind=True)
        follow = np.asarray(_NECK_FOLLOWS * neck, np.float32)
        on_body = np.asarray(1.0 - _COLLAR_FOLLOWS * neck, np.float32)
        return head.pose(points, depth, follow, on_body=on_body)

    painted = paint.painted(normal_bytes(normals, 2))
    return Layer("body", painted, 40.0, vector(CENTRE_X, 1024.0), pose)


def _background() -> Layer:
    paint = backdrop.paint_backdrop().painted()
    return Layer("background", paint, 700.0, vector(CENTRE_X, 512.0), lit=False)


def _lowered(paint: Painted, px: float) -> Painted:
    return replace(paint, sheet=paint.sheet.moved(0.0, px))


def _mouth() -> Mouth:
    tip = mouth.paint_tongue_tip().painted()
    return Mouth(
        cavity=mouth.paint_cavity().painted(),
        tongue=_lowered(mouth.paint_tongue().painted(), _TONGUE_PX),
        lower_teeth=_lowered(mouth.paint_lower_teeth().painted(), _LOWER_TEETH_PX),
        upper_teeth=mouth.paint_upper_teeth().painted(),
        tip=replace(tip, sheet=tip.sheet.moved(-tip.sheet.left, -tip.sheet.top)),
        teeth_line_y=mouth.TEETH_LINE_Y,
        teeth_shown=False,
    )


def _by_side(paint: Callable[[int], Painted]) -> dict[int, Painted]:
    return {side: paint(side) for side, _ in SIDES}


def mira_subject() -> Subject:
    """Draws her."""
    anatomy = mira_anatomy()
    mesh, head = face_mesh(anatomy), head_of(anatomy, BODY_SHEET)
    skin, normals = face.paint_face()
    layer = layer_with_hidden_skin(skin.painted(normal_bytes(normals, 4)), anatomy, mesh)
    balls, ball_normals = eyes.paint_eyes()
    return Subject(
        face=anatomy,
        mesh=mesh,
        head=head,
        layer=face.paint_closed_lids(layer),
        mouth=_mouth(),
        eyes=balls.painted(normal_bytes(ball_normals, 4)),
        irises=_by_side(lambda side: eyes.paint_iris(side).painted()),
        behind=(_background(), _hair(head, back=True), _body(head)),
        before=(_hair(head, back=False),),
        drawn=Drawn(
            lashes=_by_side(lambda side: eyes.paint_lashes(side).painted()),
            lid_shade=_by_side(lambda side: eyes.paint_lid_shade(side).painted()),
            lip_shade=mouth.paint_lip_shade().painted(),
            at_rest=_AT_REST,
            creases=0.6,
        ),
    )
