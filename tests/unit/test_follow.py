import pytest

from engine.motion.follow import FollowThrough
from engine.motion.plans import target_index, target_table

INDEX = target_index()


def followed(one: FollowThrough, now_ms: float, **at: float) -> dict[str, float]:
    values = [0.0] * len(target_table())
    for name, value in at.items():
        values[INDEX[f"handRight.{name}"]] = value
    one.add(now_ms, values)
    return {name: values[place] for name, place in INDEX.items()}


def test_fingers_close_while_the_hand_rises_and_open_when_it_stays() -> None:
    one = FollowThrough()
    assert followed(one, 0.0)["handRightPinkyCurl"] == 0.0
    rising = followed(one, 33.0, y=-120.0)
    assert rising["handRightPinkyCurl"] > rising["handRightThumbCurl"] > 0.0
    assert rising["handRightMiddleSpread"] < 0.0
    assert rising["handLeftPinkyCurl"] == 0.0
    assert followed(one, 1000.0, y=-120.0)["handRightPinkyCurl"] < 0.001


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_hand_turns_against_the_way_it_swings(side: float) -> None:
    one = FollowThrough()
    followed(one, 0.0)
    assert followed(one, 33.0, x=80.0 * side)["handRight.rotate"] * side < 0.0


def test_session_begins_settled() -> None:
    assert followed(FollowThrough(), 0.0, y=-300.0)["handRightPinkyCurl"] == 0.0
