"""A capsule of a face before the camera, in real Chromium with a film for a camera."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from benchmarks.product import Served, chromium, serve
from capsules.library import load_library
from tests.e2e.films import write_film
from tests.portraits import model_folder

pytestmark = pytest.mark.browser

LIVE_MS = 15_000
FIND_MS = 60_000
IMPORT_MS = 120_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recording")


@pytest.fixture(scope="module")
def studio(home: Path) -> Iterator[Served]:
    model_folder()
    folders = ("--avatars", str(home / "avatars"), "--capsules", str(home / "capsules"))
    with serve("--backend", "cpu", "--seed", "7", *folders) as server:
        yield server


@pytest.fixture(scope="module")
def camera(home: Path) -> Iterator[Browser]:
    """A browser whose camera shows Mira turning her head, again and again."""
    film = home / "film.y4m"
    write_film(film)
    flags = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}")
    with chromium(*flags) as started:
        yield started


@pytest.fixture
def context(camera: Browser) -> Iterator[BrowserContext]:
    context = camera.new_context(viewport={"width": 1280, "height": 860})
    yield context
    context.close()


def opened(context: BrowserContext, studio: Served, query: str = "") -> Page:
    page = context.new_page()
    page.goto(f"{studio.url}/studio{query}#record")
    expect(page.locator("#status")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    return page


def recorded(page: Page) -> None:
    page.locator("#take-open").click()
    face = page.locator("#booth-face")
    expect(face).to_have_text("Your face is found.", timeout=FIND_MS)
    page.locator("#take-length").select_option("2")
    page.locator("#take-record").click()
    expect(page.locator("#booth-words")).to_have_text("Go!", timeout=LIVE_MS)
    expect(page.locator("#take-form")).to_be_visible(timeout=LIVE_MS)


def test_a_face_at_the_camera_becomes_a_capsule_that_is_played(
    context: BrowserContext, studio: Served, home: Path
) -> None:
    context.grant_permissions(["camera"])
    page = opened(context, studio, "?cid=VF_201&vad=0.5,0.25,0")
    recorded(page)
    page.locator("#take-description").fill("A turn of the head")
    page.locator("#take-make").click()
    assert page.evaluate("document.activeElement.id") == "take-consent", "nothing without consent"
    page.locator("#take-consent").fill("not a real person")
    page.locator("#take-make").click()
    expect(page.locator("#take-stage")).to_have_text("tracking the face", timeout=FIND_MS)
    made = page.locator("#take-made-id")
    expect(made).to_have_text("VF_201", timeout=IMPORT_MS)
    expect(page.locator("#booth")).to_be_hidden()
    capsule = load_library(home / "capsules").capsules["VF_201"]
    assert "headYaw" in {track.target for track in capsule.tracks}
    assert capsule.emotion is not None
    assert (capsule.emotion.valence, capsule.emotion.arousal) == (0.5, 0.25)
    assert capsule.provenance.consent == "not a real person"
    assert 200 <= capsule.duration_ms <= 3500  # a busy machine records fewer frames
    page.locator("#tab-capsules").click()
    page.locator("#capsule-search").fill("VF_201")
    expect(page.locator("#sheet .card")).to_have_count(1)


def test_an_import_can_be_cancelled_and_leaves_nothing(
    context: BrowserContext, studio: Served, home: Path
) -> None:
    context.grant_permissions(["camera"])
    page = opened(context, studio)
    recorded(page)
    page.locator("#take-cid").fill("VF_NEVER")
    page.locator("#take-description").fill("Nothing")
    page.locator("#take-consent").fill("not a real person")
    page.locator("#take-make").click()
    expect(page.locator("#take-stage")).to_have_text("tracking the face", timeout=FIND_MS)
    page.locator("#take-cancel").click()
    expect(page.locator("#note")).to_have_text("Cancelled; nothing was kept.")
    expect(page.locator("#take-form")).to_be_visible()
    assert not list((home / "capsules").glob("*never*"))


def test_a_camera_that_may_not_be_used_is_said(context: BrowserContext, studio: Served) -> None:
    page = opened(context, studio, "?cid=VF_201&size=200x200")
    expect(page.locator("#note")).to_contain_text("size, which this page does not know")
    page.locator("#take-open").click()
    expect(page.locator("#take-refusal")).to_contain_text("was told not to use the camera")


def test_a_file_that_is_no_recording_is_refused(
    context: BrowserContext, studio: Served, tmp_path: Path
) -> None:
    page = opened(context, studio)
    text = tmp_path / "take.txt"
    text.write_text("no film")
    page.locator("#take-file").set_input_files(text)
    expect(page.locator("#take-refusal")).to_contain_text("no recording that can be read")
    broken = tmp_path / "take.webm"
    broken.write_bytes(b"no film either")
    page.locator("#take-file").set_input_files(broken)
    page.locator("#take-description").fill("Nothing")
    page.locator("#take-consent").fill("not a real person")
    page.locator("#take-make").click()
    expect(page.locator("#take-refusal")).to_contain_text("cannot be read", timeout=FIND_MS)
    expect(page.locator("#take-form")).to_be_visible()
