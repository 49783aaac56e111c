import numpy as np
import pytest

from engine.offline.mouths import Mouths
from engine.offline.unknowns import Unknowns

UNKNOWNS = Unknowns(("jawOpen", "mouthPucker", "browInnerUp"))
SHAPES: tuple[dict[str, float], ...] = (
    {"jawOpen": 0.5},
    {"jawOpen": 0.1, "mouthPucker": 1.0},
    {},
    {"tongueOut": 1.0},  # which this face has not
)


def test_every_start_is_the_same_face_with_another_mouth() -> None:
    frowning = UNKNOWNS.vector({"jawOpen": 0.9, "browInnerUp": 0.7})
    starts = [UNKNOWNS.weights(one) for one in Mouths(UNKNOWNS, SHAPES).starts(frowning)]
    assert len(starts) == 4  # two shapes, more and less of each
    assert all(one["browInnerUp"] == 0.7 for one in starts)
    assert starts[1]["jawOpen"] == pytest.approx(2.0 * starts[0]["jawOpen"])
    assert "mouthPucker" not in starts[0]
    assert starts[3]["mouthPucker"] == pytest.approx(10.0 * starts[3]["jawOpen"])


def test_without_shapes_there_is_nowhere_else_to_begin() -> None:
    assert Mouths(UNKNOWNS, ()).starts(np.zeros(3)) == []
    assert Mouths(UNKNOWNS, [{"tongueOut": 1.0}]).starts(np.zeros(3)) == []
