"""Baking a portrait in the public domain, and what became of it, in figures.

The portrait is Eileen Collins by NASA, as scikit-image ships it (512 px; the face is 92 px wide, so
that it is baked with `allow_small`). Measured: the time of every stage, and of the whole command in
a process of its own; triangles that lie the wrong way up with one basis at weight 1 or with pairs
that people move together; what a full blink leaves of an eye; and what the landmark model, run
again on rendered frames, sees of four movements, and of the person. How each is computed is said in
`benchmarks.bake_mesh` and `benchmarks.bake_faces`.

Cross-talk is what a movement changes in the measures of other regions, at most over the weights, as
a part of what it changes in its own. The likeness of every expression to the photo is held against
what the expressions have among each other, and beside that of another face, the built-in avatar's.
At last, its pictures are timed in turn with the built-in avatar's, with the same movements.
"""

import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import skimage

from benchmarks.bake_faces import (
    DRIVERS,
    Driver,
    Likeness,
    Seen,
    interocular,
    likeness,
    measures,
    rgb_of,
    seen,
)
from benchmarks.bake_mesh import LID_MOVERS, PAIRS, flipped, lid_gaps
from benchmarks.contact_sheet import write_sheet
from benchmarks.report import Budget, Figure, Report
from benchmarks.scene import CACHE, FOREMOST, mira, moving
from capsules.arkit import ARKIT_BLENDSHAPES
from capsules.avatar import Avatar
from capsules.bake.baking import BakeRequest, bake
from capsules.bake.finder import FaceFinder
from capsules.bake.models import ModelFolder, locate
from capsules.bake.photo import read_photo
from capsules.pack import load_pack
from compositor.backend import I420
from compositor.drawlist import Camera, DrawList, FrameSize
from compositor.numba_backend import NumbaCompositor
from control_plane.settings import cache_home

__all__ = ["Course", "run"]

PORTRAIT = Path(skimage.__file__).parent / "data" / "astronaut.png"
CONSENT = "in the public domain, by NASA"
SIZE = FrameSize(768, 768)
LIVE_SIZE = FrameSize(512, 512)
FACE = Camera(y=-90.0, zoom=2.2)
WEIGHTS = tuple(step / 8 for step in range(9))
LONGEST_S = 20.0  # photo to pack on two cores; the aim is 10
WIDEST_GAP = 0.01  # of the eye's width
LEAST_CORRELATION = 0.9
MOST_CROSSTALK = 0.1
TOGETHER = {
    "open smile": ("jawOpen", "mouthSmileLeft", "mouthSmileRight"),
    "lips rounded and forward": ("mouthFunnel", "mouthPucker"),
    "blink with raised cheeks": (
        "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight"
    ),
    "lips closed over an open jaw": ("jawOpen", "mouthClose"),
}  # fmt: skip
"""Movements whose sum alone would look wrong, for the sheet."""


def run(*, quick: bool, sheet: Path) -> Report:
    """Figures of baking, of the rig, and of the face that is seen.

    Args:
        quick: Bake once.
        sheet: Where frames are written to: of the four movements, and of some that go together.

    Raises:
        ModelMissingError: The models have not been fetched.
    """
    report = Report("bake")
    models = locate(None, cache_home())
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        _time_command(report, Path(folder))
        _time_stages(report, models, Path(folder), 1 if quick else 3)
        avatar = load_pack(Path(folder) / "collins")
        _mesh(report, avatar)
        stage = _Stage(FaceFinder.open(models), avatar)
        _movements(report, stage, sheet)
        _person(report, stage)
        _speed(report, avatar, 60 if quick else 300)
    return report


def _time_command(report: Report, folder: Path) -> None:
    """The command as a user runs it, with the start of the interpreter and all imports."""
    command = [sys.executable, "-m", "control_plane.cli", "bake", str(PORTRAIT), "--allow-small"]
    command += ["--name", "command", "--consent", CONSENT, "--avatars", str(folder)]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    report.figures["command.total_s"] = Figure.of([time.perf_counter() - began], "s")
    report.limit("command.total_s", "p99", LONGEST_S)


def _time_stages(report: Report, models: ModelFolder, folder: Path, times: int) -> None:
    request = BakeRequest(PORTRAIT, "collins", CONSENT, allow_small=True, force=True)
    laps: dict[str, list[float]] = {}
    for _ in range(times):
        begun: list[tuple[str, float]] = []
        bake(
            request,
            models,
            folder,
            progress=lambda stage, _: begun.append((stage, time.perf_counter())),  # noqa: B023 - called before the next round
            cache_dir=CACHE.parent,
        )
        spent: dict[str, float] = {}
        for (stage, start), (_, end) in itertools.pairwise(begun):
            spent[stage] = spent.get(stage, 0.0) + end - start
        for stage, seconds in spent.items():
            laps.setdefault(stage, []).append(seconds)
        laps.setdefault("total", []).append(begun[-1][1] - begun[0][1])
    for stage, lasted in laps.items():
        report.figures[f"{stage.replace(' ', '_')}_s"] = Figure.of(lasted, "s")


def _mesh(report: Report, avatar: Avatar) -> None:
    names = [name for name in sorted(avatar.basis_names) if not name.startswith("hand")]
    alone = {name: flipped(avatar, (name,)) for name in names}
    together = {" + ".join(pair): flipped(avatar, pair) for pair in PAIRS}
    for what, counts in (("bases", alone), ("pairs", together)):
        report.figures[f"flipped.{what}"] = Figure.of(list(counts.values()), "triangles")
        report.budgets.append(Budget(f"flipped.{what}, sum", 0, sum(counts.values())))
        worst = {name: count for name, count in counts.items() if count}
        if worst:
            report.notes[f"flipped.{what}"] = ", ".join(f"{k}: {n}" for k, n in worst.items())
    gaps = lid_gaps(avatar)
    report.figures["lid_gap"] = Figure.of(gaps, "of the eye's width, at blink 1")
    report.budgets.append(Budget("lid_gap, the worse eye", WIDEST_GAP, max(gaps)))
    beside = [gap for name in LID_MOVERS for gap in lid_gaps(avatar, name)]
    report.figures["lid_gap.pairs"] = Figure.of(beside, "likewise, with what moves lids, too")
    report.budgets.append(Budget("lid_gap.pairs, the worst", WIDEST_GAP, max(beside)))


class _Stage:
    """Draws the avatar and looks at it with the models."""

    def __init__(self, finder: FaceFinder, avatar: Avatar) -> None:
        self._finder = finder
        self._avatar = avatar.name
        self._compositor = NumbaCompositor()
        self._compositor.load(avatar)
        self._compositor.load(mira())
        self.rest = seen(finder, rgb_of(self.frame(())))

    def frame(self, weights: Sequence[tuple[str, float]], avatar: str = "") -> I420:
        """A frame of the face."""
        moved = tuple(sorted((name, weight) for name, weight in weights if weight))
        draw_list = DrawList(avatar or self._avatar, SIZE, moved, camera=FACE)
        (frame,) = self._compositor.render([draw_list])
        return frame

    def seen(self, weights: Sequence[tuple[str, float]]) -> Seen:
        """What is seen of the face with these weights."""
        return seen(self._finder, rgb_of(self.frame(weights)), self.rest.face)

    def other(self) -> Seen:
        """Another face."""
        return seen(self._finder, rgb_of(self.frame((), "mira")))

    def photo(self, path: Path) -> Seen:
        """The face in the photo."""
        return seen(self._finder, read_photo(path).rgb)


@dataclass(frozen=True, slots=True)
class Course:
    """The measures over the weights of one movement, less those at rest."""

    driver: Driver
    change: dict[str, list[float]]

    @property
    def correlation(self) -> float:
        """Of the intended measure with the weight, in the intended direction."""
        wanted = self.change[self.driver.measure]
        if np.ptp(wanted) == 0.0:
            return 0.0
        return self.driver.sign * float(np.corrcoef(WEIGHTS, wanted)[0, 1])

    @property
    def reach(self) -> float:
        """How much the intended measure changes."""
        return float(np.ptp(self.change[self.driver.measure]))

    def crosstalk(self) -> dict[str, float]:
        """Largest change of each measure of another region as a part of the intended one."""
        regions = {other.measure: other.region for other in DRIVERS.values()}
        return {
            name: max(map(abs, values)) / max(self.reach, 1e-9)
            for name, values in self.change.items()
            if regions[name] != self.driver.region
        }


def _movements(report: Report, stage: _Stage, sheet: Path) -> None:
    unit = interocular(stage.rest.face)
    rows = []
    for name, driver in DRIVERS.items():
        frames = [stage.frame([(basis, weight) for basis in driver.bases]) for weight in WEIGHTS]
        looks = [
            measures(stage.seen([(basis, weight) for basis in driver.bases]).face, unit)
            for weight in WEIGHTS
        ]
        course = Course(
            driver, {key: [look[key] - looks[0][key] for look in looks] for key in looks[0]}
        )
        label = name.replace(" ", "_")
        report.figures[f"{label}.correlation"] = Figure.of([course.correlation], driver.measure)
        report.figures[f"{label}.reach"] = Figure.of([course.reach], "inter-ocular distances")
        for other, share in course.crosstalk().items():
            report.figures[f"{label}.crosstalk.{other.replace(' ', '_')}"] = Figure.of([share], "")
        report.budgets.append(
            Budget(f"1 - {label}.correlation", 1 - LEAST_CORRELATION, 1 - course.correlation)
        )
        worst = max(course.crosstalk().values())
        report.budgets.append(Budget(f"{label}.crosstalk, the worst", MOST_CROSSTALK, worst))
        said = f"{name}: correlation {course.correlation:.3f}, cross-talk {worst:.1%}"
        rows.append((said, frames[::2]))
    rows += [
        (said, [stage.frame([(basis, weight) for basis in bases]) for weight in WEIGHTS[::2]])
        for said, bases in TOGETHER.items()
    ]
    write_sheet(sheet, [f"weight {weight:g}" for weight in WEIGHTS[::2]], rows)
    report.notes["sheet"] = sheet.name


def _person(report: Report, stage: _Stage) -> None:
    """The likeness of every face basis to the photo, beside that to each other."""
    photo = stage.photo(PORTRAIT)
    looks = [stage.rest, *(stage.seen([(name, 1.0)]) for name in ARKIT_BLENDSHAPES)]
    to_photo = [likeness(look, photo) for look in looks]
    among = [
        likeness(one, other)
        for k, one in enumerate(looks)
        for other in looks[k + 1 :: len(looks) // 8]
    ]
    other = likeness(stage.other(), photo)
    for what, found in (("photo", to_photo), ("expressions", among), ("another_face", [other])):
        report.figures[f"likeness.{what}.shape"] = Figure.of(_shapes(found), "inter-ocular")
        report.figures[f"likeness.{what}.texture"] = Figure.of(
            [1.0 - one.texture for one in found], "1 - correlation"
        )
    for kind in ("shape", "texture"):
        own = report.figures[f"likeness.photo.{kind}"].p95
        within = report.figures[f"likeness.expressions.{kind}"].p99
        report.budgets.append(
            Budget(f"likeness.photo.{kind}.p95, to expressions' p99", within, own)
        )


def _speed(report: Report, avatar: Avatar, frames: int) -> None:
    """Pictures in the live loop: this avatar's beside the built-in one's, in one run."""
    compositor = NumbaCompositor()
    for one in (avatar, mira()):
        compositor.load(one)
    spent: dict[str, list[float]] = {avatar.name: [], "mira": []}
    for number in range(frames):
        for name, samples in spent.items():
            draw_list = replace(moving(len(FOREMOST), LIVE_SIZE, number), avatar=name)
            began = time.perf_counter()
            compositor.render([draw_list])
            if number >= frames // 10:  # textures come when they are first asked for
                samples.append(1000 * (time.perf_counter() - began))
    for name, samples in spent.items():
        label = "built_in" if name == "mira" else "baked"
        report.figures[f"picture.{label}_ms"] = Figure.of(samples, "ms, 512 x 512, 16 bases")
    report.ratios["picture.baked_to_built_in"] = (
        report.figures["picture.baked_ms"].p50 / report.figures["picture.built_in_ms"].p50
    )
    report.limit_ratio("picture.baked_to_built_in", 1.0)


def _shapes(found: Sequence[Likeness]) -> list[float]:
    return [one.shape for one in found]
