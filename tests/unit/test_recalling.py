"""What the built-in responder says of memories."""

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.memory.noticing import notice
from control_plane.responder.mind import Forgotten, Mind
from control_plane.responder.phrases import FEELINGS, RULES
from control_plane.responder.port import Reply, Turn
from control_plane.responder.rules import RulesResponder
from engine.packet import Mood
from storage.keys import new_key
from storage.recalled import Recalled

TODAY = date(2026, 11, 20)
TOLD_AT = datetime(2026, 11, 17, 12, tzinfo=UTC)
USUAL = {rule.name: rule.replies for rule in RULES} | {
    name: rule.replies for name, rule in FEELINGS.items()
}


def remembered(line: str, told_days_ago: int = 3, **more: Any) -> Recalled:  # noqa: ANN401 - of any field
    """The memory that a line left so many days ago."""
    said = TODAY - timedelta(days=told_days_ago)
    (note,) = notice(line, said).notes
    due = (
        None
        if note.due is None
        else datetime(note.due.year, note.due.month, note.due.day, 12, tzinfo=UTC)
    )
    values = {
        "tier": note.tier.value,
        "content": note.content,
        "importance": note.importance,
        "access_count": 0,
        "kind": note.kind.value,
        "subject": note.subject,
        "value": note.value,
        "created_at": TOLD_AT,
        "due_at": due,
    }
    return Recalled(id=new_key(), **(values | more))


NAME = remembered("my name is Ada")
DOG = remembered("my dog is called Rex")
EXAM = remembered("I have an exam on Thursday")  # told on Tuesday, yesterday was the day


def answer(text: str, *memories: Recalled, number: int = 1, **mind: Any) -> Reply:  # noqa: ANN401 - of any field
    values: dict[str, Any] = {"today": TODAY, "lasting": True} | mind
    turn = Turn(text, Mood(), "neutral", number=number, mind=Mind(memories, **values))
    names = ("warm_greeting", "greeting", "question", "farewell", "sympathy")
    return asyncio.run(RulesResponder(names).reply(turn))


def test_who_comes_back_is_greeted_by_name_and_asked_how_it_went() -> None:
    reply = answer("Hello!", NAME, EXAM, number=0, returning=True)
    assert "Ada" in reply.text
    assert "How did your exam go?" in reply.text
    assert reply.expression == "warm_greeting"
    assert reply.used == (NAME.id, EXAM.id)


def test_who_is_new_is_greeted_as_ever() -> None:
    assert answer("Hello!", number=0).text in USUAL["greeting"]


def test_who_comes_back_without_a_hello_is_welcomed_before_the_usual_reply() -> None:
    reply = answer("The meeting is at three.", NAME, number=0, returning=True)
    assert re.match(r"(?:Good to have you back|There you are again), Ada[.!] ", reply.text)
    assert any(reply.text.endswith(said) for said in USUAL["statement"])
    assert reply.used == (NAME.id,)


@pytest.mark.parametrize(
    "text",
    [
        "My grandmother died",
        "I want to die",
        "I'm so scared",
        "you are useless",
        "This is horrible",
    ],
)
def test_distress_is_answered_and_nothing_else(text: str) -> None:
    reply = answer(text, NAME, EXAM, number=0, returning=True)
    assert "Ada" not in reply.text
    assert "exam" not in reply.text
    assert reply.used == ()


@pytest.mark.parametrize(
    ("line", "question"),
    [
        ("I have an exam on Thursday", "How did your exam go?"),
        ("My wedding is on Thursday", "How was your wedding?"),
        ("I'm flying to Rome on Thursday", "You were flying to Rome: how was it?"),
        (
            "I'm worried about my daughter",
            "Last time you were worried about your daughter. How is that now?",
        ),
        (
            "I miss my old friends",
            "Last time you said that you miss your old friends. Is it any easier?",
        ),
        ("I promise I'll call my mother", "You wanted to call your mother. Did it work out?"),
    ],
)
def test_what_was_told_is_asked_after(line: str, question: str) -> None:
    assert question in answer("Hi!", remembered(line), number=0, returning=True).text


@pytest.mark.parametrize(
    "memory",
    [
        remembered("I have an exam tomorrow", told_days_ago=0),
        remembered("I have an exam on Thursday", told_days_ago=30),
        remembered(
            "I have an exam on Thursday", last_used_at=datetime(2026, 11, 20, 8, tzinfo=UTC)
        ),
        remembered("I'm worried about my daughter", last_used_at=TOLD_AT),
        remembered("I love coffee"),
        remembered("my dog died"),
    ],
)
def test_what_is_to_come_long_over_asked_already_or_painful_is_not_brought_up(
    memory: Recalled,
) -> None:
    reply = answer("Hi!", memory, number=0, returning=True)
    assert reply.text.endswith("How have you been?")
    assert reply.used == ()


def test_nothing_is_brought_up_twice_in_a_session() -> None:
    again = answer("Hello", NAME, EXAM, mentioned=frozenset({EXAM.subject}))
    assert again.text in USUAL["greeting"]


@pytest.mark.parametrize(
    ("question", "line", "said"),
    [
        ("What's my name?", "my name is Ada", "Ada"),
        ("do you remember me?", "my name is Ada", "Ada"),
        ("where do I live?", "I live in Berlin", "you live in Berlin"),
        ("What's my dog's name?", "my dog is called Rex", "your dog is called Rex"),
        ("what is my dog called", "my dog is called Rex", "your dog is called Rex"),
        ("what do I do for a living?", "I work as a nurse", "you are a nurse"),
        ("how old am I?", "I'm 34", "you are 34 years old"),
        ("when is my birthday?", "my birthday is on May 3rd", "your birthday is on May 3"),
        ("When is my exam?", "I have an exam in 4 days", "you have an exam tomorrow"),
        (
            "what's my favorite color?",
            "my favorite color is green",
            "your favourite color is green",
        ),
        ("what do I like?", "I like old movies", "you like old movies"),
    ],
)
def test_questions_about_oneself_are_answered(question: str, line: str, said: str) -> None:
    memory = remembered(line)
    reply = answer(question, memory)
    assert said in reply.text
    assert reply.used == (memory.id,)


def test_a_name_that_was_never_told_is_not_made_up() -> None:
    assert re.search("name", answer("what's my name?").text)
    for question in ("where do I live?", "what's my dog's name?", "what's my favorite food?"):
        assert re.search("haven't told|don't know", answer(question).text), question
    assert answer("What's my exam about?").text in USUAL["question"]


def test_all_that_is_known_is_told_when_asked_for() -> None:
    reply = answer("What do you know about me?", NAME, DOG, remembered("I don't like mushrooms"))
    assert reply.text == (
        "What comes to mind: you told me that your name is Ada, that your dog is called Rex and "
        "that you do not like "
        "mushrooms. I forget it whenever you say so."
    )
    assert (
        answer("what do you know about me?").text == "Nothing yet. What would you like me to know?"
    )


def test_who_says_their_name_is_called_by_it() -> None:
    reply = answer("my name is Ada", NAME, noted=(NAME,))
    assert "Ada" in reply.text
    assert reply.used == (NAME.id,)


def test_a_correction_is_taken_with_thanks() -> None:
    eve = remembered("my name is Eve")
    assert "Eve" in answer("no, I meant Eve", eve, noted=(eve,), corrected=True).text


def test_what_is_asked_to_be_remembered_is_promised_only_where_it_lasts() -> None:
    asked = remembered("remember that my locker is number 12")
    kept = answer("remember that my locker is number 12", asked, noted=(asked,), asked=True)
    assert kept.text in ("I'll remember that.", "Noted, and kept.")
    passing = answer("remember ...", asked, noted=(asked,), asked=True, lasting=False)
    assert re.search("while we talk|until we say goodbye", passing.text)


def test_a_secret_is_refused_and_forgetting_is_confirmed() -> None:
    assert re.search("keep", answer("remember my pin is 4711", asked=True, refused=True).text)
    assert re.search(
        "forgotten everything|is gone",
        answer("forget everything", forgotten=Forgotten.EVERYTHING).text,
    )
    assert re.search("forgotten|gone", answer("forget that", forgotten=Forgotten.SOMETHING).text)


def test_luck_is_wished_before_a_trial_and_the_outcome_asked_for_where_it_lasts() -> None:
    exam = remembered("tomorrow I have an exam", told_days_ago=0)
    assert answer("tomorrow I have an exam", exam, noted=(exam,)).text == (
        "Good luck with your exam! Tell me afterwards how it went."
    )
    passing = answer("tomorrow I have an exam", exam, noted=(exam,), lasting=False)
    assert passing.text == "Good luck with your exam!"


def test_a_pet_that_is_spoken_of_has_its_name_said_once() -> None:
    text = "I took my dog to the lake."
    assert "Rex" in answer(text, DOG).text
    assert "Rex" not in answer(text, DOG, mentioned=frozenset({DOG.subject})).text


def test_a_pet_that_died_is_not_asked_after() -> None:
    text = "I took my dog to the lake, long ago."
    assert "Rex" not in answer(text, DOG, remembered("my dog died")).text


def test_goodbye_is_said_by_name() -> None:
    assert "Ada" in answer("bye", NAME).text
    assert answer("bye").text in USUAL["farewell"]


def test_without_memories_every_reply_is_the_usual_one() -> None:
    for text in ("hello", "I got the job!!!", "The meeting is at three.", "thanks", "I'm sad"):
        assert answer(text, number=0) == answer(text, number=0, lasting=False)


LINES = [
    "my name is Ada",
    "my dog is called Rex",
    "I have an exam on Thursday",
    "I like tea",
    "my cat died",
    "I'm afraid of flying",
    "I have two kids",
]


@given(
    st.text(max_size=120),
    st.sets(st.sampled_from(LINES), max_size=5),
    st.booleans(),
    st.integers(0, 9),
)
def test_any_message_is_answered_with_any_memories(
    text: str, lines: set[str], returning: bool, number: int
) -> None:
    memories = tuple(map(remembered, sorted(lines)))
    reply = answer(text, *memories, number=number, returning=returning)
    assert bool(reply.text) == bool(text.strip())
    assert set(reply.used or ()) <= {memory.id for memory in memories}
