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

from compositor.adapter import Adapter
from compositor.backend import Compositor
from compositor.errors import BackendUnavailableError
from compositor.numba_backend import NumbaCompositor
from compositor.pages import CacheOptions

__all__ = ["Preference", "adapter_names", "adapters", "open_compositor"]

Preference = Literal["auto", "gpu", "cpu"]

# What Linux shows of a GPU: DRM, NVIDIA's own driver, Windows' subsystem.
_GPU_NODES = ("dri/renderD*", "nvidia[0-9]*", "dxg")

_log = logging.getLogger(__name__)


def open_compositor(
    preference: Preference, gpu: str | None = None, cache: CacheOptions | None = None
) -> Compositor:
    """Opens a compositor that is ready to draw.

    Compiling, or starting a device, takes seconds the first time: call it off the event loop, in
    the thread that will own the compositor or in one that hands it over.

    Args:
        preference: "auto" takes a hardware GPU where there is one and else the CPU; "gpu" and
            "cpu" take only that.
        gpu: Number of the adapter to use, or part of its name in any case. Only with it is a
            software adapter accepted, and with it "auto" takes no other and not the CPU either.
        cache: How its texture cache behaves; None: as offline rendering needs.

    Raises:
        BackendUnavailableError: A GPU was asked for and there is no such adapter.
        ValueError: The preference is none of the three.
    """
    if preference not in ("auto", "gpu", "cpu"):
        raise ValueError(f"backend {preference!r}: expected auto, gpu or cpu")
    if preference == "cpu" or (preference == "auto" and gpu is None and not _gpu_is_likely()):
        return _open_cpu(cache)
    try:
        return _open_gpu(gpu, cache)
    except BackendUnavailableError as error:
        if preference == "gpu" or gpu is not None:
            raise
        _log.info("drawing on the CPU: %s", error)
        return _open_cpu(cache)


def adapters() -> tuple[Adapter, ...]:
    """The graphics adapters that `open_compositor` accepts, software ones among them.

    Raises:
        BackendUnavailableError: They cannot be asked for; the message says why.
    """
    found: tuple[Adapter, ...] = _load("compositor.wgpu_adapter").adapters()
    return found


def adapter_names() -> tuple[str, ...]:
    """The names of `adapters`; none where they cannot be asked for."""
    try:
        return tuple(one.name for one in adapters())
    except BackendUnavailableError:
        return ()


def _gpu_is_likely(devices: Path = Path("/dev")) -> bool:
    """Whether it is worth 60 MB and 0.3 s to load the drivers and ask them."""
    if not sys.platform.startswith("linux"):
        return True
    return any(next(devices.glob(pattern), None) for pattern in _GPU_NODES)


def _open_cpu(cache: CacheOptions | None) -> Compositor:
    compositor = NumbaCompositor(cache)
    compositor.warm()
    return compositor


def _open_gpu(gpu: str | None, cache: CacheOptions | None) -> Compositor:
    compositor: Compositor = _load("compositor.wgpu_backend").create(gpu, cache)
    return compositor


def _load(module: str) -> ModuleType:
    """One of this package's modules that need wgpu."""
    try:
        importlib.import_module("wgpu")
    except (ImportError, OSError) as error:
        raise BackendUnavailableError(f"wgpu cannot be loaded here: {error}") from error
    return importlib.import_module(module)
