"""Capsules and expressions: the words the library is written in.

These models are the edge where library files come in; `capsule_schema` and `expression_schema`
export their JSON Schema.
"""

import difflib
import itertools
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    field_validator,
    model_validator,
)
from pydantic.dataclasses import dataclass

from capsules._clip_file import Matte
from capsules.curve import Curve
from capsules.targets import targets

__all__ = [
    "CID_PREFIXES",
    "BlendMode",
    "Capsule",
    "CapsulePart",
    "ClipSource",
    "Easing",
    "Emotion",
    "Expression",
    "ExpressionItem",
    "Layer",
    "Phases",
    "Provenance",
    "Track",
    "Trigger",
    "VoiceSync",
    "capsule_schema",
    "expression_schema",
]

ExpressionId = Annotated[str, Field(pattern=r"^E_[0-9A-Z_]{1,40}$")]
Signed = Annotated[float, Field(ge=-1.0, le=1.0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Place = Annotated[float, Field(ge=-1.0, le=2.0, allow_inf_nan=False)]
Extent = Annotated[float, Field(gt=0.0, le=3.0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Layer(StrEnum):
    """What a capsule moves; also the order of authority where all else is equal."""

    FACE = "face"
    HAND = "hand"
    BODY = "body"
    VOICE = "voice"
    CAMERA = "camera"
    LIGHT = "light"
    TEMPO = "tempo"
    ENVIRONMENT = "environment"


CID_PREFIXES: Mapping[Layer, str] = {
    Layer.FACE: "VF",
    Layer.HAND: "HF",
    Layer.VOICE: "VC",
    Layer.BODY: "BK",
    Layer.CAMERA: "CS",
    Layer.LIGHT: "LD",
    Layer.TEMPO: "TR",
    Layer.ENVIRONMENT: "ER",
}
"""What the ids of each layer's capsules start with."""

Cid = Annotated[str, Field(pattern=rf"^({'|'.join(CID_PREFIXES.values())})_[0-9A-Z_]{{1,40}}$")]


_WITHOUT_PICTURES = frozenset({Layer.VOICE, Layer.CAMERA, Layer.LIGHT, Layer.TEMPO})


class BlendMode(StrEnum):
    """How a capsule meets others on the same target: adds, replaces or scales."""

    ADDITIVE = "additive"
    OVERRIDE = "override"
    MULTIPLY = "multiply"


class Easing(StrEnum):
    """Shape of the fade in and out (Penner's names)."""

    NONE = "none"
    LINEAR = "linear"
    QUADRATIC_IN = "quadratic_in"
    QUADRATIC_OUT = "quadratic_out"
    QUADRATIC_IN_OUT = "quadratic_in_out"
    CUBIC_IN = "cubic_in"
    CUBIC_OUT = "cubic_out"
    CUBIC_IN_OUT = "cubic_in_out"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Emotion(_Record):
    """A point in the valence-arousal-dominance cube."""

    valence: Signed
    arousal: Signed
    dominance: Signed


class Trigger(_Record):
    """When a capsule starts, and how likely it is to play at all."""

    relative_to: Annotated[
        Literal["event", "speech_onset", "scene_start", "previous_capsule"],
        Field(
            description="What offset_ms counts from. event: the packet. speech_onset: the onset "
            "of the packet's speech, or the packet where it says nothing. previous_capsule: the "
            "end of the one before it of its layer in the packet. scene_start: the start of the "
            "session; capsules come in packets, so it is treated as event."
        ),
    ] = "event"
    offset_ms: Annotated[int, Field(ge=-500, le=500)] = 0
    probability: Share = 1.0


class Phases(_Record):
    """The seven synchronisation points of BML, in ms from the capsule's start, ascending."""

    start: int = 0
    ready: int
    stroke_start: int
    stroke: int
    stroke_end: int
    relax: int
    end: int

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        points = list(self.model_dump().values())
        if points != sorted(points) or points[0] < 0:
            raise ValueError(f"phases must ascend from 0, got {points}")
        return self


@dataclass(config=ConfigDict(extra="forbid"), frozen=True, slots=True)
class Track:
    """One curve over one target: linear between its points, held before and after them.

    Values are absolute for an override, added to what is there for an additive one, and factors
    for a multiply. A curve of an additive or override capsule that ends away from the target's
    rest value is held until the capsule ends, then fades.
    """

    target: str
    curve: Annotated[
        Sequence[tuple[int, Finite]],
        Field(min_length=1),
        AfterValidator(Curve),
        PlainSerializer(list),
    ]

    @field_validator("target")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in targets():
            near = difflib.get_close_matches(name, targets(), n=1)
            expected = f"did you mean {near[0]!r}?" if near else "see capsules.targets"
            raise ValueError(f"unknown target {name!r}, {expected}")
        return name

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        times = [time for time, _ in self.curve]
        if times[0] < 0 or any(b <= a for a, b in itertools.pairwise(times)):
            raise ValueError(f"curve times of {self.target} must ascend from 0, got {times}")
        return self


class CapsulePart(_Record):
    """Another capsule as part of a combined one."""

    cid: Cid
    weight: Share


class ClipSource(_Record):
    """Pictures instead of curves: frames with alpha from a video file of the library."""

    file: Annotated[
        str,
        Field(
            pattern=r"^([A-Za-z0-9_-]+/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*\.(webm|mp4)$",
            max_length=200,
            description="Path inside the library's folder, such as clips/confetti.webm: VP9, AV1 "
            "or H.264, sides of at most 2048 pixels, at most 60 s and 60 frames a second.",
        ),
    ]
    rect: Annotated[
        tuple[Place, Place, Extent, Extent],
        Field(
            description="Where frames lie: left, top, width, height in shares of the canvas's side."
        ),
    ] = (0.0, 0.0, 1.0, 1.0)
    after: Annotated[
        str | None,
        Field(
            max_length=100,
            description="The part after which it is drawn and with which it moves; empty, or a "
            "part that the avatar has not: over all parts. Left out: what the layer says; face "
            "over the face, hand over the hands, body over the body, others over all parts.",
        ),
    ] = None
    matte: Annotated[
        Matte,
        Field(
            description="Where the alpha is. alpha: in the stream's own (VP9 in WebM). "
            "side_by_side: pictures are twice as wide, and the luma of the right half is the alpha "
            "of the left one. none: nowhere, frames are opaque."
        ),
    ] = "alpha"


class VoiceSync(_Record):
    """The voice delta that goes with a face."""

    voice_cid: Cid
    weight_multiplier: Annotated[float, Field(ge=0.0, le=2.0)] = 1.0
    lip_lead_ms: Annotated[
        int,
        Field(
            ge=-100,
            le=100,
            description="By how much the lips lead the sound. Kept with the capsule; the body does "
            "not read it: its lips follow the times of the visemes.",
        ),
    ] = 0


class Provenance(_Record):
    """Where a capsule comes from."""

    source: str
    generator: str = ""
    sha256: str = ""
    consent: str = ""
    created: str = ""


class Capsule(_Record):
    """One micro-expression. It does one thing and is stateless.

    It has `tracks`, `components` or a `clip`, one of the three; a layer's neutral may have none.
    `loop` capsules repeat from their start until they are faded out; `hold` ones stay at their
    last values until something replaces them.
    """

    cid: Cid
    layer: Layer
    description: Annotated[str, Field(min_length=3, max_length=200)]
    subtype: str = ""
    version: Annotated[int, Field(ge=1)] = 1
    revoked: bool = False
    emotion: Emotion | None = None
    trigger: Trigger = Trigger()
    duration_ms: Annotated[int, Field(ge=20, le=60_000)]
    easing: Easing = Easing.CUBIC_IN_OUT
    phases: Phases | None = None
    priority: Annotated[int, Field(ge=0, le=10)] = 5
    blend_mode: BlendMode = BlendMode.ADDITIVE
    fallback_cid: Cid | None = None
    hold: bool = False
    loop: bool = False
    tracks: tuple[Track, ...] = ()
    components: tuple[CapsulePart, ...] = ()
    clip: ClipSource | None = None
    params: dict[str, Any] = {}
    voice_sync: VoiceSync | None = None
    viseme_map: Annotated[
        dict[str, dict[str, float]] | None,
        Field(
            description="Mouth shapes of a voice: viseme, face basis, weight. Kept with the "
            "capsule; the body does not read it: its mouth shapes are those of visemes.json.",
        ),
    ] = None
    context: tuple[str, ...] = ()
    provenance: Provenance = Provenance(source="capsulecast library")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        prefix = CID_PREFIXES[self.layer]
        if not self.cid.startswith(f"{prefix}_"):
            raise ValueError(
                f"{self.cid} is of another layer than {self.layer}: {prefix}_ expected"
            )
        neutral = self.cid.endswith("_NEUTRAL")
        ways = [
            name
            for name in ("tracks", "components", "clip")
            if getattr(self, name) not in ((), None)
        ]
        if not neutral and not ways:
            raise ValueError(f"{self.cid} moves nothing: it has no tracks, components or clip")
        if len(ways) > 1:
            raise ValueError(f"{self.cid} has both {' and '.join(ways)}")
        if self.clip is not None and self.layer in _WITHOUT_PICTURES:
            raise ValueError(f"{self.cid} has a clip, which nothing shows in layer {self.layer}")
        seen = [track.target for track in self.tracks]
        if len(seen) != len(set(seen)):
            raise ValueError(f"{self.cid} has two tracks on one target")
        return self


class ExpressionItem(_Record):
    """One capsule of an expression; `offset_ms` replaces its layer's lead-lag."""

    cid: Cid
    weight: Share = 1.0
    offset_ms: Annotated[int, Field(ge=-500, le=500)] | None = None


class Expression(_Record):
    """A named bundle of capsules, such as delight: a face, two hands and a voice."""

    id: ExpressionId
    name: Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,40}$")]
    description: Annotated[str, Field(min_length=3, max_length=200)]
    emotion: Emotion | None = None
    audio_first: bool = False
    items: Annotated[tuple[ExpressionItem, ...], Field(min_length=1)]


def capsule_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a capsule; it lists the known targets."""
    schema = {"$schema": _DIALECT, **Capsule.model_json_schema()}
    schema["$defs"]["Track"]["properties"]["target"]["enum"] = list(targets())
    return schema


def expression_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of an expression."""
    return {"$schema": _DIALECT, **Expression.model_json_schema()}
