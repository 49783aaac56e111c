"""Puts an imported capsule into a library of the user's own."""

import hashlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from capsules.check import Finding, Severity, check_capsule
from capsules.clip import Clip, open_clip
from capsules.errors import ClipError, LibraryError
from capsules.library import PACKAGED_FOLDER, Library, load_library
from capsules.model import Capsule
from engine.offline.errors import ImportRefusedError

__all__ = ["CLIPS_FOLDER", "Draft", "check_draft", "own_library", "sha256_of", "store_capsule"]

CLIPS_FOLDER = "clips"
_FACE_PART = "face"
_BLOCK_BYTES = 1 << 20

Draft = dict[str, object]
"""A capsule as it will stand in its file."""


def own_library(folder: Path, cid: str, *, force: bool) -> Library:
    """The library of a folder, which may be empty, before a capsule is put into it.

    Raises:
        ImportRefusedError: The folder is none, or is the packaged one, or has the capsule already.
        LibraryError: It cannot be read.
    """
    if folder.resolve() == PACKAGED_FOLDER.resolve():
        raise ImportRefusedError("the packaged library is not written to; name a folder of yours")
    if not folder.is_dir():
        raise ImportRefusedError(f"{folder} is no folder")
    library = load_library(folder) if any(folder.glob("*.json")) else Library(())
    if cid in library.capsules:
        if not _file(folder, cid).exists():
            raise ImportRefusedError(
                f"{cid} lies among other capsules of {folder}; give another id, or take it out by "
                "hand first"
            )
        if not force:
            raise ImportRefusedError(f"{folder} has {cid} already; --force replaces it")
    return library


def check_draft(draft: Draft) -> None:
    """Whether a draft's fields hold together.

    Raises:
        ImportRefusedError: They do not; the message names each that is wrong.
    """
    _checked(draft)


def store_capsule(
    folder: Path,
    library: Library,
    draft: Draft,
    write_clip: Callable[[Path], Draft] | None = None,
) -> tuple[Capsule, list[Finding], Path]:
    """Checks a capsule as part of its library, and writes it: whole, or nothing.

    Args:
        folder: Of the library.
        library: What it holds; see `own_library`.
        draft: The capsule's fields, without its clip.
        write_clip: Writes the clip's file to a path; returns what else its `clip` says.

    Returns:
        The capsule, warnings about it, and the file it lies in.

    Raises:
        ImportRefusedError: The library would not take it; the message says why.
    """
    cid = str(draft["cid"])
    try:
        with tempfile.TemporaryDirectory(prefix=f".{cid}-", dir=folder) as aside:
            clip_file = Path(aside) / f"{cid.lower()}.webm"
            if write_clip is not None:
                name = f"{CLIPS_FOLDER}/{clip_file.name}"
                draft = {**draft, "clip": {"file": name, **write_clip(clip_file)}}
            capsule = _checked(draft)
            clip = _opened(capsule, clip_file)
            findings = _findings(library, capsule, clip)
            text = capsule.model_dump(mode="json", exclude_defaults=True)
            record = Path(aside) / "capsule"
            record.write_text(json.dumps({"capsules": [text]}, indent=1) + "\n", encoding="utf-8")
            if clip is not None:
                (folder / CLIPS_FOLDER).mkdir(exist_ok=True)
                clip_file.replace(folder / CLIPS_FOLDER / clip_file.name)
            record.replace(_file(folder, cid))
    except (ClipError, LibraryError) as error:
        raise ImportRefusedError(f"{cid}: {error}") from error
    except OSError as error:
        raise ImportRefusedError(f"{folder} cannot be written to: {error.strerror}") from error
    return capsule, findings, _file(folder, cid)


def sha256_of(path: Path) -> str:
    """Of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _checked(draft: Draft) -> Capsule:
    try:
        return Capsule.model_validate(draft)
    except ValidationError as error:
        said = "; ".join(map(_said, error.errors(include_url=False)))
        raise ImportRefusedError(f"{draft['cid']} cannot be imported: {said}") from error


def _said(problem: ErrorDetails) -> str:
    where = ".".join(map(str, problem["loc"]))
    message = problem["msg"].removeprefix("Value error, ")  # of our own validators
    return f"{where}: {message}" if where else message


def _file(folder: Path, cid: str) -> Path:
    return folder / f"{cid.lower()}.json"


def _opened(capsule: Capsule, path: Path) -> Clip | None:
    if capsule.clip is None:
        return None
    return open_clip(
        capsule.cid,
        path,
        matte=capsule.clip.matte,
        rect=capsule.clip.rect,
        after=_FACE_PART,
        loop_ms=capsule.duration_ms if capsule.loop else None,
    )


def _findings(library: Library, capsule: Capsule, clip: Clip | None) -> list[Finding]:
    """What the library's own check says of it; warnings, for errors refuse it."""
    others = [item for cid, item in library.capsules.items() if cid != capsule.cid]
    clips = [item for cid, item in library.clips.items() if cid != capsule.cid]
    whole = Library(
        [*others, capsule],
        library.expressions.values(),
        library.viseme_weights,
        clips=[*clips, *([clip] if clip else [])],
    )
    found = check_capsule(whole, capsule)
    errors = [item for item in found if item.severity is Severity.ERROR]
    if errors:
        raise ImportRefusedError("; ".join(f"{capsule.cid}: {one.message}" for one in errors))
    return found
