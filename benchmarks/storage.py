"""What remembering costs: the live path, messages a second, queries, exports, recovery.

On SQLite, in a file, and on PostgreSQL where the machine has a server; every commit reaches the
disk as it would in use.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

from sqlalchemy import Select, insert, select

from benchmarks.packet import CONVERSATION
from benchmarks.postgres import MissingServerError, cluster
from benchmarks.report import Figure, Report
from capsules.library import load_library
from control_plane.brain.brain import Brain
from control_plane.emotion.personality_file import personality_named
from control_plane.events import Chat, ChatRole, Event, Speak, cause_of
from control_plane.sessions.chronicle import Chronicle, Keeping
from control_plane.sessions.sent import SentPackets
from engine.clock import SystemClock
from engine.packet import IdPacket
from storage.conversation_pages import ConversationFilter, ConversationPages
from storage.database import Database
from storage.export_marks import ExportMarks
from storage.keys import new_key
from storage.recorder import Recorder
from storage.records import MessageRecord, SessionStarted
from storage.repository import Repository
from storage.tables.base import now
from storage.tables.live import Message, Session
from storage.tables.talk import Conversation, Memory, MemoryTier

__all__ = ["run"]

LIMIT_OVERHEAD_MS = 0.3
LIMIT_SECONDS_A_MESSAGE = 1.0 / 2_000
LIMIT_QUERY_MS = 50.0
LIMIT_SECONDS_A_ROW = 1.0 / 20_000
LIMIT_EXPORT_MB = 200.0
_PACE_S = 0.005
_MESSAGES_A_CONVERSATION = 50
_TEXT = "I have been thinking about what you said, and I believe you were right about the garden."


def run(*, quick: bool) -> Report:
    """Overheads in ms and MB, rates as microseconds a row, against their budgets."""
    report = Report("storage")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="capsulecast-")))
        urls = {"sqlite": f"sqlite:///{folder / 'bench.db'}"}
        try:
            urls["postgresql"] = stack.enter_context(cluster(durable=True)).create("bench")
        except MissingServerError as error:
            report.notes["postgresql"] = f"not measured: {error}"
        for name, url in urls.items():
            with _opened(url) as database:
                _live_path(report, name, database, quick=quick)
                _sustained(report, name, database, 4_000 if quick else 40_000)
                _fill(database, 100_000 if quick else 1_000_000)
                _queries(report, name, database, quick=quick)
                _pages(report, name, database, quick=quick)
            _export(report, name, url)
        _recovery(report, folder, rounds=3 if quick else 20)
    report.notes["messages"] = f"queries and exports over {100_000 if quick else 1_000_000:,}"
    return report


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    database.upgrade()
    yield database
    database.close()


def _live_path(report: Report, name: str, database: Database, *, quick: bool) -> None:
    """Time from an event to its packets and records handed over, storage on and off in turn."""
    session = _session()
    repository = Repository(database)
    repository.add([session])
    recorder = Recorder(repository, version="bench")
    recorder.start()
    # As the server does it: messages with who made what of them, and a line for each packet.
    keeping = Keeping(recorder.put, version="bench", voice="bench")
    chronicle = Chronicle(session.id, keeping, lambda _: None)
    sent = SentPackets(session.id, recorder.put)
    times: dict[str, list[float]] = {"on": [], "off": []}
    keeping_ms: list[float] = []
    brain = Brain(
        load_library(), str(session.id), personality_named("friendly"), SystemClock(), seed=1
    )
    number = 0
    for block in range(10 if quick else 40):
        state = ("on", "off")[block % 2]
        for _ in range(50):
            number += 1
            event = Event(number, CONVERSATION[number % len(CONVERSATION)])
            start = time.perf_counter_ns()
            packets = brain.handle(event)
            decided = time.perf_counter_ns()
            if state == "on":
                _keep(chronicle, sent, event, brain, packets)
                keeping_ms.append((time.perf_counter_ns() - decided) / 1e6)
            times[state].append((time.perf_counter_ns() - start) / 1e6)
            time.sleep(_PACE_S)
    recorder.close(30.0)
    for state, found in times.items():
        report.figures[f"{name}.event_{state}_ms"] = Figure.of(found[len(CONVERSATION) :], "ms")
    # The difference of two p99s is as noisy as both: the time that keeping takes says it directly.
    report.figures[f"{name}.keeping_ms"] = Figure.of(keeping_ms[len(CONVERSATION) :], "ms")
    report.limit(f"{name}.keeping_ms", "p99", LIMIT_OVERHEAD_MS)
    added = report.figures[f"{name}.event_on_ms"].p99 - report.figures[f"{name}.event_off_ms"].p99
    report.ratios[f"{name}.live_overhead_p99_ms"] = round(max(0.0, added), 4)
    report.limit_ratio(f"{name}.live_overhead_p99_ms", LIMIT_OVERHEAD_MS)


def _keep(
    chronicle: Chronicle,
    sent: SentPackets,
    event: Event,
    brain: Brain,
    packets: Sequence[IdPacket],
) -> None:
    """Hands over what a session would of an event."""
    match event.kind:
        case Chat(role=role, text=text):
            chronicle.heard(role, text, brain, packets, event.sequence)
        case Speak(text=text):
            chronicle.heard(ChatRole.ASSISTANT, text, brain, packets, event.sequence)
    for packet in packets:
        sent.note(packet, cause_of(event.kind))


def _sustained(report: Report, name: str, database: Database, count: int) -> None:
    """Messages handed over as fast as they are written, until all are committed."""
    session = _session()
    repository = Repository(database)
    repository.add([session])
    recorder = Recorder(repository, version="bench")
    recorder.start()
    records = [_message(session.id) for _ in range(count)]
    start = time.perf_counter()
    for index, record in enumerate(records):
        while index - recorder.written > 5_000:
            time.sleep(0.001)
        recorder.put(record)
    recorder.close(300.0)
    took_s = time.perf_counter() - start
    if recorder.dropped:
        raise RuntimeError(f"{recorder.dropped} messages were not written")
    _rate(report, f"{name}.message_us", took_s, count, LIMIT_SECONDS_A_MESSAGE)
    report.notes[f"{name}.messages a second"] = f"{count / took_s:,.0f}"


def _rate(report: Report, figure: str, took_s: float, count: int, limit_s: float) -> None:
    report.figures[figure] = Figure.of([took_s / count * 1e6], "us")
    report.limit(figure, "p50", limit_s * 1e6)


def _queries(report: Report, name: str, database: Database, *, quick: bool) -> None:
    """The notes' example queries, a page of 100 rows each."""
    queries: dict[str, Select[*tuple[object, ...]]] = {
        "good_conversations": select(Conversation)
        .where(
            Conversation.conversation_quality > 0.7, Conversation.training_data_exported.is_(False)
        )
        .order_by(Conversation.conversation_quality.desc())
        .limit(100),
        "voice_messages": select(Message)
        .where(Message.voice_pitch.is_not(None), Message.training_flag.is_(True))
        .limit(100),
        "relevant_memories": select(Memory)
        .where(Memory.training_relevance > 0.8)
        .order_by(Memory.importance.desc(), Memory.access_count.desc())
        .limit(100),
    }
    with database.engine.connect() as connection:
        for query_name, query in queries.items():
            times = []
            for _ in range(10 if quick else 50):
                start = time.perf_counter_ns()
                rows = connection.execute(query).all()
                times.append((time.perf_counter_ns() - start) / 1e6)
                if len(rows) != 100:
                    raise RuntimeError(f"{query_name} found {len(rows)} rows, expected 100")
            report.figures[f"{name}.{query_name}_ms"] = Figure.of(times, "ms")
            report.limit(f"{name}.{query_name}_ms", "p99", LIMIT_QUERY_MS)


def _pages(report: Report, name: str, database: Database, *, quick: bool) -> None:
    """What the dashboards ask for that grows with all there is: counts, and a search in vain."""
    nothing = ConversationFilter(text="xyzzy")
    calls: dict[str, Callable[[], object]] = {
        "training_stats": ExportMarks(database).stats,
        "search_in_vain": lambda: ConversationPages(database).page(nothing),
    }
    for call_name, call in calls.items():
        times = []
        for _ in range(5 if quick else 20):
            start = time.perf_counter_ns()
            call()
            times.append((time.perf_counter_ns() - start) / 1e6)
        report.figures[f"{name}.{call_name}_ms"] = Figure.of(times, "ms")


def _export(report: Report, name: str, url: str) -> None:
    """A whole export in a process of its own, so that its memory can be told."""
    command = [sys.executable, "-m", "benchmarks.storage_child", "export", url]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=1_800)
    found = json.loads(done.stdout)
    _rate(report, f"{name}.export_row_us", found["took_s"], found["rows"], LIMIT_SECONDS_A_ROW)
    report.notes[f"{name}.rows exported a second"] = f"{found['rows'] / found['took_s']:,.0f}"
    report.figures[f"{name}.export_peak_mb"] = Figure.of([found["peak_mb"]], "MB")
    report.limit(f"{name}.export_peak_mb", "p50", LIMIT_EXPORT_MB)


def _recovery(report: Report, folder: Path, rounds: int) -> None:
    """From the start of a program whose last one was killed in the middle of writing."""
    url = f"sqlite:///{folder / 'killed.db'}"
    times = []
    for _ in range(rounds):
        command = [sys.executable, "-m", "benchmarks.storage_child", "write", url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None  # noqa: S101 - for the type checker
            for _ in range(20):
                child.stdout.readline()
            child.send_signal(signal.SIGKILL)
        start = time.perf_counter_ns()
        with _opened(url) as database:
            Repository(database).add([_session()])
        times.append((time.perf_counter_ns() - start) / 1e6)
    report.figures["sqlite.recovery_ms"] = Figure.of(times, "ms")


def _fill(database: Database, count: int) -> None:
    """Conversations with messages, one in ten spoken, and a tenth as many memories."""
    conversations = count // _MESSAGES_A_CONVERSATION
    for start in range(0, conversations, 1_000):
        with database.writer.begin() as connection:
            for number in range(start, min(start + 1_000, conversations)):
                session, conversation = new_key(), new_key()
                connection.execute(insert(Session), _session_row(session))
                connection.execute(insert(Conversation), _row(conversation, session, number))
                connection.execute(
                    insert(Message),
                    [
                        _message_row(session, conversation, place)
                        for place in range(_MESSAGES_A_CONVERSATION)
                    ],
                )
                connection.execute(
                    insert(Memory),
                    [_memory_row(conversation, number + place) for place in range(5)],
                )


def _stamps() -> dict[str, object]:
    time_now = now()
    return {"created_at": time_now, "updated_at": time_now}


def _session_row(key: UUID) -> dict[str, object]:
    return _stamps() | {
        "id": key,
        "avatar": "mira",
        "width": 512,
        "height": 512,
        "fps": 30,
        "seed": "1",
        "personality": "friendly",
        "probe": False,
        "reply": True,
        "version": "bench",
    }


def _row(key: UUID, session: UUID, number: int) -> dict[str, object]:
    return _stamps() | {
        "id": key,
        "session_id": session,
        "total_messages": _MESSAGES_A_CONVERSATION,
        "conversation_quality": (number * 37 % 1_000) / 1_000,
        "training_data_exported": number % 3 == 0,
    }


def _message_row(session: UUID, conversation: UUID, place: int) -> dict[str, object]:
    return _stamps() | {
        "id": new_key(),
        "session_id": session,
        "conversation_id": conversation,
        "role": "user" if place % 2 == 0 else "assistant",
        "text": _TEXT,
        "source": "client",
        "valence": 0.5,
        "arousal": 0.0,
        "dominance": 0.0,
        "label": "Glad",
        "packet": b"\x08\x01" * 40,
        "event_sequence": place,
        "voice_pitch": 180.5 if place % 10 == 0 else None,
        "quality_score": 0.6,
    }


def _memory_row(conversation: UUID, number: int) -> dict[str, object]:
    return _stamps() | {
        "id": new_key(),
        "conversation_id": conversation,
        "tier": list(MemoryTier)[number % 3],
        "content": "likes tea",
        "importance": (number * 61 % 1_000) / 1_000,
        "access_count": number % 17,
        "training_relevance": (number * 29 % 1_000) / 1_000,
    }


def _session() -> SessionStarted:
    return SessionStarted(
        id=new_key(),
        avatar="mira",
        width=512,
        height=512,
        fps=30,
        seed=1,
        personality="friendly",
        probe=False,
        reply=True,
        version="bench",
    )


def _message(session: UUID) -> MessageRecord:
    return MessageRecord(
        session, "user", _TEXT, "client", 0.5, 0.0, 0.0, "Glad", b"\x08\x01" * 40, 1, 0.8
    )
