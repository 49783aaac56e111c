"""Recordings of the built-in avatar come back as the curves they were rendered from."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.capture import basis_errors, with_more_faces
from benchmarks.scene import mira
from capsules.bake.finder import FaceFinder
from capsules.library import load_library
from compositor.drawlist import FrameSize
from control_plane.cli import main
from control_plane.settings import cache_home
from engine.offline.export import ExportOptions, export_capsule
from engine.offline.fitted import FittedTake
from engine.offline.importing import fit_take
from engine.offline.render import OfflineRenderer, RenderOptions
from engine.offline.tracks import open_take
from tests.portraits import model_folder

MOST_ERROR = 0.05
# Up to where a face is held, and a little of that.
RENDER = RenderOptions(size=FrameSize(512, 512), fps=10, length_ms=1000.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "VF_SMILE_DUCHENNE",  # smile
        "VF_BLINKS",  # blink
        "VF_BROW_FLASH",  # brow
        "VF_SURPRISE_HIGH",  # jaw
        "VF_SPEAKS",  # visemes
        "VF_SHAKE",  # head turn
        "VF_WINK_LEFT",  # a cheek under a shut eye
        "VF_FEAR_HIGH",
        "VF_DISGUST_HIGH",  # the tongue shows
        "VF_ANGER_HIGH",
        "VF_SAD_HIGH",
        "VF_JOY_HIGH",
        "VF_BLEND_1",  # drawn by lot: no expression of the library
    ],
)
def test_an_export_comes_back_as_the_curves_it_was_rendered_from(name: str, tmp_path: Path) -> None:
    assert wrong_bases(name, RENDER, tmp_path / "take.webm") == {}


@pytest.mark.slow
def test_so_it_does_of_larger_pictures(tmp_path: Path) -> None:
    render = RenderOptions(size=FrameSize(640, 640), fps=5, length_ms=1000.0)
    assert wrong_bases("VF_SATISFIED", render, tmp_path / "take.webm") == {}


def wrong_bases(name: str, render: RenderOptions, path: Path) -> dict[str, float]:
    """The bases of a face that do not come back from its export, and by how much they miss."""
    library = with_more_faces(load_library())
    export_capsule(library, mira(), name, path, ExportOptions(render=render))
    take = open_take(path)
    with OfflineRenderer(mira()) as renderer:
        fitted = fit_take(take, renderer, None, mouths=library.viseme_weights.values())
    assert fitted.is_avatar
    off = basis_errors(library, name, take, fitted, render)
    return {basis: round(error, 3) for basis, error in off.items() if error >= MOST_ERROR}


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
