"""Finding the GPU, and opening its device."""

import contextlib
import logging
from collections.abc import Sequence

import wgpu  # type: ignore[import-untyped] # it ships no type information
from wgpu.backends.wgpu_native.extras import (  # type: ignore[import-untyped] # as above
    set_instance_extras,
)

from capsules.native_stderr import native_stderr_to_log
from compositor.adapter import Adapter
from compositor.errors import BackendUnavailableError

__all__ = ["TIMESTAMPS", "adapters", "check_limits", "choose", "open_device"]

TIMESTAMPS = "timestamp-query"
"""The feature that GPU times need; a device has it where its adapter does."""

_log = logging.getLogger(__name__)

_HARDWARE = ("DiscreteGPU", "IntegratedGPU", "VirtualGPU")  # in order of preference

# What the shaders bind, a 4096-pixel frame, and a batch of 64 need; every WebGPU device has it.
_LEAST = {
    "max-texture-dimension-2d": 4096,
    "max-texture-array-layers": 64,
    "max-bindings-per-bind-group": 10,
    "max-storage-buffers-per-shader-stage": 6,
    "max-sampled-textures-per-shader-stage": 3,
    "max-storage-textures-per-shader-stage": 1,
    "max-storage-buffer-binding-size": 1 << 27,
    "max-buffer-size": 1 << 27,
    "max-compute-invocations-per-workgroup": 64,
    "max-compute-workgroups-per-dimension": 65_535,
}


def open_device(wanted: str | None) -> tuple[wgpu.GPUDevice, str]:
    """A device, and its adapter's name for people.

    Args:
        wanted: Number or part of the name of the adapter, as in `choose`.

    Raises:
        BackendUnavailableError: There is none, it is too small, or it will not open.
    """
    try:
        with _drivers_quietened():
            found = _find()
            chosen = choose(_described(found), wanted)
            adapter = found[chosen.index]
            check_limits(chosen.name, adapter.limits)
            features = [TIMESTAMPS] if TIMESTAMPS in adapter.features else []
            device = adapter.request_device_sync(label="capsulecast", required_features=features)
    except (RuntimeError, wgpu.GPUError) as error:
        raise BackendUnavailableError(f"the GPU cannot be opened: {error}") from error
    return device, chosen.name


def adapters() -> tuple[Adapter, ...]:
    """The adapters that there are, software ones among them.

    Raises:
        BackendUnavailableError: They cannot be asked for.
    """
    try:
        with _drivers_quietened():
            return _described(_find())
    except (RuntimeError, wgpu.GPUError) as error:
        raise BackendUnavailableError(f"no graphics adapter can be found: {error}") from error


def choose(found: Sequence[Adapter], wanted: str | None) -> Adapter:
    """The adapter that is meant.

    Args:
        found: What there is.
        wanted: The number of an adapter, or part of its name in any case; None takes the best
            hardware GPU and never a software one.

    Raises:
        BackendUnavailableError: There is none; the message lists what there is.
    """
    listed = ", ".join(f"{one.index}: {one.name} ({one.kind}, {one.backend})" for one in found)
    if wanted is not None:
        if wanted.isdecimal() and int(wanted) < len(found):
            return found[int(wanted)]
        for one in found:
            if wanted.lower() in one.name.lower():
                return one
        raise BackendUnavailableError(
            f"no graphics adapter has the number or a name like {wanted!r}; "
            f"found: {listed or 'none'}"
        )
    for kind in _HARDWARE:
        for one in found:
            if one.kind == kind:
                return one
    raise BackendUnavailableError(
        f"no hardware GPU with a Vulkan, Metal or Direct3D 12 driver; found: {listed or 'none'}. "
        "Name a software adapter to use it all the same, or draw on the CPU."
    )


def check_limits(name: str, limits: dict[str, int]) -> None:
    """Refuses an adapter that cannot hold what drawing takes.

    Raises:
        BackendUnavailableError: A limit is too small; the message names it.
    """
    for limit, least in _LEAST.items():
        if limits[limit] < least:
            raise BackendUnavailableError(
                f"{name}: its {limit} is {limits[limit]}, drawing needs {least}"
            )


def _find() -> list[wgpu.GPUAdapter]:
    with contextlib.suppress(RuntimeError):  # the process has looked for adapters before
        # Without OpenGL, whose software adapter would be found a second time.
        # Timestamps are to be in nanoseconds, whatever the GPU counts in.
        flags = ("Default", "AutomaticTimestampNormalization")
        set_instance_extras(backends=("Primary",), flags=flags)
    found: list[wgpu.GPUAdapter] = wgpu.gpu.enumerate_adapters_sync()
    return found


def _described(found: Sequence[wgpu.GPUAdapter]) -> tuple[Adapter, ...]:
    infos = [adapter.info for adapter in found]
    return tuple(
        Adapter(index, str(info["device"]), str(info["adapter_type"]), str(info["backend_type"]))
        for index, info in enumerate(infos)
    )


def _drivers_quietened() -> contextlib.AbstractContextManager[None]:
    """Mesa's device-select layer complains on stderr that no desktop is running."""
    return native_stderr_to_log(_log, "opening the GPU")
