"""What the two processes say to each other over the child's stdin and stdout.

A frame is two unsigned 32-bit big-endian lengths, a JSON object in UTF-8 (the header) of the first
length, and raw bytes (the payload) of the second.

- The child begins with a hello: `{"id": 0, "ok": true, "sample_rate_hz": 22050}`.
- A request is `{"id", "text", "voice", "rate_wpm", "pitch", "range"}` without a payload; `pitch`
  and `range` are 0..99 on eSpeak's own scale, where 50 is what the voice does by itself.
- Its answer is `{"id", "ok": true, "sample_rate_hz", "phonemes": [[symbol, sample], ...]}`; the
  payload is the sound, mono signed 16-bit little-endian. A phoneme starts at its sample.
- A failure is `{"id", "ok": false, "error"}`; the child goes on unless the id is 0.
- The child ends when its stdin does.
"""

import json
import struct
from typing import Any, BinaryIO

__all__ = ["LENGTHS", "FrameError", "decode_header", "encode_frame", "read_frame", "read_lengths"]

LENGTHS = struct.Struct(">II")
_MAX_HEADER_BYTES = 4 << 20
_MAX_PAYLOAD_BYTES = 64 << 20


class FrameError(ValueError):
    """The bytes are no frame; the pipe cannot be used any further."""


def encode_frame(header: dict[str, Any], payload: bytes = b"") -> bytes:
    """The frame's bytes."""
    head = json.dumps(header).encode()
    return LENGTHS.pack(len(head), len(payload)) + head + payload


def read_lengths(prefix: bytes) -> tuple[int, int]:
    """Lengths of header and payload from a frame's first eight bytes.

    Raises:
        FrameError: A length is beyond what either side would send.
    """
    head_bytes, payload_bytes = LENGTHS.unpack(prefix)
    if head_bytes > _MAX_HEADER_BYTES or payload_bytes > _MAX_PAYLOAD_BYTES:
        raise FrameError(
            f"frame of {head_bytes} + {payload_bytes} bytes; at most "
            f"{_MAX_HEADER_BYTES} + {_MAX_PAYLOAD_BYTES} are allowed"
        )
    return head_bytes, payload_bytes


def decode_header(head: bytes) -> dict[str, Any]:
    """The header's object.

    Raises:
        FrameError: It is not a JSON object.
    """
    try:
        header = json.loads(head)
    except ValueError as error:
        raise FrameError(f"frame header is not JSON: {head[:80]!r}") from error
    if not isinstance(header, dict):
        raise FrameError(f"frame header is not an object: {head[:80]!r}")
    return header


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next frame of a blocking stream; None at its end, even within a frame."""
    prefix = stream.read(LENGTHS.size)
    if len(prefix) < LENGTHS.size:
        return None
    head_bytes, payload_bytes = read_lengths(prefix)
    body = stream.read(head_bytes + payload_bytes)
    if len(body) < head_bytes + payload_bytes:
        return None
    return decode_header(body[:head_bytes]), body[head_bytes:]
