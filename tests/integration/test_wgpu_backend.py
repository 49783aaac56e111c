"""The GPU backend against the CPU backend, on Mesa's software adapter."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from capsules.library import load_library
from capsules.pack import builtin_avatar
from compositor import select, wgpu_convert, wgpu_timing
from compositor.backend import I420, Compositor
from compositor.drawlist import Camera, DrawList, FrameSize, Light, PartTransform
from compositor.errors import (
    BackendUnavailableError,
    DeviceLostError,
    RenderError,
    UnknownAvatarError,
)
from compositor.light import directional
from compositor.numba_backend import NumbaCompositor
from compositor.probe import read_probe
from compositor.stages import STAGES, StageTimed
from compositor.wgpu_backend import WgpuCompositor
from compositor.wgpu_buffer import GrowingBuffer
from compositor.wgpu_convert import Converter
from tests.golden.agreement import assert_the_same_picture, open_gpu
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
    "coverage": DrawList("synthetic", SIZE, BASES, MOVES, probe=4711, coverage=True),
    "coverage and grade": DrawList(
        "synthetic", FrameSize(130, 258), light=Light((), 0.4, 0.6, 1.2), coverage=True
    ),
    "beyond the background": DrawList("synthetic", SIZE, camera=Camera(zoom=0.5)),
}


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
    assert_the_same_picture(gpu.render([CASES[case]])[0], cpu.render([CASES[case]])[0])


def test_both_backends_draw_the_same_corrective(gpu: Compositor, cpu: Compositor) -> None:
    avatar = synthetic_avatar(0.5)
    parts = [
        replace(
            part,
            bases={
                name: replace(basis, drivers=("b00", "b01")) if name == "b07" else basis
                for name, basis in part.bases.items()
            },
        )
        for part in avatar.parts
    ]
    for compositor in (gpu, cpu):
        compositor.load(replace(avatar, name="corrected", parts=tuple(parts)))
    weights = (("b00", 0.9), ("b01", 0.9))
    frames = [
        compositor.render([DrawList(name, SIZE, given)])[0]
        for name, given in (
            ("corrected", weights), ("synthetic", weights), ("synthetic", (*weights, ("b07", 0.81)))
        )
        for compositor in (gpu, cpu)
    ]  # fmt: skip
    assert_the_same_picture(frames[0], frames[1])
    np.testing.assert_array_equal(frames[1], frames[5])
    assert np.abs(frames[1].astype(np.int64) - frames[3]).max() > 10


@pytest.fixture(scope="module")
def mira(
    gpu: Compositor, cpu: Compositor, tmp_path_factory: pytest.TempPathFactory
) -> frozenset[str]:
    """The names of Mira's bases; both backends know her."""
    avatar = builtin_avatar("mira", tmp_path_factory.mktemp("avatars"))
    for compositor in (gpu, cpu):
        compositor.load(avatar)
    return avatar.basis_names


def test_both_backends_draw_the_same_mira_large_and_lit(
    gpu: Compositor, cpu: Compositor, mira: frozenset[str]
) -> None:
    weights = tuple((name, 0.5) for name in sorted(mira)[::5])
    light = Light(directional(-0.8, 0.6, 0.7), 0.2, 0.3, 1.1)
    draw_list = DrawList("mira", FrameSize(512, 512), weights, MOVES, Camera(0, 0, 1.2), light)
    assert_the_same_picture(gpu.render([draw_list])[0], cpu.render([draw_list])[0])


JOY = tuple(
    (track.target, track.curve[-1][1]) for track in load_library().capsule("VF_JOY_HIGH").tracks
)
RAISED = (
    PartTransform("handLeft", -40.0, -260.0, 15.0),
    PartTransform("handRight", 40.0, -260.0, -15.0),
)
POSES: dict[str, tuple[tuple[tuple[str, float], ...], tuple[PartTransform, ...]]] = {
    "neutral": ((), ()),
    "high joy": (JOY, ()),
    "both eyes closed": ((("eyeBlinkLeft", 1.0), ("eyeBlinkRight", 1.0)), ()),
    "open smile": ((("jawOpen", 0.8), ("mouthSmileLeft", 0.9), ("mouthSmileRight", 0.9)), ()),
    "hands raised": ((), RAISED),
    "head turned to the left": ((("headYaw", 1.0),), ()),
    "head turned to the right": ((("headYaw", -1.0),), ()),
}


@pytest.mark.parametrize("pose", POSES)
def test_both_backends_draw_the_same_pose_of_mira(
    gpu: Compositor, cpu: Compositor, mira: frozenset[str], pose: str
) -> None:
    weights, transforms = POSES[pose]
    assert {name for name, _ in weights} <= mira
    rest, posed = DrawList("mira", SIZE), DrawList("mira", SIZE, weights, transforms)
    on_cpu = cpu.render([posed])[0]
    assert_the_same_picture(gpu.render([posed])[0], on_cpu)
    if pose != "neutral":  # a pose that shows nothing would compare nothing
        assert np.abs(on_cpu.astype(np.int64) - cpu.render([rest])[0]).max() > 40


def assert_equal_but_for_rounding(one: I420, other: I420) -> None:
    """A frame's place in the picture is in the rounding of what is interpolated over it."""
    assert one.shape == other.shape
    difference = np.abs(one.astype(np.int64) - other)
    assert difference.max() <= 1
    assert np.count_nonzero(difference) <= difference.size / 1000


def test_a_batch_of_all_sizes_gives_the_frames_of_single_calls(gpu: Compositor) -> None:
    draw_lists = [*CASES.values(), *reversed(CASES.values())]
    batch = gpu.render(draw_lists)
    for draw_list, frame in zip(draw_lists, batch, strict=True):
        assert_equal_but_for_rounding(frame, gpu.render([draw_list])[0])


def test_the_same_call_gives_the_same_bytes(gpu: Compositor) -> None:
    draw_lists = list(CASES.values())
    for one, other in zip(gpu.render(draw_lists), gpu.render(draw_lists), strict=True):
        np.testing.assert_array_equal(one, other)


def test_avatars_mix_in_one_call(gpu: Compositor) -> None:
    other = synthetic_avatar(0.25)
    other = type(other)("other", 1024, other.parts[:2], other.provenance)
    gpu.load(other)
    lists = [CASES["rest"], DrawList("other", SIZE), CASES["light"]]
    mixed = gpu.render(lists)
    for draw_list, frame in zip(lists, mixed, strict=True):
        assert_equal_but_for_rounding(frame, gpu.render([draw_list])[0])
    assert (mixed[0] != mixed[1]).any()


def test_avatar_that_is_not_loaded_is_named(gpu: Compositor) -> None:
    with pytest.raises(UnknownAvatarError, match="'nobody'"):
        gpu.render([CASES["rest"], DrawList("nobody", SIZE)])


def test_probe_is_drawn_over_the_picture(gpu: Compositor) -> None:
    assert read_probe(gpu.render([CASES["bases and probe"]])[0]) == 4711


def test_no_draw_lists_give_no_frames(gpu: Compositor) -> None:
    assert gpu.render([]) == []


def test_odd_size_is_refused(gpu: Compositor) -> None:
    with pytest.raises(ValueError, match="255 x 256"):
        gpu.render([DrawList("synthetic", FrameSize(255, 256))])


def test_call_larger_than_a_buffer_may_be_is_drawn(gpu: Compositor) -> None:
    assert isinstance(gpu, WgpuCompositor)
    large = DrawList("synthetic", FrameSize(1920, 1920))
    count = gpu._most_bytes // Converter.cost_bytes(large.size) + 2
    if count > 30:
        pytest.skip(f"this device binds {gpu._most_bytes} bytes, which takes long to fill")
    frames = gpu.render([CASES["rest"], *[large] * count, CASES["grade"]])
    assert len(frames) == count + 2
    for drawn, alone in ((0, CASES["rest"]), (count, large), (-1, CASES["grade"])):
        assert_equal_but_for_rounding(frames[drawn], gpu.render([alone])[0])


@pytest.mark.parametrize(("limit", "most"), [("_most_bytes", 400_000), ("_most_lists", 2)])
def test_call_in_many_parts_gives_the_same_frames(
    gpu: Compositor, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    draw_lists = list(CASES.values())
    whole = gpu.render(draw_lists)
    monkeypatch.setattr(gpu, limit, most)
    for one, other in zip(whole, gpu.render(draw_lists), strict=True):
        assert_equal_but_for_rounding(one, other)


@pytest.mark.parametrize(
    "buffer_of",
    [
        lambda compositor: compositor._converter._frames,
        lambda compositor: compositor._batches["synthetic"]._points,
    ],
    ids=["frames", "points"],
)
def test_what_the_gpu_refuses_is_an_error_that_it_survives(
    buffer_of: Callable[[WgpuCompositor], GrowingBuffer],
) -> None:
    compositor = open_gpu()
    assert isinstance(compositor, WgpuCompositor)
    compositor.load(synthetic_avatar(0.25))
    before = compositor.render([CASES["rest"]])[0]
    buffer = buffer_of(compositor)
    whole, buffer._most_bytes = buffer._most_bytes, buffer.buffer.size
    many = [CASES["bases and probe"]] * 40
    with pytest.raises(RenderError):
        compositor.render(many)
    np.testing.assert_array_equal(compositor.render([CASES["rest"]])[0], before)
    buffer._most_bytes = whole
    assert len(compositor.render(many)) == len(many)
    compositor.close()


def test_failed_validation_is_no_lost_device(
    gpu: Compositor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(gpu, WgpuCompositor)
    before = gpu.render([CASES["rest"]])[0]
    with monkeypatch.context() as broken:
        broken.setattr(wgpu_convert, "PICTURE_FORMAT", "depth32float")
        with pytest.raises(RenderError, match="alidation"):
            gpu.render([DrawList("synthetic", FrameSize(128, 2050))])
    np.testing.assert_array_equal(gpu.render([CASES["rest"]])[0], before)


def test_pictures_do_not_pile_up(gpu: Compositor) -> None:
    assert isinstance(gpu, WgpuCompositor)
    pictures = gpu._converter._pictures
    for width in (128, 512, 1024, 2048):
        for height in (128, 512, 1024):
            gpu.render([DrawList("synthetic", FrameSize(width, height))])
    assert len(pictures) == 8
    assert set(gpu._converter._groups) <= set(pictures.values())


def test_calls_make_nothing_of_the_gpu_once_it_has_drawn_the_like(
    gpu: Compositor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(gpu, WgpuCompositor)
    calls = [list(CASES.values()), [CASES["rest"]], [CASES["light"]] * 4]
    for call in calls:
        gpu.render(call)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("made anew")

    device = gpu._open_device()
    for name in ("create_buffer", "create_texture", "create_bind_group"):
        monkeypatch.setattr(type(device), name, refuse)
    for call in calls:
        assert len(gpu.render(call)) == len(call)


def test_stages_are_timed_when_asked_for() -> None:
    compositor = open_gpu()
    assert isinstance(compositor, WgpuCompositor)
    compositor.load(synthetic_avatar(0.5))
    assert isinstance(compositor, StageTimed)
    before = compositor.render([CASES["light"]])[0]
    assert set(compositor.stage_times().values()) == {0.0}
    compositor.time_stages(True)
    for _ in range(2):
        np.testing.assert_array_equal(compositor.render([CASES["light"]])[0], before)
    times = compositor.stage_times()
    assert set(times) == set(STAGES)
    assert min(times.values()) >= 0.0
    assert times["draw"] > 0.0
    assert times["readback"] > 0.0
    compositor.time_stages(False)
    compositor.render([CASES["light"]])
    assert set(compositor.stage_times().values()) == {0.0}
    compositor.close()


def test_adapter_without_timestamps_times_the_readback_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wgpu_timing, "TIMESTAMPS", "no-such-feature")
    compositor = open_gpu()
    assert isinstance(compositor, WgpuCompositor)
    compositor.load(synthetic_avatar(0.25))
    compositor.time_stages(True)
    compositor.render([CASES["rest"]])
    times = compositor.stage_times()
    assert times["readback"] > 0.0
    assert times["accumulate"] == times["draw"] == times["convert"] == 0.0
    compositor.close()


def test_lost_device_is_reported_and_closing_it_is_no_error() -> None:
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
