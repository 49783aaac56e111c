"""Many subscribers of one session over gRPC, in a process of its own; tells what it found as JSON.

`python -m benchmarks.fanout_load TARGET SUBSCRIBERS EVENTS EVENTS_A_SECOND SLOW` is that process.
Each subscriber has a WatchPackets stream; events go by SendEvent. With SLOW 1 there is one
subscriber more, which reads nothing until the end, over a connection that takes in little.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grpc import aio

from benchmarks.brain_load import STREAMS_A_CHANNEL
from benchmarks.conversation import events
from capsulecast.v1 import session_service_pb2 as pb
from capsulecast.v1 import session_service_pb2_grpc as pb_grpc

__all__: list[str] = []

_WATCH = "/capsulecast.v1.SessionService/WatchPackets"
_LOCAL = ("grpc.use_local_subchannel_pool", 1)
# What a reader that does not read lets the server send ahead.
_NARROW = (_LOCAL, ("grpc.http2.lookahead_bytes", 1024), ("grpc.http2.bdp_probe", 0))
_SETTLE_S = 1.0


@dataclass(slots=True)
class _Found:
    """What all subscribers but the slow one got.

    Attributes:
        delays_ms: From an event's sending to its packet's arrival, for each of them.
        last_ms: The same until all have it, by the event's number.
        gaps: How many packets they missed.
    """

    delays_ms: list[float] = field(default_factory=list)
    last_ms: dict[int, float] = field(default_factory=dict)
    gaps: int = 0


async def _listen(call: Any, sent: dict[int, float], found: _Found) -> None:  # noqa: ANN401 - gRPC
    last = 0
    while True:
        data = await call.read()
        now = time.monotonic()
        if not isinstance(data, bytes):
            return
        packet = pb.WatchPacketsResponse.FromString(data).packet
        found.gaps += _gap(last, packet.sequence)
        last = packet.sequence
        since = sent.get(packet.event_sequence)
        if since is not None:
            delay_ms = (now - since) * 1000.0
            found.delays_ms.append(delay_ms)
            before = found.last_ms.get(packet.event_sequence, 0.0)
            found.last_ms[packet.event_sequence] = max(before, delay_ms)


async def _read_late(call: Any) -> tuple[int, int]:  # noqa: ANN401 - gRPC
    """Reads all that waits: how many packets, and how many their numbers say are missing."""
    read, missing, last = 0, 0, 0
    while True:
        try:
            data = await asyncio.wait_for(call.read(), _SETTLE_S)
        except TimeoutError:
            return read, missing
        if not isinstance(data, bytes):
            return read, missing
        sequence = pb.WatchPacketsResponse.FromString(data).packet.sequence
        missing += _gap(last, sequence)
        last = sequence
        read += 1


def _gap(last: int, sequence: int) -> int:
    return max(0, sequence - last - 1) if last else 0


async def _watch(channel: aio.Channel, session_id: str) -> Any:  # noqa: ANN401 - gRPC
    watch: Any = channel.unary_stream(_WATCH)
    call = watch(pb.WatchPacketsRequest(session_id=session_id).SerializeToString())
    await call.initial_metadata()
    return call


async def _run(
    target: str, subscribers: int, count: int, rate: float, *, slow: bool
) -> dict[str, object]:
    async with aio.insecure_channel(target, options=[_LOCAL]) as channel:
        stub: Any = pb_grpc.SessionServiceStub(channel)
        options = pb.SessionOptions(seed=1, reply=False)
        made = await stub.CreateSession(pb.CreateSessionRequest(options=options))
        session_id = made.session.id
        channels = [
            aio.insecure_channel(target, options=[_LOCAL])
            for _ in range(-(-subscribers // STREAMS_A_CHANNEL))
        ]
        calls = await asyncio.gather(
            *(
                _watch(channels[number // STREAMS_A_CHANNEL], session_id)
                for number in range(subscribers)
            )
        )
        narrow = aio.insecure_channel(target, options=list(_NARROW))
        late = await _watch(narrow, session_id) if slow else None
        sent: dict[int, float] = {}
        found = _Found()
        gc.collect()
        gc.freeze()
        listening = [asyncio.create_task(_listen(call, sent, found)) for call in calls]
        _tell({"measured_from": time.time(), "seconds": count / rate})
        await _send(stub, session_id, count, rate, sent)
        await asyncio.sleep(_SETTLE_S)
        read, missing = (0, 0) if late is None else await _read_late(late)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        await stub.EndSession(pb.EndSessionRequest(session_id=session_id))
        await asyncio.gather(narrow.close(), *(item.close() for item in channels))
    return {
        "delays_ms": found.delays_ms,
        "last_ms": list(found.last_ms.values()),
        "expected": len(sent) * subscribers,
        "gaps": found.gaps,
        "slow_read": read,
        "slow_missing": missing,
    }


async def _send(
    stub: Any,  # noqa: ANN401 - gRPC
    session_id: str,
    count: int,
    rate: float,
    sent: dict[int, float],
) -> None:
    """Sends emotions in turn, which all lead to a packet each."""
    found = events()["emotion"]
    start = time.monotonic()
    for number in range(1, count + 1):
        await asyncio.sleep(start + number / rate - time.monotonic())
        event = pb.Event(sequence=number)
        event.MergeFrom(found[number % len(found)])
        sent[number] = time.monotonic()
        await stub.SendEvent(pb.SendEventRequest(session_id=session_id, event=event))


def _tell(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _main(arguments: Sequence[str]) -> None:
    target, subscribers, count, rate, slow = arguments
    running = _run(target, int(subscribers), int(count), float(rate), slow=slow == "1")
    _tell(asyncio.run(running))


if __name__ == "__main__":
    _main(sys.argv[1:])
