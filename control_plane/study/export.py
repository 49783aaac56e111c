"""The results of a study as JSON and Markdown, and its raw ratings as CSV."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from pydantic.alias_generators import to_camel

from control_plane.study.analysis import Comparison, Estimate
from control_plane.study.desk import StudyState
from control_plane.study.report import RECOGNISED, SCALES, StudyReport, VariantReport
from storage.studies import Rated

__all__ = ["ratings_csv", "report_json", "report_markdown", "state_json"]

_COLUMNS = (
    "participant", "variant", "scene", "shown_emotion", "beside", *SCALES, "emotion", "preferred",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def state_json(state: StudyState) -> dict[str, Any]:
    """Where a study stands, in proto3 JSON's style."""
    return {
        "name": state.name,
        "instructions": state.instructions,
        "design": state.design,
        "variants": list(state.variants),
        "scenes": list(state.scenes),
        "missingFilms": state.missing,
        "open": state.is_open,
        "openTime": None if state.opened_at is None else state.opened_at.isoformat(),
        "closeTime": None if state.closed_at is None else state.closed_at.isoformat(),
        **_camel(asdict(state.tally)),
    }


def report_json(report: StudyReport) -> dict[str, Any]:
    """The report in proto3 JSON's style: namesLikeThis, "Infinity" for endless numbers."""
    studied = asdict(report.studied)
    studied["variants"] = list(studied["variants"])
    found: dict[str, Any] = _camel(studied)
    found["variants"] = [
        {
            "name": item.name,
            "options": dict(item.options),
            "answers": item.answers,
            "opinions": {scale: _camel(asdict(value)) for scale, value in item.opinions.items()},
            "emotion": None
            if item.emotion is None
            else {
                "recognised": _camel(asdict(item.emotion.recognised)),
                "chance": item.emotion.chance,
                "confusion": {shown: dict(row) for shown, row in item.emotion.confusion.items()},
            },
        }
        for item in report.variants
    ]
    found["comparisons"] = [
        {"scale": item.scale, **_camel(asdict(item.comparison))} for item in report.comparisons
    ]
    found["preferences"] = [
        {**_camel(asdict(item)), "pHolm": p}
        for item, p in zip(report.preferences, report.preferences_holm, strict=True)
    ]
    found["agreement"] = dict(report.agreement)
    return found


def _camel(value: Any) -> Any:  # noqa: ANN401 - JSON is anything
    if isinstance(value, dict):
        return {to_camel(name): _camel(item) for name, item in value.items()}
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def ratings_csv(rated: Sequence[Rated], *, comments: bool = False) -> str:
    """Every answer as a line of CSV (RFC 4180). Participants have numbers, and no codes.

    Args:
        rated: The answers.
        comments: Whether what people wrote is there too; it may tell who they are.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow((*_COLUMNS, "comment") if comments else _COLUMNS)
    for item in rated:
        answer = item.answer
        preferred = "" if answer.preferred is None else int(answer.preferred)
        row: list[object] = [
            item.participant, item.variant, item.scene, item.shown_emotion, item.other,
            *(getattr(answer, scale) for scale in SCALES), answer.emotion, preferred,
        ]  # fmt: skip
        writer.writerow([*row, _plain(answer.comment)] if comments else row)
    return out.getvalue()


def _plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def report_markdown(report: StudyReport) -> str:
    """The report for people."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: StudyReport) -> Iterator[str]:
    studied, tally = report.studied, report.studied.tally
    yield f"# Study {studied.study}"
    yield ""
    yield (
        f"{tally.participants} participants, {tally.finished} of whom answered everything; "
        f"{tally.answered} trials answered. Design: {studied.design}. Seed: {studied.seed}."
    )
    if not report.variants:
        yield "There are no answers yet."
        return
    yield from _opinions(report)
    yield from _comparisons(report)
    if report.preferences:
        yield from _preferences(report)
    for item in report.variants:
        if item.emotion is not None:
            yield from _confusion(item)


def _opinions(report: StudyReport) -> Iterator[str]:
    asked = any(item.emotion is not None for item in report.variants)
    yield from ("", "## Mean opinion scores", "")
    yield "Scales go from 1 to 5; in brackets 95 % intervals. Agreement is Krippendorff's alpha."
    yield ""
    yield from _header("variant", *SCALES, *(("emotion recognised",) if asked else ()))
    for item in report.variants:
        cells = [_estimate(item.opinions[scale]) for scale in SCALES]
        if item.emotion is not None:
            cells.append(_percent(item.emotion.recognised))
        yield _row(item.name, *cells)
    alphas = [report.agreement[scale] for scale in SCALES]
    shown = ["not known" if alpha is None else f"{alpha:.2f}" for alpha in alphas]
    chances = [item.emotion.chance for item in report.variants if item.emotion is not None]
    yield _row("*agreement*", *shown, *(f"*chance {one:.0%}*" for one in chances[:1]))


def _comparisons(report: StudyReport) -> Iterator[str]:
    yield from ("", "## Differences", "")
    yield (
        "Paired over participants. p: sign-flip permutation test; p (Holm) allows for all "
        "comparisons of this report; d_z: the difference in standard deviations of differences."
    )
    yield ""
    yield from _header("scale", "first - second", "difference", "p", "p (Holm)", "d_z", "n")
    for item in report.comparisons:
        one = item.comparison
        name = "emotion recognised" if item.scale == RECOGNISED else item.scale
        yield _row(
            name, f"{one.first} - {one.second}", _estimate(one.difference), _chance(one.p),
            _holm(one), f"{one.effect_size:+.2f}", str(one.difference.count),
        )  # fmt: skip


def _preferences(report: StudyReport) -> Iterator[str]:
    yield from ("", "## Preferences", "")
    yield "Of the participants who preferred one of the two more often. p: exact binomial test."
    yield ""
    yield from _header("first over second", "share", "p", "p (Holm)", "n")
    for item, p_holm in zip(report.preferences, report.preferences_holm, strict=True):
        pair, count = f"{item.first} over {item.second}", str(item.share.count)
        yield _row(pair, _percent(item.share), _chance(item.p), _chance(p_holm), count)


def _confusion(item: VariantReport) -> Iterator[str]:
    assert item.emotion is not None  # noqa: S101 - for the type checker
    rows = item.emotion.confusion
    words = list(dict.fromkeys(word for row in rows.values() for word in row))
    yield from ("", f"## What was seen in {item.name}", "")
    yield from _header("shown", *words)
    for shown, row in rows.items():
        cells = [
            f"**{row.get(word, 0)}**" if word == shown else str(row.get(word, 0)) for word in words
        ]
        yield _row(shown, *cells)


def _header(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row(*("---" for _ in names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _estimate(value: Estimate) -> str:
    if math.isinf(value.high):
        return f"{value.value:.2f} [not known]"
    return f"{value.value:.2f} [{value.low:.2f}, {value.high:.2f}]"


def _percent(value: Estimate) -> str:
    return f"{value.value:.0%} [{value.low:.0%}, {value.high:.0%}]"


def _holm(comparison: Comparison) -> str:
    mark = " *" if comparison.p_holm < 0.05 else ""
    return _chance(comparison.p_holm) + mark


def _chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
