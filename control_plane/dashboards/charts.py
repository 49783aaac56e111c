"""Small charts as SVG inside a page: bars and lines, each with a title and a table beside it.

Colours come from the page's style sheet, by the classes `series-0` to `series-5`; lines also differ
by their dashes. What a chart shows is said three times: drawn, in tooltips, and in a table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

__all__ = ["MAX_SERIES", "Series", "bars", "lines"]

MAX_SERIES = 6
"""Colours there are; what is beyond them is drawn like the last."""

_WIDTH, _HEIGHT = 960, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 40, 14, 28
_PLOT_WIDTH = _WIDTH - _LEFT - _RIGHT
_PLOT_HEIGHT = _HEIGHT - _TOP - _BOTTOM
_MOST_LABELS = 10
_MOST_DOTS = 120  # points of a line that are drawn each, with a tooltip


@dataclass(frozen=True, slots=True)
class Series:
    """One row of values, as many as the chart has labels; None: nothing was measured there."""

    name: str
    values: Sequence[float | None]


def bars(title: str, labels: Sequence[str], series: Sequence[Series], *, unit: str = "") -> Markup:
    """Bars from zero, the series stacked on each other.

    Args:
        title: What it shows; no two charts of a page have the same.
        labels: Of the bars, from left to right.
        series: Values of 0 or more; the first lies at the bottom.
        unit: Of the values, for people.
    """
    sums = [sum(one.values[at] or 0.0 for one in series) for at in range(len(labels))]
    top = _ceiling(max(sums, default=0.0))
    width = _PLOT_WIDTH / max(1, len(labels))
    parts = [_grid(0.0, top, unit), _below(labels, lambda at: _LEFT + (at + 0.5) * width)]
    floor = [0.0] * len(labels)
    for number, one in enumerate(series):
        for at, value in enumerate(one.values):
            if not value:
                continue
            y = _y(floor[at] + value, 0.0, top)
            height = _y(floor[at], 0.0, top) - y
            floor[at] += value
            parts.append(
                Markup(
                    '<rect class="series-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
                    "<title>{}</title></rect>"
                ).format(
                    _class(number),
                    _LEFT + at * width + width * 0.12,
                    y,
                    width * 0.76,
                    height,
                    _told(labels[at], one.name, value, unit),
                )
            )
    return _figure(title, labels, series, unit, Markup("").join(parts))


def lines(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    unit: str = "",
    span: tuple[float, float] | None = None,
) -> Markup:
    """Lines over evenly spaced points; a line is broken where a value is missing.

    Args:
        title: What it shows; no two charts of a page have the same.
        labels: Of the points, from left to right.
        series: Values.
        unit: Of the values, for people.
        span: Lowest and highest value drawn, others are drawn at the edge; None: from zero to the
            highest there is.
    """
    highest = max((value or 0.0 for one in series for value in one.values), default=0.0)
    low, high = span or (0.0, _ceiling(highest))
    step = _PLOT_WIDTH / max(1, len(labels) - 1)

    def x_of(at: int) -> float:
        return _LEFT + (at * step if len(labels) > 1 else _PLOT_WIDTH / 2)

    parts = [_grid(low, high, unit), _below(labels, x_of)]
    for number, one in enumerate(series):
        runs: list[list[str]] = [[]]
        for at, value in enumerate(one.values):
            if value is None:
                runs.append([])
                continue
            x, y = x_of(at), _y(value, low, high)
            runs[-1].append(f"{x:.1f},{y:.1f}")
            if len(labels) <= _MOST_DOTS:
                dot = Markup(
                    '<circle class="series-{}" cx="{:.1f}" cy="{:.1f}" r="3"><title>{}</title>'
                    "</circle>"
                )
                told = _told(labels[at], one.name, value, unit)
                parts.append(dot.format(_class(number), x, y, told))
        line = Markup('<polyline class="series-{}" points="{}"/>')
        parts += [line.format(_class(number), " ".join(run)) for run in runs if len(run) > 1]
    return _figure(title, labels, series, unit, Markup("").join(parts))


def _figure(
    title: str, labels: Sequence[str], series: Sequence[Series], unit: str, drawn: Markup
) -> Markup:
    drawn_as = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, _HEIGHT, f"{title}: {_summary(labels, series, unit)}", drawn
    )
    legend = Markup("").join(
        Markup('<li class="series-{}">{}</li>').format(_class(number), one.name)
        for number, one in enumerate(series)
    )
    return Markup(
        '<figure class="chart"><figcaption>{}</figcaption><div class="drawing">{}</div>'
        '<ul class="legend">{}</ul>'
        "<details><summary>As a table</summary>{}</details></figure>"
    ).format(
        title,
        drawn_as if labels else Markup('<p class="nothing">Nothing yet.</p>'),
        legend,
        _table(title, labels, series, unit),
    )


def _table(title: str, labels: Sequence[str], series: Sequence[Series], unit: str) -> Markup:
    head = Markup("").join(
        Markup('<th scope="col">{}</th>').format(f"{one.name}, {unit}" if unit else one.name)
        for one in series
    )
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            label,
            Markup("").join(
                Markup("<td>{}</td>").format(_number(one.values[at])) for one in series
            ),
        )
        for at, label in enumerate(labels)
    )
    return Markup(
        '<table><caption class="visually-hidden">{}</caption><thead><tr><td></td>{}</tr></thead>'
        "<tbody>{}</tbody></table>"
    ).format(title, head, rows)


def _summary(labels: Sequence[str], series: Sequence[Series], unit: str) -> str:
    """What the chart comes to, in one sentence, for who cannot see it."""
    if not labels:
        return "nothing yet"
    told = []
    for one in series:
        found = [value for value in one.values if value is not None]
        if found:
            low, high = _number(min(found)), _number(max(found))
            told.append(f"{one.name} from {low} to {high} {unit}".strip())
    return f"{labels[0]} to {labels[-1]}; " + ", ".join(told)


def _grid(low: float, high: float, unit: str) -> Markup:
    """Horizontal lines at the bottom, the middle and the top, with their values."""
    parts = []
    for value in (low, (low + high) / 2, high):
        y = _y(value, low, high)
        parts.append(
            Markup(
                '<line class="grid" x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}"/>'
                '<text class="scale" x="{}" y="{:.1f}">{}</text>'
            ).format(_LEFT, y, _WIDTH - _RIGHT, y, _LEFT - 6, y + 4, _number(value))
        )
    parts.append(Markup('<text class="unit" x="2" y="{}">{}</text>').format(_TOP, unit))
    return Markup("").join(parts)


def _below(labels: Sequence[str], x_of: Callable[[int], float]) -> Markup:
    """Labels below the axis, as many as there is room for."""
    every = max(1, -(-len(labels) // _MOST_LABELS))
    return Markup("").join(
        Markup('<text class="label" x="{:.1f}" y="{}">{}</text>').format(
            x_of(at), _HEIGHT - 6, label
        )
        for at, label in enumerate(labels)
        if at % every == 0
    )


def _y(value: float, low: float, high: float) -> float:
    share = (min(max(value, low), high) - low) / ((high - low) or 1.0)
    return _TOP + (1.0 - share) * _PLOT_HEIGHT


def _ceiling(value: float) -> float:
    """The least 1, 2 or 5 times a power of ten that is not below a value; 1 for nothing."""
    if value <= 0.0:
        return 1.0
    unit = 1.0
    while unit * 10 <= value:
        unit *= 10
    while unit > value:
        unit /= 10
    steps = (unit * times for times in (1, 2, 5, 10))
    # The least numbers there are have no power of ten below them.
    return next((step for step in steps if step >= value * (1 - 1e-9)), value)


def _class(number: int) -> int:
    return min(number, MAX_SERIES - 1)


def _told(label: str, name: str, value: float, unit: str) -> str:
    return f"{label}: {name} {_number(value)} {unit}".strip()


def _number(value: float | None) -> str:
    if value is None:
        return "\N{EN DASH}"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}"
