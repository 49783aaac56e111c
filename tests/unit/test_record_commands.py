"""`capsulecast capsule record`, beside a server that is played."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from control_plane.cli import main


class Serving(BaseHTTPRequestHandler):
    """Answers as a server of ours does."""

    def do_GET(self) -> None:
        assert self.path == "/api/health"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status": "SERVING"}')

    def log_message(self, *_: object) -> None:
        """Writes nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Serving) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capsules.bake.models.locate", lambda *_: None)


@pytest.mark.usefixtures("models")
def test_the_tool_of_a_running_server_is_named_with_the_fields(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--cid", "VF_201", "--vad", "0.5", "-0.25", "0", "--avatar", "ada"]
    flags += ["--description", "A grin", "--port", str(port), "--no-browser"]
    assert main(["capsule", "record", *flags]) == 0
    told = capsys.readouterr().out
    fields = "avatar=ada&cid=VF_201&vad=0.5%2C-0.25%2C0&description=A+grin"
    assert told == f"record at http://127.0.0.1:{port}/studio?{fields}#record\n"


@pytest.mark.usefixtures("models")
def test_it_is_opened_where_there_is_a_screen(
    port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []

    def play(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", play)
    monkeypatch.setenv("DISPLAY", ":0")
    assert main(["capsule", "record", "--port", str(port)]) == 0
    assert opened == [f"http://127.0.0.1:{port}/studio#record"]
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert main(["capsule", "record", "--port", str(port)]) == 0
    assert len(opened) == 1
    assert "there is no screen here" in capsys.readouterr().out


def test_missing_models_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capsule", "record", "--models", str(tmp_path)]) == 1
    assert "face_detection_short_range.tflite (missing)" in capsys.readouterr().err


def test_a_missing_extra_is_named_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("capsules.bake.extra.find_spec", lambda _: None)
    assert main(["capsule", "record"]) == 1
    assert "pip install 'capsulecast[bake]'" in capsys.readouterr().err


def test_an_emotion_outside_the_cube_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capsule", "record", "--vad", "0", "2", "0"]) == 2
    assert "--vad is 0 2 0, expected numbers in [-1, 1]" in capsys.readouterr().err
