"""Whether glasses are worn: their bridge crosses the nose, where bare skin is smooth."""

import cv2
import numpy as np
from scipy import ndimage

from capsules.bake.canvas import Floats, Sheet
from capsules.bake.topology import Anatomy

__all__ = ["wears_glasses"]

# Where a bridge lies: heights below the eyes' middle, and columns beside it, units of the face.
_TOP, _BOTTOM, _COLUMNS = -0.12, 0.32, (-0.03, 0.0, 0.03)
_SAMPLES, _SMOOTH = 60, 12.0
# Steps of colour in Lab units: bare noses give 1 to 3, frames 15 and more.
_FRAME = 8.0


def wears_glasses(face: Anatomy, picture: Floats, sheet: Sheet) -> bool:
    """Whether something with edges crosses the bridge of the nose.

    Args:
        face: The anatomy.
        picture: (h, w, 3) sRGB in [0, 1] on the sheet.
        sheet: Where the picture lies.
    """
    lab = sheet.blurred(cv2.cvtColor(picture, cv2.COLOR_RGB2Lab), 0.012 * face.unit)
    heights = np.linspace(_TOP, _BOTTOM, _SAMPLES, dtype=np.float32)
    steps = []
    for column in _COLUMNS:
        moves = np.stack([np.full_like(heights, column), heights, 0.0 * heights], axis=-1)
        at = sheet.texels(face.origin + face.on_canvas(moves))
        colours = np.stack(
            [
                ndimage.map_coordinates(lab[..., c], (at[:, 1], at[:, 0]), order=1, mode="nearest")
                for c in range(3)
            ],
            axis=-1,
        )
        around = ndimage.gaussian_filter1d(colours, _SMOOTH, axis=0, mode="nearest")
        steps.append(float(np.linalg.norm(colours - around, axis=1).max()))
    return float(np.median(steps)) > _FRAME
