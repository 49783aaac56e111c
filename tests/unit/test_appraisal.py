import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.emotion.appraisal import Appraisal, LexiconAppraiser, default_appraiser
from control_plane.emotion.empathy import response_to
from control_plane.emotion.labels import EMOTIONS, emotion_named, label_of
from engine.packet import Mood

POSITIVE_AROUSED = [
    "Really? That is wonderful!",
    "haha that's hilarious 😂",
    "I got the job!!!",
    "WE WON!!! This is amazing",
    "I can't wait for the holiday!",
    "wow, incredible!",
    "omg this is so exciting",
    "🎉🎉🎉",
]
POSITIVE_QUIET = [
    "everything is calm and peaceful tonight",
    "phew, it's finally over",
    "I feel relaxed and comfortable",
    "so serene 😌",
]
NEGATIVE_AROUSED_WEAK = [
    "I'm scared, what if it fails?",
    "I am terrified of tomorrow",
    "I'm so anxious and nervous",
    "help, I'm afraid something bad will happen",
    "I panicked, it was a nightmare",
]
NEGATIVE_AROUSED_STRONG = [
    "THIS IS UNACCEPTABLE!!!",
    "I'm so angry right now",
    "You are useless, you stupid bot",
    "I hate this, fix it immediately!",
    "How dare you!!",
]
NEGATIVE_QUIET = [
    "I am so sorry, my grandmother died",
    "I feel so lonely these days...",
    "I'm tired and bored",
    "My dog died yesterday.",
    "i'm depressed and hopeless",
    "😭😭😭",
]
NEUTRAL = [
    "ok.",
    "The meeting is at three.",
    "It is raining.",
    "I am reading the document now.",
    "yes",
    "",
    "   ",
    "42",
    "https://example.com/terrible-horrible-war",
]


@pytest.fixture(scope="module")
def appraiser() -> LexiconAppraiser:
    return default_appraiser()


@pytest.mark.parametrize("text", POSITIVE_AROUSED)
def test_joyful_excitement_is_positive_and_aroused(appraiser: LexiconAppraiser, text: str) -> None:
    found = appraiser.appraise(text)
    assert found.vad.valence > 0.3, found
    assert found.vad.arousal > 0.25, found


@pytest.mark.parametrize("text", POSITIVE_QUIET)
def test_contentment_is_positive_and_quiet(appraiser: LexiconAppraiser, text: str) -> None:
    found = appraiser.appraise(text)
    assert found.vad.valence > 0.25, found
    assert found.vad.arousal < 0.0, found


@pytest.mark.parametrize("text", NEGATIVE_AROUSED_WEAK)
def test_fear_is_negative_aroused_and_weak(appraiser: LexiconAppraiser, text: str) -> None:
    found = appraiser.appraise(text)
    assert found.vad.valence < -0.25, found
    assert found.vad.arousal > 0.2, found
    assert found.vad.dominance < -0.2, found


@pytest.mark.parametrize("text", NEGATIVE_AROUSED_STRONG)
def test_anger_is_negative_aroused_and_dominant(appraiser: LexiconAppraiser, text: str) -> None:
    found = appraiser.appraise(text)
    assert found.vad.valence < -0.3, found
    assert found.vad.arousal > 0.3, found
    assert found.vad.dominance > 0.15, found


@pytest.mark.parametrize("text", NEGATIVE_QUIET)
def test_sadness_is_negative_and_quiet(appraiser: LexiconAppraiser, text: str) -> None:
    found = appraiser.appraise(text)
    assert found.vad.valence < -0.3, found
    assert found.vad.arousal < 0.0, found


@pytest.mark.parametrize("text", NEUTRAL)
def test_plain_talk_is_neutral(appraiser: LexiconAppraiser, text: str) -> None:
    found = appraiser.appraise(text)
    assert found.label == "neutral", found
    assert found.intensity < 0.2, found


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("THIS IS UNACCEPTABLE!!!", "angry"),
        ("I'm scared, what if it fails?", "afraid"),
        ("I am so sorry, my grandmother died", "sad"),
        ("Thank you so much for your help", "grateful"),
        ("I don't understand this at all", "confused"),
        ("that's disgusting", "disgusted"),
        ("I love you", "loving"),
    ],
)
def test_feeling_has_its_name(appraiser: LexiconAppraiser, text: str, label: str) -> None:
    assert appraiser.appraise(text).label == label


def test_negated_joy_is_no_joy(appraiser: LexiconAppraiser) -> None:
    assert appraiser.appraise("I'm not happy with this").vad.valence < -0.2
    assert appraiser.appraise("not bad at all").vad.valence > 0.2


def test_shouting_and_exclaiming_arouse(appraiser: LexiconAppraiser) -> None:
    plain = appraiser.appraise("that is great")
    loud = appraiser.appraise("THAT IS GREAT!!!")
    assert loud.vad.arousal > plain.vad.arousal + 0.2
    assert loud.intensity >= plain.intensity


def test_hedging_weakens_and_commanding_strengthens(appraiser: LexiconAppraiser) -> None:
    hedged = appraiser.appraise("Maybe we could perhaps try that, I guess")
    commanded = appraiser.appraise("Send it now, you must definitely do that")
    assert hedged.vad.dominance < -0.2 < 0.2 < commanded.vad.dominance


def test_other_languages_are_left_to_emoji_and_punctuation(appraiser: LexiconAppraiser) -> None:
    # "die" is a German article; the English lexicon would read death.
    german = appraiser.appraise("Die Katze ist die beste und ich bin nicht allein")
    assert german.label == "neutral"
    assert german.confidence <= 0.35
    smiling = appraiser.appraise("C'est très bien, je suis là 😊😍")
    assert smiling.vad.valence > 0.3
    assert smiling.confidence <= 0.35


def test_only_the_beginning_and_the_end_of_a_long_text_count(appraiser: LexiconAppraiser) -> None:
    middle = "I hate this horrible thing. " * 40
    around = "It is a day. " * 80
    assert appraiser.appraise(around + middle + around).vad == appraiser.appraise(around).vad
    assert appraiser.appraise(around + "I hate this horrible thing.").vad.valence < -0.2


def test_question_of_disbelief_is_surprise(appraiser: LexiconAppraiser) -> None:
    assert appraiser.appraise("No way!! What?!").label == "surprised"


@given(st.text(max_size=300))
def test_any_text_is_appraised_within_bounds(text: str) -> None:
    found: Appraisal = default_appraiser().appraise(text)
    for value in (found.vad.valence, found.vad.arousal, found.vad.dominance):
        assert math.isfinite(value)
        assert -1.0 <= value <= 1.0
    assert 0.0 <= found.intensity <= 1.0
    assert 0.0 <= found.confidence <= 1.0
    assert found == default_appraiser().appraise(text)


def test_every_emotion_is_nearest_to_itself() -> None:
    assert {name: label_of(vad) for name, vad in EMOTIONS.items()} == {n: n for n in EMOTIONS}
    assert label_of(Mood(0.05, -0.05, 0.1)) == "neutral"


def test_emotions_are_found_by_name_and_noun() -> None:
    assert emotion_named("Joy") == emotion_named("joyful") == EMOTIONS["joyful"]
    assert emotion_named("neutral") == Mood()
    assert emotion_named("flabbergastation") is None


def test_joy_is_shared_and_anger_is_met_with_concern() -> None:
    joy, anger, fear = Mood(0.8, 0.5, 0.3), Mood(-0.9, 0.9, 0.7), Mood(-0.7, 0.6, -0.6)
    assert response_to(joy, 0.9) == joy
    met = response_to(anger, 0.9)
    assert met.dominance < 0.0 < met.arousal < 0.5
    assert response_to(fear, 0.9).arousal < fear.arousal
    assert response_to(anger, 0.0) == anger
