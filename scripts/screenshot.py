"""Makes docs/images: the page a moment after a message, and the studio, in real Chromium.

PYTHONPATH=. .venv/bin/python scripts/screenshot.py
"""

import time
from pathlib import Path

from benchmarks.product import chromium, serve

OUT = Path(__file__).parents[1] / "docs" / "images"

with serve("--seed", "7", "--size", "768x768") as served, chromium() as browser:
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.goto(served.url)
    page.wait_for_selector(".frame.live")
    time.sleep(2)
    page.fill("#message", "Really? That is wonderful!")
    page.keyboard.press("Enter")
    time.sleep(2.4)  # the words said, the smile still there
    OUT.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=OUT / "page.png")
    page.goto(f"{served.url}/studio#capsules")
    page.wait_for_selector(".frame.live")
    page.click("#layers >> text=Faces")
    page.wait_for_selector("#sheet img")
    page.wait_for_load_state("networkidle")
    page.click(".card >> text=Adoration")
    time.sleep(0.7)
    page.screenshot(path=OUT / "studio.png")
