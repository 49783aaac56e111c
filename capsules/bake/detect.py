"""Where faces are in a photo: BlazeFace (short range) over the whole photo and over tiles.

Anchors, decoding and weighted suppression are those of MediaPipe's graph options for the model
`face_detection_short_range` (Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection
on Mobile GPUs", 2019). The model sees 128 x 128 pixels and finds faces from about a seventh of that
on; tiles of decreasing size find the ones that are small in a large photo.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.bake.region import Region, crop
from capsules.bake.tflite import TfliteModel

__all__ = ["Detection", "FaceDetector"]

_SIDE_PX = 128
# Stride in input pixels, and anchors a cell: two of the first layer, six of the other three.
_LAYERS = ((8, 2), (16, 6))
_LOGIT_LIMIT = 80.0  # MediaPipe clips at 100, where exp() leaves float32
_MIN_SCORE = 0.5
# A tile is one of dozens of places to be mistaken in.
_MIN_TILE_SCORE = 0.65
_SAME_FACE_IOU = 0.3
# A box mostly inside a better one is a part of that face.
_INSIDE = 0.6
# Faces are looked for down to about a seventh of this.
_MIN_TILE_PX = 400.0
_TILE_STEP = 0.6


@dataclass(frozen=True, slots=True)
class Detection:
    """A face as the detector sees it.

    Attributes:
        box: Bounds (left, top, right, bottom) in pixels: brows to chin, without the forehead.
        keypoints: (6, 2) float32 pixels: right eye, left eye, nose tip, mouth, right ear, left ear;
            the person's own sides.
        score: In [0, 1].
    """

    box: tuple[float, float, float, float]
    keypoints: NDArray[np.float32]
    score: float

    @property
    def region(self) -> Region:
        """The square that the landmark model looks at: eyes level, 1.5 times the box."""
        left, top, right, bottom = self.box
        across = self.keypoints[1] - self.keypoints[0]
        return Region(
            (left + right) / 2,
            (top + bottom) / 2,
            1.5 * max(right - left, bottom - top),
            math.atan2(float(across[1]), float(across[0])),
        )


class FaceDetector:
    """Finds faces. Not thread-safe."""

    def __init__(self, model: TfliteModel) -> None:
        self._model = model
        self._anchors = _anchors()

    def detect(self, rgb: NDArray[np.uint8]) -> list[Detection]:
        """The faces of a photo (H, W, 3), the largest first."""
        height, width = rgb.shape[:2]
        boxes, scores = [], []
        for size, centres in _levels(width, height):
            # Reduced once for all tiles of a size, to at least the pixels the model takes.
            reduced = _reduced(rgb, int(size / _SIDE_PX))
            for x, y in centres:
                tile = Region(x, y, size)
                found, score = self._look(reduced, tile, reduced.shape[1] / width)
                keep = score >= (_MIN_SCORE if size >= max(width, height) else _MIN_TILE_SCORE)
                keep &= _uncut(found, tile, width, height)
                boxes.append(found[keep])
                scores.append(score[keep])
        faces = _suppress(np.concatenate(boxes), np.concatenate(scores))
        return sorted(faces, key=lambda face: face.box[0] - face.box[2])

    def _look(
        self, reduced: NDArray[np.uint8], tile: Region, scale: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """All boxes with keypoints (N, 8, 2) in pixels, first two corners, and their scores."""
        place = Region(tile.x * scale, tile.y * scale, tile.size_px * scale)
        picture = crop(reduced, place, _SIDE_PX, replicate_border=False)
        regressors, logits = self._model.run(picture * 2.0 - 1.0)
        logits = np.clip(logits[0, :, 0], -_LOGIT_LIMIT, _LOGIT_LIMIT)
        scores = (1.0 / (1.0 + np.exp(-logits))).astype(np.float32)
        likely = scores >= _MIN_SCORE
        # Centre, size, then six keypoints, relative to the anchor's centre except the size.
        points = regressors[0, likely].reshape(-1, 8, 2) / _SIDE_PX
        half = points[:, 1] / 2
        points[:, 1] = points[:, 0] + half
        points[:, 0] -= half
        points += self._anchors[likely, np.newaxis]
        return tile.to_photo(points.reshape(-1, 2)).reshape(-1, 8, 2), scores[likely]


def _anchors() -> NDArray[np.float32]:
    """Centres (896, 2) of the model's anchors in [0, 1]: row by row, a cell's together."""
    layers = []
    for stride, count in _LAYERS:
        cells = _SIDE_PX // stride
        rows, columns = np.indices((cells, cells), np.float32)
        centres = (np.stack((columns, rows), -1).reshape(-1, 2) + 0.5) / cells
        layers.append(np.repeat(centres, count, axis=0))
    return np.concatenate(layers)


def _reduced(rgb: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    if factor < 2:
        return rgb
    size = (math.ceil(rgb.shape[1] / factor), math.ceil(rgb.shape[0] / factor))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _levels(width: int, height: int) -> list[tuple[float, list[tuple[float, float]]]]:
    """Sides of the squares to look at, each with their centres, the largest first."""
    longest = float(max(width, height))
    # The margin is for faces that fill the photo, for which the model has no box.
    levels = [(longest * scale, [(width / 2, height / 2)]) for scale in (1.6, 1.0)]
    size = longest / 2
    while size >= _MIN_TILE_PX:
        rows, columns = _centres(height, size), _centres(width, size)
        levels.append((size, [(x, y) for y in rows for x in columns]))
        size /= 2
    return levels


def _centres(length: int, size: float) -> list[float]:
    """Centres of overlapping tiles that cover a length."""
    if length <= size:
        return [length / 2]
    count = math.ceil((length - size) / (size * _TILE_STEP)) + 1
    places: list[float] = np.linspace(size / 2, length - size / 2, count).tolist()
    return places


def _uncut(boxes: NDArray[np.float32], tile: Region, width: int, height: int) -> NDArray[np.bool_]:
    """Which boxes do not touch an edge of their tile behind which the photo goes on."""
    half, margin = tile.size_px / 2, 0.02 * tile.size_px
    keep = np.ones(len(boxes), np.bool_)
    for axis, centre, end in ((0, tile.x, width), (1, tile.y, height)):
        if centre - half > 0:
            keep &= boxes[:, 0, axis] > centre - half + margin
        if centre + half < end:
            keep &= boxes[:, 1, axis] < centre + half - margin
    return keep


def _suppress(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> list[Detection]:
    """One detection a face: the average of the boxes that overlap its best one, by score."""
    faces: list[Detection] = []
    order = np.argsort(-scores, kind="stable")
    while order.size:
        best = boxes[order[0]]
        shared = _overlap(best, boxes[order])
        areas = _area(boxes[order])
        same = shared / (areas + areas[0] - shared) > _SAME_FACE_IOU
        group = order[same]
        weights = scores[group, np.newaxis, np.newaxis]
        mean = (boxes[group] * weights).sum(axis=0) / weights.sum()
        faces.append(
            Detection(
                (float(mean[0, 0]), float(mean[0, 1]), float(mean[1, 0]), float(mean[1, 1])),
                mean[2:].astype(np.float32),
                float(scores[order[0]]),
            )
        )
        order = order[~same & (shared < _INSIDE * np.minimum(areas, areas[0]))]
    return faces


def _area(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    area: NDArray[np.float32] = np.prod(np.maximum(boxes[:, 1] - boxes[:, 0], 1e-6), axis=-1)
    return area


def _overlap(box: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Area that a box shares with each of others."""
    size = np.minimum(box[1], boxes[:, 1]) - np.maximum(box[0], boxes[:, 0])
    shared: NDArray[np.float32] = np.prod(np.maximum(size, 0.0), axis=-1)
    return shared
