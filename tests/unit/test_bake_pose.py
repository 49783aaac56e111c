import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from capsules.bake.pose import STABLE_POINTS, head_pose, head_rotation
from tests.unit.faces import landmarks


def turned(yaw: float, pitch: float, roll: float) -> NDArray[np.float32]:
    # Right-handed turns about x (right), y (down) and z (away): up and to the person's left are
    # negative ones.
    rotation = Rotation.from_euler("xyz", (-pitch, -yaw, roll), degrees=True)
    matrix = np.asarray(rotation.as_matrix(), np.float32)
    return landmarks(300.0) @ matrix.T


@pytest.mark.parametrize("yaw", [-30.0, 0.0, 20.0])
@pytest.mark.parametrize("pitch", [-25.0, 0.0, 10.0])
@pytest.mark.parametrize("roll", [-60.0, 0.0, 15.0])
def test_turns_of_a_head_are_found(yaw: float, pitch: float, roll: float) -> None:
    assert head_pose(turned(yaw, pitch, roll)) == pytest.approx((yaw, pitch, roll), abs=0.01)


def test_place_and_size_do_not_matter() -> None:
    moved = turned(12.0, -7.0, 3.0) * np.float32(4.2) + np.array((900.0, 40.0, -7.0), np.float32)
    assert head_pose(moved) == pytest.approx((12.0, -7.0, 3.0), abs=0.01)


def test_a_head_turned_to_its_left_shows_more_of_its_right_side() -> None:
    points = turned(25.0, 0.0, 0.0)
    nose, right_edge, left_edge = points[5, 0], points[234, 0], points[454, 0]
    assert nose - right_edge > left_edge - nose


def test_a_raised_head_has_its_nose_above_its_temples() -> None:
    level, raised = turned(0.0, 0.0, 0.0), turned(0.0, 20.0, 0.0)
    assert raised[5, 1] - raised[127, 1] < level[5, 1] - level[127, 1]


def test_noise_of_a_percent_costs_less_than_a_degree() -> None:
    points = turned(15.0, 10.0, 5.0)
    noise = np.random.default_rng(1).normal(0.0, 3.0, points.shape)
    assert head_pose((points + noise).astype(np.float32)) == pytest.approx((15, 10, 5), abs=1.0)


def test_mouth_and_jaw_do_not_turn_the_head() -> None:
    points = turned(5.0, 5.0, 0.0)
    free = sorted(set(range(468)) - set(STABLE_POINTS))
    points[free] += 80.0
    assert head_pose(points) == pytest.approx((5.0, 5.0, 0.0), abs=0.01)


def test_the_rotation_is_proper_even_for_a_mirrored_face() -> None:
    points = turned(10.0, 0.0, 0.0)
    points[:, 0] *= -1.0
    assert np.linalg.det(head_rotation(points)) == pytest.approx(1.0)
