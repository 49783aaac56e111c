"""A small library, bodies and packets for the tests of the body."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from capsules.arkit import VISEMES
from capsules.avatar import Avatar, Basis
from capsules.clip import Clip
from capsules.library import Library
from capsules.model import Capsule, CapsulePart, Easing, Layer, Track, Trigger, VoiceSync
from capsules.targets import TargetKind, targets
from compositor.drawlist import DrawList, FrameSize
from engine.body import Body, BodyOptions
from engine.clock import NS_PER_MS
from engine.packet import BlendEntry, IdPacket
from engine.voice.port import SAMPLE_RATE_HZ, Speech, SpeechViseme
from tests.unit.avatars import PROVENANCE, plain_part, solid

__all__ = [
    "AVATAR",
    "BASES",
    "MS",
    "TALK",
    "VISEME_WEIGHTS",
    "body",
    "capsule",
    "frames",
    "library",
    "packet",
    "speech",
    "value",
    "weights",
]

MS = NS_PER_MS
BASES = frozenset(name for name, item in targets().items() if item.kind is TargetKind.BASIS)
VISEME_WEIGHTS: dict[str, dict[str, float]] = {
    **{name: {"jawOpen": 0.15} for name in VISEMES},
    "sil": {},
    "PP": {"mouthClose": 0.3, "mouthPressLeft": 0.4, "mouthPressRight": 0.4},
    "aa": {"jawOpen": 0.7},
    "ou": {"jawOpen": 0.2, "mouthPucker": 0.8},
}
_LAYERS = {
    "VF": Layer.FACE,
    "HF": Layer.HAND,
    "BK": Layer.BODY,
    "VC": Layer.VOICE,
    "CS": Layer.CAMERA,
    "LD": Layer.LIGHT,
    "TR": Layer.TEMPO,
    "ER": Layer.ENVIRONMENT,
}

Curve = list[tuple[int, float]]


def capsule(cid: str, curves: dict[str, Curve] | None = None, **fields: object) -> Capsule:
    """A capsule; its layer follows from the id."""
    plain: dict[str, object] = {
        "cid": cid,
        "layer": _LAYERS[cid.split("_", 1)[0]],
        "description": "of a test",
        "duration_ms": 1000,
        "easing": Easing.CUBIC_IN_OUT,
        "tracks": tuple(Track(target=name, curve=curve) for name, curve in (curves or {}).items()),
    }
    return Capsule.model_validate(plain | fields)


def _capsules() -> list[Capsule]:
    rise: Curve = [(0, 0.0), (200, 1.0), (800, 1.0), (1000, 0.0)]

    def scaled(curve: Curve, factor: float) -> Curve:
        return [(time, factor * amount) for time, amount in curve]

    lift = scaled(rise, -250.0)
    return [
        capsule("VF_NEUTRAL", hold=True),
        capsule("HF_NEUTRAL", hold=True),
        capsule("VC_NEUTRAL", hold=True),
        capsule(
            "VF_SMILE",
            {"mouthSmileLeft": [(0, 0.7)], "mouthSmileRight": [(0, 0.7)]},
            hold=True,
            voice_sync=VoiceSync(voice_cid="VC_BRIGHT", weight_multiplier=0.5),
        ),
        capsule(
            "VF_SAD",
            {
                "mouthFrownLeft": [(0, 0.6)],
                "mouthFrownRight": [(0, 0.6)],
                "browInnerUp": [(0, 0.5)],
            },
            hold=True,
        ),
        capsule("VF_AGAPE", {"jawOpen": [(0, 0.6)], "mouthClose": [(0, 0.2)]}, hold=True),
        capsule("VF_WIDE", {"eyeWideLeft": [(0, 0.9)], "eyeWideRight": [(0, 0.9)]}, hold=True),
        capsule("VF_LATE", {"browDownLeft": [(0, 0.0), (60, 0.0), (400, 0.8)]}, hold=True),
        capsule("VF_WINK", {"eyeSquintLeft": rise}),
        capsule("VF_SNEER", {"noseSneerLeft": rise}, trigger=Trigger(probability=0.0)),
        capsule("HF_LIFT", {"handLeft.y": lift, "handLeftIndexCurl": scaled(rise, 0.5)}),
        capsule("HF_WAVE", {"handLeft.y": lift, "handLeft.rotate": scaled(rise, 20.0)}),
        capsule(
            "HF_BEAT",
            {"handRight.y": lift},
            trigger=Trigger(relative_to="speech_onset", offset_ms=-70),
        ),
        capsule("HF_BOTH", components=(CapsulePart(cid="HF_LIFT", weight=0.8),)),
        capsule("HF_TYPING", {"handRightIndexCurl": rise}, loop=True),
        capsule("BK_LEAN", {"bodyLean": rise}),
        capsule("VC_BRIGHT", {"voice.pitch_st": [(0, 4.0)], "voice.rate": [(0, 0.2)]}, hold=True),
        capsule("CS_CLOSE", {"camera.zoom": [(0, 0.2)]}, hold=True),
        capsule("LD_KEY", {"light.key": [(0, 0.5)], "light.key_x": [(0, 1.0)]}, hold=True),
        capsule("TR_FAST", {"tempo.rate": [(0, 1.0)]}, hold=True),
    ]


def library(*more: Capsule, clips: Iterable[Clip] = ()) -> Library:
    """The test library, with more capsules in it."""
    return Library([*_capsules(), *more], viseme_weights=VISEME_WEIGHTS, clips=clips)


def body(*more: Capsule, seed: int = 7, probe: bool = False, clips: Iterable[Clip] = ()) -> Body:
    """A body on the test library."""
    options = BodyOptions("mira", FrameSize(64, 64), seed=seed, probe=probe, has_basis=BASES)
    return Body(library(*more, clips=clips), options)


def packet(
    *blends: str | tuple[str, float],
    sequence: int = 1,
    **fields: Any,  # noqa: ANN401 - any field of a packet
) -> IdPacket:
    """A packet of capsules, each at weight 1 unless it is a pair."""
    pairs = [(item, 1.0) if isinstance(item, str) else item for item in blends]
    entries = tuple(BlendEntry(cid, weight, _LAYERS[cid.split("_", 1)[0]]) for cid, weight in pairs)
    plain = IdPacket(sequence, "session", 0, entries, event_sequence=sequence)
    return replace(plain, **fields)


def speech(*shapes: tuple[str, float], text: str = "Hello.") -> Speech:
    """Speech of these visemes, each with its length in ms."""
    visemes: list[SpeechViseme] = []
    start_ms = 0.0
    for name, length_ms in shapes:
        visemes.append(SpeechViseme(VISEMES.index(name), start_ms, length_ms))
        start_ms += length_ms
    samples = np.zeros(round(start_ms * SAMPLE_RATE_HZ / 1000.0), np.float32)
    return Speech(text, samples, tuple(visemes))


TALK = speech(("aa", 200), ("PP", 60), ("ou", 240), ("aa", 300), ("sil", 100), ("aa", 900))


def _avatar() -> Avatar:
    face = plain_part("face", (0, 0, 64, 64), solid((200, 150, 120, 255)))
    still = Basis(np.zeros(face.vertices.shape, np.float16))
    bases = dict.fromkeys(BASES, still)
    return Avatar("synthetic", 64, (replace(face, bases=bases),), PROVENANCE)


AVATAR = _avatar()
"""A square that has every basis; none moves it."""


def frames(one: Body, start_ms: float, end_ms: float, fps: float = 30.0) -> list[DrawList]:
    """Frames of a body at a steady cadence, both ends included."""
    count = int((end_ms - start_ms) * fps / 1000.0 + 1e-6)
    return [one.frame(round((start_ms + i * 1000.0 / fps) * MS)) for i in range(count + 1)]


def weights(frame: DrawList) -> dict[str, float]:
    """Weights by name."""
    return dict(frame.weights)


def value(frame: DrawList, name: str) -> float:
    """One weight; 0 where it is not drawn."""
    return weights(frame).get(name, 0.0)
