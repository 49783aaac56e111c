"""What a user would pick instead of a compositor: layers of finished pictures, 512 x 512.

Both get finished pictures of the avatar as their layers, made beforehand, and nothing is asked of
them but to put the layers together: neither light nor residuals, and no mesh is moved.
"""

from collections.abc import Sequence
from fractions import Fraction

import av
import av.filter
import cv2
import numpy as np
from numpy.typing import NDArray

from compositor.backend import I420

__all__ = ["FfmpegLayers", "OpenCvLayers"]

_TIME_BASE = Fraction(1, 30)
_AMPLITUDE_PX = 4.0  # how far a layer's map moves its picture
_OPACITY = 96  # of an FFmpeg layer, of 255


class OpenCvLayers:
    """`remap` and `addWeighted` a layer, then I420: warped pictures, cross-faded.

    Maps are float32, as those of weights that change with every frame are; they are ready
    beforehand, which is to OpenCV's favour.
    """

    def __init__(self, frames: Sequence[I420]) -> None:
        self._layers = [cv2.cvtColor(frame, cv2.COLOR_YUV2BGR_I420) for frame in frames]
        height, width = self._layers[0].shape[:2]
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        self._maps = [
            (
                x + np.float32(_AMPLITUDE_PX) * np.sin(y / 40 + number),
                y + np.float32(_AMPLITUDE_PX) * np.cos(x / 40 + number),
            )
            for number in range(len(frames))
        ]
        self._warped = np.empty_like(self._layers[0])
        self._picture = np.empty_like(self._layers[0])

    def render(self, _frame: int = 0) -> NDArray[np.uint8]:
        """One frame, I420."""
        self._picture[:] = self._layers[0]
        share = 1.0 / len(self._layers)
        for layer, (x, y) in zip(self._layers, self._maps, strict=True):
            cv2.remap(
                layer,
                x,
                y,
                cv2.INTER_LINEAR,
                dst=self._warped,
                borderMode=cv2.BORDER_REPLICATE,
            )
            cv2.addWeighted(self._picture, 1.0 - share, self._warped, share, 0.0, dst=self._picture)
        return np.asarray(cv2.cvtColor(self._picture, cv2.COLOR_BGR2YUV_I420), np.uint8)


class FfmpegLayers:
    """A graph of FFmpeg's `overlay` filters: finished pictures laid over each other, not warped."""

    def __init__(self, frames: Sequence[I420]) -> None:
        rows, width = frames[0].shape
        height = rows * 2 // 3
        graph = av.filter.Graph()
        self._graph = graph

        def source(pixels: str) -> av.filter.context.FilterContext:
            return graph.add_buffer(
                width=width, height=height, format=av.VideoFormat(pixels), time_base=_TIME_BASE
            )

        self._sources = [source("yuv420p")]
        top = self._sources[0]
        for _ in frames:
            layer = source("yuva420p")
            over = graph.add("overlay", "format=yuv420")
            top.link_to(over, 0, 0)
            layer.link_to(over, 0, 1)
            self._sources.append(layer)
            top = over
        self._sink = graph.add("buffersink")
        top.link_to(self._sink)
        graph.configure()
        self._frames = [av.VideoFrame.from_ndarray(frames[0], format="yuv420p")]
        for frame in frames:
            rgba = av.VideoFrame.from_ndarray(frame, format="yuv420p").to_ndarray(format="rgba")
            rgba[:, :, 3] = _OPACITY
            layer_frame = av.VideoFrame.from_ndarray(rgba, format="rgba")
            self._frames.append(layer_frame.reformat(format="yuva420p"))

    def render(self, frame: int) -> av.VideoFrame:
        """One frame, yuv420p; frames ascend."""
        for source, picture in zip(self._sources, self._frames, strict=True):
            picture.pts, picture.time_base = frame, _TIME_BASE
            source.push(picture)
        result = self._sink.pull()
        if not isinstance(result, av.VideoFrame):
            raise TypeError(f"FFmpeg gave {type(result).__name__}, expected a video frame")
        return result
