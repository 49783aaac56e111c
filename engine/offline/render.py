"""Capsules, expressions and curves drawn frame by frame in virtual time.

What is drawn is what a viewer would see: the live body plays the capsule, on a clock that moves
only when it is told to, and every picture is complete before its frame is drawn.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from capsules.avatar import Avatar
from capsules.library import Library
from capsules.model import CID_PREFIXES, Capsule, ExpressionItem, Layer
from compositor.backend import I420, Compositor
from compositor.drawlist import Camera, DrawList, FrameSize
from compositor.pages import CacheOptions
from compositor.select import open_compositor
from engine.body import Body, BodyOptions
from engine.clock import NS_PER_MS, NS_PER_S
from engine.framing import framing
from engine.motion.plans import plan
from engine.packet import BlendEntry, IdPacket, LeadLag

__all__ = [
    "OfflineRenderer",
    "RenderOptions",
    "capsule_frames",
    "straight",
    "straight_rgba",
    "weight_frame",
    "weight_frames",
]

_SIZE = FrameSize(512, 512)
_REST_MS = 400.0  # how long what holds is shown after it has come
_SETTLE_MS = 2000.0  # the longest way back to rest
_LIVELY_SETTLE_MS = 800.0  # an avatar that breathes is never quite at rest
_LONGEST_MS = 60_000.0
_LATEST_START_MS = 500.0  # the largest offset there may be
_DIGITS = 4
_LEAST_WEIGHT = 1e-3

Curves = Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How a capsule is rendered.

    Attributes:
        size: Of the picture, pixels.
        fps: Frames a second.
        seed: Of all chance; it matters only to a lively avatar.
        lively: Whether the avatar breathes, blinks and looks about, and varies what it plays.
        coverage: Whether frames tell what they cover instead of showing the background.
        loop: Whether the last frame leads back to the first: one period of what loops, and what
            holds goes back to rest.
        length_ms: How long; None: as long as it takes.
    """

    size: FrameSize = _SIZE
    fps: int = 30
    seed: int = 0
    lively: bool = False
    coverage: bool = False
    loop: bool = False
    length_ms: float | None = None


class OfflineRenderer:
    """Draws frames of one avatar, each with every texture in place. One thread at a time.

    Args:
        avatar: The avatar.
        library: Whose clips may be drawn.
        compositor: What draws; the CPU where none is given. It is closed with this.
    """

    def __init__(
        self, avatar: Avatar, library: Library | None = None, compositor: Compositor | None = None
    ) -> None:
        self.avatar = avatar
        self._compositor = compositor or open_compositor(
            "cpu", cache=CacheOptions(background=False)
        )
        self._compositor.load(avatar)
        for clip in () if library is None else library.clips.values():
            self._compositor.load_clip(clip)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Releases everything; safe twice."""
        self._compositor.close()

    def i420(self, draw_list: DrawList) -> I420:
        """One frame; see `compositor.drawlist.DrawList` for frames with coverage."""
        return self._compositor.render([draw_list])[0]

    def rgb(self, draw_list: DrawList) -> NDArray[np.uint8]:
        """One frame without coverage, (height, width, 3) sRGB."""
        return _rgb(self.i420(draw_list))

    def rgba(self, draw_list: DrawList) -> NDArray[np.uint8]:
        """One frame with coverage, (height, width, 4) straight sRGB and alpha."""
        return straight_rgba(self.i420(draw_list))


def straight_rgba(frame: I420) -> NDArray[np.uint8]:
    """A frame with coverage beside it as straight RGBA (height, width, 4).

    Where nothing is covered the nearest colours run on, so that nothing dark bleeds in when the
    picture is scaled or coded.
    """
    both = _rgb(frame)
    width = both.shape[1] // 2
    alpha = both[:, width:, 1].astype(np.float32) / np.float32(255.0)
    return straight(both[:, :width].astype(np.float32) / np.float32(255.0), alpha)


def straight(premultiplied: NDArray[np.float32], alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Straight RGBA (height, width, 4) of premultiplied colour (height, width, 3) and its alpha.

    Args:
        premultiplied: sRGB in [0, 1].
        alpha: (height, width) in [0, 1]. Where it is 0 the nearest colours run on.
    """
    filled = _filled(np.concatenate([premultiplied, alpha[..., None]], axis=2))
    colour = filled[..., :3] / np.maximum(filled[..., 3:], 1e-4)
    whole = np.concatenate([np.minimum(colour, 1.0), alpha[..., None]], axis=2)
    return np.asarray(np.round(255.0 * whole), np.uint8)


def capsule_frames(
    library: Library, avatar: Avatar, name: str, options: RenderOptions
) -> tuple[DrawList, ...]:
    """The draw lists of a capsule, expression or profile, from the avatar at rest on.

    Of a profile it is what begins with it: what comes again, its tempo and its noise are a brain's.

    Args:
        library: Where it comes from.
        avatar: Who plays it.
        name: Id of a capsule or expression, or the name of an expression or profile.
        options: How it is rendered.

    Raises:
        UnknownCapsuleError: There is no such capsule or expression, or it is revoked.
    """
    performance = _Performance(library, name)
    body = Body(
        library,
        BodyOptions(
            avatar.name,
            options.size,
            options.seed,
            has_basis=avatar.basis_names,
            coverage=options.coverage,
            lively=options.lively,
        ),
    )
    if options.loop and options.length_ms is None and performance.period_ms:
        return _period(body, performance, options)
    return _course(body, performance, options)


def weight_frames(
    avatar: Avatar, curves: Curves, duration_ms: float, options: RenderOptions
) -> tuple[DrawList, ...]:
    """The draw lists of bare weights over time, with nothing between them and the picture.

    Args:
        avatar: Who shows them.
        curves: For each basis, (ms, weight) ascending; linear between, held outside.
        duration_ms: How long, unless the options say so.
        options: How they are rendered.

    Raises:
        ValueError: A basis is none of the avatar's.
    """
    unknown = sorted(set(curves) - avatar.basis_names)
    if unknown:
        raise ValueError(f"unknown basis {unknown[0]!r}, expected one of {avatar.name}'s")
    length_ms = duration_ms if options.length_ms is None else options.length_ms
    count = max(1, math.floor(length_ms * options.fps / 1000.0 + 1e-6) + 1)
    sampled = {
        basis: np.interp(
            np.arange(count) * 1000.0 / options.fps,
            [time for time, _ in points],
            [value for _, value in points],
        )
        for basis, points in sorted(curves.items())
    }
    camera = framing(options.size)
    return tuple(
        weight_frame(
            avatar.name,
            {basis: float(values[number]) for basis, values in sampled.items()},
            options,
            camera,
        )
        for number in range(count)
    )


def weight_frame(
    avatar: str, weights: Mapping[str, float], options: RenderOptions, camera: Camera
) -> DrawList:
    """One draw list of bare weights."""
    shown = ((name, round(value, _DIGITS)) for name, value in sorted(weights.items()))
    return DrawList(
        avatar,
        options.size,
        tuple((name, value) for name, value in shown if abs(value) >= _LEAST_WEIGHT),
        camera=camera,
        coverage=options.coverage,
    )


class _Performance:
    """What is played: one packet, and what there is to know about its length.

    Attributes:
        packet: What fires it.
        length_ms: Until the last curve of what does not loop or hold has ended.
        period_ms: Of a single capsule that loops, else None.
        holds: The layers that keep what they show.
    """

    def __init__(self, library: Library, name: str) -> None:
        items, audio_first = _items(library, name)
        found = [
            (library.capsule(item.cid), item) for item in items if item.cid in library.capsules
        ]
        self.packet = IdPacket(
            sequence=1,
            session_id="offline",
            timestamp_ns=0,
            blends=tuple(_entry(capsule, item.weight) for capsule, item in found),
            lead_lags=tuple(
                LeadLag(capsule.layer, item.offset_ms)
                for capsule, item in found
                if item.offset_ms is not None
            ),
            audio_first=audio_first,
        )
        plans = [
            (plan(part), item)
            for capsule, item in found
            for part, _ in library.flatten(capsule.cid)
        ]
        self.length_ms = max(one.duration_ms + max(0, item.offset_ms or 0) for one, item in plans)
        loops = [one.duration_ms for one, _ in plans if one.loops]
        self.period_ms = loops[0] if len(loops) == len(plans) == 1 else None
        self.holds = sorted({one.layer for one, _ in plans if one.holds}, key=list(Layer).index)
        self._library = library

    def rest(self) -> IdPacket:
        """The packet that takes back what holds."""
        neutrals = (f"{CID_PREFIXES[layer]}_NEUTRAL" for layer in self.holds)
        known = [self._library.capsules[cid] for cid in neutrals if cid in self._library.capsules]
        return IdPacket(2, "offline", 0, tuple(_entry(capsule, 1.0) for capsule in known))


def _items(library: Library, name: str) -> tuple[Sequence[ExpressionItem], bool]:
    capsule = library.capsules.get(name)
    if capsule is not None and not capsule.revoked:
        return (ExpressionItem(cid=name),), False
    if name in library.profiles:
        begun = [item for item in library.profile(name).items if item.every_s is None]
        return tuple(ExpressionItem(cid=item.cid, weight=item.weight) for item in begun), False
    expression = library.expression(name)
    return expression.items, expression.audio_first


def _entry(capsule: Capsule, weight: float) -> BlendEntry:
    return BlendEntry(capsule.cid, weight, capsule.layer, capsule.fallback_cid or "")


def _course(body: Body, performance: _Performance, options: RenderOptions) -> tuple[DrawList, ...]:
    """From rest through what is played, and back where it loops."""
    frames = [body.frame(0)]
    body.apply(performance.packet, 0)
    length_ms = options.length_ms
    released_ms: float | None = None
    for number in range(1, math.floor(_LONGEST_MS * options.fps / 1000.0)):
        now_ns = number * NS_PER_S // options.fps
        now_ms = now_ns / NS_PER_MS
        if length_ms is not None:
            if now_ms >= length_ms:
                break
        elif released_ms is None and _is_shown(body, performance, now_ns):
            if not (options.loop and performance.holds):
                if performance.holds or _is_settled(frames, now_ms, performance, options):
                    break
            else:
                released_ms = now_ms
                body.apply(performance.rest(), now_ns)
        elif released_ms is not None and _is_settled(
            frames, now_ms - released_ms, performance, options
        ):
            break
        frames.append(body.frame(now_ns))
    return tuple(frames)


def _is_shown(body: Body, performance: _Performance, now_ns: int) -> bool:
    """Whether all curves have run, and what holds has been there for a while."""
    now_ms = now_ns / NS_PER_MS
    if now_ms < performance.length_ms + (_REST_MS if performance.holds else 0.0):
        return False
    return bool(performance.holds) or not body.active_capsules(now_ns)


def _is_settled(
    frames: list[DrawList], since_ms: float, performance: _Performance, options: RenderOptions
) -> bool:
    """Whether the avatar is as it was before."""
    if options.lively:
        return since_ms >= _LIVELY_SETTLE_MS
    start_ms = 0.0 if performance.holds else performance.length_ms
    return frames[-1] == frames[0] or since_ms - start_ms >= _SETTLE_MS


def _period(body: Body, performance: _Performance, options: RenderOptions) -> tuple[DrawList, ...]:
    """One period of what loops, after it has faded in; its frames divide the period evenly."""
    period_ms = performance.period_ms or 1000.0
    count = max(1, round(period_ms * options.fps / 1000.0))
    periods = math.ceil((_LATEST_START_MS + _REST_MS) / period_ms)
    body.frame(0)
    body.apply(performance.packet, 0)
    shown = []
    for number in range(1, (periods + 1) * count):
        frame = body.frame(round(number * period_ms * NS_PER_MS / count))
        if number >= periods * count:
            shown.append(frame)
    return tuple(shown)


def _rgb(frame: I420) -> NDArray[np.uint8]:
    picture = VideoFrame.from_ndarray(frame, format="yuv420p").reformat(format="rgb24", threads=1)
    return np.asarray(picture.to_ndarray(), np.uint8)


def _filled(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fills what is empty in premultiplied RGBA from ever coarser pictures of the same."""
    height, width = picture.shape[:2]
    if height == 1 and width == 1:
        return picture
    padded = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    rows, columns = padded.shape[0] // 2, padded.shape[1] // 2
    halves = padded.reshape(rows, padded.shape[0] // rows, columns, -1, 4)
    coarse = _filled(np.asarray(halves.mean(axis=(1, 3)), np.float32))
    spread = coarse.repeat(2, axis=0)[:height].repeat(2, axis=1)[:, :width]
    return np.asarray(picture + (1.0 - picture[..., 3:]) * np.float32(0.999) * spread, np.float32)
