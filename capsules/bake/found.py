"""What is found in a photo, as plain records.

Coordinates are pixels of the upright photo, x to the right and y down; the centre of the top left
pixel is (0.5, 0.5). "Left" and "right" are the person's own, as in ARKit: the right eye is on the
left of the picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FoundFace", "Photo"]


@dataclass(frozen=True, slots=True)
class Photo:
    """A decoded photo, upright, with nothing left of its metadata.

    Attributes:
        rgb: (H, W, 3) uint8, sRGB-encoded.
        sha256: Of the source file, in hex.
        format: Of the source file: "JPEG", "PNG", "WEBP" or "HEIF".
    """

    rgb: NDArray[np.uint8]
    sha256: str
    format: str


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face with its landmarks.

    Attributes:
        landmarks: (468, 3) float32 in MediaPipe's face mesh order; x and y in pixels, z in the
            same scale, negative towards the viewer.
        irises: (2, 5, 2) float32 pixels, the right eye first; centre, then the points at the
            right, top, left and bottom as the picture shows them.
        eye_contours: (2, 71, 2) float32 pixels, the right eye first, in the iris model's order:
            lids, then brow and surroundings. The model sees the left eye mirrored, so its points
            correspond to the right eye's as in a mirror.
        yaw_degrees: Turn of the head; positive to the person's left.
        pitch_degrees: Nod of the head; positive up.
        roll_degrees: Tilt of the head; positive towards the person's left shoulder.
        score: How sure the landmark model is that this is a face, in [0, 1].
        box: Bounds (left, top, width, height) of the landmarks in pixels.
    """

    landmarks: NDArray[np.float32]
    irises: NDArray[np.float32]
    eye_contours: NDArray[np.float32]
    yaw_degrees: float
    pitch_degrees: float
    roll_degrees: float
    score: float
    box: tuple[float, float, float, float]
