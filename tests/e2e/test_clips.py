"""Clips in real Chromium: the page's button, its quality switch and what it tells of the cache."""

import json
import re
import time
import urllib.request
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

from benchmarks.product import Served

pytestmark = pytest.mark.browser

LIVE_MS = 10_000
# Red, green and blue of the upper left eighth of the picture, where nothing else moves.
CORNER = """() => {
  const canvas = new OffscreenCanvas(64, 64);
  const pen = canvas.getContext("2d");
  pen.drawImage(document.getElementById("avatar"), 0, 0, 96, 192, 0, 0, 64, 64);
  return Array.from(pen.getImageData(0, 0, 64, 64).data);
}"""


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    errors: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(served.url)
    expect(opened.locator("#status")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    yield opened
    context.close()
    assert errors == []


def corner(page: Page) -> NDArray[np.float64]:
    return np.array(page.evaluate(CORNER), dtype=float).reshape(64, 64, 4)[..., :3]


def quality_of_the_newest(served: Served) -> str:
    with urllib.request.urlopen(f"{served.url}/api/sessions") as answer:
        return str(json.load(answer)["sessions"][0]["options"]["quality"])


def test_confetti_flies_at_a_press_and_is_gone_again(page: Page) -> None:
    before = corner(page)
    page.get_by_role("button", name="Confetti").click()
    seen = []
    for _ in range(8):
        time.sleep(0.15)
        seen.append(np.abs(corner(page) - before).max())
    assert max(seen) > 60.0
    time.sleep(2.0)
    assert np.abs(corner(page) - before).mean() < 6.0


def test_quality_is_switched_live_and_kept(page: Page, served: Served) -> None:
    assert quality_of_the_newest(served) == "QUALITY_FULL"
    page.locator("#settings summary").click()
    page.select_option("#quality", "QUALITY_HALF")
    deadline = time.monotonic() + 5.0
    while quality_of_the_newest(served) != "QUALITY_HALF" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert quality_of_the_newest(served) == "QUALITY_HALF"


def test_texture_cache_is_told_in_the_measurements(page: Page) -> None:
    page.locator("#hud summary").click()
    expect(page.locator("#hud-cache")).to_have_text(
        re.compile(r"[\d.]+ % hits, \d+ evicted, \d+ of \d+ MB"), timeout=5_000
    )
