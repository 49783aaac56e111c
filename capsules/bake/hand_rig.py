"""The hand's mesh, skeleton and bases, all from the posed bones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from capsules.avatar import Part, Skeleton
from capsules.bake.canvas import CANVAS_PX, Floats, Sheet, smoothstep, vector
from capsules.bake.eyes import Painted
from capsules.bake.hand_shape import Bend, Finger, Frame, arch_depth, fingers, pose_points
from capsules.bake.layers import premultiplied
from capsules.bake.mesh import Mesh, grid_mesh, signed_areas
from capsules.bake.parts import normals_of, part_of

__all__ = ["MAIN_PX", "SHADOW_HALF_PX", "SHADOW_LENGTH_PX", "Atlas", "hand_part"]

# In the hand's own frame; the sleeve reaches far below so that its end never shows.
MAIN_PX = (-100.0, -160.0, 200.0, 700.0)
"""Left, top, width and height of the back of the hand with the sleeve in a hand's atlas, in the
hand's own frame."""
SHADOW_HALF_PX = 22.0
"""Of the sprite from which all cast shadows are made: half its width."""
SHADOW_LENGTH_PX = 90.0
"""And its length."""

_TURN = np.sin(np.radians(40.0))
_COLUMNS = (-1.0, -0.66, 0.0, 0.66, 1.0)
_MARGIN_PX = 3.0
_ROOT_PX = 24.0
_CELL_PX = 33.0
# How far down and to the right of the hand its shadow falls, canvas pixels.
_SHADOW_FALLS = (5.0, 11.0)
# About where a leaning body turns, and how far hands go with the body's movements.
_LEANS_AT, _LEAN = (0.5 * CANVAS_PX, 1180.0), 0.075
_WITH_BODY = (("bodySway", (14.0, 0.0)), ("shoulderShrug", (0.0, -14.0)), ("breath", (0.0, -3.0)))
_PIVOT_PX = 120.0  # below the wrist


@dataclass(frozen=True, slots=True)
class Atlas:
    """A hand's picture: back of the hand and sleeve as they lie, fingers straight beside them.

    Attributes:
        paint: All of it, in the hand's frame, with the fingers off to the right; its normals are
            those on the canvas at rest.
        slots: For each finger the atlas x of its axis and y of its base, canvas pixels.
        shadow: Atlas x of the axis and y of the tip of a finger's cast shadow.
    """

    paint: Painted
    slots: tuple[tuple[float, float], ...]
    shadow: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Rig:
    """Everything of a hand but its picture.

    Attributes:
        mesh: At rest, triangles in painter's order: cast shadows, thumb, fingers, back of the hand
            with the sleeve.
        deltas: By basis name (V, 2).
        keypoints: (21, 2) at rest.
        keypoint_deltas: By basis name (21, 2).
    """

    mesh: Mesh
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


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, np.float32)


def _stations(finger: Finger) -> Floats:
    a, b, _ = finger.bones
    end = finger.length + finger.radii[3] + _MARGIN_PX
    dense = [at + d for at in (a, a + b) for d in (-7.0, -2.5, 2.5, 7.0)]
    spaced = [-_ROOT_PX, -8.0, 0.0, 7.0, 0.5 * a, a + 0.5 * b, end - 12.0, end - 6.0, end]
    rows = np.array(sorted([*dense, *spaced]), np.float32)
    return _floats(rows[np.concatenate([[True], np.diff(rows) > 2.2])])


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


def _shadow(finger: Finger, spot: tuple[float, float]) -> _Strip:
    """The shadow that a finger casts on what is behind it."""
    a, b, _ = finger.bones
    end = finger.length + finger.radii[3] + 7.0
    s = _floats([-8.0, 0.35 * a, a, a + 0.5 * b, a + b, end - 12.0, end])
    half = 1.75 * finger.radius(s)
    return _shadow_strip(finger, s, half, end - s, spot)


def _arm_shadow(spot: tuple[float, float]) -> tuple[Floats, _Strip]:
    """The shadow of the back of the hand and of the sleeve, and where it lies in space."""
    y = _floats([-128.0, -112.0, -92.0, -50.0, 0.0, 60.0, 110.0, 240.0, 540.0])
    half = _floats([52.0, 60.0, 66.0, 60.0, 48.0, 56.0, 72.0, 88.0, 112.0])
    strip = _shadow_strip(fingers()[0], -y, half, y - y[0], spot)
    space = np.stack([strip.across, -strip.s, arch_depth(strip.across, -strip.s)], axis=1)
    return _floats(space), strip


def _shadow_strip(
    finger: Finger, s: Floats, half: Floats, from_end: Floats, spot: tuple[float, float]
) -> _Strip:
    u = np.tile(_floats([-1.0, 1.0]), len(s))
    along = np.repeat(np.minimum(from_end * SHADOW_HALF_PX / half, SHADOW_LENGTH_PX), 2)
    atlas = np.stack([spot[0] + u * SHADOW_HALF_PX, spot[1] + along], axis=1)
    rows = np.arange(len(s) - 1)[:, None] * 2
    triangles = np.concatenate([rows + np.array(corners) for corners in ((0, 1, 2), (1, 3, 2))])
    across = _floats(u * np.repeat(half, 2))
    return _Strip(
        finger, np.repeat(s, 2), across, 0 * across, _floats(atlas), triangles.astype(np.int32)
    )


def _joints(finger: Finger, bend: Bend) -> Floats:
    a, b, _ = finger.bones
    s = _floats([0.0, a, a + b, finger.length + 0.5 * finger.radii[3]])
    none = np.zeros(4, np.float32)
    return pose_points(finger, s, none, none, bend)


@dataclass(frozen=True, slots=True)
class _Layer:
    """One sheet of the hand's mesh: its rest in space, and the strip that bends it, if any."""

    space: Floats
    atlas: Floats
    triangles: NDArray[np.int32]
    is_shadow: bool = False
    finger: int = -1
    strip: _Strip | None = None


def _layers(atlas: Atlas) -> list[_Layer]:
    """All layers from the back to the front."""
    main = _main(atlas)
    main_space = np.concatenate(
        [main.vertices, arch_depth(*main.vertices.T)[:, None]], axis=1
    ).astype(np.float32)
    arm_space, arm = _arm_shadow(atlas.shadow)
    layers = [_Layer(arm_space, arm.atlas, arm.triangles, is_shadow=True)]
    bending = [(k, True, _shadow(f, atlas.shadow)) for k, f in enumerate(fingers())]
    bending += [(k, False, _strip(f, atlas.slots[k])) for k, f in enumerate(fingers())]
    for k, is_shadow, strip in bending:
        layers.append(
            _Layer(strip.posed(Bend()), strip.atlas, strip.triangles, is_shadow, k, strip)
        )
    layers.append(_Layer(main_space, main.vertices, main.triangles))
    return layers


def _rig_hand(frame: Frame, atlas: Atlas) -> _Rig:
    word = "Left" if frame.side > 0 else "Right"
    layers = _layers(atlas)
    space = np.vstack([layer.space for layer in layers]).astype(np.float32)
    starts = np.cumsum([0, *(len(layer.space) for layer in layers)])
    triangles = [layer.triangles + start for layer, start in zip(layers, starts[:-1], strict=True)]
    uv = np.vstack([atlas.paint.sheet.uv(layer.atlas) for layer in layers])
    cast = np.concatenate([np.full(len(layer.space), layer.is_shadow) for layer in layers])
    rest = frame.to_canvas(space)
    placed = _floats(rest + cast[:, None] * vector(*_SHADOW_FALLS))
    bones = np.vstack([np.zeros((1, 3), np.float32), *(_joints(f, Bend()) for f in fingers())])
    mesh = Mesh(placed, uv.astype(np.float32), _wound(rest, np.vstack(triangles)))
    rig = _Rig(mesh, {}, frame.to_canvas(bones), {})
    for k, finger in enumerate(fingers()):
        for kind, bend in (("Curl", Bend(curl=1.0)), ("Spread", Bend(spread=1.0))):
            moved, joints = space.copy(), bones.copy()
            for layer, start in zip(layers, starts[:-1], strict=True):
                if layer.finger == k and layer.strip is not None:
                    moved[start : start + len(layer.space)] = layer.strip.posed(bend)
            joints[1 + 4 * k : 5 + 4 * k] = _joints(finger, bend)
            name = f"hand{word}{finger.name}{kind}"
            rig.deltas[name] = frame.to_canvas(moved) - rest
            rig.keypoint_deltas[name] = frame.to_canvas(joints) - rig.keypoints
    for kind in ("Yaw", "Pitch"):
        name = f"hand{word}{kind}"
        rig.deltas[name] = frame.to_canvas(_turned(space, kind)) - rest
        rig.keypoint_deltas[name] = frame.to_canvas(_turned(bones, kind)) - rig.keypoints
    return rig


def _wound(points: Floats, triangles: NDArray[np.int32]) -> NDArray[np.int32]:
    """The same triangles, all clockwise in the picture."""
    turned = (signed_areas(points, triangles) < 0)[:, None]
    return np.where(turned, triangles[:, [0, 2, 1]], triangles).astype(np.int32)


def _main(atlas: Atlas) -> Mesh:
    w = atlas.paint.alpha.shape[1]
    columns = round(w * MAIN_PX[2] / atlas.paint.sheet.width)
    return grid_mesh(Sheet(*MAIN_PX), atlas.paint.alpha[:, :columns], _CELL_PX)


def _turned(space: Floats, kind: str) -> Floats:
    """Turns the hand about the forearm or at the wrist; linear, so right in both directions."""
    out = space.copy()
    x, y, z = space.T
    reach = smoothstep(60.0, -40.0, y)
    if kind == "Yaw":
        # Bent fingers lie behind the plane; a part of that is enough to read as a turn.
        # Beyond the palm the arch goes on level, or the thumb would turn edge-on.
        depth = arch_depth(np.clip(x, -62.0, 62.0), y)
        behind = np.minimum(z - arch_depth(x, y), 0.0)
        depth = depth + 0.07 * behind * smoothstep(-95.0, -125.0, y)
        depth = depth - 10.0 * smoothstep(40.0, 86.0, x)
        out[:, 0] += _TURN * depth * reach
    else:
        out[:, 1] += (0.20 * y + 0.35 * _TURN * arch_depth(x, y)) * reach
    return out


def hand_part(frame: Frame, atlas: Atlas) -> tuple[Part, Skeleton]:
    """A hand and its skeleton.

    Args:
        frame: How it lies on the canvas.
        atlas: Its picture.
    """
    name = "handLeft" if frame.side > 0 else "handRight"
    rig = _rig_hand(frame, atlas)
    keypoints = rig.keypoints
    moves = rig.deltas | _with_body(rig.mesh.vertices)
    pivot = frame.to_canvas(_floats([[0.0, _PIVOT_PX, 0.0]]))[0]
    paint = atlas.paint
    texture = premultiplied(paint.rgb, paint.alpha)
    part = part_of(name, rig.mesh, texture, moves, normals_of(paint), pivot)
    return part, Skeleton(
        name, keypoints, dict(sorted((rig.keypoint_deltas | _with_body(keypoints)).items()))
    )


def _with_body(points: Floats) -> dict[str, Floats]:
    """How points (N, 2) of a hand go with the body."""
    out = {"bodyLean": np.asarray(_LEAN * (points - vector(*_LEANS_AT)), np.float32)}
    return out | {name: np.tile(vector(*move), (len(points), 1)) for name, move in _WITH_BODY}
