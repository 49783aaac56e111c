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
    "soak": "ten minutes of conversation: memory, leaks, A/V offset",
}
IN_ALL = ("index", "packet", "latency")


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
    options = parser.parse_args()
    names = IN_ALL if options.name == "all" else (options.name,)
    reports: list[Report] = []
    for name in names:
        report: Report = importlib.import_module(f"benchmarks.{name}").run(quick=options.quick)
        print(f"\n== {name}\n{report.table()}", flush=True)
        reports.append(report)
    if options.json:
        write_json(reports, options.json)
    return int(options.enforce and not all(report.ok for report in reports))


if __name__ == "__main__":
    sys.exit(main())
