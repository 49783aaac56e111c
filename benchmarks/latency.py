"""Event to picture in real Chromium: our complete server beside a plain aiortc track.

Both run on the same machine in the same run, sound on, watched by the same page, in blocks that
take turns. An event goes out on the data channel or by gRPC; it counts as seen when
requestVideoFrameCallback hands the page a frame whose probe shows the event's number.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from playwright.sync_api import Browser, Page, Route

from benchmarks.product import Served, chromium, free_port, serve, start
from benchmarks.report import Figure, Report
from capsulecast.v1 import common_pb2, session_service_pb2, session_service_pb2_grpc

__all__ = ["open_page", "run"]

SIZE_PX = 512
BLOCKS = 4
LIMIT_P99_MS, LIMIT_P50_MS = 60.0, 25.0
LIMIT_RATIO = 0.5
LIMIT_INTERRUPT_MS = 150.0
STAGE_LIMITS_MS = {"brain": 5.0, "drawList": 1.0, "render": 10.0, "encode": 5.0}
LOUD = 0.01
MODULES = (
    Path(__file__).parents[1] / "control_plane" / "web" / "live_session.js",
    Path(__file__).with_name("listening.js"),
)
LONG_TEXT = "I am talking all the while, so that the lips move and the sound is real. " * 4
EMOTIONS = (
    (0.8, 0.6, 0.4),
    (-0.7, -0.3, -0.4),
    (-0.6, 0.7, 0.5),
    (0.2, 0.9, -0.5),
    (0.6, -0.4, 0.3),
)

OPTIONS: dict[str, object] = {"probe": True, "seed": 1, "reply": False}
SETTLE_S = 2.0

Trial = Callable[[int], float]


def run(*, quick: bool) -> Report:
    """Milliseconds from event to picture, p50 to p99, and ratios to the plain track."""
    report = Report("latency")
    trials = 12 if quick else 60
    samples: dict[str, list[float]] = {"datachannel": [], "speaking": [], "grpc": [], "plain": []}
    samples["interrupt"] = []
    stages: list[dict[str, dict[str, float]]] = []
    with ExitStack() as stack:
        served = stack.enter_context(serve("--backend", "cpu", "--size", f"{SIZE_PX}x{SIZE_PX}"))
        plain_url = stack.enter_context(_plain())
        browser = stack.enter_context(chromium())
        stub = stack.enter_context(_stub(served))
        for _ in range(BLOCKS):
            with _connected(browser, plain_url, {}) as (page, _):
                samples["plain"] += _trials(trials, partial(_by_channel, page))
            with _connected(browser, served.url, OPTIONS) as (page, session):
                samples["datachannel"] += _trials(trials, partial(_by_channel, page))
                samples["grpc"] += _trials(trials, partial(_by_grpc, page, stub, session))
                _speak(page)
                samples["speaking"] += _trials(trials, partial(_by_channel, page))
                stages.append(page.evaluate("bench.stats()")["stages"])
                samples["interrupt"] += [_silence(page) for _ in range(max(2, trials // 10))]
                _describe(report, page, served)
        _stages(report, stages)
    for name, values in samples.items():
        report.figures[f"{name}_ms"] = Figure.of(values, "ms")
    _judge(report)
    return report


def _judge(report: Report) -> None:
    plain = report.figures["plain_ms"].p50
    for name in ("datachannel", "speaking", "grpc"):
        report.ratios[f"{name}_over_plain.p50"] = round(report.figures[f"{name}_ms"].p50 / plain, 3)
        report.limit(f"{name}_ms", "p99", LIMIT_P99_MS)
        report.limit(f"{name}_ms", "p50", LIMIT_P50_MS)
        report.limit_ratio(f"{name}_over_plain.p50", LIMIT_RATIO)
    report.limit("interrupt_ms", "p99", LIMIT_INTERRUPT_MS)


def _stages(report: Report, blocks: list[dict[str, dict[str, float]]]) -> None:
    """The server's own times: medians of the blocks' medians, worst of their high percentiles."""
    for stage in blocks[0]:
        found = [block[stage] for block in blocks if stage in block]
        report.figures[f"stage.{stage}_ms"] = Figure(
            float(np.median([one["p50"] for one in found])),
            max(one["p95"] for one in found),
            max(one["p99"] for one in found),
            int(sum(one["n"] for one in found)),
            "ms",
        )
        report.limit(f"stage.{stage}_ms", "p50", STAGE_LIMITS_MS[stage])


def _speak(page: Page) -> None:
    page.evaluate("text => session.send({speak: {text}})", LONG_TEXT)
    time.sleep(0.5)


def _silence(page: Page) -> float:
    _speak(page)
    return float(page.evaluate("loud => bench.silence(loud)", LOUD))


def _describe(report: Report, page: Page, served: Served) -> None:
    media = page.evaluate("bench.media()")
    if not media["audioPackets"]:
        raise RuntimeError("no audio reached the browser: the figures would not be comparable")
    report.notes["codec"] = f"{media['codec']}, {SIZE_PX} x {SIZE_PX}, 30 fps, with Opus audio"
    report.notes["server start"] = f"{served.ready_s:.2f} s to the ready line"


@contextmanager
def _connected(
    browser: Browser, url: str, options: dict[str, object]
) -> Iterator[tuple[Page, str]]:
    """A page with a live session, alone on the machine but for the servers."""
    page = open_page(browser, url, "latency")
    try:
        session = page.evaluate("options => bench.open(options)", options)
        time.sleep(SETTLE_S)
        yield page, session
    finally:
        page.evaluate("bench.close()")
        time.sleep(SETTLE_S / 2)
        page.close()


def open_page(browser: Browser, url: str, name: str) -> Page:
    """Opens `benchmarks/NAME_page.html` as if the server had served it with its modules."""
    page = browser.new_page()
    html = Path(__file__).with_name(f"{name}_page.html")
    page.route(f"**/{name}.html", lambda route: route.fulfill(path=html, content_type="text/html"))
    for module in MODULES:
        page.route(f"**/{module.name}", partial(_fulfill, module))
    page.goto(f"{url}/{name}.html")
    page.wait_for_function("window.bench !== undefined")
    return page


def _fulfill(file: Path, route: Route) -> None:
    route.fulfill(path=file, content_type="text/javascript")


def _trials(count: int, trial: Trial) -> list[float]:
    """Runs trials at uneven intervals, so that they do not beat with the frame cadence."""
    generator = random.Random(count)
    times = []
    for number in range(count):
        time.sleep(generator.uniform(0.10, 0.35))
        times.append(trial(number))
    return times


def _by_channel(page: Page, number: int) -> float:
    valence, arousal, dominance = EMOTIONS[number % len(EMOTIONS)]
    vad = {"valence": valence, "arousal": arousal, "dominance": dominance}
    return float(page.evaluate("vad => bench.react({emotion: {vad}})", vad))


class _Counter:
    """Sequence numbers of the gRPC client, apart from those of the page."""

    value = 30_000


def _by_grpc(page: Page, stub: Any, session: str, number: int) -> float:  # noqa: ANN401 - a generated stub
    _Counter.value += 1
    valence, arousal, dominance = EMOTIONS[number % len(EMOTIONS)]
    vad = common_pb2.Vad(valence=valence, arousal=arousal, dominance=dominance)
    event = session_service_pb2.Event(
        sequence=_Counter.value, emotion=session_service_pb2.EmotionEvent(vad=vad)
    )
    page.evaluate("number => { window.pending = bench.seen(number); }", _Counter.value)
    start_ms = time.time() * 1000
    stub.SendEvent(session_service_pb2.SendEventRequest(session_id=session, event=event), timeout=5)
    return float(page.evaluate("window.pending")) - start_ms


@contextmanager
def _stub(served: Served) -> Iterator[Any]:
    with grpc.insecure_channel(served.grpc_target) as channel:
        yield session_service_pb2_grpc.SessionServiceStub(channel)


@contextmanager
def _plain() -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "benchmarks.plain_track", str(port), str(SIZE_PX)]
    with (
        tempfile.TemporaryDirectory(prefix="capsulecast-") as folder,
        start(command, f"plain track is ready: {url}", Path(folder)),
    ):
        yield url
