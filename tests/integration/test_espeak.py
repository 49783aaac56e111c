"""The real eSpeak NG in its real process."""

import asyncio
import importlib.util
import io
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from capsules.arkit import VISEMES
from engine.errors import VoiceError
from engine.voice.espeak.frames import read_frame
from engine.voice.espeak.tts import EspeakTts
from engine.voice.mastering import active_rms
from engine.voice.open import open_tts
from engine.voice.port import SAMPLE_RATE_HZ, Speech, VoiceDelta

pytestmark = [
    pytest.mark.espeak,
    pytest.mark.skipif(
        importlib.util.find_spec("espeakng_loader") is None, reason="needs the voice-espeak extra"
    ),
]

TEXT = "Papa, really? That is wonderful! The pure joy of it makes me happy today, my friend."
NEUTRAL = VoiceDelta()
T = TypeVar("T")


def with_voice(scene: Callable[[EspeakTts], Awaitable[T]]) -> T:
    async def run() -> T:
        tts = EspeakTts()
        try:
            return await scene(tts)
        finally:
            await tts.aclose()

    return asyncio.run(run())


def say(text: str, delta: VoiceDelta = NEUTRAL) -> Speech:
    return with_voice(lambda tts: tts.synthesize(text, delta))


def pid_of(tts: EspeakTts) -> int:
    assert tts._child is not None
    return tts._child._process.pid


def pitch_hz(samples: NDArray[np.float32]) -> float:
    """Median over voiced 50 ms frames, by autocorrelation."""
    found = []
    for start in range(0, len(samples) - 2400, 960):
        frame = samples[start : start + 2400]
        if np.sqrt(np.mean(frame**2)) < 0.05:
            continue
        power = np.abs(np.fft.rfft(frame * np.hanning(2400), 8192)) ** 2
        correlation = np.fft.irfft(power)
        lag = 96 + int(np.argmax(correlation[96:800]))
        if correlation[lag] > 0.4 * correlation[0]:
            found.append(SAMPLE_RATE_HZ / lag)
    return statistics.median(found)


def level(speech: Speech, start_ms: float, end_ms: float) -> float:
    part = speech.samples[int(start_ms * 48) : int(end_ms * 48)]
    return float(np.sqrt(np.mean(part**2)))


def test_speech_is_loud_clean_and_tiled_with_visemes() -> None:
    speech = say(TEXT)
    assert 4000 < speech.duration_ms < 8000
    assert 20 * np.log10(active_rms(speech.samples)) == pytest.approx(-18, abs=1)
    assert np.max(np.abs(speech.samples)) <= 10 ** (-1 / 20)
    assert abs(speech.samples[0]) + abs(speech.samples[-1]) < 1e-3
    at_ms = 0.0
    for viseme in speech.visemes:
        assert viseme.start_ms == pytest.approx(at_ms)
        at_ms += viseme.duration_ms
    assert at_ms == pytest.approx(speech.duration_ms)
    assert len({viseme.viseme for viseme in speech.visemes}) >= 10


def test_lips_close_where_the_sound_dips() -> None:
    speech = say("Papa papa.")
    shapes = [VISEMES[viseme.viseme] for viseme in speech.visemes]
    assert shapes.count("PP") == 4
    inner = [v for v in speech.visemes if VISEMES[v.viseme] == "PP"][1::2]
    opened = [v for v in speech.visemes if VISEMES[v.viseme] == "aa"]
    for lips, mouth in zip(inner, opened, strict=True):
        closure = level(speech, lips.start_ms + 5, lips.start_ms + 20)
        vowel = level(speech, mouth.start_ms + 30, mouth.start_ms + mouth.duration_ms - 30)
        assert closure < 0.25 * vowel


def test_mouth_rests_in_pauses() -> None:
    speech = say("Yes, of course, my friend.")
    pauses = [
        viseme
        for viseme in speech.visemes[1:-1]
        if VISEMES[viseme.viseme] == "sil" and viseme.duration_ms > 80
    ]
    assert len(pauses) == 2
    for pause in pauses:
        middle = level(speech, pause.start_ms + 60, pause.start_ms + pause.duration_ms - 10)
        assert middle < 0.1 * active_rms(speech.samples)


def test_every_viseme_but_silence_is_used_by_english() -> None:
    text = (
        "The pure joy of thinking measures far more cheese, Bob, while good food keeps you going."
    )
    assert {VISEMES[v.viseme] for v in say(text).visemes} >= set(VISEMES) - {"sil"}


@pytest.mark.parametrize("pitch_st", [-4.0, 4.0])
def test_pitch_moves_as_asked_and_the_time_does_not(pitch_st: float) -> None:
    plain, moved = say(TEXT), say(TEXT, VoiceDelta(pitch_st=pitch_st))
    shift = 12 * np.log2(pitch_hz(moved.samples) / pitch_hz(plain.samples))
    assert shift == pytest.approx(pitch_st, abs=0.5)
    assert moved.duration_ms == pytest.approx(plain.duration_ms, rel=0.05)


def test_formants_move_without_the_pitch() -> None:
    def centroid(speech: Speech) -> float:
        power = np.abs(np.fft.rfft(speech.samples)) ** 2
        return float(np.sum(power * np.linspace(0, 24_000, len(power))) / np.sum(power))

    plain, moved = say(TEXT), say(TEXT, VoiceDelta(formant_st=3))
    shift = 12 * np.log2(pitch_hz(moved.samples) / pitch_hz(plain.samples))
    assert shift == pytest.approx(0, abs=0.4)
    assert centroid(moved) > 1.1 * centroid(plain)
    assert moved.duration_ms == pytest.approx(plain.duration_ms, rel=0.08)
    assert moved.visemes[-1].start_ms == pytest.approx(plain.visemes[-1].start_ms, rel=0.08)


def test_twice_the_rate_takes_about_half_the_time() -> None:
    plain, fast = say(TEXT), say(TEXT, VoiceDelta(rate=2))
    assert 0.4 < fast.duration_ms / plain.duration_ms < 0.62


def test_same_text_sounds_the_same_whatever_was_said_before() -> None:
    async def scene(tts: EspeakTts) -> Speech:
        await tts.synthesize("Something else entirely.", VoiceDelta(rate=1.3))
        return await tts.synthesize(TEXT, NEUTRAL)

    first, second = say(TEXT), with_voice(scene)
    assert np.array_equal(first.samples, second.samples)
    assert first.visemes == second.visemes


def test_speech_is_made_much_faster_than_it_is_spoken() -> None:
    async def scene(tts: EspeakTts) -> float:
        await tts.warm()
        started = time.perf_counter()
        speech = await tts.synthesize(TEXT, VoiceDelta(pitch_st=2, breathiness=0.2, tension=0.3))
        return (time.perf_counter() - started) / (speech.duration_ms / 4000)

    # Ten times what it takes on an idle machine: this guards against a slow path, no more.
    assert with_voice(scene) < 0.5


@pytest.mark.parametrize(
    "text",
    ["", "...", "\x00\x01\x1b[31m", "<speak>hi</speak>", "[[h@l'oU]]", "\ud800 lone", "é你好"],
)
def test_odd_text_is_said_or_skipped_without_harm(text: str) -> None:
    speech = say(text)
    assert speech.text == text
    assert np.all(np.isfinite(speech.samples))


def test_huge_text_is_cut() -> None:
    assert say("word " * 200_000).duration_ms < 200_000


def test_killed_process_is_replaced() -> None:
    async def scene(tts: EspeakTts) -> tuple[Speech, bool]:
        await tts.warm()
        pid = pid_of(tts)
        os.kill(pid, signal.SIGKILL)
        speech = await tts.synthesize("Still here.", NEUTRAL)
        return speech, pid_of(tts) != pid

    speech, replaced = with_voice(scene)
    assert replaced
    assert speech.duration_ms > 300


def test_hung_process_is_an_error_in_time_and_the_next_text_is_said() -> None:
    async def run() -> Speech:
        tts = EspeakTts(timeout_s=0.3)
        try:
            await tts.warm()
            os.kill(pid_of(tts), signal.SIGSTOP)
            return await tts.synthesize("Hello.", NEUTRAL)
        finally:
            await tts.aclose()

    assert asyncio.run(run()).duration_ms > 200


def test_unknown_voice_is_an_error_that_names_it() -> None:
    async def run() -> None:
        tts = EspeakTts("xx-nowhere")
        try:
            await tts.synthesize("Hello.", NEUTRAL)
        finally:
            await tts.aclose()

    with pytest.raises(VoiceError, match="xx-nowhere"):
        asyncio.run(run())


def test_abandoned_text_does_not_spoil_the_next() -> None:
    async def scene(tts: EspeakTts) -> Speech:
        await tts.warm()
        for _ in range(5):
            task = asyncio.create_task(tts.synthesize(TEXT, NEUTRAL))
            await asyncio.sleep(0.001)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return await tts.synthesize("Yes.", NEUTRAL)

    assert with_voice(scene).duration_ms < 1000


def test_many_texts_at_once_each_get_their_own_speech() -> None:
    async def scene(tts: EspeakTts) -> list[Speech]:
        texts = ["word " * count for count in range(1, 9)]
        return list(await asyncio.gather(*(tts.synthesize(text, NEUTRAL) for text in texts)))

    lengths = [speech.duration_ms for speech in with_voice(scene)]
    assert lengths == sorted(lengths)
    assert len(set(lengths)) == 8


def test_closing_lets_the_process_end_by_itself() -> None:
    async def run() -> tuple[int, int | None]:
        tts = await open_tts("espeak")
        assert isinstance(tts, EspeakTts)
        child = tts._child
        assert child is not None
        await tts.aclose()
        await tts.aclose()
        return child._process.pid, child._process.returncode

    pid, status = asyncio.run(run())
    assert status == 0
    assert not psutil.pid_exists(pid)


def test_process_ends_with_a_killed_parent() -> None:
    script = (
        "import asyncio\n"
        "from engine.voice.espeak.tts import EspeakTts\n"
        "async def run():\n"
        "    tts = EspeakTts()\n"
        "    await tts.warm()\n"
        "    print(tts._child._process.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(run())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        gone, _ = psutil.wait_procs([child], timeout=5)
    assert gone or child.status() == psutil.STATUS_ZOMBIE


def test_process_imports_nothing_heavy() -> None:
    code = (
        "import sys; import engine.voice.espeak.__main__; "
        "print([name for name in ('numpy', 'av', 'asyncio', 'numba') if name in sys.modules])"
    )
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert answer.stdout.strip() == "[]", answer.stderr


def test_fork_that_fails_is_answered_with_a_refusal() -> None:
    code = (
        "import sys; from engine.voice.espeak.__main__ import _serve\n"
        "class Library:\n"
        "    sample_rate_hz = 22050\n"
        "    def set_voice(self, name): pass\n"
        "    def synthesize(self, *_): raise MemoryError\n"
        "request = dict(id=3, text='', voice='', rate_wpm=1, pitch=1, range=1)\n"
        "_serve(Library(), request, open(1, 'wb', buffering=0))\n"
    )
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=root)
    frame = read_frame(io.BytesIO(answer.stdout))
    assert frame is not None, answer.stderr
    assert (frame[0]["id"], frame[0]["ok"]) == (3, False)
    assert "exit status 1" in frame[0]["error"]
