"""The video track: a viewer's place at the session's frame feed."""

from fractions import Fraction

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from compositor.backend import I420
from engine.errors import ClosedError
from engine.feed import FrameFeed, FrameSubscription, LiveFrame

__all__ = ["FrameTrack"]

_TIME_BASE = Fraction(1, 90_000)


def _video_frame(image: I420) -> VideoFrame:
    # PyAV takes the height of a shared buffer for a multiple of 4; another one has to be copied.
    if image.shape[0] % 6 == 0:
        return VideoFrame.from_numpy_buffer(image, format="yuv420p")
    return VideoFrame.from_ndarray(image, format="yuv420p")


class FrameTrack(MediaStreamTrack):
    """Gives the newest picture as soon as there is one.

    It joins the feed with the first `recv`, so that no picture is drawn for a viewer that is not
    connected yet. Every track makes its own `VideoFrame`, because encoders set the type of theirs;
    the pixels are the feed's own where they can be shared, and encoders only read them.
    """

    kind = "video"

    def __init__(self, feed: FrameFeed) -> None:
        super().__init__()
        self._feed = feed
        self._place: FrameSubscription | None = None
        self.taken: LiveFrame | None = None
        """The picture that was given last."""

    async def recv(self) -> VideoFrame:
        """The next picture, yuv420p, with pts in 90 kHz ticks.

        Raises:
            MediaStreamError: The track or the feed has ended.
        """
        if self.readyState != "live":
            raise MediaStreamError
        try:
            if self._place is None:
                self._place = self._feed.subscribe()
            live = await self._place.next()
        except ClosedError as error:
            raise MediaStreamError from error
        self.taken = live
        frame = _video_frame(live.image)
        frame.pts = live.pts
        frame.time_base = _TIME_BASE
        return frame

    def stop(self) -> None:
        """Ends the track and leaves the feed; safe twice."""
        super().stop()
        if self._place is not None:
            self._place.close()
