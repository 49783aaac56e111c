"""Small clips for tests, written with PyAV."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from capsules.clip import Clip, Matte

__all__ = ["FPS", "clip", "frame", "write_clip"]

FPS = 25
_CODECS: dict[str, tuple[str, str, dict[str, str]]] = {
    "vp9": ("libvpx-vp9", "yuva420p", {"crf": "10", "b": "0", "deadline": "realtime"}),
    "vp9-opaque": ("libvpx-vp9", "yuv420p", {"deadline": "realtime"}),
    "av1": ("libsvtav1", "yuv420p", {"preset": "12", "crf": "20", "svtav1-params": "lp=1"}),
    "h264": ("libx264", "yuv420p", {"preset": "ultrafast", "bf": "2"}),
    "vp8": ("libvpx", "yuv420p", {"deadline": "realtime"}),
}


def frame(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """Straight RGBA: grey of 4 * number + 20, opaque on the left half and clear on the right."""
    picture = np.full((height, width, 4), (20 + 4 * number) % 256, np.uint8)
    picture[..., 3] = 0
    picture[:, : width // 2, 3] = 255
    return picture


def write_clip(
    path: Path,
    codec: str = "vp9",
    *,
    size: tuple[int, int] = (64, 64),
    count: int = 30,
    matte: Matte = "alpha",
    keyframes: int = 10,
    fps: int = FPS,
) -> Path:
    """Writes frames of `frame`; `size` is that of a frame, without the matte beside it."""
    name, pixels, options = _CODECS[codec]
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(name, rate=fps)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size[0] * (2 if matte == "side_by_side" else 1), size[1]
        stream.pix_fmt = pixels
        stream.options = {"g": str(keyframes), **options}
        for number in range(count):
            picture = frame(number, *size)
            if matte == "side_by_side":
                beside = np.repeat(picture[..., 3:], 4, axis=2)
                picture = np.concatenate([picture, beside], axis=1)
                picture[..., 3] = 255
            coded = av.VideoFrame.from_ndarray(picture, format="rgba").reformat(format=pixels)
            coded.pts, coded.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(coded))
        container.mux(stream.encode(None))
    return path


def clip(cid: str = "ER_TEST", **fields: Any) -> Clip:  # noqa: ANN401 - any field of a clip
    """Facts of a clip of 50 frames whose file is not there."""
    plain: dict[str, Any] = {
        "path": Path("nowhere.webm"),
        "width": 64,
        "height": 64,
        "fps": float(FPS),
        "frame_count": 50,
        "matte": "alpha",
        "rect": (0.0, 0.0, 1.0, 1.0),
        "after": "",
    }
    return Clip(cid, **(plain | fields))
