"""A recorded session once more: the same body, told the same, at the same moments.

Bodies are pure, so draw lists come out as they were; of some frames the journal holds a checksum
that says whether they did. The sentences are said again by the same voice, and their sound is
compared with its digest.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar
from capsules.library import Library
from capsules.model import Capsule
from compositor.background import BackgroundKind
from compositor.drawlist import DrawList
from engine.body import Body, BodyOptions
from engine.clock import NS_PER_MS
from engine.errors import VoiceError
from engine.quality import Quality
from engine.recording.entries import (
    Applied,
    Asked,
    Barred,
    Cut,
    End,
    Entry,
    Header,
    Learned,
    Lit,
    Played,
    Posed,
    Sentence,
    Shown,
    Switched,
    Voiced,
)
from engine.recording.errors import ReplayError
from engine.recording.fingerprint import avatar_digest, library_print
from engine.recording.wire import sound_digest
from engine.voice.port import SAMPLE_RATE_HZ, Speech, TextToSpeech
from engine.voice.timeline import SpeechTimeline

__all__ = ["PACKET_SAMPLES", "Replay", "ReplayedFrame", "Report", "check_made_with"]

PACKET_SAMPLES = SAMPLE_RATE_HZ // 50
"""Sound is read in packets of 20 ms, as viewers' tracks read it."""

_PACKET_NS = 20 * NS_PER_MS
_KEPT_NS = 2_000 * NS_PER_MS
_NAMED = 5


@dataclass(frozen=True, slots=True)
class ReplayedFrame:
    """A frame that was shown; `draw_list` is None where it repeated the picture before."""

    pts: int
    draw_list: DrawList | None


@dataclass(slots=True)
class Report:
    """What replaying has found; it fills as frames and sound are taken.

    Attributes:
        frames: Frames shown.
        coarse: Those among them that were shown with coarser textures than now.
        repeated: Those for which drawing failed, and the picture before was shown again.
        checked: Frames whose draw list was compared with its checksum.
        differing: Those among them that differ.
        sentences: Sentences said.
        other_sound: Those among them whose sound is not what was heard.
        late_frames: Frames of the cadence that were left out; None: the journal breaks off.
        truncated: Why the journal ends before its session; empty: it does not.
        written: Frames written to a film.
    """

    frames: int = 0
    coarse: int = 0
    repeated: int = 0
    checked: int = 0
    differing: int = 0
    sentences: int = 0
    other_sound: int = 0
    late_frames: int | None = None
    truncated: str = ""
    written: int = 0


@dataclass(frozen=True, slots=True)
class _Placed:
    at_ns: int
    onset_ns: int
    speech: Speech


def check_made_with(
    header: Header, library: Library, avatar: Avatar, manifest: Mapping[str, str]
) -> None:
    """Whether a library and an avatar are those that a journal was made with.

    Args:
        header: The journal's.
        library: The library as it is now.
        avatar: The avatar as it is now.
        manifest: Digests of the capsules of the library as it was; empty: they are not known.

    Raises:
        ReplayError: They are others; the message says what has changed.
    """
    found = library_print(library)
    changed = found.changed(manifest)
    # Capsules that are new do no harm: nothing that was played names them.
    if found.sha256 != header.library_sha256 and (changed or not manifest):
        shown = ", ".join(changed[:_NAMED]) + (" and others" if len(changed) > _NAMED else "")
        what = f"changed or missing: {shown}" if manifest else "what has changed is not known"
        raise ReplayError(
            f"session {header.session_id} was recorded with another version of the library "
            f"({header.library_sha256[:12]}, now {found.sha256[:12]}); {what}"
        )
    digest = avatar_digest(avatar)
    if digest != header.avatar_sha256:
        raise ReplayError(
            f"session {header.session_id} was recorded with another version of the avatar "
            f"{header.avatar!r} ({header.avatar_sha256[:12]}, now {digest[:12]})"
        )


class Replay:
    """One recorded session. Made by `open`; frames and sound are each taken once.

    Attributes:
        header: What the session was made with.
        report: What has been found so far.
    """

    def __init__(
        self, header: Header, entries: Sequence[Entry], library: Library, avatar: Avatar
    ) -> None:
        self.header = header
        self.report = Report()
        self._entries = entries
        self._library = library
        self._avatar = avatar
        self._speech: dict[int, Speech] = {}  # by place among the entries
        self._start_ns = next(
            (one.kind.start_ns for one in entries if isinstance(one.kind, Shown)), None
        )

    @property
    def start_ns(self) -> int:
        """The moment of the journal's clock that frames' pts count from.

        Raises:
            ReplayError: Nothing was shown.
        """
        if self._start_ns is None:
            raise ReplayError(f"session {self.header.session_id} has shown nothing: nobody watched")
        return self._start_ns

    async def speak(self, voice: TextToSpeech) -> None:
        """Says every sentence again; call it before frames or sound are taken.

        Where the sound is another one, or there is none, it is counted, and the mouth moves as it
        did.
        """
        for place, entry in enumerate(self._entries):
            if isinstance(entry.kind, Sentence):
                self.report.sentences += 1
                self._speech[place] = await self._said(entry.kind, voice)

    def frames(self) -> Iterator[ReplayedFrame]:
        """The frames that were shown, in their order."""
        header = self.header
        library = self._library.bar(header.barred) if header.barred else self._library
        body = Body(library, self._options())
        drawn: DrawList | None = None
        for place, entry in enumerate(self._entries):
            match entry.kind:
                case Played(crc=crc):
                    drawn = body.frame(entry.at_ns)
                    self._compare(drawn, crc)
                case Shown() as shown:
                    self._count(shown)
                    yield ReplayedFrame(shown.pts, None if shown.repeated else drawn)
                case Sentence() as said:
                    body.begin_speech(self._speech[place], said.onset_ns, said.sequence)
                case End() as end:
                    self._end(end)
                case _:
                    self._tell(body, entry)

    def sound(self, first_ns: int, last_ns: int) -> Iterator[NDArray[np.float32]]:
        """What viewers' tracks read, in packets of 20 ms.

        Each is what lay on the session's timeline when it was due, as far as that was known then;
        an interruption is heard from the next packet on.

        Args:
            first_ns: Start of the first packet, on the journal's clock; packets lie on the grid of
                the stream's start.
            last_ns: No packet starts here or later.
        """
        timeline = SpeechTimeline()
        work = self._timeline_work()
        upcoming = next(work, None)
        number = (first_ns - self.start_ns) // _PACKET_NS
        while (due_ns := self.start_ns + number * _PACKET_NS) < last_ns:
            while upcoming is not None and upcoming[0] <= due_ns:
                at_ns, placed = upcoming
                if placed is None:
                    timeline.cut(at_ns)
                else:
                    timeline.place(placed.speech, placed.onset_ns)
                timeline.drop_before(at_ns - _KEPT_NS)
                upcoming = next(work, None)
            yield timeline.read(due_ns, PACKET_SAMPLES)
            number += 1

    def _timeline_work(self) -> Iterator[tuple[int, _Placed | None]]:
        """What was placed and cut (None), and when."""
        for place, entry in enumerate(self._entries):
            if isinstance(entry.kind, Sentence):
                speech = self._speech[place]
                yield entry.at_ns, _Placed(entry.at_ns, entry.kind.onset_ns, speech)
            elif isinstance(entry.kind, Cut):
                yield entry.at_ns, None

    def _options(self) -> BodyOptions:
        header = self.header
        return BodyOptions(
            avatar=self._avatar.name,
            size=header.size,
            seed=header.seed,
            probe=header.probe,
            has_basis=frozenset(self._avatar.basis_names),
            av_offset_ms=header.av_offset_ms,
            speech_lead_ms=header.speech_lead_ms,
            coverage=header.background.kind is not BackgroundKind.STUDIO,
            quality=header.quality,
            features=header.features,
        )

    def _tell(self, body: Body, entry: Entry) -> None:
        now_ns = entry.at_ns
        match entry.kind:
            case Applied(packet=packet, held=held):
                body.apply(packet, now_ns, held=held)
            case Cut():
                body.end_speech(now_ns)
            case Voiced(sequence=sequence):
                body.voice_delta(now_ns, sequence)
            case Asked():
                body.active_capsules(now_ns)
            case Lit(surroundings=light):
                body.surround(light, now_ns)
            case Posed(values=values):
                body.pose(values)
            case Learned(json=text):
                body.learn(Capsule.model_validate_json(text))
            case Switched(to=Quality() as quality):
                body.quality = quality
            case Switched(to=features):
                assert not isinstance(features, Quality)  # noqa: S101 - for the type checker
                body.set_features(features, now_ns)
            case Barred(barred=barred, only=only, dropped=dropped):
                body.take(self._library.bar(barred, only), dropped, now_ns)

    async def _said(self, said: Sentence, voice: TextToSpeech) -> Speech:
        silence = np.zeros(said.sample_count, np.float32)
        if not said.samples_sha256:
            return Speech(said.text, silence, said.visemes, said.stresses_ms)
        try:
            made = await voice.synthesize(said.text, said.voice)
        except VoiceError:
            self.report.other_sound += 1
            return Speech(said.text, silence, said.visemes, said.stresses_ms)
        samples = made.samples
        if sound_digest(samples) != said.samples_sha256:
            self.report.other_sound += 1
            # The mouth moves as it did: sound and shapes are of the same length.
            whole = silence.copy()
            whole[: len(samples)] = samples[: len(whole)]
            samples = whole
        return Speech(said.text, samples, said.visemes, said.stresses_ms)

    def _compare(self, drawn: DrawList, crc: int | None) -> None:
        if crc is not None:
            self.report.checked += 1
            self.report.differing += zlib.crc32(drawn.to_bytes()) != crc

    def _count(self, shown: Shown) -> None:
        self.report.frames += 1
        self.report.coarse += shown.coarse
        self.report.repeated += shown.repeated

    def _end(self, end: End) -> None:
        if end.truncated:
            self.report.truncated = end.truncated
        else:
            self.report.late_frames = end.late_frames
