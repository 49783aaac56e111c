"""What a viewer thinks of the last reply: the live page and the dashboard in real Chromium."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.product import Served

pytestmark = pytest.mark.browser

LIVE_MS = 10_000
REPLY_MS = 5000


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    found = context.new_page()
    errors: list[str] = []
    found.on("pageerror", lambda error: errors.append(str(error)))
    found.goto(f"{served.url}/?size=200x200")
    expect(found.locator("#status")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    yield found
    context.close()
    assert errors == []


def say(page: Page, text: str) -> None:
    replies = page.locator("#log .avatar")
    before = replies.count()
    page.locator("#message").fill(text)
    page.keyboard.press("Enter")
    expect(replies).to_have_count(before + 1, timeout=REPLY_MS)


def session_of(served: Served) -> str:
    with urllib.request.urlopen(f"{served.url}/api/sessions") as answer:
        newest: dict[str, Any] = json.load(answer)["sessions"][0]
        return str(newest["id"])


def test_reply_is_judged_with_a_thumb_and_then_in_words(page: Page, served: Served) -> None:
    judging = page.locator("#judging")
    expect(judging).to_be_hidden()
    say(page, "Hello there!")
    expect(judging).to_be_visible()
    page.get_by_role("button", name="It was good", exact=True).click()
    expect(judging.locator("[role=status]")).to_have_text("Kept. Thank you.")
    expect(judging.locator(".thumb.up")).to_have_attribute("aria-pressed", "true")
    judging.locator(".more").click()
    page.locator("#judging-score").fill("0.4")
    page.locator("#judging-comment").fill("<b>Warm</b>")
    judging.locator(".keep").click()
    expect(judging.locator("[role=status]")).to_contain_text("with your words")
    expect(page.locator("#judging-words")).to_be_hidden()

    page.goto(f"{served.url}/dashboard/conversations/{session_of(served)}")
    judged = page.locator(".said .assistant").first.locator(".judged")
    expect(judged).to_have_count(2)
    expect(judged.nth(0)).to_contain_text("no longer counts")
    expect(judged.nth(1)).to_contain_text("+0.40 <b>Warm</b>")


def test_keyboard_alone_is_enough_and_escape_leaves_the_avatar_talking(
    page: Page, served: Served
) -> None:
    say(page, "Please tell me about your day.")
    page.locator("#message").focus()
    page.keyboard.press("Shift+Tab")
    more = page.locator("#judging .more")
    expect(more).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#judging-comment")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#judging-words")).to_be_hidden()
    expect(more).to_be_focused()
    assert page.locator("#log .cut").count() == 0
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#judging [role=status]")).to_have_text("Kept. Thank you.")
    expect(page.locator("#judging .thumb.down")).to_have_attribute("aria-pressed", "true")


def test_next_reply_begins_with_an_empty_form(page: Page) -> None:
    say(page, "Hello!")
    page.locator("#judging .thumb.down").click()
    expect(page.locator("#judging [role=status]")).to_have_text("Kept. Thank you.")
    say(page, "And how are you?")
    expect(page.locator("#judging .thumb.down")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#judging [role=status]")).to_have_text("")


def test_form_covers_neither_avatar_nor_composer(page: Page) -> None:
    say(page, "Hello!")
    page.locator("#judging .more").click()
    for width, height in ((1280, 860), (1024, 640), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        form = page.locator("#judging").bounding_box()
        assert form is not None
        for other in (".frame", "#composer", "#log"):
            box = page.locator(other).bounding_box()
            assert box is not None
            beside = form["x"] >= box["x"] + box["width"] or form["x"] + form["width"] <= box["x"]
            # The form's margin reaches 4 px into the gap between the rows.
            above = form["y"] + form["height"] <= box["y"] + 4
            below = form["y"] >= box["y"] + box["height"] - 4
            assert beside or above or below, (width, other)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
