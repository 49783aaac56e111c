import pytest

from compositor.adapter import Adapter
from compositor.errors import BackendUnavailableError
from compositor.wgpu_adapter import check_limits, choose

FOUND = (
    Adapter(0, "llvmpipe (LLVM 15.0.6)", "CPU", "Vulkan"),
    Adapter(1, "Iris Xe Graphics", "IntegratedGPU", "Vulkan"),
    Adapter(2, "GeForce RTX 4090", "DiscreteGPU", "Vulkan"),
)
# What WebGPU promises of every device.
PROMISED = {
    "max-texture-dimension-2d": 8192,
    "max-texture-array-layers": 256,
    "max-bindings-per-bind-group": 1000,
    "max-storage-buffers-per-shader-stage": 8,
    "max-sampled-textures-per-shader-stage": 16,
    "max-storage-textures-per-shader-stage": 4,
    "max-storage-buffer-binding-size": 134_217_728,
    "max-buffer-size": 268_435_456,
    "max-compute-invocations-per-workgroup": 256,
    "max-compute-workgroups-per-dimension": 65_535,
}


@pytest.mark.parametrize(
    ("wanted", "index"),
    [(None, 2), ("0", 0), ("1", 1), ("iris", 1), ("LLVM", 0), ("rtx 4090", 2), ("4090", 2)],
)
def test_adapter_is_chosen_by_number_or_part_of_its_name(wanted: str | None, index: int) -> None:
    assert choose(FOUND, wanted).index == index


@pytest.mark.parametrize("wanted", ["3", "-1", "arc"])
def test_adapter_that_is_not_there_is_named_among_those_that_are(wanted: str) -> None:
    with pytest.raises(BackendUnavailableError) as failure:
        choose(FOUND, wanted)
    message = str(failure.value)
    assert repr(wanted) in message
    for one in FOUND:
        assert f"{one.index}: {one.name} ({one.kind}, Vulkan)" in message


def test_software_adapter_is_never_taken_unasked() -> None:
    with pytest.raises(BackendUnavailableError, match=r"0: llvmpipe.*Name a software adapter"):
        choose(FOUND[:1], None)
    with pytest.raises(BackendUnavailableError, match="found: none"):
        choose((), None)


def test_what_webgpu_promises_is_enough() -> None:
    check_limits("any", PROMISED)


@pytest.mark.parametrize("limit", PROMISED)
def test_limit_that_is_too_small_is_named(limit: str) -> None:
    with pytest.raises(BackendUnavailableError, match=f"old card: its {limit} is 0, drawing needs"):
        check_limits("old card", PROMISED | {limit: 0})
