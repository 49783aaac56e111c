"""How exported conversations are written: the export's own JSON, JSON lines for chat, Parquet.

Everything is written in pieces as it is read, so memory does not grow with the export.
"""

import io
import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any

from storage.errors import InvalidRecordError

if TYPE_CHECKING:
    import pyarrow

__all__ = ["ExportFormat", "encode", "encode_one"]

_ROW_GROUP = 2000


class ExportFormat(StrEnum):
    """What an export is written as."""

    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"

    @property
    def media_type(self) -> str:
        """The MIME type."""
        return {
            ExportFormat.JSON: "application/json",
            ExportFormat.JSONL: "application/jsonl",
            ExportFormat.PARQUET: "application/vnd.apache.parquet",
        }[self]


Conversations = Iterable[dict[str, Any]]


def encode(
    conversations: Conversations, form: ExportFormat, *, going_on: bool = False
) -> Iterator[bytes]:
    """Writes conversations, as `storage.export.Exporter` gives them, piece by piece.

    JSON is one array with a conversation a line, whole even while it is empty. JSON lines have one
    conversation a line in the chat format that fine-tuning takes, `{"messages": [{"role",
    "content"}, ...]}`. Parquet has one row a message.

    Args:
        conversations: What is written.
        form: As what.
        going_on: Whether conversations have been written before, up to the end of a piece; Parquet
            cannot go on.

    Raises:
        InvalidRecordError: Parquet is asked for and pyarrow is not installed.
    """
    match form:
        case ExportFormat.JSON:
            return _json(conversations, b",\n" if going_on else b"[\n")
        case ExportFormat.JSONL:
            return _chat_lines(conversations)
        case ExportFormat.PARQUET:
            return _parquet(conversations)


def encode_one(conversation: dict[str, Any]) -> bytes:
    """One conversation as a JSON object."""
    return _dumped(conversation) + b"\n"


def _json(conversations: Conversations, before: bytes) -> Iterator[bytes]:
    for conversation in conversations:
        yield before + _dumped(conversation)
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def _chat_lines(conversations: Conversations) -> Iterator[bytes]:
    for conversation in conversations:
        said = [
            {"role": message["role"], "content": message["content"]}
            for message in conversation["messages"]
            if message["content"]
        ]
        # Nothing is learned where the assistant says nothing.
        if any(message["role"] == "assistant" for message in said):
            yield _dumped({"messages": said}) + b"\n"


def _dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _parquet(conversations: Conversations) -> Iterator[bytes]:
    try:
        import pyarrow
        from pyarrow.parquet import ParquetWriter
    except ModuleNotFoundError as error:
        raise InvalidRecordError("Parquet needs pyarrow; install capsulecast[parquet]") from error
    return _row_groups(conversations, pyarrow, ParquetWriter)


def _row_groups(conversations: Conversations, arrow: Any, writer_of: Any) -> Iterator[bytes]:  # noqa: ANN401 - a module and a class that may not be installed
    schema = _schema(arrow)
    sink = _Sink()
    with writer_of(arrow.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for rows in _batches(_flat(conversations)):
            writer.write_table(arrow.Table.from_pylist(rows, schema))
            yield sink.take()
    yield sink.take()


class _Sink(io.RawIOBase):
    """A file that keeps nothing: what is written is taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        """It takes bytes."""
        return True

    def tell(self) -> int:
        """How many bytes were written."""
        return self._written

    def write(self, piece: Any) -> int:  # noqa: ANN401 - any buffer, as of io.RawIOBase
        """Takes bytes."""
        self._pieces.append(bytes(piece))
        self._written += len(self._pieces[-1])
        return len(self._pieces[-1])

    def take(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Lists of rows, each at most a row group long."""
    while batch := list(islice(rows, _ROW_GROUP)):
        yield batch


def _flat(conversations: Conversations) -> Iterator[dict[str, Any]]:
    """One row a message, with its conversation's figures."""
    for conversation in conversations:
        about = conversation["metadata"]
        for position, message in enumerate(conversation["messages"]):
            yield {
                "conversation_id": conversation["conversation_id"],
                "session_id": conversation["session_id"],
                "user_id": conversation["user_id"],
                "model_used": about["model_used"],
                "conversation_quality": about["conversation_quality"],
                "position": position,
                "role": message["role"],
                "content": message["content"],
                "emotion": message["emotion"],
                "quality_score": message["quality_score"],
                "voice_pitch": message.get("voice_pitch"),
                "processing_time": message.get("processing_time"),
                "agent_outputs": json.dumps(message.get("agent_outputs") or {}),
                "memory_context": json.dumps(message.get("memory_context") or []),
            }


def _schema(arrow: Any) -> "pyarrow.Schema":  # noqa: ANN401 - a module that may not be installed
    text, number = arrow.string(), arrow.float64()
    kinds = {
        "position": arrow.int32(),
        "conversation_quality": number,
        "quality_score": number,
        "voice_pitch": number,
        "processing_time": number,
    }
    return arrow.schema([(name, kinds.get(name, text)) for name in _COLUMNS])


_COLUMNS = (
    "conversation_id",
    "session_id",
    "user_id",
    "model_used",
    "conversation_quality",
    "position",
    "role",
    "content",
    "emotion",
    "quality_score",
    "voice_pitch",
    "processing_time",
    "agent_outputs",
    "memory_context",
)
