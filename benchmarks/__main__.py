"""`python -m benchmarks NAME [--json FILE] [--enforce] [--quick]`."""

import argparse
import importlib
import sys
from pathlib import Path

from benchmarks.report import Report, write_json

BENCHMARKS = {
    "latency": "event to picture in real Chromium, beside a plain aiortc track",
    "index": "the KD-tree beside a linear scan and SciPy",
    "packet": "sizes of ID packets",
    "brain": "event to packet, 10,000 capsules, and 1,000 sessions on one process over gRPC",
    "emotion": "how well texts are read: EmoBank and a conversation set; microseconds a message",
    "fanout": "one session's packets to up to 1,000 subscribers, a slow one among them",
    "compositor": "ms a frame and frames a second, beside OpenCV and FFmpeg",
    "memory": "bytes resident for one avatar and up to 10,000 capsules",
    "quality": "a blend of two capsules and a cross-fade, beside the true in-between pose",
    "bake": "from a photo to an avatar: time, the rig, and what the landmark model sees of it",
    "capture": "faces rendered and imported again: how far each curve is off",
    "motion": "how the avatar moves by itself, beside people; the cost of a frame",
    "storage": "what remembering costs: live path, messages a second, queries, exports, recovery",
    "soak": "ten minutes of conversation: memory, leaks, A/V offset",
}
IN_ALL = ("index", "packet", "brain", "fanout", "compositor", "memory", "quality", "latency")


def main() -> int:
    """Runs benchmarks; exit status 1 where a budget is broken and enforced."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:10} {text}" for name, text in BENCHMARKS.items()),
    )
    parser.add_argument("name", choices=[*BENCHMARKS, "all"], help="which; all: the short ones")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--enforce", action="store_true", help="exit 1 where a budget is broken")
    parser.add_argument("--quick", action="store_true", help="fewer samples")
    parser.add_argument(
        "--software", action="store_true", help="compositor: a software GPU adapter will do"
    )
    options = parser.parse_args()
    sheets = (options.json or Path("build") / "benchmarks.json").parent
    extras: dict[str, dict[str, object]] = {
        "compositor": {"allow_software": options.software},
        "quality": {"sheet": sheets / "quality.png"},
        "bake": {"sheet": sheets / "bake.png"},
    }
    names = IN_ALL if options.name == "all" else (options.name,)
    reports: list[Report] = []
    for name in names:
        module = importlib.import_module(f"benchmarks.{name}")
        report: Report = module.run(quick=options.quick, **extras.get(name, {}))
        print(f"\n== {name}\n{report.table()}", flush=True)
        reports.append(report)
    if options.json:
        write_json(reports, options.json)
    return int(options.enforce and not all(report.ok for report in reports))


if __name__ == "__main__":
    sys.exit(main())
