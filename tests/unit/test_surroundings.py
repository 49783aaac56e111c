from itertools import pairwise

import pytest

from compositor.light import PLAIN, Surroundings, from_surroundings
from engine.clock import NS_PER_MS
from engine.motion.surroundings import SurroundingLight
from tests.unit import bodies

MS = NS_PER_MS


def even(level: int, strength: float = 1.0) -> Surroundings:
    grey = (level, level, level)
    return Surroundings(grey, grey, grey, grey, strength)


def aim(level: int) -> float:
    return from_surroundings(even(level))[0]


def test_nothing_around_is_plain_light() -> None:
    light = SurroundingLight()
    assert light.at(0.0) == light.at(1000.0) == PLAIN


def test_a_change_takes_300_ms_and_then_stands_still() -> None:
    light = SurroundingLight()
    light.at(0.0)
    light.tell(even(0), 0.0)
    seen = [light.at(float(ms))[0] for ms in range(0, 1500, 33)]
    assert seen[0] == 1.0
    assert all(later <= earlier for earlier, later in pairwise(seen))
    assert max(earlier - later for earlier, later in pairwise(seen)) < 0.1
    done = [(1.0 - level) / (1.0 - aim(0)) for level in seen]
    assert 0.9 < done[300 // 33] < 1.0
    assert seen[-1] == aim(0)


def test_the_frame_rate_does_not_change_the_pace() -> None:
    levels = []
    for step in (10, 30, 150):
        light = SurroundingLight()
        light.tell(even(0), 0.0)
        for ms in range(0, 151, step):
            level = light.at(float(ms))[0]
        levels.append(level)
    assert levels == pytest.approx([levels[0]] * 3)


def test_of_those_that_come_too_soon_the_newest_counts() -> None:
    light = SurroundingLight()
    light.tell(even(0), 0.0)
    for ms in range(1, 90):
        light.tell(even(255 if ms < 89 else 128), float(ms))
        assert light._aim[0] == pytest.approx(aim(0))
    light.at(99.0)
    assert light._aim[0] == pytest.approx(aim(0))
    light.at(100.0)
    assert light._aim[0] == pytest.approx(aim(128))
    for ms in range(100, 2000, 33):
        shown = light.at(float(ms))
    assert shown[0] == pytest.approx(aim(128))


def test_body_shows_the_surroundings_and_goes_back_to_plain_light() -> None:
    body = bodies.body()
    before = body.frame(0).light
    warm = Surroundings((255, 120, 0), (0, 0, 0), (90, 60, 30), (10, 0, 0), 0.5)
    body.surround(warm, 10 * MS)
    lit = [body.frame(ms * MS).light for ms in range(10, 1200, 33)][-1]
    assert lit.sh == pytest.approx(from_surroundings(warm), abs=1e-3)
    assert lit.sh[9] < 0, "the left is the brighter side"
    body.surround(even(0, strength=0.0), 1300 * MS)
    after = [body.frame(ms * MS).light for ms in range(1300, 3000, 33)][-1]
    assert after == before
