import numpy as np
import pytest

from capsules.bake.canvas import Floats, Sheet, vector
from capsules.bake.face_layer import FaceLayer
from capsules.bake.lighting import lit, slant_of

_TONE = vector(0.60, 0.45, 0.36)


def _ball(slant: Floats) -> FaceLayer:
    """A face as round as a ball, with light that falls on it so."""
    y, x = np.mgrid[-1:1:120j, -1:1:100j]
    normals = np.stack([0.8 * x, 0.8 * y], axis=-1).astype(np.float32)
    rgb = _TONE * (1.0 + normals @ slant)[..., None]
    alpha = np.asarray(np.hypot(x, y) < 0.9, np.float32)
    return FaceLayer(
        sheet=Sheet(0.0, 0.0, 100.0, 120.0), face_rows=120, rgb=rgb.astype(np.float32),
        alpha=alpha, lid_skin={}, lip_skin=(), tone=_TONE,
        normals=np.round(127.0 * normals[::4, ::4]).astype(np.int8),
    )  # fmt: skip


@pytest.mark.parametrize("slant", [(0.25, -0.1), (-0.2, 0.2), (0.0, 0.0)])
def test_the_slant_of_the_light_is_read_from_the_skin(slant: tuple[float, float]) -> None:
    found = slant_of(_ball(vector(*slant)))

    np.testing.assert_allclose(found, slant, atol=0.03)


def test_no_slant_is_more_than_a_face_can_tell() -> None:
    assert np.linalg.norm(slant_of(_ball(vector(0.6, 0.0)))) == pytest.approx(0.35, abs=1e-3)


def test_what_leans_to_the_light_is_brighter_and_as_opaque_as_before() -> None:
    texture = np.full((8, 8, 4), 120, np.uint8)
    texture[..., 3] = 200
    texture[0] = 0
    normals = np.zeros((2, 2, 2), np.int8)
    normals[:, 0, 0], normals[:, 1, 0] = -100, 100

    out = lit(texture, normals, vector(0.3, 0.0))

    assert out[4, -1, 0] > 140
    assert out[4, 0, 0] < 100
    assert (out[..., 3] == texture[..., 3]).all()
    assert (out[..., :3] <= out[..., 3:]).all()
