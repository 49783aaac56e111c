import importlib
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from compositor import kernels, select
from compositor.adapter import Adapter
from compositor.errors import BackendUnavailableError
from compositor.pages import CacheOptions
from compositor.select import Preference, open_compositor

ADAPTERS = (
    Adapter(0, "arc", "DiscreteGPU", "Vulkan"),
    Adapter(1, "llvmpipe", "CPU", "Vulkan"),
)


CACHE = CacheOptions(budget_bytes=123)


def no_gpu(wanted: str | None, _cache: CacheOptions | None) -> None:
    raise BackendUnavailableError(f"no adapter like {wanted!r}")


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What select imports on demand, by name; what is not there fails to load."""
    found: dict[str, object] = {}
    kernels.warm()  # numba imports on demand too

    def import_module(name: str) -> object:
        if name not in found:
            raise ImportError(f"no {name}")
        return found[name]

    monkeypatch.setattr(importlib, "import_module", import_module)
    monkeypatch.setattr(select, "_gpu_is_likely", lambda: True)
    return found


def test_cpu_path_does_not_load_wgpu() -> None:
    code = (
        "import sys; from compositor.select import open_compositor; "
        "print(open_compositor('cpu').name, 'wgpu' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "numba (CPU) False"
    assert done.stderr == ""


def test_auto_takes_the_gpu_where_there_is_one(modules: dict[str, object]) -> None:
    gpu = SimpleNamespace(name="wgpu (fake)")
    modules["wgpu"] = object()
    modules["compositor.wgpu_backend"] = SimpleNamespace(create=lambda _wanted, _cache: gpu)
    assert open_compositor("auto") is cast("object", gpu)


def test_cache_options_reach_the_backend(modules: dict[str, object]) -> None:
    given: list[CacheOptions | None] = []
    modules["wgpu"] = object()
    modules["compositor.wgpu_backend"] = SimpleNamespace(
        create=lambda _wanted, cache: given.append(cache)
    )
    open_compositor("gpu", None, CACHE)
    open_compositor("gpu")
    assert given == [CACHE, None]
    assert open_compositor("cpu", cache=CACHE).cache_stats().budget_bytes == 123


def test_auto_falls_back_to_the_cpu(modules: dict[str, object]) -> None:
    modules["wgpu"] = object()
    modules["compositor.wgpu_backend"] = SimpleNamespace(create=no_gpu)
    assert open_compositor("auto").name == "numba (CPU)"


def test_auto_with_a_gpu_that_is_not_there_is_an_error(modules: dict[str, object]) -> None:
    modules["wgpu"] = object()
    modules["compositor.wgpu_backend"] = SimpleNamespace(create=no_gpu)
    with pytest.raises(BackendUnavailableError, match="no adapter like '7'"):
        open_compositor("auto", "7")


def test_auto_without_wgpu_falls_back_to_the_cpu(modules: dict[str, object]) -> None:
    assert not modules
    assert open_compositor("auto").name == "numba (CPU)"


def test_gpu_without_one_is_an_error(modules: dict[str, object]) -> None:
    with pytest.raises(BackendUnavailableError, match="wgpu cannot be loaded"):
        open_compositor("gpu")
    modules["wgpu"] = object()
    modules["compositor.wgpu_backend"] = SimpleNamespace(create=no_gpu)
    with pytest.raises(BackendUnavailableError, match="no adapter like 'arc'"):
        open_compositor("gpu", "arc")


def test_adapters_are_named_where_there_are_any(modules: dict[str, object]) -> None:
    assert select.adapter_names() == ()
    modules["wgpu"] = object()
    modules["compositor.wgpu_adapter"] = SimpleNamespace(adapters=lambda: ADAPTERS)
    assert select.adapters() == ADAPTERS
    assert select.adapter_names() == ("arc", "llvmpipe")


def test_unknown_preference_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'vulkan'.*auto, gpu or cpu"):
        open_compositor(cast("Preference", "vulkan"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's device files")
def test_gpu_is_likely_where_linux_shows_a_device(tmp_path: Path) -> None:
    assert not select._gpu_is_likely(tmp_path)
    (tmp_path / "dri").mkdir()
    (tmp_path / "dri" / "card0").touch()
    assert not select._gpu_is_likely(tmp_path)
    (tmp_path / "dri" / "renderD128").touch()
    assert select._gpu_is_likely(tmp_path)
