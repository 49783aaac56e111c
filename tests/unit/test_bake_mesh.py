from dataclasses import replace

import cv2
import numpy as np
import pytest

from capsules.bake.canvas import Sheet, fill_smoothly, place
from capsules.bake.mesh import FaceMesh, face_domain, face_mesh, grid_mesh, signed_areas
from capsules.bake.topology import SIDES, Anatomy, anatomy
from tests.drawn_face import drawn_face, with_open_lips


@pytest.fixture(scope="module")
def face() -> Anatomy:
    found = with_open_lips(drawn_face(), 8.0)
    return anatomy(found, place(found))


@pytest.fixture(scope="module")
def mesh(face: Anatomy) -> FaceMesh:
    return face_mesh(face)


def test_grid_covers_what_is_painted_and_little_else() -> None:
    sheet = Sheet(100.0, 50.0, 200.0, 100.0, 0.5)
    alpha = np.zeros(sheet.shape, np.float32)
    alpha[5:15, 60:90] = 1.0

    mesh = grid_mesh(sheet, alpha, 20.0)

    assert mesh.vertices[:, 0].min() <= 100.0 + 60 / 0.5
    assert mesh.vertices[:, 0].max() >= 100.0 + 90 / 0.5
    assert 200.0 < mesh.vertices[:, 0].mean() < 300.0
    assert mesh.uv.min() >= 0.0
    assert mesh.uv.max() <= 1.0
    assert (signed_areas(mesh.vertices, mesh.triangles) > 0.0).all()


def test_every_triangle_has_an_area_and_turns_the_same_way(mesh: FaceMesh) -> None:
    assert (signed_areas(mesh.vertices, mesh.triangles) > 0.0).all()
    assert 1000 < len(mesh.vertices) < 2600


def test_mesh_covers_the_face_but_for_mouth_and_eyes(face: Anatomy, mesh: FaceMesh) -> None:
    covered = np.zeros((1024, 1024), np.uint8)
    for triangle in mesh.triangles:
        cv2.fillConvexPoly(covered, np.round(mesh.vertices[triangle]).astype(np.int32), 1)
    rings = [np.vstack([face.inner_upper, face.inner_lower[::-1]])]
    rings += [np.vstack([eye.upper, eye.lower[::-1]]) for eye in face.eyes.values()]
    hole = np.zeros_like(covered)
    for ring in rings:
        cv2.fillPoly(hole, [np.round(ring).astype(np.int32)], 1)
    inside = cv2.erode(hole, np.ones((9, 9), np.uint8)) > 0
    assert inside.sum() > 200
    assert not covered[inside].any()
    domain = np.zeros_like(covered)
    cv2.fillPoly(domain, [np.round(face_domain(face)).astype(np.int32)], 1)
    outside_holes = (cv2.erode(domain, np.ones((7, 7), np.uint8)) > 0) & (
        cv2.dilate(hole, np.ones((5, 5), np.uint8)) == 0
    )
    assert covered[outside_holes].mean() > 0.999


def test_lips_share_their_corners_only(mesh: FaceMesh) -> None:
    upper, lower = mesh.curves["innerUpper"], mesh.curves["innerLower"]

    assert len(upper) == len(lower)
    assert upper[[0, -1]].tolist() == lower[[0, -1]].tolist()
    assert not set(upper[1:-1].tolist()) & set(lower[1:-1].tolist())
    for triangle in mesh.triangles:
        corners = set(triangle.tolist())
        assert not (corners & set(upper[1:-1].tolist()) and corners & set(lower[1:-1].tolist()))


def test_closed_lips_are_cut_although_they_touch() -> None:
    found = drawn_face()
    face = anatomy(found, place(found))
    line = 0.5 * (face.inner_upper + face.inner_lower)
    mesh = face_mesh(replace(face, inner_upper=line, inner_lower=line.copy()))

    upper, lower = mesh.curves["innerUpper"], mesh.curves["innerLower"]
    np.testing.assert_allclose(mesh.vertices[upper], mesh.vertices[lower], atol=1e-3)
    assert not mesh.lower[upper[1:-1]].any()
    assert mesh.lower[lower[1:-1]].all()
    owners: dict[int, set[tuple[int, ...]]] = {int(i): set() for i in (*upper[1:-1], *lower[1:-1])}
    for triangle in mesh.triangles.tolist():
        for vertex in triangle:
            if vertex in owners:
                owners[vertex].add(tuple(triangle))
    assert all(owners.values())
    assert (signed_areas(mesh.vertices, mesh.triangles) > 0.0).all()


def test_lid_rims_are_cut_from_the_skin_above_them(mesh: FaceMesh) -> None:
    rim, skin = mesh.twins.T

    np.testing.assert_array_equal(mesh.vertices[rim], mesh.vertices[skin])
    for _, word in SIDES:
        band = set(mesh.curves[f"lash{word}"].tolist()) | set(
            mesh.curves[f"lidUpper{word}"].tolist()
        )
        inner = set(mesh.curves[f"lash{word}"][1:-1].tolist())
        touching = [set(t) for t in mesh.triangles.tolist() if inner & set(t)]
        assert all(corners <= band for corners in touching)


def test_same_face_gives_the_same_mesh(face: Anatomy, mesh: FaceMesh) -> None:
    again = face_mesh(face)

    np.testing.assert_array_equal(again.vertices, mesh.vertices)
    np.testing.assert_array_equal(again.triangles, mesh.triangles)


def test_filling_keeps_what_is_known_and_continues_a_plain_colour() -> None:
    rng = np.random.default_rng(3)
    image = rng.random((60, 90, 3), np.float32)
    known = np.zeros((60, 90), np.float32)
    known[20:30, 10:70] = 1.0

    out = fill_smoothly(image, known)
    plain = fill_smoothly(np.full_like(image, 0.3), known)

    np.testing.assert_allclose(out[known > 0], image[known > 0], atol=1e-6)
    np.testing.assert_allclose(plain, 0.3, atol=1e-5)
    assert out.min() >= 0.0
    assert out.max() <= 1.0
