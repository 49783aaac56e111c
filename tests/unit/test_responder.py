import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsules.library import Library, load_library
from control_plane.responder.phrases import FEELINGS, RULES, Rule
from control_plane.responder.port import Reply, Responder, Turn
from control_plane.responder.reflection import reflect
from control_plane.responder.rules import RulesResponder
from engine.packet import Mood


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def answer(text: str, *, number: int = 0, seed: int = 0, previous: str = "") -> Reply:
    responder: Responder = RulesResponder(["greeting", "delight", "sympathy"])
    turn = Turn(text, Mood(), "neutral", number=number, seed=seed, previous=previous)
    return asyncio.run(responder.reply(turn))


def replies(name: str) -> tuple[str, ...]:
    rules: dict[str, Rule] = {rule.name: rule for rule in RULES} | FEELINGS
    return rules[name].replies


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("hello", "greeting"),
        ("Good morning!", "greeting"),
        ("how are you?", "how_are_you"),
        ("Are you a real person?", "nature"),
        ("what can you do", "abilities"),
        ("haha 😂", "laughter"),
        ("thanks!", "gratitude"),
        ("bye", "farewell"),
        ("sorry", "apology"),
        ("you are useless", "insult"),
        ("you are so sweet", "praise"),
        ("My grandmother died", "loss"),
        ("I'm scared, what if it fails?", "fear"),
        ("can you open the door?", "request"),
        ("I want to kill myself", "crisis"),
        ("I don't want to live anymore", "crisis"),
        ("nobody would miss me if I was gone", "crisis"),
        ("he hits me", "harmed"),
        ("I want to kill my boss", "threat"),
        ("My mom is in the hospital", "illness"),
        ("fuck you", "insult"),
        ("I want to sleep with you", "advance"),
        ("thanks for nothing", "complaint"),
        ("no thanks", "no_thanks"),
        ("you already said that", "complaint"),
        ("what do you mean?", "confused"),
        ("hello?", "listening"),
        ("I don't know", "unsure"),
        ("not bad", "fine"),
        ("i'm ok, you?", "fine"),
        ("nice to meet you", "courtesy"),
        ("happy birthday!", "wishes"),
        ("It's my birthday today", "birthday"),
        ("tell me a joke", "performing"),
        ("Should I quit my job?", "advice"),
        ("do you love me?", "about_it"),
        ("and you?", "and_you"),
        ("you look sad", "looks"),
        ("are you happy?", "looks"),
        ("help", "help"),
        ("goodnight", "farewell"),
        ("ok", "yes"),
        ("no", "no"),
        ("What's the capital of France?", "question"),
        ("I got the job!!!", "good_news"),
        ("This is horrible, everything failed", "bad_news"),
        ("The meeting is at three.", "statement"),
        ("Ich bin nicht sicher, ob das gut ist", "foreign"),
    ],
)
def test_message_gets_its_kind_of_answer(text: str, rule: str) -> None:
    assert answer(text).text in replies(rule)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("my phone died", "loss"),
        ("the battery died again", "loss"),
        ("I died laughing", "loss"),
        ("I cut myself shaving", "crisis"),
        ("I'm going to shoot hoops", "threat"),
        ("I could kill for a pizza", "threat"),
        ("let's end it all here and go home", "crisis"),
        ("I got beaten at chess", "harmed"),
        ("what can I do for you?", "advice"),
        ("give me a break", "performing"),
        ("I want to shoot a photo", "threat"),
        ("I work in a hospital", "illness"),
        ("he beats me at chess", "harmed"),
        ("I'm afraid I have to go", "fear"),
        ("what are you doing?", "nature"),
        ("I believe you", "opinion"),
        ("what should we eat?", "advice"),
        ("help is on its way", "help"),
        ("tell me", "performing"),
        ("what do you remember about me?", "about_it"),
        ("where do I live?", "advice"),
        ("ok", "fine"),
    ],
)
def test_words_that_only_sound_alike_get_another_answer(text: str, rule: str) -> None:
    assert answer(text).text not in replies(rule)


@pytest.mark.parametrize(
    ("text", "echo"),
    [
        ("I'm sad about my brother", "sad about your brother"),
        ("I think you are hiding something from me", "I am hiding something from you"),
        ("I want to see my mother", "see your mother"),
        ("i need a break", "a break"),
    ],
)
def test_words_are_given_back_turned_round(text: str, echo: str) -> None:
    assert echo in answer(text).text


def test_words_too_long_to_repeat_are_not() -> None:
    text = "I think " + "that it goes on and on " * 10
    assert answer(text).text in replies("statement")


@pytest.mark.parametrize(
    ("text", "turned"),
    [
        ("I was late and my boss shouted at me", "you were late and your boss shouted at you"),
        ("you never listen to me", "I never listen to you"),
        ("I am your friend", "you are my friend"),
        ("I told you my secret", "you told me your secret"),
        ("you were right", "I was right"),
        ("we were happy with our house", "you were happy with your house"),
        ("It\u2019s mine, I\u2019m sure", "It's yours, you're sure"),
    ],
)
def test_pronouns_change_sides(text: str, turned: str) -> None:
    assert reflect(text) == turned


def test_reply_is_deterministic_and_varies_with_the_turn() -> None:
    given_by_turn = [answer("hm, well", number=n).text for n in range(12)]
    assert given_by_turn == [answer("hm, well", number=n).text for n in range(12)]
    assert len(set(given_by_turn)) > 1


def test_no_reply_is_given_twice_in_a_row() -> None:
    previous = ""
    for number in range(30):
        reply = answer("The meeting is at three.", number=number, previous=previous)
        assert reply.text != previous
        previous = reply.text


def test_expression_is_one_that_exists() -> None:
    assert answer("hello").expression == "greeting"
    assert answer("My grandmother died").expression == "sympathy"
    assert answer("thanks!").expression is None
    assert answer("hello").source == "rules"


def test_every_expression_named_is_in_the_library(library: Library) -> None:
    names = {item.name for item in library.expressions.values()}
    for rule in (*RULES, *FEELINGS.values()):
        assert set(rule.expressions) <= names, rule.name


def test_blank_message_gets_no_answer() -> None:
    assert answer("  \n").text == ""


def test_answers_are_short_and_claim_nothing() -> None:
    for rule in (*RULES, *FEELINGS.values()):
        assert len(set(rule.replies)) == len(rule.replies) >= 2
        assert rule.echoes == all("{echo}" in reply for reply in rule.replies)
        for reply in rule.replies:
            assert len(re.findall(r"[.!?](?:\s|$)", reply)) <= 3, reply
            assert len(reply) <= 180, reply
            assert not re.search(r"\bI(?:'m| am) (?:a )?(?:person|human)\b", reply)


@given(st.text(max_size=300), st.integers(0, 50))
def test_any_message_is_answered(text: str, number: int) -> None:
    reply = answer(text, number=number)
    assert bool(reply.text) == bool(text.strip())
    assert "{echo}" not in reply.text
    assert len(reply.text) <= 250
