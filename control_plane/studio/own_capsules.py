"""Capsules that users make in the studio: checked, kept in a file, and part of the library.

They lie in `studio.json`, of the library's folder where the operator has named one, else of a
folder of the user's, whose capsules come on top of the packaged ones. No other file is written.
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from capsules.check import Severity, check_capsule
from capsules.errors import LibraryError
from capsules.library import Library, load_library
from capsules.model import Capsule, Provenance
from control_plane.errors import AlreadyExistsError, InvalidArgumentError
from control_plane.whole_files import written_whole

__all__ = [
    "MAX_CAPSULE_CHARS",
    "OwnCapsules",
    "Saved",
    "capsule_from_text",
    "check_for_use",
    "open_own",
]

MAX_CAPSULE_CHARS = 60_000
_FILE = "studio.json"
_MAX_OWN = 2_000
_WAY_OUT = (
    "mend what is named here, give it another id, or move its file (of a capsule that two files "
    "have, one of them) out of the folder"
)
_NOTE = "Made in the studio, which writes this file."


@dataclass(frozen=True, slots=True)
class Saved:
    """A capsule as it was saved, and what the check finds worth a look."""

    capsule: Capsule
    warnings: tuple[str, ...]


class OwnCapsules:
    """The library with one's own capsules in it; made by `open_own`, used from one event loop.

    Attributes:
        library: As it is now.
    """

    def __init__(self, file: Path, base: Library | None, library: Library, micro: int = 0) -> None:
        self._file = file
        self._base = base
        self._micro = micro
        self._saving = asyncio.Lock()
        self._listeners: list[Callable[[Library], None]] = []
        self.library = library

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self._file.parent

    def is_packaged(self, cid: str) -> bool:
        """Whether the capsule comes with the program, so that it is left as it is."""
        return self._base is not None and cid in self._base.capsules

    def listen(self, listener: Callable[[Library], None]) -> None:
        """Calls `listener` with every later library."""
        self._listeners.append(listener)

    async def save(self, text: str) -> Saved:
        """Keeps a capsule, in place of the one of its id that was saved before.

        Args:
            text: In the library's JSON form.

        Raises:
            InvalidArgumentError: It is none, or the library's check refuses it.
            AlreadyExistsError: Its id belongs to a capsule that was not saved here.
            LibraryError: The file cannot be written, or what lies beside it now cannot be read.
        """
        async with self._saving:
            saved, self.library = await asyncio.to_thread(self._save, text)
            for listener in self._listeners:
                listener(self.library)
            return saved

    async def read_again(self) -> Library:
        """Reads the folder anew, into which others have put capsules.

        Raises:
            LibraryError: Something of it cannot be read.
        """
        async with self._saving:
            self.library = await asyncio.to_thread(_read, self.folder, self._base, self._micro)
            for listener in self._listeners:
                listener(self.library)
            return self.library

    def _save(self, text: str) -> tuple[Saved, Library]:
        capsule = capsule_from_text(text, "json")
        # The folder as it is now: capsules may have been imported into it meanwhile.
        now = _read(self._file.parent, self._base, self._micro)
        own = set(_cids(self._file))
        before = now.capsules.get(capsule.cid)
        if before is not None and capsule.cid not in own:
            raise AlreadyExistsError(
                f"{capsule.cid} is a capsule of the library already, which is left as it is; "
                f"save yours under an id of its own, such as {capsule.cid}_MINE"
            )
        if before is None and len(own) >= _MAX_OWN:
            raise InvalidArgumentError(
                f"there are {_MAX_OWN} saved capsules, the most there may be"
            )
        capsule = capsule.model_copy(
            update={
                "version": 1 if before is None else before.version + 1,
                "provenance": Provenance(source="capsulecast studio"),
            }
        )
        library = now.having([capsule])
        warnings = check_for_use(library, capsule, "json")
        _write(self._file, [library.capsules[cid] for cid in sorted(own | {capsule.cid})])
        return Saved(capsule, warnings), library


def open_own(library_folder: Path | None, own_folder: Path, *, micro: int = 0) -> OwnCapsules:
    """Reads the library with one's own capsules. Takes some tens of ms.

    Args:
        library_folder: The operator's library; None: the packaged one.
        own_folder: Where one's own capsules lie beside the packaged ones.
        micro: How many generated micro-capsules there are as well.

    Raises:
        LibraryError: Something of it cannot be read.
    """
    folder = library_folder or own_folder
    base = load_library() if library_folder is None else None
    return OwnCapsules(folder / _FILE, base, _read(folder, base, micro), micro)


def capsule_from_text(text: str, field: str) -> Capsule:
    """Reads a capsule that has tracks.

    Args:
        text: In the library's JSON form.
        field: Name of the field that it came in.

    Raises:
        InvalidArgumentError: It is none, or has none; the message says what is wrong.
    """
    if len(text) > MAX_CAPSULE_CHARS:
        message = f"{field} has {len(text):,} characters, expected at most {MAX_CAPSULE_CHARS:,}"
        raise InvalidArgumentError(message, field)
    try:
        capsule = Capsule.model_validate_json(text)
    except ValidationError as error:
        raise InvalidArgumentError(f"{field}: {_first_problem(error)}", field) from error
    if not capsule.tracks:
        raise InvalidArgumentError(f"{field}: {capsule.cid} has no tracks, expected some", field)
    return capsule


def check_for_use(library: Library, capsule: Capsule, field: str) -> tuple[str, ...]:
    """Checks a capsule as the library's are; returns what is worth a look.

    Raises:
        InvalidArgumentError: The check finds an error.
    """
    findings = check_capsule(library, capsule)
    for finding in findings:
        if finding.severity is Severity.ERROR:
            raise InvalidArgumentError(f"{finding.where}: {finding.message}", field)
    return tuple(f"{finding.where}: {finding.message}" for finding in findings)


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{where.removeprefix('.')}: {message}" if where else message


def _read(folder: Path, base: Library | None, micro: int) -> Library:
    """What the folder holds now, on top of `base` where there is one, and micro-capsules."""
    found = _read_plain(folder, base)
    if micro:
        found = found.with_micro(micro)
        found.micro()  # no session has to wait for the index
    return found


def _read_plain(folder: Path, base: Library | None) -> Library:
    has_files = any(folder.glob("*.json"))
    if base is not None and not has_files:
        return base
    try:
        own = load_library(folder)
    except LibraryError as error:
        if not has_files:
            raise
        raise LibraryError(
            f"the capsules in {folder} cannot be used; {_WAY_OUT}:\n{error}"
        ) from error
    if base is None:
        return own
    if twice := sorted(own.capsules.keys() & base.capsules.keys()):
        raise LibraryError(
            f"the capsules in {folder} cannot be used; {_WAY_OUT}:\n"
            f"{twice[0]} is a capsule of the packaged library too"
        )
    return Library(
        (*base.capsules.values(), *own.capsules.values()),
        (*base.expressions.values(), *own.expressions.values()),
        base.viseme_weights,
        clips=(*base.clips.values(), *own.clips.values()),
        profiles=(*base.profiles.values(), *own.profiles.values()),
    )


def _cids(file: Path) -> list[str]:
    """Ids in the file, which has been read and checked as part of its folder."""
    if not file.exists():
        return []
    content = json.loads(file.read_text(encoding="utf-8"))
    return [record["cid"] for record in content.get("capsules", [])]


def _write(file: Path, capsules: Iterable[Capsule]) -> None:
    """Writes the file aside and renames it: whole or not at all."""
    records = [
        item.model_dump(mode="json", exclude_none=True, exclude_defaults=True) for item in capsules
    ]
    content = json.dumps({"note": _NOTE, "capsules": records}, indent=1) + "\n"
    try:
        with written_whole(file, 0o644) as sink:
            sink.write(content)
    except OSError as error:
        raise LibraryError(f"{file} cannot be written: {error.strerror}") from error
