"""The speaking task of a session: text in, sound on the timeline, mouth shapes to the body."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from engine.clock import NS_PER_MS, NS_PER_S, Clock
from engine.errors import VoiceError
from engine.voice.port import Speech, TextToSpeech, VoiceDelta
from engine.voice.sentences import split_sentences
from engine.voice.silent import SilentTts
from engine.voice.timeline import SpeechTimeline

__all__ = ["MAX_WAITING", "Speaker", "SpeakerCallbacks", "SpeechState", "SpeechUpdate"]

MAX_WAITING = 32  # sentences; what does not fit is refused, see `Speaker.say`

_LEAST_LEAD_NS = 20 * NS_PER_MS  # one audio packet: what is placed sooner would be read too late
_PAUSE_NS = 120 * NS_PER_MS
_KEPT_NS = 2 * NS_PER_S  # a late reader may still be this far behind
_PLACED_AHEAD = 2  # the sentence that plays and the next one

_log = logging.getLogger(__name__)


class SpeechState(StrEnum):
    """What happened to a text."""

    STARTED = "started"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class SpeechUpdate:
    """A text began, ended or was cut short.

    Attributes:
        state: What happened.
        text: The whole text as given to `Speaker.say`.
        source: Where the text came from, as given to `Speaker.say`.
    """

    state: SpeechState
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class SpeakerCallbacks:
    """Whom the speaker tells and asks; all are called on the event loop and must not block.

    Attributes:
        on_speech: A sentence with the time its sound starts; may come while another still plays.
        on_update: At the moment the sound starts or has ended, or on interruption.
        on_fault: The voice failed on a sentence, which is mouthed in silence instead.
        voice_delta: How the voice is to sound now; asked once a sentence.
    """

    on_speech: Callable[[Speech, int], None]
    on_update: Callable[[SpeechUpdate], None]
    on_fault: Callable[[Exception], None]
    voice_delta: Callable[[], VoiceDelta]


@dataclass(eq=False, slots=True)
class _Utterance:
    text: str
    source: str
    earliest_onset_ns: int
    left: int  # sentences whose sound has not ended
    started: bool = False


@dataclass(frozen=True, slots=True)
class _Placed:
    utterance: _Utterance
    onset_ns: int
    end_ns: int


class Speaker:
    """Says texts one after another on a session's timeline.

    The sound of the next sentence is made while the current one plays, so sentences follow each
    other after a pause of 120 ms. Used from one event loop; owns one task from
    the first text until an interruption or the end.

    Args:
        tts: Shared with other sessions; not closed here.
        timeline: Where sound is placed.
        clock: The session's clock.
        callbacks: Whom to tell.
        sleep_until: Waits until the clock shows a time in ns; by default by asyncio's timers.
    """

    def __init__(
        self,
        tts: TextToSpeech,
        timeline: SpeechTimeline,
        clock: Clock,
        callbacks: SpeakerCallbacks,
        *,
        sleep_until: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        self._tts = tts
        self._silent = SilentTts()
        self._timeline = timeline
        self._clock = clock
        self._callbacks = callbacks
        self._sleep_until = sleep_until or self._sleep_by_asyncio
        self._waiting: deque[tuple[_Utterance, str]] = deque()
        self._utterances: list[_Utterance] = []  # unfinished, oldest first
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._retired: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether something is being said or waits to be."""
        return bool(self._utterances)

    def say(self, text: str, *, earliest_onset_ns: int = 0, source: str = "") -> int:
        """Queues a text behind what is being said; returns at once.

        Args:
            text: Any length; split into sentences, stripped of markup.
            earliest_onset_ns: The sound does not start before.
            source: Goes into the updates.

        Returns:
            How many sentences were taken. At most 32 wait: those at the end of a text that do not
            fit are refused, since what waits that long is no longer an answer. 0 where there is
            nothing to say or the speaker is closed; no update follows then.
        """
        if self._closed:
            return 0
        sentences = split_sentences(text)
        taken = sentences[: max(0, MAX_WAITING - len(self._waiting))]
        if len(taken) < len(sentences):
            _log.warning("speech queue is full: %d sentences refused", len(sentences) - len(taken))
        if not taken:
            return 0
        utterance = _Utterance(text, source, earliest_onset_ns, len(taken))
        self._utterances.append(utterance)
        self._waiting.extend((utterance, sentence) for sentence in taken)
        self._wake.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="speaker")
        return len(taken)

    def interrupt(self, now_ns: int) -> None:
        """Stops at once: the sound fades within 8 ms and everything that waits is dropped.

        Each text that was not finished is reported as interrupted.
        """
        self._timeline.cut(now_ns)
        self._waiting.clear()
        task, self._task = self._task, None
        if task is not None:
            self._retired.add(task)
            task.add_done_callback(self._retired.discard)
            task.cancel()
        dropped, self._utterances = self._utterances, []
        for utterance in dropped:
            self._tell(SpeechState.INTERRUPTED, utterance)

    async def aclose(self) -> None:
        """Interrupts and waits until the task has ended; safe twice."""
        self._closed = True
        self.interrupt(self._clock.now_ns())
        await asyncio.gather(*self._retired, return_exceptions=True)

    async def _run(self) -> None:
        """The root of the speaking task: makes and announces until it is cancelled."""
        placed: asyncio.Queue[_Placed] = asyncio.Queue()  # never holds more than `slots` allows
        slots = asyncio.Semaphore(_PLACED_AHEAD)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._make(placed, slots), name="speaker-make")
                group.create_task(self._announce(placed, slots), name="speaker-announce")
        except ExceptionGroup as group_error:  # the session goes on; the next text starts afresh
            _log.exception("the speaking task failed")
            self.interrupt(self._clock.now_ns())
            for error in group_error.exceptions:
                self._callbacks.on_fault(error)

    async def _make(self, placed: asyncio.Queue[_Placed], slots: asyncio.Semaphore) -> None:
        """Turns sentences into placed sound, one ahead of what plays."""
        free_ns = 0
        while True:
            await slots.acquire()
            while not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            utterance, sentence = self._waiting.popleft()
            speech = await self._speech(sentence)
            soonest_ns = self._clock.now_ns() + _LEAST_LEAD_NS
            onset_ns = max(soonest_ns, utterance.earliest_onset_ns, free_ns)
            end_ns = onset_ns + round(speech.duration_ms * NS_PER_MS)
            free_ns = end_ns + _PAUSE_NS
            self._timeline.place(speech, onset_ns)
            self._callbacks.on_speech(speech, onset_ns)
            placed.put_nowait(_Placed(utterance, onset_ns, end_ns))

    async def _speech(self, sentence: str) -> Speech:
        delta = self._callbacks.voice_delta()
        try:
            return await self._tts.synthesize(sentence, delta)
        except VoiceError as error:
            self._callbacks.on_fault(error)
            return await self._silent.synthesize(sentence, delta)

    async def _announce(self, placed: asyncio.Queue[_Placed], slots: asyncio.Semaphore) -> None:
        """Reports each text at the moment it is first and last heard."""
        while True:
            sound = await placed.get()
            utterance = sound.utterance
            await self._sleep_until(sound.onset_ns)
            if not utterance.started:
                utterance.started = True
                self._tell(SpeechState.STARTED, utterance)
            await self._sleep_until(sound.end_ns)
            slots.release()
            self._timeline.drop_before(sound.end_ns - _KEPT_NS)
            utterance.left -= 1
            if utterance.left == 0:
                self._utterances.remove(utterance)
                self._tell(SpeechState.FINISHED, utterance)

    def _tell(self, state: SpeechState, utterance: _Utterance) -> None:
        self._callbacks.on_update(SpeechUpdate(state, utterance.text, utterance.source))

    async def _sleep_by_asyncio(self, time_ns: int) -> None:
        await asyncio.sleep(max(0, time_ns - self._clock.now_ns()) / NS_PER_S)
