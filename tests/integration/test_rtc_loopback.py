"""A viewer and a page, both aiortc, in one process over loopback."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.rtp import RtcpPsfbPacket, RtpPacket, unpack_header_extensions
from av import VideoFrame
from numpy.typing import NDArray

from compositor.backend import I420
from compositor.drawlist import DrawList, FrameSize
from compositor.probe import draw_probe, read_probe
from engine.clock import SystemClock
from engine.errors import NegotiationError
from engine.faults import Fault
from engine.frame_loop import FrameLoop, FrameLoopOptions
from engine.rtc.peer import Viewer, ViewerCallbacks, ViewerOptions, ViewerSources
from engine.rtc.playout_delay import PLAYOUT_DELAY_URI
from engine.stats import StageTimes
from engine.timer import LoopTimer

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

    @classmethod
    def make(cls, options: ViewerOptions | None = None) -> "Host":
        clock = SystemClock()
        timer = LoopTimer(clock)
        body, faults, times = Body(), list[Fault](), StageTimes()
        messages, changes = list[str](), list[bool]()
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
            lambda viewer: changes.append(viewer.connected),
            faults.append,
            lambda sequence, timestamp: f"{sequence} {timestamp}",
        )
        viewer = Viewer(sources, options or ViewerOptions(), callbacks)
        return cls(body, loop, viewer, times, messages, faults, changes)


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


@pytest.mark.parametrize("codec", ["H264", "VP8"])
def test_picture_sound_and_messages_arrive(codec: str) -> None:
    async def scene(host: Host, page: Page) -> None:
        await page.picture_with(0)
        host.body.number = 0xA5C3
        host.loop.event()
        await page.picture_with(0xA5C3)
        sound = await page.tracks["audio"].recv()
        assert hasattr(sound, "to_ndarray")
        async with asyncio.timeout(LIMIT_S):
            while np.abs(sound.to_ndarray().astype(int)).max() < 8000:
                sound = await page.tracks["audio"].recv()
        page.channel.send('{"n": 1}')
        await until(lambda: host.messages == ['{"n": 1}'])
        assert host.viewer.send("packet")
        await until(lambda: page.messages == ["packet"])
        assert host.viewer.codec == codec
        assert host.viewer.connected

    host = call(scene, ViewerOptions(codecs=(codec,)))
    assert host.faults == []
    assert host.changes == [True, False]
    assert host.encode_times.quantiles().count > 1


def extensions(packet: bytes) -> dict[int, bytes]:
    words = int.from_bytes(packet[14:16], "big")
    profile = int.from_bytes(packet[12:14], "big")
    return dict(unpack_header_extensions(profile, packet[16 : 16 + 4 * words]))


def test_every_video_packet_and_no_other_asks_to_be_shown_at_once() -> None:
    async def scene(host: Host, page: Page) -> None:
        await page.picture_with(0)
        await asyncio.sleep(0.2)
        codecs = {t.kind: t._codecs[0].payloadType for t in page.connection.getTransceivers()}
        kinds = {kind: [] for kind in codecs}  # type: dict[str, list[bytes]]
        for packet in page.packets:
            for kind, payload_type in codecs.items():
                if RtpPacket.parse(packet).payload_type == payload_type:
                    kinds[kind].append(packet)
        assert len(kinds["video"]) > 3
        assert {extensions(one).get(EXTENSION_ID) for one in kinds["video"]} == {b"\0\0\0"}
        assert len(kinds["audio"]) > 3
        assert {extensions(one).get(EXTENSION_ID) for one in kinds["audio"]} == {None}
        assert host.viewer.plays_at_once

    call(scene)


def test_rtp_times_of_pictures_rise_with_event_frames_too() -> None:
    async def scene(host: Host, page: Page) -> None:
        await page.picture_with(0)
        for number in range(1, 15):
            host.body.number = number
            host.loop.event()
            await asyncio.sleep(0.015)
        video = page.connection.getTransceivers()[0]._codecs[0].payloadType
        packets = [RtpPacket.parse(one) for one in page.packets]
        times = [one.timestamp for one in packets if one.payload_type == video and one.marker]
        steps = [(b - a) & 0xFFFFFFFF for a, b in pairwise(times)]
        assert len(steps) > 10
        assert all(0 < step < 90_000 for step in steps)

    call(scene)


def test_viewer_is_told_which_picture_shows_an_event_first() -> None:
    async def scene(host: Host, page: Page) -> None:
        await page.picture_with(0)
        host.body.number = host.body.event_sequence = 41
        host.loop.event()
        await page.picture_with(41)
        await until(lambda: bool(page.messages))
        await asyncio.sleep(0.1)
        (told,) = page.messages
        sequence, timestamp = (int(word) for word in told.split())
        video = page.connection.getTransceivers()[0]._codecs[0].payloadType
        packets = [RtpPacket.parse(one) for one in page.packets]
        assert sequence == 41
        assert timestamp in {one.timestamp for one in packets if one.payload_type == video}

    call(scene)


def test_picture_loss_brings_a_keyframe_at_once() -> None:
    async def scene(host: Host, page: Page) -> None:
        await page.picture_with(0)
        sender = next(one for one in host.viewer._connection.getSenders() if one.kind == "video")
        keys: list[bool] = []
        encoder = sender._encoder  # type: ignore[attr-defined]
        encode = encoder.encode

        def watched(frame: VideoFrame, *, keyframe: bool) -> list[bytes]:
            keys.append(keyframe)
            return list(encode(frame, keyframe=keyframe))

        encoder.encode = watched
        await until(lambda: len(keys) > 2)
        assert not any(keys)
        receiver = page.connection.getTransceivers()[0].receiver
        packet = RtcpPsfbPacket(fmt=1, ssrc=1, media_ssrc=sender._ssrc)
        await receiver.transport._send_rtp(bytes(packet))
        await until(lambda: any(keys))
        assert sum(keys) == 1

    call(scene)


def test_only_what_is_offered_is_answered() -> None:
    async def scene(host: Host, page: Page) -> None:
        await page.picture_with(0)
        assert set(page.tracks) == {"video"}

    assert call(scene, kinds=("video",)).faults == []


def test_slow_viewers_messages_are_dropped_and_counted() -> None:
    async def scene(host: Host, page: Page) -> None:
        sent = [host.viewer.send("x" * 1000) for _ in range(100)]
        assert sum(sent) < 60
        assert host.viewer.dropped_out == 100 - sum(sent)
        await until(lambda: len(page.messages) == sum(sent))

    call(scene, ViewerOptions(send_buffer_bytes=50_000))


def test_handler_that_fails_is_reported_and_the_call_goes_on() -> None:
    async def scene(host: Host, page: Page) -> None:
        def broken(text: str) -> None:
            raise ZeroDivisionError(text)

        object.__setattr__(host.viewer._callbacks, "on_message", broken)
        page.channel.send("boom")
        await until(lambda: bool(host.faults))
        assert host.faults[0].mode == "viewer"
        await page.picture_with(0)

    call(scene)


def test_page_that_hangs_up_ends_the_viewer() -> None:
    async def scene(host: Host, page: Page) -> None:
        await page.picture_with(0)
        await page.connection.close()
        await until(lambda: host.viewer.ended and host.changes == [True, False])
        assert not host.loop.feed.watched
        assert not host.viewer.send("anyone there?")

    call(scene)


def test_page_that_vanishes_without_a_word_is_noticed() -> None:
    async def scene(host: Host, page: Page) -> None:
        await page.picture_with(0)
        await asyncio.sleep(1.5)
        assert host.viewer.connected  # who only listens is heard all the same
        for transceiver in page.connection.getTransceivers():
            ice = transceiver.receiver.transport.transport._connection
            for protocol in ice._protocols:
                protocol.transport.abort()
        await until(lambda: host.viewer.ended)

    assert call(scene, ViewerOptions(silence_s=1.6)).changes == [True, False]


def test_viewer_that_never_connects_is_given_up() -> None:
    async def play() -> None:
        tasks = asyncio.all_tasks()
        host = Host.make(ViewerOptions(connect_timeout_s=0.2))
        page = await Page.open("video")
        await host.viewer.answer("offer", page.offer)
        await until(lambda: host.viewer.ended)
        await page.connection.close()
        await until(lambda: asyncio.all_tasks() == tasks)
        assert [fault.cause for fault in host.faults] == ["not connected after 0.2 s"]

    asyncio.run(play())


def test_viewer_answers_on_loopback_even_without_a_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **_: [])

    async def play() -> None:
        host = Host.make()
        page = await Page.open("video")
        _, sdp = await host.viewer.answer("offer", page.offer)
        candidates = {line for line in sdp.splitlines() if line.startswith("a=candidate")}
        assert [line.split()[4] for line in candidates] == ["127.0.0.1"]
        await host.viewer.aclose()
        await page.connection.close()

    asyncio.run(play())


def test_bad_offer_is_refused_and_leaves_nothing_behind() -> None:
    async def play() -> None:
        tasks = asyncio.all_tasks()
        host = Host.make()
        page = await Page.open("video")
        unknown = page.offer.replace("H264/", "H999/").replace("VP8/", "VP7/")
        with pytest.raises(NegotiationError, match="cannot be answered"):
            await host.viewer.answer("offer", unknown)
        with pytest.raises(NegotiationError, match="malformed SDP"):
            await Host.make().viewer.answer("offer", "v=0\r\nm=\r\n")
        await page.connection.close()
        await until(lambda: asyncio.all_tasks() == tasks)
        assert host.viewer.ended

    threads = threading.active_count()
    asyncio.run(play())
    assert threading.active_count() == threads


def test_datagrams_from_strangers_are_not_passed_on() -> None:
    async def scene(host: Host, page: Page) -> None:
        await page.picture_with(0)
        transport = host.viewer._connection.getTransceivers()[0].receiver.transport
        ice = transport.transport._connection
        passed: list[bytes] = []
        deliver = ice.data_received

        def watched(data: bytes, component: int) -> None:
            passed.append(data)
            deliver(data, component)

        ice.data_received = watched  # type: ignore[method-assign]
        close_notify_like = bytes([21, 254, 253]) + b"stranger"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for candidate in (one for one in ice.local_candidates if ":" not in one.host):
                stranger.sendto(close_notify_like, (candidate.host, candidate.port))
        page.channel.send("friend")
        await until(lambda: host.messages == ["friend"])
        assert passed
        assert close_notify_like not in passed

    call(scene)
