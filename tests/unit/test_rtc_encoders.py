import av
import numpy as np
import pytest
from aiortc.codecs import depayload
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc

from compositor.drawlist import FrameSize
from engine.rtc.encoders import (
    VIDEO_CODECS,
    H264Encoder,
    Vp8Encoder,
    bitrate_range,
    open_video_encoder,
)

SIZE = FrameSize(128, 96)
TICKS = 3000  # of 90 kHz, at 30 fps
LARGEST_PAYLOAD = 1300
SMPTE170M = 6  # matrix coefficients in ITU-T H.273; PyAV's Colorspace counts otherwise


def picture(index: int, size: FrameSize = SIZE, noise: bool = False) -> av.VideoFrame:
    y, x = np.mgrid[0 : size.height, 0 : size.width]
    data = np.full((size.height * 3 // 2, size.width), 128, np.uint8)
    if noise:
        data[: size.height] = np.random.default_rng(index).integers(16, 235, x.shape)
    else:
        data[: size.height] = (x * 2 + y + index * 3) % 200 + 20
    frame = av.VideoFrame.from_ndarray(data, format="yuv420p")
    frame.pts = index * TICKS
    return frame


def decoded(codec: str, frames: list[list[bytes]]) -> list[av.VideoFrame]:
    parameters = RTCRtpCodecParameters(f"video/{codec}", 90_000, payloadType=97)
    decoder = av.CodecContext.create({"H264": "h264", "VP8": "libvpx"}[codec], "r")
    assert isinstance(decoder, av.VideoCodecContext)
    out: list[av.VideoFrame] = []
    for payloads in frames:
        data = b"".join(depayload(parameters, payload) for payload in payloads)
        out += decoder.decode(av.Packet(data))
    return out + decoder.decode(None)


def starts_a_viewer(codec: str, payloads: list[bytes]) -> bool:
    """Whether a viewer who joins at this frame sees it."""
    try:
        return len(decoded(codec, [payloads])) == 1
    except av.FFmpegError:
        return False


@pytest.mark.parametrize("codec", VIDEO_CODECS)
def test_every_frame_comes_out_at_once_and_looks_as_it_went_in(codec: str) -> None:
    encoder = open_video_encoder(codec, SIZE)
    frames = [encoder.encode(picture(n), keyframe=False) for n in range(12)]
    assert all(frames)
    pictures = decoded(codec, frames)
    assert len(pictures) == 12
    want = picture(11).to_ndarray(format="yuv420p")[: SIZE.height].astype(float)
    got = pictures[-1].to_ndarray(format="yuv420p")[: SIZE.height].astype(float)
    assert np.abs(want - got).mean() < 12


@pytest.mark.parametrize("codec", VIDEO_CODECS)
def test_keyframes_come_first_and_on_request_only(codec: str) -> None:
    encoder = open_video_encoder(codec, SIZE)
    asked = {40}
    keys = [
        n
        for n in range(80)
        if starts_a_viewer(codec, encoder.encode(picture(n, noise=n == 20), keyframe=n in asked))
    ]
    assert keys == [0, 40]


@pytest.mark.parametrize("codec", VIDEO_CODECS)
def test_payloads_fit_a_datagram(codec: str) -> None:
    encoder = open_video_encoder(codec, SIZE)
    payloads = encoder.encode(picture(0, noise=True), keyframe=True)
    assert len(payloads) > 1
    assert max(map(len, payloads)) <= LARGEST_PAYLOAD


@pytest.mark.parametrize("codec", VIDEO_CODECS)
def test_another_size_starts_anew_with_a_keyframe(codec: str) -> None:
    encoder = open_video_encoder(codec, SIZE)
    encoder.encode(picture(0), keyframe=False)
    other = FrameSize(64, 64)
    payloads = encoder.encode(picture(1, other), keyframe=False)
    [frame] = decoded(codec, [payloads])
    assert (frame.width, frame.height) == (64, 64)


def test_h264_says_what_its_colours_mean() -> None:
    """Players take H.264 that says nothing for BT.709; VP8 is BT.601 by its specification."""
    [frame] = decoded("H264", [H264Encoder(SIZE).encode(picture(0), keyframe=True)])
    assert frame.color_range == ColorRange.MPEG
    assert frame.colorspace == SMPTE170M
    assert frame.color_primaries == ColorPrimaries.BT709
    assert frame.color_trc == ColorTrc.IEC61966_2_1


def test_h264_follows_the_viewers_estimate_without_being_rebuilt() -> None:
    encoder = H264Encoder(FrameSize(256, 256))
    limits = bitrate_range(FrameSize(256, 256))
    size = FrameSize(256, 256)

    def bits(first: int) -> int:
        frames = [
            encoder.encode(picture(n, size, noise=True), keyframe=False)
            for n in range(first, first + 30)
        ]
        assert not any(starts_a_viewer("H264", payloads) for payloads in frames[1:])
        return sum(8 * len(payload) for payloads in frames for payload in payloads)

    bits(0)
    before = bits(30)
    codec = encoder._codec
    encoder.set_bitrate(limits.low)
    bits(60)
    after = bits(90)
    encoder.set_bitrate(limits.start)
    bits(120)
    again = bits(150)
    assert encoder._codec is codec
    assert after < 0.5 * before
    assert again > 1.5 * after


def test_vp8_is_not_rebuilt_for_small_or_short_changes() -> None:
    encoder = Vp8Encoder(SIZE)
    start = encoder.target_bitrate
    encoder.encode(picture(0), keyframe=False)
    codec = encoder._codec
    for n in range(1, 300):
        encoder.set_bitrate(start * (60 + n % 80) // 100)  # wanders between 0.6 and 1.4
        if n % 100 > 50:
            encoder.set_bitrate(start // 4)  # low, but only for 1.6 s at a time
        encoder.encode(picture(n), keyframe=False)
    assert encoder._codec is codec


def test_vp8_is_rebuilt_for_a_large_lasting_change() -> None:
    encoder = Vp8Encoder(SIZE)
    encoder.encode(picture(0), keyframe=False)
    codec = encoder._codec
    encoder.set_bitrate(encoder.target_bitrate // 4)
    keys = [
        n
        for n in range(1, 120)
        if starts_a_viewer("VP8", encoder.encode(picture(n), keyframe=False))
    ]
    assert encoder._codec is not codec
    assert keys == [91]  # 3 s after the change


def test_bitrate_stays_in_the_range_of_the_size() -> None:
    limits = bitrate_range(FrameSize(512, 512))
    assert limits.start == 2_500_000
    encoder = open_video_encoder("h264", FrameSize(512, 512))
    encoder.set_bitrate(1)
    assert encoder.target_bitrate == limits.low
    encoder.set_bitrate(10**9)
    assert encoder.target_bitrate == limits.high
    assert bitrate_range(FrameSize(1024, 1024)).start > 2 * limits.start


def test_unknown_codec_is_named() -> None:
    with pytest.raises(ValueError, match="'AV2': expected one of H264, VP8"):
        open_video_encoder("AV2", SIZE)
