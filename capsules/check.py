"""Checks that a library holds together: references, ranges, duplicates, coverage.

Loading has refused what no capsule may be (see `capsules.model`); this finds what is wrong only
in the light of the other capsules, of the targets' ranges, or of the whole.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from capsules._profile_check import profile_findings
from capsules.library import Library
from capsules.model import BlendMode, Capsule, Expression, Layer, Track
from capsules.targets import Target, targets

__all__ = ["PACKAGED_HANDS", "Finding", "Severity", "check_capsule", "check_library"]

PACKAGED_HANDS = 100

# How far a point of the cube, 0.9 each way, may be from the nearest capsule of a layer, and how
# many capsules each octant must hold. Between two faces that are further apart, a blend shows
# neither.
_REACH = {Layer.FACE: 0.75, Layer.HAND: 0.9, Layer.VOICE: 0.9}
_PER_OCTANT = {Layer.FACE: 2, Layer.HAND: 2, Layer.VOICE: 1}
_GRID = np.linspace(-0.9, 0.9, 13)
# Rounding of written values.
_SLACK = 1e-6
_MAX_MULTIPLIER = 4.0
_CLIP_SLACK_MS = 1.0  # of a length that is no whole number of ms


# What two capsules have in common that show the same.
_CONTENT = {"layer", "tracks", "components", "clip", "blend_mode", "duration_ms", "hold", "loop"}


class Severity(StrEnum):
    """An error breaks something a viewer sees; a warning is worth a look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        severity: Error or warning.
        code: What kind, such as "dangling-reference"; stable.
        where: The cid, expression id, or layer.
        message: What is wrong, with the value and what was expected.
    """

    severity: Severity
    code: str
    where: str
    message: str


def check_library(library: Library) -> list[Finding]:
    """Everything that is wrong with a library, errors first; empty where nothing is.

    The packaged library is held to what it promises as well: exactly 100 hand capsules, and
    emotions in every layer that blends by them.
    """
    findings: list[Finding] = []
    capsules = tuple(library.capsules.values())  # generated ones are made once
    for capsule in capsules:
        findings.extend(check_capsule(library, capsule))
    for expression in library.expressions.values():
        findings.extend(_items(library, expression))
    for profile in library.profiles.values():
        findings += [
            _error(code, profile.name, message)
            for code, message in profile_findings(library, profile)
        ]
    findings.extend(_duplicates(capsules))
    for layer in _REACH:
        findings.extend(_coverage(library, layer))
    if library.packaged:
        findings.extend(_hand_count(library))
    return sorted(findings, key=lambda item: (item.severity, item.where, item.code))


def check_capsule(library: Library, capsule: Capsule) -> list[Finding]:
    """What is wrong with one capsule, which need not be in the library, in the light of it."""
    return [finding for check in _CAPSULE_CHECKS for finding in check(library, capsule)]


def _error(code: str, where: str, message: str) -> Finding:
    return Finding(Severity.ERROR, code, where, message)


def _warning(code: str, where: str, message: str) -> Finding:
    return Finding(Severity.WARNING, code, where, message)


def _reference(
    library: Library, where: str, role: str, cid: str, layer: Layer | None
) -> Iterator[Finding]:
    found = library.capsules.get(cid)
    if found is None:
        yield _error("dangling-reference", where, f"{role} {cid!r} is in no library file")
    elif found.revoked:
        yield _error("revoked-reference", where, f"{role} {cid!r} is revoked")
    elif layer is not None and found.layer is not layer:
        yield _error(
            "wrong-layer",
            where,
            f"{role} {cid!r} is of layer {found.layer.value}, expected {layer.value}",
        )


def _references(library: Library, capsule: Capsule) -> Iterator[Finding]:
    if capsule.revoked:
        return
    where, layer = capsule.cid, capsule.layer
    for part in capsule.components:
        yield from _reference(library, where, "component", part.cid, layer)
    if capsule.fallback_cid is not None:
        yield from _reference(library, where, "fallback", capsule.fallback_cid, layer)
    if capsule.voice_sync is not None:
        voice_cid = capsule.voice_sync.voice_cid
        yield from _reference(library, where, "voice_sync", voice_cid, Layer.VOICE)


def _items(library: Library, expression: Expression) -> Iterator[Finding]:
    for item in expression.items:
        yield from _reference(library, expression.id, "item", item.cid, None)


def _cycles(library: Library, capsule: Capsule) -> Iterator[Finding]:
    reached: set[str] = set()
    ahead = [part.cid for part in capsule.components]
    while ahead:
        cid = ahead.pop()
        if cid == capsule.cid:
            message = "is, through its components, a component of itself"
            yield _error("component-cycle", capsule.cid, message)
            return
        if cid not in reached and cid in library.capsules:
            reached.add(cid)
            ahead += [part.cid for part in library.capsules[cid].components]


def _contents(_: Library, capsule: Capsule) -> Iterator[Finding]:
    if capsule.cid.endswith("_NEUTRAL"):
        return
    still = 1.0 if capsule.blend_mode is BlendMode.MULTIPLY else 0.0
    values = [value for track in capsule.tracks for _, value in track.curve]
    if values and capsule.blend_mode is not BlendMode.OVERRIDE and all(v == still for v in values):
        yield _error("empty", capsule.cid, f"moves nothing: every value is {still:g}")
    if capsule.components and not sum(part.weight for part in capsule.components):
        yield _error("empty", capsule.cid, "moves nothing: every component has weight 0")


def _curves(_: Library, capsule: Capsule) -> Iterator[Finding]:
    for track in capsule.tracks:
        known = targets()[track.target]
        yield from _range(capsule, track, known)
        last_ms = track.curve[-1][0]
        if last_ms > capsule.duration_ms:
            yield _error(
                "beyond-duration",
                capsule.cid,
                f"{track.target} runs to {last_ms} ms, expected at most the capsule's "
                f"{capsule.duration_ms} ms",
            )
        yield from _pace(capsule, track, known)
    if capsule.phases is not None and capsule.phases.end > capsule.duration_ms:
        yield _error(
            "beyond-duration",
            capsule.cid,
            f"phases end at {capsule.phases.end} ms, expected at most {capsule.duration_ms} ms",
        )


def _clip(library: Library, capsule: Capsule) -> Iterator[Finding]:
    """Whether a clip is as long as its capsule says; what its file is, loading has checked."""
    clip = library.clips.get(capsule.cid)
    if clip is None:
        return
    if capsule.duration_ms > clip.duration_ms + _CLIP_SLACK_MS:
        yield _error(
            "beyond-duration",
            capsule.cid,
            f"its clip ends at {clip.duration_ms:.0f} ms, expected at least the capsule's "
            f"{capsule.duration_ms} ms",
        )
    elif capsule.loop and clip.duration_ms > capsule.duration_ms + _CLIP_SLACK_MS:
        message = (
            f"its clip is {clip.duration_ms:.0f} ms long and begins again after "
            f"{capsule.duration_ms} ms: the loop jumps"
        )
        yield _warning("loop-seam", capsule.cid, message)
    if capsule.blend_mode is BlendMode.OVERRIDE and clip.matte == "none":
        message = "its clip has no matte: it hides all that lies under it"
        yield _warning("no-matte", capsule.cid, message)


def _allowed(mode: BlendMode, known: Target) -> tuple[float, float]:
    """Smallest and largest value of a curve, so that it makes sense on the avatar at rest."""
    if mode is BlendMode.MULTIPLY:
        return 0.0, _MAX_MULTIPLIER
    if mode is BlendMode.ADDITIVE:
        return known.minimum - known.rest, known.maximum - known.rest
    return known.minimum, known.maximum


def _range(capsule: Capsule, track: Track, known: Target) -> Iterator[Finding]:
    low, high = _allowed(capsule.blend_mode, known)
    for time_ms, value in track.curve:
        if not low - _SLACK <= value <= high + _SLACK:
            yield _error(
                "out-of-range",
                capsule.cid,
                f"{track.target} is {value:g} at {time_ms} ms, expected {low:g} to {high:g} "
                f"({capsule.blend_mode.value})",
            )
            return


def _pace(capsule: Capsule, track: Track, known: Target) -> Iterator[Finding]:
    """A curve faster than its target may move is not shown as it is written."""
    if capsule.blend_mode is BlendMode.MULTIPLY:
        return
    for (from_ms, start), (to_ms, end) in itertools.pairwise(track.curve):
        rate = abs(end - start) * 1000.0 / (to_ms - from_ms)
        if rate > known.max_rate * (1.0 + _SLACK):
            yield _warning(
                "too-fast",
                capsule.cid,
                f"{track.target} moves {rate:.1f} a second at {from_ms} ms, expected at most "
                f"{known.max_rate:g} {known.unit}",
            )
            return
    first, last = track.curve[0][1], track.curve[-1][1]
    if capsule.loop and abs(first - last) > _SLACK:
        message = f"{track.target} starts at {first:g} and ends at {last:g}: the loop jumps"
        yield _warning("loop-seam", capsule.cid, message)


_CAPSULE_CHECKS: tuple[Callable[[Library, Capsule], Iterator[Finding]], ...] = (
    _references,
    _cycles,
    _contents,
    _curves,
    _clip,
)


def _duplicates(capsules: Iterable[Capsule]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for capsule in capsules:
        if not capsule.tracks and not capsule.components and not capsule.clip:
            continue
        content = capsule.model_dump_json(include=_CONTENT)
        first = seen.setdefault(content, capsule.cid)
        if first != capsule.cid:
            message = f"moves exactly as {first} does, expected something of its own"
            yield _warning("duplicate", capsule.cid, message)


def _coverage(library: Library, layer: Layer) -> Iterator[Finding]:
    emotions = [item.emotion for item in library.layer(layer) if item.emotion is not None]
    if not emotions:
        if library.packaged:
            yield _error("coverage", layer.value, "no capsule of this layer has an emotion")
        return
    points = np.array([(at.valence, at.arousal, at.dominance) for at in emotions])
    grid = np.array(list(itertools.product(_GRID, repeat=3)))
    nearest = np.sqrt(((grid[:, None] - points[None]) ** 2).sum(axis=2)).min(axis=1)
    worst = int(nearest.argmax())
    if nearest[worst] > _REACH[layer]:
        place = ", ".join(f"{value:+.2f}" for value in grid[worst])
        yield _warning(
            "coverage",
            layer.value,
            f"the capsule nearest to VAD ({place}) is {nearest[worst]:.2f} away, expected at most "
            f"{_REACH[layer]:g}",
        )
    for signs in itertools.product((1.0, -1.0), repeat=3):
        count = int((points * signs > 0.0).all(axis=1).sum())
        if count < _PER_OCTANT[layer]:
            octant = "".join("+" if sign > 0 else "-" for sign in signs)
            yield _warning(
                "coverage",
                layer.value,
                f"octant {octant} of the VAD cube holds {count} capsules, expected at least "
                f"{_PER_OCTANT[layer]}",
            )


def _hand_count(library: Library) -> Iterator[Finding]:
    count = sum(item.layer is Layer.HAND for item in library.capsules.values())
    if count != PACKAGED_HANDS:
        message = f"{count} hand capsules, expected exactly {PACKAGED_HANDS}"
        yield _error("hand-count", Layer.HAND.value, message)
