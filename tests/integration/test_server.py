import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from control_plane.errors import UnavailableError
from control_plane.server import Server
from control_plane.settings import load_settings
from engine.faults import Fault
from storage.database import Database
from storage.repository import Repository
from tests.integration.running import running
from tests.unit.fake_media import FakeMedia, FakeResponder

HELLO = {"sequence": 1, "chat": {"role": "CHAT_ROLE_USER", "text": "hello"}}
START_S = 60


def test_everything_said_is_in_the_database_after_the_end(tmp_path: Path) -> None:
    async def main() -> str:
        async with running(tmp_path) as server:
            made = (await server.request("POST", "/api/sessions", {"seed": 5})).json
            path = f"/api/sessions/{made['id']}/events"
            assert (await server.request("POST", path, HELLO)).status == 200
            await server.request("GET", "/api/health")
            assert server.media.on_fault is not None
            server.media.on_fault(Fault("device_lost", "unplugged"))
            return str(made["id"])

    session_id = UUID(asyncio.run(main()))
    database = Database(f"sqlite:///{tmp_path / 'test.sqlite'}")
    repository = Repository(database)
    ((started, ended),) = repository.sessions()
    assert (started.id, started.seed) == (session_id, 5)
    assert ended is not None
    assert ended.reason == "the server stopped"
    messages = [(one.role, one.text, one.source) for one in repository.messages(session_id)]
    assert messages == [("user", "hello", "client"), ("assistant", "I see.", "fake")]
    assert {one.measure for one in repository.performance(session_id)} >= {"brain.p99"}
    assert [fault.mode for fault in repository.faults()] == ["device_lost"]
    database.close()


@pytest.mark.parametrize(("host", "warned"), [("0.0.0.0", True), ("127.0.0.1", False)])
def test_open_server_warns_and_tells_an_address_that_can_be_used(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    host: str,
    warned: bool,
) -> None:
    async def main() -> None:
        async with running(tmp_path, host=host) as server:
            assert server.ready.url.startswith("http://127.0.0.1:")
            assert server.ready.grpc_address.startswith("127.0.0.1:")
            assert (await server.request("GET", "/api/health")).status == 200

    asyncio.run(main())
    assert ("no authentication" in caplog.text) is warned
    assert ("this machine alone may ask for" in caplog.text) is warned


def test_no_task_or_thread_is_left_behind(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path) as server:
            made = (await server.request("POST", "/api/sessions", {})).json
            await server.request("POST", f"/api/sessions/{made['id']}/events", HELLO)
        assert server.media.closed == 1
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await server.server.aclose()

    before = {thread.name for thread in threading.enumerate()}
    asyncio.run(main())
    left = {thread.name for thread in threading.enumerate() if not thread.daemon} - before
    assert left == set()
    assert "recorder" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("field", ["port", "grpc_port"])
def test_taken_port_is_told_at_once(tmp_path: Path, field: str) -> None:
    async def main(port: int) -> None:
        media = FakeMedia()
        values = {"port": 0, "grpc_port": 0, "database": "sqlite://", field: port}
        server = Server(load_settings(values), media, lambda _: FakeResponder())
        with pytest.raises(UnavailableError, match=rf"cannot listen for .* on 127\.0\.0\.1:{port}"):
            await server.start()
        assert media.on_fault is None
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with socket.create_server(("127.0.0.1", 0)) as taken:
        asyncio.run(main(taken.getsockname()[1]))


@contextmanager
def process(folder: Path, *flags: str) -> Iterator[subprocess.Popen[str]]:
    """`capsulecast serve` as users start it, on free ports, with folders of its own."""
    environment = {
        **{name: value for name, value in os.environ.items() if "CAPSULECAST" not in name},
        "XDG_DATA_HOME": str(folder / "data"),
        "PYTHONUNBUFFERED": "1",
    }
    ports = ["--port", "0", "--grpc-port", "0"]
    started = subprocess.Popen(
        [sys.executable, "-m", "control_plane.cli", "serve", *ports, *flags],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_drains_and_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    with process(tmp_path, "--backend", "cpu", "--tts", "silent") as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("capsulecast is ready: http://127.0.0.1:")
        lines = [server.stdout.readline().split() for _ in range(4)]
        assert [line[0] for line in lines] == ["gRPC", "drawing", "voice", "memory"]
        assert (tmp_path / "data" / "capsulecast" / "capsulecast.sqlite").exists()
        told = time.monotonic()
        server.send_signal(number)
        assert server.wait(10) == 0
        assert time.monotonic() - told < 3
        assert server.communicate() == ("", "")


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--fps", "0"], 2, "--fps: cannot use '0'"),
        (["--avatar", "nobody"], 1, "avatar is 'nobody', expected one of mira"),
        (["--database", "sqlite:////dev/null/x.sqlite"], 1, "/dev/null/x.sqlite"),
        (["--library", "/dev"], 1, "/dev: "),
    ],
)
def test_bad_setting_ends_in_one_line(
    tmp_path: Path, flags: list[str], code: int, said: str
) -> None:
    with process(tmp_path, "--backend", "cpu", "--tts", "silent", *flags) as server:
        out, err = server.communicate(timeout=START_S)
        assert server.returncode == code
        assert out == ""
        assert err.startswith("capsulecast: ")
        assert err.count("\n") == 1
        assert said in err
