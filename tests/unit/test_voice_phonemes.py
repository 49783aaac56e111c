import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsules.arkit import VISEMES
from engine.voice.phonemes import SILENCE, load_phonemes, visemes_from_marks
from engine.voice.port import SpeechViseme, VoiceDelta
from engine.voice.silent import SilentTts


def names(symbol: str) -> list[str]:
    return [VISEMES[viseme] for viseme, _ in load_phonemes().of_espeak(symbol)]


def assert_tiles(visemes: Sequence[SpeechViseme], duration_ms: float) -> None:
    at_ms = 0.0
    for viseme in visemes:
        assert viseme.start_ms == pytest.approx(at_ms)
        assert viseme.duration_ms > 0
        assert 0 <= viseme.viseme < len(VISEMES)
        at_ms = viseme.start_ms + viseme.duration_ms
    assert at_ms == pytest.approx(duration_ms)


def test_silence_is_viseme_zero() -> None:
    assert SILENCE == 0


def test_espeak_table_reaches_every_viseme() -> None:
    used = {viseme for shape in load_phonemes().espeak.values() for viseme, _ in shape}
    assert used | {SILENCE} == set(range(len(VISEMES)))


def test_shares_of_every_symbol_add_up_to_one() -> None:
    for symbol, shape in load_phonemes().espeak.items():
        assert sum(share for _, share in shape) == pytest.approx(1), symbol
        assert all(share > 0 for _, share in shape), symbol


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("p", ["PP"]),
        ("'A:", ["aa"]),
        (",oU", ["oh", "ou"]),
        ("dZ", ["CH"]),
        ("_:", ["sil"]),
        ("T", ["TH"]),
        ("'aI", ["aa", "ih"]),
    ],
)
def test_espeak_mnemonics_have_their_shape(symbol: str, expected: list[str]) -> None:
    assert names(symbol) == expected


@pytest.mark.parametrize(
    ("symbol", "expected"), [("m#9", ["PP"]), ("s^x", ["SS"]), ("\u00f8", ["E"]), ("", ["sil"])]
)
def test_unknown_mnemonics_have_a_sensible_shape(symbol: str, expected: list[str]) -> None:
    assert names(symbol) == expected


def test_marks_become_visemes_from_start_to_end() -> None:
    table = load_phonemes()
    marks = [(table.of_espeak("p"), 40.0), (table.of_espeak("aI"), 100.0)]
    visemes = visemes_from_marks(marks, 300.0)
    assert_tiles(visemes, 300.0)
    assert [VISEMES[v.viseme] for v in visemes] == ["sil", "PP", "aa", "ih"]
    assert visemes[3].start_ms == pytest.approx(220.0)


def test_neighbours_of_one_shape_are_joined() -> None:
    shape = ((3, 1.0),)
    visemes = visemes_from_marks([(shape, 0.0), (shape, 50.0)], 80.0)
    assert visemes == (SpeechViseme(3, 0.0, 80.0),)


@given(
    st.lists(st.floats(-50, 900, allow_nan=False)),
    st.floats(1, 500, allow_nan=False),
)
def test_any_times_give_visemes_without_gaps(starts: list[float], duration_ms: float) -> None:
    shape = load_phonemes().of_espeak("aI")
    visemes = visemes_from_marks([(shape, start) for start in sorted(starts)], duration_ms)
    assert_tiles(visemes, duration_ms)


def test_no_sound_has_no_visemes() -> None:
    assert visemes_from_marks([(((1, 1.0),), 0.0)], 0.0) == ()


def test_silent_voice_moves_the_mouth_without_sound() -> None:
    speech = asyncio.run(SilentTts().synthesize("Bob, think!", VoiceDelta()))
    assert not speech.samples.any()
    assert_tiles(speech.visemes, speech.duration_ms)
    shapes = [VISEMES[v.viseme] for v in speech.visemes]
    assert shapes == ["PP", "oh", "PP", "sil", "TH", "ih", "nn", "kk", "sil"]
    assert 400 < speech.duration_ms < 1500


def test_silent_voice_takes_half_the_time_at_twice_the_rate() -> None:
    async def durations() -> tuple[float, float]:
        tts = SilentTts()
        plain = await tts.synthesize("a long enough text", VoiceDelta())
        fast = await tts.synthesize("a long enough text", VoiceDelta(rate=2))
        return plain.duration_ms, fast.duration_ms

    plain_ms, fast_ms = asyncio.run(durations())
    assert fast_ms == pytest.approx(plain_ms / 2, abs=0.1)


def test_silent_voice_says_anything() -> None:
    async def say(text: str) -> float:
        return (await SilentTts().synthesize(text, VoiceDelta())).duration_ms

    assert asyncio.run(say("")) == 0
    assert asyncio.run(say("\x00\u4f60\u597d 42 \U0001f600")) > 0
    assert asyncio.run(say("a" * 1_000_000)) < 300_000
