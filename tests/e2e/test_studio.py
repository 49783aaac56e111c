"""The studio in real Chromium against the complete server, with real models and a real photo."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

from benchmarks.product import Served, serve
from capsules.library import load_library
from tests.portraits import astronaut, model_folder

pytestmark = pytest.mark.browser

LIVE_MS = 15_000
BAKE_MS = 90_000
# The picture as grey values, 128 x 128.
PICTURE = """() => {
  const canvas = new OffscreenCanvas(128, 128);
  const pen = canvas.getContext("2d");
  pen.drawImage(document.getElementById("avatar"), 0, 0, 128, 128);
  const { data } = pen.getImageData(0, 0, 128, 128);
  return Array.from({ length: 128 * 128 }, (_, i) => data[4 * i + 1]);
}"""
SLIDE = """([name, value]) => {
  const slider = document.getElementById(`knob-${name}`);
  slider.value = value;
  slider.dispatchEvent(new Event("input"));
}"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def studio(home: Path) -> Iterator[Served]:
    folders = ("--avatars", str(home / "avatars"), "--capsules", str(home / "capsules"))
    with serve("--backend", "cpu", "--seed", "7", *folders) as server:
        yield server


@pytest.fixture
def page(browser: Browser, studio: Served) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{studio.url}/studio")
    expect(page.locator("#status")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    yield page
    context.close()
    assert errors == []


def photo(folder: Path, scale: float, *, copies: int = 1) -> Path:
    model_folder()
    portrait = astronaut()[:280, 80:360]
    row = np.hstack([portrait] * copies)
    size = (round(row.shape[1] * scale), round(row.shape[0] * scale))
    large = cv2.resize(row, size, interpolation=cv2.INTER_CUBIC)
    path = folder / f"portrait-{scale}-{copies}.png"
    cv2.imwrite(str(path), cv2.cvtColor(large, cv2.COLOR_RGB2BGR))
    return path


def picture(page: Page) -> NDArray[np.float64]:
    return np.array(page.evaluate(PICTURE), dtype=float).reshape(128, 128)


def find(page: Page, path: Path) -> None:
    page.locator("#file").set_input_files(path)
    expect(page.locator("#order")).to_be_visible(timeout=LIVE_MS)


def order(page: Page, name: str) -> None:
    page.locator("#order-name").fill(name)
    page.locator("#order-consent").fill("A portrait in the public domain")
    page.locator("#order-bake").click()


def drag(page: Page, down: tuple[float, float], by: tuple[float, float]) -> None:
    box = page.locator("#photo").bounding_box()
    assert box is not None
    x, y = box["x"] + down[0] * box["width"], box["y"] + down[1] * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0], y + by[1], steps=4)
    page.mouse.up()


@pytest.mark.slow
def test_a_photo_becomes_a_living_avatar(page: Page, tmp_path: Path) -> None:
    before = picture(page)
    find(page, photo(tmp_path, 2.0))
    expect(page.locator("#photo-refusal")).to_be_hidden()
    order(page, "ada")
    expect(page.locator("#baking-stage")).to_have_text("building the rig", timeout=BAKE_MS)
    expect(page.locator("#tab-shape")).to_have_attribute("aria-selected", "true", timeout=BAKE_MS)
    expect(page.locator("#status")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    expect(page.locator("#avatars")).to_have_value("ada")
    page.wait_for_timeout(700)
    rest = picture(page)
    assert np.abs(rest - before).mean() > 15, "it is somebody else"
    page.evaluate(SLIDE, ["jawOpen", 0.8])
    page.wait_for_timeout(700)
    assert np.abs(picture(page) - rest).max() > 25
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("#delete-avatar").click()
    expect(page.locator("#avatars")).to_have_value("mira")
    assert page.locator("#avatars option").count() == 1


def test_a_refusal_is_shown_in_words_of_the_page(page: Page, tmp_path: Path) -> None:
    find(page, photo(tmp_path, 1.0))
    expect(page.locator("#photo-notice")).to_contain_text("the mouth is open")  # she smiles
    refusal = page.locator("#photo-refusal")
    expect(refusal).to_contain_text("px wide and has to be 160")
    order(page, "small")
    expect(refusal).to_contain_text("Take a small face as well", timeout=LIVE_MS)
    expect(refusal).to_contain_text("px wide and has to be 160")
    expect(refusal).not_to_contain_text("--")  # flags are the command line's
    expect(page.locator("#order")).to_be_visible()


def test_a_baking_can_be_cancelled(page: Page, home: Path, tmp_path: Path) -> None:
    find(page, photo(tmp_path, 2.0))
    order(page, "never")
    expect(page.locator("#baking-stage")).to_have_text("building the rig", timeout=BAKE_MS)
    page.locator("#baking-cancel").click()
    expect(page.locator("#note")).to_contain_text("Cancelled", timeout=4000)
    expect(page.locator("#order")).to_be_visible()
    assert not (home / "avatars" / "never").exists()


def test_one_of_several_faces_is_chosen(page: Page, tmp_path: Path) -> None:
    find(page, photo(tmp_path, 2.0, copies=2))
    choices = page.locator("#faces input")
    expect(choices).to_have_count(2)
    choices.nth(1).check()
    expect(choices.nth(1)).to_be_checked()


def test_points_are_dragged_and_put_back(page: Page, tmp_path: Path) -> None:
    find(page, photo(tmp_path, 2.0))
    page.locator("#groups").get_by_text("Jaw and hairline").click()
    undo = page.locator("#points-undo")
    expect(undo).to_be_disabled()
    drag(page, (0.5, 0.5), (40.0, 0.0))  # the photo itself
    expect(undo).to_be_disabled()
    drag(page, (0.5, 0.5), (-40.0, 0.0))
    drag(page, (0.485, 0.9), (0.0, 25.0))  # the chin
    expect(undo).to_be_enabled()
    page.locator("#points-reset").click()
    expect(undo).to_be_disabled()


def test_a_face_that_is_not_found_is_placed_by_hand(page: Page, tmp_path: Path) -> None:
    model_folder()
    nobody = np.full((600, 600, 3), np.linspace(60, 200, 600)[:, None, None], np.uint8)
    cv2.imwrite(str(tmp_path / "nobody.png"), nobody)
    page.locator("#file").set_input_files(tmp_path / "nobody.png")
    expect(page.locator("#photo-refusal")).to_contain_text("No face was found", timeout=LIVE_MS)
    expect(page.locator("#order")).to_be_hidden()
    page.get_by_role("button", name="Place the points by hand").click()
    expect(page.locator("#order")).to_be_visible()
    drag(page, (0.61, 0.42), (30.0, 10.0))  # a corner of an eye
    expect(page.locator("#points-undo")).to_be_enabled()
    order(page, "by_hand")
    refusal = page.locator("#photo-refusal")
    expect(refusal).to_be_visible(timeout=BAKE_MS)
    expect(refusal).to_contain_text("the face is")  # the server saw these points, and no others


def test_sliders_hold_movements_until_they_are_reset(page: Page) -> None:
    page.locator("#tab-shape").click()
    page.locator("#shape-still").check()
    page.wait_for_timeout(1500)
    rest = picture(page)
    page.wait_for_timeout(1000)
    assert np.abs(picture(page) - rest).max() < 12, "nothing moves by itself"
    page.locator("#shape-search").fill("brow down")
    assert page.locator(".knobs .slider:visible").count() == 2
    page.get_by_role("slider", name="Brow down left").fill("1")
    expect(page.locator("#shape-count")).to_have_text("2 moved.")
    page.wait_for_timeout(700)
    assert np.abs(picture(page) - rest)[40:60].max() > 20
    page.locator("#shape-reset").click()
    page.wait_for_timeout(700)
    assert np.abs(picture(page) - rest).max() < 12


def test_a_capsule_of_the_sheet_is_played(page: Page) -> None:
    page.locator("#tab-capsules").click()
    page.locator("#layers").get_by_text("Hands").click()
    pictures = page.locator("#sheet img")
    expect(pictures.first).to_be_visible()
    expect(pictures.first).to_have_js_property("naturalWidth", 192, timeout=LIVE_MS)
    hands = [item for item in load_library().capsules.values() if item.layer == "hand"]
    assert pictures.count() == len(hands)
    page.locator("#capsule-search").fill("HF_041")
    calm = picture(page)
    page.locator("#sheet .card").click()
    changed = np.zeros_like(calm)
    for _ in range(15):
        page.wait_for_timeout(100)
        changed = np.maximum(changed, np.abs(picture(page) - calm))
    assert changed[70:].max() > 40


def test_a_capsule_is_edited_played_and_saved(page: Page, home: Path) -> None:
    page.locator("#tab-capsules").click()
    page.locator("#layers").get_by_text("Faces").click()
    page.locator("#capsule-search").fill("VF_JOY_HIGH")
    page.get_by_role("button", name="Edit the curves").click()
    expect(page.locator("#capsule-cid")).to_have_value("VF_JOY_HIGH_MINE")
    page.locator("#capsule-cid").fill("VF_GRIN")
    tracks = page.locator(".track")
    count = tracks.count()
    page.locator("#track-target").fill("Tongue out")  # as the list shows it
    page.locator("#track-add").click()
    expect(tracks).to_have_count(count + 1)
    curve = tracks.last.locator("svg")
    box = curve.bounding_box()
    assert box is not None
    points = curve.locator("circle")
    expect(points).to_have_count(2)
    curve.dblclick(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(points).to_have_count(3)
    points.nth(1).click()
    page.keyboard.press("ArrowUp")
    expect(tracks.last.locator("output")).to_contain_text("ms, 0.5")
    page.keyboard.press("Delete")
    expect(points).to_have_count(2)
    curve.dblclick(position={"x": box["width"] / 2, "y": box["height"] / 4})
    page.locator("#capsule-duration").fill("1500")
    page.locator("#capsule-duration").press("Tab")
    page.locator("#capsule-play").click()
    page.wait_for_timeout(600)
    expect(page.locator("#capsule-refusal")).to_be_hidden()
    page.locator("#capsule-save").click()
    expect(page.locator("#note")).to_contain_text("VF_GRIN is in the library", timeout=4000)
    saved = load_library(home / "capsules").capsules["VF_GRIN"]
    assert saved.duration_ms == 1500
    assert saved.tracks[-1].target == "tongueOut"
    assert len(saved.tracks[-1].curve) == 3


def test_what_the_check_refuses_is_said(page: Page) -> None:
    page.locator("#tab-curves").click()
    page.locator("#capsule-cid").fill("VF_JOY_HIGH")
    page.locator("#capsule-save").click()
    expect(page.locator("#capsule-refusal")).to_contain_text("left as it is", timeout=4000)
    for button in page.get_by_role("button", name="Remove the track").all()[::-1]:
        button.click()
    page.locator("#capsule-play").click()
    expect(page.locator("#capsule-refusal")).to_contain_text("moves nothing", timeout=4000)


def test_the_studio_works_in_a_narrow_dark_window(browser: Browser, studio: Served) -> None:
    size = {"width": 390, "height": 844}
    context = browser.new_context(viewport=size, color_scheme="dark", device_scale_factor=2.0)  # type: ignore[arg-type] # a viewport's type cannot be imported
    page = context.new_page()
    page.goto(f"{studio.url}/studio")
    for tab in ("shape", "capsules", "curves", "photo"):
        page.locator(f"#tab-{tab}").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
