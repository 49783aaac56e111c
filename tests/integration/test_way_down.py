"""However the way down is cut short, nobody listens any more and no socket is left open."""

import asyncio
import gc
import socket
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from control_plane import way_down
from control_plane.http_api.server import HttpServer
from tests.integration.running import LIMIT_S, Running, running


@pytest.fixture(autouse=True)
def _nothing_is_left_to_the_garbage_collector() -> Iterator[None]:
    """A socket that is collected unclosed warns, wherever that happens; here, and now."""
    gc.collect()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        yield
        gc.collect()
    assert [str(one.message) for one in told] == []


def answers(port: int) -> bool:
    """Whether somebody listens at a port of this machine."""
    with socket.socket() as caller:
        caller.settimeout(LIMIT_S)
        return caller.connect_ex(("127.0.0.1", port)) == 0


def port_of(server: Running) -> int:
    return int(server.ready.url.rpartition(":")[2])


async def cancelled(task: "asyncio.Task[None]") -> None:
    """Cancels a task once it waits for something."""
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_http_server_that_is_not_let_finish_has_stopped_listening() -> None:
    async def main() -> None:
        http = HttpServer()
        port = http.bind("127.0.0.1", 0)
        await http.start(FastAPI())
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"404" in await reader.readline()
        await cancelled(asyncio.create_task(http.aclose()))
        assert not await asyncio.to_thread(answers, port)
        while await reader.read(1000):  # who is connected is hung up on
            pass
        writer.close()
        await http.aclose()
        # The event loop has forgotten the address's old socket: another one may have its number.
        async with await asyncio.start_server(lambda _, told: told.close(), "127.0.0.1", port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            async with asyncio.timeout(LIMIT_S):
                assert await reader.read() == b""
            writer.close()

    asyncio.run(main())


def test_address_is_free_where_the_doors_get_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> int:
        async with running(tmp_path) as server:
            monkeypatch.setattr(way_down, "_LEAST_S", 0.0)
            monkeypatch.setattr("control_plane.server._DRAIN_S", 0.0)
        return port_of(server)

    port = asyncio.run(main())
    assert "closing the doors failed" in caplog.text
    assert not answers(port)


def test_address_is_free_where_the_way_down_is_broken_off_before_the_doors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> int:
        async with running(tmp_path) as server:
            assert server.server.sessions is not None
            with monkeypatch.context() as patch:
                patch.setattr(server.server.sessions, "aclose", asyncio.Event().wait)
                await cancelled(asyncio.create_task(server.server.aclose()))
            assert not await asyncio.to_thread(answers, port_of(server))
        return port_of(server)

    assert not answers(asyncio.run(main()))


def test_what_waits_to_be_written_is_seen_to_while_a_query_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen_to = threading.Event()
    in_time: list[bool] = []

    async def main() -> None:
        async with running(tmp_path) as server:
            recorder, remembered = server.server._recorder, server.server._remembered
            assert recorder is not None
            assert remembered is not None
            close = recorder.close

            def closed(limit_s: float) -> int:
                seen_to.set()
                return close(limit_s)

            monkeypatch.setattr("control_plane.server._DRAIN_S", 0.5)
            monkeypatch.setattr(recorder, "close", closed)
            monkeypatch.setattr(remembered, "close", lambda: in_time.append(seen_to.wait(LIMIT_S)))

    asyncio.run(main())
    assert in_time == [True]
