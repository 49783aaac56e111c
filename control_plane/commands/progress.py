"""How a command shows what it is doing: a bar on a terminal, a line a stage otherwise."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

__all__ = ["told_progress"]


@contextmanager
def told_progress() -> Iterator[Callable[[str, float], None]]:
    """Gives a function to be told the stage and how much of the whole is done, in [0, 1].

    It writes to the error stream: the output stream is for results. Without the package rich there
    are lines on a terminal too.
    """
    if sys.stderr.isatty() and find_spec("rich") is not None:
        with _bar() as tell:
            yield tell
    else:
        yield _Lines()


class _Lines:
    """A line for every stage."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, stage: str, fraction: float) -> None:
        if stage != self._last:
            self._last = stage
            print(f"{fraction:4.0%}  {stage}", file=sys.stderr, flush=True)


@contextmanager
def _bar() -> Iterator[Callable[[str, float], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=1.0)

        def tell(stage: str, fraction: float) -> None:
            progress.update(task, description=stage, completed=fraction)

        yield tell
