"""The rules against labelled lines of chat: what they must find, and what they must leave alone."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.memory.notes import Forget, Kind, Note, Scope
from control_plane.memory.noticing import MAX_NOTES, notice
from control_plane.memory.sentences import straightened
from storage.tables.talk import MemoryTier

TODAY = date(2026, 11, 20)  # a Friday
DATA = Path(__file__).parent / "data"
CONVERSATION = Path(__file__).parents[2] / "benchmarks" / "data" / "conversation.jsonl"
# Every note that the rules take from the 320 lines of the conversation set, all of them right.
TOLD = {
    "I got the job!!!": "event.job=got the job",
    "my grandfather passed away on Sunday": "event.grandfather=grandfather passed away",
    "I just got promoted to team lead": "event.job=got promoted",
    "guess what? I passed my driving test!": "event.driving test=passed my driving test",
    "I live in Hamburg": "home=Hamburg",
    "I'm a bit worried about my sister": "feeling.sister=worried about my sister",
    "I'm terrified of flying": "feeling.flying=terrified of flying",
    "My name is Daniel and I work in accounting": "name=Daniel",
    "I'm so stressed about the deadline": "feeling.deadline=stressed about the deadline",
    "I have two brothers": "family.brothers=two",
    "I love roller coasters, let's ride it again!": "like=roller coasters",
    "We won the finals, I'm still shaking": "event.finals=won the finals",
    "I passed my driving test, I'm in shock!": "event.driving test=passed my driving test",
}


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    expected: frozenset[str]


def labelled(name: str) -> list[Line]:
    """LINE | NOTE; NOTE, one a row; nothing after the bar: nothing is to be remembered."""
    lines = []
    for row in (DATA / name).read_text(encoding="utf-8").splitlines():
        if row and not row.startswith("#"):
            text, _, labels = row.rpartition("|")
            notes = frozenset(label.strip() for label in labels.split(";") if label.strip())
            lines.append(Line(text.strip(), notes))
    return lines


def label(note: Note) -> str:
    about = f".{note.about}" if note.about else ""
    due = f"@{(note.due - TODAY).days}" if note.due else ""
    return f"{note.kind}{about}={note.value}{due}"


def order(forget: Forget) -> str:
    return f"!{forget.scope}" + (f"={forget.words}" if forget.words else "")


def found(text: str, last: Note | None = None) -> frozenset[str]:
    heard = notice(text, TODAY, last)
    orders = [order(heard.forget)] if heard.forget else []
    return frozenset([*map(label, heard.notes), *orders])


def measured(name: str) -> tuple[float, float]:
    """Precision and recall over the notes and orders of a set."""
    right = extra = missing = 0
    for line in labelled(name):
        got = found(line.text)
        right += len(got & line.expected)
        extra += len(got - line.expected)
        missing += len(line.expected - got)
    return right / (right + extra), right / (right + missing)


def only(text: str, last: Note | None = None) -> Note:
    (note,) = notice(text, TODAY, last).notes
    return note


def test_nothing_wrong_is_remembered_of_the_labelled_lines_and_nothing_is_missed() -> None:
    assert len(labelled("memory_lines.txt")) >= 240
    precision, recall = measured("memory_lines.txt")
    assert precision == 1.0
    assert recall >= 0.98


def test_of_lines_that_came_later_nothing_wrong_is_remembered_and_little_is_missed() -> None:
    assert len(labelled("memory_lines_second.txt")) >= 140
    precision, recall = measured("memory_lines_second.txt")
    assert precision >= 0.98
    assert recall >= 0.94


def test_lines_that_were_written_to_mislead_leave_nothing_wrong() -> None:
    assert len(labelled("memory_lines_misleading.txt")) >= 130
    precision, recall = measured("memory_lines_misleading.txt")
    assert precision == 1.0
    assert recall >= 0.7


def test_of_everyday_chat_only_what_it_tells_is_remembered() -> None:
    rows = CONVERSATION.read_text(encoding="utf-8").splitlines()
    texts = [json.loads(row)["text"] for row in rows]
    assert len(texts) == 320
    assert {text: "; ".join(found(text)) for text in texts if found(text)} == TOLD


@pytest.mark.parametrize(
    ("before", "line", "after"),
    [
        ("my name is Ada", "no, I meant Eve", "name=Eve"),
        ("my name is Ada", "sorry, it's Eve", "name=Eve"),
        ("my name is Ada", "not Ada, Eve", "name=Eve"),
        ("My dog is called Rex", "no, his name is Max", "pet.dog=Max"),
        ("I live in Bonn", "actually, Cologne", "home=Cologne"),
        ("I love coffee", "no, I meant tea", "like=tea"),
    ],
)
def test_a_correction_takes_the_place_of_what_was_noted(before: str, line: str, after: str) -> None:
    last = only(before)
    note = only(line, last)
    assert label(note) == after
    assert (note.replaces, note.insisted) == (last.subject, True)


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("my name is Ada", "no, never mind"),
        ("my name is Ada", "actually, I'm tired"),
        ("I live in Bonn", "wait, what?"),
        ("I have two kids", "no, Tom"),
        ("I love coffee", "sorry, my phone rang"),
    ],
)
def test_other_words_after_a_note_put_nothing_right(before: str, line: str) -> None:
    assert found(line, only(before)) == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "I'm a lesbian",
        "I have an appointment with my therapist tomorrow",
        "I have surgery on Monday",
        "my mother has cancer",
        "I'm worried about my pregnancy",
        "I'm a doctor's patient",
        "I voted for the greens",
        "I love Jesus",
        "my password is hunter2",
        "remember that my credit card is 4111 1111 1111 1111",
        "I want to kill myself",
    ],
)
def test_what_is_nobodys_business_is_left_alone(text: str) -> None:
    assert found(text) == frozenset()


def test_what_is_asked_for_is_kept_and_a_secret_is_refused() -> None:
    asked = notice("remember that I'm allergic to nuts", TODAY)
    assert (asked.asked, asked.refused) == (True, False)
    assert asked.notes[0].tier is MemoryTier.LONG
    secret = notice("please remember that my PIN is 4711", TODAY)
    assert (secret.notes, secret.asked, secret.refused) == ((), True, True)


def test_a_plan_fades_two_weeks_after_its_day_and_a_name_never() -> None:
    exam = only("tomorrow I have an exam")
    assert exam.due == date(2026, 11, 21)
    assert exam.fades(TODAY) == date(2026, 12, 5)
    assert only("my name is Ada").fades(TODAY) is None
    assert only("my dog died").importance > only("I got promoted").importance


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("today", "2026-11-20"),
        ("on Friday", "2026-11-27"),
        ("next Monday", "2026-11-23"),
        ("in three weeks", "2026-12-11"),
        ("on the 3rd", "2026-12-03"),
        ("on March 5th", "2027-03-05"),
        ("on 31 December", "2026-12-31"),
    ],
)
def test_days_are_counted_from_today(words: str, day: str) -> None:
    assert only(f"I have an exam {words}").due == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("my exam was cancelled", ("plan:exam",)),
        ("We had to cancel our trip", ("plan:trip",)),
        ("my job interview got postponed", ("plan:job interview",)),
        ("I don't live in Berlin anymore", ("home",)),
        ("I no longer work there", ("work",)),
        ("I don't like coffee any more", ("taste:coffee",)),
        ("I've moved out", ("home",)),
        ("I don't live in Berlin", ()),
        ("was my exam cancelled?", ()),
        ("if the exam was cancelled I'd be glad", ()),
        ("I love coffee more", ()),
    ],
)
def test_what_is_so_no_longer_is_noticed(text: str, ended: tuple[str, ...]) -> None:
    assert notice(text, TODAY).ended == ended


@pytest.mark.parametrize(
    ("text", "settled"),
    [
        ("I passed my exam!", ("plan:exam", "feeling:exam")),
        ("my dog died", ("plan:dog", "feeling:dog")),
        ("my wife left me", ("plan:wife", "feeling:wife", "family:wife")),
        ("I live in Bonn", ()),
    ],
)
def test_what_happened_settles_what_was_before(text: str, settled: tuple[str, ...]) -> None:
    assert only(text).settles == settled


def test_a_job_that_was_got_or_lost_settles_the_interview_and_the_work_before() -> None:
    for text in ("I got the job", "I got fired"):
        assert {"work", "plan:job interview", "feeling:interview"} <= set(only(text).settles)


def test_a_later_note_of_the_same_subject_is_known_as_one() -> None:
    assert only("I love tea").subject == only("I hate tea").subject
    assert only("I live in Bonn").subject == only("I moved to Rome").subject
    assert only("I have two cats").subject == only("I have three cats").subject
    assert only("my sister Clara is here").subject != only("my sister Lena is here").subject


def test_runs_of_spaces_are_one_space_and_line_ends_stay() -> None:
    assert straightened(f"i{' ' * 500}like\t \u2019tea\u2019\n\nbye", 600) == "i like 'tea'\n\nbye"


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    heard = notice(text, TODAY)
    assert len(heard.notes) <= MAX_NOTES
    assert all(note.value and note.subject and 0 < note.confidence <= 1 for note in heard.notes)


@given(
    st.lists(
        st.sampled_from(
            sorted({word for line in labelled("memory_lines.txt") for word in line.text.split()})
        ),
        max_size=20,
    )
)
def test_any_words_of_chat_are_read(words: list[str]) -> None:
    heard = notice(" ".join(words), TODAY, Note(Kind.NAME, "Ada", "The user's name is Ada."))
    assert heard.forget is None or heard.forget.scope in Scope
    assert len({note.subject for note in heard.notes}) == len(heard.notes)
