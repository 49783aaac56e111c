import json
import urllib.request

import pytest
from playwright.sync_api import Browser, expect

from benchmarks.product import Served
from control_plane.cli import main

pytestmark = pytest.mark.browser

LIVE_MS = 20_000


def session(served: Served) -> dict[str, object]:
    """The newest one."""
    with urllib.request.urlopen(f"{served.url}/api/sessions?pageSize=1") as answer:
        (found,) = json.load(answer)["sessions"]
        return dict(found)


def test_features_of_the_address_are_the_sessions_and_shown(
    browser: Browser, served: Served
) -> None:
    page = browser.new_page()
    page.goto(f"{served.url}/?visemes=0&context=0&light=1")
    expect(page.locator("#status")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    options = session(served)["options"]
    assert isinstance(options, dict)
    assert options["features"] == {
        "vectorBlending": True,
        "context": False,
        "lightProbe": True,
        "visemes": False,
    }
    page.locator("#hud summary").click()
    expect(page.locator("#hud-features")).to_have_text("context, visemes", timeout=5_000)
    page.close()


def test_capsule_revoked_from_the_command_line_leaves_the_watched_picture(
    browser: Browser, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    page = browser.new_page()
    page.goto(served.url)
    expect(page.locator("#status")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    page.locator("#hud summary").click()
    shown = page.locator('#hud-capsules span[title^="VF_CONTEMPT:"]')
    play = """() => { const select = document.getElementById("expression");
        select.append(new Option("contempt", "VF_CONTEMPT")); select.value = "VF_CONTEMPT";
        select.dispatchEvent(new Event("change")); }"""
    page.evaluate(play)
    expect(shown).to_be_visible(timeout=5_000)
    order = ["VF_CONTEMPT", "--server", served.url]
    try:
        assert main(["library", "revoke", *order, "--reason", "a test"]) == 0
        assert "VF_CONTEMPT" in capsys.readouterr().out
        expect(shown).to_have_count(0, timeout=3_000)
        page.evaluate(play)
        expect(page.locator("#log .note.bad")).to_contain_text("it has been revoked", timeout=3_000)
        page.goto(f"{served.url}/studio")
        page.locator("#tab-capsules").click()
        page.locator("#capsule-search").fill("VF_CONTEMPT")
        barred = page.locator("#sheet .barred")
        expect(barred).to_have_text("revoked: a test", timeout=LIVE_MS)
    finally:
        assert main(["library", "reinstate", *order]) == 0
    page.close()
