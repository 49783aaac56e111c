import hashlib
import io
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from capsules.bake import baking, extra, models
from capsules.bake.baking import STAGES, BakeRequest, Progress
from capsules.bake.errors import NoFaceError
from capsules.bake.models import ModelFile, ModelFolder
from control_plane.cli import main
from control_plane.commands import progress

CONSENT = ("--consent", "not a real person")


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def baked(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What baking was asked for; it tells its stages and bakes nothing."""
    told = SimpleNamespace(request=None, folder=None, models=None, error=None, warnings=())

    def bake(
        request: BakeRequest,
        found: ModelFolder | None,
        folder: Path,
        *,
        progress: Progress,
        cache_dir: Path,
        warn: Callable[[str], None],
    ) -> Path:
        told.request, told.folder, told.models, told.cache_dir = request, folder, found, cache_dir
        for stage, fraction in STAGES.items():
            progress(stage, fraction)
        if told.error is not None:
            raise told.error
        for message in told.warnings:
            warn(message)
        return folder / request.name

    monkeypatch.setattr(baking, "bake", bake)
    return told


@pytest.fixture
def small_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A wheel whose one model is the only one that is needed."""
    text = b"a small model"
    pinned = ModelFile("mediapipe/face.tflite", len(text), hashlib.sha256(text).hexdigest())
    monkeypatch.setattr(models, "MODELS", {"face": pinned})
    wheel = tmp_path / "some.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(pinned.member, text)
    return wheel


def test_every_flag_reaches_the_request(
    baked: SimpleNamespace, small_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "pull", "--wheel", str(small_models)]) == 0
    flags = ["--face", "2", "--allow-small", "--no-hands", "--landmarks", "a.json", "--force"]
    flags += ["--write-landmarks", "b.json", "--avatars", "there"]
    assert main(["bake", "photo.jpg", "--name", "ada", *CONSENT, *flags]) == 0
    assert baked.request == BakeRequest(
        photo=Path("photo.jpg"),
        name="ada",
        consent="not a real person",
        face=2,
        hands=False,
        allow_small=True,
        landmarks=Path("a.json"),
        write_landmarks=Path("b.json"),
        force=True,
    )
    assert "capsulecast serve --avatars there --avatar ada" in capsys.readouterr().out
    assert baked.folder == Path("there")
    assert baked.models is not None


def test_without_flags_it_is_put_where_sessions_look(
    baked: SimpleNamespace, small_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["models", "pull", "--wheel", str(small_models)])
    assert main(["bake", "photo.jpg", "--name", "ada", *CONSENT]) == 0
    assert baked.request == BakeRequest(Path("photo.jpg"), "ada", "not a real person")
    assert baked.folder.is_relative_to(tmp_path / "data")
    out = capsys.readouterr().out
    assert str(baked.folder / "ada") in out
    assert "capsulecast serve --avatar ada" in out


def test_what_another_photo_would_do_better_is_said_at_the_end(
    baked: SimpleNamespace, small_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["models", "pull", "--wheel", str(small_models)])
    baked.warnings = ("the mouth is open",)
    assert main(["bake", "photo.jpg", "--name", "ada", *CONSENT]) == 0
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "capsulecast: warning: the mouth is open"


def test_without_a_terminal_there_is_a_line_a_stage(
    baked: SimpleNamespace, small_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["models", "pull", "--wheel", str(small_models)])
    capsys.readouterr()
    main(["bake", "photo.jpg", "--name", "ada", *CONSENT])
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("%  ")[1] for line in lines] == list(STAGES)
    assert lines[-1].startswith("100%")
    assert all("\x1b" not in line for line in lines)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress.told_progress() as tell:
        tell("building the rig", 0.5)
    assert "building the rig" in terminal.getvalue()
    assert "\x1b[" in terminal.getvalue()


def test_on_a_terminal_without_rich_there_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "find_spec", lambda _name: None)
    with progress.told_progress() as tell:
        tell("building the rig", 0.5)
    assert terminal.getvalue() == " 50%  building the rig\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "ada"], "say who agreed and when"),
        (["--name", "ada", "--consent", "  "], "say who agreed and when"),
        (["--name", "ada", "--consent", "x" * 501], "the consent has 501 characters"),
        (["--name", "ada", "--consent", "two\nlines"], "one line of up to 500"),
        (["--name", "Ada", *CONSENT], "the name 'Ada' cannot be used; up to 32 lower-case"),
        (["--name", "../ada", *CONSENT], "the name '../ada' cannot be used"),
        (["--name", "mira", *CONSENT], "'mira' is the name of a built-in avatar"),
    ],
)
def test_unusable_arguments_end_with_2_and_say_what_would_do(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bake", "photo.jpg", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_without_the_models_it_says_how_to_get_them(
    baked: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bake", "photo.jpg", "--name", "ada", *CONSENT]) == 1
    assert "run `capsulecast models pull`" in capsys.readouterr().err
    assert baked.request is None


def test_with_landmarks_it_does_without_the_models(baked: SimpleNamespace) -> None:
    assert main(["bake", "photo.jpg", "--name", "ada", *CONSENT, "--landmarks", "a.json"]) == 0
    assert baked.models is None


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(extra, "find_spec", lambda _name: None)
    assert main(["bake", "photo.jpg", "--name", "ada", *CONSENT]) == 1
    assert "pip install 'capsulecast[bake]'" in capsys.readouterr().err


def test_a_refusal_is_one_line_and_ends_with_1(
    baked: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    baked.error = NoFaceError("no face was found; another will do")
    assert main(["bake", "photo.jpg", "--name", "ada", *CONSENT, "--landmarks", "a"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "capsulecast: no face was found; another will do"
    )


def test_ctrl_c_ends_with_130_and_says_that_nothing_was_written(
    baked: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    baked.error = KeyboardInterrupt()
    assert main(["bake", "photo.jpg", "--name", "ada", *CONSENT, "--landmarks", "a"]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == (
        "capsulecast: cancelled; nothing was written"
    )


def test_sigterm_is_like_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cleared = []

    def bake(*_: object, **__: object) -> Path:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            cleared.append(True)
        raise AssertionError("it went on")

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(baking, "bake", bake)
    assert main(["bake", "photo.jpg", "--name", "ada", *CONSENT, "--landmarks", "a"]) == 130
    assert cleared
    assert "nothing was written" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before


def test_pulled_models_are_named_with_sums_and_place(
    small_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "check"]) == 1
    assert "face.tflite (missing)" in capsys.readouterr().err
    assert main(["models", "pull", "--wheel", str(small_models)]) == 0
    out = capsys.readouterr().out
    assert str(tmp_path / "cache") in out
    assert hashlib.sha256(b"a small model").hexdigest() in out
    assert main(["models", "check"]) == 0
    assert capsys.readouterr().out == out


def test_models_of_the_settings_are_said_to_win(
    small_models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("CAPSULECAST_MODELS", str(tmp_path / "own"))
    assert main(["models", "pull", "--wheel", str(small_models)]) == 0
    assert f"baking takes those of {tmp_path / 'own'}" in capsys.readouterr().out


def test_a_wheel_that_is_not_the_right_one_is_refused(
    small_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(small_models, "w") as archive:
        archive.writestr("mediapipe/face.tflite", b"another model")
    assert main(["models", "pull", "--wheel", str(small_models)]) == 1
    assert "is not the pinned one" in capsys.readouterr().err


def test_the_live_path_imports_nothing_of_baking_but_its_errors() -> None:
    code = (
        "import sys, control_plane.cli, control_plane.serve\n"
        "heavy = {'ai_edge_litert', 'cv2', 'PIL', 'rich', 'scipy.sparse', 'skimage'}\n"
        "bake = {name for name in sys.modules if name.startswith('capsules.bake')}\n"
        "print(sorted(heavy & set(sys.modules)), "
        "sorted(bake - {'capsules.bake', 'capsules.bake.errors'}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split("\n")[0] == "[] []"
