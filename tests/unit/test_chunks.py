import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.brain.chunks import split_text


def test_short_text_is_one_piece() -> None:
    assert split_text("Hello there.", 200) == ["Hello there."]
    assert split_text("", 200) == []


def test_text_is_cut_at_the_end_of_a_sentence() -> None:
    text = "One two three four five. Six seven eight nine ten, eleven. Twelve thirteen."
    assert split_text(text, 60) == [
        "One two three four five. Six seven eight nine ten, eleven. ",
        "Twelve thirteen.",
    ]


def test_long_sentence_is_cut_at_a_comma_then_at_a_space() -> None:
    assert split_text("one two three four, five six seven", 24) == [
        "one two three four, ",
        "five six seven",
    ]
    assert split_text("one two three four five", 12) == ["one two ", "three four ", "five"]


def test_no_word_is_cut_that_fits() -> None:
    text = "A fairly long sentence without any pause in it that goes on and on for quite a while"
    for limit in range(12, 90):
        for piece in split_text(text, limit)[:-1]:
            assert piece.endswith(" ") or text[text.index(piece) + len(piece)] == " "


def test_accents_and_emoji_stay_whole() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    pieces = split_text(family * 20, 40)
    assert "".join(pieces) == family * 20
    assert all(piece[0] == "\U0001f468" for piece in pieces)
    assert all(piece[0] == "e" for piece in split_text("e\u0301" * 40, 10))


def test_first_piece_has_its_own_limit() -> None:
    first, second, *_ = split_text("word " * 60, 100, 20)
    assert len(first) <= 20 < len(second) <= 100


@pytest.mark.parametrize("limit", [0, 3])
def test_limit_below_a_character_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match=f"limit is {limit} bytes"):
        split_text("text", limit)


@given(st.text(max_size=400), st.integers(4, 100), st.integers(4, 100))
def test_split_is_lossless_and_within_its_limits(text: str, limit: int, first: int) -> None:
    pieces = split_text(text, limit, first)
    assert "".join(pieces) == text
    assert all(pieces)
    for index, piece in enumerate(pieces):
        assert len(piece.encode()) <= (limit if index else first)
