"""Finishes what is drawn: the background behind it, marks in it."""

from functools import partial

from compositor.backend import I420
from compositor.drawlist import DrawList
from compositor.output import Output
from engine.frame_loop import FrameRenderer
from engine.renderer import Renderer

__all__ = ["FinishingRenderer"]


class FinishingRenderer(FrameRenderer):
    """Draws, and finishes what was drawn, on the renderer's thread.

    Args:
        renderer: Draws.
        output: How frames are finished.
    """

    def __init__(self, renderer: Renderer, output: Output) -> None:
        self._renderer = renderer
        self._output = output

    async def render(self, draw_list: DrawList, session_id: str) -> I420 | None:
        """See `FrameRenderer.render`."""
        finish = partial(self._output.finish, light=draw_list.light)
        return await self._renderer.render(draw_list, session_id, finish)
