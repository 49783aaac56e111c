"""Bytes resident for one avatar and 1,000 or 10,000 capsules.

Each number of capsules is loaded by a process of its own, which says how its resident set grew over
what it was with every module imported; so neither the interpreter nor its libraries count.
`python -m benchmarks.memory FOLDER` is that process.
"""

import gc
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from benchmarks.report import Figure, Report
from benchmarks.scene import mira, moving
from capsules.index import VadIndex
from capsules.library import load_library
from capsules.model import Capsule
from compositor.drawlist import FrameSize
from compositor.numba_backend import NumbaCompositor

__all__ = ["run", "synthetic"]

COUNTS = (1_000, 10_000)
BUDGET_MB = 256.0  # 10,000 capsules and one avatar; DESIGN.md aims at 64
FRAME = FrameSize(512, 512)
FRAMES = 30


def run(*, quick: bool) -> Report:
    """Resident MB of the library with its index, and of the avatar, its pack and its buffers."""
    report = Report("memory")
    plain = _plain()
    templates = [json.loads(item.model_dump_json(exclude_defaults=True)) for item in plain]
    points = sum(len(track.curve) for item in plain for track in item.tracks) / len(plain)
    for count in COUNTS[-1:] if quick else COUNTS:
        with tempfile.TemporaryDirectory() as folder:
            items = synthetic(templates, count)
            file = Path(folder) / "capsules.json"
            file.write_text(json.dumps({"capsules": items}))
            size_mb = file.stat().st_size / 2**20
            del items
            found = _child(Path(folder))
        for what, resident_mb in found.items():
            report.figures[f"{what}.{count}_mb"] = Figure.of([resident_mb], "MB resident")
        report.figures[f"json.{count}_mb"] = Figure.of([size_mb], "MB on disk")
    report.limit(f"total.{COUNTS[-1]}_mb", "p50", BUDGET_MB)
    report.notes["capsules"] = (
        f"made from the {len(templates)} of the library in turn, each value changed; on average "
        f"{points:.0f} curve points"
    )
    report.notes["avatar"] = f"Mira, loaded and drawn {FRAMES} times at 512 x 512 on the CPU"
    return report


def _plain() -> list[Capsule]:
    return [item for item in load_library().capsules.values() if item.tracks]


def synthetic(templates: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """That many capsules as JSON objects, of ids and values of their own.

    Args:
        templates: Capsules as JSON objects.
        count: How many to make.
    """
    generator = random.Random(1)
    made = []
    for number in range(count):
        item = json.loads(json.dumps(templates[number % len(templates)]))
        item["cid"] = f"{item['cid'][:2]}_{number:05d}"
        item["description"] = f"{item['description'][:180]} ({number})"
        for track in item["tracks"]:
            track["curve"] = [
                (time, round(value * generator.uniform(0.8, 1.0), 4))
                for time, value in track["curve"]
            ]
        made.append(item)
    return made


def _child(folder: Path) -> Mapping[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _resident_mb() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 2**20


def _measure(folder: Path) -> Mapping[str, float]:
    compositor = NumbaCompositor()
    compositor.warm()
    before = _resident_mb()
    library = load_library(folder)
    index = VadIndex([item for item in library.capsules.values() if item.emotion is not None])
    with_library = _resident_mb()
    compositor.load(mira())
    for frame in range(FRAMES):
        compositor.render([moving(16, FRAME, frame)])
    with_avatar = _resident_mb()
    index.nearest((0.0, 0.0, 0.0))  # the index has been resident all along
    return {
        "capsules": round(with_library - before, 1),
        "avatar": round(with_avatar - with_library, 1),
        "total": round(with_avatar - before, 1),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(Path(sys.argv[1]))))
