"""Draws the library's confetti clip: thrown up from both lower corners, falling before the avatar.

Run `python scripts/confetti.py` in the repository's root after a change; the same NumPy and libvpx
write the same bytes. `sha256` of ER_CONFETTI in `capsules/data/environment.json` follows the file.
"""

import math
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

TARGET = Path("capsules/data/clips/confetti.webm")
SIDE_PX = 512
FPS = 30
FRAMES = 64
PIECES = 160
SEED = 20

_COLOURS = np.array(
    [
        (242, 104, 92),  # coral
        (247, 184, 61),  # amber
        (61, 182, 168),  # teal
        (92, 128, 240),  # blue
        (240, 130, 182),  # pink
        (255, 240, 218),  # cream
    ],
    np.float64,
)
_SHUTTER = 0.36  # of a frame; longer, and flying paper is a haze
_SMEAR_PX = 1.6  # between two samples of the motion blur
_MOST_SMEAR = 24
_FACE = (256.0, 178.0, 78.0, 100.0)  # centre and radii of where little should fall
_FACE_SHARE = 0.07  # of what would fall there
_SAMPLES = 3  # a pixel's side, for smooth edges
_GRAVITY = 620.0  # px/s^2
_FADE_S = 0.45

Image = NDArray[np.float64]


class Piece:
    """One bit of paper that is thrown, slowed by the air, and tumbles as it sinks."""

    def __init__(self, rng: np.random.Generator, number: int) -> None:
        side = -1.0 if number % 2 else 1.0
        self.near = 0.55 + 0.95 * rng.random() ** 1.6
        self.colour = _COLOURS[rng.integers(len(_COLOURS))]
        self.round = rng.random() < 0.16
        self.ribbon = not self.round and rng.random() < 0.18
        length = 13.2 * self.near * rng.uniform(0.85, 1.15)
        share = rng.uniform(0.5, 0.75)
        self.half = (0.5 * length, 0.5 * length * share)
        if self.ribbon:
            self.half = (0.95 * length, 0.12 * length)
        if self.round:
            self.half = (0.36 * length, 0.36 * length)
        self.start = (
            SIDE_PX * (0.5 - side * 0.56) + rng.normal(0.0, 5.0),
            SIDE_PX * 0.98 + rng.normal(0.0, 6.0),
        )
        # A fan: most fly steeply, so that they come down beside the face rather than on it.
        angle = math.radians(np.clip(rng.normal(67.0, 14.0), 34.0, 96.0))
        speed = rng.uniform(0.30, 1.0) ** 0.75 * 2900.0
        self.speed = (side * speed * math.cos(angle), -speed * math.sin(angle))
        self.drag = rng.uniform(3.0, 3.9) / self.near**0.15
        self.delay = 0.10 * rng.random() ** 2
        self.spin = (rng.uniform(-4.0, 4.0), rng.uniform(5.0, 13.0) * rng.choice((-1.0, 1.0)))
        self.turn = (rng.uniform(0.0, math.tau), rng.uniform(0.0, math.tau))
        self.sway = (rng.uniform(6.0, 22.0), rng.uniform(3.0, 6.0), rng.uniform(0.0, math.tau))
        self.gone = FRAMES / FPS - rng.uniform(0.0, 0.35)

    def place(self, time: float) -> tuple[float, float]:
        """Its centre: thrown with a drag that grows with the speed, then sinking."""
        held = (1.0 - math.exp(-self.drag * time)) / self.drag
        sink = _GRAVITY / self.drag * (time - held)
        width, rate, phase = self.sway
        sway = width * min(1.0, time) * (math.sin(rate * time + phase) - math.sin(phase))
        return (
            self.start[0] + self.speed[0] * held + sway,
            self.start[1] + self.speed[1] * held + sink,
        )

    def in_face(self) -> bool:
        """Whether it falls before the face for long."""
        x, y, across, down = _FACE
        places = [self.place(0.1 * step) for step in range(3, 22)]
        inside = [((px - x) / across) ** 2 + ((py - y) / down) ** 2 < 1.0 for px, py in places]
        return sum(inside) >= 2

    def opacity(self, time: float) -> float:
        """It appears as it leaves and is gone before the end."""
        return float(
            np.clip(time / 0.04, 0.0, 1.0) * np.clip((self.gone - time) / _FADE_S, 0.0, 1.0)
        )


def thrown(rng: np.random.Generator) -> list[Piece]:
    """All pieces, the farthest first."""
    pieces: list[Piece] = []
    while len(pieces) < PIECES:
        piece = Piece(rng, len(pieces))
        if not piece.in_face() or rng.random() < _FACE_SHARE:
            pieces.append(piece)
    return sorted(pieces, key=lambda one: one.near)


def drawn(pieces: list[Piece], number: int) -> Image:
    """One frame: premultiplied RGBA (h, w, 4) in [0, 1]."""
    picture = np.zeros((SIDE_PX, SIDE_PX, 4))
    for piece in pieces:
        begin = (number + 0.5 - 0.5 * _SHUTTER) / FPS - piece.delay
        end = begin + _SHUTTER / FPS
        (x0, y0), (x1, y1) = piece.place(max(0.0, begin)), piece.place(max(0.0, end))
        count = int(np.clip(math.hypot(x1 - x0, y1 - y0) / _SMEAR_PX, 7, _MOST_SMEAR))
        times = [float(time) for time in np.linspace(begin, end, count)]
        if begin > 0.0 and piece.opacity(begin) > 0.0:
            _lay(picture, piece, times)
    return picture


def _lay(picture: Image, piece: Piece, times: list[float]) -> None:
    """Lays a piece over the picture, smeared over some times within the frame."""
    centres = np.array([piece.place(time) for time in times])
    reach = math.hypot(*piece.half) + 3.0
    low = np.clip(np.floor(centres.min(axis=0) - reach), 0, SIDE_PX).astype(int)
    high = np.clip(np.ceil(centres.max(axis=0) + reach), 0, SIDE_PX).astype(int)
    if (low >= high).any():
        return
    steps = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    across = (np.arange(low[0], high[0])[:, None] + steps).ravel()
    down = (np.arange(low[1], high[1])[:, None] + steps).ravel()
    layer = np.zeros((high[1] - low[1], high[0] - low[0], 4))
    for time, (x, y) in zip(times, centres, strict=True):
        inside = _inside(piece, time, across - x, (down - y)[:, None])
        rows, columns = layer.shape[:2]
        cover = inside.reshape(rows, _SAMPLES, columns, _SAMPLES).mean(axis=(1, 3))
        cover *= piece.opacity(time) / len(times)
        layer[..., :3] += cover[..., None] * _shade(piece, time)
        layer[..., 3] += cover
    under = picture[low[1] : high[1], low[0] : high[0]]
    under *= 1.0 - layer[..., 3:]
    under += layer


def _inside(piece: Piece, time: float, dx: Image, dy: Image) -> NDArray[np.bool_]:
    """Which samples the tumbling paper covers."""
    angle = piece.turn[0] + piece.spin[0] * time
    tilt = max(0.16, abs(math.cos(piece.turn[1] + piece.spin[1] * time)))
    along = dx * math.cos(angle) + dy * math.sin(angle)
    aside = (dy * math.cos(angle) - dx * math.sin(angle)) / tilt
    half_length, half_width = piece.half
    if piece.round:
        return np.asarray(along**2 + aside**2 <= half_length**2)
    if piece.ribbon:
        aside = aside - 1.1 * half_width * np.sin(2.6 * along / half_length + 9.0 * time) / tilt
    return np.asarray((np.abs(along) <= half_length) & (np.abs(aside) <= half_width))


def _shade(piece: Piece, time: float) -> Image:
    """Its colour as it turns to the light and away; far pieces are a little paler."""
    face = math.cos(piece.turn[1] + piece.spin[1] * time)
    light = 0.90 + 0.10 * abs(face) if face > 0.0 else 0.80 + 0.08 * abs(face)
    glint = 0.45 * max(0.0, math.cos(piece.turn[1] + piece.spin[1] * time - 0.6)) ** 14
    colour = piece.colour / 255.0 * light
    return np.asarray(np.minimum(1.0, colour + glint * (1.0 - colour)))


def straight(picture: Image) -> NDArray[np.uint8]:
    """Straight RGBA; colour runs on where nothing is seen, for video mixes neighbours' colours."""
    filled = _filled(picture)
    colour = np.divide(
        filled[..., :3],
        filled[..., 3:],
        out=np.zeros_like(filled[..., :3]),
        where=filled[..., 3:] > 0,
    )
    whole = np.concatenate([colour, picture[..., 3:]], axis=2)
    return np.clip(np.round(255.0 * whole), 0, 255).astype(np.uint8)


def _filled(picture: Image) -> Image:
    """Fills what is empty from ever coarser pictures of the same."""
    if len(picture) == 1:
        return picture
    half = len(picture) // 2
    coarse = _filled(picture.reshape(half, 2, half, 2, 4).mean(axis=(1, 3)))
    return picture + (1.0 - picture[..., 3:]) * 0.999 * coarse.repeat(2, axis=0).repeat(2, axis=1)


def write(frames: list[NDArray[np.uint8]], target: Path) -> None:
    """Writes VP9 with alpha; by one thread and without dates: equal frames give an equal file."""
    with av.open(str(target), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libvpx-vp9", rate=FPS)
        if not isinstance(stream, VideoStream):
            raise TypeError(f"libvpx-vp9 made a {stream.type} stream")
        stream.width = stream.height = SIDE_PX
        stream.pix_fmt = "yuva420p"
        stream.codec_context.thread_count = 1
        stream.options = {
            "crf": "43",
            "b": "0",
            "deadline": "good",
            "cpu-used": "1",
            "g": str(FRAMES // 2),
            "row-mt": "0",
            "flags": "+bitexact",
        }
        for number, frame in enumerate(frames):
            coded = av.VideoFrame.from_ndarray(frame, format="rgba").reformat(format="yuva420p")
            coded.pts, coded.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(coded))
        container.mux(stream.encode(None))


def main() -> None:
    """Draws and writes the clip."""
    rng = np.random.default_rng(SEED)
    pieces = thrown(rng)
    TARGET.parent.mkdir(exist_ok=True)
    write([straight(drawn(pieces, number)) for number in range(FRAMES)], TARGET)


if __name__ == "__main__":
    main()
