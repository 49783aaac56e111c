"""Small pictures of capsules: what an avatar looks like when one is at its height."""

import asyncio
from collections import OrderedDict
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import zip_longest

import av
from av import VideoFrame

from capsules.avatar import Avatar
from capsules.library import Library
from capsules.model import Layer
from compositor.backend import I420
from compositor.drawlist import DrawList, FrameSize, Light
from control_plane.errors import UnavailableError
from control_plane.ranges import invalid
from control_plane.sessions.bodies import Media
from control_plane.studio.avatars import AvatarInfo
from engine.framing import framing
from engine.offline.render import RenderOptions, capsule_frames

__all__ = ["SIDES_PX", "Thumbnails"]

SIDES_PX = (96, 320)
"""The smallest and the largest side of a picture."""

_KEPT = 1_000
_FPS = 12
# Faces are shown from nearer: as high up as in the widest frames, whose camera looks at the head.
_HEAD = FrameSize(400, 200)
_NEARNESS = 1.6


class Thumbnails:
    """Draws them one at a time, so that live sessions hardly wait; used from one event loop.

    Args:
        media: What draws.
    """

    def __init__(self, media: Media) -> None:
        self._media = media
        self._turn = asyncio.Lock()
        self._kept: OrderedDict[tuple[str, str, str, int], bytes] = OrderedDict()

    async def png(self, library: Library, avatar: AvatarInfo, cid: str, side_px: int) -> bytes:
        """The picture of a capsule, as a PNG file.

        Args:
            library: Where it comes from.
            avatar: Who plays it.
            cid: Id of a capsule or expression.
            side_px: Side of the square picture, even, as `SIDES_PX` says.

        Raises:
            UnknownCapsuleError: There is no such capsule, or it is revoked.
            InvalidArgumentError: There is no such avatar, or the side cannot be taken.
            UnavailableError: It could not be drawn.
        """
        low, high = SIDES_PX
        if side_px % 2 or not low <= side_px <= high:
            raise invalid("side", side_px, f"an even number, {low} to {high}")
        capsule = library.capsules.get(cid)
        version = "" if capsule is None else str(hash(capsule.model_dump_json()))
        key = (f"{avatar.name} {avatar.stamp}", cid, version, side_px)
        async with self._turn:
            found = self._kept.get(key)
            if found is None:
                compose = partial(_height, library, cid, side_px)
                picture = await self._media.picture(library, avatar.name, compose)
                if picture is None:
                    raise UnavailableError(f"{cid} could not be drawn")
                found = self._kept[key] = await asyncio.to_thread(_png, picture)
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return found


def _height(library: Library, cid: str, side_px: int, avatar: Avatar) -> DrawList:
    """The frame of a capsule that differs most from rest."""
    options = RenderOptions(size=FrameSize(side_px, side_px), fps=_FPS)
    frames = capsule_frames(library, avatar, cid, options)
    found = max(frames, key=partial(_distance, frames[0]))
    capsule = library.capsules.get(cid)
    if capsule is None or capsule.layer is not Layer.FACE:
        return found
    camera = framing(_HEAD)
    near = replace(found.camera, y=camera.y, zoom=_NEARNESS)
    return replace(found, camera=near)


def _distance(rest: DrawList, frame: DrawList) -> float:
    before, now = dict(rest.weights), dict(frame.weights)
    moved = sum(abs(now.get(name, 0.0) - before.get(name, 0.0)) for name in before | now)
    # A hand that is up shows more than one that is on its way; a clip, once it is there.
    hands = sum(abs(item.x) + abs(item.y) + abs(item.rotate) for item in frame.transforms)
    view = abs(frame.camera.x - rest.camera.x) + abs(frame.camera.y - rest.camera.y)
    view += 10.0 * abs(frame.camera.roll - rest.camera.roll)
    view += 300.0 * abs(frame.camera.zoom - rest.camera.zoom)
    clips = sum(
        share.weight * min(1.0, share.number / _FPS)
        for overlay in frame.overlays
        for share in overlay.frames
    )
    return moved + (hands + view) / 100.0 + _relit(rest.light, frame.light) + clips


def _relit(rest: Light, light: Light) -> float:
    grade = abs(light.exposure - rest.exposure) + abs(light.temperature - rest.temperature)
    grade += abs(light.contrast - rest.contrast)
    pairs = zip_longest(light.sh, rest.sh, fillvalue=0.0)
    return grade + sum(abs(now - before) for now, before in pairs) / 10.0


def _png(picture: I420) -> bytes:
    height, width = picture.shape[0] * 2 // 3, picture.shape[1]
    frame = VideoFrame.from_ndarray(picture, format="yuv420p").reformat(format="rgb24", threads=1)
    frame.pts, frame.time_base = 0, Fraction(1, 1)
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "rgb24"
    encoder.time_base, encoder.thread_count = Fraction(1, 1), 1
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
