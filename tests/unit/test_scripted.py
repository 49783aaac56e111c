"""Conversations from a script: what reaches the body, what is heard, and what is refused."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capsules.library import load_library
from capsules.targets import TargetKind, targets
from compositor.drawlist import FrameSize
from control_plane.cli import main
from control_plane.emotion.personality_file import personality_named
from control_plane.scripted.performance import Cast, Performance, perform
from control_plane.scripted.script import script_of
from engine.rtc.audio import LIP_DELAY_NS
from engine.voice.port import SAMPLE_RATE_HZ, Speech, SpeechViseme, VoiceDelta

BASES = frozenset(name for name, item in targets().items() if item.kind is TargetKind.BASIS)
HELLO = {"atMs": 200, "event": {"speak": {"text": "Ah."}}}
TYPING = {"atMs": 600, "event": {"ui": {"context": "UI_CONTEXT_TYPING"}}}
PLAIN = {"atMs": 400, "event": {"features": {"features": {"context": False, "visemes": False}}}}


class Voice:
    """A tone of 400 ms with an open mouth."""

    async def synthesize(self, text: str, delta: VoiceDelta) -> Speech:
        samples = np.full(SAMPLE_RATE_HZ * 2 // 5, 0.5, np.float32)
        return Speech(text, samples, (SpeechViseme(10, 0.0, 400.0),))

    async def aclose(self) -> None: ...


CAST = Cast(
    load_library(), "mira", BASES, personality_named("friendly"), Voice(), size=FrameSize(128, 128)
)


def performed(*cues: object, cast: Cast = CAST, length_ms: int | None = 2_000) -> Performance:
    return asyncio.run(perform(script_of(list(cues)), cast, length_ms))


def jaw(performance: Performance) -> list[float]:
    return [dict(frame.weights).get("jawOpen", 0.0) for frame in performance.frames]


def test_the_same_script_gives_the_same_frames_and_another_seed_others() -> None:
    first, again = performed(HELLO, TYPING), performed(HELLO, TYPING)
    assert [one.to_bytes() for one in first.frames] == [one.to_bytes() for one in again.frames]
    other = performed(HELLO, TYPING, cast=replace(CAST, seed=1))
    assert [one.to_bytes() for one in first.frames] != [one.to_bytes() for one in other.frames]


def test_sound_is_heard_as_late_as_the_lips_are_timed_for() -> None:
    performance = performed(HELLO)
    timeline = performance.timeline.read(0, 2 * SAMPLE_RATE_HZ)
    heard = np.concatenate(list(performance.sound()))
    delay = LIP_DELAY_NS * SAMPLE_RATE_HZ // 1_000_000_000
    assert np.count_nonzero(heard) == SAMPLE_RATE_HZ * 2 // 5
    assert np.flatnonzero(heard)[0] == np.flatnonzero(timeline)[0] + delay
    begins_s = np.flatnonzero(heard)[0] / SAMPLE_RATE_HZ
    opens = next(number for number, value in enumerate(jaw(performance)) if value > 0.1)
    assert opens / performance.fps == pytest.approx(begins_s, abs=0.06)


def test_it_ends_by_itself_once_everything_has_been_said() -> None:
    performance = performed(HELLO, length_ms=None)
    heard = np.concatenate(list(performance.sound()))
    assert np.count_nonzero(heard) == SAMPLE_RATE_HZ * 2 // 5
    assert 1.5 < len(performance.frames) / performance.fps < 4.0


def test_features_that_the_script_switches_off_are_off_from_then_on() -> None:
    usual, plain = performed(TYPING), performed(PLAIN, TYPING)
    until = 600 * usual.fps // 1000
    assert usual.frames[:10] == plain.frames[:10]
    gestures = [frame.transforms for frame in usual.frames[until:]]
    assert gestures != [frame.transforms for frame in plain.frames[until:]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\x90\xff", "no text in UTF-8"),
        (b"{", "line 1"),
        (b'{"atMs": -1, "event": {}}', "atMs is -1"),
        (b'{"atMs": true, "event": {}}', "atMs is True"),
        (b'{"event": {"speak": {"words": "hi"}}}', "cue 1"),
    ],
)
def test_script_that_cannot_be_read_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, told: str
) -> None:
    script = tmp_path / "script.jsonl"
    script.write_bytes(content)
    assert main(["perform", str(script), "--video", str(tmp_path / "a.mp4")]) != 0
    assert told in capsys.readouterr().err


def test_script_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "none.jsonl"
    assert main(["perform", str(script), "--video", str(tmp_path / "a.mp4")]) != 0
    assert f"{script} cannot be read: No such file" in capsys.readouterr().err


def test_film_that_cannot_be_written_is_refused_before_anything_is_performed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text("")
    monkeypatch.setattr("control_plane.scripted.film.perform", None)
    (tmp_path / "there.mp4").write_bytes(b"")
    for name, told in (("a.txt", "expected .mp4"), ("there.mp4", "--force replaces it")):
        assert main(["perform", str(script), "--video", str(tmp_path / name)]) != 0
        assert told in capsys.readouterr().err
