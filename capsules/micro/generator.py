"""Micro-capsules by their numbers: each is made when it is asked for, and none is stored.

Number n is variant n // G of group n % G, for G groups: the first G have every group once, and a
smaller library is the beginning of a larger one. Its id is VF_1 and the number in four digits.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from capsules.curve import Curve
from capsules.index import VadIndex
from capsules.micro.chance import uniform
from capsules.micro.families import Group, groups
from capsules.micro.variants import MICRO_MS, Variant, speed, variants
from capsules.model import Capsule, Easing, Emotion, Layer, Provenance, Track, Trigger

__all__ = ["MAX_COUNT", "MICRO", "MicroCapsules", "is_micro", "is_micro_cid", "micro_capsules"]

MAX_COUNT = 10_000
"""As many as ids of this form have room for."""

MICRO = "micro"
"""The context that says that a capsule is such a small movement, whoever made it."""

_SEED = 1
_FIRST_ID = 10_000
_ID = re.compile(r"VF_1[0-9]{4}")
_KEPT = 1_024
# What chance may change: strength and length, the two sides, and when the parts begin.
_STRENGTH, _LENGTH, _SKEW, _SIDE_LAG, _SECOND_LAG, _THIRD_LAG = range(6)
_COLUMNS = 6
_STRENGTH_SPREAD = 0.06
_LENGTH_SPREAD = 0.05
_SKEW_SPREAD = 0.12
_SIDE_LAG_SPREAD = 0.04  # of the length
_UNIT_LAG = 0.08
# A quick movement looks more aroused than a slow one (Kamachi et al. 2001).
_AROUSAL_OF_SPEED = 0.12
_QUARTERS = (0.25, 0.5, 0.75)
_SHAPES = {
    Easing.LINEAR: (0.25, 0.5, 0.75),
    Easing.CUBIC_IN_OUT: (0.0625, 0.5, 0.9375),
    Easing.CUBIC_OUT: (0.578, 0.875, 0.984),
}
_PROVENANCE = Provenance(
    source="capsulecast micro-library", generator=f"capsules.micro, seed {_SEED}"
)
_TRIGGER = Trigger()


def is_micro(capsule: Capsule) -> bool:
    """Whether a capsule is a small movement that no mood is made of."""
    return MICRO in capsule.context


def is_micro_cid(cid: str) -> bool:
    """Whether an id is one of a generated micro-capsule, whether or not a library has it."""
    return _ID.fullmatch(cid) is not None


class MicroCapsules(Mapping[str, Capsule]):
    """The first `count` of the micro-library, by cid, sorted; safe to read from any thread.

    Attributes:
        cids: Their ids, ascending.
        vads: Valence, arousal, dominance of each, (count, 3).

    Raises:
        ValueError: `count` is not 0 to `MAX_COUNT`.
    """

    def __init__(self, count: int = MAX_COUNT) -> None:
        if not 0 <= count <= MAX_COUNT:
            raise ValueError(f"{count} micro-capsules asked for, expected 0 to {MAX_COUNT}")
        self._groups = groups()
        self._variants = variants(-(-MAX_COUNT // len(self._groups)))
        self._chance = uniform(_SEED, count, _COLUMNS)
        self.cids = tuple(f"VF_{_FIRST_ID + number}" for number in range(count))
        self.vads = self._vads()
        self._capsule = lru_cache(_KEPT)(self._made)

    @cached_property
    def index(self) -> VadIndex:
        """All of them by their place in the VAD cube; made when it is first asked for."""
        return VadIndex.of_places(self.cids, self.vads)

    def __len__(self) -> int:
        return len(self.cids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.cids)

    def __contains__(self, cid: object) -> bool:
        return self._number(cid) is not None

    def __getitem__(self, cid: str) -> Capsule:
        number = self._number(cid)
        if number is None:
            raise KeyError(cid)
        return self._capsule(number)

    def _number(self, cid: object) -> int | None:
        if not isinstance(cid, str) or not _ID.fullmatch(cid):
            return None
        number = int(cid[3:]) - _FIRST_ID
        return number if number < len(self.cids) else None

    def _vads(self) -> NDArray[np.float64]:
        numbers = np.arange(len(self.cids))
        group, variant = numbers % len(self._groups), numbers // len(self._groups)
        strengths = np.array([item.strength for item in self._variants])[variant]
        strengths *= 1.0 + _STRENGTH_SPREAD * self._chance[:, _STRENGTH]
        speeds = np.array([speed(item.duration_ms) for item in self._variants])[variant]
        found = np.array([item.vad for item in self._groups])[group] * strengths[:, None]
        found[:, 1] += _AROUSAL_OF_SPEED * speeds
        # The sides look alike: chance tells their places apart, so that neither always comes first.
        found += 0.01 * self._chance[:, _SKEW : _SECOND_LAG + 1]
        clipped: NDArray[np.float64] = np.clip(found, -1.0, 1.0).round(4)
        return clipped

    def _made(self, number: int) -> Capsule:
        variant_number, group_number = divmod(number, len(self._groups))
        group, variant = self._groups[group_number], self._variants[variant_number]
        chance = self._chance[number].tolist()
        duration_ms = round(variant.duration_ms * (1.0 + _LENGTH_SPREAD * chance[_LENGTH]))
        valence, arousal, dominance = self.vads[number].tolist()
        kind = "micro-expression" if variant.duration_ms <= MICRO_MS else "expression"
        # What is made here is valid: checked by a test, for all of them, rather than each time.
        return Capsule.model_construct(
            cid=self.cids[number],
            layer=Layer.FACE,
            description=f"{group.words}: {variant.intensity}, {duration_ms} ms",
            subtype=kind,
            emotion=Emotion.model_construct(valence=valence, arousal=arousal, dominance=dominance),
            trigger=_TRIGGER,
            duration_ms=duration_ms,
            easing=variant.easing,
            priority=2,
            tracks=_tracks(group, variant, duration_ms, chance),
            params={
                "action_units": group.name,
                "side": group.side,
                "intensity": variant.intensity,
                "onset_ms": round(variant.onset * duration_ms),
                "apex_ms": round(variant.apex * duration_ms),
            },
            context=(MICRO,),
            provenance=_PROVENANCE,
        )


@cache
def micro_capsules(count: int) -> MicroCapsules:
    """The first `count`; the same ones each time, for all libraries to share.

    Raises:
        ValueError: `count` is not 0 to `MAX_COUNT`.
    """
    return MicroCapsules(count)


def _tracks(
    group: Group, variant: Variant, duration_ms: int, chance: list[float]
) -> tuple[Track, ...]:
    """The curves of all targets; the first starts at once and the last ends with the capsule."""
    found = group.targets()
    lags = [_lag(number, name, chance) for number, name, _ in found]
    earliest, latest = min(lags), max(lags)
    length_ms = duration_ms * (1.0 - (latest - earliest))
    tracks = []
    for (number, name, gain), lag in zip(found, lags, strict=True):
        value = gain * group.units[number].most * variant.strength
        value *= 1.0 + _STRENGTH_SPREAD * chance[_STRENGTH]
        value *= 1.0 + _SKEW_SPREAD * chance[_SKEW] * _handed(name)
        start_ms = duration_ms * (lag - earliest)
        tracks.append(_track(name, Curve(_curve(variant, start_ms, length_ms, value))))
    return tuple(tracks)


def _track(target: str, curve: Curve) -> Track:
    track = object.__new__(Track)
    object.__setattr__(track, "target", target)
    object.__setattr__(track, "curve", curve)
    return track


def _lag(number: int, name: str, chance: list[float]) -> float:
    """How late a target starts, as a share of the length: after the leading unit, or other side."""
    units = (
        0.0,
        _UNIT_LAG * (0.5 + 0.5 * chance[_SECOND_LAG]),
        _UNIT_LAG * abs(chance[_THIRD_LAG]),
    )
    side = max(0.0, _SIDE_LAG_SPREAD * chance[_SIDE_LAG] * _handed(name))
    return units[number] + side


def _handed(name: str) -> float:
    """+1 for a target of the left, -1 for one of the right, 0 for others; eyes move together."""
    if name.startswith("eyeLook") or not name.endswith(("Left", "Right")):
        return 0.0
    return 1.0 if name.endswith("Left") else -1.0


def _curve(
    variant: Variant, start_ms: float, length_ms: float, value: float
) -> list[tuple[int, float]]:
    rise_ms = variant.onset * length_ms
    fall_ms = (1.0 - variant.onset - variant.apex) * length_ms
    apex_end_ms = start_ms + length_ms - fall_ms
    shape = _SHAPES[variant.easing]
    points = [(start_ms, 0.0)]
    points += [
        (start_ms + rise_ms * time, value * share)
        for time, share in zip(_QUARTERS, shape, strict=True)
    ]
    points += [(start_ms + rise_ms, value), (apex_end_ms, value)]
    points += [
        (apex_end_ms + fall_ms * time, value * (1.0 - share))
        for time, share in zip(_QUARTERS, shape, strict=True)
    ]
    points.append((start_ms + length_ms, 0.0))
    rounded = [(round(time), round(share, 3)) for time, share in points]
    if rounded[0][0] > 0:
        rounded.insert(0, (0, 0.0))
    return rounded[:1] + [after for before, after in pairwise(rounded) if after[0] > before[0]]
