"""What landmarks are taken to mean."""

import numpy as np

from capsules.bake.found import FoundFace
from engine.offline.features import FEATURE_WEIGHTS, Observation
from engine.offline.response import Response
from engine.offline.unknowns import Unknowns

FEATURES = len(FEATURE_WEIGHTS) + 3


def response(unknowns: Unknowns) -> Response:
    """Each basis moves features of its own, the same number of them by the same amount."""
    slopes = np.zeros((len(unknowns), FEATURES))
    for number in range(len(unknowns)):
        slopes[number, 10 * number : 10 * number + 10] = 1.0
    face = FoundFace(
        landmarks=np.zeros((468, 3), np.float32),
        irises=np.zeros((2, 5, 2), np.float32),
        eye_contours=np.zeros((2, 71, 2), np.float32),
        yaw_degrees=0.0,
        pitch_degrees=0.0,
        roll_degrees=0.0,
        score=1.0,
        box=(0.0, 0.0, 1.0, 1.0),
    )
    return Response(unknowns, face, slopes)


def seen(slopes: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Observation:
    return Observation(slopes[:-3] / FEATURE_WEIGHTS, np.zeros(3))


def test_what_a_basis_does_to_landmarks_is_read_as_that_basis() -> None:
    made = response(Unknowns(("jawOpen", "mouthSmileLeft")))
    found, left = made.fit(seen(0.5 * made.slopes[0]), np.zeros(2))
    assert made.unknowns.weights(found).keys() == {"jawOpen"}
    assert abs(found[0] - 0.5) < 0.02
    assert left < 0.01


def test_landmarks_never_tell_of_the_tongue() -> None:
    made = response(Unknowns(("jawOpen", "tongueOut")))
    tongue = made.unknowns.names.index("tongueOut")
    found, _ = made.fit(seen(0.8 * made.slopes[tongue]), np.zeros(2))
    assert found[tongue] == 0.0
