"""The page in real Chromium against the complete server."""

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Literal, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, Page, expect

from benchmarks.product import Served

pytestmark = pytest.mark.browser

LIVE_MS = 10_000
# Loudness of what the video element plays, over half a second.
LOUDNESS = """async () => {
  const context = new AudioContext();
  const meter = context.createAnalyser();
  context.createMediaStreamSource(document.getElementById("avatar").srcObject).connect(meter);
  const samples = new Float32Array(meter.fftSize);
  let peak = 0;
  for (let i = 0; i < 25; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    meter.getFloatTimeDomainData(samples);
    peak = Math.max(peak, ...samples.map(Math.abs));
  }
  await context.close();
  return peak;
}"""
# The picture as grey values, 128 x 128.
PICTURE = """() => {
  const canvas = new OffscreenCanvas(128, 128);
  const pen = canvas.getContext("2d");
  pen.drawImage(document.getElementById("avatar"), 0, 0, 128, 128);
  const { data } = pen.getImageData(0, 0, 128, 128);
  return Array.from({ length: 128 * 128 }, (_, i) => data[4 * i + 1]);
}"""
# Red, green and blue of what the video shows in its upper left corner.
CORNER = """() => {
  const canvas = new OffscreenCanvas(1, 1);
  const pen = canvas.getContext("2d");
  pen.drawImage(document.getElementById("avatar"), 8, 8, 16, 16, 0, 0, 1, 1);
  return Array.from(pen.getImageData(0, 0, 1, 1).data.slice(0, 3));
}"""
# The browser takes one video codec alone.
ONLY = """{
  const add = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (kind, ...others) {
    const made = add.call(this, kind, ...others);
    const { codecs } = RTCRtpReceiver.getCapabilities(kind);
    const wanted = codecs.filter(({ mimeType }) => mimeType === "video/%s");
    if (kind === "video") made.setCodecPreferences(wanted);
    return made;
  };
}"""
# The data channel opens two seconds after the page is live, when no style changes any more; counts
# the lights sent over it.
LATE_CHANNEL = """{
  window.sentLights = 0;
  const create = RTCPeerConnection.prototype.createDataChannel;
  RTCPeerConnection.prototype.createDataChannel = function (...given) {
    const channel = create.apply(this, given);
    let ready = false;
    const open = () => {
      ready = true;
      channel.dispatchEvent(new Event("open"));
    };
    const whenLive = () => document.getElementById("status").dataset.state === "live"
      ? setTimeout(open, 2000) : setTimeout(whenLive, 50);
    channel.addEventListener("open", (event) => {
      if (ready) return;
      event.stopImmediatePropagation();
      whenLive();
    });
    channel.send = (text) => {
      if (JSON.parse(text).event?.light) window.sentLights += 1;
      RTCDataChannel.prototype.send.call(channel, text);
    };
    Object.defineProperty(channel, "readyState", { get: () => ready ? "open" : "connecting" });
    return channel;
  };
}"""
WITHOUT_WEBGL = """{
  const getContext = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...others) {
    return kind === "webgl" ? null : getContext.call(this, kind, ...others);
  };
}"""
# Colours of a PNG in hexadecimal at places given in shares of its sides.
PIXELS = """async ([hex, places]) => {
  const bytes = Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(image.width, image.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  return places.map(([x, y]) =>
    Array.from(pen.getImageData(x * image.width, y * image.height, 1, 1).data.slice(0, 3)));
}"""


class OpenPage(Protocol):
    """Opens the page with a query, a script before its own, and waits for its state."""

    def __call__(
        self,
        query: str = "",
        *,
        state: str = "live",
        script: str = "",
        scheme: Literal["light", "dark"] = "light",
        viewport: tuple[int, int] = (1280, 860),
        scale: float = 1.0,
    ) -> Page: ...


@pytest.fixture
def open_page(browser: Browser, served: Served) -> Iterator[OpenPage]:
    """Pages that are closed at the end, none of which may have had an error."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def opened(
        query: str = "",
        *,
        state: str = "live",
        script: str = "",
        scheme: Literal["light", "dark"] = "light",
        viewport: tuple[int, int] = (1280, 860),
        scale: float = 1.0,
    ) -> Page:
        width, height = viewport
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            device_scale_factor=scale,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        if script:
            page.add_init_script(script)
        page.goto(f"{served.url}/{query}")
        expect(page.locator("#status")).to_have_attribute("data-state", state, timeout=LIVE_MS)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page()


def picture(page: Page) -> NDArray[np.float64]:
    return np.array(page.evaluate(PICTURE), dtype=float).reshape(128, 128)


def sessions(served: Served) -> list[dict[str, object]]:
    with urllib.request.urlopen(f"{served.url}/api/sessions") as answer:
        listed: list[dict[str, object]] = json.load(answer).get("sessions", [])
        return listed


def test_the_page_shows_a_lively_picture(page: Page) -> None:
    first = picture(page)
    time.sleep(1.0)
    assert first.std() > 20
    assert np.abs(picture(page) - first).max() > 4  # breathing, gaze, sway


def test_a_typed_message_moves_face_and_hands_and_is_answered_aloud(page: Page) -> None:
    page.wait_for_timeout(1500)
    calm = picture(page)
    page.locator("#message").fill("Really? That is wonderful!")
    page.keyboard.press("Enter")
    changed = np.zeros_like(calm)
    for _ in range(12):
        page.wait_for_timeout(100)
        changed = np.maximum(changed, np.abs(picture(page) - calm))
    assert changed[30:70, 40:88].max() > 25, "the face"
    assert changed[85:, :].max() > 25, "the hands"
    expect(page.locator("#log .user")).to_have_text("Really? That is wonderful!")
    expect(page.locator("#log .avatar").first).to_be_visible(timeout=3000)


def test_speech_is_heard_and_escape_silences_it(page: Page) -> None:
    page.locator("#message").fill("Hello there! How are you?")
    page.keyboard.press("Enter")
    expect(page.locator("#stop")).to_be_visible(timeout=3000)
    assert page.evaluate(LOUDNESS) > 0.02
    page.keyboard.press("Escape")
    expect(page.locator("#stop")).to_be_hidden(timeout=2000)
    page.wait_for_timeout(250)
    assert page.evaluate(LOUDNESS) < 0.01


def test_the_emotion_pad_works_from_the_keyboard(page: Page) -> None:
    expect(page.get_by_role("slider", name="Valence")).to_have_count(1)
    page.locator("#pad").focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#valence")).to_have_value("0.8")
    page.wait_for_function("parseFloat(document.getElementById('pad-now').style.left) > 55")


def test_a_named_expression_is_played(page: Page) -> None:
    page.locator("#expression").select_option(label="celebration")
    page.locator("#hud summary").click()
    expect(page.locator("#hud-capsules span").first).to_be_visible(timeout=4000)


def test_event_to_picture_time_is_measured_in_the_page(page: Page) -> None:
    page.locator("#hud summary").click()
    page.locator("#message").fill("Good morning!")
    page.keyboard.press("Enter")
    expect(page.locator("#hud-latency")).to_contain_text("ms (p50", timeout=4000)
    expect(page.locator("#hud-codec")).not_to_have_text("\N{EN DASH}", timeout=4000)


def test_the_page_comes_back_by_itself_when_its_session_ends(page: Page, served: Served) -> None:
    before = {str(session["id"]) for session in sessions(served)}
    for session in before:
        url = f"{served.url}/api/sessions/{session}"
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE")).close()
    status = page.locator("#status")
    expect(status).to_have_attribute("data-state", "lost", timeout=LIVE_MS)
    expect(status).to_have_attribute("data-state", "live", timeout=2 * LIVE_MS)
    assert {str(session["id"]) for session in sessions(served)}.isdisjoint(before)
    page.locator("#hud summary").click()
    page.locator("#message").fill("Are you back?")
    page.keyboard.press("Enter")
    expect(page.locator("#hud-latency")).to_contain_text("ms (p50", timeout=4000)
    assert 0 < float(page.locator("#hud-latency").inner_text().split()[0]) < 2000


def test_muting_outlasts_the_next_message(page: Page) -> None:
    page.locator("#sound").click()
    page.locator("#sound").click()
    expect(page.locator("#sound")).to_have_attribute("aria-pressed", "false")
    page.locator("#message").fill("Hello!")
    page.keyboard.press("Enter")
    expect(page.locator("#stop")).to_be_visible(timeout=3000)
    expect(page.locator("#sound")).to_have_attribute("aria-pressed", "false")


def test_replies_to_messages_in_a_row_are_bubbles_of_their_own(page: Page) -> None:
    for text in ("I wrote a long story", "It is set on a boat"):
        page.locator("#message").fill(text)
        page.keyboard.press("Enter")
    expect(page.locator("#log .avatar")).to_have_count(2, timeout=15_000)


def test_a_long_answer_is_one_bubble_with_one_stop_button(page: Page) -> None:
    text = "This is a rather long sentence that the avatar says to the viewer. " * 6
    page.evaluate(
        """() => { window.hidden = 0; new MutationObserver(() => { window.hidden += 1; })
        .observe(document.getElementById("stop"), { attributeFilter: ["hidden"] }); }"""
    )
    url = f"{page.url.rstrip('/')}/api/sessions"
    with urllib.request.urlopen(url) as answer:
        newest = json.load(answer)["sessions"][0]["id"]
    body = json.dumps({"sequence": 1, "speak": {"text": text}}).encode()
    request = urllib.request.Request(
        f"{url}/{newest}/events", body, {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request).close()
    page.wait_for_timeout(9000)
    assert page.locator("#log .avatar").count() == 1
    assert page.evaluate("window.hidden") == 1
    page.keyboard.press("Escape")


def test_what_the_server_refuses_for_good_is_said_and_not_tried_again(open_page: OpenPage) -> None:
    page = open_page("?avatar=nobody", state="failed")
    expect(page.locator("#log .note.bad")).to_contain_text("nobody")


def test_a_refused_event_is_told_and_the_session_goes_on(page: Page) -> None:
    page.evaluate(
        """() => { const select = document.getElementById("expression");
        select.append(new Option("nothing", "E_9999")); select.value = "E_9999";
        select.dispatchEvent(new Event("change")); }"""
    )
    expect(page.locator("#log .note.bad")).to_contain_text("E_9999", timeout=3000)
    page.locator("#message").fill("Hello!")
    page.keyboard.press("Enter")
    expect(page.locator("#log .avatar").first).to_be_visible(timeout=3000)


def test_the_page_works_in_a_narrow_dark_window(open_page: OpenPage) -> None:
    page = open_page(scheme="dark", viewport=(390, 844), scale=2.0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("codec", ["H264", "VP8"])
@pytest.mark.parametrize("color", ["ff0000", "00bf42", "336699"])
def test_a_colour_is_shown_as_it_was_asked_for(open_page: OpenPage, codec: str, color: str) -> None:
    page = open_page(f"?background=color:%23{color}", script=ONLY % codec)
    page.locator("#hud summary").click()
    expect(page.locator("#hud-codec")).to_contain_text(codec, timeout=4000)
    seen = page.evaluate(CORNER)
    assert np.abs(np.subtract(seen, tuple(bytes.fromhex(color)))).max() <= 6


@pytest.mark.parametrize("webgl", [True, False])
def test_a_transparent_avatar_stands_on_the_page_itself(open_page: OpenPage, webgl: bool) -> None:
    page = open_page("?background=transparent", script="" if webgl else WITHOUT_WEBGL)
    page.add_style_tag(content=":root { background: #12c83c !important; }")
    page.wait_for_timeout(1000)  # the picture fades in
    frame = page.locator(".frame").bounding_box()
    assert frame is not None
    shot = page.screenshot(clip=frame)
    pixels = page.evaluate(PIXELS, [shot.hex(), [[0.5, 0.03], [0.06, 0.4], [0.5, 0.5]]])
    above, beside, figure = pixels
    for outside in (above, beside):
        assert np.abs(np.subtract(outside, (0x12, 0xC8, 0x3C))).max() <= 2
    assert figure[0] > figure[1] + 15, "skin is redder than the page"


def test_the_pages_light_falls_on_the_avatar(open_page: OpenPage) -> None:
    reds = {}
    for ground in ("#ffffff", "#000000"):
        page = open_page("?seed=5")
        page.add_style_tag(content=f":root, .side {{ background: {ground} !important; }}")
        page.evaluate("document.documentElement.dataset.theme = 'other'")
        page.wait_for_timeout(1500)
        reds[ground] = picture(page)[44:60, 52:76].mean()  # cheeks and nose
        page.close()
    assert reds["#ffffff"] - reds["#000000"] > 12


def test_the_pages_light_comes_though_the_channel_opens_last(open_page: OpenPage) -> None:
    """The page is live with its first picture, which may come before the channel is open."""
    page = open_page(script=LATE_CHANNEL)
    page.wait_for_timeout(3500)
    assert page.evaluate("window.sentLights") > 0
