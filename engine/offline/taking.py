"""The whole way from a recording to a capsule in a library."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar
from capsules.bake.finder import FaceFinder
from capsules.check import Finding
from capsules.clip import MAX_CLIP_S
from capsules.library import load_library
from capsules.looks import storing_looks
from capsules.model import Capsule, Layer
from capsules.targets import LOOKS
from engine.offline.cutting import write_clip
from engine.offline.errors import ImportRefusedError
from engine.offline.fitted import FitReport, Fitted, FittedTake
from engine.offline.importing import Progress, curves, first_frame, fit_take
from engine.offline.render import OfflineRenderer
from engine.offline.store import Draft, check_draft, own_library, sha256_of, store_capsule
from engine.offline.tracks import Take, open_take

__all__ = ["ImportOptions", "Imported", "Kind", "import_take"]

Kind = Literal["curves", "clip"]
Stored = tuple[Capsule, list[Finding], Path]

_HELD = 0.08  # what ends farther from rest than this stays there
_DESCRIPTION_CHARS = 200
# Stands for the curves or the clip while a draft is checked that has none yet.
_MOVES: Draft = {
    "duration_ms": 100,
    "tracks": [{"target": "jawOpen", "curve": [(0, 0.0), (100, 0.5)]}],
}


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What is made of a recording.

    Attributes:
        cid: Id of the capsule.
        kind: Whether it holds curves or the pictures themselves.
        emotion: Valence, arousal and dominance, each in [-1, 1]; None: it has none.
        description: What it shows; empty: the recording's name.
        neutral: Number of the frame in which the face is at rest.
        loop: Whether it is cut to repeat.
        consent: Who is in the recording agreed, and when; for a real person's.
        layer: Only faces can be imported so far.
        force: Whether a capsule of that id is replaced.
        neutral_ms: When the face is at rest, instead of `neutral`.
        start_ms: When what is kept begins; what comes before may show the face at rest.
        source: What is said of where it comes from; empty: the recording's name.
        most_s: How long it may be.
        residual: How many looks may be kept of what the avatar's bases do not explain.
    """

    cid: str
    kind: Kind = "curves"
    emotion: tuple[float, float, float] | None = None
    description: str = ""
    neutral: int = 0
    loop: bool = False
    consent: str = ""
    layer: Layer = Layer.FACE
    force: bool = False
    neutral_ms: float | None = None
    start_ms: float = 0.0
    source: str = ""
    most_s: float = MAX_CLIP_S
    residual: int = 3


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a recording.

    Attributes:
        capsule: The capsule.
        report: How well it fits.
        warnings: What the library's check says of it.
        path: The file that it lies in.
    """

    capsule: Capsule
    report: FitReport
    warnings: tuple[Finding, ...]
    path: Path


def import_take(
    path: Path,
    avatar: Avatar,
    folder: Path,
    options: ImportOptions,
    finder: FaceFinder | None = None,
    progress: Progress | None = None,
    *,
    avatars: Path | None = None,
) -> Imported:
    """Makes a capsule of a recording and puts it into a library.

    Args:
        path: The recording.
        avatar: Whose bases it is fitted to.
        folder: The library.
        options: What is made of it.
        finder: The models; see `fit_take`.
        progress: Is told how far it has come.
        avatars: Where looks are kept, see `capsules.looks`; None: they are not.

    Raises:
        PackError: Looks cannot be kept.
        TakeError: The recording cannot be used.
        ImportRefusedError: The library does not take the capsule; nothing was written.
        LibraryError: The library cannot be read.
    """
    if options.layer is not Layer.FACE:
        raise ImportRefusedError(
            f"layer is {options.layer.value}, expected face: no other is tracked"
        )
    # What can be refused is refused now, and not when minutes have gone into the fit.
    check_draft(_given(options, path) | _MOVES)
    own = own_library(folder, options.cid, force=options.force)
    mouths = (own.viseme_weights or load_library().viseme_weights).values()
    take = open_take(path, most_s=options.most_s)
    first_frame(take, options.start_ms)
    with OfflineRenderer(avatar) as renderer:
        neutral = _neutral(options, take)
        rank = options.residual if avatars is not None and options.kind == "curves" else 0
        found = fit_take(
            take, renderer, finder, neutral=neutral, rank=rank, mouths=mouths, progress=progress
        )
        fitted = curves(found, take, loop=options.loop, start_ms=options.start_ms)
        # As it is by now: others may have put capsules into it.
        library = own_library(folder, options.cid, force=options.force)
        if options.kind == "curves":
            draft = _draft(options, take, fitted, found)

            def store(names: Mapping[str, str]) -> Stored:
                return store_capsule(folder, library, draft | _tracks(fitted, names))

            stored = _with_looks(found, avatar, options.cid, avatars, store)
        else:
            span = (fitted.first, fitted.last + (0 if options.loop else 1))
            draft = _draft(options, take, fitted, found)
            draft |= {"blend_mode": "override", "duration_ms": _clip_ms(take, span)}

            def write(target: Path) -> Draft:
                rect = write_clip(take, found, renderer, finder, span, target, progress)
                return {"rect": rect}

            stored = store_capsule(folder, library, draft, write)
    capsule, findings, file = stored
    return Imported(capsule, fitted.report, tuple(findings), file)


def _with_looks(
    found: FittedTake,
    avatar: Avatar,
    cid: str,
    avatars: Path | None,
    store: Callable[[Mapping[str, str]], Stored],
) -> Stored:
    """Keeps the looks of a capsule, and then the capsule with their names; both or nothing."""
    if avatars is None:
        return store({})
    looks = found.residual.looks if found.residual else ()
    with storing_looks(avatars, avatar, cid, looks) as names:
        return store(dict(zip(LOOKS, names, strict=False)))


def _tracks(fitted: Fitted, names: Mapping[str, str]) -> Draft:
    """The tracks of a capsule, looks by the names that they are kept under."""
    return {
        "tracks": [
            {"target": names.get(one.target, one.target), "curve": list(one.curve)}
            for one in fitted.tracks
        ]
    }


def _neutral(options: ImportOptions, take: Take) -> int:
    """Number of the frame in which the face is at rest."""
    if options.neutral_ms is None:
        return options.neutral
    return int(np.abs(take.times_ms - options.neutral_ms).argmin())


def _clip_ms(take: Take, span: tuple[int, int]) -> int:
    """How long a clip of those frames runs at its whole number of frames a second."""
    return int(1000.0 * (span[1] - span[0]) / max(1, min(60, round(take.fps))))


def _draft(options: ImportOptions, take: Take, fitted: Fitted, found: FittedTake) -> Draft:
    """The fields that curves and clips have in common."""
    return _given(options, take.path) | {
        "duration_ms": fitted.duration_ms,
        "hold": not options.loop and _stays(found.courses, fitted.last),
        "loop": options.loop,
        "params": {"fit": fitted.report.as_params()},
        "provenance": {
            "source": options.source or take.path.name,
            "generator": f"capsulecast {version('capsulecast')}, capsule import",
            "sha256": sha256_of(take.path),
            "consent": options.consent,
            "created": datetime.now(UTC).date().isoformat(),
        },
    }


def _given(options: ImportOptions, path: Path) -> Draft:
    """The fields that are known before the recording has been read."""
    description = options.description or f"Imported from {path.name}"
    draft: Draft = {
        "cid": options.cid,
        "layer": options.layer.value,
        "description": description[:_DESCRIPTION_CHARS],
        "provenance": {"source": options.source or path.name, "consent": options.consent},
    }
    if options.emotion is not None:
        names = ("valence", "arousal", "dominance")
        draft["emotion"] = dict(zip(names, options.emotion, strict=True))
    return draft


def _stays(courses: Mapping[str, NDArray[np.float64]], last: int) -> bool:
    """Whether a take ends away from rest, so that its capsule is to stay there."""
    return any(abs(float(values[last])) > _HELD for values in courses.values())
