"""What becomes of a viewer when something fails, and how it ends."""

import asyncio
import socket
import threading

import pytest
from aiortc.rtp import HeaderExtensions
from av import VideoFrame

from engine.errors import NegotiationError
from engine.rtc import sending
from engine.rtc.playout_delay import PlayoutDelayMap
from engine.rtc.viewer import ViewerOptions
from tests.integration.calls import Host, Page, call, until


class Broken:
    """An encoder that fails with every frame, or every second one."""

    failures = 0

    def __init__(self, *, always: bool) -> None:
        self.always = always

    def encode(self, frame: VideoFrame, *, keyframe: bool) -> list[bytes]:
        if not self.always and Broken.failures:
            return [b"picture"]
        Broken.failures += 1
        raise OSError("broken encoder")

    def set_bitrate(self, bitrate: int) -> None:
        pass


def test_encoder_that_keeps_failing_is_reported_once_and_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Broken, "failures", 0)
    monkeypatch.setattr(sending, "open_video_encoder", lambda *_: Broken(always=True))

    async def scene(host: Host, page: Page) -> None:
        await until(lambda: host.changes == [True, False])

    host = call(scene)
    assert [(fault.mode, fault.cause) for fault in host.faults] == [
        ("encode", "OSError('broken encoder')"),
        ("viewer", "sending pictures: OSError('broken encoder')"),
    ]
    assert 1 < Broken.failures < 60


def test_encoder_that_failed_once_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Broken, "failures", 0)
    monkeypatch.setattr(sending, "open_video_encoder", lambda *_: Broken(always=False))

    async def scene(host: Host, page: Page) -> None:
        await until(lambda: len(page.sent("video")) > 2)
        assert host.viewer.connected

    assert [fault.mode for fault in call(scene, kinds=("video",)).faults] == ["encode"]


def test_packets_that_cannot_be_made_are_reported_and_end_the_viewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(headers: PlayoutDelayMap, values: HeaderExtensions) -> tuple[int, bytes]:
        raise AssertionError("no such id")

    monkeypatch.setattr(PlayoutDelayMap, "set", broken)

    async def scene(host: Host, page: Page) -> None:
        await until(lambda: host.changes == [True, False])

    faults = call(scene).faults
    assert [(fault.mode, fault.cause) for fault in faults] == [
        ("viewer", "sending pictures: AssertionError('no such id')")
    ]


def test_viewer_whose_connection_fails_to_close_is_gone_all_the_same() -> None:
    async def scene(host: Host, page: Page) -> None:
        await page.picture_with(0)
        close = host.viewer._connection.close

        async def broken() -> None:
            await close()
            raise OSError("stuck")

        host.viewer._connection.close = broken  # type: ignore[method-assign]
        await host.viewer.aclose()

    host = call(scene)
    assert host.changes == [True, False]
    assert [fault.cause for fault in host.faults] == ["closing: OSError('stuck')"]


def test_handler_that_fails_is_reported_and_the_call_goes_on() -> None:
    async def scene(host: Host, page: Page) -> None:
        def broken(text: str) -> None:
            raise ZeroDivisionError(text)

        host.viewer._channel._handle = broken
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
