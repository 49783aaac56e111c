"""A viewer and a page, both aiortc, in one process over loopback."""

import asyncio
import json
import threading
import urllib.request
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.rtp import RtpPacket
from numpy.typing import NDArray

from compositor.backend import I420
from compositor.drawlist import DrawList, FrameSize
from compositor.probe import draw_probe, read_probe
from engine.clock import SystemClock
from engine.faults import Fault
from engine.frame_loop import FrameLoop, FrameLoopOptions
from engine.rtc.playout_delay import PLAYOUT_DELAY_URI
from engine.rtc.sending import SentFrame, ViewerSources
from engine.rtc.viewer import Viewer, ViewerCallbacks, ViewerOptions
from engine.stats import StageTimes
from engine.timer import LoopTimer

__all__ = ["EXTENSION_ID", "LIMIT_S", "Host", "Page", "call", "post", "until", "watch_session"]

SIZE = FrameSize(160, 96)
EXTENSION_ID = 9
LIMIT_S = 10


class Body:
    number = 0
    event_sequence = 0

    def frame(self, now_ns: int) -> DrawList:
        return DrawList("x", SIZE, probe=self.number)


class Drawer:
    async def render(self, draw_list: DrawList, session_id: str) -> I420 | None:
        picture = np.full((SIZE.height * 3 // 2, SIZE.width), 128, np.uint8)
        draw_probe(picture, draw_list.probe or 0)
        return picture


class Tone:
    def read(self, start_ns: int, n_samples: int) -> NDArray[np.float32]:
        time = start_ns / 1e9 + np.arange(n_samples) / 48_000
        return np.sin(2 * np.pi * 440 * time).astype(np.float32)


@dataclass
class Page:
    """What a browser's page does, and what it saw."""

    connection: RTCPeerConnection
    channel: RTCDataChannel
    messages: list[str] = field(default_factory=list)
    tracks: dict[str, MediaStreamTrack] = field(default_factory=dict)
    packets: list[bytes] = field(default_factory=list)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def raw(self, kind: str) -> list[bytes]:
        """The packets that came of a kind of media, in their order."""
        codecs = {one.kind: one._codecs[0] for one in self.connection.getTransceivers()}
        wanted = codecs[kind].payloadType
        return [one for one in self.packets if RtpPacket.parse(one).payload_type == wanted]

    def sent(self, kind: str) -> list[RtpPacket]:
        """The same, parsed."""
        return [RtpPacket.parse(one) for one in self.raw(kind)]

    @classmethod
    async def open(cls, *kinds: str) -> "Page":
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        for kind in kinds:
            connection.addTransceiver(kind, direction="recvonly")
        page = cls(connection, connection.createDataChannel("events"))
        page.channel.on("message", page.messages.append)
        page.channel.on("open", page.opened.set)
        connection.on("track", lambda track: page.tracks.update({track.kind: track}))
        await connection.setLocalDescription(await connection.createOffer())
        return page

    @property
    def offer(self) -> str:
        """The offer with the extension that aiortc itself does not know."""
        head, video, rest = self.connection.localDescription.sdp.partition("m=video")
        line = f"a=extmap:{EXTENSION_ID} {PLAYOUT_DELAY_URI}\r\n"
        return head + video + rest.replace("a=mid:", f"{line}a=mid:", 1)

    async def accept(self, answer: tuple[str, str]) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer[1], answer[0]))
        transport = self.connection.getTransceivers()[0].receiver.transport
        handle = transport._handle_rtp_data

        async def keep(data: bytes, arrival_time_ms: int) -> None:
            self.packets.append(data)
            await handle(data, arrival_time_ms)

        transport._handle_rtp_data = keep  # type: ignore[method-assign]

    async def picture_with(self, number: int) -> None:
        async with asyncio.timeout(LIMIT_S):
            while True:
                frame = await self.tracks["video"].recv()
                assert hasattr(frame, "to_ndarray")
                if read_probe(frame.to_ndarray(format="yuv420p")) == number:
                    return


@dataclass
class Host:
    """One session without its brain: frame loop, sound and a viewer."""

    body: Body
    loop: FrameLoop
    viewer: Viewer
    encode_times: StageTimes
    messages: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    changes: list[bool] = field(default_factory=list)
    sent: list[SentFrame] = field(default_factory=list)

    @classmethod
    def make(cls, options: ViewerOptions | None = None) -> "Host":
        clock = SystemClock()
        timer = LoopTimer(clock)
        body, faults, times = Body(), list[Fault](), StageTimes()
        messages, changes, sent = list[str](), list[bool](), list[SentFrame]()
        loop = FrameLoop(
            body,
            Drawer(),
            FrameLoopOptions("s", 30),
            clock=clock,
            timer=timer,
            on_fault=faults.append,
        )
        sources = ViewerSources("s", SIZE, loop.feed, Tone(), loop.start_ns, clock, timer, times)
        callbacks = ViewerCallbacks(
            messages.append,
            faults.append,
            lambda sequence, timestamp: f"{sequence} {timestamp}",
            sent.append,
        )
        viewer = Viewer(
            sources,
            options or ViewerOptions(),
            callbacks,
            lambda viewer: changes.append(viewer.connected),
        )
        return cls(body, loop, viewer, times, messages, faults, changes, sent)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110 - what is waited for raises no event
            await asyncio.sleep(0.01)


def call(
    scene: Callable[[Host, Page], Coroutine[Any, Any, None]],
    options: ViewerOptions | None = None,
    kinds: tuple[str, ...] = ("video", "audio"),
) -> Host:
    """Connects a page with a viewer, plays the scene, hangs up; nothing may be left behind."""

    async def play() -> Host:
        tasks = asyncio.all_tasks()
        host = Host.make(options)
        frames = asyncio.create_task(host.loop.run())
        page = await Page.open(*kinds)
        await page.accept(await host.viewer.answer("offer", page.offer))
        try:
            async with asyncio.timeout(LIMIT_S):
                await page.opened.wait()
            await scene(host, page)
        finally:
            await host.viewer.aclose()
            await host.viewer.aclose()
            await page.connection.close()
            frames.cancel()
            await asyncio.gather(frames, return_exceptions=True)
        await until(lambda: asyncio.all_tasks() == tasks)
        return host

    before = set(threading.enumerate())
    host = asyncio.run(play())
    left = [one for one in threading.enumerate() if one not in before and one.is_alive()]
    assert left == []
    return host


def post(url: str, body: object) -> Any:  # noqa: ANN401 - JSON is anything
    """What a server answers to JSON."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
        return json.loads(answer.read())


async def watch_session(url: str, size: str) -> Page:
    """A new session of a whole server, and a page that watches it."""
    session = await asyncio.to_thread(post, f"{url}/api/sessions", {"size": size, "seed": 1})
    page = await Page.open("video")
    offer = {"type": "offer", "sdp": page.offer}
    path = f"{url}/api/sessions/{session['id']}/offer"
    answer = await asyncio.to_thread(post, path, offer)
    await page.accept(("answer", answer["sdp"]))
    await page.opened.wait()
    return page
