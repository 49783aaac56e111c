"""Finding the GPU, and opening its device."""

import contextlib
import logging
import os
import tempfile
from collections.abc import Iterator

import wgpu  # type: ignore[import-untyped] # it ships no type information
from wgpu.backends.wgpu_native.extras import (  # type: ignore[import-untyped] # as above
    set_instance_extras,
)

from compositor.errors import BackendUnavailableError

__all__ = ["adapter_names", "open_device"]

_log = logging.getLogger(__name__)

_STDERR = 2
_HARDWARE = ("DiscreteGPU", "IntegratedGPU")  # in order of preference


def open_device(adapter_name: str | None) -> tuple[wgpu.GPUDevice, str]:
    """A device, and its adapter's name for people.

    Args:
        adapter_name: Part of the adapter's name, in any case; None takes the best hardware GPU
            and never a software one.

    Raises:
        BackendUnavailableError: There is none, or it will not open.
    """
    try:
        with _drivers_quietened():
            adapter = _choose(_adapters(), adapter_name)
            device = adapter.request_device_sync(label="capsulecast")
    except (RuntimeError, wgpu.GPUError) as error:
        raise BackendUnavailableError(f"the GPU cannot be opened: {error}") from error
    return device, str(adapter.info["device"])


def adapter_names() -> tuple[str, ...]:
    """The adapters that there are, software ones among them.

    Raises:
        BackendUnavailableError: They cannot be asked for.
    """
    try:
        with _drivers_quietened():
            return tuple(str(adapter.info["device"]) for adapter in _adapters())
    except (RuntimeError, wgpu.GPUError) as error:
        raise BackendUnavailableError(f"no graphics adapter can be found: {error}") from error


def _adapters() -> list[wgpu.GPUAdapter]:
    with contextlib.suppress(RuntimeError):  # the process has looked for adapters before
        # Without OpenGL, whose software adapter would be found a second time.
        set_instance_extras(backends=("Primary",))
    found: list[wgpu.GPUAdapter] = wgpu.gpu.enumerate_adapters_sync()
    return found


@contextlib.contextmanager
def _drivers_quietened() -> Iterator[None]:
    """Sends what libraries write straight to stderr to the log instead.

    Mesa's device-select layer complains there that no desktop is running. The whole process's
    stderr is meant, so keep it short.
    """
    try:
        kept = os.dup(_STDERR)
    except OSError:  # there is no stderr
        yield
        return
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            written.seek(0)
            for line in written.read().decode(errors="replace").splitlines():
                _log.debug("while opening the GPU: %s", line)


def _choose(adapters: list[wgpu.GPUAdapter], adapter_name: str | None) -> wgpu.GPUAdapter:
    found = ", ".join(f"{a.info['device']} ({a.info['adapter_type']})" for a in adapters)
    if adapter_name is not None:
        for adapter in adapters:
            if adapter_name.lower() in str(adapter.info["device"]).lower():
                return adapter
        raise BackendUnavailableError(
            f"no graphics adapter named like {adapter_name!r}; found: {found or 'none'}"
        )
    for wanted in _HARDWARE:
        for adapter in adapters:
            if adapter.info["adapter_type"] == wanted:
                return adapter
    raise BackendUnavailableError(
        f"no hardware GPU with a Vulkan, Metal or Direct3D 12 driver; found: {found or 'none'}. "
        "Name a software adapter to use it all the same, or draw on the CPU."
    )
