"""Kernels where numba has no folder to cache them in, as in a read-only installation."""

import importlib.util
from pathlib import Path

import pytest
from numba.core.caching import FunctionCache

from capsules import index
from capsules.kernel import kernel


@pytest.fixture
def _without_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FunctionCache._impl_class, "_locator_classes", [])


@pytest.mark.usefixtures("_without_cache")
def test_kernel_runs_without_a_cache_folder() -> None:
    @kernel
    def doubled(value: float) -> float:
        return value * 2.0

    assert doubled(1.5) == 3.0


@pytest.mark.usefixtures("_without_cache")
def test_index_can_be_imported_without_a_cache_folder() -> None:
    spec = importlib.util.spec_from_file_location("index_again", Path(index.__file__))
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
