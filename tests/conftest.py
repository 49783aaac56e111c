"""Which tests can run here: one that needs what is missing skips with a reason; in CI it fails."""

import importlib.util
import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings

from benchmarks.product import chromium_path

# How long an example takes is for benchmarks to say: here other tests may run beside it.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def _vulkan_missing() -> str | None:
    from compositor.select import adapter_names

    return None if adapter_names() else "no Vulkan adapter (Debian: mesa-vulkan-drivers)"


def _missing(marker: str) -> str | None:
    if marker == "browser":
        return None if chromium_path() else "no Chromium (Debian: chromium)"
    if marker == "vulkan":
        return _vulkan_missing()
    if marker == "node":
        return None if shutil.which("npm") else "no Node.js with npm (Debian: npm)"
    found = importlib.util.find_spec("espeakng_loader")
    return None if found else "the voice-espeak extra is not installed"


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Servers of tests leave nothing in the user's folder; flags of their own still win."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAPSULECAST_RECORD", "0")
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data-home")))
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    in_ci = bool(os.environ.get("CI"))
    for marker in ("browser", "vulkan", "node", "espeak"):
        marked = [item for item in items if item.get_closest_marker(marker)]
        if not marked or in_ci or not (reason := _missing(marker)):
            continue
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=reason))
