from dataclasses import replace

import cv2
import numpy as np

from capsules.bake.canvas import Floats, Sheet, place, vector
from capsules.bake.large_eyes import grown_eyes
from capsules.bake.topology import Anatomy, Eye, anatomy
from tests.drawn_face import drawn_face

_SHEET = Sheet(380.0, 280.0, 264.0, 150.0, 2.0)
_SKIN, _WHITE, _IRIS = vector(0.84, 0.62, 0.50), vector(0.92, 0.90, 0.88), vector(0.25, 0.35, 0.22)


def _larger(eye: Eye, factor: float) -> Eye:
    def out(line: Floats) -> Floats:
        return np.asarray(eye.iris + factor * (line - eye.iris), np.float32)

    return replace(
        eye, upper=out(eye.upper), lower=out(eye.lower), iris_radius=factor * eye.iris_radius
    )


def _painted(eyes: dict[int, Eye], white: Floats = _WHITE) -> Floats:
    x, y = _SHEET.grid()
    out = np.broadcast_to(_SKIN, (*_SHEET.shape, 3)).astype(np.float32)
    for eye in eyes.values():
        opened = _SHEET.fill(np.vstack([eye.upper, eye.lower[::-1]]))[..., None]
        disc = (np.hypot(x - eye.iris[0], y - eye.iris[1]) < eye.iris_radius)[..., None]
        out = opened * np.where(disc, _IRIS, white) + (1.0 - opened) * out
    return np.asarray(cv2.GaussianBlur(out.astype(np.float32), (0, 0), 0.8), np.float32)


def _face() -> Anatomy:
    return anatomy(drawn_face(), place(drawn_face()))


def test_lids_go_to_the_ends_of_eyes_that_are_larger_than_found() -> None:
    face = _face()
    drawn = {side: _larger(eye, 1.45) for side, eye in face.eyes.items()}

    grown = grown_eyes(face, _painted(drawn), _SHEET)

    for side, eye in grown.eyes.items():
        shown, found = drawn[side], face.eyes[side]
        middle = slice(6, -6)
        # An iris goes on behind the upper lid, so that only the whites tell where that one is.
        for lid, wanted, before, most in (
            (eye.upper, shown.upper, found.upper, 0.045),
            (eye.lower, shown.lower, found.lower, 0.020),
        ):
            off = np.abs(lid[middle, 1] - np.interp(lid[middle, 0], *wanted.T))
            was = np.abs(before[middle, 1] - np.interp(before[middle, 0], *wanted.T))
            assert off.max() < most * face.unit < was.max()
        assert np.abs(eye.upper[[0, -1]] - shown.upper[[0, -1]]).max() < 0.05 * face.unit
        assert abs(eye.iris_radius / shown.iris_radius - 1.0) < 0.1


def test_lids_that_fit_the_photo_are_kept() -> None:
    face = _face()

    assert grown_eyes(face, _painted(face.eyes), _SHEET) is face


def test_eyes_without_a_white_to_be_seen_are_kept() -> None:
    face = _face()
    drawn = {side: _larger(eye, 1.45) for side, eye in face.eyes.items()}

    assert grown_eyes(face, _painted(drawn, np.asarray(0.8 * _SKIN)), _SHEET) is face
