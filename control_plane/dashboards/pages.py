"""The dashboards: what is stored, as whole HTML pages. No page needs a script."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from control_plane.dashboards.charts import Series, bars, lines
from control_plane.errors import InvalidArgumentError, NotFoundError
from control_plane.sessions.paging import read_token, write_token
from storage.conversation_pages import ConversationDetail, ConversationFilter, ConversationPages
from storage.database import Database
from storage.export_marks import ExportMarks
from storage.figures import Figures
from storage.latency import Latency
from storage.trail import Trail
from storage.training_pages import TrainingPages

__all__ = ["Dashboards", "Listed", "Living"]

_TEMPLATES = Path(__file__).parent / "templates"
_CONVERSATIONS = 25
_MESSAGES = 200
_PACKETS = 200
_FAULTS = 50
_KINDS = 5  # kinds of faults that a chart tells apart; the others are drawn together
_DAYS = (1, 7, 30, 90)


@dataclass(frozen=True, slots=True)
class Living:
    """What goes on at this moment."""

    sessions: int
    viewers: int


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list of conversations is asked for; see `ConversationFilter`."""

    text: str = ""
    state: str = ""
    training: str = ""
    min_quality: float = 0.0
    token: str = ""


class Dashboards:
    """Writes the pages. Every call reads the database and blocks; any thread may make it.

    Args:
        database: What is remembered.
        living: What goes on now; must be quick, and safe on any thread.
        version: Of the program.
    """

    def __init__(self, database: Database, living: Callable[[], Living], *, version: str) -> None:
        self._figures = Figures(database)
        self._conversations = ConversationPages(database)
        self._training = TrainingPages(database)
        self._trail = Trail(database)
        self._marks = ExportMarks(database)
        self._living = living
        self._version = version
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            when=_when, number=_number, ms=_ms, signed=_signed, seconds=_seconds
        )

    def overview(self) -> str:
        """How much there is, how quick it is, what went wrong."""
        found = self._figures.overview()
        days = [_short(one.day) for one in found.messages_by_day]
        said = Series("messages", [one.count for one in found.messages_by_day])
        return self._page(
            "overview.html",
            "",
            here="overview",
            living=self._living(),
            overview=found,
            messages=bars("Messages a day", days, [said]),
            latency=self._figures.latency(1),
        )

    def conversations(self, listed: Listed) -> str:
        """A page of the conversations that were asked for.

        Raises:
            InvalidArgumentError: The token is none.
        """
        wanted = ConversationFilter(
            text=listed.text.strip(),
            active={"active": True, "ended": False}.get(listed.state),
            consent=True if listed.training == "consent" else None,
            exported={"exported": True, "waiting": False}.get(listed.training),
            min_quality=listed.min_quality,
        )
        before = _place(listed.token)
        found = self._conversations.page(wanted, before=before, limit=_CONVERSATIONS + 1)
        shown = found[:_CONVERSATIONS]
        later = ""
        if len(found) > _CONVERSATIONS:
            later = _query(
                q=listed.text,
                state=listed.state,
                training=listed.training,
                quality=listed.min_quality or "",
                page=_token(shown[-1].created_at, shown[-1].id),
            )
        return self._page(
            "conversations.html", "../", here="conversations", listed=listed, lines=shown,
            later=later,
        )  # fmt: skip

    def conversation(self, conversation_id: str, skip: int = 0) -> str:
        """One conversation, by its id or its session's.

        Raises:
            NotFoundError: There is none.
        """
        found = self._conversations.one(
            _conversation_key(conversation_id), skip=skip, limit=_MESSAGES
        )
        return self._page(
            "conversation.html",
            "../../",
            here="conversations",
            found=found,
            line=found.line,
            feelings=_feelings_chart(found),
            skip=skip,
            later=skip + _MESSAGES if found.more else None,
            earlier=max(0, skip - _MESSAGES) if skip else None,
        )

    def packets(self, conversation_id: str, after: int = 0) -> str:
        """Why each packet of a conversation was sent, from behind the one of that number.

        Raises:
            NotFoundError: There is no such conversation.
        """
        line = self._conversations.one(_conversation_key(conversation_id), limit=0).line
        found = self._trail.packets(line.session_id, after, _PACKETS + 1)
        shown = found[:_PACKETS]
        return self._page(
            "packets.html",
            "../../../",
            here="conversations",
            line=line,
            packets=shown,
            later=shown[-1].sequence if len(found) > _PACKETS else None,
        )

    def latency(self, days: int) -> str:
        """How quick each stage was, by version and by day."""
        found = self._figures.latency(days)
        return self._page(
            "latency.html",
            "../",
            here="latency",
            latency=found,
            chart=_latency_chart(found),
            days=days,
            choices=_DAYS,
        )

    def faults(self, days: int, mode: str = "", token: str = "") -> str:
        """What went wrong, by kind and one by one.

        Raises:
            InvalidArgumentError: The token is none.
        """
        figures = self._figures.faults_by_day(days)
        found = self._figures.faults(mode=mode, before=_place(token), limit=_FAULTS + 1)
        shown = found[:_FAULTS]
        later = ""
        if len(found) > _FAULTS:
            last = shown[-1]
            later = _query(kind=mode, days=days, page=_token(last.created_at, last.id))
        named = [Series(_words(name), counts) for name, counts in figures.by_kind[:_KINDS]]
        if rest := figures.by_kind[_KINDS:]:
            sums = [sum(counts[at] for _, counts in rest) for at in range(len(figures.days))]
            named.append(Series("others", sums))
        return self._page(
            "faults.html",
            "../",
            here="faults",
            chart=bars("Faults a day by kind", [_short(day) for day in figures.days], named),
            kinds=[(name, sum(counts)) for name, counts in figures.by_kind],
            lines=shown,
            mode=mode,
            days=days,
            choices=_DAYS,
            later=later,
        )

    def training(self) -> str:
        """Projects, datasets, finetunes, and what there is to export."""
        return self._page(
            "training.html",
            "../",
            here="training",
            stats=self._marks.stats(),
            projects=self._training.projects(),
        )

    def refusal(self, status: int, message: str, root: str) -> str:
        """The page instead of one that cannot be shown."""
        return self._page("refusal.html", root, here="", status=status, message=message)

    def _page(self, template: str, root: str, **values: Any) -> str:  # noqa: ANN401 - whatever it shows
        return self._environment.get_template(template).render(
            root=root, version=self._version, written=datetime.now(UTC), **values
        )


def _conversation_key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFoundError(f"there is no conversation {text[:60]!r}") from error


def _feelings_chart(found: ConversationDetail) -> Markup:
    feelings = found.feelings
    return lines(
        "Emotion over time",
        [f"{one.created_at:%H:%M:%S}" for one in feelings],
        [
            Series("valence", [one.valence for one in feelings]),
            Series("arousal", [one.arousal for one in feelings]),
            Series("dominance", [one.dominance for one in feelings]),
        ],
        span=(-1.0, 1.0),
    )


def _latency_chart(latency: Latency) -> Markup:
    days = sorted({one.day for one in latency.by_day})
    found = {(one.day, one.stage): one.p99_ms for one in latency.by_day}
    stages = sorted({one.stage for one in latency.by_day})
    return lines(
        "99th percentile a day",
        [_short(day) for day in days],
        [Series(_words(stage), [found.get((day, stage)) for day in days]) for stage in stages],
        unit="ms",
    )


def _token(at: datetime, key: UUID) -> str:
    return write_token(f"{at.isoformat()}/{key}")


def _place(token: str) -> tuple[datetime, UUID] | None:
    """Time and id of the row that a page begins after; None: the first page.

    Raises:
        InvalidArgumentError: The token is of something else.
    """
    if not token:
        return None
    at, _, key = read_token(token).partition("/")
    try:
        return datetime.fromisoformat(at).astimezone(UTC), UUID(key)
    except (ValueError, OverflowError) as error:
        raise InvalidArgumentError(f"page is {token[:60]!r}, of another list", "page") from error


def _query(**values: object) -> str:
    return urlencode({name: value for name, value in values.items() if value != ""})


def _words(name: str) -> str:
    return name.replace("_", " ")


def _short(day: date) -> str:
    return f"{day:%d %b}"


def _when(value: datetime | None) -> str | Markup:
    if value is None:
        return ""
    return Markup('<time datetime="{}">{}</time>').format(
        value.isoformat(), f"{value:%Y-%m-%d %H:%M:%S}"
    )


def _number(value: float | None, digits: int = 0) -> str:
    return "\N{EN DASH}" if value is None else f"{value:,.{digits}f}"


def _ms(value: float | None) -> str:
    return "\N{EN DASH}" if value is None else f"{value:.2f}\N{NO-BREAK SPACE}ms"


def _seconds(value: float | None) -> str:
    return "\N{EN DASH}" if value is None else f"{value:.2f}\N{NO-BREAK SPACE}s"


def _signed(value: float | None) -> str:
    return "\N{EN DASH}" if value is None else f"{value:+.2f}"
