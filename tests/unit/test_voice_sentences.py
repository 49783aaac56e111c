import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.voice.sentences import MAX_CHUNK_CHARS, speakable, split_sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello! How are you? Fine.", ["Hello!", "How are you?", "Fine."]),
        ("Dr. Smith met Mrs. Jones.", ["Dr. Smith met Mrs. Jones."]),
        ("Pi is 3.14. Yes.", ["Pi is 3.14.", "Yes."]),
        ("See https://a.b/c.d?e=1. Ok.", ["See https://a.b/c.d?e=1.", "Ok."]),
        ("J. R. Tolkien wrote it. I agree.", ["J. R. Tolkien wrote it.", "I agree."]),
        ("So it was No. 5. No. Never.", ["So it was No. 5.", "No.", "Never."]),
        ("Fruit, e.g. apples. Good.", ["Fruit, e.g. apples.", "Good."]),
        ("Well... maybe.", ["Well...", "maybe."]),
        ('"Really?" she said.', ['"Really?"', "she said."]),
        ("first\nsecond", ["first.", "second"]),
    ],
)
def test_sentences_end_where_a_reader_would_stop(text: str, expected: list[str]) -> None:
    assert split_sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Bold**, _soft_ and `code`", "Bold, soft and code"),
        ("snake_case and 2*3*4", "snake_case and 2*3*4"),
        ("great \U0001f600\U0001f44d\U0001f3fd! \u2764\ufe0f", "great !"),
        ("[the page](http://x.y/z)", "the page"),
        ("<b>hi</b> there", "hi there"),
        ("a < b and c > d", "a < b and c > d"),
        ("# Title\n- one\n* two", "Title. one. two"),
        ("a\x00b\x07c", "a b c"),
    ],
)
def test_what_is_not_spoken_is_stripped(text: str, expected: str) -> None:
    assert speakable(text) == expected


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "\U0001f600", "\x00\x01", "- - -"])
def test_text_with_nothing_to_say_gives_nothing(text: str) -> None:
    assert split_sentences(text) == []


def test_long_first_sentence_is_split_at_a_comma() -> None:
    text = (
        "Well, I have been thinking about it for a long time, and although it is hard to say, "
        "I would go. Then, of course, there is the other thing, which I have not mentioned, at all."
    )
    chunks = split_sentences(text)
    assert chunks[0] == "Well, I have been thinking about it for a long time,"
    assert chunks[1] == "and although it is hard to say, I would go."
    assert len(chunks) == 3


def test_long_word_is_cut_to_size() -> None:
    assert [len(chunk) for chunk in split_sentences("x" * 600)] == [240, 240, 120]


def test_long_sentence_is_cut_between_words() -> None:
    chunks = split_sentences("First. " + "lovely words " * 60)
    assert all(len(chunk) <= MAX_CHUNK_CHARS for chunk in chunks)
    assert all(chunk.split()[-1] in ("words", "lovely") for chunk in chunks[1:])


@given(st.text(max_size=600))
def test_any_text_gives_small_chunks_without_control_characters(text: str) -> None:
    for chunk in split_sentences(text):
        assert 0 < len(chunk) <= MAX_CHUNK_CHARS
        assert chunk == chunk.strip()
        assert all(ord(letter) >= 32 for letter in chunk)


@given(st.lists(st.sampled_from(["alpha", "be", "gamma,", "delta.", "Dr.", "7.5", "end!"])))
def test_no_word_is_lost(words: list[str]) -> None:
    assert " ".join(split_sentences(" ".join(words))).split() == words
