"""The person's own colours along the outline, where the photo mixes them with what is behind."""

import cv2
import numpy as np

from capsules.bake.canvas import Floats, Sheet

__all__ = ["foreground"]

# Spreads of the two passes, canvas pixels: far colours first, near ones last.
_FAR_PX, _NEAR_PX = 14.0, 4.0
# By how much the photo's mixed band reaches into what the segmentation calls person.
_BAND_PX = 3.0


def foreground(image: Floats, person: Floats, sheet: Sheet) -> Floats:
    """What the person looks like (h, w, 3) without the background that shines through.

    Foreground and background are each spread over the other by weighted blurs; what the photo
    then still lacks is given to the foreground by its share (Germer, Uelwer, Conrad and Harmeling,
    "Fast Multi-Level Foreground Estimation", 2020, and the blur fusion that followed from it).
    Where the person covers all, the picture stays as it is.

    Args:
        image: (h, w, 3) sRGB in [0, 1].
        person: (h, w) coverage in [0, 1].
        sheet: Where both lie.
    """
    shrunk = cv2.erode(person, np.ones((3, 3), np.uint8), iterations=round(_BAND_PX * sheet.scale))
    alpha = sheet.blurred(shrunk, 0.5 * _BAND_PX)
    out = np.asarray(image, np.float32)
    front = back = out
    share = alpha[..., None]
    for spread in (_FAR_PX, _NEAR_PX):
        front = _spread(front, share, sheet, spread)
        back = _spread(back, 1.0 - share, sheet, spread)
        front = front + share * (out - share * front - (1.0 - share) * back)
        front = np.clip(front, 0.0, 1.0)
    return np.asarray(share**2 * out + (1.0 - share**2) * front, np.float32)


def _spread(image: Floats, share: Floats, sheet: Sheet, sigma_px: float) -> Floats:
    """Colours spread from where their share is to where it is not."""
    weight = share + 1e-4
    total = sheet.blurred(image * weight, sigma_px)
    around = sheet.blurred(weight[..., 0], sigma_px)[..., None]
    return np.asarray(total / around, np.float32)
