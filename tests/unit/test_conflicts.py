import itertools

import pytest

from capsules.model import BlendMode, Layer
from engine.motion.conflicts import Mixer, claim
from engine.motion.plans import plan, target_index
from engine.motion.plays import Play
from tests.unit.bodies import capsule

JAW = target_index()["jawOpen"]
YAW = target_index()["headYaw"]
ZOOM = target_index()["camera.zoom"]


def play(
    value: float,
    mode: BlendMode = BlendMode.ADDITIVE,
    *,
    priority: int = 5,
    order: int = 1,
    cid: str = "VF_A",
    target: str = "jawOpen",
) -> Play:
    item = capsule(cid, {target: [(0, value)]}, blend_mode=mode, priority=priority)
    found = Play(plan(item), cid, order, 1.0)
    found.order = order
    return found


def mixed(*plays: Play, weights: tuple[float, ...] = (), index: int = JAW) -> float:
    mixer = Mixer()
    mixer.begin()
    chosen = weights or (1.0,) * len(plays)
    pairs = sorted(zip(plays, chosen, strict=True), key=lambda pair: claim(pair[0]))
    for item, weight in pairs:
        mixer.lay(item, item.plan.tracks, 0.0, weight, 1.0)
    mixer.settle()
    return mixer.values[index]


def test_additive_adds() -> None:
    assert mixed(play(0.3), play(0.2)) == pytest.approx(0.5)


def test_additive_is_clamped_to_the_range() -> None:
    assert mixed(play(0.8), play(0.7)) == 1.0
    assert mixed(play(-0.9, target="headYaw"), play(-0.9, target="headYaw"), index=YAW) == -1.0


def test_multiply_scales_what_lies_under_it() -> None:
    assert mixed(play(0.6), play(0.5, BlendMode.MULTIPLY)) == pytest.approx(0.3)


def test_half_weight_multiply_scales_half_way() -> None:
    found = mixed(play(0.6), play(0.5, BlendMode.MULTIPLY), weights=(1.0, 0.5))
    assert found == pytest.approx(0.45)


def test_multiply_scales_from_the_rest_value() -> None:
    zoom = play(1.5, BlendMode.MULTIPLY, cid="CS_A", target="camera.zoom")
    assert mixed(zoom, index=ZOOM) == pytest.approx(1.5)


def test_override_replaces_in_proportion_to_its_weight() -> None:
    under, over = play(0.8), play(0.2, BlendMode.OVERRIDE)
    assert mixed(under, over) == pytest.approx(0.2)
    assert mixed(under, over, weights=(1.0, 0.25)) == pytest.approx(0.65)


def test_overrides_of_one_claim_share_by_weight() -> None:
    one, other = play(1.0, BlendMode.OVERRIDE), play(0.0, BlendMode.OVERRIDE)
    assert mixed(one, other, weights=(0.6, 0.4)) == pytest.approx(0.6)
    assert mixed(other, one, weights=(0.4, 0.6)) == pytest.approx(0.6)


def test_priority_beats_newness() -> None:
    old_strong = play(0.1, BlendMode.OVERRIDE, priority=8, order=1)
    new_weak = play(0.9, BlendMode.OVERRIDE, priority=2, order=9)
    assert mixed(old_strong, new_weak) == pytest.approx(0.1)


def test_newer_beats_older_of_equal_priority() -> None:
    old, new = (
        play(value, BlendMode.OVERRIDE, order=order) for value, order in ((0.1, 1), (0.9, 2))
    )
    assert mixed(new, old) == pytest.approx(0.9)


def test_newness_beats_blend_mode() -> None:
    old_override, new_additive = play(0.3, BlendMode.OVERRIDE, order=1), play(0.2, order=2)
    assert mixed(old_override, new_additive) == pytest.approx(0.5)


def test_blend_mode_decides_between_equals() -> None:
    assert mixed(play(0.3, BlendMode.OVERRIDE), play(0.4)) == pytest.approx(0.3)
    assert mixed(play(0.5, BlendMode.MULTIPLY), play(0.4)) == pytest.approx(0.2)


def test_face_has_more_authority_than_every_other_layer() -> None:
    face = play(0.0)
    hand = play(0.0, cid="HF_A")
    assert claim(face)[:3] == claim(hand)[:3]
    ranked = sorted([face, hand], key=claim)
    assert [item.plan.layer for item in ranked] == [Layer.HAND, Layer.FACE]


@pytest.mark.parametrize("mode", list(BlendMode))
def test_result_is_continuous_in_the_weight(mode: BlendMode) -> None:
    under, over = play(0.7), play(0.4, mode, order=2)
    steps = [mixed(under, over, weights=(1.0, step / 200.0)) for step in range(201)]
    assert max(abs(b - a) for a, b in itertools.pairwise(steps)) < 0.005
    assert steps[0] == pytest.approx(0.7)
