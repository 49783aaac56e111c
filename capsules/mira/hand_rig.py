"""The hand's mesh, skeleton and bases, all from the posed bones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capsules.mira.hand_paint import MAIN_SHEET, Atlas, Frame
from capsules.mira.hand_shape import Bend, Finger, arch_depth, fingers, pose_points
from capsules.mira.mesh import Mesh, grid_mesh, wound
from capsules.mira.raster import Floats, Sheet, floats, smoothstep

__all__ = ["HandRig", "rig_hand"]

_TURN = np.sin(np.radians(40.0))
_COLUMNS = (-1.0, -0.66, 0.0, 0.66, 1.0)
_MARGIN_PX = 3.0
_ROOT_PX = 24.0


@dataclass(frozen=True, slots=True)
class HandRig:
    """Everything of a hand but its picture.

    Attributes:
        vertices: (V, 2) canvas pixels at rest.
        uv: (V, 2).
        triangles: (T, 3) in painter's order: thumb, fingers, back of the hand with the sleeve.
        deltas: By basis name (V, 2).
        keypoints: (21, 2) at rest.
        keypoint_deltas: By basis name (21, 2).
    """

    vertices: Floats
    uv: Floats
    triangles: NDArray[np.int32]
    deltas: dict[str, Floats]
    keypoints: Floats
    keypoint_deltas: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class _Strip:
    finger: Finger
    s: Floats
    across: Floats
    height: Floats
    atlas: Floats
    triangles: NDArray[np.int32]

    def posed(self, bend: Bend) -> Floats:
        return pose_points(self.finger, self.s, self.across, self.height, bend)


def _stations(finger: Finger) -> Floats:
    a, b, _ = finger.bones
    end = finger.length + finger.radii[3] + _MARGIN_PX
    dense = [at + d for at in (a, a + b) for d in (-7.0, -2.5, 2.5, 7.0)]
    spaced = [-_ROOT_PX, -8.0, 0.0, 7.0, 0.5 * a, a + 0.5 * b, end - 12.0, end - 6.0, end]
    rows = np.array(sorted([*dense, *spaced]), np.float32)
    return floats(rows[np.concatenate([[True], np.diff(rows) > 2.2])])


def _strip(finger: Finger, slot: tuple[float, float]) -> _Strip:
    rows, columns = _stations(finger), np.array(_COLUMNS, np.float32)
    s = np.repeat(rows, len(columns))
    u = np.tile(columns, len(rows))
    radius = finger.radius(s)
    over = np.clip((s - finger.length + 3.0) / (finger.radii[3] + 3.0), 0.0, 1.0)
    height = radius * np.sqrt(np.clip(1.0 - u**2, 0.0, 1.0)) * np.sqrt(1.0 - over**2)
    across = u * (radius + _MARGIN_PX)
    atlas = np.stack([slot[0] + across, slot[1] - s], axis=1).astype(np.float32)
    count = len(columns)
    triangles = []
    for r in range(len(rows) - 1):
        for c in range(count - 1):
            p = r * count + c
            triangles += [(p, p + 1, p + count), (p + 1, p + count + 1, p + count)]
    return _Strip(
        finger,
        s,
        across.astype(np.float32),
        height.astype(np.float32),
        atlas,
        np.array(triangles, np.int32),
    )


def _joints(finger: Finger, bend: Bend) -> Floats:
    a, b, _ = finger.bones
    s = floats([0.0, a, a + b, finger.length + 0.5 * finger.radii[3]])
    none = np.zeros(4, np.float32)
    return pose_points(finger, s, none, none, bend)


def _rest_height(strip: _Strip) -> Floats:
    """Rest poses hide the height: only what a bend adds to it may show."""
    return strip.posed(Bend())


def rig_hand(frame: Frame, atlas: Atlas) -> HandRig:
    """Builds a hand's geometry for its painted atlas."""
    word = "Left" if frame.side > 0 else "Right"
    sheet = atlas.paint.sheet
    main = _main(atlas)
    order = (0, 4, 3, 1, 2)
    strips = [_strip(finger, atlas.slots[k]) for k, finger in enumerate(fingers())]
    spaces = [_rest_height(strips[k]) for k in order]
    flat = main.vertices
    main_space = np.concatenate([flat, arch_depth(*flat.T)[:, None]], axis=1)
    space = np.vstack([*spaces, main_space]).astype(np.float32)
    uv = np.vstack([*(sheet.uv(strips[k].atlas) for k in order), sheet.uv(flat)])
    triangles, starts, count = [], {}, 0
    for k in order:
        starts[k] = count
        triangles.append(strips[k].triangles + count)
        count += len(strips[k].s)
    triangles.append(main.triangles + count)
    rest = frame.to_canvas(space)
    bones = np.vstack([np.zeros((1, 3), np.float32), *(_joints(f, Bend()) for f in fingers())])
    rig = HandRig(
        rest,
        uv.astype(np.float32),
        wound(rest, np.vstack(triangles)),
        {},
        frame.to_canvas(bones),
        {},
    )
    for k, finger in enumerate(fingers()):
        for kind, bend in (("Curl", Bend(curl=1.0)), ("Spread", Bend(spread=1.0))):
            moved, joints = space.copy(), bones.copy()
            moved[starts[k] : starts[k] + len(strips[k].s)] = strips[k].posed(bend)
            joints[1 + 4 * k : 5 + 4 * k] = _joints(finger, bend)
            name = f"hand{word}{finger.name}{kind}"
            rig.deltas[name] = frame.to_canvas(moved) - rest
            rig.keypoint_deltas[name] = frame.to_canvas(joints) - rig.keypoints
    for kind in ("Yaw", "Pitch"):
        name = f"hand{word}{kind}"
        rig.deltas[name] = frame.to_canvas(_turned(space, kind)) - rest
        rig.keypoint_deltas[name] = frame.to_canvas(_turned(bones, kind)) - rig.keypoints
    return rig


def _main(atlas: Atlas) -> Mesh:
    w = atlas.paint.alpha.shape[1]
    columns = round(w * MAIN_SHEET.width / atlas.paint.sheet.width)
    area = Sheet(MAIN_SHEET.left, MAIN_SHEET.top, MAIN_SHEET.width, MAIN_SHEET.height, 1.0)
    return grid_mesh(area, atlas.paint.alpha[:, :columns], 29.0)


def _turned(space: Floats, kind: str) -> Floats:
    """Turns the hand about the forearm or at the wrist; linear, so right in both directions."""
    out = space.copy()
    x, y, z = space.T
    reach = smoothstep(60.0, -40.0, y)
    if kind == "Yaw":
        # Bent fingers lie behind the plane; a part of that is enough to read as a turn.
        depth = arch_depth(x, y) + 0.28 * np.minimum(z, 0.0) * smoothstep(-95.0, -125.0, y)
        depth = depth - 16.0 * smoothstep(46.0, 76.0, x)
        out[:, 0] += _TURN * depth * reach
    else:
        out[:, 1] += (0.20 * y + 0.35 * _TURN * arch_depth(x, y)) * reach
    return out
