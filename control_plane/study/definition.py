"""What a study is defined by: a JSON file, checked at the edge."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from compositor.drawlist import FrameSize
from control_plane.emotion.labels import EMOTIONS, NEUTRAL_LABEL
from control_plane.errors import InvalidArgumentError
from control_plane.frame_sizes import MAX_FPS, parse_size
from control_plane.scripted.script import script_of
from engine.features import Features

__all__ = ["SceneDefinition", "StudyDefinition", "VariantOptions", "read_definition"]

_NAME = r"^[a-z0-9][a-z0-9-]{0,59}$"
_MOST_TRIALS = 400


class _Record(BaseModel):
    """In files and answers names are written inThisWay, as in proto3 JSON."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, frozen=True, extra="forbid"
    )


def _usable_script(cues: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not cues:
        raise ValueError("expected at least one cue")
    script_of(cues)
    return cues


def _known_emotion(name: str) -> str:
    if name and name != NEUTRAL_LABEL and name not in EMOTIONS:
        known = ", ".join((NEUTRAL_LABEL, *EMOTIONS))
        raise ValueError(f"there is no emotion {name!r}, expected one of {known}")
    return name


def _size_text(text: object) -> object:
    if isinstance(text, str):
        parse_size(text)
    return text


Name = Annotated[str, Field(pattern=_NAME)]


class FeatureOptions(_Record):
    """What is switched off; see `engine.features.Features`."""

    vector_blending: bool = True
    context: bool = True
    light_probe: bool = True
    visemes: bool = True

    @property
    def features(self) -> Features:
        """The same, for a session."""
        return Features(**self.model_dump())


class VariantOptions(_Record):
    """How a variant is filmed; what is left out is as the study's `options` have it.

    Attributes:
        personality: Its name.
        avatar: Its name.
        features: What is switched off.
        library: Folder of capsules; None: the one in force.
        seed: Of all chance.
        reply: Whether the avatar answers what users of the script say.
        size: Of the picture, WIDTHxHEIGHT.
        fps: Frames a second.
    """

    personality: str = "friendly"
    avatar: str = "mira"
    features: FeatureOptions = FeatureOptions()
    library: Path | None = None
    seed: int = Field(0, ge=0, lt=2**63)
    reply: bool = True
    size: Annotated[str, BeforeValidator(_size_text)] = "512x512"
    fps: int = Field(30, ge=1, le=MAX_FPS)

    @property
    def frame_size(self) -> FrameSize:
        """Of the picture, pixels."""
        return parse_size(self.size)

    def stored(self) -> dict[str, Any]:
        """What was given, as JSON."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class VariantDefinition(_Record):
    """One of the things compared."""

    name: Name
    options: VariantOptions = VariantOptions()


class SceneDefinition(_Record):
    """What every variant is shown doing.

    Attributes:
        name: Its name.
        emotion: What it is to show, a word of `control_plane.emotion.labels`; empty: none.
        script: Cues, as of `capsulecast perform`: {"atMs": 0, "event": {...}}.
    """

    name: Name
    emotion: Annotated[str, AfterValidator(_known_emotion)] = ""
    script: Annotated[list[dict[str, Any]], AfterValidator(_usable_script)]


class StudyDefinition(_Record):
    """A study.

    Attributes:
        name: Of the study; participants see it in the page's address.
        instructions: What participants read before they agree to take part.
        design: One film at a time, or two beside each other.
        seed: Of the order of trials and of the resampling.
        options: Of every variant, where it says nothing else.
        variants: What is compared, 2 to 12.
        scenes: What is shown, 1 to 50.
    """

    name: Name
    instructions: str = Field("", max_length=4000)
    design: Literal["single", "paired"]
    seed: int = Field(0, ge=0, lt=2**31)
    options: VariantOptions = VariantOptions()
    variants: tuple[VariantDefinition, ...] = Field(min_length=2, max_length=12)
    scenes: tuple[SceneDefinition, ...] = Field(min_length=1, max_length=50)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for kind, items in (("variants", self.variants), ("scenes", self.scenes)):
            names = [item.name for item in items]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"two {kind} are called {twice[0]!r}")
        trials = self.trials
        if trials > _MOST_TRIALS:
            raise ValueError(
                f"a participant would see {trials} trials, expected at most {_MOST_TRIALS}"
            )
        return self

    @property
    def trials(self) -> int:
        """How many a participant sees."""
        count = len(self.variants)
        shown = count if self.design == "single" else count * (count - 1) // 2
        return shown * len(self.scenes)

    def options_of(self, variant: VariantDefinition) -> VariantOptions:
        """How a variant is filmed, the study's own options below."""
        return VariantOptions.model_validate({**self.options.stored(), **variant.options.stored()})


def read_definition(text: str | bytes) -> StudyDefinition:
    """Reads a definition.

    Raises:
        InvalidArgumentError: It cannot be used; the message names what is wrong first.
    """
    try:
        return StudyDefinition.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = _place(first["loc"])
        reason = re.sub(r"^Value error, ", "", first["msg"])
        reason = reason[:1].lower() + reason[1:]
        raise InvalidArgumentError(f"{where or 'the study'}: {reason}", where) from error


def _place(location: Sequence[str | int]) -> str:
    """Such as scenes[1].script."""
    text = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in location)
    return text.removeprefix(".")
