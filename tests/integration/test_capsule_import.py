"""Recordings of the built-in avatar come back as the curves they were rendered from."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.scene import mira
from capsules.arkit import ARKIT_BLENDSHAPES
from capsules.bake.finder import FaceFinder
from capsules.library import Library, load_library
from capsules.model import Capsule, Track
from compositor.drawlist import FrameSize
from control_plane.cli import main
from control_plane.settings import cache_home
from engine.offline.export import ExportOptions, export_capsule
from engine.offline.importing import FittedTake, curves, fit_take
from engine.offline.render import OfflineRenderer, RenderOptions, capsule_frames
from engine.offline.tracks import open_take
from engine.offline.unknowns import HEAD_BASES
from tests.portraits import model_folder

MOST_ERROR = 0.05
# Lips that speak are pressed, rolled and funnelled at once, which look alike.
MOST_ERRORS = {"VF_SPEAKS": 0.13}
RENDER = RenderOptions(size=FrameSize(512, 512), fps=15)
KNOWN = (*ARKIT_BLENDSHAPES, *HEAD_BASES)


def with_mouth_and_lids(packaged: Library) -> Library:
    """The packaged library, with a capsule that speaks and one that blinks."""
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
    more = [
        Capsule(
            cid=cid,
            layer="face",
            description="of a test",
            duration_ms=length_ms,
            tracks=tuple(tracks),
        )
        for cid, length_ms, tracks in (("VF_SPEAKS", 1000, spoken), ("VF_BLINKS", 330, lids))
    ]
    return Library([*packaged.capsules.values(), *more], (), packaged.viseme_weights)


def errors(library: Library, name: str, take: Path, fitted: FittedTake) -> dict[str, float]:
    """The mean difference of every basis between what was drawn and the imported curve."""
    frames = capsule_frames(library, mira(), name, RENDER)
    found = curves(fitted, open_take(take), loop=False)
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "VF_SMILE_DUCHENNE",  # smile
        "VF_BLINKS",  # blink
        "VF_BROW_FLASH",  # brow
        "VF_SURPRISE_MID",  # jaw
        "VF_SPEAKS",  # visemes
        "VF_SHAKE",  # head turn
        "VF_SAD_MID",
        "VF_WINK_LEFT",  # a cheek under a shut eye
    ],
)
def test_an_export_comes_back_as_the_curves_it_was_rendered_from(name: str, tmp_path: Path) -> None:
    library = with_mouth_and_lids(load_library())
    take = tmp_path / "take.webm"
    export_capsule(library, mira(), name, take, ExportOptions(render=RENDER))
    with OfflineRenderer(mira()) as renderer:
        fitted = fit_take(open_take(take), renderer, None)
    assert fitted.is_avatar
    wrong = {
        basis: round(error, 3)
        for basis, error in errors(library, name, take, fitted).items()
        if error >= MOST_ERRORS.get(name, MOST_ERROR)
    }
    assert wrong == {}


@pytest.mark.slow
def test_landmarks_alone_tell_a_smile_from_a_nod(tmp_path: Path) -> None:
    """Of another picture of the avatar, larger and elsewhere, with nothing to compare."""
    finder = FaceFinder.open(model_folder())
    library = load_library()
    seen: dict[str, FittedTake] = {}
    for name in ("VF_SMILE_DUCHENNE", "VF_NOD_SLOW"):
        take = tmp_path / f"{name}.webm"
        render = RenderOptions(size=FrameSize(640, 360), fps=10)
        export_capsule(library, mira(), name, take, ExportOptions(render=render))
        with OfflineRenderer(mira()) as renderer:
            seen[name] = fit_take(open_take(take), renderer, finder)
    smile, nod = seen["VF_SMILE_DUCHENNE"], seen["VF_NOD_SLOW"]
    assert smile.landmark_rms_px is not None
    assert smile.landmark_rms_px < 1.0
    assert smile.courses["mouthSmileLeft"].max() > 0.5
    assert np.abs(nod.courses["headPitch"]).max() > 0.25


def test_the_command_puts_a_capsule_into_the_users_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CAPSULECAST_CACHE_DIR", str(cache_home()))
    own = tmp_path / "own"
    monkeypatch.setenv("CAPSULECAST_CAPSULES", str(own))
    take = tmp_path / "nod.webm"
    size = ["--size", "256x256", "--fps", "10"]
    assert main(["capsule", "export", "VF_NOD", str(take), *size]) == 0
    command = ["capsule", "import", str(take), "--cid", "VF_201", "--vad", "0.5", "0.1", "-0.2"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "headPitch" in out
    assert "to see it: capsulecast capsule export VF_201 vf_201.webm" in out
    assert "avatar of that face only" not in out
    (record,) = json.loads((own / "vf_201.json").read_text())["capsules"]
    assert record["emotion"] == {"valence": 0.5, "arousal": 0.1, "dominance": -0.2}
    assert main(command) == 1
    assert "--force" in capsys.readouterr().err
    assert main([*command[:3], "--cid", "VF_NOD"]) == 2
    assert "packaged" in capsys.readouterr().err
    kept = ["--as", "clip", "--consent", "not a real person"]
    assert main(["capsule", "import", str(take), "--cid", "VF_202", *kept]) == 0
    assert "avatar of that face only" in capsys.readouterr().out
    again = tmp_path / "again.gif"
    assert main(["capsule", "export", "VF_201", str(again), *size]) == 0
