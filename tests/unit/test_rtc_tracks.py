import asyncio
from fractions import Fraction

import av
import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError
from av.video.frame import PictureType
from numpy.typing import NDArray

from compositor.drawlist import FrameSize
from engine.clock import NS_PER_MS, VirtualClock
from engine.feed import FrameFeed, LiveFrame
from engine.rtc.audio import OpusEncoder, SoundTrack
from engine.rtc.encoders import VIDEO_CODECS, open_video_encoder
from engine.rtc.video import FrameTrack
from engine.voice.port import SAMPLE_RATE_HZ, Speech
from engine.voice.timeline import SpeechTimeline
from tests.unit.virtual_time import VirtualTimer, settle

MS = NS_PER_MS
FRAME_MS = 20
SAMPLES = 960


class Ramp:
    """Sound whose value tells its time: the sample's number modulo a thousand."""

    def read(self, start_ns: int, n_samples: int) -> NDArray[np.float32]:
        first = round(start_ns * SAMPLE_RATE_HZ / 1e9)
        return ((np.arange(first, first + n_samples) % 1000) / 32767).astype(np.float32)


def track(
    clock: VirtualClock, timer: VirtualTimer, start_ns: int = 0, delay_ns: int = 0
) -> SoundTrack:
    return SoundTrack(Ramp(), start_ns, clock=clock, timer=timer, delay_ns=delay_ns)


def samples(frame: av.AudioFrame) -> NDArray[np.int16]:
    return np.asarray(frame.to_ndarray()[0], np.int16)


def test_sound_frames_are_paced_by_the_clock_and_hold_their_own_time() -> None:
    async def play() -> None:
        clock = VirtualClock()
        timer = VirtualTimer(clock)
        sound = track(clock, timer)
        frames: list[tuple[int, av.AudioFrame]] = []

        async def listen() -> None:
            while True:
                frame = await sound.recv()
                frames.append((clock.now_ns(), frame))

        task = asyncio.create_task(listen())
        await timer.advance(3_600_000 * MS // 600)  # 6 s
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert [at // MS for at, _ in frames] == list(range(0, 6001, FRAME_MS))
        assert [frame.pts for _, frame in frames] == [n * SAMPLES for n in range(301)]
        for number, (_, frame) in enumerate(frames):
            assert frame.samples == SAMPLES
            assert abs(int(samples(frame)[0]) - number * SAMPLES % 1000) <= 1

    asyncio.run(play())


def test_sound_goes_on_in_the_present_after_a_stall() -> None:
    async def play() -> None:
        clock = VirtualClock()
        sound = track(clock, VirtualTimer(clock))
        assert (await sound.recv()).pts == 0
        clock.advance(1005 * MS)
        frame = await sound.recv()
        assert frame.pts == 50 * SAMPLES

    asyncio.run(play())


def test_viewer_who_comes_late_hears_the_present() -> None:
    async def play() -> None:
        clock = VirtualClock(10_000 * MS)
        sound = track(clock, VirtualTimer(clock), start_ns=0)
        frame = await sound.recv()
        assert frame.pts == 500 * SAMPLES
        assert samples(frame)[1] == 500 * SAMPLES % 1000 + 1

    asyncio.run(play())


def test_delayed_sound_keeps_its_times_and_holds_what_came_before() -> None:
    async def play() -> None:
        clock = VirtualClock(1000 * MS)
        sound = track(clock, VirtualTimer(clock), delay_ns=80 * MS)
        frame = await sound.recv()
        assert frame.pts == 50 * SAMPLES
        assert samples(frame)[1] == 46 * SAMPLES % 1000 + 1

    asyncio.run(play())


def test_interruption_is_silent_from_the_next_frame_on() -> None:
    async def play() -> None:
        clock = VirtualClock()
        timeline = SpeechTimeline()
        timeline.place(Speech("a", np.full(48_000, 0.5, np.float32), ()), 0)
        sound = SoundTrack(timeline, 0, clock=clock, timer=VirtualTimer(clock))
        assert samples(await sound.recv()).min() > 10_000
        clock.advance(15 * MS)
        timeline.cut(clock.now_ns())
        clock.advance(5 * MS)
        frame = samples(await sound.recv())
        assert frame[0] > 0  # still fading
        assert not frame[4 * 48 :].any()

    asyncio.run(play())


def test_loud_sound_is_clipped_not_wrapped() -> None:
    async def play() -> None:
        clock = VirtualClock()
        timeline = SpeechTimeline()
        timeline.place(Speech("a", np.full(960, 3.0, np.float32), ()), 0)
        sound = SoundTrack(timeline, 0, clock=clock, timer=VirtualTimer(clock))
        assert samples(await sound.recv()).min() == 32767

    asyncio.run(play())


def test_stopped_sound_track_wakes_its_reader() -> None:
    async def play() -> None:
        clock = VirtualClock()
        sound = track(clock, VirtualTimer(clock))
        await sound.recv()
        reading = asyncio.create_task(sound.recv())
        await settle()
        sound.stop()
        sound.stop()
        with pytest.raises(MediaStreamError):
            await reading

    asyncio.run(play())


def test_opus_gives_one_packet_a_frame_and_sounds_like_the_source() -> None:
    encoder = OpusEncoder()
    decoder = av.CodecContext.create("libopus", "r")
    time = np.arange(SAMPLES * 25) / SAMPLE_RATE_HZ
    tone = (8000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
    heard = []
    for number in range(25):
        part = tone[number * SAMPLES : (number + 1) * SAMPLES]
        frame = av.AudioFrame.from_ndarray(part[np.newaxis], format="s16", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, number * SAMPLES
        [payload] = encoder.encode(frame, keyframe=False)
        heard += [out.to_ndarray() for out in decoder.decode(av.Packet(payload))]
    sound = np.concatenate([part.reshape(-1, 2)[:, 0] for part in heard])[SAMPLES * 10 :]
    peak_hz = np.abs(np.fft.rfft(sound)).argmax() * SAMPLE_RATE_HZ / len(sound)
    assert peak_hz == pytest.approx(440, abs=10)


def _pixels(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(16, 235, (24, 16), np.uint8)


def picture(index: int) -> LiveFrame:
    return LiveFrame(index, index, index * 3000, _pixels(index), False)


@pytest.mark.parametrize("codec", VIDEO_CODECS)
def test_pictures_go_to_every_viewer_as_frames_of_their_own(codec: str) -> None:
    async def play() -> None:
        feed = FrameFeed(lambda: None)
        tracks = [FrameTrack(feed), FrameTrack(feed)]
        reading = [asyncio.create_task(track.recv()) for track in tracks]
        await settle()
        live = picture(3)
        before = live.image.copy()
        feed.publish(live)
        first, second = await asyncio.gather(*reading)
        assert (first.pts, first.time_base) == (9000, Fraction(1, 90_000))
        assert open_video_encoder(codec, FrameSize(16, 16)).encode(first, keyframe=True)
        assert (second.pts, second.pict_type) == (9000, PictureType.NONE)
        assert np.array_equal(second.to_ndarray(), before)
        assert np.array_equal(live.image, before)

    asyncio.run(play())


def test_track_joins_the_feed_only_when_it_is_read() -> None:
    async def play() -> None:
        feed = FrameFeed(lambda: None)
        track = FrameTrack(feed)
        assert not feed.watched
        reading = asyncio.create_task(track.recv())
        await settle()
        assert feed.watched
        track.stop()
        with pytest.raises(MediaStreamError):
            await reading
        assert not feed.watched
        with pytest.raises(MediaStreamError):
            await track.recv()

    asyncio.run(play())


def test_track_ends_with_its_feed() -> None:
    async def play() -> None:
        feed = FrameFeed(lambda: None)
        feed.close()
        with pytest.raises(MediaStreamError):
            await FrameTrack(feed).recv()

    asyncio.run(play())


@pytest.mark.parametrize(("width", "height"), [(512, 512), (300, 150), (320, 600), (130, 134)])
def test_pictures_of_any_even_size_arrive_whole(width: int, height: int) -> None:
    async def play() -> None:
        feed = FrameFeed(lambda: None)
        track = FrameTrack(feed)
        reading = asyncio.create_task(track.recv())
        await settle()
        shape = (height * 3 // 2, width)
        image = np.random.default_rng(1).integers(16, 235, shape, np.uint8)
        feed.publish(LiveFrame(0, 0, 0, image, False))
        frame = await reading
        assert (frame.width, frame.height) == (width, height)
        assert np.array_equal(frame.to_ndarray(), image)

    asyncio.run(play())
