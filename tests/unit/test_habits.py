"""Ways of one's own: what a bearing makes of manners, and how it reaches the body."""

from dataclasses import replace

import pytest

from capsules.library import load_library
from capsules.model import Layer
from capsules.targets import TargetKind, targets
from compositor.drawlist import FrameSize
from engine.body import Body, BodyOptions
from engine.clock import NS_PER_MS
from engine.motion.habits import NO_HABITS, Habits, habits_of, joined
from engine.motion.idle import Idle
from engine.motion.manners import MANNERS
from engine.motion.plans import target_index, target_table
from engine.packet import Attention, BlendEntry, IdPacket

INDEX = target_index()
IDLE = MANNERS[Attention.IDLE]
BEARINGS = ("VF_WARM", "VF_COMPOSED", "VF_WARY")


def of(cid: str) -> Habits:
    found = habits_of(load_library().capsules[cid].params)
    assert found is not None
    return found


def test_one_doubles_and_minus_one_halves() -> None:
    manner = Habits(gaze=1.0, blinks=1.0, sway=-1.0, moves=-1.0).of(IDLE)
    assert manner.at_viewer_ms == 2.0 * IDLE.at_viewer_ms
    assert manner.away_ms == 0.5 * IDLE.away_ms
    assert manner.blink_ms == 0.5 * IDLE.blink_ms
    assert manner.sway == 0.5 * IDLE.sway
    assert manner.shift_ms == 2.0 * IDLE.shift_ms
    assert manner.move_ms == 2.0 * IDLE.move_ms


def test_without_habits_one_behaves_as_one_does() -> None:
    assert NO_HABITS.of(IDLE) is IDLE


def test_favoured_moves_come_more_often() -> None:
    manner = Habits(favours=(("smile", 2.0), ("tilt", -1.0))).of(IDLE)
    shares = {move.name: share for move, share in IDLE.moves}
    for move, share in manner.moves:
        factor = {"smile": 4.0, "tilt": 0.5}.get(move.name, 1.0)
        assert share == pytest.approx(factor * shares[move.name])


@pytest.mark.parametrize(
    "params",
    [{}, {"habits": 3}, {"habits": None}, {"max_rotation_deg": 0.5}],
)
def test_capsules_without_habits_have_none(params: dict[str, object]) -> None:
    assert habits_of(params) is None


def test_what_is_out_of_bounds_or_no_number_is_bounded() -> None:
    told = {"habits": {"gaze": 9, "sway": -9, "moves": "often", "favours": {"nod": 99}}}
    assert habits_of(told) == Habits(gaze=1.5, sway=-1.5, favours=(("nod", 6.0),))


def test_habits_join_by_weight_in_steps() -> None:
    one, other = Habits(gaze=0.8, favours=(("nod", 2.0),)), Habits(gaze=-0.4, blinks=0.4)
    assert joined([]) == NO_HABITS
    assert joined([(one, 0.5), (other, 0.5)]) == Habits(
        gaze=0.25, blinks=0.25, favours=(("nod", 1.0),)
    )
    assert joined([(one, 1.0)]) == joined([(one, 0.98)])  # a little less changes nothing


def test_the_bearings_of_the_three_differ_in_what_they_do() -> None:
    warm, composed, wary = (of(cid).of(IDLE) for cid in BEARINGS)
    assert wary.at_viewer_ms < IDLE.at_viewer_ms < warm.at_viewer_ms < composed.at_viewer_ms
    assert warm.blink_ms < wary.blink_ms < composed.blink_ms
    assert composed.sway < wary.sway < warm.sway
    assert warm.move_ms < wary.move_ms < composed.move_ms
    for manner, names in ((warm, {"smile"}), (wary, {"brow", "corner", "squint"})):
        favourite = max(manner.moves, key=lambda item: item[1])[0].name
        assert favourite in names


def test_a_held_bearing_is_lived_by_and_left() -> None:
    """The body reads habits from what is held: eyes of the wary are elsewhere more often."""

    def aside(cid: str | None) -> float:
        bases = frozenset(name for name, item in targets().items() if item.kind is TargetKind.BASIS)
        body = Body(load_library(), BodyOptions("mira", FrameSize(64, 64), 5, has_basis=bases))
        if cid is not None:
            blend = BlendEntry(cid, 1.0, Layer.FACE)
            body.apply(IdPacket(1, "s", 0, blends=(blend,)), 0)
        count = 0
        for step in range(1, 1200):
            shown = dict(body.frame(step * 100 * NS_PER_MS).weights)
            count += max(shown.get(name, 0.0) for name in shown if name.startswith("eyeLook")) > 0.2
        return count / 1200.0

    plain = aside(None)
    assert aside("VF_COMPOSED") < plain < aside("VF_WARY")


def test_numbers_beyond_every_float_are_limited() -> None:
    habits = habits_of({"habits": {"gaze": 10**400, "sway": -(10**400)}})
    assert habits is not None
    assert (habits.gaze, habits.sway) == (1.5, -1.5)


def test_adopting_the_same_habits_again_changes_nothing() -> None:
    once, often = Idle(4), Idle(4)
    habits = of("VF_WARM")
    once.adopt(habits, 0.0)
    free = [0.0] * len(target_table())
    for step in range(600):
        now_ms = step * 50.0
        often.adopt(replace(habits), now_ms)
        values = [[0.0] * len(free) for _ in range(2)]
        once.add(now_ms, values[0], free)
        often.add(now_ms, values[1], free)
        assert values[0] == values[1]
