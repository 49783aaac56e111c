"""The HTTP server: uvicorn on the running event loop, without its signal handlers."""

import asyncio
import os
import socket

import uvicorn
from fastapi import FastAPI

from control_plane.errors import UnavailableError
from control_plane.tls import TlsFiles

__all__ = ["HttpServer"]

_GRACE_S = 1
_BACKLOG = 512


class HttpServer:
    """Answers HTTP: `bind`, then `start`.

    Args:
        tls: Certificate and key; None: no TLS.
    """

    def __init__(self, tls: TlsFiles | None = None) -> None:
        self._tls = tls
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._loop_task: asyncio.Task[None] | None = None

    def bind(self, host: str, port: int) -> int:
        """Takes the address and returns the port, which is a free one for 0.

        Raises:
            UnavailableError: The address is taken, unknown or not ours.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            family, _, _, _, address = found[0]
            self._socket = socket.create_server(address, family=family, backlog=_BACKLOG)
        except OSError as error:
            # getaddrinfo has error numbers of its own.
            own = isinstance(error, socket.gaierror) or error.errno is None
            reason = error.strerror if own else os.strerror(error.errno or 0)
            message = f"cannot listen for HTTP on {host}:{port}: {str(reason).lower()}"
            raise UnavailableError(message) from error
        return int(self._socket.getsockname()[1])

    async def start(self, app: FastAPI) -> None:
        """Starts to answer with `app`.

        Raises:
            UnavailableError: No address was taken with `bind`.
        """
        if self._socket is None:
            raise UnavailableError("the HTTP server has no address")
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            ssl_certfile=None if self._tls is None else self._tls.cert_path,
            ssl_keyfile=None if self._tls is None else self._tls.key_path,
        )
        config.load()
        self._server = uvicorn.Server(config)
        # As uvicorn's own `serve` does, which would take the signals too.
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup(sockets=[self._socket])
        self._loop_task = asyncio.create_task(self._server.main_loop(), name="http-clock")

    async def aclose(self) -> None:
        """Lets requests finish for a second, then ends them; safe twice and before `start`.

        Whoever ends this early has everybody hung up on.
        """
        server, self._server = self._server, None
        self._stop_listening(server)
        if server is None or self._loop_task is None:
            return
        try:
            server.should_exit = True
            await self._loop_task
            await server.shutdown()
        finally:
            for connection in tuple(server.server_state.connections):
                connection.transport.abort()

    def release(self) -> None:
        """Gives the address back at once; safe twice, before `bind` and after `aclose`."""
        self._stop_listening(self._server)

    def _stop_listening(self, server: uvicorn.Server | None) -> None:
        taken, self._socket = self._socket, None
        for listener in getattr(server, "servers", ()):  # none before it has started
            listener.close()
        if taken is not None:
            taken.close()
