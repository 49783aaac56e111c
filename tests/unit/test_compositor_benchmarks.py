import json
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.compositor import Sampling, Ticks, measure
from benchmarks.contact_sheet import write_sheet
from benchmarks.layers import FfmpegLayers, OpenCvLayers
from benchmarks.memory import synthetic
from benchmarks.quality import BEST_DB, Pose, psnr_db, ssim
from benchmarks.report import Report
from benchmarks.scene import FOREMOST, basis_order, mira, moving
from capsules.library import Library, load_library
from capsules.model import Capsule
from compositor.backend import I420
from compositor.drawlist import Camera, FrameSize, PartTransform

SIZE = FrameSize(512, 512)


def grey(luma: int, side: int = 128) -> I420:
    frame = np.full((side * 3 // 2, side), 128, np.uint8)
    frame[:side] = luma
    return frame


def noise(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (64, 64)).astype(np.uint8)


def test_scene_has_the_asked_number_of_active_bases_and_moves() -> None:
    assert set(basis_order()) == mira().basis_names
    assert basis_order()[: len(FOREMOST)] == FOREMOST
    for bases in (0, 4, 16, 64):
        frames = [moving(bases, SIZE, frame) for frame in range(3)]
        assert [len(frame.weights) for frame in frames] == [bases] * 3
        assert all(frame.weights == tuple(sorted(frame.weights)) for frame in frames)
        assert all((one != other) == bool(bases) for one, other in pairwise(frames))
    assert moving(16, SIZE, 0, session=1) != moving(16, SIZE, 0)


def test_contenders_take_turns_and_warm_rounds_are_left_out() -> None:
    calls: list[str] = []

    names = ("a", "b")
    contenders = {name: (lambda _tick, name=name: calls.append(name)) for name in names}
    found = measure(contenders, Sampling(seconds=0.0, least=3, warm=2))
    assert calls == ["a", "b"] * 5
    assert [len(found[name].total_ms) for name in names] == [3, 3]


def test_ticks_give_frames_a_second_of_all_sessions() -> None:
    ticks = Ticks(total_ms=[30.0, 50.0])
    ticks.add_stages({"draw": 20.0})
    ticks.add_stages({"draw": 40.0})
    report = Report("x")
    ticks.write(report, "numba.512.s8.b4", sessions=8)
    assert report.figures["numba.512.s8.b4.fps"].p50 == 200.0
    assert report.figures["numba.512.s8.b4.draw_ms"].p50 == 30.0
    assert report.figures["numba.512.s8.b4.total_ms"].n == 2


@pytest.mark.parametrize("changed", [0, 7, 15])
def test_opencv_chain_shows_every_layer(changed: int) -> None:
    frames = [grey(60) for _ in range(16)]
    before = OpenCvLayers(frames).render()
    frames[changed] = grey(235)
    after = OpenCvLayers(frames).render()
    assert before.shape == after.shape == (192, 128)
    assert int(after[40, 40]) >= int(before[40, 40]) + 5


def test_ffmpeg_graph_lays_its_layers_over_each_other() -> None:
    def shown(last: int) -> list[int]:
        graph = FfmpegLayers([*(grey(60) for _ in range(15)), grey(last)])
        frames = [graph.render(tick) for tick in range(3)]
        assert {frame.format.name for frame in frames} == {"yuv420p"}
        return [int(frame.to_ndarray()[40, 40]) for frame in frames]

    assert shown(60) == pytest.approx([60] * 3, abs=2)
    assert shown(235) == pytest.approx([60 + 175 * 96 / 255] * 3, abs=4)


def test_synthetic_capsules_are_a_library_of_as_many_different_ones() -> None:
    plain = [item for item in load_library().capsules.values() if item.tracks][:20]
    templates = [json.loads(item.model_dump_json(exclude_defaults=True)) for item in plain]
    made = [Capsule.model_validate(item) for item in synthetic(templates, 45)]
    assert len(Library(made).capsules) == 45
    assert made[0].tracks != made[20].tracks != made[40].tracks
    assert [len(item.tracks) for item in made[:20]] == [len(item.tracks) for item in plain]


def test_psnr_and_ssim_know_likeness() -> None:
    picture = noise(1)
    assert psnr_db(picture, picture) == BEST_DB
    assert ssim(picture, picture) == pytest.approx(1.0)
    off_by_ten = (picture // 2 + 10, picture // 2)
    assert psnr_db(*off_by_ten) == pytest.approx(20 * np.log10(25.5), abs=1e-6)
    assert ssim(picture, noise(2)) < 0.1


def test_halfway_pose_is_the_mean_of_weights_and_moves() -> None:
    one = Pose({"jawOpen": 1.0, "headYaw": -0.4}, {("handLeft", "scale"): 1.4})
    other = Pose({"headYaw": 0.2}, {("handLeft", "y"): -100.0})
    half = one.halfway(other)
    assert half.weights == pytest.approx({"jawOpen": 0.5, "headYaw": -0.1})
    drawn = half.draw_list(Camera())
    assert drawn.transforms == (PartTransform("handLeft", y=-50.0, scale=1.2),)


def test_contact_sheet_holds_every_frame(tmp_path: Path) -> None:
    sheet = tmp_path / "deep" / "sheet.png"
    write_sheet(sheet, ("a", "b"), [("one", [grey(16), grey(235)]), ("two", [grey(99)] * 2)])
    with av.open(str(sheet)) as file:
        picture = next(file.decode(video=0)).to_ndarray(format="gray")
    assert picture.shape == (22 * 3 + 300 * 2, 600)
    assert picture[200, 100] < 5
    assert picture[200, 500] > 250
