from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from benchmarks.product import Served, chromium, serve


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    with serve("--backend", "cpu", "--seed", "7") as server:
        yield server


# Playwright runs an event loop on this thread as long as it is open: no longer than the module.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started
