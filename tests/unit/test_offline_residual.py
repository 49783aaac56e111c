"""What no basis explains of a recording comes back as looks, of a small avatar drawn here."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.avatar import Avatar, Basis
from capsules.library import Library, load_library
from capsules.looks import look_grid, with_looks
from capsules.model import Capsule
from compositor.drawlist import DrawList, FrameSize
from engine.offline.errors import ImportRefusedError
from engine.offline.export import ExportOptions, export_capsule
from engine.offline.render import OfflineRenderer, RenderOptions, capsule_frames
from engine.offline.residual import low_rank
from engine.offline.taking import Imported, ImportOptions, import_take
from tests.unit.bodies import capsule, library, weights
from tests.unit.face_avatar import face_avatar

AVATAR = face_avatar()
RENDER = RenderOptions(size=FrameSize(256, 256), fps=10)
# A basis that the avatar of the recording has and the one it is imported for has not.
PLANTED = "cheekPuff"
MOVES = {
    "jawOpen": [(0, 0.0), (200, 0.5), (500, 0.4), (800, 0.0)],
    PLANTED: [(0, 0.0), (300, 0.2), (600, 1.0), (800, 0.0)],
}
LIBRARY = library(capsule("VF_MOVES", MOVES, duration_ms=800))


def planted() -> Avatar:
    """The avatar with a red mark on one cheek, as strong as a weight says."""
    face = AVATAR.part("face")
    rect, (tall, wide) = look_grid(AVATAR)
    y, x = np.mgrid[0:tall, 0:wide]
    bell = np.exp(-0.5 * (((x - 0.35 * wide) / 5.0) ** 2 + ((y - 0.6 * tall) / 4.0) ** 2))
    mark = np.round(bell[..., None] * (28.0, -30.0, -24.0)).astype(np.int8)
    bases = {**face.bases, PLANTED: Basis(np.zeros_like(face.bases["jawOpen"].delta), mark)}
    worn = replace(face, bases=bases, residual_rect=rect)
    return replace(AVATAR, parts=tuple(worn if one is face else one for one in AVATAR.parts))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("takes") / "marked.webm"
    export_capsule(LIBRARY, planted(), "VF_MOVES", path, ExportOptions(render=RENDER))
    return path


@pytest.fixture(scope="module")
def kept(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Imported, Path]:
    folder = tmp_path_factory.mktemp("kept")
    own, avatars = folder / "own", folder / "avatars"
    own.mkdir()
    done = import_take(recording, AVATAR, own, ImportOptions("VF_201"), avatars=avatars)
    return done, folder


def live_frames(made: Capsule, avatar: Avatar) -> tuple[DrawList, ...]:
    """As a body plays it."""
    own = Library([*LIBRARY.capsules.values(), made])
    return capsule_frames(own, avatar, made.cid, RENDER)


def drawn(frames: tuple[DrawList, ...], avatar: Avatar) -> NDArray[np.float64]:
    with OfflineRenderer(avatar) as renderer:
        return np.stack([renderer.rgb(frame) for frame in frames[:8]]).astype(np.float64)


def psnr_db(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(10.0 * np.log10(255.0**2 / ((one - other) ** 2).mean()))


def test_an_import_with_looks_is_closer_to_what_was_recorded(kept: tuple[Imported, Path]) -> None:
    done, folder = kept
    worn = with_looks(AVATAR, folder / "avatars")
    goal = drawn(capsule_frames(LIBRARY, planted(), "VF_MOVES", RENDER), planted())
    without = drawn(live_frames(done.capsule, AVATAR), AVATAR)
    shown = drawn(live_frames(done.capsule, worn), worn)
    assert psnr_db(shown, goal) > psnr_db(without, goal) + 3.0
    assert done.report.looks >= 1
    assert done.report.looks_explain > 0.5
    assert done.capsule.params["fit"]["looks"] == done.report.looks


def test_a_body_plays_looks_beside_bases(kept: tuple[Imported, Path]) -> None:
    done, folder = kept
    names = {track.target for track in done.capsule.tracks}
    assert {"jawOpen", "look01"} <= names
    worn = with_looks(AVATAR, folder / "avatars")
    most: dict[str, float] = {}
    for frame in live_frames(done.capsule, worn):
        for name, value in weights(frame).items():
            most[name] = max(most.get(name, 0.0), abs(value))
    assert most["jawOpen"] == pytest.approx(0.5, abs=0.06)
    assert most["look01"] > 0.8
    # Another avatar, or this one without its file, moves what it has.
    plain = {name for frame in live_frames(done.capsule, AVATAR) for name in weights(frame)}
    assert plain == names - {"look01", "look02", "look03"}
    assert load_library(folder / "own").capsule("VF_201") == done.capsule


def test_no_look_is_kept_where_none_is_asked_for(recording: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    avatars = tmp_path / "avatars"
    options = ImportOptions("VF_201", residual=0)
    done = import_take(recording, AVATAR, own, options, avatars=avatars)
    assert done.report.looks == 0
    assert not avatars.exists()


def test_looks_of_a_capsule_that_is_refused_are_not_kept(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ImportRefusedError("no")

    monkeypatch.setattr("engine.offline.taking.store_capsule", refuse)
    own = tmp_path / "own"
    own.mkdir()
    avatars = tmp_path / "avatars"
    with pytest.raises(ImportRefusedError):
        import_take(recording, AVATAR, own, ImportOptions("VF_201"), avatars=avatars)
    assert list(avatars.iterdir()) == []


def test_components_are_found_the_strongest_first() -> None:
    rng = np.random.default_rng(2)
    spots = np.zeros((2, 30, 30, 3), np.float32)
    spots[0, 5:15, 5:15] = 0.3
    spots[1, 18:26, 18:26] = -0.1
    courses = np.array([[0.0, 0.0], [0.2, 1.0], [1.0, 0.5], [0.6, 0.0]], np.float32)
    left = [np.einsum("k,khwc->hwc", one, spots) for one in courses]
    noisy = [one + rng.normal(0.0, 0.002, one.shape).astype(np.float32) for one in left]
    found = low_rank(noisy, noisy[0], 5)
    assert len(found.looks) == 2
    assert found.explained > 0.95
    back = [
        np.einsum("k,khwc->hwc", found.weights(one, noisy[0]), np.stack(found.looks) / 127.0)
        for one in noisy
    ]
    assert np.abs(np.stack(back) - np.stack(left)).max() < 0.02


def test_what_is_noise_alone_is_no_look() -> None:
    rng = np.random.default_rng(3)
    noise = [rng.normal(0.0, 0.004, (30, 30, 3)).astype(np.float32) for _ in range(6)]
    assert low_rank(noise, noise[0], 3).looks == ()
