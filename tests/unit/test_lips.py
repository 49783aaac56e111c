import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsules.arkit import VISEMES
from engine.motion.lips import MOUTH_TARGETS, Lips
from engine.motion.plans import target_index, target_table
from tests.unit.bodies import VISEME_WEIGHTS, speech

REST = [item.rest for item in target_table()]


def lips(offset_ms: float = 0.0) -> Lips:
    return Lips(VISEME_WEIGHTS, offset_ms)


def at(one: Lips, time_ms: float, name: str, **feelings: float) -> float:
    values = list(REST)
    for target, amount in feelings.items():
        values[target_index()[target]] = amount
    return one.blend(time_ms, values)[one.targets.index(target_index()[name])]


def test_mouth_takes_the_shape_of_the_viseme_in_its_middle() -> None:
    one = lips()
    one.begin(speech(("aa", 200), ("ou", 200), ("sil", 200)), 1000.0, 0.0)
    assert at(one, 1100.0, "jawOpen") == pytest.approx(0.7)
    assert at(one, 1300.0, "mouthPucker") == pytest.approx(0.8)
    assert at(one, 1500.0, "jawOpen") == 0.0


def test_neighbours_meet_half_way_at_their_boundary() -> None:
    one = lips()
    one.begin(speech(("aa", 200), ("ou", 200)), 1000.0, 0.0)
    assert at(one, 1200.0, "jawOpen") == pytest.approx(0.45)
    assert at(one, 1200.0, "mouthPucker") == pytest.approx(0.4)


def test_blend_is_60_ms_wide() -> None:
    one = lips()
    one.begin(speech(("aa", 200), ("ou", 200)), 1000.0, 0.0)
    assert at(one, 1169.0, "mouthPucker") == 0.0
    assert at(one, 1175.0, "mouthPucker") > 0.0
    assert at(one, 1231.0, "mouthPucker") == pytest.approx(0.8)


def test_short_closure_still_closes_the_lips() -> None:
    one = lips()
    one.begin(speech(("aa", 100), ("PP", 40), ("aa", 100)), 1000.0, 0.0)
    assert at(one, 1120.0, "jawOpen") < 0.05
    assert at(one, 1120.0, "mouthPressLeft") > 0.37


def test_jaw_is_slower_than_the_lips() -> None:
    one = lips()
    one.begin(speech(("ou", 300), ("aa", 80), ("ou", 300)), 1000.0, 0.0)
    assert at(one, 1340.0, "mouthPucker") == pytest.approx(0.0)
    assert 0.3 < at(one, 1340.0, "jawOpen") < 0.65


def test_mouth_that_frowns_does_not_smile_for_its_vowels() -> None:
    one = Lips({"ih": {"mouthSmileLeft": 0.5}})
    one.begin(speech(("ih", 400)), 1000.0, 0.0)
    assert at(one, 1200.0, "mouthSmileLeft") == pytest.approx(0.5)
    assert at(one, 1200.0, "mouthSmileLeft", mouthFrownLeft=0.8) == 0.0
    assert at(one, 1200.0, "mouthFrownLeft", mouthFrownLeft=0.8) == pytest.approx(0.6)


def test_mouth_that_smiles_bares_less_of_its_teeth() -> None:
    one = Lips({"DD": {"mouthUpperUpLeft": 0.4}})
    one.begin(speech(("DD", 400)), 1000.0, 0.0)
    plain = at(one, 1200.0, "mouthUpperUpLeft")
    smiling = at(one, 1200.0, "mouthUpperUpLeft", mouthSmileLeft=1.0, mouthSmileRight=1.0)
    assert plain == pytest.approx(0.4)
    assert smiling == pytest.approx(0.22)


def test_feelings_part_the_lips_clearly_or_not_at_all() -> None:
    assert at(lips(), 0.0, "jawOpen", jawOpen=0.02) == 0.0
    assert at(lips(), 0.0, "jawOpen", jawOpen=0.2) == 0.2


def test_offset_moves_the_lips_later_than_the_sound() -> None:
    early, late = lips(), lips(offset_ms=40.0)
    for one in (early, late):
        one.begin(speech(("aa", 100), ("ou", 100)), 1000.0, 0.0)
    for time in (990.0, 1050.0, 1090.0):
        assert at(late, time + 40.0, "jawOpen") == pytest.approx(at(early, time, "jawOpen"))


def test_sentences_placed_ahead_follow_each_other() -> None:
    one = lips()
    one.begin(speech(("aa", 300)), 1000.0, 0.0)
    one.begin(speech(("ou", 300)), 1800.0, 0.0)
    assert at(one, 1150.0, "jawOpen") == pytest.approx(0.7)
    assert at(one, 1600.0, "jawOpen") == 0.0
    assert at(one, 1950.0, "mouthPucker") == pytest.approx(0.8)


def test_smile_stays_at_half_while_speaking_and_returns() -> None:
    one = lips()
    one.begin(speech(("aa", 500)), 1000.0, 0.0)
    assert at(one, 0.0, "mouthSmileLeft", mouthSmileLeft=0.8) == 0.8
    assert at(one, 1250.0, "mouthSmileLeft", mouthSmileLeft=0.8) == pytest.approx(0.4)
    assert at(one, 2000.0, "mouthSmileLeft", mouthSmileLeft=0.8) == 0.8


@pytest.mark.parametrize("name", ["mouthClose", "mouthPressLeft", "mouthPucker", "jawOpen"])
def test_feelings_do_not_hold_the_mouth_while_speaking(name: str) -> None:
    one = lips()
    one.begin(speech(("sil", 500)), 1000.0, 0.0)
    assert at(one, 1250.0, name, **{name: 0.7}) == pytest.approx(0.0)


def test_cut_closes_the_mouth_within_70_ms() -> None:
    one = lips()
    one.begin(speech(("aa", 2000)), 1000.0, 0.0)
    one.cut(1500.0)
    assert at(one, 1500.0, "jawOpen") == pytest.approx(0.7)
    assert 0.0 < at(one, 1540.0, "jawOpen") < 0.7
    assert at(one, 1571.0, "jawOpen") == 0.0
    assert at(one, 2500.0, "jawOpen") == 0.0


def test_cut_before_the_sound_forgets_it() -> None:
    one = lips()
    one.begin(speech(("aa", 500)), 1000.0, 0.0)
    one.cut(500.0)
    assert [at(one, float(time), "jawOpen") for time in range(900, 1600, 50)] == [0.0] * 14


def test_new_speech_after_a_cut_is_spoken() -> None:
    one = lips()
    one.begin(speech(("aa", 2000)), 1000.0, 0.0)
    one.cut(1500.0)
    one.begin(speech(("ou", 400)), 1600.0, 0.0)
    assert at(one, 1800.0, "mouthPucker") == pytest.approx(0.8)


def test_memory_of_long_speech_stays_bounded() -> None:
    one = lips()
    for turn in range(200):
        one.begin(speech(*[("aa", 50), ("PP", 50)] * 10), turn * 1000.0, 0.0)
        at(one, turn * 1000.0 + 900.0, "jawOpen")
    assert len(one._timeline.starts) < 200
    assert len(one._timeline.spans) < 5


@given(
    st.lists(st.tuples(st.sampled_from(VISEMES), st.integers(5, 250)), min_size=1, max_size=12),
    st.integers(0, 400),
)
def test_lips_never_jump(shapes: list[tuple[str, float]], cut_after: int) -> None:
    one = lips()
    one.begin(speech(*shapes), 500.0, 0.0)
    before = one.blend(0.0, REST)
    for step in range(1, 400):
        time = 4.0 * step
        if time == 4.0 * (cut_after // 4):
            one.cut(time)
        found = one.blend(time, REST)
        assert max(abs(b - a) for a, b in zip(before, found, strict=True)) < 0.2
        before = found


def test_speech_long_over_is_forgotten_without_a_frame() -> None:
    one = lips()
    for number in range(1000):
        one.begin(speech(("aa", 200), ("ou", 200)), 1000.0 * number, 1000.0 * number)
    assert len(one._timeline.starts) < 100
    assert len(one._timeline.spans) < 10


def test_speech_moves_all_of_the_mouth() -> None:
    assert len(MOUTH_TARGETS) == 29
    assert {"jawOpen", "mouthPucker", "cheekPuff", "tongueOut"} <= set(MOUTH_TARGETS)
    assert not {"cheekSquintLeft", "browInnerUp"} & set(MOUTH_TARGETS)
