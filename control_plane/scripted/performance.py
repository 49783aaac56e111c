"""A script performed by a brain and a body on a clock that only this module moves.

What a live session does as time goes by is done here frame by frame: events reach the brain at
their times, its packets the body, sentences are said one after another, the mood drifts. So the
film is what a viewer would have seen, and the same script gives the same frames.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from capsules.library import Library
from compositor.drawlist import DrawList, FrameSize
from control_plane.brain.brain import Brain
from control_plane.emotion.personality import Personality
from control_plane.events import (
    Chat,
    ChatRole,
    Event,
    Interrupt,
    Light,
    Pose,
    Preview,
    SetFeatures,
    SetQuality,
)
from control_plane.responder.port import Responder, Turn
from control_plane.scripted.script import Cue
from engine.body import Body, BodyOptions
from engine.clock import NS_PER_MS, NS_PER_S, VirtualClock
from engine.features import Features
from engine.packet import IdPacket
from engine.rtc.audio import LIP_DELAY_NS
from engine.voice.port import SAMPLE_RATE_HZ, TextToSpeech
from engine.voice.sentences import split_sentences
from engine.voice.timeline import SpeechTimeline

__all__ = ["Cast", "Performance", "perform"]

_TICK_NS = NS_PER_S // 5  # how often a live session lets the mood move on by itself
_LEAST_LEAD_NS = 20 * NS_PER_MS
_PAUSE_NS = 120 * NS_PER_MS
_AHEAD_NS = NS_PER_S // 2  # the voice is asked for a sentence this long before its turn
_REST_NS = 1_500 * NS_PER_MS  # what is shown after the last event and the last sound


@dataclass(frozen=True, slots=True)
class Cast:
    """Who performs.

    Attributes:
        library: What may be played.
        avatar: Name of the avatar.
        bases: Names of its bases.
        personality: How it feels.
        voice: What speaks; it is not closed here.
        responder: Answers what users say; None: nobody answers.
        size: Of the picture, pixels.
        fps: Frames a second.
        seed: Of all chance.
        features: What the session is tried with.
    """

    library: Library
    avatar: str
    bases: frozenset[str]
    personality: Personality
    voice: TextToSpeech
    responder: Responder | None = None
    size: FrameSize = FrameSize(512, 512)  # noqa: RUF009 - frozen
    fps: int = 30
    seed: int = 0
    features: Features = Features()  # noqa: RUF009 - frozen


@dataclass(slots=True)
class Performance:
    """What was performed.

    Attributes:
        fps: Frames a second.
        frames: The frames, in order.
        timeline: The sound, on the clock that the first frame begins at 0.
        told: What happened, for people: milliseconds and words.
    """

    fps: int
    frames: list[DrawList] = field(default_factory=list)
    timeline: SpeechTimeline = field(default_factory=SpeechTimeline)
    told: list[tuple[int, str]] = field(default_factory=list)

    def sound(self) -> Iterator[NDArray[np.float32]]:
        """Packets of 20 ms, as long as the frames, and as late as viewers hear them.

        That is what the lips are timed for.
        """
        samples = SAMPLE_RATE_HZ // 50
        for number in range(len(self.frames) * 50 // self.fps):
            yield self.timeline.read(number * NS_PER_S // 50 - LIP_DELAY_NS, samples)


async def perform(cues: Sequence[Cue], cast: Cast, length_ms: int | None = None) -> Performance:
    """Plays a script.

    Args:
        cues: In the order of their times.
        cast: Who performs.
        length_ms: How long; None: until everything has been said, and a little more.

    Raises:
        ControlError: An event cannot be taken; the message says which.
        VoiceError: The voice failed.
    """
    stage = _Stage(cast)
    waiting = deque(cues)
    number = 0
    while True:
        now_ns = number * NS_PER_S // cast.fps
        while waiting and waiting[0].at_ms * NS_PER_MS <= now_ns:
            cue = waiting.popleft()
            stage.clock.advance(max(0, cue.at_ms * NS_PER_MS - stage.clock.now_ns()))
            await stage.take(cue.event)
        stage.clock.advance(max(0, now_ns - stage.clock.now_ns()))
        await stage.frame(now_ns)
        number += 1
        over = (
            not waiting and stage.quiet_since(now_ns)
            if length_ms is None
            else (number * 1000 // cast.fps >= length_ms)
        )
        if over:
            return stage.performance


class _Stage:
    """One performance while it goes on."""

    def __init__(self, cast: Cast) -> None:
        self.clock = VirtualClock()
        self.performance = Performance(cast.fps)
        self._cast = cast
        self._brain = Brain(cast.library, "script", cast.personality, self.clock, seed=cast.seed)
        self._features = cast.features
        self._brain.set_features(cast.features)
        self._body = Body(
            cast.library,
            BodyOptions(
                avatar=cast.avatar,
                size=cast.size,
                seed=cast.seed,
                has_basis=cast.bases,
                av_offset_ms=LIP_DELAY_NS / NS_PER_MS,
                features=cast.features,
            ),
        )
        self._sentences: deque[tuple[str, int, int]] = deque()  # text, sequence, earliest onset
        self._free_ns = 0
        self._last_ns = 0  # when something last happened
        self._ticked_ns = 0
        self._sequence = 0
        self._turns = 0
        self._said = ""

    async def take(self, event: Event) -> None:
        """An event happens now."""
        self._sequence += 1
        event = replace(event, sequence=self._sequence)
        now_ns = self._last_ns = self.clock.now_ns()
        self._tell(type(event.kind).__name__ + _words(event))
        packets = self._brain.handle(event)
        match event.kind:
            case Light(surroundings=surroundings):
                self._body.surround(surroundings, now_ns)
            case SetQuality(quality=quality):
                self._body.quality = quality
            case Pose(values=values):
                self._body.pose(values)
            case Preview(capsule=capsule):
                self._body.learn(capsule)
            case SetFeatures(changes=changes):
                self._switch(replace(self._features, **dict(changes)))
        for packet in packets:
            self._apply(packet)
        if isinstance(event.kind, Chat) and event.kind.role is ChatRole.USER:
            await self._reply(event.kind.text)

    async def frame(self, now_ns: int) -> None:
        """The time has come for a frame."""
        if now_ns - self._ticked_ns >= _TICK_NS:
            self._ticked_ns = now_ns
            packet = self._brain.tick(now_ns)
            if packet is not None:
                self._apply(packet)
        while self._sentences and max(self._sentences[0][2], self._free_ns) <= now_ns + _AHEAD_NS:
            await self._speak(*self._sentences.popleft())
        self.performance.frames.append(self._body.frame(now_ns))

    def quiet_since(self, now_ns: int) -> bool:
        """Whether nothing has happened and nothing has sounded for a while."""
        busy_ns = max(self._last_ns, self._free_ns)
        return not self._sentences and now_ns >= busy_ns + _REST_NS

    def _switch(self, features: Features) -> None:
        self._features = features
        now_ns = self.clock.now_ns()
        self._brain.set_features(features)
        self._body.set_features(features, now_ns)
        packet = self._brain.tick(now_ns)
        if packet is not None:
            self._apply(packet)

    async def _reply(self, text: str) -> None:
        responder = self._cast.responder
        if responder is None:
            return
        turn = Turn(
            text=text,
            mood=self._brain.mood,
            label=self._brain.label,
            number=self._turns,
            seed=self._cast.seed,
            previous=self._said,
        )
        self._turns += 1
        reply = await responder.reply(turn)
        if reply.text.strip():
            self._said = reply.text
            self._tell(f"reply: {reply.text}")
            for packet in self._brain.speak(reply.text, expression=reply.expression):
                self._apply(packet)

    def _apply(self, packet: IdPacket) -> None:
        now_ns = self.clock.now_ns()
        if packet.interrupt:
            self._sentences.clear()
            self._free_ns = 0
            self.performance.timeline.cut(now_ns)
            self._body.end_speech(now_ns)
        queued = bool(self._sentences) or self._free_ns > now_ns
        earliest_ns = now_ns + self._body.speech_lead_ms(packet) * NS_PER_MS
        sentences = split_sentences(packet.speak_text)
        self._sentences += [(text, packet.sequence, earliest_ns) for text in sentences]
        held = bool(sentences) and (queued or packet.audio_first)
        self._body.apply(packet, now_ns, held=held)

    async def _speak(self, text: str, sequence: int, earliest_ns: int) -> None:
        now_ns = self.clock.now_ns()
        delta = self._body.voice_delta(now_ns, sequence)
        speech = await self._cast.voice.synthesize(text, delta)
        onset_ns = max(now_ns + _LEAST_LEAD_NS, earliest_ns, self._free_ns)
        self.performance.timeline.place(speech, onset_ns)
        self._body.begin_speech(speech, onset_ns, sequence)
        self._free_ns = onset_ns + round(speech.duration_ms * NS_PER_MS) + _PAUSE_NS

    def _tell(self, words: str) -> None:
        self.performance.told.append((self.clock.now_ns() // NS_PER_MS, words))


def _words(event: Event) -> str:
    if isinstance(event.kind, Interrupt):
        return ""
    text = getattr(event.kind, "text", "") or getattr(event.kind, "id", "")
    return f": {text}" if text else ""
