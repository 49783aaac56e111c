"""The speaking task of a session: text in, sound on the timeline, mouth shapes to the body."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from engine.clock import NS_PER_MS, NS_PER_S, Clock
from engine.errors import VoiceError
from engine.packet import VisemeMark
from engine.voice.phonemes import visemes_from_marks
from engine.voice.port import Speech, TextToSpeech, VoiceDelta
from engine.voice.sentences import split_sentences
from engine.voice.silent import SilentTts
from engine.voice.timeline import SpeechTimeline

__all__ = ["MAX_WAITING_CHARS", "Speaker", "SpeakerCallbacks", "SpeechState", "SpeechUpdate"]

MAX_WAITING_CHARS = 16_000
"""While so much waits, texts are refused: twice the longest text that an event may bring."""

_LEAST_LEAD_NS = 20 * NS_PER_MS  # one audio packet: what is placed sooner would be read too late
_PAUSE_NS = 120 * NS_PER_MS
_KEPT_NS = 2 * NS_PER_S  # a late reader may still be this far behind
_PLACED_AHEAD = 2  # the sentence that plays and the next one

_log = logging.getLogger(__name__)


class SpeechState(StrEnum):
    """What happened to a text; one that was dropped was never begun."""

    STARTED = "started"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class SpeechUpdate:
    """A text began, ended, was cut short or not said at all.

    Attributes:
        state: What happened.
        text: The text as given to `Speaker.say`; of an interrupted one, the sentences that had
            begun.
        source: Where the text came from, as given to `Speaker.say`.
    """

    state: SpeechState
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class SpeakerCallbacks:
    """Whom the speaker tells and asks; all are called on the event loop and must not block.

    Attributes:
        on_speech: A sentence, the time its sound starts, and the sequence of its text; may come
            while another still plays.
        on_cut: All sound ends at this time, and what was placed later does not come.
        on_update: At the moment the sound starts or has ended, or a text is dropped.
        on_fault: The voice failed on a sentence, which is mouthed in silence instead; or a text
            was refused.
        voice_delta: How the voice is to sound for the text of this sequence; asked once a sentence.
    """

    on_speech: Callable[[Speech, int, int], None]
    on_cut: Callable[[int], None]
    on_update: Callable[[SpeechUpdate], None]
    on_fault: Callable[[Exception], None]
    voice_delta: Callable[[int], VoiceDelta]


@dataclass(eq=False, slots=True)
class _Utterance:
    text: str
    source: str
    sequence: int
    visemes: tuple[VisemeMark, ...]
    earliest_onset_ns: int
    left: int  # sentences whose sound has not ended
    onset_ns: int | None = None  # of its first sentence
    begun: list[str] = field(default_factory=list)  # sentences whose sound has started


@dataclass(frozen=True, slots=True)
class _Placed:
    utterance: _Utterance
    sentence: str
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
        self._waiting_chars = 0
        self._utterances: list[_Utterance] = []  # unfinished, oldest first
        self._wake = asyncio.Event()
        self._run_number = (
            0  # a cancelled task may still get a turn: it sees that it is not the one
        )
        self._task: asyncio.Task[None] | None = None
        self._retired: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether something is being said or waits to be."""
        return bool(self._utterances)

    def say(
        self,
        text: str,
        *,
        earliest_onset_ns: int = 0,
        source: str = "",
        sequence: int = 0,
        visemes: tuple[VisemeMark, ...] = (),
    ) -> bool:
        """Queues a text behind what is being said; returns at once.

        While 16,000 characters or more wait, a text is refused as a whole: it is reported as a
        fault and as dropped. So the pieces of a text that come together are said up to some piece,
        never with a gap.

        Args:
            text: Any length; split into sentences, stripped of markup.
            earliest_onset_ns: The sound does not start before.
            source: Goes into the updates.
            sequence: Of the packet that brought it; goes into the callbacks.
            visemes: Mouth shapes that take the place of the voice's own.

        Returns:
            Whether it will be said. Where there is nothing to say or the speaker is closed, nobody
            is told.
        """
        sentences = [] if self._closed else split_sentences(text)
        if not sentences:
            return False
        marks = tuple(sorted(visemes, key=lambda mark: mark.offset_ms))
        utterance = _Utterance(text, source, sequence, marks, earliest_onset_ns, len(sentences))
        if self._waiting_chars >= MAX_WAITING_CHARS:
            waiting = f"{self._waiting_chars:,} characters wait to be said"
            self._callbacks.on_fault(VoiceError(f"{waiting}: {len(text):,} more were refused"))
            self._tell(SpeechState.DROPPED, utterance)
            return False
        self._utterances.append(utterance)
        self._waiting.extend((utterance, sentence) for sentence in sentences)
        self._waiting_chars += sum(map(len, sentences))
        self._wake.set()
        if self._task is None:
            run = self._run(self._run_number)
            self._task = asyncio.get_running_loop().create_task(run, name="speaker")
        return True

    def interrupt(self, now_ns: int) -> None:
        """Stops at once: the sound fades within 8 ms and everything that waits is dropped.

        A text that had begun is reported as interrupted, the others as dropped.
        """
        self._run_number += 1
        self._timeline.cut(now_ns)
        self._timeline.drop_before(now_ns - _KEPT_NS)
        self._callbacks.on_cut(now_ns)
        self._waiting.clear()
        self._waiting_chars = 0
        task, self._task = self._task, None
        if task is not None:
            self._retired.add(task)
            task.add_done_callback(self._retired.discard)
            task.cancel()
        unfinished, self._utterances = self._utterances, []
        for utterance in unfinished:
            state = SpeechState.INTERRUPTED if utterance.begun else SpeechState.DROPPED
            self._tell(state, utterance)

    async def aclose(self) -> None:
        """Interrupts and waits until the task has ended; safe twice."""
        self._closed = True
        self.interrupt(self._clock.now_ns())
        await asyncio.gather(*self._retired, return_exceptions=True)

    async def _run(self, run: int) -> None:
        """The root of the speaking task: makes and announces until it is cancelled."""
        placed: asyncio.Queue[_Placed] = asyncio.Queue()  # never holds more than `slots` allows
        slots = asyncio.Semaphore(_PLACED_AHEAD)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._make(run, placed, slots), name="speaker-make")
                group.create_task(self._announce(run, placed, slots), name="speaker-announce")
        except ExceptionGroup as group_error:  # the session goes on; the next text starts afresh
            _log.exception("the speaking task failed")
            if run == self._run_number:
                self.interrupt(self._clock.now_ns())
            for error in group_error.exceptions:
                self._callbacks.on_fault(error)

    async def _make(
        self, run: int, placed: asyncio.Queue[_Placed], slots: asyncio.Semaphore
    ) -> None:
        """Turns sentences into placed sound, one ahead of what plays."""
        free_ns = 0
        while True:
            await slots.acquire()
            while run == self._run_number and not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            if run != self._run_number:
                return
            utterance, sentence = self._waiting.popleft()
            self._waiting_chars -= len(sentence)
            speech = await self._speech(sentence, utterance.sequence)
            if run != self._run_number:
                return
            now_ns = self._clock.now_ns()
            onset_ns = max(now_ns + _LEAST_LEAD_NS, utterance.earliest_onset_ns, free_ns)
            sound = self._place(utterance, sentence, speech, onset_ns)
            free_ns = sound.end_ns + _PAUSE_NS
            placed.put_nowait(sound)

    def _place(
        self, utterance: _Utterance, sentence: str, speech: Speech, onset_ns: int
    ) -> _Placed:
        if utterance.onset_ns is None:
            utterance.onset_ns = onset_ns
        if utterance.visemes:
            since_ms = (onset_ns - utterance.onset_ns) / NS_PER_MS
            shapes = [(((it.viseme, 1.0),), it.offset_ms - since_ms) for it in utterance.visemes]
            speech = replace(speech, visemes=visemes_from_marks(shapes, speech.duration_ms))
        self._timeline.drop_before(self._clock.now_ns() - _KEPT_NS)
        self._timeline.place(speech, onset_ns)
        self._callbacks.on_speech(speech, onset_ns, utterance.sequence)
        end_ns = onset_ns + round(speech.duration_ms * NS_PER_MS)
        return _Placed(utterance, sentence, onset_ns, end_ns)

    async def _speech(self, sentence: str, sequence: int) -> Speech:
        delta = self._callbacks.voice_delta(sequence)
        try:
            return await self._tts.synthesize(sentence, delta)
        except VoiceError as error:
            self._callbacks.on_fault(error)
            return await self._silent.synthesize(sentence, delta)

    async def _announce(
        self, run: int, placed: asyncio.Queue[_Placed], slots: asyncio.Semaphore
    ) -> None:
        """Reports each text at the moment it is first and last heard."""
        while True:
            sound = await placed.get()
            utterance = sound.utterance
            await self._sleep_until(sound.onset_ns)
            if run != self._run_number:
                return
            utterance.begun.append(sound.sentence)
            if len(utterance.begun) == 1:
                self._tell(SpeechState.STARTED, utterance)
            await self._sleep_until(sound.end_ns)
            if run != self._run_number:
                return
            slots.release()
            utterance.left -= 1
            if utterance.left == 0:
                self._utterances.remove(utterance)
                self._tell(SpeechState.FINISHED, utterance)

    def _tell(self, state: SpeechState, utterance: _Utterance) -> None:
        interrupted = state is SpeechState.INTERRUPTED
        text = " ".join(utterance.begun) if interrupted else utterance.text
        self._callbacks.on_update(SpeechUpdate(state, text, utterance.source))

    async def _sleep_by_asyncio(self, time_ns: int) -> None:
        await asyncio.sleep(max(0, time_ns - self._clock.now_ns()) / NS_PER_S)
