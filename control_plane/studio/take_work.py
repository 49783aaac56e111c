"""What the process that imports does with a recording; see `control_plane.studio.bake_child`."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from capsules.bake.errors import CancelledBakeError, ModelMissingError
from capsules.bake.finder import FaceFinder
from capsules.bake.models import locate
from control_plane.studio.avatars import open_avatar
from engine.offline.errors import TakeError
from engine.offline.taking import Imported, ImportOptions, import_take

__all__ = ["import_order"]

_SOURCE = "recorded in the studio"


def import_order(
    order: dict[str, Any], tell: Callable[[dict[str, Any]], None], given_up: threading.Event
) -> None:
    """Imports a recording, and tells its steps and what came of it.

    Args:
        order: As `control_plane.studio.takes.Takes` writes it.
        tell: Is given each answer.
        given_up: Set when nobody waits for it any more.

    Raises:
        OfflineError: It cannot be done.
        BakeError: The models are missing; or it was given up, and nothing was written.
        CapsuleError: The avatar or the library cannot be read.
    """

    def progress(stage: str, fraction: float) -> None:
        if given_up.is_set():
            raise CancelledBakeError("cancelled; nothing was kept")
        tell({"stage": stage, "fraction": fraction})

    cache_dir = Path(order["cache_dir"])
    finder, missing = _finder(Path(order["models"]) if order["models"] else None, cache_dir)
    folder = Path(order["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    avatar = open_avatar(order["avatar"], Path(order["avatars"]), cache_dir)
    try:
        done = import_take(Path(order["photo"]), avatar, folder, _options(order), finder, progress)
    except TakeError as error:
        if missing is not None:  # what there is to do about it
            raise missing from error
        raise
    tell(_told(done))


def _finder(
    models: Path | None, cache_dir: Path
) -> tuple[FaceFinder | None, ModelMissingError | None]:
    """The models; or why there are none: then only the avatar's own exports can be read."""
    try:
        return FaceFinder.open(locate(models, cache_dir)), None
    except ModelMissingError as error:
        return None, error


def _options(order: dict[str, Any]) -> ImportOptions:
    emotion = order["emotion"]
    return ImportOptions(
        cid=order["cid"],
        kind="clip" if order["clip"] else "curves",
        emotion=None if emotion is None else (emotion[0], emotion[1], emotion[2]),
        description=order["description"] or "A recording",
        neutral_ms=order["neutral_ms"],
        start_ms=order["start_ms"],
        loop=order["loop"],
        consent=order["consent"],
        force=order["replace"],
        source=_SOURCE,
        most_s=order["most_s"],
    )


def _told(done: Imported) -> dict[str, Any]:
    report = done.report
    return {
        "cid": done.capsule.cid,
        "fit": {
            "frames": report.frames,
            "by_pictures": report.method == "pictures",
            "landmark_rms_px": report.landmark_rms_px or 0.0,
            "lost_frames": report.lost,
        },
        "warnings": [f"{one.where}: {one.message}" for one in done.warnings],
    }
