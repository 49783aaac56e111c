"""A recording in, a capsule out: tracked, fitted, refined, steadied."""

from collections.abc import Callable, Collection, Iterator, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.arkit import ARKIT_BLENDSHAPES
from capsules.bake.finder import FaceFinder
from capsules.bake.found import FoundFace
from capsules.looks import FACE_PART
from capsules.targets import LOOKS
from engine.offline.errors import TakeError
from engine.offline.features import Neutral
from engine.offline.fit import Loop, closed, find_loop, steadied, tracks
from engine.offline.fitted import FitReport, Fitted, FittedTake
from engine.offline.mouths import Mouths
from engine.offline.passes import refine_take
from engine.offline.placement import applied, framed, placed
from engine.offline.refine import Refiner
from engine.offline.render import OfflineRenderer
from engine.offline.residual import Residual, left_over, low_rank
from engine.offline.response import Response, measure
from engine.offline.skin import Skin
from engine.offline.tracks import Take, TrackedFace, track_face
from engine.offline.unknowns import HEAD_BASES, Unknowns
from engine.offline.view import HeadView

__all__ = ["Progress", "curves", "first_frame", "fit_take"]

Floats = NDArray[np.float64]
Progress = Callable[[str, float], None]
"""Told the stage and the share of the whole that is done."""

# What moves a recorded head besides its expression: looked for, and left out of face capsules.
_BESIDE = ("breath", "bodySway", "bodyLean", "shoulderShrug")
_BLUSH = "blush"  # belongs to a face as well, though ARKit has no name for it
_ALIKE = 0.06  # a picture that differs less, RMS in [0, 1], shows the avatar itself
_SAME_PLACE = 0.05  # by how much landmarks miss the framing of exports, in eye distances
_SURELY_COVERED = 0.98
_EDGE_PX = 5
_FRAMING_PX = 512  # what the avatar is measured in
# Frames by which it is seen what no basis explains: enough of them, but not all in memory.
_MOST_LEFT = 200
_MOST_LEFT_BYTES = 96 * 1024 * 1024
_LEAST_LEFT = 12


def fit_take(
    take: Take,
    renderer: OfflineRenderer,
    finder: FaceFinder | None,
    *,
    neutral: int = 0,
    rank: int = 0,
    mouths: Collection[Mapping[str, float]] = (),
    progress: Progress | None = None,
) -> FittedTake:
    """Finds the weights of every frame of a take.

    Args:
        take: The recording.
        renderer: Of the avatar.
        finder: The models; None where there are none: then only a take of the avatar itself, as
            it is exported, can be fitted.
        neutral: The frame in which the face is at rest.
        rank: How many looks may be kept of what the bases of the avatar do not explain.
        mouths: The weights of mouth shapes that are likely, such as the visemes of a library.
        progress: Is told how far it has come.

    Raises:
        TakeError: There is no such frame, or no face that can be followed.
    """
    if not 0 <= neutral < len(take.times_ms):
        raise TakeError(f"neutral is {neutral}, expected a frame, 0 to {len(take.times_ms) - 1}")
    tell = progress or _silent
    fitter = _Fitter(take, renderer, neutral, tell)
    if finder is not None:
        fitter.follow(finder)
    fitter.compare(mouths)
    fitter.look(rank)
    return fitter.result()


def curves(fitted: FittedTake, take: Take, *, loop: bool, start_ms: float = 0.0) -> Fitted:
    """Makes curves of a take's weights.

    Args:
        fitted: The weights.
        take: The recording.
        loop: Whether it is cut where it repeats best.
        start_ms: When it begins; frames before are left out.

    Raises:
        TakeError: It begins after its end, is to loop and is too short, or nothing moves in it.
    """
    first, last, found = first_frame(take, start_ms), len(fitted.times_ms) - 1, None
    courses = {name: steadied(values, fitted.times_ms) for name, values in fitted.courses.items()}
    if loop and courses:
        late = {name: values[first:] for name, values in courses.items()}
        found = _loop(late, fitted.times_ms[first:])
        first, last = first + found.first, first + found.last
        courses = {name: closed(values[first : last + 1]) for name, values in courses.items()}
    else:
        courses = {name: values[first:] for name, values in courses.items()}
    times_ms = fitted.times_ms[first : last + 1] - fitted.times_ms[first]
    made, missed = tracks(courses, times_ms, loops=loop)
    if not made:
        raise TakeError(f"{take.path.name}: nothing moves that a face capsule could hold")
    report = FitReport(
        frames=len(fitted.times_ms),
        fps=take.fps,
        method="pictures" if fitted.is_avatar else "landmarks",
        landmark_rms_px=fitted.landmark_rms_px,
        picture_rms=fitted.picture_rms,
        rest_rms=fitted.rest_rms,
        lost=fitted.lost,
        points=sum(len(track.curve) for track in made),
        curve_error=missed,
        loop=(round(fitted.times_ms[first]), round(fitted.times_ms[last])) if found else None,
        loop_gap=found.gap if found else 0.0,
        looks=len(fitted.residual.looks) if fitted.residual else 0,
        looks_explain=fitted.residual.explained if fitted.residual else 0.0,
    )
    return Fitted(made, max(20, round(float(times_ms[-1]))), first, last, report)


def first_frame(take: Take, start_ms: float) -> int:
    """The first frame that is kept of a take.

    Args:
        take: The recording.
        start_ms: When what is kept begins.

    Raises:
        TakeError: That is after its end.
    """
    first = int(np.searchsorted(take.times_ms, start_ms))
    if first > len(take.times_ms) - 2:
        length_ms = take.times_ms[-1]
        raise TakeError(
            f"{take.path.name}: it begins at {start_ms:.0f} ms, expected before its end, "
            f"{length_ms:.0f} ms"
        )
    return first


class _Fitter:
    """One take on its way to weights."""

    def __init__(
        self, take: Take, renderer: OfflineRenderer, neutral: int, progress: Progress
    ) -> None:
        self._take = take
        self._renderer = renderer
        self._neutral = neutral
        self._tell = progress
        avatar = renderer.avatar
        self._names = avatar.basis_names & {*ARKIT_BLENDSHAPES, *HEAD_BASES, _BLUSH}
        self._unknowns = Unknowns(self._names)
        self._placement = framed(avatar, take.width, take.height)
        self._tracked: TrackedFace | None = None
        self._landmark_rms_px: float | None = None
        self._picture_rms: float | None = None
        self._rest_rms: float | None = None
        self._rows: list[dict[str, float]] = [{} for _ in take.times_ms]
        self._is_avatar = False
        self._residual: Residual | None = None

    def follow(self, finder: FaceFinder) -> None:
        """Tracks the face and fits its landmarks."""
        self._tell("tracking the face", 0.0)
        self._tracked = tracked = track_face(self._take, finder)
        self._tell("measuring the avatar", 0.2)
        rest = framed(self._renderer.avatar, _FRAMING_PX, _FRAMING_PX)
        view = HeadView(self._renderer, rest)
        response = measure(view, finder, self._unknowns)
        neutral = tracked.faces[self._neutral]
        self._place(response, view, neutral)
        seen = Neutral(neutral)
        values, errors = np.zeros(len(self._unknowns)), []
        for number, face in enumerate(tracked.faces):
            values, error = response.fit(seen.observe(face), values)
            self._rows[number] = self._unknowns.weights(values)
            errors.append(error)
        self._landmark_rms_px = seen.unit * float(np.mean(errors))

    def compare(self, mouths: Collection[Mapping[str, float]]) -> None:
        """Refines by the pictures, if the take shows the avatar; else landmarks have to do.

        Args:
            mouths: Likely shapes of the mouth.

        Raises:
            TakeError: It does not, and there are no landmarks.
        """
        self._tell("comparing pictures", 0.25)
        view = HeadView(self._renderer, self._placement)
        pictures = [view.taken_i420(picture) for picture in self._take.pictures()]
        rest = pictures[self._neutral]
        mask = _mask(view)
        beside = self._renderer.avatar.basis_names & set(_BESIDE)
        unknowns = Unknowns(self._names | beside)
        refiner = Refiner(view, unknowns, mask, rest, beside)
        self._is_avatar = refiner.unlike < _ALIKE
        if not self._is_avatar:
            if self._tracked is None:
                raise TakeError(
                    f"{self._take.path.name} does not show {self._renderer.avatar.name} as it is "
                    "exported, and without the models no other face can be tracked"
                )
            return
        still = np.zeros(len(unknowns))
        self._rest_rms = float(np.mean([refiner.residual(one, still) for one in pictures]))
        starts = [unknowns.vector(row) for row in self._rows]
        found, residuals = refine_take(
            refiner,
            pictures,
            starts,
            Mouths(unknowns, mouths),
            lambda share: self._tell("refining", 0.3 + 0.65 * share),
        )
        self._rows = [unknowns.weights(values) for values in found]
        self._picture_rms = float(np.mean(residuals))

    def look(self, rank: int) -> None:
        """Finds what no basis explains, if pictures were compared."""
        if rank < 1 or not self._is_avatar or FACE_PART not in _part_names(self._renderer):
            return
        self._tell("what is left", 0.96)
        view = HeadView(self._renderer, self._placement)
        skin = Skin(self._renderer.avatar, view.canvas)
        at_rest = np.zeros((*skin.shape, 3), np.float32)
        most = min(_MOST_LEFT, max(_LEAST_LEFT, _MOST_LEFT_BYTES // at_rest.nbytes))
        every = -(-len(self._rows) // most)
        chosen = []
        for number, left in enumerate(self._left(view, skin)):
            if number == self._neutral:
                at_rest = left
            if number % every == 0:
                chosen.append(left)
        found = low_rank(chosen, at_rest, rank)
        if not found.looks:
            return
        self._residual = found
        names = LOOKS[: len(found.looks)]
        weights = (found.weights(left, at_rest) for left in self._left(view, skin))
        for row, own in zip(self._rows, list(weights), strict=True):
            row |= dict(zip(names, own.tolist(), strict=True))

    def _left(self, view: HeadView, skin: Skin) -> Iterator[NDArray[np.float32]]:
        """What is left of each frame."""
        for (rgb, _), row in zip(self._take.frames(), self._rows, strict=True):
            yield left_over(view, skin, view.taken(rgb), row)

    def result(self) -> FittedTake:
        """What was found."""
        names = sorted({name for row in self._rows for name in row})
        courses = {name: np.array([row.get(name, 0.0) for row in self._rows]) for name in names}
        return FittedTake(
            times_ms=self._take.times_ms,
            courses={name: one for name, one in courses.items() if name not in _BESIDE},
            placement=self._placement,
            faces=self._tracked.faces if self._tracked else (),
            is_avatar=self._is_avatar,
            landmark_rms_px=self._landmark_rms_px,
            picture_rms=self._picture_rms,
            rest_rms=self._rest_rms,
            lost=self._tracked.lost if self._tracked else 0,
            body={name: one for name, one in courses.items() if name in _BESIDE},
            residual=self._residual,
        )

    def _place(self, response: Response, view: HeadView, neutral: FoundFace) -> None:
        """Lays the canvas under the neutral face, unless it lies there as in our own exports."""
        canvas = applied(view.canvas.inverse, response.face.landmarks.astype(np.float64))
        unit = Neutral(neutral).unit
        shown = applied(self._placement, canvas)
        off = np.linalg.norm(shown - neutral.landmarks[:, :2], axis=1)
        if float(np.sqrt((off**2).mean())) > _SAME_PLACE * unit:
            self._placement = placed(canvas, neutral.landmarks.astype(np.float64))


def _part_names(renderer: OfflineRenderer) -> set[str]:
    return {part.name for part in renderer.avatar.parts}


def _mask(view: HeadView) -> NDArray[np.float32]:
    """What is compared: the avatar, but for its outline, where a background shows through."""
    inside = (view.coverage({}) > _SURELY_COVERED).astype(np.float32)
    return np.asarray(cv2.erode(inside, np.ones((_EDGE_PX, _EDGE_PX), np.uint8)), np.float32)


def _loop(courses: Mapping[str, Floats], times_ms: Floats) -> Loop:
    try:
        return find_loop(courses, times_ms)
    except ValueError as error:
        raise TakeError(str(error)) from error


def _silent(_stage: str, _share: float) -> None:
    """Nobody wants to know."""
