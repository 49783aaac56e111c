"""What is remembered of a viewer: the page's panel and the avatar's words, in real Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from benchmarks.product import Served

pytestmark = pytest.mark.browser

LIVE_MS = 15_000
REPLY_MS = 8000


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context(viewport={"width": 1280, "height": 860})
    yield found
    found.close()


def opened(context: BrowserContext, served: Served) -> Page:
    page = context.new_page()
    page.goto(f"{served.url}/?size=200x200")
    live(page)
    return page


def live(page: Page) -> None:
    expect(page.locator("#status")).to_have_attribute("data-state", "live", timeout=LIVE_MS)


def say(page: Page, text: str) -> str:
    replies = page.locator("#log .avatar")
    before = replies.count()
    page.locator("#message").fill(text)
    page.keyboard.press("Enter")
    expect(replies).to_have_count(before + 1, timeout=REPLY_MS)
    return replies.last.inner_text()


def test_a_viewer_who_asks_for_it_is_remembered_and_may_delete_all_of_it(
    context: BrowserContext, served: Served
) -> None:
    page = opened(context, served)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    panel = page.locator("#memories")
    panel.locator("summary").click()
    expect(panel.locator(".off")).to_be_visible()
    with page.expect_response("**/api/sessions"):
        page.locator("#remember").check()
    live(page)
    expect(panel.locator(".empty")).to_be_visible()
    assert "Ada" in say(page, "Hi, my name is Ada")
    say(page, "I love old movies")
    expect(panel.locator("li span")).to_have_text(["You like old movies.", "Your name is Ada."])

    page.reload()
    live(page)
    assert "Ada" in say(page, "Hello!")
    panel.locator("summary").click()
    page.get_by_role("button", name="Forget: You like old movies.").click()
    expect(panel.locator("li span")).to_have_text(["Your name is Ada."])
    forget = panel.locator(".all")
    forget.click()
    expect(forget).to_have_text("Really forget everything?")
    forget.click()
    expect(panel.locator(".empty")).to_be_visible()
    assert "Ada" not in say(page, "What's my name?")
    assert errors == []


def test_who_does_not_want_to_be_remembered_any_more_is_not(
    context: BrowserContext, served: Served
) -> None:
    page = opened(context, served)
    page.locator("#memories summary").click()
    with page.expect_response("**/api/sessions"):
        page.locator("#remember").check()
    live(page)
    name = page.evaluate("localStorage.getItem('capsulecast-user')")
    say(page, "My name is Ada")
    expect(page.locator("#memories li")).to_have_count(1)
    with page.expect_response("**/api/sessions"):
        page.locator("#remember").uncheck()
    live(page)
    expect(page.locator("#memories .off")).to_be_visible()
    assert page.evaluate("localStorage.getItem('capsulecast-user')") is None
    headers = {"Authorization": f"Bearer {name}"}
    left = page.request.get(f"{served.url}/api/me/memories", headers=headers)
    assert left.json() == {"memories": []}
