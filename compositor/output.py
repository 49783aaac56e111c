"""The last step of a session's frames: what is behind the avatar, and what is written over it.

It works on I420 frames after the readback, so that every backend gives the same picture.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from capsules.avatar import Avatar
from compositor import kernels
from compositor.backdrop import Backdrop, blurred, picture, solid
from compositor.backend import I420
from compositor.background import STUDIO, Background, BackgroundKind
from compositor.drawlist import Camera, FrameSize, Light
from compositor.marks import Mark, label_mark, watermark_mark

__all__ = ["Output", "OutputOptions", "open_output"]

_PLAIN = Light()


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How a session's frames are finished.

    Attributes:
        background: What is behind the avatar.
        picture: The file of a picture background.
        label: Whether "AI-generated" is written into every frame.
        watermark: Text written into every frame; empty for none.
    """

    background: Background = STUDIO
    picture: Path | None = None
    label: bool = False
    watermark: str = ""

    @property
    def coverage(self) -> bool:
        """Whether draw lists have to ask for coverage."""
        return self.background.kind is not BackgroundKind.STUDIO


class Output:
    """Finishes frames. It keeps nothing of a frame; one thread at a time may call it.

    Args:
        frame_size: Of what `finish` returns.
        backdrop: What frames with coverage are laid over; None leaves frames as they are.
        marks: What is drawn over them then.
        matte: Whether finished frames still have their coverage beside them.
    """

    def __init__(
        self,
        frame_size: FrameSize,
        backdrop: Backdrop | None = None,
        marks: tuple[Mark, ...] = (),
        *,
        matte: bool = False,
    ) -> None:
        self.frame_size = frame_size
        self._backdrop = backdrop
        self._marks = marks
        self._matte = matte

    @property
    def idle(self) -> bool:
        """Whether frames stay as they are drawn."""
        return self._backdrop is None and not self._marks

    def finish(self, frame: I420, light: Light = _PLAIN) -> I420:
        """The frame to show; the drawn one may be written to.

        Args:
            frame: As it was drawn.
            light: Of its draw list; what is behind the avatar is graded alike.
        """
        if self._backdrop is not None:
            behind = self._backdrop.frame(light)
            composed = np.empty_like(behind)
            kernels.compose(frame, behind, composed)
            frame = composed
        for mark in self._marks:
            mark.apply(frame, coverage=self._matte)
        return frame


def open_output(options: OutputOptions, avatar: Avatar, camera: Camera, size: FrameSize) -> Output:
    """Makes the output of a session.

    Takes 1 to 80 ms for frames of 128 x 128 to 1920 x 1920; a picture file of 12 megapixels,
    0.15 s.

    Args:
        options: How frames are finished.
        avatar: Whose background may be used.
        camera: At rest.
        size: Of the draw lists.

    Raises:
        PictureError: The picture file cannot be used.
    """
    matte = options.background.kind is BackgroundKind.TRANSPARENT
    frame_size = FrameSize(size.width * 2, size.height) if matte else size
    backdrop = _backdrop(options, avatar, camera, size)
    return Output(frame_size, backdrop, _marks(options, size), matte=matte)


def _marks(options: OutputOptions, size: FrameSize) -> tuple[Mark, ...]:
    marks = [label_mark(size)] if options.label else []
    if options.watermark:
        marks.append(watermark_mark(options.watermark, size))
    return tuple(marks)


def _backdrop(
    options: OutputOptions, avatar: Avatar, camera: Camera, size: FrameSize
) -> Backdrop | None:
    if options.background.kind not in (BackgroundKind.STUDIO, BackgroundKind.TRANSPARENT):
        kernels.warm()  # here, not with the first frame
    match options.background.kind:
        case BackgroundKind.COLOR:
            return solid(options.background.color, size)
        case BackgroundKind.BLUR:
            return blurred(avatar, camera, size)
        case BackgroundKind.PICTURE if options.picture is not None:
            return picture(options.picture, size)
        case _:
            return None
