"""The process that bakes and imports: one order on stdin, what comes of it on stdout, JSON lines.

Both are seconds of NumPy, which would take the interpreter from the live sessions; here it has one
of its own, at low priority. The process ends when its order is done, or soon after its stdin does.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["main"]

_NICENESS = 10

Tell = Callable[[dict[str, Any]], None]


def main() -> int:
    """Runs one order; errors are told, so that the exit code is 0 whenever there was an answer."""
    # What native libraries print to stdout must not come between the lines.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with suppress(AttributeError, OSError):  # no such thing on Windows
        os.nice(_NICENESS)

    def tell(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    order = json.loads(sys.stdin.readline())
    given_up = threading.Event()
    threading.Thread(target=_watch_stdin, args=(given_up,), daemon=True).start()
    try:
        _run(order, tell, given_up)
    except Exception as error:  # the process's root: what it was is told to the parent
        _tell_error(error, tell)
    return 0


def _watch_stdin(given_up: threading.Event) -> None:
    """The parent closes its end to cancel; so does the system when the parent is gone."""
    sys.stdin.read()
    given_up.set()


def _tell_error(error: Exception, tell: Tell) -> None:
    from capsules.bake.errors import BakeError
    from capsules.errors import CapsuleError
    from engine.offline.errors import OfflineError

    foreseen = isinstance(error, BakeError | CapsuleError | OfflineError)
    kind = type(error).__name__ if foreseen else ""
    message = str(error) if foreseen else f"{type(error).__name__}: {error}"
    tell({"error": {"kind": kind, "message": message}})


def _run(order: dict[str, Any], tell: Tell, given_up: threading.Event) -> None:
    from capsules.bake.errors import ModelMissingError
    from capsules.bake.extra import require_extra
    from capsules.bake.models import locate

    require_extra()
    if order["kind"] == "take":
        from control_plane.studio.take_work import import_order

        import_order(order, tell, given_up)
        return
    models_dir = Path(order["models"]) if order["models"] else None
    try:
        models = locate(models_dir, Path(order["cache_dir"]))
    except ModelMissingError:
        if order["kind"] != "bake" or not order["landmarks"]:
            raise
        models = None
    if order["kind"] == "detect" and models is not None:
        _detect(order, models, tell)
        return
    from capsules.bake.baking import BakeRequest, bake

    request = BakeRequest(
        photo=Path(order["photo"]),
        name=order["name"],
        consent=order["consent"],
        face=order["face"],
        hands=order["hands"],
        allow_small=order["allow_small"],
        landmarks=Path(order["landmarks"]) if order["landmarks"] else None,
        force=True,
    )
    pack = bake(
        request,
        models,
        Path(order["avatars"]),
        progress=lambda stage, fraction: tell({"stage": stage, "fraction": fraction}),
        cancelled=given_up,
        cache_dir=Path(order["cache_dir"]),
    )
    tell({"pack": str(pack)})


def _detect(order: dict[str, Any], models: Any, tell: Tell) -> None:  # noqa: ANN401 - a ModelFolder, whose module is not loaded before it is needed
    from capsules.bake.checks import check_face, face_width_px, notice
    from capsules.bake.errors import PhotoRefusedError
    from capsules.bake.finder import FaceFinder
    from capsules.bake.photo import read_photo

    photo = read_photo(Path(order["photo"]))
    faces = []
    for face in FaceFinder.open(models).upright_faces(photo.rgb):
        refusal = ""
        try:
            check_face(photo, face)
        except PhotoRefusedError as error:
            refusal = str(error)
        faces.append(
            {
                "landmarks": face.landmarks.ravel().tolist(),
                "irises": face.irises.ravel().tolist(),
                "eye_contours": face.eye_contours.ravel().tolist(),
                "width_px": face_width_px(face),
                "yaw_degrees": face.yaw_degrees,
                "pitch_degrees": face.pitch_degrees,
                "roll_degrees": face.roll_degrees,
                "refusal": refusal,
                "notice": notice(face),
            }
        )
    height, width = photo.rgb.shape[:2]
    tell({"width": width, "height": height, "faces": faces})


if __name__ == "__main__":
    sys.exit(main())
