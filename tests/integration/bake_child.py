"""Stands in for the process that bakes and imports: a name or an id says what happens."""

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
    if order["kind"] == "take":
        take(order)
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


def take(order: dict[str, Any]) -> None:
    folder = Path(order["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    tell({"stage": "tracking the face", "fraction": 0.1})
    match order["cid"]:
        case "VF_REFUSED":
            message = f"{order['photo']}: no face was found in the first frame"
            tell({"error": {"kind": "TakeError", "message": message}})
        case "VF_SLOW":
            (folder.parent / "slow.json").write_text(json.dumps(order))
            time.sleep(60.0)
        case cid:
            capsule = {
                "cid": cid,
                "layer": "face",
                "description": order["description"],
                "duration_ms": 500,
                "tracks": [{"target": "jawOpen", "curve": [[0, 0.0], [250, 0.5], [500, 0.0]]}],
                "params": {"bytes": Path(order["photo"]).stat().st_size, "order": order},
            }
            (folder / f"{cid.lower()}.json").write_text(json.dumps({"capsules": [capsule]}))
            fit = {"frames": 15, "by_pictures": False, "landmark_rms_px": 0.5, "lost_frames": 1}
            tell({"cid": cid, "fit": fit, "warnings": [f"{cid}: worth a look"]})


if __name__ == "__main__":
    main()
