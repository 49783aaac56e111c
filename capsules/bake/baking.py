"""From a photo's file to a pack on disk: every step, with progress, and all or nothing.

Baking is a pure function of the photo, the request and this version: the same input gives the same
bytes. A date is in the pack only where the consent names one.
"""

import re
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar
from capsules.bake.checks import PhotoLimits, check_face, choose_face, face_width_px, notice
from capsules.bake.errors import (
    AvatarNameError,
    CancelledBakeError,
    ConsentError,
    FaceShapeError,
    ModelMissingError,
    SmallFaceError,
)
from capsules.bake.extra import require_extra
from capsules.bake.finder import FaceFinder
from capsules.bake.found import FoundFace, Photo
from capsules.bake.landmark_file import read_landmarks, write_landmarks
from capsules.bake.models import ModelFolder
from capsules.bake.photo import read_photo
from capsules.bake.progress import Share
from capsules.bake.publish import check_free, publish
from capsules.bake.rig import RigOptions, build_rig
from capsules.bake.silhouette import person_by_colour
from capsules.pack import builtin_avatar, builtin_avatar_names

__all__ = ["NAME", "STAGES", "BakeRequest", "Progress", "bake", "check_request", "make_avatar"]

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
"""What a baked avatar may be called."""

Progress = Callable[[str, float], None]
"""Told the stage that begins or goes on, and how much of the whole is done, in [0, 1]."""

STAGES = {
    "reading the photo": 0.0,
    "finding the face": 0.04,
    "checking the photo": 0.12,
    "finding the person": 0.14,
    "building the rig": 0.18,
    "writing the pack": 0.98,
    "done": 1.0,
}
"""The stages in their order, and how much of the whole is done when each begins."""

_HANDS_OF = "mira"
_MAX_CONSENT = 500
# Landmarks of a face smaller than this are worth nothing, whatever is allowed.
_SMALLEST_PX = 48.0


@dataclass(frozen=True, slots=True)
class BakeRequest:
    """What is to be baked.

    Attributes:
        photo: The photo's file.
        name: The avatar's name, as `NAME` says.
        consent: Who agreed and when; "not a real person" for a drawn portrait.
        face: Which face, from 1, the largest first; None where there is to be only one.
        hands: Whether the avatar gets hands.
        allow_small: Whether a face of less than 160 px will do.
        landmarks: File of landmarks to take instead of what the models find.
        write_landmarks: File to write the landmarks to that were used.
        force: Whether an avatar of that name in the folder is replaced.
    """

    photo: Path
    name: str
    consent: str
    face: int | None = None
    hands: bool = True
    allow_small: bool = False
    landmarks: Path | None = None
    write_landmarks: Path | None = None
    force: bool = False

    @property
    def limits(self) -> PhotoLimits:
        """What the photo has to be."""
        return PhotoLimits(min_width_px=_SMALLEST_PX) if self.allow_small else PhotoLimits()


def bake(
    request: BakeRequest,
    models: ModelFolder | None,
    folder: Path,
    *,
    progress: Progress = lambda _stage, _fraction: None,
    cancelled: threading.Event | None = None,
    cache_dir: Path | None = None,
    warn: Callable[[str], None] = lambda _message: None,
) -> Path:
    """Bakes an avatar and puts its pack into a folder, whole or not at all.

    Call it from any thread; it works for seconds.

    Args:
        request: What to bake.
        models: The models; None where there are none and the request brings landmarks.
        folder: Where avatars lie; made where it is missing.
        progress: Told of every stage, long ones many times, on this thread.
        cancelled: Set by another thread to end it; what was begun is undone.
        cache_dir: Where built-in avatars are unpacked to; None: somewhere for the time being.
        warn: Told what would be better in another photo, on this thread.

    Returns:
        The pack: the folder of that name in `folder`.

    Raises:
        BakeError: It cannot be done; the kind says why (see `capsules.bake.errors`).
        CancelledBakeError: `cancelled` was set.
    """
    check_request(request)
    check_free(folder, request.name, replaces=request.force)
    step = _Steps(progress, cancelled or threading.Event())
    avatar = make_avatar(request, models, step, cache_dir=cache_dir, warn=warn)
    step("writing the pack")
    target = publish(avatar, folder, replaces=request.force, go_on=step.check)
    progress("done", STAGES["done"])
    return target


def check_request(request: BakeRequest) -> None:
    """Looks at what can be judged before any work.

    Raises:
        AvatarNameError: The name cannot be used.
        ConsentError: Nobody is named who agreed.
    """
    if not NAME.fullmatch(request.name):
        raise AvatarNameError(
            f"the name {request.name[:60]!r} cannot be used; up to 32 lower-case letters, digits "
            "and '_', a letter first, will do"
        )
    if request.name in builtin_avatar_names():
        raise AvatarNameError(
            f"{request.name!r} is the name of a built-in avatar; any other will do"
        )
    consent = request.consent.strip()
    if not consent:
        raise ConsentError(
            'say who agreed and when, such as --consent "Ada Lovelace, 2026-03-01, in writing"; '
            '"not a real person" for a drawn portrait'
        )
    if len(consent) > _MAX_CONSENT or not consent.isprintable():
        raise ConsentError(
            f"the consent has {len(consent)} characters or some that cannot be shown; one line of "
            f"up to {_MAX_CONSENT} will do"
        )


def make_avatar(
    request: BakeRequest,
    models: ModelFolder | None,
    begin: Callable[[str, float], None] = lambda _stage, _share: None,
    *,
    cache_dir: Path | None = None,
    warn: Callable[[str], None] = lambda _message: None,
) -> Avatar:
    """The avatar itself, in memory.

    Args:
        request: What to bake; already checked.
        models: The models, or None.
        begin: Told of every stage, as in `STAGES`, when it begins and as it goes on: with the
            share of it that is done. It may raise to end the work.
        cache_dir: Where built-in avatars are unpacked to; None: somewhere for the time being.
        warn: Told what would be better in another photo.

    Raises:
        BakeError: It cannot be done.
    """
    require_extra()
    begin("reading the photo", 0.0)
    photo = read_photo(request.photo)
    begin("finding the face", 0.0)
    finder = FaceFinder.open(models) if models else None
    face = _face(request, photo, finder)
    begin("checking the photo", 0.0)
    if request.write_landmarks:  # before the checks: a hand may mend what they refuse
        write_landmarks(request.write_landmarks, face)
    _check(request, photo, face)
    if message := notice(face):
        warn(message)
    begin("finding the person", 0.0)
    mask = _person(photo, face, finder)
    begin("building the rig", 0.0)
    options = RigOptions(
        name=request.name,
        consent=request.consent.strip(),
        generator=f"capsulecast {version('capsulecast')}",
        hands_from=_hands(cache_dir) if request.hands else None,
    )
    avatar = _rigged(photo, face, mask, options, partial(begin, "building the rig"))
    provenance = replace(avatar.provenance, models=models.sums if models else {})
    return replace(avatar, provenance=provenance)


def _rigged(
    photo: Photo, face: FoundFace, mask: NDArray[np.float32], options: RigOptions, tell: Share
) -> Avatar:
    try:
        return build_rig(photo, face, mask, options, tell)
    # What solvers and drawing say of points that cross each other, as a hand may leave them.
    except (ArithmeticError, IndexError, ValueError, cv2.error) as error:
        raise FaceShapeError(
            "the points of this face lie so that no rig can be made from them: correct them, or "
            "give a photo that is straight into the camera"
        ) from error


class _Steps:
    """Tells of stages and ends the work where that is wished."""

    def __init__(self, progress: Progress, cancelled: threading.Event) -> None:
        self._progress = progress
        self._cancelled = cancelled

    def __call__(self, stage: str, share: float = 0.0) -> None:
        self.check()
        begun = STAGES[stage]
        ends = min(later for later in STAGES.values() if later > begun)
        self._progress(stage, begun + share * (ends - begun))

    def check(self) -> None:
        if self._cancelled.is_set():
            raise CancelledBakeError("the baking was cancelled; nothing was written")


def _face(request: BakeRequest, photo: Photo, finder: FaceFinder | None) -> FoundFace:
    height, width = photo.rgb.shape[:2]
    if request.landmarks is not None:
        return read_landmarks(request.landmarks, width, height)
    if finder is None:
        raise ModelMissingError(
            "finding a face needs the models: run `capsulecast models pull`, or give --landmarks"
        )
    return choose_face(finder.upright_faces(photo.rgb), request.face, request.limits)


def _check(request: BakeRequest, photo: Photo, face: FoundFace) -> None:
    try:
        check_face(photo, face, request.limits)
    except SmallFaceError as error:
        if request.allow_small or face_width_px(face) < _SMALLEST_PX:
            raise
        raise SmallFaceError(f"{error}; --allow-small bakes it as it is, less sharp") from error


def _person(photo: Photo, face: FoundFace, finder: FaceFinder | None) -> NDArray[np.float32]:
    return finder.person(photo.rgb, face) if finder else person_by_colour(photo.rgb, face)


def _hands(cache_dir: Path | None) -> Avatar:
    """The avatar whose hands are taken over."""
    if cache_dir is not None:
        return builtin_avatar(_HANDS_OF, cache_dir / "avatars")
    with tempfile.TemporaryDirectory(prefix="capsulecast-", ignore_cleanup_errors=True) as folder:
        # Its files stay mapped after they are gone.
        return builtin_avatar(_HANDS_OF, Path(folder))
