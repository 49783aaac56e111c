"""The events channel: one viewer's text messages, both ways, bounded both ways."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

from aiortc import RTCDataChannel

__all__ = ["EVENTS_CHANNEL", "EventsChannel"]

EVENTS_CHANNEL = "events"
"""Label of the data channel that a viewer opens for events and packets."""

_MAX_REPLIES = 64  # answers to a viewer's messages under way at once; more messages are dropped


class EventsChannel:
    """Takes the first data channel of that label; used from one event loop.

    Args:
        on_message: A text message came; what it returns is awaited.
        on_fault: Hears what could not be sent or handled.
        send_buffer_bytes: Messages beyond this backlog are dropped.

    Attributes:
        dropped_in: Messages of the viewer that were not handled, for they came too fast or are no
            text.
        dropped_out: Messages to the viewer that were not sent, for it is slow or gone.
    """

    def __init__(
        self,
        on_message: Callable[[str], Awaitable[None] | None],
        on_fault: Callable[[str], None],
        send_buffer_bytes: int,
    ) -> None:
        self._handle = on_message
        self._on_fault = on_fault
        self._send_buffer_bytes = send_buffer_bytes
        self._channel: RTCDataChannel | None = None
        self._replies: set[asyncio.Task[None]] = set()
        self.dropped_in = 0
        self.dropped_out = 0

    def take(self, channel: RTCDataChannel) -> None:
        """Takes a channel that the viewer has opened; closes any other."""
        if channel.label != EVENTS_CHANNEL or self._channel is not None:
            channel.close()
            return
        self._channel = channel
        channel.on("message", self._on_message)

    def send(self, text: str) -> bool:
        """Sends a message; drops and counts it if the viewer is slow.

        Returns:
            Whether it was sent.
        """
        channel = self._channel
        if channel is None or channel.readyState != "open":
            return False
        if channel.bufferedAmount + len(text) > self._send_buffer_bytes:
            self.dropped_out += 1
            return False
        try:
            channel.send(text)
        except (ConnectionError, ValueError) as error:
            self.dropped_out += 1
            self._on_fault(f"sending a message: {error}")
            return False
        return True

    async def aclose(self) -> None:
        """Gives up the answers that are under way; safe twice."""
        for reply in self._replies:
            reply.cancel()
        await asyncio.gather(*self._replies, return_exceptions=True)

    def _on_message(self, message: str | bytes) -> None:
        if not isinstance(message, str) or len(self._replies) >= _MAX_REPLIES:
            self.dropped_in += 1
            return
        try:
            reply = self._handle(message)
        except Exception as error:  # the handler's own bug must not end the connection
            self._on_fault(f"handling a message: {error!r}")
            return
        if inspect.isawaitable(reply):
            task = asyncio.create_task(self._reply(reply), name="viewer-message")
            self._replies.add(task)
            task.add_done_callback(self._replies.discard)

    async def _reply(self, reply: Awaitable[None]) -> None:
        try:
            await reply
        except Exception as error:  # the task's root
            self._on_fault(f"handling a message: {error!r}")
