"""Which backend to draw with.

wgpu is imported only where a GPU is looked for: on the CPU path it would cost start-up time and
wake drivers that may be broken.
"""

import importlib
import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import Literal

from compositor.backend import Compositor
from compositor.errors import BackendUnavailableError
from compositor.numba_backend import NumbaCompositor

__all__ = ["Preference", "adapter_names", "open_compositor"]

Preference = Literal["auto", "gpu", "cpu"]

# What Linux shows of a GPU: DRM, NVIDIA's own driver, Windows' subsystem.
_GPU_NODES = ("dri/renderD*", "nvidia[0-9]*", "dxg")

_log = logging.getLogger(__name__)


def open_compositor(preference: Preference, adapter_name: str | None = None) -> Compositor:
    """Opens a compositor that is ready to draw.

    Compiling, or starting a device, takes seconds the first time: call it off the event loop, in
    the thread that will own the compositor or in one that hands it over.

    Args:
        preference: "auto" takes a hardware GPU where there is one and else the CPU; "gpu" and
            "cpu" take only that.
        adapter_name: Part of the name of the GPU adapter to use, in any case; only with it is a
            software adapter accepted.

    Raises:
        BackendUnavailableError: "gpu" was asked for and there is no such adapter.
        ValueError: The preference is none of the three.
    """
    if preference not in ("auto", "gpu", "cpu"):
        raise ValueError(f"backend {preference!r}: expected auto, gpu or cpu")
    if preference == "cpu" or (
        preference == "auto" and adapter_name is None and not _gpu_is_likely()
    ):
        return _open_cpu()
    try:
        return _open_gpu(adapter_name)
    except BackendUnavailableError as error:
        if preference == "gpu":
            raise
        _log.info("drawing on the CPU: %s", error)
        return _open_cpu()


def adapter_names() -> tuple[str, ...]:
    """The graphics adapters that "gpu" accepts by name, software ones among them."""
    try:
        names: tuple[str, ...] = _load("compositor.wgpu_adapter").adapter_names()
    except BackendUnavailableError:
        return ()
    return names


def _gpu_is_likely(devices: Path = Path("/dev")) -> bool:
    """Whether it is worth 60 MB and 0.3 s to load the drivers and ask them."""
    if not sys.platform.startswith("linux"):
        return True
    return any(next(devices.glob(pattern), None) for pattern in _GPU_NODES)


def _open_cpu() -> Compositor:
    compositor = NumbaCompositor()
    compositor.warm()
    return compositor


def _open_gpu(adapter_name: str | None) -> Compositor:
    compositor: Compositor = _load("compositor.wgpu_backend").create(adapter_name)
    return compositor


def _load(module: str) -> ModuleType:
    """One of this package's modules that need wgpu."""
    try:
        importlib.import_module("wgpu")
    except (ImportError, OSError) as error:
        raise BackendUnavailableError(f"wgpu cannot be loaded here: {error}") from error
    return importlib.import_module(module)
