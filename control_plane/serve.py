"""Running a server until it is told to stop."""

import asyncio
import signal
import sys
from collections.abc import Callable

from capsules.errors import CapsuleError
from compositor.errors import CompositorError
from control_plane.errors import ControlError
from control_plane.garbage import keep_for_good
from control_plane.media import LiveMedia
from control_plane.responder.rules import RulesResponder
from control_plane.server import Ready, Server
from control_plane.settings import Settings
from engine.errors import EngineError
from storage.errors import StorageError

__all__ = ["StartError", "serve"]

_FORESEEN = (
    CapsuleError,
    CompositorError,
    ControlError,
    EngineError,
    StorageError,
)


_SWITCH_S = 0.001


class StartError(Exception):
    """The server cannot start; the message is for the operator."""


async def serve(settings: Settings, tell_ready: Callable[[Ready], None]) -> None:
    """Serves until SIGINT or SIGTERM, then drains.

    Args:
        settings: The settings.
        tell_ready: Called once the server answers.

    Raises:
        SettingsError: A setting turns out not to be usable.
        StartError: It cannot start for another reason.
    """
    told = asyncio.Event()
    _on_signals(told)
    server = Server(
        settings,
        LiveMedia(settings),
        lambda library: RulesResponder(item.name for item in library.expressions.values()),
    )
    starting = asyncio.create_task(server.start(), name="start")
    stopping = asyncio.create_task(told.wait(), name="stop")
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            ready = starting.result()
            keep_for_good()
            # Threads that compute, such as storage's, hold the interpreter for 5 ms otherwise:
            # beside one the event loop woke 5.4 ms late (p50), with this 1.2 ms.
            sys.setswitchinterval(_SWITCH_S)
            tell_ready(ready)
            await stopping
    except _FORESEEN as error:
        # On one line, whatever a driver has to say.
        raise StartError(" ".join(str(error).split())) from error
    finally:
        for task in (starting, stopping):
            task.cancel()
        await asyncio.gather(starting, stopping, return_exceptions=True)
        await server.aclose()


def _on_signals(told: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, told.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(told.set))
