"""Films of the built-in avatar for Chromium's fake camera."""

from pathlib import Path

from benchmarks.scene import mira
from compositor.drawlist import FrameSize
from engine.offline.render import OfflineRenderer, RenderOptions, weight_frames

__all__ = ["write_film"]

SIZE = FrameSize(640, 480)
FPS = 10
# She turns her head to and fro all the time, so that something moves whenever it is recorded.
MOVES = {
    "headYaw": [(0, -0.4), (700, 0.4), (1400, -0.4)],
    "jawOpen": [(0, 0.0), (300, 0.6), (700, 0.0), (1400, 0.0)],
}


def write_film(path: Path) -> None:
    """Writes a film of 1.4 s that Chromium repeats, as YUV4MPEG2.

    It is pale and in grey, so that it does not look like the avatar itself: its landmarks alone are
    followed, as those of a person are.
    """
    avatar = mira()
    render = RenderOptions(size=SIZE, fps=FPS)
    frames = weight_frames(avatar, MOVES, 1300.0, render)
    with OfflineRenderer(avatar) as renderer, path.open("wb") as film:
        film.write(f"YUV4MPEG2 W{SIZE.width} H{SIZE.height} F{FPS}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            picture = renderer.i420(frame)
            picture[: SIZE.height] = 90 + picture[: SIZE.height] // 2
            picture[SIZE.height :] = 128
            film.write(b"FRAME\n" + picture.tobytes())
