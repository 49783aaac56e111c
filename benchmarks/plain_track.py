"""The baseline: what a user of plain aiortc writes, a 30 fps track beside an audio track.

It speaks just enough of our HTTP contract for the same page to connect. The picture is a still
one with the probe in it, which favours the baseline: it renders nothing and compresses well.

`python -m benchmarks.plain_track PORT SIZE`
"""

import asyncio
import json
import socket
import sys
from typing import Any

import numpy as np
import uvicorn
from aiortc import (
    AudioStreamTrack,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from av import VideoFrame
from fastapi import FastAPI, Request
from numpy.typing import NDArray

from compositor.probe import draw_probe

__all__ = ["PlainTrack"]


class PlainTrack(VideoStreamTrack):
    """A picture with the number of the last event, 30 times a second."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._picture = _gradient(size)
        self.number = 0

    async def recv(self) -> VideoFrame:
        """The next frame, at aiortc's own pace."""
        pts, time_base = await self.next_timestamp()
        picture = self._picture.copy()
        draw_probe(picture, self.number & 0xFFFF)
        frame = VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = pts, time_base
        return frame


def _gradient(size: int) -> NDArray[np.uint8]:
    picture = np.full((size * 3 // 2, size), 128, np.uint8)
    picture[:size] = np.linspace(40, 220, size, dtype=np.uint8)[:, None]
    return picture


def _app(size: int) -> FastAPI:
    app = FastAPI()
    peers: set[RTCPeerConnection] = set()

    @app.post("/api/sessions")
    async def create() -> dict[str, str]:
        return {"id": "plain"}

    @app.post("/api/sessions/plain/offer")
    async def offer(request: Request) -> dict[str, Any]:
        description = await request.json()
        peer, track = RTCPeerConnection(), PlainTrack(size)
        peers.add(peer)

        @peer.on("connectionstatechange")
        async def on_state() -> None:
            if peer.connectionState in ("failed", "closed"):
                peers.discard(peer)
                await peer.close()

        @peer.on("datachannel")
        def on_channel(channel: RTCDataChannel) -> None:
            @channel.on("message")
            def on_message(message: str) -> None:
                track.number = int(json.loads(message)["event"]["sequence"])

        await peer.setRemoteDescription(RTCSessionDescription(**description))
        peer.addTrack(track)
        peer.addTrack(AudioStreamTrack())
        await peer.setLocalDescription(await peer.createAnswer())
        local = peer.localDescription
        return {"type": local.type, "sdp": local.sdp}

    return app


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"plain track is ready: http://127.0.0.1:{self.config.port}", flush=True)


async def _main(port: int, size: int) -> None:
    config = uvicorn.Config(_app(size), host="127.0.0.1", port=port, log_level="warning")
    await _Server(config).serve()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2])))
