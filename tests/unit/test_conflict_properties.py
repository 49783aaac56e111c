"""Which capsule wins where several move one target: properties of the rules."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsules.model import BlendMode, Layer
from engine.motion.conflicts import Mixer, claim
from engine.motion.plans import plan, target_index
from engine.motion.plays import Play
from tests.unit.bodies import capsule
from tests.unit.thorough import thorough

INDEX = target_index()


@dataclass(frozen=True)
class Claimant:
    """One capsule at full attack on one target."""

    priority: int
    batch: int
    mode: BlendMode
    layer: Layer
    value: float
    weight: float


claimants = st.lists(
    st.builds(
        Claimant,
        st.integers(0, 10),
        st.integers(1, 4),
        st.sampled_from(list(BlendMode)),
        st.sampled_from([Layer.FACE, Layer.HAND, Layer.BODY]),
        st.floats(-2.0, 2.0).map(lambda value: round(value, 3)),
        st.floats(0.05, 1.0),
    ),
    min_size=1,
    max_size=6,
)
_CIDS = {Layer.FACE: "VF_X", Layer.HAND: "HF_X", Layer.BODY: "BK_X"}
_MODES = (BlendMode.ADDITIVE, BlendMode.MULTIPLY, BlendMode.OVERRIDE)
_LAYERS = list(Layer)


def play_of(one: Claimant) -> Play:
    curve = [(0, one.value)]
    made = capsule(
        _CIDS[one.layer], {"headYaw": curve}, priority=one.priority, blend_mode=one.mode, hold=True
    )
    return Play(plan(made), made.cid, one.batch, one.weight)


def laid(found: Sequence[Claimant]) -> float:
    mixer = Mixer()
    mixer.begin()
    for play in sorted((play_of(item) for item in found), key=claim):
        mixer.lay(play, play.plan.tracks, 0.0, play.goal, 1.0)
    mixer.settle()
    return mixer.values[INDEX["headYaw"]]


def expected(found: Sequence[Claimant]) -> float:
    """The rules once more, said plainly: the weakest claim first, each over what is there."""

    def rank(one: Claimant) -> tuple[int, int, int, int]:
        return one.priority, one.batch, _MODES.index(one.mode), -_LAYERS.index(one.layer)

    def clamp(value: float) -> float:
        return max(-1.0, min(1.0, value))

    value = 0.0
    ranked = sorted(found, key=rank)
    for _, group in itertools.groupby(ranked, key=lambda one: (one.priority, one.batch)):
        members = list(group)
        for one in members:
            if one.mode is BlendMode.ADDITIVE:
                value = clamp(value + one.weight * one.value)
            elif one.mode is BlendMode.MULTIPLY:
                value = clamp(value * (1.0 + one.weight * (one.value - 1.0)))
        over = [one for one in members if one.mode is BlendMode.OVERRIDE]
        if over:
            total = sum(one.weight for one in over)
            mean = sum(one.weight * clamp(one.value) for one in over) / total
            value += min(1.0, total) * (mean - value)
    return value


@thorough
@given(claimants)
def test_conflicts_are_settled_by_priority_then_age_then_mode_then_layer(
    found: list[Claimant],
) -> None:
    assert laid(found) == pytest.approx(expected(found), abs=1e-9)
    assert -1.0 <= laid(found) <= 1.0


@thorough
@given(claimants, st.floats(-1.0, 1.0))
def test_a_full_override_of_the_strongest_claim_decides(
    found: list[Claimant], value: float
) -> None:
    winner = Claimant(10, 5, BlendMode.OVERRIDE, Layer.BODY, round(value, 3), 1.0)
    assert laid([winner, *found]) == pytest.approx(winner.value)


@thorough
@given(claimants)
def test_the_order_in_which_capsules_come_does_not_matter(found: list[Claimant]) -> None:
    claims = {(one.priority, one.batch, one.mode, one.layer): one for one in found}
    found = list(claims.values())
    assert laid(found) == pytest.approx(laid(found[::-1]), abs=1e-9)
