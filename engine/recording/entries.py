"""What a journal holds, as plain records. Times are ns of the journal's clock, from its opening."""

from dataclasses import dataclass
from datetime import datetime

from compositor.background import Background
from compositor.drawlist import DrawList, FrameSize
from compositor.light import Surroundings
from engine.features import Features
from engine.packet import IdPacket
from engine.quality import Quality
from engine.voice.port import Speech, SpeechViseme, VoiceDelta

__all__ = [
    "Applied",
    "Asked",
    "Barred",
    "Cut",
    "Drawn",
    "End",
    "Entry",
    "Header",
    "Kind",
    "Learned",
    "Lit",
    "Played",
    "Posed",
    "Said",
    "Sentence",
    "Shown",
    "Switched",
    "Voiced",
]


@dataclass(frozen=True, slots=True)
class Header:
    """What a session's body was made with.

    Attributes:
        session_id: The session.
        program_version: Version of the program.
        began_at: Wall clock, for people.
        avatar: Its name, without a version.
        avatar_sha256: Digest of it, in hex.
        library_sha256: Digest of the library, in hex.
        micro_count: How many generated micro-capsules it had.
        barred: Ids of what might not be played.
        size: Frame size.
        fps: Frames a second.
        seed: Of all chance.
        probe: Whether frames show the number of the last event.
        quality: How finely clips were drawn.
        features: What the body did.
        background: What was behind the avatar.
        label: Whether "AI-generated" was written into the picture.
        watermark: Text written into it.
        av_offset_ms: How much later than the sound the lips moved.
        speech_lead_ms: How long speech waited after its packet.
        backend: What drew.
    """

    session_id: str
    program_version: str
    began_at: datetime
    avatar: str
    avatar_sha256: str
    library_sha256: str
    micro_count: int
    barred: tuple[str, ...]
    size: FrameSize
    fps: int
    seed: int
    probe: bool
    quality: Quality
    features: Features
    background: Background
    label: bool
    watermark: str
    av_offset_ms: float
    speech_lead_ms: int
    backend: str


@dataclass(frozen=True, slots=True)
class Applied:
    """A packet was applied; see `engine.body.Body.apply`."""

    packet: IdPacket
    held: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence was placed in time, made with the voice that was asked for last."""

    speech: Speech
    onset_ns: int
    sequence: int
    voice: VoiceDelta


@dataclass(frozen=True, slots=True)
class Sentence:
    """The same, read back: `samples_sha256` stands for the sound; empty: silence."""

    text: str
    visemes: tuple[SpeechViseme, ...]
    stresses_ms: tuple[float, ...]
    sample_count: int
    samples_sha256: bytes
    onset_ns: int
    sequence: int
    voice: VoiceDelta


@dataclass(frozen=True, slots=True)
class Cut:
    """Speech was broken off."""


@dataclass(frozen=True, slots=True)
class Voiced:
    """The voice for the text of a packet was asked for, which moves the body on."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What plays was asked for, which moves the body on."""


@dataclass(frozen=True, slots=True)
class Lit:
    """The colours around the picture changed."""

    surroundings: Surroundings


@dataclass(frozen=True, slots=True)
class Posed:
    """Held values took the place of those before."""

    values: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """A capsule of this session's own, in the library's JSON form."""

    json: str


@dataclass(frozen=True, slots=True)
class Switched:
    """Another quality, or other features."""

    to: Quality | Features


@dataclass(frozen=True, slots=True)
class Barred:
    """Other things may be played from here on; `only` is None where all others may."""

    barred: tuple[str, ...]
    only: tuple[str, ...] | None
    dropped: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A frame was asked of the body; the list itself is there to take its checksum from."""

    checked: DrawList | None


@dataclass(frozen=True, slots=True)
class Played:
    """The same, read back; `crc` is None where no checksum was taken."""

    crc: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """The frame that was asked for last was shown.

    Attributes:
        pts: 90 kHz ticks since the stream began.
        coarse: Whether textures were missing, so that something coarser was shown.
        repeated: Whether it is the picture before, since drawing failed.
        start_ns: With the first frame alone: when the stream began.
    """

    pts: int
    coarse: bool = False
    repeated: bool = False
    start_ns: int | None = None


@dataclass(frozen=True, slots=True)
class End:
    """The last entry of a journal that was closed; `truncated`: why it ends before its session."""

    frames: int
    late_frames: int
    skipped_frames: int
    truncated: str = ""


Kind = (
    Applied
    | Said
    | Sentence
    | Cut
    | Voiced
    | Asked
    | Lit
    | Posed
    | Learned
    | Switched
    | Barred
    | Drawn
    | Played
    | Shown
    | End
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, and when."""

    at_ns: int
    kind: Kind
