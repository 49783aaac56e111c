import cv2
import numpy as np
import pytest

from capsules.bake.canvas import Floats, Sheet, place, vector
from capsules.bake.jawline import snap_jaw
from capsules.bake.topology import Anatomy, anatomy
from tests.drawn_face import drawn_face

_SHEET = Sheet(200.0, 150.0, 624.0, 480.0)
_FACE, _NECK = vector(0.84, 0.66, 0.55), vector(0.62, 0.44, 0.36)


def _face() -> Anatomy:
    return anatomy(drawn_face(), place(drawn_face()))


def _shown(face: Anatomy, farther: float) -> tuple[Floats, Floats]:
    """A picture of a face whose jaw lies so many units farther out than its landmarks say."""
    outward = face.oval - face.oval.mean(axis=0)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    low = np.clip((face.local(face.oval)[:, 1] - 0.6) / 0.4, 0.0, 1.0)[:, None]
    jaw = np.asarray(face.oval + farther * face.unit * low * outward, np.float32)
    inside = _SHEET.fill(jaw, blur_px=1.0)[..., None]
    return np.asarray(inside * _FACE + (1.0 - inside) * _NECK, np.float32), jaw


def _missed(face: Anatomy, jaw: Floats) -> float:
    """How far the lower half of an outline is from a jaw at most, units."""
    low = face.oval[face.local(face.oval)[:, 1] > 1.0]
    line = jaw[:, None, :].astype(np.float32)
    return max(abs(cv2.pointPolygonTest(line, point.tolist(), True)) for point in low) / face.unit


@pytest.mark.parametrize("farther", [-0.03, 0.05, 0.11])
def test_the_outline_comes_to_where_the_photo_shows_the_jaw(farther: float) -> None:
    face = _face()
    picture, jaw = _shown(face, farther)

    assert _missed(snap_jaw(face, picture, _SHEET), jaw) < 0.018
    assert _missed(face, jaw) > 0.8 * abs(farther)


def test_where_nothing_is_to_be_seen_the_outline_stays() -> None:
    face = _face()
    plain = np.broadcast_to(_FACE, (*_SHEET.shape, 3)).astype(np.float32)

    assert _missed(snap_jaw(face, plain, _SHEET), face.oval) < 0.01


def test_a_collar_far_below_is_not_taken_for_the_jaw() -> None:
    face = _face()
    picture, jaw = _shown(face, 0.04)
    collar = face.marks[152, 1] + 0.30 * face.unit
    picture[_SHEET.grid()[1] > collar] = 0.02

    assert _missed(snap_jaw(face, picture, _SHEET), jaw) < 0.018
