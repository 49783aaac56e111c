import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.emotion import conversation, right_quadrant
from control_plane.emotion.appraisal import (
    Appraisal,
    TextAppraiser,
    default_appraiser,
    is_english,
)
from control_plane.emotion.cues import cues
from control_plane.emotion.empathy import response_to
from control_plane.emotion.labels import EMOTIONS, emotion_named, label_of
from control_plane.emotion.situations import situation_families
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
def appraiser() -> TextAppraiser:
    return default_appraiser()


@pytest.mark.parametrize("text", POSITIVE_AROUSED)
def test_joyful_excitement_is_positive_and_aroused(appraiser: TextAppraiser, text: str) -> None:
    found = appraiser.appraise(text)
    assert found.vad.valence > 0.3, found
    assert found.vad.arousal > 0.25, found


@pytest.mark.parametrize("text", POSITIVE_QUIET)
def test_contentment_is_positive_and_quiet(appraiser: TextAppraiser, text: str) -> None:
    found = appraiser.appraise(text)
    assert found.vad.valence > 0.25, found
    assert found.vad.arousal < 0.0, found


@pytest.mark.parametrize("text", NEGATIVE_AROUSED_WEAK)
def test_fear_is_negative_aroused_and_weak(appraiser: TextAppraiser, text: str) -> None:
    found = appraiser.appraise(text)
    assert found.vad.valence < -0.25, found
    assert found.vad.arousal > 0.2, found
    assert found.vad.dominance < -0.2, found


@pytest.mark.parametrize("text", NEGATIVE_AROUSED_STRONG)
def test_anger_is_negative_aroused_and_dominant(appraiser: TextAppraiser, text: str) -> None:
    found = appraiser.appraise(text)
    assert found.vad.valence < -0.3, found
    assert found.vad.arousal > 0.3, found
    assert found.vad.dominance > 0.15, found


@pytest.mark.parametrize("text", NEGATIVE_QUIET)
def test_sadness_is_negative_and_quiet(appraiser: TextAppraiser, text: str) -> None:
    found = appraiser.appraise(text)
    assert found.vad.valence < -0.3, found
    assert found.vad.arousal < 0.0, found


@pytest.mark.parametrize("text", NEUTRAL)
def test_plain_talk_is_neutral(appraiser: TextAppraiser, text: str) -> None:
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
def test_feeling_has_its_name(appraiser: TextAppraiser, text: str, label: str) -> None:
    assert appraiser.appraise(text).label == label


def test_negated_joy_is_no_joy(appraiser: TextAppraiser) -> None:
    assert appraiser.appraise("I'm not happy with this").vad.valence < -0.2
    assert appraiser.appraise("not bad at all").vad.valence > 0.2


@pytest.mark.parametrize(
    "text",
    [
        "This is not good.",
        "That isn't great",
        "it doesn't work",
        "I can't say I enjoyed it",
        "nobody likes it",
        "I'm not impressed",
    ],
)
def test_denied_good_is_bad(appraiser: TextAppraiser, text: str) -> None:
    found = appraiser.appraise(text)
    assert found.vad.valence < -0.2, found
    assert found.label not in ("relieved", "calm", "content"), found


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("great, just great.", "that is great"),
        ("oh wonderful, another meeting", "a wonderful meeting"),
        ("Yeah right.", "you are right"),
        ("thanks for nothing", "thanks for everything"),
        ("what a nice day /s", "what a nice day"),
        ("fantastic, it crashed again", "it is fantastic"),
        ("great job breaking everything again", "great job everyone"),
        ("love how nobody told me", "love how you told me"),
        ("thanks to you I missed my train", "thanks to you I made it"),
        ("wow, so helpful... not", "wow, so helpful"),
    ],
)
def test_praise_that_means_blame_is_bad(appraiser: TextAppraiser, text: str, plain: str) -> None:
    assert appraiser.appraise(text).vad.valence < -0.2
    assert appraiser.appraise(plain).vad.valence > 0.1


@pytest.mark.parametrize(
    "text",
    ["hahaha", "jajaja", "\uff57\uff57 \u7b11", "\u54c8\u54c8\u54c8", "xD", "lol", "\U0001f923"],
)
def test_laughter_is_known_in_any_language(appraiser: TextAppraiser, text: str) -> None:
    found = appraiser.appraise(text)
    assert found.vad.valence > 0.25, found
    assert found.vad.arousal > 0.2, found


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("hello!", "pleased"),
        ("thank you", "grateful"),
        ("sorry about that", "sorry"),
        ("she left me", "sad"),
        ("phew, false alarm", "relieved"),
        ("someone is following me", "afraid"),
        ("I'm going to finish this, no matter what", "determined"),
        ("same old, nothing to do", "bored"),
    ],
)
def test_everyday_situation_has_its_name(appraiser: TextAppraiser, text: str, label: str) -> None:
    assert appraiser.appraise(text).label == label


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("I couldn't be happier", 0.3, 1.0),
        ("never been better", 0.3, 1.0),
        ("you killed it on stage!", 0.2, 1.0),
        ("I'm dying of laughter", 0.3, 1.0),
        ("that game was sick", 0.2, 1.0),
        ("not gonna lie, I'm impressed", 0.2, 1.0),
        ("how do I kill a process in linux?", -0.25, 0.1),
        ("I'm not angry, just disappointed", -0.8, -0.2),
        ("I don't think that's a good idea", -0.8, -0.2),
    ],
)
def test_idiom_means_what_it_is_said_for(
    appraiser: TextAppraiser, text: str, least: float, most: float
) -> None:
    found = appraiser.appraise(text)
    assert least <= found.vad.valence <= most, found


def test_device_that_died_is_a_nuisance_and_no_grief(appraiser: TextAppraiser) -> None:
    nuisance, grief = appraiser.appraise("my phone died"), appraiser.appraise("my dad died")
    assert nuisance.label in ("annoyed", "frustrated")
    assert grief.label == "sad"
    assert grief.vad.valence < nuisance.vad.valence


def test_this_morning_greets_nobody(appraiser: TextAppraiser) -> None:
    assert appraiser.appraise("my dad passed away this morning").vad.valence < -0.55
    assert appraiser.appraise("good morning!").vad.valence > 0.3


def test_who_laughs_at_it_does_not_mean_it_so_badly(appraiser: TextAppraiser) -> None:
    meant = appraiser.appraise("I hate mondays").vad.valence
    assert appraiser.appraise("I hate mondays lol").vad.valence > meant + 0.3


@pytest.mark.parametrize(
    "text",
    ["Ich bin so traurig heute", "saya sangat senang hari ini", "estoy muy feliz hoy"],
)
def test_other_language_without_accents_is_not_read(appraiser: TextAppraiser, text: str) -> None:
    assert not is_english(text)
    assert appraiser.appraise(text).confidence <= 0.35


@pytest.mark.parametrize("text", ["Paris trip booked, leaving tomorrow", "c'mon bra strap"])
def test_english_without_a_common_word_is_read(text: str) -> None:
    assert is_english(text)


def test_question_about_the_matter_is_neutral(appraiser: TextAppraiser) -> None:
    for text in ("What time does it open?", "Can you tell me where the station is?"):
        assert appraiser.appraise(text).label == "neutral"


def test_clear_feeling_is_surer_than_plain_talk_and_another_language(
    appraiser: TextAppraiser,
) -> None:
    clear = appraiser.appraise("I am so angry, this is outrageous").confidence
    plain = appraiser.appraise("the second one is on the left").confidence
    assert clear > plain > appraiser.appraise("das zweite ist auf der linken Seite").confidence


def test_conversations_are_read_right(appraiser: TextAppraiser) -> None:
    for part, count in (("calibration", 170), ("held_out", 150)):
        lines = [line for line in conversation() if line.part == part]
        right = [right_quadrant(line, appraiser.appraise(line.text)) for line in lines]
        assert len(lines) == count
        assert sum(right) >= 0.85 * len(right), part


@pytest.mark.parametrize(
    "text",
    [
        "I got the job!!! I can't believe it!",
        "I can't believe it, I got the job",
        "she said yes! no way, is this real?",
        "they picked my design, I'm speechless",
    ],
)
def test_amazement_at_good_news_is_joy(appraiser: TextAppraiser, text: str) -> None:
    found = appraiser.appraise(text)
    assert found.vad.valence > 0.45, found
    assert found.vad.arousal > 0.2, found


@pytest.mark.parametrize(
    "text", ["I can't believe it, they fired me", "he lied to me again, I can't believe it"]
)
def test_amazement_at_bad_news_is_no_joy(appraiser: TextAppraiser, text: str) -> None:
    assert appraiser.appraise(text).vad.valence < -0.3


def test_confidence_is_higher_where_lines_are_read_right(appraiser: TextAppraiser) -> None:
    right: list[float] = []
    wrong: list[float] = []
    for line in conversation():
        found = appraiser.appraise(line.text)
        (right if right_quadrant(line, found) else wrong).append(found.confidence)
    assert sum(right) / len(right) > sum(wrong) / len(wrong) + 0.03


def test_situations_stand_for_known_families() -> None:
    assert situation_families() <= set(cues().families)


def test_shouting_and_exclaiming_arouse(appraiser: TextAppraiser) -> None:
    plain = appraiser.appraise("that is great")
    loud = appraiser.appraise("THAT IS GREAT!!!")
    assert loud.vad.arousal > plain.vad.arousal + 0.2
    assert loud.intensity >= plain.intensity


def test_hedging_weakens_and_commanding_strengthens(appraiser: TextAppraiser) -> None:
    hedged = appraiser.appraise("Maybe we could perhaps try that, I guess")
    commanded = appraiser.appraise("Send it now, you must definitely do that")
    assert hedged.vad.dominance < -0.2 < 0.2 < commanded.vad.dominance


def test_other_languages_are_left_to_emoji_and_punctuation(appraiser: TextAppraiser) -> None:
    # "die" is a German article; the English lexicon would read death.
    german = appraiser.appraise("Die Katze ist die beste und ich bin nicht allein")
    assert german.label == "neutral"
    assert german.confidence <= 0.35
    smiling = appraiser.appraise("C'est très bien, je suis là 😊😍")
    assert smiling.vad.valence > 0.3
    assert smiling.confidence <= 0.35


def test_only_the_beginning_and_the_end_of_a_long_text_count(appraiser: TextAppraiser) -> None:
    middle = "I hate this horrible thing. " * 40
    around = "It is a day. " * 80
    assert appraiser.appraise(around + middle + around).vad == appraiser.appraise(around).vad
    assert appraiser.appraise(around + "I hate this horrible thing.").vad.valence < -0.2


def test_question_of_disbelief_is_surprise(appraiser: TextAppraiser) -> None:
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
