"""The GPU backend against the CPU backend, on Mesa's software adapter.

The same pictures means: the mean difference of 8-bit I420 samples is at most 1.0, and 99.9 % of
them differ by at most 8. What differs is rounding between the stages (the CPU has 8 bits there)
and single pixels along the outlines of parts.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from capsules.pack import builtin_avatar
from compositor import select
from compositor.backend import Compositor
from compositor.drawlist import Camera, DrawList, FrameSize, Light, PartTransform
from compositor.errors import BackendUnavailableError, DeviceLostError, UnknownAvatarError
from compositor.light import directional
from compositor.numba_backend import NumbaCompositor
from compositor.probe import read_probe
from tests.unit.avatars import synthetic_avatar

pytestmark = pytest.mark.vulkan

SIZE = FrameSize(256, 256)
BASES = tuple((f"b{k:02d}", 0.6) for k in range(16))
MOVES = (PartTransform("handLeft", 10.0, -80.0, 20.0, 1.1),)
CASES = {
    "rest": DrawList("synthetic", SIZE),
    "bases and probe": DrawList("synthetic", SIZE, BASES, MOVES, probe=4711),
    "camera": DrawList("synthetic", FrameSize(360, 640), BASES, camera=Camera(30, -20, 1.3, 5)),
    "light": DrawList("synthetic", SIZE, BASES, MOVES, light=Light(directional(1.0, 1.0, 0.8))),
    "grade": DrawList("synthetic", SIZE, light=Light((), 0.4, 0.6, 1.2)),
    "bytes that fill no word": DrawList("synthetic", FrameSize(130, 130), BASES),
    "beyond the background": DrawList("synthetic", SIZE, camera=Camera(zoom=0.5)),
}


def open_gpu() -> Compositor:
    """On the software adapter if there is one: it draws the same everywhere."""
    names = select.adapter_names()
    return select.open_compositor("gpu", next((n for n in names if "llvmpipe" in n), names[0]))


@pytest.fixture(scope="module")
def gpu() -> Iterator[Compositor]:
    compositor = open_gpu()
    compositor.load(synthetic_avatar(0.5))
    yield compositor
    compositor.close()


@pytest.fixture(scope="module")
def cpu() -> Iterator[Compositor]:
    compositor = NumbaCompositor()
    compositor.load(synthetic_avatar(0.5))
    yield compositor
    compositor.close()


@pytest.mark.parametrize("case", CASES)
def test_both_backends_draw_the_same_picture(gpu: Compositor, cpu: Compositor, case: str) -> None:
    on_gpu, on_cpu = gpu.render([CASES[case]])[0], cpu.render([CASES[case]])[0]
    assert on_gpu.shape == on_cpu.shape
    difference = np.abs(on_gpu.astype(np.int64) - on_cpu)
    assert difference.mean() <= 1.0
    assert np.percentile(difference, 99.9) <= 8


def test_both_backends_draw_the_same_mira(gpu: Compositor, cpu: Compositor, tmp_path: Path) -> None:
    mira = builtin_avatar("mira", tmp_path)
    weights = tuple((name, 0.5) for name in sorted(mira.basis_names)[::5])
    light = Light(directional(-0.8, 0.6, 0.7), 0.2, 0.3, 1.1)
    draw_list = DrawList("mira", FrameSize(512, 512), weights, MOVES, Camera(0, 0, 1.2), light)
    for compositor in (gpu, cpu):
        compositor.load(mira)
    on_gpu, on_cpu = gpu.render([draw_list])[0], cpu.render([draw_list])[0]
    difference = np.abs(on_gpu.astype(np.int64) - on_cpu)
    assert difference.mean() <= 1.0
    assert np.percentile(difference, 99.9) <= 8


def test_a_batch_of_all_sizes_gives_the_frames_of_single_calls(gpu: Compositor) -> None:
    draw_lists = [*CASES.values(), *reversed(CASES.values())]
    batch = gpu.render(draw_lists)
    for draw_list, frame in zip(draw_lists, batch, strict=True):
        np.testing.assert_array_equal(frame, gpu.render([draw_list])[0])


def test_avatars_mix_in_one_call(gpu: Compositor) -> None:
    other = synthetic_avatar(0.25)
    other = type(other)("other", 1024, other.parts[:2], other.provenance)
    gpu.load(other)
    lists = [CASES["rest"], DrawList("other", SIZE), CASES["light"]]
    mixed = gpu.render(lists)
    for draw_list, frame in zip(lists, mixed, strict=True):
        np.testing.assert_array_equal(frame, gpu.render([draw_list])[0])
    assert (mixed[0] != mixed[1]).any()
    gpu.unload("other")
    with pytest.raises(UnknownAvatarError, match="'other'"):
        gpu.render(lists)


def test_probe_is_drawn_over_the_picture(gpu: Compositor) -> None:
    assert read_probe(gpu.render([CASES["bases and probe"]])[0]) == 4711


def test_no_draw_lists_give_no_frames(gpu: Compositor) -> None:
    assert gpu.render([]) == []


def test_odd_size_is_refused(gpu: Compositor) -> None:
    with pytest.raises(ValueError, match="255 x 256"):
        gpu.render([DrawList("synthetic", FrameSize(255, 256))])


def test_lost_device_is_reported_and_closing_it_is_no_error() -> None:
    from compositor.wgpu_backend import WgpuCompositor

    compositor = open_gpu()
    assert isinstance(compositor, WgpuCompositor)
    compositor.load(synthetic_avatar(0.25))
    compositor._open_device().destroy()
    with pytest.raises(DeviceLostError):
        compositor.render([CASES["rest"]])
    compositor.close()
    compositor.close()
    with pytest.raises(DeviceLostError, match="closed"):
        compositor.render([CASES["rest"]])


def test_software_adapter_is_taken_only_by_name() -> None:
    names = select.adapter_names()
    if not all("llvmpipe" in name for name in names):
        pytest.skip(f"there is other hardware than the software adapter: {names}")
    with pytest.raises(BackendUnavailableError, match=r"llvmpipe.*software adapter"):
        select.open_compositor("gpu")


def test_opening_a_gpu_leaves_stderr_clean(capfd: pytest.CaptureFixture[str]) -> None:
    open_gpu().close()
    assert capfd.readouterr().err == ""


def test_adapter_that_does_not_exist_is_named() -> None:
    with pytest.raises(BackendUnavailableError, match="'nonesuch'"):
        select.open_compositor("gpu", "nonesuch")
