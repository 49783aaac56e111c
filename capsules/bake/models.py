"""The model files: where they come from, where they lie, and that they are the right ones.

They are MediaPipe's (Apache License 2.0). Its newer wheels carry none; that of 0.10.21 does. It is
fetched as a file and never installed: its pins are old, and five of its files are all that is
needed. What counts is the pinned SHA-256 of each of them.
"""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from capsules.bake.errors import ModelFetchError, ModelMissingError
from capsules.bake.pip_download import download_wheel

__all__ = ["MODELS", "WHEEL", "ModelFile", "ModelFolder", "locate", "pull"]

WHEEL = "mediapipe==0.10.21"
"""The wheel on the Python package index that carries the models."""

_FETCH_TIMEOUT_S = 900.0
_FETCHED = 0.95  # of the whole, when the download is done


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One pinned file.

    Attributes:
        member: Its path within the wheel.
        size_bytes: Its length.
        sha256: Of its content, in hex.
    """

    member: str
    size_bytes: int
    sha256: str

    @property
    def filename(self) -> str:
        """Its name on disk."""
        return self.member.rpartition("/")[2]


MODELS: Mapping[str, ModelFile] = MappingProxyType(
    {
        "face_detection": ModelFile(
            "mediapipe/modules/face_detection/face_detection_short_range.tflite",
            229_714,
            "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        ),
        "face_landmark": ModelFile(
            "mediapipe/modules/face_landmark/face_landmark.tflite",
            1_242_398,
            "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        ),
        "iris_landmark": ModelFile(
            "mediapipe/modules/iris_landmark/iris_landmark.tflite",
            2_640_568,
            "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
        ),
        "selfie_segmentation": ModelFile(
            "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
            249_505,
            "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
        ),
        "hand_landmark": ModelFile(
            "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
            5_478_917,
            "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
        ),
    }
)
"""The files by what they are for."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder that holds every model, checked.

    Attributes:
        path: The folder.
    """

    path: Path

    def file(self, name: str) -> Path:
        """The path of a model, by its name in `MODELS`."""
        return self.path / MODELS[name].filename

    @property
    def sums(self) -> dict[str, str]:
        """The SHA-256 of every file by its name on disk, for the provenance of what is baked."""
        return {model.filename: model.sha256 for model in MODELS.values()}


def locate(models_dir: Path | None, cache_dir: Path) -> ModelFolder:
    """The folder that holds the models, every file checked against its sum.

    Args:
        models_dir: The folder an operator has set, or None.
        cache_dir: The user's cache, where `pull` leaves them.

    Raises:
        ModelMissingError: A file is missing or has other content than it should.
    """
    folder = models_dir or _folder(cache_dir)
    wrong = [
        f"{model.filename} ({problem})"
        for model in MODELS.values()
        if (problem := _problem(folder / model.filename, model))
    ]
    if wrong:
        remedy = (
            f"copy the files of {WHEEL} there" if models_dir else "run `capsulecast models pull`"
        )
        raise ModelMissingError(f"models in {folder}: {', '.join(wrong)}; {remedy}")
    return ModelFolder(folder)


def pull(
    cache_dir: Path,
    *,
    wheel: Path | None = None,
    timeout_s: float = _FETCH_TIMEOUT_S,
    progress: Callable[[str, float], None] = lambda _stage, _fraction: None,
) -> ModelFolder:
    """Fetches the models into the user's cache; a second call finds them there and fetches nothing.

    Args:
        cache_dir: The user's cache.
        wheel: The wheel as a file, for machines without network; otherwise pip downloads it.
        timeout_s: How long the download may take.
        progress: Told of every stage, and how much of the whole is done, in [0, 1].

    Raises:
        ModelFetchError: The wheel could not be fetched, or is not the right one.
    """

    def fetching(fraction: float) -> None:
        progress(f"fetching {WHEEL}", _FETCHED * fraction)

    def unpacked(path: Path) -> ModelFolder:
        progress("checking the files", _FETCHED)
        folder = _unpack(path, cache_dir)
        progress("done", 1.0)
        return folder

    if wheel is not None:
        return unpacked(wheel)
    try:
        return locate(None, cache_dir)
    except ModelMissingError:
        pass
    fetching(0.0)
    with tempfile.TemporaryDirectory(prefix="capsulecast-models-") as folder:
        return unpacked(download_wheel(WHEEL, Path(folder), timeout_s, fetching))


def _folder(cache_dir: Path) -> Path:
    return cache_dir / "models" / WHEEL.replace("==", "-")


def _problem(path: Path, model: ModelFile) -> str | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if hashlib.sha256(content).hexdigest() == model.sha256 else "has a wrong SHA-256"


def _unpack(wheel: Path, cache_dir: Path) -> ModelFolder:
    """Takes the models out of the wheel; each is in place whole or not at all."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            contents = {model: _member(archive, model) for model in MODELS.values()}
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelFetchError(f"{wheel} cannot be read as a wheel: {error}") from error
    folder = _folder(cache_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for model, content in contents.items():
            _write(folder / model.filename, content)
    except OSError as error:
        raise ModelFetchError(f"the models cannot be written to {folder}: {error}") from error
    return ModelFolder(folder)


def _member(archive: zipfile.ZipFile, model: ModelFile) -> bytes:
    try:
        size = archive.getinfo(model.member).file_size
        # The size is looked at before anything is unpacked, whatever the archive claims to hold.
        content = archive.read(model.member) if size == model.size_bytes else b""
    except (KeyError, RuntimeError, NotImplementedError) as error:
        raise ModelFetchError(f"the wheel has no readable {model.member}") from error
    if hashlib.sha256(content).hexdigest() != model.sha256:
        raise ModelFetchError(
            f"{model.member} of the wheel is not the pinned one (SHA-256 {model.sha256})"
        )
    return content


def _write(path: Path, content: bytes) -> None:
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(aside).chmod(0o644)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
