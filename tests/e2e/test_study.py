"""The page of a study in real Chromium, with films of half a second."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.product import Served, serve
from compositor.drawlist import FrameSize
from control_plane.settings import Settings
from control_plane.study.desk import StudyDesk
from control_plane.study.rendering import render_study
from engine.recording.movie import Movie, TimedPicture, write_mp4
from storage.database import Database
from storage.studies import Unshown
from tests.remembering.raters import SCRIPT, definition, settings_of

pytestmark = pytest.mark.browser

FPS = 10
SIDE_PX = 64
WAIT_MS = 15_000
TWO_SCENES = [
    {"name": "glad-tidings", "emotion": "happy", "script": SCRIPT},
    {"name": "small-talk", "script": SCRIPT},
]


async def grey_film(_settings: Settings, item: Unshown, path: Path) -> None:
    """Half a second of grey, lighter or darker, with silence."""
    light = np.full((SIDE_PX * 3 // 2, SIDE_PX), 90 + 60 * (item.variant == "plain-one"), np.uint8)
    light[SIDE_PX:] = 128
    pictures = (TimedPicture(number * 90_000 // FPS, light) for number in range(FPS // 2))
    sound = (np.zeros(960, np.float32) for _ in range(25))
    write_mp4(Movie(path.stem, FrameSize(SIDE_PX, SIDE_PX), FPS, pictures, sound), path)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a database with two open studies; their films are beside it."""
    folder = tmp_path_factory.mktemp("studies")
    found = f"sqlite:///{folder / 'studies.sqlite'}"
    # Playwright runs an event loop on this thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(prepare, found, settings_of(folder)).result()
    return found


def prepare(url: str, settings: Settings) -> None:
    database = Database(url)
    database.upgrade()
    desk = StudyDesk(database)
    for study in (
        definition("by-twos", "paired", scenes=TWO_SCENES),
        definition("alone", "single", scenes=TWO_SCENES[:1]),
    ):
        desk.create(study)
        asyncio.run(render_study(settings, database, study.name, lambda *_: None, grey_film))
        desk.open(study.name)
    database.close()


@pytest.fixture(scope="module")
def study_server(url: str) -> Iterator[Served]:
    media = str(Path(url.removeprefix("sqlite:///")).parent / "media")
    with serve("--backend", "cpu", "--tts", "silent", "--database", url, "--media", media) as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    errors: list[str] = []
    found = context.new_page()
    found.on("pageerror", lambda error: errors.append(str(error)))
    yield found
    context.close()
    assert errors == []


def watch(page: Page) -> None:
    """Plays every film of a trial to its end, and looks that nothing can be said before."""
    for number, column in enumerate(page.locator(".column").all()):
        expect(column.locator(".rating")).to_have_js_property("disabled", value=True)
        column.get_by_role("button", name=re.compile("^Play")).click()
        expect(column.locator(".rating")).to_have_js_property(
            "disabled", value=False, timeout=WAIT_MS
        )
        expect(page.locator("#send")).to_be_disabled()
        assert number < 2


def rate(column: Locator, naturalness: int, emotion: str) -> None:
    column.locator(f'[name$="-naturalness"][value="{naturalness}"]').check()
    column.locator('[name$="-uncanny"][value="1"]').check()
    column.locator('[name$="-distraction"][value="2"]').check()
    column.get_by_label(emotion, exact=True).check()


def test_a_participant_finishes_a_study_and_its_results_are_there(
    page: Page, study_server: Served, url: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{study_server.url}/study/by-twos")
    expect(page.locator("#instructions")).to_have_text("Look and tell.")
    expect(page.locator("#begin")).to_be_disabled()
    page.get_by_label("I agree to take part").check()
    page.locator("#begin").click()
    for number in (1, 2):
        expect(page.locator("#progress-text")).to_have_text(f"{number} of 2", timeout=WAIT_MS)
        watch(page)
        for column in page.locator(".column").all():
            rate(column, 4, "happy")
        expect(page.locator("#missing")).to_have_text("1 question is open.")
        page.get_by_role("radio", name="Film B").check()
        if number == 1:
            # Who comes back goes on where they were.
            page.reload()
            expect(page.locator("#progress-text")).to_have_text("1 of 2", timeout=WAIT_MS)
            watch(page)
            for column in page.locator(".column").all():
                rate(column, 4, "happy")
            page.get_by_role("radio", name="Neither").check()
        page.locator("#send").click()
    expect(page.locator("#thanks")).to_be_visible(timeout=WAIT_MS)
    content = page.content() + " ".join(asked)
    assert not re.search("plain-one|lively-one|glad-tidings|small-talk", content)
    database = Database(url)
    report = StudyDesk(database).results("by-twos")
    database.close()
    assert report.studied.tally.finished == 1
    assert [item.opinions["naturalness"].value for item in report.variants] == [4.0, 4.0]
    assert report.preferences[0].share.count == 1


def test_the_keyboard_alone_is_enough(page: Page, study_server: Served, url: str) -> None:
    page.goto(f"{study_server.url}/study/alone")
    expect(page.locator("#welcome")).to_be_visible(timeout=WAIT_MS)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for _ in range(2):
        expect(page.locator("#trial-title")).to_be_focused(timeout=WAIT_MS)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator(".rating")).to_have_js_property(
            "disabled", value=False, timeout=WAIT_MS
        )
        for _ in range(4):
            page.keyboard.press("Tab")
            page.keyboard.press("Space")
            page.keyboard.press("ArrowRight")
        page.keyboard.press("Tab")
        page.keyboard.type("All right.")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    expect(page.locator("#thanks")).to_be_visible(timeout=WAIT_MS)
    database = Database(url)
    answers = [item.answer for item in StudyDesk(database).ratings("alone")]
    database.close()
    assert [(one.naturalness, one.uncanny, one.comment) for one in answers] == [
        (2, 2, "All right.")
    ] * 2
    page.locator("#another").click()
    expect(page.locator("#welcome")).to_be_visible(timeout=WAIT_MS)


def test_a_film_that_was_skipped_through_was_not_seen(page: Page, study_server: Served) -> None:
    page.goto(f"{study_server.url}/study/alone")
    page.get_by_label("I agree to take part").check()
    page.locator("#begin").click()
    expect(page.locator(".film")).to_be_visible(timeout=WAIT_MS)
    ended = """() => new Promise((done) => {
      const video = document.querySelector("video");
      if (video.readyState < 1) return video.addEventListener("loadedmetadata", skip);
      skip();
      function skip() {
      video.addEventListener("ended", () => done(video.currentTime));
      video.currentTime = 0.8 * video.duration;
      video.play();
      }
    })"""
    assert page.evaluate(ended) > 0.3
    expect(page.locator(".rating")).to_have_js_property("disabled", value=True)
    page.get_by_role("button", name="Play the film").click()
    expect(page.locator(".rating")).to_have_js_property("disabled", value=False, timeout=WAIT_MS)


def test_who_has_the_wrong_address_is_told(page: Page, study_server: Served) -> None:
    page.goto(f"{study_server.url}/study/none-such")
    expect(page.locator("#stopped")).to_contain_text("There is no such study", timeout=WAIT_MS)
