"""Stands in for the process that bakes: the avatar's name says what happens to the order."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from capsules.pack import save_pack
from tests.unit.avatars import synthetic_avatar


def tell(content: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def main() -> None:
    order = json.loads(sys.stdin.readline())
    photo = Path(order["photo"])
    if order["kind"] == "detect":
        face = {"landmarks": [1.5] * 1404, "irises": [2.0] * 20, "eye_contours": [3.0] * 284}
        about = {"width_px": 200.0, "yaw_degrees": 1.0, "pitch_degrees": 2.0, "roll_degrees": 3.0}
        found = [face | about | {"refusal": photo.read_text(), "notice": "an open mouth"}]
        tell({"width": 640, "height": 480, "faces": found})
        return
    tell({"stage": "building the rig", "fraction": 0.25})
    match order["name"]:
        case "refused":
            message = f"{photo} shows nobody"
            tell({"error": {"kind": "NoFaceError", "message": message}})
        case "damaged":
            tell({"error": {"kind": "", "message": "KeyError: a secret"}})
        case "lost":
            sys.exit(1)
        case "slow":
            note = Path(order["avatars"]) / "slow.json"
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(json.dumps(order))
            time.sleep(60.0)
        case name:
            pack = Path(order["avatars"]) / name
            save_pack(replace(synthetic_avatar(0.1), name=name), pack)
            (pack / "order.json").write_text(json.dumps(order))
            if order["landmarks"]:
                (pack / "landmarks.json").write_bytes(Path(order["landmarks"]).read_bytes())
            tell({"pack": str(pack)})


if __name__ == "__main__":
    main()
