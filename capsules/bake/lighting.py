"""From where the light falls in a photo, as its skin shows, and the same light on what is drawn."""

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.bake.canvas import Floats, vector
from capsules.bake.face_layer import FaceLayer

__all__ = ["lit", "slant_of"]

_LIKE = 0.25  # by which the hue of skin may differ from its usual one
_FEWEST = 200  # texels that tell a slant
_MOST = 0.35  # slant of the strongest light from one side
_DARKEST, _BRIGHTEST = 0.55, 1.30


def slant_of(layer: FaceLayer) -> Floats:
    """How much brighter skin is (2,) for each unit that its normal leans to the right and down.

    A plane is fitted to the brightness of the skin over its normals (least squares), relative to
    the skin that looks straight at the viewer: Lambert's law with one distant light, to first
    order. None of it is more than `_MOST`; without normals, there is no slant.
    """
    if layer.normals is None:
        return vector(0.0, 0.0)
    rows = round(layer.face_rows * layer.normals.shape[0] / layer.alpha.shape[0])
    normals = layer.normals[:rows].astype(np.float32) / 127.0
    size = normals.shape[1::-1]
    rgb, alpha = (
        np.asarray(cv2.resize(image[: layer.face_rows], size, interpolation=cv2.INTER_AREA))
        for image in (layer.rgb, layer.alpha)
    )
    level = np.maximum(rgb.mean(axis=-1), 0.02)
    hue = np.abs(rgb / level[..., None] - layer.tone / layer.tone.mean()).max(axis=-1)
    skin = (alpha > 0.95) & (hue < _LIKE) & (level > 0.3 * float(layer.tone.mean()))
    if skin.sum() < _FEWEST:
        return vector(0.0, 0.0)
    plane = np.column_stack([normals[skin], np.ones(int(skin.sum()))])
    right, down, straight = np.linalg.lstsq(plane, level[skin], rcond=None)[0]
    slant = np.array([right, down], np.float32) / max(float(straight), 0.05)
    return np.asarray(slant * min(1.0, _MOST / max(float(np.linalg.norm(slant)), 1e-6)), np.float32)


def lit(texture: NDArray[np.uint8], normals: NDArray[np.int8], slant: Floats) -> NDArray[np.uint8]:
    """Premultiplied RGBA (h, w, 4) in a light from aside; coverage stays.

    Args:
        texture: In even light.
        normals: (nh, nw, 2) over the texture.
        slant: (2,) from `slant_of`.
    """
    lean = normals.astype(np.float32) / 127.0
    gain = np.clip(1.0 + lean @ slant, _DARKEST, _BRIGHTEST).astype(np.float32)
    size = texture.shape[1::-1]
    gain = np.asarray(cv2.resize(gain, size, interpolation=cv2.INTER_LINEAR), np.float32)
    out = texture.astype(np.float32)
    out[..., :3] = np.minimum(out[..., :3] * gain[..., None], out[..., 3:])
    return np.asarray(np.round(out), np.uint8)
