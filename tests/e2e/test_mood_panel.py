"""The page's panel on the mood, its profiles and its personalities, in real Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.product import Served

pytestmark = pytest.mark.browser

LIVE_MS = 10_000


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = context.new_page()
    found.goto(f"{served.url}/?reply=0")
    expect(found.locator("#status")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    yield found
    context.close()


def test_a_change_of_mood_is_told_in_the_page(page: Page) -> None:
    page.locator("#why > summary").click()
    page.locator("#message").fill("Thank you, that is wonderful!")
    page.keyboard.press("Enter")
    newest = page.locator("#why-changes > li").first
    expect(newest).to_contain_text("valence", timeout=4000)
    expect(newest).to_contain_text("you wrote (thanks")
    expect(page.locator("#why-personality")).to_have_text("friendly")
    expect(page.locator("#why-traits meter")).to_have_count(5)
    newest.locator("summary").click()
    expect(newest.locator("table")).to_contain_text("what it means")
    expect(newest.locator("table")).to_contain_text("reaction")


def test_a_profile_is_held_and_named(page: Page) -> None:
    page.locator("#expression").select_option(label="anxious denial")
    expect(page.locator("#mood-label")).to_have_text("anxious denial", timeout=4000)
    page.wait_for_timeout(2500)
    expect(page.locator("#mood-label")).to_have_text("anxious denial")
    page.locator("#message").fill("That is great news!")
    page.keyboard.press("Enter")
    expect(page.locator("#mood-label")).not_to_have_text("anxious denial", timeout=4000)


def test_another_personality_takes_another_session(page: Page) -> None:
    page.locator("#settings > summary").click()
    expect(page.locator("#personality option")).to_have_count(3)
    expect(page.locator("#personality")).to_have_value("friendly")
    page.locator("#personality").select_option("skeptical")
    expect(page.locator("#status")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    page.locator("#why > summary").click()
    expect(page.locator("#why-personality")).to_have_text("skeptical", timeout=6000)
