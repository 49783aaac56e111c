"""Text to speech by eSpeak NG."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from engine.errors import VoiceError
from engine.voice.dsp import apply_delta, clamped
from engine.voice.espeak.child import ChildLostError, EspeakChild
from engine.voice.espeak.pitch import PitchSettings, pitch_settings
from engine.voice.mastering import mastered, sound_bounds
from engine.voice.phonemes import is_stressed, load_phonemes, visemes_from_marks
from engine.voice.port import Speech, VoiceDelta

__all__ = ["DEFAULT_VOICE", "EspeakTts"]

# Of the female variants the one with the least energy where formant synthesis rasps (2.5 to 5 kHz,
# 3 %), a plain 190 Hz, and a melody wide enough to be lively.
DEFAULT_VOICE = "en-us+f2"

_RATE_WPM = 165
_SLOWEST_WPM = 80  # eSpeak's own limits; above 450 it would drop sound
_FASTEST_WPM = 449
_MAX_TEXT_CHARS = 2000
_REQUEST_TIMEOUT_S = 10.0
_RANGE_SHARE = 18 * 108 * (220 - 142) / (4096 * (142 - 9))  # `pitch 142 220` in the file of f2
_ROUNDING_ST = 0.25
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class EspeakTts:
    """`TextToSpeech` by an eSpeak NG process, started by `warm` or by the first text.

    Used from one event loop; sound is worked on in a thread of its own. A process that dies is
    replaced once for each text.

    Args:
        voice: eSpeak's name for a voice, with a variant after `+`.
        timeout_s: How long one text may take.
    """

    def __init__(
        self, voice: str = DEFAULT_VOICE, *, timeout_s: float = _REQUEST_TIMEOUT_S
    ) -> None:
        self._voice = voice
        self._timeout_s = timeout_s
        self._child: EspeakChild | None = None
        self._turn = asyncio.Lock()
        self._exchanges: set[asyncio.Task[tuple[dict[str, Any], bytes]]] = set()
        self._executor: ThreadPoolExecutor | None = None
        self._closed = False

    async def warm(self) -> None:
        """Starts the process and says a word, so that the first text does not wait.

        Raises:
            VoiceError: See `synthesize`.
        """
        await self.synthesize("ready", VoiceDelta(tension=0.1))

    async def synthesize(self, text: str, delta: VoiceDelta) -> Speech:
        """See `TextToSpeech.synthesize`.

        Control characters are spoken as spaces, and a text is cut after 2,000 characters; one with
        nothing to say gives speech of length 0.

        Raises:
            VoiceUnavailableError: The extra is not installed.
            VoiceError: The process failed twice, hung, or this has been closed.
        """
        delta = clamped(delta)
        spoken = _CONTROL.sub(" ", text)[:_MAX_TEXT_CHARS].strip()
        # Sound that is spoken slower and lower by a ratio, then played faster by it, is as fast and
        # as high as before, with its formants moved: no vocoder does it as cleanly.
        tempo = 2 ** (delta.formant_st / 12)
        pitch = pitch_settings(delta.pitch_st - delta.formant_st, _RANGE_SHARE)
        rate_wpm = round(_RATE_WPM * delta.rate / tempo)
        header, sound = await self._exchange(
            {
                "text": spoken,
                "voice": self._voice,
                "rate_wpm": min(max(rate_wpm, _SLOWEST_WPM), _FASTEST_WPM),
                "pitch": pitch.pitch,
                "range": pitch.range,
            }
        )
        header["sample_rate_hz"] *= tempo
        rest = replace(delta, pitch_st=_rest_st(delta, pitch), formant_st=0.0, rate=1.0)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._workers(), _finish, text, header, sound, rest)

    async def aclose(self) -> None:
        """See `TextToSpeech.aclose`."""
        self._closed = True
        if self._exchanges and self._child is not None:
            self._child.kill()
        for task in tuple(self._exchanges):
            task.cancel()
        await asyncio.gather(*self._exchanges, return_exceptions=True)
        async with self._turn:
            await self._drop_child()
        executor, self._executor = self._executor, None
        if executor is not None:
            await asyncio.to_thread(executor.shutdown)

    def _workers(self) -> ThreadPoolExecutor:
        if self._closed:
            raise VoiceError("the voice has been closed")
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="voice")
        return self._executor

    async def _exchange(self, fields: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Asks in a task of its own: a caller who gives up must not leave half an answer behind."""
        task = asyncio.create_task(self._ask(fields))
        self._exchanges.add(task)
        task.add_done_callback(self._exchanges.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise VoiceError("the voice has been closed") from None
            task.add_done_callback(_retrieve)
            raise

    async def _ask(self, fields: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        async with self._turn:
            try:
                return await self._ask_once(fields)
            except ChildLostError:
                await self._drop_lost_child()
            try:
                return await self._ask_once(fields)
            except ChildLostError as error:
                await self._drop_lost_child()
                raise VoiceError(f"eSpeak NG failed twice: {error}") from error

    async def _ask_once(self, fields: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        if self._closed:
            raise VoiceError("the voice has been closed")
        if self._child is None:
            self._child = await EspeakChild.start()
        return await self._child.request(fields, self._timeout_s)

    async def _drop_lost_child(self) -> None:
        if self._child is not None:
            self._child.kill()
        await self._drop_child()

    async def _drop_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.stop()


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Takes an abandoned exchange's error, so that nothing complains that nobody did."""
    if not task.cancelled():
        task.exception()


def _rest_st(delta: VoiceDelta, pitch: PitchSettings) -> float:
    """What eSpeak could not reach of the pitch; its rounding is let be."""
    rest = delta.pitch_st - delta.formant_st - pitch.given_st
    return rest if abs(rest) > _ROUNDING_ST else 0.0


def _finish(text: str, header: dict[str, Any], sound: bytes, delta: VoiceDelta) -> Speech:
    rate_hz = float(header["sample_rate_hz"])
    pcm = np.frombuffer(sound, "<i2")
    start, end = sound_bounds(pcm, rate_hz)
    samples = apply_delta(mastered(pcm[start:end], rate_hz), delta)
    table = load_phonemes()
    timed = [(symbol, (sample - start) * 1000.0 / rate_hz) for symbol, sample in header["phonemes"]]
    marks = [(table.of_espeak(symbol), time_ms) for symbol, time_ms in timed]
    stresses = tuple(max(0.0, time_ms) for symbol, time_ms in timed if is_stressed(symbol))
    speech = Speech(text, samples, (), stresses)
    return replace(speech, visemes=visemes_from_marks(marks, speech.duration_ms))
