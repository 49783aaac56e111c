"""A body that records what it is told; whoever tells it need not know."""

from collections.abc import Iterable, Sequence

from capsules.library import Library
from capsules.model import Capsule
from compositor.backend import I420
from compositor.drawlist import DrawList
from compositor.light import Surroundings
from engine.body import Body
from engine.clock import Clock
from engine.features import Features
from engine.feed import LiveFrame
from engine.frame_loop import FrameStats
from engine.packet import IdPacket
from engine.quality import Quality
from engine.recording.entries import (
    Applied,
    Asked,
    Barred,
    Cut,
    Drawn,
    End,
    Learned,
    Lit,
    Posed,
    Said,
    Shown,
    Switched,
    Voiced,
)
from engine.recording.journals import JournalWriter
from engine.voice.port import Speech, VoiceDelta

__all__ = ["RecordedBody"]

_CHECKED_EVERY = 15  # frames: a body that goes astray stays astray


class RecordedBody:
    """Takes the place of a `Body` and writes down every call in its order.

    Calls that only ask move a body on as well, so they are written down too.

    Args:
        body: What does the work.
        journal: Where calls are written.
        clock: The session's, for calls that bring no time.
    """

    def __init__(self, body: Body, journal: JournalWriter, clock: Clock) -> None:
        self._body = body
        self._journal = journal
        self._clock = clock
        self._voice = VoiceDelta()
        self._unchecked = 0
        self._changed = True
        self._image: I420 | None = None

    @property
    def journal(self) -> JournalWriter:
        """Where calls are written."""
        return self._journal

    def note_shown(self, frame: LiveFrame, start_ns: int, *, coarse: bool) -> None:
        """Writes down that the frame that was asked for last is shown.

        Args:
            frame: The frame.
            start_ns: The moment of the session's clock that its pts counts from.
            coarse: Whether textures were missing when it was drawn.
        """
        start = None if self._image is not None else self._journal.relative(start_ns)
        shown = Shown(frame.pts, coarse, frame.image is self._image, start)
        self._journal.put(frame.at_ns, shown)
        self._image = frame.image

    async def aclose(self, stats: FrameStats) -> None:
        """Ends the journal; safe twice."""
        end = End(stats.frames, stats.late_frames, stats.skipped_frames)
        await self._journal.aclose(self._clock.now_ns(), end)

    @property
    def event_sequence(self) -> int:
        """See `Body.event_sequence`."""
        return self._body.event_sequence

    @property
    def quality(self) -> Quality:
        """See `Body.quality`."""
        return self._body.quality

    @quality.setter
    def quality(self, quality: Quality) -> None:
        self._journal.put(self._clock.now_ns(), Switched(quality))
        self._body.quality = quality

    def speech_lead_ms(self, packet: IdPacket) -> int:
        """See `Body.speech_lead_ms`."""
        return self._body.speech_lead_ms(packet)

    def apply(self, packet: IdPacket, now_ns: int, *, held: bool = False) -> None:
        """See `Body.apply`."""
        self._journal.put(now_ns, Applied(packet, held))
        self._changed = True
        self._body.apply(packet, now_ns, held=held)

    def begin_speech(self, speech: Speech, onset_ns: int, sequence: int = 0) -> None:
        """See `Body.begin_speech`."""
        onset = self._journal.relative(onset_ns)
        self._journal.put(self._clock.now_ns(), Said(speech, onset, sequence, self._voice))
        self._body.begin_speech(speech, onset_ns, sequence)

    def surround(self, surroundings: Surroundings, now_ns: int) -> None:
        """See `Body.surround`."""
        self._journal.put(now_ns, Lit(surroundings))
        self._body.surround(surroundings, now_ns)

    def set_features(self, features: Features, now_ns: int) -> None:
        """See `Body.set_features`."""
        self._journal.put(now_ns, Switched(features))
        self._body.set_features(features, now_ns)

    def take(self, library: Library, dropped: Iterable[int], now_ns: int) -> None:
        """See `Body.take`."""
        sequences = tuple(dropped)
        # A whitelist bars thousands: they are sorted where they are written, on another thread.
        only = None if library.only is None else tuple(library.only)
        self._journal.put(now_ns, Barred(tuple(library.barred), only, sequences))
        self._changed = True
        self._body.take(library, sequences, now_ns)

    def pose(self, values: Sequence[tuple[str, float]]) -> None:
        """See `Body.pose`."""
        self._journal.put(self._clock.now_ns(), Posed(tuple(values)))
        self._body.pose(values)

    def learn(self, capsule: Capsule) -> None:
        """See `Body.learn`."""
        self._journal.put(self._clock.now_ns(), Learned(capsule.model_dump_json(exclude_none=True)))
        self._body.learn(capsule)

    def end_speech(self, now_ns: int) -> None:
        """See `Body.end_speech`."""
        self._journal.put(now_ns, Cut())
        self._body.end_speech(now_ns)

    def voice_delta(self, now_ns: int, sequence: int = 0) -> VoiceDelta:
        """See `Body.voice_delta`."""
        self._journal.put(now_ns, Voiced(sequence))
        self._voice = self._body.voice_delta(now_ns, sequence)
        return self._voice

    def active_capsules(self, now_ns: int) -> tuple[tuple[str, float], ...]:
        """See `Body.active_capsules`."""
        self._journal.put(now_ns, Asked())
        return self._body.active_capsules(now_ns)

    def frame(self, now_ns: int) -> DrawList:
        """See `Body.frame`. Of some frames the draw list's checksum is recorded too."""
        draw_list = self._body.frame(now_ns)
        self._unchecked += 1
        checked = self._changed or self._unchecked >= _CHECKED_EVERY
        if checked:
            self._unchecked, self._changed = 0, False
        self._journal.put(now_ns, Drawn(draw_list if checked else None))
        return draw_list
