"""The page that describes the API, in real Chromium."""

import json
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser

from benchmarks.product import Served

pytestmark = pytest.mark.browser


def test_every_call_and_every_message_is_described(browser: Browser, served: Served) -> None:
    with urlopen(f"{served.url}/openapi.json") as answer:
        document = json.load(answer)
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{served.url}/docs")
    page.wait_for_load_state("networkidle")
    assert page.locator("#operations details").count() == sum(map(len, document["paths"].values()))
    schemas = document["components"]["schemas"]
    assert page.locator("#schemas details").count() == len(schemas)
    assert errors == []
    page.close()
