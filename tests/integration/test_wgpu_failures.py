"""The GPU backend when its device fails: while it is opened, and between the runs of a call."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
import wgpu  # type: ignore[import-untyped] # it ships no type information

from compositor import select, wgpu_adapter, wgpu_backend
from compositor.drawlist import DrawList, FrameSize
from compositor.errors import BackendUnavailableError, DeviceLostError, RenderError
from compositor.wgpu_backend import WgpuCompositor
from compositor.wgpu_convert import Converter
from compositor.wgpu_pipelines import Pipelines
from compositor.wgpu_readback import Readback, limit_s
from tests.golden.agreement import open_gpu
from tests.unit.avatars import synthetic_avatar

pytestmark = pytest.mark.vulkan

LIST = DrawList("synthetic", FrameSize(256, 256))
LIMIT_S = 0.2


@pytest.fixture
def gpu() -> Iterator[WgpuCompositor]:
    compositor = open_gpu()
    assert isinstance(compositor, WgpuCompositor)
    compositor.load(synthetic_avatar(0.25))
    yield compositor
    compositor.close()


@pytest.fixture
def software(monkeypatch: pytest.MonkeyPatch) -> list[wgpu.GPUDevice]:
    """Software adapters pass for hardware; the devices that have been opened."""
    opened: list[wgpu.GPUDevice] = []
    open_device = wgpu_adapter.open_device

    def opening(wanted: str | None) -> tuple[wgpu.GPUDevice, str]:
        device, name = open_device(wanted)
        opened.append(device)
        return device, name

    monkeypatch.setattr(wgpu_adapter, "_HARDWARE", ("DiscreteGPU", "CPU"))
    monkeypatch.setattr(wgpu_backend, "open_device", opening)
    monkeypatch.setattr(select, "_gpu_is_likely", lambda: True)
    return opened


@pytest.mark.parametrize(
    "error", [wgpu.GPUValidationError("no such format"), RuntimeError("driver")], ids=repr
)
def test_device_whose_shaders_do_not_compile_is_given_back_for_the_cpu(
    software: list[wgpu.GPUDevice], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Pipelines, "__init__", fail)
    with pytest.raises(BackendUnavailableError, match=str(error)) as failure:
        select.open_compositor("gpu")
    assert failure.value.__cause__ is error
    with pytest.raises(wgpu.GPUError):
        software[0].create_buffer(size=4, usage=wgpu.BufferUsage.COPY_DST)
    compositor = select.open_compositor("auto")
    assert compositor.name == "numba (CPU)"
    compositor.close()


def test_run_is_asked_back_before_the_next_is_submitted(
    gpu: WgpuCompositor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    encoded = Converter.copy

    def copy(self: Converter, encoder: wgpu.GPUCommandEncoder) -> Readback:
        seen.append("encode")
        return encoded(self, encoder)

    monkeypatch.setattr(Converter, "copy", copy)
    for name in ("map", "wait", "read"):
        monkeypatch.setattr(Readback, name, _noted(name, seen))
    gpu._most_lists = 1
    assert len(gpu.render([LIST] * 3)) == 3
    one = ["encode", "wait", "map", "read", "wait"]  # reading waits too, and need not
    assert seen == ["encode", "map", *one, *one, "read", "wait"]


def _noted(name: str, seen: list[str]) -> object:
    method = getattr(Readback, name)

    def noted(self: Readback) -> object:
        seen.append(name)
        return method(self)

    return noted


def test_call_that_failed_between_its_runs_leaves_the_next_whole(
    gpu: WgpuCompositor, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu._most_lists = 1
    before = gpu.render([LIST] * 3)
    with monkeypatch.context() as broken:
        waits: list[Readback] = []

        def fail(self: Readback) -> None:
            waits.append(self)
            raise RuntimeError("refused")

        broken.setattr(Readback, "wait", fail)
        with pytest.raises(RenderError, match="refused"):
            gpu.render([LIST] * 3)
        assert waits
    for one, other in zip(gpu.render([LIST] * 3), before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("lists", [1, 3])
def test_device_destroyed_while_a_run_is_drawn_is_lost(
    gpu: WgpuCompositor, monkeypatch: pytest.MonkeyPatch, lists: int
) -> None:
    gpu._most_lists = 1
    gpu._converter._limit_s = LIMIT_S
    ask = Readback.map

    def ask_and_destroy(self: Readback) -> None:
        ask(self)
        gpu._open_device().destroy()

    monkeypatch.setattr(Readback, "map", ask_and_destroy)
    with pytest.raises(DeviceLostError):
        gpu.render([LIST] * lists)


@pytest.mark.parametrize("lists", [1, 3])
def test_gpu_that_hangs_is_lost_and_left_alone(
    gpu: WgpuCompositor, monkeypatch: pytest.MonkeyPatch, lists: int
) -> None:
    gpu.render([LIST])
    gpu._most_lists = 1
    gpu._converter._limit_s = LIMIT_S
    device = gpu._open_device()
    answering, poll = threading.Event(), device._poller._poll_func
    monkeypatch.setattr(wgpu_backend, "_hung", [])
    device._poller._poll_func = lambda _block: answering.wait()
    with pytest.raises(DeviceLostError, match=r"0\.2 s"):
        gpu.render([LIST] * lists)
    gpu.close()
    with pytest.raises(DeviceLostError):
        gpu.render([LIST])
    device.create_buffer(size=4, usage=wgpu.BufferUsage.COPY_DST)  # it was not destroyed
    assert wgpu_backend._hung == [device]
    device._poller._poll_func = poll
    answering.set()
    device.destroy()


@pytest.mark.parametrize(("kind", "least", "most"), [("DiscreteGPU", 0.5, 2.0), ("CPU", 20, 120)])
def test_gpu_is_waited_for_briefly_and_a_software_adapter_patiently(
    kind: str, least: float, most: float
) -> None:
    device = SimpleNamespace(adapter=SimpleNamespace(info={"adapter_type": kind}))
    assert least <= limit_s(device) <= most
