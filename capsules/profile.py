"""Profiles: compound emotions, wired of many capsules by name.

An expression is played and is over; a profile is held until something replaces it. It says which
capsules are held, which come again and again, how fast all that goes, and how much it wavers. A
compound emotion is a profile of capsules that exist, never a new capsule.
"""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from capsules.model import Cid, Emotion, Share

__all__ = ["Profile", "ProfileItem", "ProfileName", "profile_schema"]

ProfileName = Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,40}$")]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProfileItem(_Record):
    """One capsule of a profile."""

    cid: Cid
    weight: Share = 1.0
    every_s: Annotated[
        float | None,
        Field(
            ge=1.5,
            le=120.0,
            allow_inf_nan=False,
            description="It comes again about this often, s, at moments drawn by the session's "
            "seed; left out: once, when the profile begins, and held where the capsule holds.",
        ),
    ] = None


class Profile(_Record):
    """A compound emotion, such as quiet_reflective: many capsules with weights, held."""

    name: Annotated[ProfileName, Field(description="Unique, of expressions and emotions too.")]
    description: Annotated[
        str, Field(min_length=3, max_length=200, description="What a viewer sees, and reads in it.")
    ]
    emotion: Annotated[Emotion, Field(description="Where the mood stays while it is held.")]
    tempo: Annotated[
        float,
        Field(
            ge=0.6,
            le=1.4,
            allow_inf_nan=False,
            description="Factor on the speed of everything that plays; 1: as usual.",
        ),
    ] = 1.0
    noise: Annotated[
        float,
        Field(
            ge=0.0,
            le=3.0,
            allow_inf_nan=False,
            description="How much it wavers, as a factor on the usual variation: 0 stands still, "
            "1 is as usual, 3 is restless.",
        ),
    ] = 1.0
    items: Annotated[tuple[ProfileItem, ...], Field(min_length=2, max_length=16)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        cids = [item.cid for item in self.items]
        twice = sorted({cid for cid in cids if cids.count(cid) > 1})
        if twice:
            raise ValueError(f"items name {twice[0]} twice, expected each capsule once")
        return self


def profile_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a profile."""
    return {"$schema": _DIALECT, **Profile.model_json_schema()}
