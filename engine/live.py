"""A live body: everything of one session below the brain, put together."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from capsules.avatar import Avatar
from capsules.library import Library
from capsules.model import Capsule
from compositor.drawlist import FrameSize
from compositor.light import Surroundings
from compositor.pages import CacheStats
from engine.body import Body
from engine.clock import NS_PER_MS, Clock
from engine.errors import ClosedError
from engine.faults import Fault
from engine.features import Features
from engine.feed import LiveFrame
from engine.finishing import FinishingRenderer
from engine.frame_loop import FrameLoop, FrameLoopOptions, FrameStats
from engine.live_loading import LoadedBody, load_body
from engine.live_options import LiveCallbacks, LiveOptions, OpenJournal
from engine.packet import IdPacket
from engine.quality import Quality
from engine.recording.body import RecordedBody
from engine.renderer import Renderer
from engine.resting import RestingBody
from engine.rtc.sending import ViewerSources
from engine.rtc.viewer import ViewerCallbacks
from engine.rtc.viewers import Viewers
from engine.stats import Quantiles, StageTimes
from engine.tallies import Tallies
from engine.timer import LoopTimer, Timer
from engine.voice.port import TextToSpeech
from engine.voice.speaker import Speaker, SpeakerCallbacks
from engine.voice.timeline import SpeechTimeline

__all__ = ["LiveBody", "LiveStats"]


@dataclass(frozen=True, slots=True)
class LiveStats:
    """What a live body has done.

    Attributes:
        frames: The frame loop's counts and times.
        encode: Time to encode a frame, of all viewers.
        codecs: Video codecs in use, sorted.
        viewers: Viewers connected.
        dropped_messages: Messages dropped for viewers that were slow or sent too many.
        backend: The compositor in use.
        cache: The texture cache that the sessions share.
    """

    frames: FrameStats
    encode: Quantiles
    codecs: tuple[str, ...]
    viewers: int
    dropped_messages: int
    backend: str
    cache: CacheStats = field(default_factory=CacheStats)


class LiveBody:
    """The body of one session with its frames, voice and viewers; used from one event loop.

    Made by `start`. It owns the frame loop's task, the speaker and the viewers, and ends them in
    `aclose`; the renderer and the voice are shared and stay.
    """

    def __init__(
        self,
        options: LiveOptions,
        loaded: LoadedBody,
        renderer: Renderer,
        callbacks: LiveCallbacks,
        *,
        clock: Clock,
        timer: Timer,
        tallies: Tallies | None = None,
    ) -> None:
        self._options = options
        self._recorded = loaded.body if isinstance(loaded.body, RecordedBody) else None
        self._prefetch = loaded.prefetch
        self._resting = RestingBody(loaded.body)
        self._renderer = renderer
        self._callbacks = callbacks
        self._clock = clock
        self._timer = timer
        self._timeline = SpeechTimeline()
        self._encode_times = StageTimes(into=None if tallies is None else tallies.encode)
        self._closed = False
        self._speaker: Speaker | None = None
        self._frames = FrameLoop(
            self._resting,
            renderer if loaded.output.idle else FinishingRenderer(renderer, loaded.output),
            FrameLoopOptions(options.session_id, options.fps),
            clock=clock,
            timer=timer,
            on_fault=callbacks.on_fault,
            on_frame=None if self._recorded is None else self._note_frame,
            tallies=tallies,
        )
        self._frame_task: asyncio.Task[None] | None = None
        self._viewers = self._make_viewers(loaded.output.frame_size)

    @classmethod
    async def start(
        cls,
        *,
        options: LiveOptions,
        library: Library,
        avatar: Avatar,
        renderer: Renderer,
        tts: TextToSpeech,
        clock: Clock,
        callbacks: LiveCallbacks,
        timer: Timer | None = None,
        open_journal: OpenJournal | None = None,
        tallies: Tallies | None = None,
    ) -> Self:
        """Loads the avatar and starts the frame loop.

        Args:
            options: Settings.
            library: Capsules.
            avatar: Who is shown.
            renderer: Running; shared by sessions.
            tts: Shared by sessions.
            clock: The session's clock.
            callbacks: Who hears of what happens.
            timer: Waits on that clock; by default with the event loop's timers.
            open_journal: Begins the journal of what the body is told; None: nothing is recorded.
            tallies: Counts along for all sessions; None: nothing does.

        Raises:
            CompositorError: The compositor cannot take the avatar.
            PictureError: The background's picture cannot be used.
            ClosedError: The renderer has been closed.
        """
        loaded = await load_body(options, library, avatar, renderer, clock, open_journal)
        timer = timer or LoopTimer(clock)
        live = cls(options, loaded, renderer, callbacks, clock=clock, timer=timer, tallies=tallies)
        live._begin(tts)
        return live

    @property
    def viewers(self) -> int:
        """How many viewers are connected."""
        return self._viewers.connected

    @property
    def journal(self) -> str:
        """Name of the file that what it is told is recorded in; empty: nothing is."""
        return "" if self._recorded is None else self._recorded.journal.name

    @property
    def journal_sha256(self) -> str:
        """Digest of that file, in hex, once the body is closed; empty: there is none."""
        return "" if self._recorded is None else self._recorded.journal.sha256

    @property
    def speaking(self) -> bool:
        """Whether something is being said or about to be."""
        return self._speaker is not None and self._speaker.busy

    def apply(self, packet: IdPacket, *, source: str = "") -> None:
        """Plays a packet; the very next frame shows it, and that frame is made now.

        Until somebody watches or something is said, it is kept for then.

        Capsules of text that has to wait for other speech, or whose sound is to come first, wait
        until its sound has its place; eyes and brows answer at once.

        Args:
            packet: From the brain.
            source: Where the packet's text came from; goes into the speech updates.

        Raises:
            ClosedError: The body has been closed.
        """
        if self._closed or self._speaker is None:
            raise ClosedError("the body has been closed")
        now_ns = self._clock.now_ns()
        if not self._frames.feed.watched and self._resting.keep(packet, now_ns):
            return
        if packet.interrupt:
            self._speaker.interrupt(now_ns)
        queued = self._speaker.busy
        said = self._speaker.say(
            packet.speak_text,
            earliest_onset_ns=now_ns + self._body.speech_lead_ms(packet) * NS_PER_MS,
            source=source,
            sequence=packet.sequence,
            visemes=packet.visemes,
        )
        self._body.apply(packet, now_ns, held=said and (queued or packet.audio_first))
        self._frames.event()
        if self._frames.feed.watched:
            self._prefetch.follow(packet.mood, now_ns)

    def surround(self, surroundings: Surroundings) -> None:
        """Lights the avatar by what is around its picture; at most ten a second count."""
        self._body.surround(surroundings, self._clock.now_ns())

    def pose(self, values: Sequence[tuple[str, float]]) -> None:
        """Holds targets at values, in place of those held before; see `engine.body.Body.pose`."""
        self._body.pose(values)
        self._frames.event()

    def learn(self, capsule: Capsule) -> None:
        """Takes a capsule that only this body knows; see `engine.body.Body.learn`."""
        self._body.learn(capsule)

    def take(self, library: Library, dropped: Iterable[int] = ()) -> None:
        """Goes on with another state of the library; the next frame, made now, shows it.

        Args:
            library: Of which other capsules may be played.
            dropped: Sequences of packets of which nothing may play any more.
        """
        self._resting.take(library, dropped, self._clock.now_ns())
        self._prefetch.take(library)
        self._frames.event()

    def set_features(self, features: Features) -> None:
        """Switches what the body does, from the next frame on."""
        self._body.set_features(features, self._clock.now_ns())
        self._frames.event()

    def set_quality(self, quality: Quality) -> None:
        """Draws clips at another size, from the next frame on."""
        self._body.quality = quality
        self._prefetch.begin()

    async def negotiate(self, sdp_type: str, sdp: str) -> tuple[str, str]:
        """Answers the offer of a new viewer; a viewer that fails leaves the others alone.

        Returns:
            Type and SDP of the answer, which holds all candidates.

        Raises:
            NegotiationError: The offer cannot be answered.
            TooManyViewersError: There are as many as there may be.
            ClosedError: The body has been closed.
        """
        return await self._viewers.negotiate(sdp_type, sdp)

    def send(self, text: str) -> None:
        """Sends a message to every viewer; slow ones miss it, which is counted."""
        self._viewers.send(text)

    def active_capsules(self) -> tuple[tuple[str, float], ...]:
        """Capsules that play now with their weights, the strongest first."""
        return self._body.active_capsules(self._clock.now_ns())

    def stats(self) -> LiveStats:
        """What has been done so far."""
        viewers = self._viewers
        return LiveStats(
            frames=self._frames.stats(),
            encode=self._encode_times.quantiles(),
            codecs=viewers.codecs,
            viewers=viewers.connected,
            dropped_messages=viewers.dropped_messages,
            backend=self._renderer.backend,
            cache=self.cache_stats(),
        )

    def cache_stats(self) -> CacheStats:
        """What the texture cache has done that the sessions share."""
        return self._renderer.cache_stats()

    async def aclose(self) -> None:
        """Says goodbye to the viewers and ends all tasks; safe twice."""
        self._closed = True
        self._viewers.refuse()
        self._frames.feed.close()
        if self._frame_task is not None:
            self._frame_task.cancel()
            await asyncio.gather(self._frame_task, return_exceptions=True)
        if self._speaker is not None:
            await self._speaker.aclose()
        if self._recorded is not None:
            await self._recorded.aclose(self._frames.stats())
        await self._viewers.aclose()
        await self._renderer.forget(self._options.session_id)

    @property
    def _body(self) -> Body | RecordedBody:
        """The body as it is now; who asks, looks."""
        return self._resting.awake()

    def _begin(self, tts: TextToSpeech) -> None:
        self._speaker = Speaker(
            tts,
            self._timeline,
            self._clock,
            SpeakerCallbacks(
                on_speech=lambda *placed: self._body.begin_speech(*placed),
                on_cut=self._resting.end_speech,
                on_update=self._callbacks.on_speech,
                on_fault=lambda error: self._fault("speech", error),
                voice_delta=lambda sequence: self._body.voice_delta(self._clock.now_ns(), sequence),
            ),
            sleep_until=self._sleep_until,
        )
        self._prefetch.begin()
        self._frame_task = asyncio.create_task(self._run_frames(), name="frames")

    def _make_viewers(self, size: FrameSize) -> Viewers:
        callbacks = self._callbacks
        sources = ViewerSources(
            session_id=self._options.session_id,
            size=size,
            feed=self._frames.feed,
            sound=self._timeline,
            start_ns=self._frames.start_ns,
            clock=self._clock,
            timer=self._timer,
            encode_times=self._encode_times,
        )
        return Viewers(
            sources,
            self._options.viewer,
            ViewerCallbacks(
                callbacks.on_message, callbacks.on_fault, callbacks.on_drawn, callbacks.on_sent
            ),
            most=self._options.max_viewers,
            on_count=callbacks.on_viewers,
        )

    def _note_frame(self, frame: LiveFrame) -> None:
        if self._recorded is not None:
            coarse = self._renderer.coarse(self._options.session_id)
            self._recorded.note_shown(frame, self._frames.start_ns, coarse=coarse)

    async def _run_frames(self) -> None:
        try:
            await self._frames.run()
        except Exception as error:  # the task's root
            self._fault("frame_loop", error)

    async def _sleep_until(self, time_ns: int) -> None:
        never = asyncio.Event()
        while self._clock.now_ns() < time_ns:
            await self._timer.wait(time_ns, never)

    def _fault(self, mode: str, error: Exception) -> None:
        self._callbacks.on_fault(Fault(mode, repr(error), self._options.session_id))
