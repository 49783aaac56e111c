"""Personalities as files: JSON that people write, checked field by field.

`personalities/` holds the packaged ones in the same form, and their JSON Schema; run
`python -m control_plane.emotion.personality_file` after a change of it.
"""

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from capsules.model import CID_PREFIXES, Layer
from control_plane.emotion.occasions import Occasion
from control_plane.emotion.personality import Personalities, Personality, Reaction
from control_plane.emotion.traits import Traits
from control_plane.errors import InvalidArgumentError
from engine.packet import Mood

__all__ = [
    "PACKAGED_FOLDER",
    "SCHEMA_FILE",
    "load_personalities",
    "packaged_personalities",
    "personality_named",
    "personality_schema",
]

PACKAGED_FOLDER = Path(__file__).parent / "personalities"
SCHEMA_FILE = PACKAGED_FOLDER / "schema" / "personality.schema.json"

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MAX_FILE_BYTES = 100_000
_MAX_PROBLEMS = 20
_MAX_VALUE_CHARS = 60

Signed = Annotated[float, Field(ge=-1.0, le=1.0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Factor = Annotated[float, Field(ge=0.0, le=2.0, allow_inf_nan=False)]
_LAYERS = "|".join(layer.value for layer in Layer)
WeightKey = Annotated[
    str,
    StringConstraints(pattern=rf"^({_LAYERS}|({'|'.join(CID_PREFIXES.values())})_[0-9A-Z_]+)$"),
]
StanceKey = Annotated[str, StringConstraints(pattern=r"^(VF|BK)_[0-9A-Z_]{1,40}$")]
StanceWeight = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
ShownKey = Annotated[str, StringConstraints(pattern=r"^(VF|BK|HF)_[0-9A-Z_]{1,40}$")]
ShownWeight = Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Place(_Record):
    """A point in the valence-arousal-dominance cube."""

    valence: Signed
    arousal: Signed
    dominance: Signed


class _Baselines(_Record):
    """Where the traits return to; without effect where they are left out."""

    energy: Share = Traits().energy
    warmth: Share = Traits().warmth
    confidence: Share = Traits().confidence
    curiosity: Share = Traits().curiosity
    patience: Share = Traits().patience


class _Answer(_Record):
    """Somebody's own answer to an occasion, beside what they feel at it."""

    shows: Annotated[
        dict[ShownKey, ShownWeight],
        Field(description="Faces, bodies and a gesture, by capsule id.", max_length=4),
    ]
    feels: Annotated[_Place | None, Field(description="Felt instead of what was appraised.")] = None
    lasts_s: Annotated[float, Field(ge=0.5, le=30.0, description="How long it is held, s.")] = 4.0
    stance: Annotated[
        Share, Field(description="How much of the stance's faces is left meanwhile.")
    ] = 1.0
    pause_ms: Annotated[
        int | None, Field(ge=0, le=500, description="How long words wait for it, ms.")
    ] = None
    still: Annotated[
        bool, Field(description="Whether the hands stay where they are, but for what it shows.")
    ] = False

    def reaction(self) -> Reaction:
        """The reaction that this describes."""
        feels = None if self.feels is None else Mood(**self.feels.model_dump())
        return Reaction(
            shows=dict(self.shows),
            feels=feels,
            lasts_s=self.lasts_s,
            stance=self.stance,
            pause_ms=self.pause_ms,
            still=self.still,
        )


class _File(_Record):
    """A personality: how strongly and how soon somebody feels, and what they come back to."""

    schema_: Annotated[str, Field(alias="$schema", description="For editors.")] = ""
    name: Annotated[
        str,
        Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$", description="Unique; what sessions ask for."),
    ]
    description: Annotated[str, Field(min_length=3, max_length=200)]
    baseline: Annotated[_Place, Field(description="The mood at rest.")]
    bias: Annotated[_Place, Field(description="Added to whatever is felt.")]
    gain: Annotated[
        float,
        Field(gt=0.0, le=2.0, description="Factor on what is felt; 1: as it was appraised."),
    ] = 1.0
    momentum: Annotated[
        float, Field(ge=0.0, le=0.99, description="Share of the mood that stays at an event.")
    ] = 0.7
    decay_s: Annotated[
        float,
        Field(ge=0.5, le=600.0, description="Time constant of the way back between events, s."),
    ] = 12.0
    reaction_s: Annotated[
        float, Field(ge=0.2, le=60.0, description="Time constant of a reaction's fading, s.")
    ] = 6.0
    reaction_share: Annotated[
        Share, Field(description="How far the face follows a reaction beyond the mood.")
    ] = 0.85
    empathy: Annotated[
        Share, Field(description="How far distress is met with concern instead of mirrored.")
    ] = 0.8
    face_offset_ms: Annotated[
        int, Field(ge=0, le=500, description="When the face follows the hands, ms.")
    ] = 50
    pause_ms: Annotated[
        int, Field(ge=0, le=500, description="How long words wait after what they answer, ms.")
    ] = 130
    gesture_rest_s: Annotated[
        float,
        Field(ge=0.0, le=60.0, description="Rest between gestures that no feeling urges, s."),
    ] = 4.0
    traits: _Baselines = _Baselines()
    stance: Annotated[
        dict[StanceKey, StanceWeight],
        Field(
            description="Faces and bodies held beside what is felt, whatever it is.", max_length=3
        ),
    ] = {}
    reactions: Annotated[
        dict[Occasion, _Answer], Field(description="Answers of its own, by occasion.")
    ] = {}
    capsule_weights: Annotated[
        dict[WeightKey, Factor],
        Field(description="Factors on weights, by layer (hand, body, ...) or capsule id; both."),
    ] = {}
    version: Literal[1] = 1

    def personality(self) -> Personality:
        """The personality that the file describes."""
        return Personality(
            name=self.name,
            description=self.description,
            baseline=Mood(**self.baseline.model_dump()),
            bias=Mood(**self.bias.model_dump()),
            gain=self.gain,
            momentum=self.momentum,
            decay_s=self.decay_s,
            reaction_s=self.reaction_s,
            reaction_share=self.reaction_share,
            empathy=self.empathy,
            face_offset_ms=self.face_offset_ms,
            pause_ms=self.pause_ms,
            gesture_rest_s=self.gesture_rest_s,
            traits=Traits(**self.traits.model_dump()),
            stance=dict(self.stance),
            reactions={name: answer.reaction() for name, answer in self.reactions.items()},
            capsule_weights=dict(self.capsule_weights),
        )


def load_personalities(folder: Path | None = None) -> Personalities:
    """The packaged personalities, and those of a folder: one to a `*.json` file.

    One of the folder's that has the name of a packaged one takes its place.

    Args:
        folder: Of the operator's; None: there is none.

    Raises:
        InvalidArgumentError: Files that cannot be used; the message has a line for each thing that
            is wrong, with file, field, value and what was expected.
    """
    packaged = _read_folder(PACKAGED_FOLDER)
    own = {} if folder is None else _read_folder(folder)
    return Personalities((packaged | own).values())


@cache
def packaged_personalities() -> Personalities:
    """The ones that ship; read at the first call."""
    return load_personalities()


def personality_named(name: str) -> Personality:
    """The packaged personality of that name.

    Raises:
        InvalidArgumentError: There is none.
    """
    return packaged_personalities().named(name)


def personality_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a personality's file."""
    return {"$schema": _DIALECT, **_File.model_json_schema()}


def _read_folder(folder: Path) -> dict[str, Personality]:
    found: dict[str, Personality] = {}
    files: dict[str, str] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.json")):
        try:
            person = _read(path)
        except InvalidArgumentError as error:
            problems += str(error).splitlines()
            continue
        if person.name in found:
            first = files[person.name]
            problems.append(f"{path.name}: name: {person.name!r} is taken already (in {first})")
        found[person.name], files[person.name] = person, path.name
    if problems:
        raise InvalidArgumentError("\n".join(problems[:_MAX_PROBLEMS]))
    return found


def _read(path: Path) -> Personality:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidArgumentError(f"{path.name}: cannot be read: {error.strerror}") from error
    if len(data) > _MAX_FILE_BYTES:
        message = f"{path.name}: has {len(data):,} bytes, expected at most {_MAX_FILE_BYTES:,}"
        raise InvalidArgumentError(message)
    try:
        return _File.model_validate_json(data).personality()
    except ValidationError as error:
        lines = (_line(path.name, item) for item in error.errors(include_url=False))
        raise InvalidArgumentError("\n".join(lines)) from error


def _line(file: str, item: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails or a test's dict
    field = ".".join(str(step) for step in item["loc"] if step != "[key]")
    message = item["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    shown = repr(item["input"])
    if len(shown) > _MAX_VALUE_CHARS:
        shown = shown[: _MAX_VALUE_CHARS - 1] + "\u2026"
    if item["type"] == "missing":
        said = "missing, expected a value"
    elif item["type"] == "extra_forbidden":
        said = f"got {shown}, expected no field of this name"
    elif item["type"] == "json_invalid":
        said = message
    else:
        said = f"got {shown}, expected: {message[:1].lower()}{message[1:]}"
    return f"{file}: {field}: {said}" if field else f"{file}: {said}"


def _export_schema(file: Path = SCHEMA_FILE) -> None:
    """Writes the schema; its folder is made where it is missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(personality_schema(), indent=2, ensure_ascii=False) + "\n"
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _export_schema()
