"""Whether a photo will do: what is measured, where the limits lie, and what to say.

Each refusal names what was measured, the limit, and what would do.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capsules.bake.errors import (
    BlurredFaceError,
    ClosedEyesError,
    ExposureError,
    FaceNumberError,
    HiddenFaceError,
    NoFaceError,
    SeveralFacesError,
    SmallFaceError,
    TiltedFaceError,
    TurnedFaceError,
)
from capsules.bake.found import FoundFace, Photo
from capsules.bake.quality import (
    blur,
    brightness,
    eye_disagreement,
    eye_openings,
    lip_gap,
    overexposed,
)

__all__ = ["PhotoLimits", "check_face", "choose_face", "face_width_px", "notice"]


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """What a photo has to be; the defaults were set on portraits made worse step by step.

    Attributes:
        min_width_px: Distance between the edges of the face.
        max_turn_degrees: Yaw or pitch to either side.
        max_tilt_degrees: Roll to either side.
        min_brightness: Level of the brightest twentieth of the face, in [0, 1] of the sRGB range;
            reached about 4 stops under a good exposure. Not the average of the face: dark skin
            has highlights, and whites of the eyes, as well.
        max_overexposed: Part of the face without any drawing left, in [0, 1]: 0.2 to 0.6 at 1.5
            stops too much.
        max_blur: `quality.blur`: 0.45-0.57 for sharp portraits of 92 px and more, 0.64 and more
            where points are spread to a Gaussian of a hundredth of the face's width.
        min_certainty: Logarithm of the odds by which the landmark model holds this for a face: 17
            and more for clear ones, 7 to 14 with the mouth covered, 3 to 11 with a half covered.
        max_eye_disagreement: `quality.eye_disagreement`: 0.01 to 0.03 for clear eyes, also behind
            glasses, 0.03 to 0.06 for covered ones.
        min_eye_opening: `quality.eye_openings`: about 0.3 for open, 0.15 for closed eyes.
    """

    min_width_px: float = 160.0
    max_turn_degrees: float = 30.0
    max_tilt_degrees: float = 15.0
    min_brightness: float = 0.22
    max_overexposed: float = 0.3
    max_blur: float = 0.63
    min_certainty: float = 12.0
    max_eye_disagreement: float = 0.042
    min_eye_opening: float = 0.17


# A bystander is no choice where too small to be baked and much smaller than the largest face.
_BYSTANDER = 0.5
# `quality.lip_gap`: 0.01 to 0.02 for closed lips, 0.05 where a smile or a breath just parts them,
# 0.12 for a smile that shows the teeth.
_MAX_LIP_GAP = 0.06
# Nobody tilts the head as far as this: it is the photo that is turned.
_ON_ITS_SIDE_DEGREES = 60.0
_UPSIDE_DOWN_DEGREES = 120.0


def choose_face(
    faces: Sequence[FoundFace], number: int | None = None, limits: PhotoLimits | None = None
) -> FoundFace:
    """The face to bake.

    Args:
        faces: All that were found, the largest first.
        number: Which of them, from 1, or None where there is to be only one.
        limits: What a photo has to be.

    Raises:
        NoFaceError: There is none.
        SeveralFacesError: There are several and none was chosen.
        FaceNumberError: The number is not among them.
    """
    if not faces:
        raise NoFaceError(
            "no face was found; a photo from the front will do, upright, the whole face lit and "
            "uncovered"
        )
    if number is not None:
        if not 1 <= number <= len(faces):
            raise FaceNumberError(
                f"there is no face {number}; found were 1 to {len(faces)}: {_listed(faces)}"
            )
        return faces[number - 1]
    smallest = (limits or PhotoLimits()).min_width_px
    largest = face_width_px(faces[0])
    candidates = [
        face for face in faces if face_width_px(face) >= min(smallest, _BYSTANDER * largest)
    ]
    if len(candidates) > 1:
        raise SeveralFacesError(
            f"{len(candidates)} faces were found: {_listed(candidates)}; choose one with --face N, "
            "or give a photo of one person"
        )
    return faces[0]


def check_face(photo: Photo, face: FoundFace, limits: PhotoLimits | None = None) -> None:
    """Refuses a face that cannot be baked well.

    Raises:
        SmallFaceError: Too few pixels between its edges.
        TiltedFaceError: It is not upright in the photo.
        TurnedFaceError: It looks too far to the side, up or down.
        ExposureError: It is too dark or too bright.
        HiddenFaceError: Something covers it.
        ClosedEyesError: An eye is closed.
        BlurredFaceError: It is blurred.
    """
    limits = limits or PhotoLimits()
    _check_size(face, limits)
    _check_tilt(face, limits)
    _check_turn(face, limits)
    _check_exposure(photo, face, limits)
    _check_cover(face, limits)
    _check_eyes(face, limits)
    # Last, for it is the open eyes that tell whether a photo is sharp.
    _check_blur(photo, face, limits)


def notice(face: FoundFace) -> str:
    """What is worth saying of a face that can be baked; empty: nothing."""
    gap = lip_gap(face)
    if gap <= _MAX_LIP_GAP:
        return ""
    return (
        "the mouth is open, as in a smile that shows teeth: the lips are "
        f"{gap:.0%} of the distance between the eyes apart, up to "
        f"{_MAX_LIP_GAP:.0%} is good; the avatar rests like that and cannot frown "
        "well; best is a neutral face, lips closed"
    )


def face_width_px(face: FoundFace) -> float:
    """Distance between the edges of a face, in the plane of the photo."""
    right_edge, left_edge = face.landmarks[[234, 454], :2]
    return float(np.linalg.norm(left_edge - right_edge))


def _check_size(face: FoundFace, limits: PhotoLimits) -> None:
    width = face_width_px(face)
    if width < limits.min_width_px:
        raise SmallFaceError(
            f"the face is {width:.0f} px wide and has to be {limits.min_width_px:.0f}; a photo of "
            f"{limits.min_width_px / max(width, 1.0):.1f} times the resolution, or from nearer, "
            "will do"
        )


def _check_tilt(face: FoundFace, limits: PhotoLimits) -> None:
    tilt = abs(face.roll_degrees)
    if tilt <= limits.max_tilt_degrees:
        return
    if tilt > _UPSIDE_DOWN_DEGREES:
        raise TiltedFaceError("the photo is upside down; turn it so that the face is upright")
    if tilt > _ON_ITS_SIDE_DEGREES:
        raise TiltedFaceError("the photo lies on its side; turn it so that the face is upright")
    side = "left" if face.roll_degrees > 0 else "right"
    raise TiltedFaceError(
        f"the face is tilted {tilt:.0f} degrees towards the person's {side} shoulder; up to "
        f"{limits.max_tilt_degrees:.0f} will do, so straighten the photo"
    )


def _check_turn(face: FoundFace, limits: PhotoLimits) -> None:
    turns = (
        (face.yaw_degrees, "to the person's left", "to the person's right"),
        (face.pitch_degrees, "up", "down"),
    )
    for degrees, positive, negative in turns:
        if abs(degrees) > limits.max_turn_degrees:
            raise TurnedFaceError(
                f"the face is turned {abs(degrees):.0f} degrees "
                f"{positive if degrees > 0 else negative}; up to {limits.max_turn_degrees:.0f} "
                "will do, best is straight into the camera"
            )


def _check_exposure(photo: Photo, face: FoundFace, limits: PhotoLimits) -> None:
    bright = brightness(photo.rgb, face)
    if bright < limits.min_brightness:
        raise ExposureError(
            f"the face is too dark: its bright parts are at {bright:.0%} of the range, and have "
            f"to be at {limits.min_brightness:.0%}; a photo with light from the front will do"
        )
    lost = overexposed(photo.rgb, face)
    if lost > limits.max_overexposed:
        raise ExposureError(
            f"the face is too bright: {lost:.0%} of it is overexposed, up to "
            f"{limits.max_overexposed:.0%} will do; take it with softer light or less exposure"
        )


def _check_blur(photo: Photo, face: FoundFace, limits: PhotoLimits) -> None:
    measured = blur(photo.rgb, face)
    if measured > limits.max_blur:
        raise BlurredFaceError(
            f"the face is blurred: {measured:.2f} on a scale from 0 to 1, up to "
            f"{limits.max_blur:.2f} will do; a photo with the eyes in focus, held still, and not "
            "enlarged from a small one will do"
        )


def _check_cover(face: FoundFace, limits: PhotoLimits) -> None:
    # The score saturates for faces; its odds still tell a clear one from a covered one.
    certainty = math.log(max(face.score, 1e-300) / max(1.0 - face.score, 1e-16))
    if certainty < limits.min_certainty:
        raise HiddenFaceError(
            f"part of the face seems to be covered: certainty {certainty:.1f}, at least "
            f"{limits.min_certainty:.1f} will do; take off a mask or sunglasses, and keep hands "
            "and hair away from eyes, nose and mouth"
        )
    apart = eye_disagreement(face)
    if apart > limits.max_eye_disagreement:
        raise HiddenFaceError(
            f"an eye seems to be covered: its corners are {apart:.1%} of the face's width apart "
            f"for two models, up to {limits.max_eye_disagreement:.1%} will do; take off "
            "sunglasses, and keep hands and hair away from the eyes"
        )


def _check_eyes(face: FoundFace, limits: PhotoLimits) -> None:
    for side, opening in zip(("right", "left"), eye_openings(face), strict=True):
        if opening < limits.min_eye_opening:
            raise ClosedEyesError(
                f"the {side} eye is closed: opened by {opening:.2f} of its width, at least "
                f"{limits.min_eye_opening:.2f} will do; a photo with both eyes open will do"
            )


def _listed(faces: Sequence[FoundFace]) -> str:
    return "; ".join(
        f"{number}: {face_width_px(face):.0f} px wide at "
        f"({face.box[0] + face.box[2] / 2:.0f}, {face.box[1] + face.box[3] / 2:.0f})"
        for number, face in enumerate(faces, start=1)
    )
