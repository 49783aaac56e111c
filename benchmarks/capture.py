"""Faces that are rendered, imported again as recordings, and compared with what they were made of.

Every face capsule of the library, a capsule of speech, and blends of bases drawn by lot, which are
no expression that anybody has written.
"""

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmarks.report import Figure, Report
from benchmarks.scene import mira
from capsules.arkit import ARKIT_BLENDSHAPES
from capsules.library import Library, load_library
from capsules.model import Capsule, Layer, Track
from compositor.drawlist import FrameSize
from engine.offline.export import ExportOptions, export_capsule
from engine.offline.fitted import FittedTake
from engine.offline.importing import curves, fit_take
from engine.offline.render import OfflineRenderer, RenderOptions, capsule_frames
from engine.offline.tracks import Take, open_take
from engine.offline.unknowns import HEAD_BASES, OPPOSITES

__all__ = ["basis_errors", "run", "with_more_faces"]

KNOWN = (*ARKIT_BLENDSHAPES, *HEAD_BASES, "blush")
BLENDS, BLENDED = 4, 12
MOST_ERROR = 0.05
RENDER = RenderOptions(size=FrameSize(512, 512), fps=10)
QUICK = ("VF_ANGER_HIGH", "VF_DISGUST_HIGH", "VF_JOY_HIGH", "VF_SPEAKS", "VF_BLEND_1")


def run(*, quick: bool = False) -> Report:
    """Imports every face, or a few strong ones."""
    library = with_more_faces(load_library())
    names = QUICK if quick else [one.cid for one in library.layer(Layer.FACE) if one.tracks]
    report = Report("capture")
    worst, means, costs = [], [], []
    for name in names:
        off, seconds = _round_trip(library, name)
        basis = max(off, key=lambda one: off[one])
        worst.append(off[basis])
        means.append(float(np.mean(list(off.values()))))
        costs.append(seconds)
        report.notes[name] = f"{off[basis]:.3f} {basis}, {seconds:.2f} s of one core a frame"
    report.figures["worst basis, mean error over the frames"] = Figure.of(worst, "weight")
    report.figures["all bases, mean error over the frames"] = Figure.of(means, "weight")
    report.figures["import, of one core"] = Figure.of(costs, "s/frame")
    report.notes["over"] = f"{sum(one >= MOST_ERROR for one in worst)} of {len(worst)}"
    report.ratios["largest error"] = max(worst)
    report.limit_ratio("largest error", MOST_ERROR)
    return report


def basis_errors(
    library: Library, name: str, take: Take, fitted: FittedTake, options: RenderOptions
) -> dict[str, float]:
    """The mean difference of every basis between what was drawn and the imported curve.

    Args:
        library: Where the capsule comes from.
        name: The capsule.
        take: Its rendering.
        fitted: What was found in that.
        options: How it was rendered.
    """
    frames = capsule_frames(library, mira(), name, options)
    found = curves(fitted, take, loop=False)
    drawn = {
        track.target: np.interp(fitted.times_ms, *np.array(list(track.curve)).T)
        for track in found.tracks
    }
    still = np.zeros(len(frames))
    return {
        basis: float(
            np.abs(
                drawn.get(basis, still)
                - np.array([dict(frame.weights).get(basis, 0.0) for frame in frames])
            ).mean()
        )
        for basis in KNOWN
    }


def with_more_faces(packaged: Library) -> Library:
    """A library, with a capsule that speaks, one that blinks, and blends drawn by lot."""
    shapes = [packaged.viseme_weights[name] for name in ("sil", "PP", "aa", "ou", "E", "sil")]
    names = sorted({name for shape in shapes for name in shape})
    spoken = [
        Track(name, [(200 * at, shape.get(name, 0.0)) for at, shape in enumerate(shapes)])
        for name in names
    ]
    lids = [
        Track(f"eyeBlink{side}", [(0, 0.0), (100, 1.0), (160, 1.0), (330, 0.0)])
        for side in ("Left", "Right")
    ]
    more = [_face("VF_SPEAKS", 1000, spoken), _face("VF_BLINKS", 330, lids), *_blends()]
    return Library([*packaged.capsules.values(), *more], (), packaged.viseme_weights)


def _blends() -> list[Capsule]:
    """Of opposite bases only one: what they come to together is one number."""
    rng = np.random.default_rng(11)
    # Lips are closed by mouthClose only as far as the jaw has opened them.
    free = [name for name in ARKIT_BLENDSHAPES if name not in {*OPPOSITES.values(), "mouthClose"}]
    found = []
    for number in range(1, BLENDS + 1):
        chosen = sorted(rng.choice(len(free), BLENDED, replace=False).tolist())
        tracks = [
            Track(free[at], [(0, 0.0), (300, round(float(rng.uniform(0.25, 1.0)), 2))])
            for at in chosen
        ]
        found.append(_face(f"VF_BLEND_{number}", 600, tracks, hold=True))
    return found


def _face(cid: str, length_ms: int, tracks: Iterable[Track], *, hold: bool = False) -> Capsule:
    return Capsule(
        cid=cid,
        layer="face",
        description="Made for a measurement",
        duration_ms=length_ms,
        hold=hold,
        tracks=tuple(tracks),
    )


def _round_trip(library: Library, name: str) -> tuple[dict[str, float], float]:
    """The error of every basis, and seconds of processor time a frame."""
    with tempfile.TemporaryDirectory() as folder, OfflineRenderer(mira()) as renderer:
        path = Path(folder) / "take.webm"
        export_capsule(library, mira(), name, path, ExportOptions(render=RENDER))
        take = open_take(path)
        began = time.process_time()
        fitted = fit_take(take, renderer, None, mouths=library.viseme_weights.values())
        seconds = (time.process_time() - began) / len(take.times_ms)
        return basis_errors(library, name, take, fitted, RENDER), seconds
