import json
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsules.bake.errors import LandmarksError
from capsules.bake.landmark_file import complete_face, read_landmarks, write_landmarks
from capsules.bake.landmarks import EYE_CONTOURS
from capsules.bake.quality import eye_openings
from tests.unit.faces import face, landmarks


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    found = face()
    write_landmarks(tmp_path / "face.json", found)
    again = read_landmarks(tmp_path / "face.json", 800, 700)
    assert again.landmarks == pytest.approx(found.landmarks, abs=0.01)
    assert again.irises == pytest.approx(found.irises, abs=0.01)
    assert again.eye_contours == pytest.approx(found.eye_contours, abs=0.01)
    assert again.box == pytest.approx(found.box, abs=0.02)
    assert again.landmarks.dtype == np.float32


def test_landmarks_alone_will_do(tmp_path: Path) -> None:
    points = landmarks(400.0, 400.0, 300.0)
    path = written(tmp_path / "face.json", {"landmarks": points.tolist()})
    found = read_landmarks(path, 800, 700)
    assert (found.yaw_degrees, found.pitch_degrees) == pytest.approx((0.0, 0.0), abs=0.01)
    assert found.score == 1.0
    assert np.array_equal(found.eye_contours[1, 0], found.landmarks[263, :2])


def test_irises_of_the_usual_size_lie_amid_the_lids() -> None:
    points = landmarks(400.0, 400.0, 300.0)
    for contour, ends in zip(EYE_CONTOURS, ((33, 133), (263, 362)), strict=True):
        start, end = points[list(ends), :2]
        for place, point in enumerate(contour[:9]):
            points[point, :2] = start + (end - start) * place / 8 + (0, 8 * (place % 8 > 0))
        for place, point in enumerate(contour[9:16], 1):
            points[point, :2] = start + (end - start) * place / 8 - (0, 8)
    found = complete_face(points)
    for iris, (outer, inner) in zip(found.irises, ((33, 133), (263, 362)), strict=True):
        middle = (points[outer, :2] + points[inner, :2]) / 2
        width = math.dist(points[outer, :2], points[inner, :2])
        assert iris[0] == pytest.approx(middle, abs=1.0)
        assert iris[1, 0] > iris[0, 0] > iris[3, 0]
        assert math.dist(iris[1], iris[3]) == pytest.approx(0.39 * width, rel=0.01)
    assert min(eye_openings(found)) > 0.15


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "holds no object"),
        ({}, "has no landmarks"),
        ({"landmarks": [[1, 2, 3]]}, r"landmarks have the shape \(1, 3\); expected \(468, 3\)"),
        ({"landmarks": [["a", 1, 2]] * 468}, "landmarks are not numbers"),
        ({"landmarks": [[1, 2]] * 467 + [[1]]}, "landmarks are not numbers"),
        ({"landmarks": [[math.nan, 1, 2]] * 468}, "landmarks have the shape"),
        ({"landmarks": [[1e30, 1, 2]] * 468}, "landmarks have the shape"),
        ({"landmarks": [[5, 5, 5]] * 468}, "all in one place"),
        ({"landmarks": {"0": [1, 2, 3]}}, "landmarks are not numbers"),
    ],
)
def test_what_is_no_face_is_refused(content: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(LandmarksError, match=message):
        read_landmarks(written(tmp_path / "face.json", content), 800, 700)


def test_irises_of_another_shape_are_refused(tmp_path: Path) -> None:
    content = {"landmarks": landmarks(400.0, 400.0, 300.0).tolist(), "irises": [[1, 2]]}
    with pytest.raises(LandmarksError, match=r"irises have the shape \(1, 2\); expected \(2, 5, 2"):
        read_landmarks(written(tmp_path / "face.json", content), 800, 700)


def test_landmarks_of_another_photo_are_refused(tmp_path: Path) -> None:
    write_landmarks(tmp_path / "face.json", face(400.0, 2000.0, 1500.0))
    with pytest.raises(
        LandmarksError, match="0 of 468 landmarks are within the photo of 800 x 700"
    ):
        read_landmarks(tmp_path / "face.json", 800, 700)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(LandmarksError, match=r"gone\.json cannot be read: No such file"):
        read_landmarks(tmp_path / "gone.json", 800, 700)
    (tmp_path / "no.json").write_bytes(b"\xff{")
    with pytest.raises(LandmarksError, match=r"no\.json is not JSON"):
        read_landmarks(tmp_path / "no.json", 800, 700)
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(LandmarksError, match=r"deep\.json is not JSON"):
        read_landmarks(tmp_path / "deep.json", 800, 700)
    (tmp_path / "long.json").write_bytes(b" " * 1_000_001)
    with pytest.raises(LandmarksError, match="more than 1000000 bytes"):
        read_landmarks(tmp_path / "long.json", 800, 700)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(("landmarks", "irises", "eye_contours")), _JSON))
def test_no_content_crashes_anything(content: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.raises(LandmarksError):
        read_landmarks(written(Path(folder) / "face.json", content), 800, 700)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(LandmarksError, match=r"face\.json cannot be written: No such file"):
        write_landmarks(tmp_path / "nowhere" / "face.json", face())
