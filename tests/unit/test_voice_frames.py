import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.voice.espeak.frames import (
    FrameError,
    decode_header,
    encode_frame,
    read_frame,
    read_lengths,
)
from engine.voice.espeak.pitch import pitch_settings


@given(st.dictionaries(st.text(), st.text() | st.integers()), st.binary())
def test_frame_comes_back_as_it_was_sent(header: dict[str, object], payload: bytes) -> None:
    stream = io.BytesIO(encode_frame(header, payload) * 2)
    assert read_frame(stream) == (header, payload)
    assert read_frame(stream) == (header, payload)
    assert read_frame(stream) is None


@given(st.integers(0, 24))
def test_frame_cut_short_is_the_end(length: int) -> None:
    data = encode_frame({"id": 1}, b"0123456789")
    assert read_frame(io.BytesIO(data[:length])) is None


def test_absurd_length_is_refused() -> None:
    with pytest.raises(FrameError, match="4294967295"):
        read_lengths(b"\xff" * 8)


@pytest.mark.parametrize("head", [b"[]", b"{", b"\xff\xfe", b""])
def test_header_must_be_an_object(head: bytes) -> None:
    with pytest.raises(FrameError, match="frame header"):
        decode_header(head)


def test_plain_pitch_needs_plain_settings() -> None:
    settings = pitch_settings(0.0, 0.3)
    assert (settings.pitch, settings.range, settings.given_st) == (50, 50, 0.0)


@given(st.floats(-18, 18))
def test_pitch_settings_stay_on_espeaks_scale_and_say_what_they_give(semitones: float) -> None:
    settings = pitch_settings(semitones, 0.28)
    assert 0 <= settings.pitch <= 99
    assert 0 <= settings.range <= 99
    if -8 < semitones < 9:
        assert settings.given_st == pytest.approx(semitones, abs=0.25)
