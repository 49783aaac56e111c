import itertools
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from capsules.library import Library
from capsules.model import Capsule, Emotion, Expression, ExpressionItem, Layer, Track
from control_plane.brain.gestures import GESTURES, Situation
from control_plane.brain.palette import Palette, palette_of
from control_plane.brain.plan import Moment, Plan
from control_plane.brain.planner import MIN_WEIGHT, Planner
from control_plane.emotion.personality_file import personality_named
from engine.clock import NS_PER_S
from engine.packet import LeadLag, Mood

PERSON = replace(
    personality_named("friendly"),
    capsule_weights={},
    stance={},
    reactions={},
    pause_ms=130,
    gesture_rest_s=4.0,
)
TARGETS = {
    "VF": "mouthSmileLeft",
    "HF": "handLeft.x",
    "BK": "bodyLean",
    "VC": "voice.pitch_st",
    "LD": "light.temperature",
}
LAYERS = {
    "VF": Layer.FACE,
    "HF": Layer.HAND,
    "BK": Layer.BODY,
    "VC": Layer.VOICE,
    "LD": Layer.LIGHT,
}


def capsule(
    cid: str,
    vad: tuple[float, float, float] | None = None,
    *,
    hold: bool = False,
    context: tuple[str, ...] = (),
    revoked: bool = False,
    fallback_cid: str | None = None,
) -> Capsule:
    prefix = cid.split("_", maxsplit=1)[0]
    emotion = None
    if vad is not None:
        emotion = Emotion(valence=vad[0], arousal=vad[1], dominance=vad[2])
    return Capsule(
        cid=cid,
        layer=LAYERS[prefix],
        description="for a test",
        emotion=emotion,
        duration_ms=800,
        hold=hold,
        context=context,
        revoked=revoked,
        fallback_cid=fallback_cid,
        tracks=(Track(target=TARGETS[prefix], curve=[(0, 0.0), (100, 0.5)]),),
    )


CAPSULES = (
    capsule("VF_NEUTRAL", (0.0, 0.0, 0.0), hold=True),
    capsule("VF_JOY_LOW", (0.4, 0.1, 0.1), hold=True),
    capsule("VF_JOY_HIGH", (0.9, 0.7, 0.5), hold=True),
    capsule("VF_SAD", (-0.6, -0.3, -0.4), hold=True),
    capsule("VF_ANGER", (-0.6, 0.7, 0.5), hold=True),
    capsule("VF_CALM", (0.3, -0.5, 0.2), hold=True),
    capsule("VF_READING", hold=True, context=("reading",)),
    capsule("VF_NOD", context=("listening",)),
    capsule("VF_NOD_SLOW"),
    capsule("VF_BROW_FLASH"),
    capsule("VF_GONE", (0.89, 0.7, 0.5), revoked=True),
    capsule("HF_NEUTRAL", hold=True),
    capsule("HF_001", context=("typing",)),
    capsule("HF_002", (0.9, 0.7, 0.5)),
    capsule("HF_003", (0.8, 0.6, 0.4)),
    capsule("HF_004", context=("reading",), hold=True),
    capsule("HF_005", context=("listening",)),
    capsule("BK_NEUTRAL", hold=True),
    capsule("BK_LEAN_IN", (0.3, 0.35, 0.15), hold=True),
    capsule("VC_NEUTRAL", hold=True),
    capsule("VC_JOY", (0.8, 0.6, 0.4), hold=True),
    capsule("LD_NEUTRAL", hold=True),
    capsule("LD_WARM", hold=True),
)
DELIGHT = Expression(
    id="E_0001",
    name="delight",
    description="for a test",
    emotion=Emotion(valence=0.9, arousal=0.7, dominance=0.5),
    audio_first=True,
    items=(
        ExpressionItem(cid="VF_JOY_HIGH", weight=0.8, offset_ms=40),
        ExpressionItem(cid="HF_002", offset_ms=0),
        ExpressionItem(cid="LD_WARM"),
    ),
)


@pytest.fixture
def library() -> Library:
    return Library(CAPSULES, (DELIGHT,))


@pytest.fixture
def planner(library: Library) -> Planner:
    return Planner(library, PERSON, seed=1)


def weights(plan: Plan | None) -> dict[str, float]:
    assert plan is not None
    return {entry.cid: entry.weight for entry in plan.blends}


def test_nearest_faces_share_the_weight(library: Library) -> None:
    blend = Palette(library).blend(Layer.FACE, Mood(0.9, 0.7, 0.5))
    assert next(iter(blend)) == "VF_JOY_HIGH"
    assert blend["VF_JOY_HIGH"] > 0.95
    assert sum(blend.values()) == pytest.approx(1.0, abs=0.01)


def test_mixed_faces_are_shown_more_strongly_than_a_single_one() -> None:
    twins = [capsule(f"VF_{name}", (0.6, 0.6, 0.0), hold=True) for name in ("A", "B", "C")]
    target = Mood(0.6, 0.6, 0.0)
    one = sum(Palette(Library(twins[:1])).blend(Layer.FACE, target).values())
    three = sum(Palette(Library(twins)).blend(Layer.FACE, target).values())
    assert one == pytest.approx(1.0)
    assert three == pytest.approx(1.5, abs=0.01)


def test_mild_mood_is_shown_mildly(library: Library) -> None:
    palette = Palette(library)
    sums = [
        sum(palette.blend(Layer.FACE, Mood(0.4 * x, 0.1 * x, 0.1 * x)).values())
        for x in (0.1, 0.5, 1.0)
    ]
    assert sums == sorted(sums)
    assert sums[0] < 0.15
    assert sums[2] > 0.7


def test_faces_that_pull_the_other_way_are_left_out(library: Library) -> None:
    # Anger is the second nearest to high joy without dominance of its own.
    blend = Palette(library).blend(Layer.FACE, Mood(0.3, 0.7, 0.5), k=5)
    assert "VF_ANGER" not in blend
    assert "VF_SAD" not in blend


def test_layer_without_anything_apt_stays_still(library: Library) -> None:
    assert sum(Palette(library).blend(Layer.VOICE, Mood(-0.9, -0.5, -0.5)).values()) == 0.0


def test_palette_is_made_once_for_a_library(library: Library) -> None:
    assert palette_of(library) is palette_of(library)


@example((1.0, 1.0, -0.375), Situation.AWAY)  # no face is near, but a voice
@given(st.tuples(*[st.floats(-1, 1)] * 3), st.sampled_from(sorted(Situation)))
def test_every_reaction_has_usable_entries(
    vad: tuple[float, float, float], situation: Situation
) -> None:
    library = Library(CAPSULES, (DELIGHT,))
    plan = Planner(library, PERSON).react(Mood(*vad), situation, Moment(1, 0, speaking=True))
    assert plan.blends
    assert any(entry.layer in (Layer.FACE, Layer.HAND, Layer.BODY) for entry in plan.blends)
    for entry in plan.blends:
        found = library.capsule(entry.cid)
        assert entry.layer is found.layer
        assert MIN_WEIGHT <= entry.weight <= 1.0
        assert (entry.weight * 256).is_integer()


def test_repeated_plain_talk_is_not_met_with_the_same_nod(planner: Planner) -> None:
    nods = [
        planner.react(Mood(), Situation.TOLD, Moment(number, 0)).blends[0].cid
        for number in range(1, 20)
    ]
    assert set(nods) == {"VF_NOD", "VF_NOD_SLOW", "VF_BROW_FLASH"}
    assert all(a != b for a, b in itertools.pairwise(nods))


def test_context_gesture_overrides_the_felt_hands(planner: Planner) -> None:
    joy = Mood(0.9, 0.7, 0.5)
    told = weights(planner.react(joy, Situation.TOLD, Moment(1, 0)))
    assert told.keys() & {"HF_002", "HF_003"}
    typing = weights(planner.react(joy, Situation.TYPING, Moment(2, 0)))
    assert [cid for cid in typing if cid.startswith("HF")] == ["HF_001"]


def test_held_hand_is_released_by_the_next_gesture(planner: Planner) -> None:
    assert "HF_004" in weights(planner.react(Mood(), Situation.READING, Moment(1, 0)))
    after = weights(planner.react(Mood(), Situation.TYPING, Moment(2, 0)))
    assert after["HF_NEUTRAL"] == 1.0
    assert "HF_NEUTRAL" not in weights(planner.react(Mood(), Situation.TYPING, Moment(3, 0)))


def test_pose_stays_while_the_mood_drifts_and_ends_in_its_time(planner: Planner) -> None:
    joy = Mood(0.9, 0.7, 0.5)
    planner.react(joy, Situation.READING, Moment(1, 0))
    drifted = weights(planner.drift(Mood(0.6, 0.4, 0.3), NS_PER_S))
    assert "VF_READING" in drifted
    over_ns = int(GESTURES[Situation.READING].pose_s * NS_PER_S)
    ended = weights(planner.drift(Mood(0.6, 0.4, 0.3), over_ns))
    assert "VF_READING" not in ended


def test_small_move_changes_nothing(planner: Planner) -> None:
    planner.react(Mood(0.4, 0.1, 0.1), Situation.SET, Moment(1, 0))
    assert planner.drift(Mood(0.45, 0.15, 0.1), NS_PER_S) is None


def test_drifting_mood_moves_step_by_step_and_settles(planner: Planner) -> None:
    before = weights(planner.react(Mood(0.9, 0.7, 0.5), Situation.SET, Moment(1, 0)))
    target = Mood(-0.6, -0.3, -0.4)
    first = weights(planner.drift(target, NS_PER_S))
    assert 0.0 < first["VF_JOY_HIGH"] < before["VF_JOY_HIGH"]
    steps = 1
    last = first
    while (plan := planner.drift(target, NS_PER_S)) is not None:
        last, steps = weights(plan), steps + 1
        assert steps < 8
    assert "VF_JOY_HIGH" not in last
    assert last["VF_SAD"] > 0.7


def test_face_goes_back_to_neutral(planner: Planner) -> None:
    planner.react(Mood(0.9, 0.7, 0.5), Situation.SET, Moment(1, 0))
    plan = weights(planner.react(Mood(), Situation.SET, Moment(2, 0)))
    assert plan["VF_NEUTRAL"] == 1.0


def test_voice_comes_with_speech_only(planner: Planner) -> None:
    joy = Mood(0.8, 0.6, 0.4)
    assert "VC_JOY" not in weights(planner.react(joy, Situation.TOLD, Moment(1, 0)))
    speaking = Moment(2, 0, speaking=True)
    assert "VC_JOY" in weights(planner.react(joy, Situation.SPEAKING, speaking))


def test_expression_is_played_as_it_is(planner: Planner) -> None:
    plan = planner.perform(DELIGHT, 0.5, Mood(0.9, 0.7, 0.5), Moment(1, 0))
    assert weights(plan) == {
        "VF_JOY_HIGH": pytest.approx(0.4, abs=0.01),
        "HF_002": 0.5,
        "LD_WARM": 0.5,
    }
    assert set(plan.lead_lags) == {LeadLag(Layer.FACE, 40), LeadLag(Layer.HAND, 0)}
    assert plan.audio_first


def test_who_speaks_with_an_expression_keeps_its_own_stance(library: Library) -> None:
    person = replace(PERSON, stance={"VF_CALM": 0.5, "VF_GONE": 0.5})
    planner = Planner(library, person)
    joy, speaking = Mood(0.9, 0.7, 0.5), Moment(1, 0, speaking=True)
    spoken = weights(planner.perform(DELIGHT, 1.0, joy, speaking))
    assert spoken["VF_CALM"] == 0.5
    assert spoken["VF_JOY_HIGH"] == pytest.approx(0.8, abs=0.01)
    assert "VF_GONE" not in spoken
    asked = weights(planner.perform(DELIGHT, 1.0, joy, Moment(2, 0)))
    assert "VF_CALM" not in asked  # which is played as it is
    # A face that plays once takes nothing away, so nothing has to be added.
    nod = library.capsules["VF_NOD"]
    assert set(weights(planner.perform(nod, 1.0, joy, Moment(3, 0, speaking=True)))) == {"VF_NOD"}


def test_mood_waits_for_an_expression_and_light_comes_back(planner: Planner) -> None:
    joy = Mood(0.9, 0.7, 0.5)
    planner.perform(DELIGHT, 1.0, joy, Moment(1, 0))
    assert planner.drift(Mood(), NS_PER_S // 2) is None
    assert planner.drift(joy, NS_PER_S) is None
    later = weights(planner.drift(joy, 5 * NS_PER_S))
    assert later["LD_NEUTRAL"] == 1.0
    assert planner.drift(joy, 6 * NS_PER_S) is None


def test_revoked_capsules_are_never_planned(library: Library) -> None:
    planner = Planner(library, PERSON)
    assert "VF_GONE" not in weights(
        planner.react(Mood(0.89, 0.7, 0.5), Situation.SET, Moment(1, 0))
    )
    gone = library.capsules["VF_GONE"]
    assert planner.perform(gone, 1.0, Mood(), Moment(2, 0)).blends == ()


def test_revoked_capsule_gives_way_to_its_fallback() -> None:
    gone = capsule("VF_OLD", revoked=True, fallback_cid="VF_NOD")
    planner = Planner(Library((*CAPSULES, gone)), PERSON)
    assert weights(planner.perform(gone, 1.0, Mood(), Moment(1, 0))) == {"VF_NOD": 1.0}


def test_personality_scales_layers_and_capsules(library: Library) -> None:
    reserved = replace(PERSON, capsule_weights={"hand": 0.5, "VF_JOY_HIGH": 0.25})
    joy, moment = Mood(0.9, 0.7, 0.5), Moment(1, 0)
    plain = weights(Planner(library, PERSON, 1).react(joy, Situation.TYPING, moment))
    scaled = weights(Planner(library, reserved, 1).react(joy, Situation.TYPING, moment))
    assert scaled["HF_001"] == pytest.approx(0.5 * plain["HF_001"], abs=0.01)
    assert scaled["VF_JOY_HIGH"] == pytest.approx(0.25 * plain["VF_JOY_HIGH"], abs=0.01)


def test_slower_personality_says_when_its_face_follows(library: Library) -> None:
    slow = replace(PERSON, face_offset_ms=100)
    plan = Planner(library, slow).react(Mood(), Situation.TOLD, Moment(1, 0))
    assert plan.lead_lags == (LeadLag(Layer.FACE, 100),)


def test_library_of_one_face_still_reacts() -> None:
    planner = Planner(Library([capsule("VF_NEUTRAL", hold=True)]), PERSON)
    plan = planner.react(Mood(0.5, 0.5, 0.5), Situation.TOLD, Moment(1, 0))
    assert weights(plan) == {"VF_NEUTRAL": 1.0}


def test_same_seed_and_calls_give_the_same_plans(library: Library) -> None:
    def plans(seed: int) -> list[Plan]:
        planner = Planner(library, PERSON, seed)
        return [
            planner.react(Mood(0.1 * n, 0.0, 0.0), Situation.TOLD, Moment(n, 0)) for n in range(9)
        ]

    assert plans(5) == plans(5)
    assert plans(5) != plans(6)


def hands(plan: Plan) -> list[str]:
    return [entry.cid for entry in plan.blends if entry.layer is Layer.HAND]


def test_gesture_is_made_in_full_or_not_at_all(planner: Planner) -> None:
    mild = planner.react(Mood(0.35, 0.25, 0.2), Situation.STIRRED, Moment(1, 0))
    found = [entry.weight for entry in mild.blends if entry.layer is Layer.HAND]
    assert found
    assert min(found) >= 0.75


def test_hands_rest_between_gestures_that_nothing_urges(planner: Planner) -> None:
    made = [
        bool(hands(planner.react(Mood(), Situation.TOLD, Moment(n, n * NS_PER_S))))
        for n in range(1, 11)
    ]
    assert made == [True, False, False, False] * 2 + [True, False]


def test_strong_feeling_lets_a_gesture_end_before_the_next(planner: Planner) -> None:
    joy = Mood(0.9, 0.7, 0.5)
    assert hands(planner.react(joy, Situation.STIRRED, Moment(1, 0)))
    assert not hands(planner.react(joy, Situation.STIRRED, Moment(2, NS_PER_S // 2)))
    assert hands(planner.react(joy, Situation.STIRRED, Moment(3, 2 * NS_PER_S)))


def test_speech_right_after_a_reaction_takes_its_gesture_later(planner: Planner) -> None:
    joy = Mood(0.9, 0.7, 0.5)
    planner.react(joy, Situation.STIRRED, Moment(1, 0))
    spoken = planner.react(joy, Situation.SPEAKING, Moment(2, 7 * NS_PER_S // 10, speaking=True))
    assert hands(spoken)
    assert spoken.lead_lags == (LeadLag(Layer.HAND, 500),)


def test_gesture_of_a_situation_fits_the_mood() -> None:
    sullen = [capsule(f"HF_{n:03d}", (-0.8, 0.6, 0.6), context=("typing",)) for n in range(10, 16)]
    glad = [capsule(f"HF_{n:03d}", (0.6, 0.3, 0.2), context=("typing",)) for n in range(20, 24)]
    planner = Planner(Library((*CAPSULES[:1], *sullen, *glad)), PERSON)
    drawn = {
        cid
        for n in range(1, 30)
        for cid in hands(planner.react(Mood(0.6, 0.3, 0.2), Situation.TYPING, Moment(n, 0)))
    }
    assert drawn == {item.cid for item in glad}


def test_feeling_moves_the_hands_right_after_a_gesture_of_the_situation(planner: Planner) -> None:
    assert hands(planner.react(Mood(), Situation.TYPING, Moment(1, 0)))
    joy = planner.react(Mood(0.9, 0.7, 0.5), Situation.STIRRED, Moment(2, NS_PER_S // 2))
    assert hands(joy)
    assert joy.lead_lags == ()


def test_stance_is_held_beside_what_is_felt_and_yields_to_the_felt_body(library: Library) -> None:
    stance = {"VF_SAD": 0.3, "BK_LEAN_IN": 0.4}
    planner = Planner(library, replace(PERSON, stance=stance))
    at_rest = weights(planner.react(Mood(), Situation.SET, Moment(1, 0)))
    assert at_rest["VF_SAD"] == pytest.approx(0.3, abs=0.01)
    assert at_rest["BK_LEAN_IN"] == pytest.approx(0.4, abs=0.01)
    glad = weights(planner.react(Mood(0.9, 0.7, 0.5), Situation.SET, Moment(2, NS_PER_S)))
    assert glad["VF_SAD"] == pytest.approx(0.3, abs=0.01)
    assert glad["VF_JOY_HIGH"] > 0.9
    sad = weights(planner.react(Mood(-0.6, -0.3, -0.4), Situation.SET, Moment(3, 2 * NS_PER_S)))
    assert sad["VF_SAD"] > 0.9


def test_stance_that_is_revoked_is_not_held(library: Library) -> None:
    planner = Planner(library.revoke("VF_SAD"), replace(PERSON, stance={"VF_SAD": 0.3}))
    assert "VF_SAD" not in weights(planner.react(Mood(), Situation.SET, Moment(1, 0)))
