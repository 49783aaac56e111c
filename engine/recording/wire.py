"""Journal records as protobuf and back."""

import hashlib
import zlib
from dataclasses import asdict, fields
from datetime import UTC
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from capsulecast.v1 import journal_pb2 as pb
from capsulecast.v1 import session_service_pb2 as session_pb
from compositor.background import parse_background
from compositor.drawlist import FrameSize
from compositor.light import Surroundings
from engine.errors import PacketError
from engine.features import Features
from engine.quality import Quality
from engine.recording.entries import (
    Applied,
    Asked,
    Barred,
    Cut,
    Drawn,
    End,
    Entry,
    Header,
    Kind,
    Learned,
    Lit,
    Played,
    Posed,
    Said,
    Sentence,
    Shown,
    Switched,
    Voiced,
)
from engine.recording.errors import JournalError
from engine.voice.port import SpeechViseme, VoiceDelta
from engine.wire import from_message, to_message

__all__ = [
    "entry_from_bytes",
    "entry_to_bytes",
    "header_from_bytes",
    "header_to_bytes",
    "sound_digest",
]

_QUALITIES = {item: session_pb.Quality.Value(f"QUALITY_{item.name}") for item in Quality}
_BY_VALUE = {int(value): item for item, value in _QUALITIES.items()}


def header_to_bytes(header: Header) -> bytes:
    """A header as it stands in the file."""
    began = Timestamp()
    began.FromDatetime(header.began_at)
    return pb.JournalHeader(
        session_id=header.session_id,
        program_version=header.program_version,
        begin_time=began,
        avatar_sha256=header.avatar_sha256,
        library_sha256=header.library_sha256,
        micro_count=header.micro_count,
        barred=header.barred,
        options=session_pb.SessionOptions(
            avatar=header.avatar,
            size=session_pb.Size(width=header.size.width, height=header.size.height),
            fps=header.fps,
            seed=header.seed,
            probe=header.probe,
            background=str(header.background),
            label=header.label,
            watermark=header.watermark,
            quality=_QUALITIES[header.quality],
            features=session_pb.Features(**asdict(header.features)),
        ),
        av_offset_ms=header.av_offset_ms,
        speech_lead_ms=header.speech_lead_ms,
        backend=header.backend,
    ).SerializeToString()


def header_from_bytes(data: bytes) -> Header:
    """The header of a journal.

    Raises:
        JournalError: It is none.
    """
    message = pb.JournalHeader()
    try:
        message.ParseFromString(data)
        options = message.options
        return Header(
            session_id=message.session_id,
            program_version=message.program_version,
            began_at=message.begin_time.ToDatetime(tzinfo=UTC),
            avatar=options.avatar,
            avatar_sha256=message.avatar_sha256,
            library_sha256=message.library_sha256,
            micro_count=message.micro_count,
            barred=tuple(message.barred),
            size=FrameSize(options.size.width, options.size.height),
            fps=options.fps,
            seed=options.seed,
            probe=options.probe,
            quality=_BY_VALUE[options.quality],
            features=_features(options.features),
            background=parse_background(options.background),
            label=options.label,
            watermark=options.watermark,
            av_offset_ms=message.av_offset_ms,
            speech_lead_ms=message.speech_lead_ms,
            backend=message.backend,
        )
    except (DecodeError, ValueError, KeyError) as error:
        raise JournalError(f"the journal's header cannot be read: {error}") from error


def entry_to_bytes(entry: Entry) -> bytes:
    """An entry as it stands in the file; digests and checksums are taken here.

    Raises:
        PacketError: A packet does not fit its message.
    """
    message = _written(entry.kind)
    message.at_ns = entry.at_ns
    return message.SerializeToString()


def entry_from_bytes(data: bytes) -> Entry:
    """An entry of a journal.

    Raises:
        JournalError: It is none, or of a kind that this version does not know.
    """
    message = pb.JournalEntry()
    try:
        message.ParseFromString(data)
        return Entry(message.at_ns, _read(message))
    except (DecodeError, PacketError, ValueError, KeyError) as error:
        raise JournalError(f"a journal entry cannot be read: {error}") from error


def sound_digest(samples: np.ndarray[Any, np.dtype[np.float32]]) -> bytes:
    """Of a sentence's sound; empty: it is silence."""
    if not samples.any():
        return b""
    return hashlib.sha256(np.asarray(samples, "<f4").tobytes()).digest()


def _written(kind: Kind) -> pb.JournalEntry:
    match kind:
        case Applied(packet=packet, held=held):
            inner = pb.JournalPacket(packet=to_message(packet), held=held)
            return pb.JournalEntry(packet=inner)
        case Said():
            return pb.JournalEntry(speech=_said(kind))
        case Cut():
            return pb.JournalEntry(cut=pb.JournalCut())
        case Voiced(sequence=sequence):
            return pb.JournalEntry(voice=pb.JournalMoment(sequence=sequence))
        case Asked():
            return pb.JournalEntry(active=pb.JournalMoment())
        case Lit(surroundings=light):
            return pb.JournalEntry(light=_light(light))
        case Posed(values=values):
            held_values = [pb.JournalValue(target=name, value=value) for name, value in values]
            return pb.JournalEntry(pose=pb.JournalPose(values=held_values))
        case Learned(json=text):
            return pb.JournalEntry(capsule=pb.JournalCapsule(json=text))
        case Switched(to=Quality() as quality):
            return pb.JournalEntry(quality=_QUALITIES[quality])
        case Switched(to=Features() as features):
            return pb.JournalEntry(features=session_pb.Features(**asdict(features)))
        case Barred(barred=barred, only=only, dropped=dropped):
            bars = pb.JournalBars(
                barred=sorted(barred),
                limited=only is not None,
                only=sorted(only or ()),
                dropped=dropped,
            )
            return pb.JournalEntry(bars=bars)
        case Drawn(checked=checked):
            crc = None if checked is None else zlib.crc32(checked.to_bytes())
            return pb.JournalEntry(draw=pb.JournalDraw(crc=crc))
        case Shown():
            shown = pb.JournalShown(
                pts=kind.pts,
                coarse=kind.coarse,
                repeated_picture=kind.repeated,
                start_ns=kind.start_ns,
            )
            return pb.JournalEntry(shown=shown)
        case End():
            return pb.JournalEntry(end=pb.JournalEnd(**asdict(kind)))
    raise TypeError(f"{type(kind).__name__} is not written")


def _read(message: pb.JournalEntry) -> Kind:
    match message.WhichOneof("kind"):
        case "packet":
            return Applied(from_message(message.packet.packet), message.packet.held)
        case "speech":
            return _sentence(message.speech)
        case "cut":
            return Cut()
        case "voice":
            return Voiced(message.voice.sequence)
        case "active":
            return Asked()
        case "light":
            return Lit(_surroundings(message.light))
        case "pose":
            return Posed(tuple((item.target, item.value) for item in message.pose.values))
        case "capsule":
            return Learned(message.capsule.json)
        case "quality":
            return Switched(_BY_VALUE[message.quality])
        case "features":
            return Switched(_features(message.features))
        case "bars":
            bars = message.bars
            only = tuple(bars.only) if bars.limited else None
            return Barred(tuple(bars.barred), only, tuple(bars.dropped))
        case "draw":
            return Played(message.draw.crc if message.draw.HasField("crc") else None)
        case "shown":
            shown = message.shown
            start_ns = shown.start_ns if shown.HasField("start_ns") else None
            return Shown(shown.pts, shown.coarse, shown.repeated_picture, start_ns)
        case "end":
            end = message.end
            return End(end.frames, end.late_frames, end.skipped_frames, end.truncated)
        case _:
            raise JournalError("an entry is of a kind that this version does not know")


def _said(said: Said) -> pb.JournalSpeech:
    speech = said.speech
    return pb.JournalSpeech(
        text=speech.text,
        onset_ns=said.onset_ns,
        sequence=said.sequence,
        voice=pb.JournalVoice(**asdict(said.voice)),
        visemes=[
            pb.JournalViseme(viseme=one.viseme, start_ms=one.start_ms, duration_ms=one.duration_ms)
            for one in speech.visemes
        ],
        stresses_ms=speech.stresses_ms,
        sample_count=len(speech.samples),
        samples_sha256=sound_digest(speech.samples),
    )


def _sentence(message: pb.JournalSpeech) -> Sentence:
    voice = {item.name: getattr(message.voice, item.name) for item in fields(VoiceDelta)}
    return Sentence(
        text=message.text,
        visemes=tuple(
            SpeechViseme(one.viseme, one.start_ms, one.duration_ms) for one in message.visemes
        ),
        stresses_ms=tuple(message.stresses_ms),
        sample_count=message.sample_count,
        samples_sha256=message.samples_sha256,
        onset_ns=message.onset_ns,
        sequence=message.sequence,
        voice=VoiceDelta(**voice),
    )


def _light(light: Surroundings) -> pb.JournalLight:
    sides = {
        side: red << 16 | green << 8 | blue
        for side in ("left", "right", "above", "below")
        for red, green, blue in (getattr(light, side),)
    }
    return pb.JournalLight(**sides, strength=light.strength)


def _surroundings(message: pb.JournalLight) -> Surroundings:
    sides = {
        side: (value >> 16, value >> 8 & 255, value & 255)
        for side in ("left", "right", "above", "below")
        for value in (getattr(message, side),)
    }
    return Surroundings(**sides, strength=message.strength)


def _features(message: session_pb.Features) -> Features:
    return Features(**{item.name: getattr(message, item.name) for item in fields(Features)})
