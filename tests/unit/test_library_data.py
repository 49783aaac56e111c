"""What the packaged library holds."""

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from capsules.library import Library, load_library
from capsules.model import Layer

REFERENCE = Path(__file__).parent / "data" / "hand_capsules_reference.json"
CONTEXTS = (
    "typing",
    "reading",
    "thinking",
    "listening",
    "waiting",
    "task_running",
    "task_done",
    "task_failed",
    "greeting",
    "emphasis",
)


@pytest.fixture(scope="module")
def packaged() -> Library:
    return load_library()


def test_the_packaged_library_is_as_large_as_promised(packaged: Library) -> None:
    counts = {layer: len(packaged.layer(layer)) for layer in Layer}
    assert counts[Layer.FACE] >= 64
    assert counts[Layer.HAND] == 100
    assert counts[Layer.VOICE] >= 24
    assert counts[Layer.BODY] >= 6
    assert counts[Layer.CAMERA] >= 4
    assert counts[Layer.LIGHT] >= 5
    assert counts[Layer.TEMPO] >= 4
    assert len(packaged.expressions) >= 48


def test_the_basic_emotions_come_in_three_strengths_that_grow(packaged: Library) -> None:
    def strength(cid: str) -> float:
        return sum(abs(track.curve[-1][1]) for track in packaged.capsule(cid).tracks)

    for emotion in ("JOY", "SAD", "ANGER", "FEAR", "DISGUST", "SURPRISE"):
        low, mid, high = (strength(f"VF_{emotion}_{step}") for step in ("LOW", "MID", "HIGH"))
        assert 0.3 < low < 0.75 * mid < 0.75 * 0.8 * high


def test_emotional_faces_hold_and_start_from_rest(packaged: Library) -> None:
    for item in packaged.layer(Layer.FACE):
        assert item.emotion is None or item.hold, item.cid
        for track in item.tracks:
            assert track.curve[0] == (0, 0.0), (item.cid, track.target)
            if not item.hold:
                assert track.curve[-1][1] == 0.0, (item.cid, track.target)


def test_the_jaw_is_left_to_speech(packaged: Library) -> None:
    for item in packaged.layer(Layer.FACE):
        for track in item.tracks:
            if track.target == "jawOpen" and item.hold:
                assert track.curve[-1][1] <= 0.25, item.cid


def test_light_changes_slowly_and_little(packaged: Library) -> None:
    for item in packaged.layer(Layer.LIGHT):
        for track in item.tracks:
            peak = max((abs(value), -time) for time, value in track.curve)
            assert -peak[1] >= 600, (item.cid, track.target)
            if track.target == "light.exposure":
                assert peak[0] <= 0.25, item.cid


def test_faces_of_displeasure_do_not_smile(packaged: Library) -> None:
    wry = {"VF_CONTEMPT", "VF_EMBARRASSED"}
    for item in packaged.layer(Layer.FACE):
        if item.emotion is None or item.emotion.valence > -0.2 or item.cid in wry:
            continue
        ends = {track.target: track.curve[-1][1] for track in item.tracks}
        assert ends.get("mouthSmileLeft", 0.0) == 0.0, item.cid
        assert ends.get("mouthFrownLeft", 0.0) >= 0.15, item.cid


def test_the_given_hand_capsules_are_kept_to_the_letter(packaged: Library) -> None:
    given = json.loads(REFERENCE.read_text(encoding="utf-8"))["capsules"]
    assert len(given) == 78
    for source in given:
        made = packaged.capsule(source["cid"])
        assert made.subtype == source["subtype"]
        assert made.trigger.relative_to == "speech_onset"
        assert made.trigger.offset_ms == source["offset_ms"]
        assert made.trigger.probability == source["probability"]
        assert made.priority == source["priority"]
        assert made.blend_mode.value == source["blend_mode"]
        assert made.params == source["params"]
        if "easing" in source["params"]:
            assert made.easing.value == source["params"]["easing"]
        if "components" in source["params"]:
            parts = [{"cid": part.cid, "weight": part.weight} for part in made.components]
            assert parts == source["params"]["components"]


def test_the_authored_hand_capsules_stay_within_their_subtypes_range(packaged: Library) -> None:
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    given: dict[str, list[dict[str, Any]]] = {}
    for source in reference["capsules"]:
        given.setdefault(source["subtype"], []).append(source["params"])
    for subtype, cids in reference["to_author"].items():
        for cid in cids:
            params = packaged.capsule(cid).params
            assert packaged.capsule(cid).subtype == subtype
            assert params.keys() == given[subtype][0].keys()
            for key, value in params.items():
                known = [other[key] for other in given[subtype]]
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    assert min(known) <= value <= max(known), (cid, key)
                elif isinstance(value, str):
                    assert value in known, (cid, key)


def test_the_hand_capsules_are_numbered_and_distinct(packaged: Library) -> None:
    hands = packaged.layer(Layer.HAND)
    assert [item.cid for item in hands] == [f"HF_{number:03d}" for number in range(1, 101)]
    figures = {
        json.dumps([item.subtype, item.trigger.offset_ms, item.priority, item.params])
        for item in hands
    }
    assert len(figures) == 100
    assert len({item.description for item in hands}) == 100


def test_a_hand_gesture_lifts_the_hand_and_brings_it_back(packaged: Library) -> None:
    for item in packaged.layer(Layer.HAND):
        if item.subtype in {"micro_noise", "combined"}:
            continue
        lifts = {t.target: t.curve for t in item.tracks if t.target.endswith(".y")}
        assert lifts, item.cid
        for curve in lifts.values():
            assert min(value for _, value in curve) <= -80.0, item.cid
            assert curve[-1][1] == 0.0, item.cid
        assert 600 <= item.duration_ms <= 1400, item.cid


def test_gestures_use_either_hand_and_both(packaged: Library) -> None:
    sides = Counter(
        frozenset(track.target.split(".")[0] for track in item.tracks if "." in track.target)
        for item in packaged.layer(Layer.HAND)
        if item.tracks
    )
    assert min(sides.values()) >= 15
    assert set(sides) == {
        frozenset({"handLeft"}),
        frozenset({"handRight"}),
        frozenset({"handLeft", "handRight"}),
    }


def test_micro_noise_stays_within_its_figures_and_joins_up(packaged: Library) -> None:
    for item in packaged.layer(Layer.HAND):
        if item.subtype != "micro_noise":
            continue
        assert item.loop
        for track in item.tracks:
            key = "max_rotation_deg" if track.target.endswith("rotate") else "max_translation_px"
            values = [value for _, value in track.curve]
            assert max(abs(value) for value in values) == pytest.approx(item.params[key])
            assert track.curve[-1] == (item.duration_ms, values[0])
            assert len(values) <= 60


def test_a_tap_rhythm_taps_as_often_as_it_says(packaged: Library) -> None:
    for item in packaged.layer(Layer.HAND):
        if item.subtype != "tap_rhythm":
            continue
        finger = item.params["finger"].capitalize() + "Curl"
        curve = next(track.curve for track in item.tracks if track.target.endswith(finger))
        values = [value for _, value in curve]
        top = max(values)
        downs = sum(a < top - 0.1 and b >= top - 0.05 for a, b in itertools.pairwise(values))
        assert downs == item.params["tap_count"], item.cid


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_context_has_hand_gestures(packaged: Library, context: str) -> None:
    assert sum(context in item.context for item in packaged.layer(Layer.HAND)) >= 2


def test_hand_gestures_carry_emotions(packaged: Library) -> None:
    assert sum(item.emotion is not None for item in packaged.layer(Layer.HAND)) >= 60


def test_every_expression_resolves_to_a_face_a_hand_and_a_voice(packaged: Library) -> None:
    for item in packaged.expressions.values():
        layers = {packaged.capsule(part.cid).layer for part in item.items}
        assert {Layer.FACE, Layer.HAND, Layer.VOICE} <= layers, item.name
        for part in item.items:
            assert packaged.flatten(part.cid)


@pytest.mark.parametrize(
    "name",
    [
        *("task_started", "task_progress", "task_succeeded", "task_failed", "task_waiting"),
        *("greeting", "farewell", "thanks", "apology", "agreement", "disagreement", "question"),
        *("surprise", "laughter", "listening", "reading_along", "typing_wait", "delight"),
        *("wonder", "gentle_agreement", "skeptical_doubt", "warm_greeting", "thinking_it_over"),
        *("apologetic", "celebration"),
    ],
)
def test_the_expressions_others_rely_on_exist(packaged: Library, name: str) -> None:
    assert packaged.expression(name).name == name


def test_every_layer_with_held_capsules_has_a_neutral(packaged: Library) -> None:
    for layer in (Layer.FACE, Layer.VOICE, Layer.BODY, Layer.CAMERA, Layer.LIGHT, Layer.TEMPO):
        neutral = [item for item in packaged.layer(layer) if item.cid.endswith("_NEUTRAL")]
        assert len(neutral) == 1
        assert neutral[0].tracks == ()
