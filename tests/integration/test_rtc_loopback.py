"""What a page gets from a viewer over loopback."""

import asyncio
from itertools import pairwise

import numpy as np
import pytest
from aiortc.rtp import RtcpPsfbPacket, unpack_header_extensions
from av import VideoFrame

from engine.rtc.audio import LIP_DELAY_NS, SoundTrack
from engine.rtc.viewer import ViewerOptions
from tests.integration.calls import EXTENSION_ID, LIMIT_S, Host, Page, call, until


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
        await until(lambda: min(len(page.sent(kind)) for kind in ("video", "audio")) > 3)
        assert {extensions(one).get(EXTENSION_ID) for one in page.raw("video")} == {b"\0\0\0"}
        assert {extensions(one).get(EXTENSION_ID) for one in page.raw("audio")} == {None}

    call(scene)


def test_rtp_times_of_pictures_rise_with_event_frames_too() -> None:
    async def scene(host: Host, page: Page) -> None:
        await page.picture_with(0)
        for number in range(1, 15):
            host.body.number = number
            host.loop.event()
            await page.picture_with(number)
        times = [one.timestamp for one in page.sent("video") if one.marker]
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
        shown = len(page.sent("video"))
        await until(lambda: len(page.sent("video")) > shown + 2)
        (told,) = page.messages
        sequence, timestamp = (int(word) for word in told.split())
        assert sequence == 41
        assert timestamp in {one.timestamp for one in page.sent("video")}

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


@pytest.mark.parametrize(
    ("kinds", "delay_ns"), [(("audio",), 0), (("video", "audio"), LIP_DELAY_NS)]
)
def test_sound_waits_for_the_lips_of_a_viewer_that_keeps_both_together(
    kinds: tuple[str, ...], delay_ns: int
) -> None:
    async def play() -> None:
        host = Host.make()
        page = await Page.open(*kinds)
        await host.viewer.answer("offer", page.connection.localDescription.sdp)
        assert sound_delay_ns(host) == delay_ns
        await host.viewer.aclose()
        await page.connection.close()

    asyncio.run(play())


def test_sound_does_not_wait_for_a_viewer_that_plays_at_once() -> None:
    async def scene(host: Host, page: Page) -> None:
        assert sound_delay_ns(host) == 0

    call(scene)


def sound_delay_ns(host: Host) -> int:
    tracks = [sender.track for sender in host.viewer._connection.getSenders()]
    (sound,) = [one for one in tracks if isinstance(one, SoundTrack)]
    return sound._delay_ns


def test_only_what_is_offered_is_answered() -> None:
    async def scene(host: Host, page: Page) -> None:
        await page.picture_with(0)
        assert set(page.tracks) == {"video"}

    assert call(scene, kinds=("video",)).faults == []


def test_slow_viewers_messages_are_dropped_and_counted() -> None:
    async def scene(host: Host, page: Page) -> None:
        sent = [host.viewer.send("x" * 1000) for _ in range(100)]
        assert sum(sent) < 60
        assert host.viewer.dropped_messages == 100 - sum(sent)
        await until(lambda: len(page.messages) == sum(sent))

    call(scene, ViewerOptions(send_buffer_bytes=50_000))


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
