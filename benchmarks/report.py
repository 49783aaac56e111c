"""What a benchmark prints and keeps: figures, ratios, budgets, and the machine they come from."""

import json
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
import psutil

__all__ = ["Budget", "Figure", "Report", "machine", "write_json"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured quantity: percentiles of `n` samples in `unit`."""

    p50: float
    p95: float
    p99: float
    n: int
    unit: str

    @classmethod
    def of(cls, samples: Sequence[float], unit: str) -> "Figure":
        """Percentiles of the samples.

        Raises:
            ValueError: There are no samples.
        """
        if not len(samples):
            raise ValueError("a figure needs at least one sample")
        p50, p95, p99 = np.percentile(np.asarray(samples, dtype=float), [50, 95, 99])
        return cls(
            round(float(p50), 4), round(float(p95), 4), round(float(p99), 4), len(samples), unit
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit and what was measured against it; `ok` where the value is at most the limit."""

    figure: str
    limit: float
    value: float

    @property
    def ok(self) -> bool:
        """Whether the budget holds."""
        return self.value <= self.limit


@dataclass(slots=True)
class Report:
    """What one benchmark found."""

    name: str
    figures: dict[str, Figure] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    budgets: list[Budget] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    def limit(self, figure: str, percentile: str, limit: float) -> None:
        """Holds a percentile of a figure to a limit."""
        value = float(getattr(self.figures[figure], percentile))
        self.budgets.append(Budget(f"{figure}.{percentile}", limit, value))

    def limit_ratio(self, ratio: str, limit: float) -> None:
        """Holds a ratio to a limit."""
        self.budgets.append(Budget(ratio, limit, self.ratios[ratio]))

    @property
    def ok(self) -> bool:
        """Whether every budget holds."""
        return all(budget.ok for budget in self.budgets)

    def as_json(self) -> dict[str, object]:
        """The JSON form: name, machine, figures, ratios, budgets, notes."""
        return {
            "name": self.name,
            "machine": machine(),
            "figures": {name: asdict(figure) for name, figure in self.figures.items()},
            "ratios": self.ratios,
            "budgets": [{**asdict(budget), "ok": budget.ok} for budget in self.budgets],
            "notes": self.notes,
        }

    def table(self) -> str:
        """A table for people."""
        width = max([len(name) for name in (*self.figures, *self.ratios, "figure")])
        rows = [f"{'figure':{width}}  {'p50':>10} {'p95':>10} {'p99':>10} {'n':>6}  unit"]
        for name, item in self.figures.items():
            numbers = f"{item.p50:>10.3f} {item.p95:>10.3f} {item.p99:>10.3f} {item.n:>6}"
            rows.append(f"{name:{width}}  {numbers}  {item.unit}")
        rows += [f"{name:{width}}  {value:>10.3f} x" for name, value in self.ratios.items()]
        for budget in self.budgets:
            mark = "ok    " if budget.ok else "BROKEN"
            rows.append(f"{mark} {budget.figure} = {budget.value:.3f}, limit {budget.limit:g}")
        rows += [f"{name}: {text}" for name, text in self.notes.items()]
        return "\n".join(rows)


def write_json(reports: Sequence[Report], path: Path) -> None:
    """Writes one report as an object, several as a list."""
    content = [report.as_json() for report in reports]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content[0] if len(content) == 1 else content, indent=2) + "\n")


def machine() -> Mapping[str, object]:
    """What the figures were measured on."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_mb": psutil.virtual_memory().total // 2**20,
        "python": platform.python_version(),
        "capsulecast": version("capsulecast"),
        "load_1m": round(psutil.getloadavg()[0], 2),
    }


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
