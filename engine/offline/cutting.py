"""A take kept as a clip: laid on the avatar's canvas, with alpha."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.bake.finder import FaceFinder
from capsules.bake.found import FoundFace
from capsules.bake.pose import STABLE_POINTS
from capsules.clip import Rect
from compositor.drawlist import FrameSize
from compositor.geometry import Affine
from engine.offline.errors import TakeError
from engine.offline.features import similarity
from engine.offline.files import Still, write_webm
from engine.offline.fitted import FittedTake
from engine.offline.importing import Progress
from engine.offline.placement import applied
from engine.offline.render import OfflineRenderer, straight
from engine.offline.tracks import Take
from engine.offline.view import HeadView

__all__ = ["write_clip"]

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

_FEATHER = 0.08  # of the clip's side, over which its edge fades
_FACE_GROWTH = 1.02  # of the outline of another person's face
_FACE_FEATHER = 0.035  # of its width, by which the outline is softened
_STEADY_MS = 100.0  # standard deviation of the low-pass over the head's place


def write_clip(
    take: Take,
    fitted: FittedTake,
    renderer: OfflineRenderer,
    finder: FaceFinder | None,
    span: tuple[int, int],
    path: Path,
    progress: Progress | None = None,
) -> Rect:
    """Writes the head of a take as VP9 with alpha, where the avatar has hers.

    Alpha is the file's own where it has one, else what the avatar covers where the take shows it;
    of another person it is the face alone, without the hair. It fades towards the clip's edge.

    Args:
        take: The recording.
        fitted: What was found in it.
        renderer: Of the avatar.
        finder: The models; None where there are none.
        span: First frame, and the frame after the last.
        path: A file that ends in .webm, in a folder that exists.
        progress: Is told of every frame, and may raise to end it.

    Returns:
        Where the clip lies on the canvas; see `capsules.clip.Clip.rect`.

    Raises:
        TakeError: A frame cannot be decoded, or nothing tells what is in front.
    """
    view = HeadView(renderer, _upright(fitted.placement))
    fps = max(1, min(60, round(take.fps)))
    size = FrameSize(view.side_px, view.side_px)
    still = Still(path.stem, size, fps, transparent=True, loop=False)
    pictures = _pictures(take, fitted, view, finder, span)
    write_webm(_told(pictures, progress) if progress else pictures, path, still)
    canvas = view.canvas.inverse
    corners = applied(canvas, np.array([[0.0, 0.0], [view.side_px, view.side_px]]))
    left, top, right, bottom = (corners / renderer.avatar.canvas_px).ravel().tolist()
    return (round(left, 5), round(top, 5), round(right - left, 5), round(bottom - top, 5))


def _told(pictures: Iterator[Bytes], progress: Progress) -> Iterator[Bytes]:
    for picture in pictures:
        progress("writing the clip", 1.0)
        yield picture


def _upright(affine: Affine) -> Affine:
    """The same scale and middle without a turn: clips are not turned."""
    return Affine(affine.scale, 0.0, affine.c, 0.0, affine.scale, affine.f)


def _pictures(
    take: Take,
    fitted: FittedTake,
    view: HeadView,
    finder: FaceFinder | None,
    span: tuple[int, int],
) -> Iterator[Bytes]:
    """Straight RGBA of each frame."""
    placements = _placements(fitted)
    soft = _soft_edge(view.side_px)
    for number, (rgb, alpha) in enumerate(take.frames()):
        if not span[0] <= number < span[1]:
            continue
        if alpha is not None:
            matte = _warped(alpha, placements[number], view)
        elif fitted.is_avatar:
            matte = view.coverage(_weights(fitted, number))
        elif finder is not None and fitted.faces:
            face = _face(finder, rgb, fitted.faces[number])
            matte = _warped(face, placements[number], view)
        else:
            raise TakeError(f"{take.path.name}: nothing tells the face from what is behind it")
        matte = matte * soft
        colour = _warped(rgb, placements[number], view)
        yield straight(colour * matte[..., None], matte)


def _face(finder: FaceFinder, rgb: Bytes, face: FoundFace) -> Bytes:
    """How much of each pixel is the person's face (H, W), with a soft outline."""
    marks = face.landmarks[:, :2]
    middle = marks.mean(axis=0)
    outline = cv2.convexHull((middle + _FACE_GROWTH * (marks - middle)).astype(np.float32))
    region = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillConvexPoly(region, np.round(outline).astype(np.int32), 255, cv2.LINE_AA)
    soft = cv2.GaussianBlur(region, (0, 0), max(0.5, _FACE_FEATHER * face.box[2]))
    return np.asarray(np.round(soft * finder.person(rgb, face)), np.uint8)


def _weights(fitted: FittedTake, number: int) -> dict[str, float]:
    both = {**fitted.courses, **fitted.body}
    return {name: float(values[number]) for name, values in both.items()}


def _warped(picture: Bytes, placement: Affine, view: HeadView) -> NDArray[np.float32]:
    """A picture of the take on the view, in [0, 1]."""
    matrix = placement.after(view.canvas.inverse)
    across = np.array([[matrix.a, matrix.b, matrix.c], [matrix.d, matrix.e, matrix.f]])
    across[:, 2] += 0.5 * (across[:, 0] + across[:, 1]) - 0.5
    side = (view.side_px, view.side_px)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(picture, across, side, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.float32) / np.float32(255.0)


def _placements(fitted: FittedTake) -> list[Affine]:
    """Where the canvas lies in every frame: as a steady head of the avatar's size takes it."""
    count = len(fitted.times_ms)
    if fitted.is_avatar or not fitted.faces:
        return [fitted.placement] * count
    stable = list(STABLE_POINTS)
    points = [face.landmarks[stable, :2].astype(np.float64) for face in fitted.faces]
    rows = []
    for one in points:
        scale, turn, shift = similarity(points[0], one)
        rows.append([scale * turn[0, 0], scale * turn[1, 0], *shift])
    smooth = _low_pass(np.array(rows), fitted.times_ms)
    return [Affine(a, -d, c, d, a, f).after(fitted.placement) for a, d, c, f in smooth.tolist()]


def _low_pass(rows: Floats, times_ms: Floats) -> Floats:
    shares = np.exp(-0.5 * ((times_ms[:, None] - times_ms[None]) / _STEADY_MS) ** 2)
    return np.asarray(shares @ rows / shares.sum(axis=1, keepdims=True))


def _soft_edge(side_px: int) -> NDArray[np.float32]:
    """1 inside, falling to 0 at the edges."""
    places = (np.arange(side_px) + 0.5) / (_FEATHER * side_px)
    ramp = np.clip(np.minimum(places, places[::-1]), 0.0, 1.0)
    ramp = ramp * ramp * (3.0 - 2.0 * ramp)
    return np.outer(ramp, ramp).astype(np.float32)
