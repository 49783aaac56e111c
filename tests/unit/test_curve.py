import json
from pathlib import Path

import pytest

from capsules.curve import Curve
from capsules.errors import LibraryError
from capsules.library import load_library
from capsules.model import Capsule, Layer, Track

POINTS = [(0, 0.0), (120, 0.45), (200, -1.5)]


def test_curve_gives_its_points_back_as_they_came() -> None:
    curve = Curve(POINTS)
    assert list(curve) == POINTS
    assert [type(time) for time, _ in curve] == [int] * 3
    assert (len(curve), curve[1], curve[-1]) == (3, POINTS[1], POINTS[2])
    assert curve[1:] == POINTS[1:]
    with pytest.raises(IndexError):
        curve[3]


def test_curve_equals_sequences_of_the_same_points_alone() -> None:
    assert Curve(POINTS) == Curve(tuple(POINTS)) == POINTS
    assert Curve(POINTS) != POINTS[:2]
    assert Curve(POINTS) != 7
    assert len({Curve(POINTS), Curve(POINTS), Curve(POINTS[1:])}) == 2


def test_track_keeps_its_curve_packed_and_writes_it_as_a_list() -> None:
    capsule = Capsule(
        cid="VF_A",
        layer=Layer.FACE,
        description="a curve",
        duration_ms=200,
        tracks=(Track(target="jawOpen", curve=POINTS),),
    )
    assert isinstance(capsule.tracks[0].curve, Curve)
    written = json.loads(capsule.model_dump_json())["tracks"][0]
    assert written == {"target": "jawOpen", "curve": [[0, 0.0], [120, 0.45], [200, -1.5]]}
    assert Capsule.model_validate_json(capsule.model_dump_json()) == capsule


@pytest.mark.parametrize(
    ("curve", "said"),
    [
        ("[[0, 0.0], [90.5, 0.1]]", "curve[1][0]"),
        ("[[0, 0.0], [1, true, 3]]", "curve[1]"),
        ("[[0, 0.0], [1, 1e999]]", "curve[1][1]"),
        (f"[[0, 0.0], [{10**400}, 0.1]]", "64-bit float"),
        ("[]", "curve"),
        ("{}", "curve"),
    ],
)
def test_file_with_a_bad_curve_says_where(tmp_path: Path, curve: str, said: str) -> None:
    head = '{"cid": "VF_A", "layer": "face", "description": "bad", "duration_ms": 200, "tracks"'
    track = f'{{"target": "jawOpen", "curve": {curve}}}'
    (tmp_path / "bad.json").write_text(f'{{"capsules": [{head}: [{track}]}}]}}')
    with pytest.raises(LibraryError, match="VF_A") as raised:
        load_library(tmp_path)
    assert said in str(raised.value)
