"""Reads library files: the edge where JSON becomes capsules, with errors a person can act on."""

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from capsules.arkit import ARKIT_BLENDSHAPES, VISEMES
from capsules.clip import Clip, open_clip
from capsules.curve import Curve
from capsules.errors import ClipError, LibraryError
from capsules.model import Capsule, ClipSource, Expression, Layer
from capsules.profile import Profile

__all__ = ["VISEMES_FILE", "FolderContent", "read_clips", "read_folder", "read_visemes"]

VISEMES_FILE = "visemes.json"

# More than this is one broken export rather than that many mistakes.
_MAX_PROBLEMS = 20
_POINT = ([int, int], [int, float])
_MAX_VALUE_CHARS = 60
_KEYS = frozenset({"capsules", "expressions", "profiles", "note"})

# The part after which a layer's clips are drawn; others are drawn over all parts.
_AFTER = {Layer.FACE: "face", Layer.HAND: "handLeft", Layer.BODY: "body"}

_Weight = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
_VISEMES: TypeAdapter[dict[str, dict[str, _Weight]]] = TypeAdapter(dict[str, dict[str, _Weight]])


@dataclass(slots=True)
class FolderContent:
    """What the files of a folder hold, in file order."""

    capsules: list[Capsule] = field(default_factory=list)
    expressions: list[Expression] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)


def read_folder(folder: Path) -> FolderContent:
    """Reads every `*.json` of a folder but the visemes.

    Raises:
        LibraryError: Something is wrong; every problem found has a line in the message.
    """
    if not folder.is_dir():
        raise LibraryError(f"{folder}: no such folder")
    paths = [path for path in sorted(folder.glob("*.json")) if path.name != VISEMES_FILE]
    if not paths:
        raise LibraryError(f"{folder}: no library file (*.json) in this folder")
    reader = _Reader()
    for path in paths:
        reader.read(path)
    reader.finish()
    return reader.content


def read_visemes(path: Path) -> dict[str, dict[str, float]]:
    """Reads a table of mouth shapes: viseme -> face basis -> weight in [0, 1].

    Raises:
        LibraryError: A viseme is missing or unknown, a basis is unknown, a weight out of range.
    """
    data = _parse(path)
    try:
        table = _VISEMES.validate_python(data)
    except ValidationError as error:
        raise LibraryError("\n".join(_problems(path.name, "", error))) from error
    for name in VISEMES:
        if name not in table:
            raise LibraryError(f"{path.name}: viseme {name!r} is missing")
    for name, weights in table.items():
        if name not in VISEMES:
            raise LibraryError(
                f"{path.name}: unknown viseme {name!r}, expected {', '.join(VISEMES)}"
            )
        for basis in weights:
            if basis not in ARKIT_BLENDSHAPES:
                raise LibraryError(
                    f"{path.name}: {name}: unknown basis {basis!r}, expected an ARKit blendshape"
                )
    return table


def read_clips(folder: Path, capsules: Sequence[Capsule]) -> list[Clip]:
    """Reads what there is to know of the clips that capsules name; no frame is decoded.

    Raises:
        LibraryError: Files that are missing, outside the folder, or no clips; a line for each.
    """
    clips: list[Clip] = []
    problems: list[str] = []
    for capsule in capsules:
        if capsule.clip is None or capsule.revoked:
            continue
        try:
            clips.append(_clip(folder, capsule, capsule.clip))
        except ClipError as error:
            problems.append(f"{capsule.cid}: clip.file: {error}")
    _refuse(problems)
    return clips


def _clip(folder: Path, capsule: Capsule, source: ClipSource) -> Clip:
    path = folder / source.file
    # The name leads nowhere else by itself; a link may.
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ClipError(path, f"{source.file!r} lies outside the library's folder")
    after = _AFTER.get(capsule.layer, "") if source.after is None else source.after
    return open_clip(
        capsule.cid,
        path,
        matte=source.matte,
        rect=source.rect,
        after=after,
        loop_ms=capsule.duration_ms if capsule.loop else None,
    )


def _refuse(problems: Sequence[str]) -> None:
    """Raises what is wrong, if anything is."""
    if not problems:
        return
    lines = list(problems[:_MAX_PROBLEMS])
    if len(problems) > _MAX_PROBLEMS:
        lines.append(f"and {len(problems) - _MAX_PROBLEMS} more")
    raise LibraryError("\n".join(lines))


class _Reader:
    """Reads one file after the other and remembers what was wrong and what was where."""

    def __init__(self) -> None:
        self.content = FolderContent()
        self._problems: list[str] = []
        self._taken_in: dict[tuple[str, str], str] = {}

    def read(self, path: Path) -> None:
        try:
            data = _parse(path)
        except LibraryError as error:
            self._problems.append(str(error))
            return
        if not isinstance(data, dict) or not data.keys() <= _KEYS:
            found = sorted(data) if isinstance(data, dict) else type(data).__name__
            self._problems.append(
                f"{path.name}: got {_shown(found)}, expected an object with 'capsules', "
                "'expressions' or 'profiles' (and a 'note')"
            )
            return
        for record in self._records(path, data, "capsules"):
            self._add_capsule(path, record)
        for record in self._records(path, data, "expressions"):
            self._add_expression(path, record)
        for record in self._records(path, data, "profiles"):
            self._add_profile(path, record)

    def finish(self) -> None:
        _refuse(self._problems)

    def _records(self, path: Path, data: dict[str, Any], key: str) -> Iterator[Any]:
        records = data.get(key, [])
        if not isinstance(records, list):
            self._problems.append(f"{path.name}: {key}: got {_shown(records)}, expected a list")
            return
        for number, record in enumerate(records):
            records[number] = None  # so that what comes of the next ones takes its memory
            yield record

    def _add_capsule(self, path: Path, record: object) -> None:
        where = _name_of(record, "cid")
        try:
            capsule = Capsule.model_validate(record)
        except ValidationError as error:
            self._problems.extend(_problems(path.name, where, error))
            return
        if self._is_new(path, where, "cid", capsule.cid):
            self.content.capsules.append(capsule)

    def _add_expression(self, path: Path, record: object) -> None:
        where = _name_of(record, "id")
        try:
            expression = Expression.model_validate(record)
        except ValidationError as error:
            self._problems.extend(_problems(path.name, where, error))
            return
        new_id = self._is_new(path, where, "id", expression.id)
        if self._is_new(path, where, "name", expression.name) and new_id:
            self.content.expressions.append(expression)

    def _add_profile(self, path: Path, record: object) -> None:
        where = _name_of(record, "name")
        try:
            profile = Profile.model_validate(record)
        except ValidationError as error:
            self._problems.extend(_problems(path.name, where, error))
            return
        if self._is_new(path, where, "name", profile.name):
            self.content.profiles.append(profile)

    def _is_new(self, path: Path, where: str, key: str, value: str) -> bool:
        first = self._taken_in.get((key, value))
        if first is None:
            self._taken_in[key, value] = path.name
            return True
        self._problems.append(
            f"{path.name}: {where}: {key}: {value!r} is taken already (in {first}), expected "
            "one that is not"
        )
        return False


def _parse(path: Path) -> Any:  # noqa: ANN401 - JSON from outside can be anything
    try:
        return json.loads(path.read_text(encoding="utf-8"), object_hook=_packed)
    except OSError as error:
        raise LibraryError(f"{path.name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LibraryError(f"{path.name}: byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise LibraryError(
            f"{path.name}: line {error.lineno}, column {error.colno}: not JSON: {error.msg}"
        ) from error
    except RecursionError as error:
        raise LibraryError(f"{path.name}: nested too deeply") from error


def _packed(record: dict[str, Any]) -> dict[str, Any]:
    """Packs a well-formed curve as soon as it is read, and has tracks share a target's name.

    The lists of the curves are most of a large file's memory, and what they leave behind between
    the capsules is never given back.
    """
    target = record.get("target")
    if isinstance(target, str):
        record["target"] = sys.intern(target)
    curve = record.get("curve")
    if isinstance(curve, list) and all(
        isinstance(point, list) and [type(number) for number in point] in _POINT for point in curve
    ):
        with contextlib.suppress(ValueError):  # the model will say what is wrong
            record["curve"] = Curve(curve)
    return record


def _name_of(record: object, key: str) -> str:
    name = record.get(key) if isinstance(record, dict) else None
    return name if isinstance(name, str) else f"a record without {key}"


def _problems(file: str, where: str, error: ValidationError) -> list[str]:
    """One line for each thing pydantic objects to: file, id, field, value and what it expected."""
    lines = []
    for item in error.errors(include_url=False):
        path = _field(item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        message = message[:1].lower() + message[1:]
        parts = [file, where, path, _said(item["type"], item["input"], message)]
        lines.append(": ".join(part for part in parts if part))
    return lines


def _said(kind: str, value: object, message: str) -> str:
    if kind == "value_error":  # our own validators name the value themselves
        return message
    if kind == "missing":
        return "missing, expected a value"
    if kind == "extra_forbidden":
        return f"got {_shown(value)}, expected no field of this name"
    return f"got {_shown(value)}, expected: {message.removeprefix('input should be ')}"


def _field(location: Sequence[int | str]) -> str:
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_VALUE_CHARS else text[: _MAX_VALUE_CHARS - 1] + "…"
