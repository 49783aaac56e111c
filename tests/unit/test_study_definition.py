import json
from typing import Any

import pytest

from compositor.drawlist import FrameSize
from control_plane.emotion.labels import EMOTIONS
from control_plane.errors import InvalidArgumentError
from control_plane.study.definition import read_definition
from control_plane.study.emotions import NONE_FITS, choices, shuffled
from engine.features import Features

SCRIPT = [{"atMs": 0, "event": {"speak": {"text": "Hello."}}}]
STUDY: dict[str, Any] = {
    "name": "which-face",
    "design": "paired",
    "options": {"size": "256x192", "features": {"visemes": False}},
    "variants": [
        {"name": "one"},
        {"name": "two", "options": {"features": {"vectorBlending": False}, "seed": 9}},
    ],
    "scenes": [{"name": "hello", "emotion": "happy", "script": SCRIPT}],
}


def test_variants_have_the_studys_options_below_their_own() -> None:
    study = read_definition(json.dumps(STUDY))
    one, two = (study.options_of(item) for item in study.variants)
    assert one.frame_size == two.frame_size == FrameSize(256, 192)
    assert one.features.features == Features(visemes=False)
    assert two.features.features == Features(vector_blending=False)
    assert (one.seed, two.seed) == (0, 9)
    assert study.trials == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Which Face?"}, "name: "),
        ({"design": "triple"}, "design: "),
        ({"variants": STUDY["variants"][:1]}, "variants: "),
        ({"variants": [{"name": "one"}, {"name": "one"}]}, "two variants are called 'one'"),
        ({"scenes": []}, "scenes: "),
        (
            {"scenes": [{"name": "x", "emotion": "hungry", "script": SCRIPT}]},
            "scenes[0].emotion: there is no emotion 'hungry', expected one of neutral, joyful",
        ),
        ({"scenes": [{"name": "x", "script": []}]}, "scenes[0].script: expected at least one cue"),
        (
            {"scenes": [{"name": "x", "script": [{"atMs": -1, "event": SCRIPT[0]["event"]}]}]},
            "scenes[0].script: cue 1: atMs is -1",
        ),
        ({"options": {"size": "17x9"}}, "options.size: expected sides"),
        ({"options": {"speed": 2}}, "options.speed: "),
        (
            {
                "variants": [{"name": f"v{n}"} for n in range(12)],
                "scenes": [{"name": f"s{n}", "script": SCRIPT} for n in range(7)],
            },
            "a participant would see 462 trials, expected at most 400",
        ),
    ],
)
def test_a_definition_that_cannot_be_used_is_refused_by_name(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        read_definition(json.dumps({**STUDY, **changes}))
    assert message in str(refused.value)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="the study: invalid JSON"):
        read_definition(b"name: x")


def test_words_to_choose_from_hold_what_is_shown_and_lie_apart() -> None:
    words = choices(["happy", "sad", "", "happy"])
    assert {"happy", "sad", "neutral"} <= set(words)
    assert words[-1] == NONE_FITS
    assert len(words) == len(set(words)) == 9
    # No near synonym of what is shown.
    assert not {"joyful", "pleased", "delighted", "lonely", "disappointed"} & set(words)


def test_nobody_is_asked_what_they_felt_where_nothing_is_shown() -> None:
    assert choices(["", ""]) == ()


def test_more_emotions_than_usual_are_all_there() -> None:
    words = choices(EMOTIONS)
    assert set(words) == {*EMOTIONS, "neutral", NONE_FITS}


def test_the_order_of_words_belongs_to_a_participant() -> None:
    words = choices(["happy"])
    assert shuffled(words, 1, 0) == shuffled(words, 1, 0)
    assert len({shuffled(words, 1, number) for number in range(8)}) > 4
    assert all(shuffled(words, 1, number)[-1] == NONE_FITS for number in range(8))
