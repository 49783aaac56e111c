"""Many sessions at once over gRPC, from a process of its own; tells what it found as JSON.

`python -m benchmarks.brain_load TARGET SESSIONS SECONDS` is that process. Every session has a
Converse stream of its own, takes its answers together, and sends an event every 500 ms, at moments
of its own. Messages are handed to gRPC as bytes, so that this side takes little of the machine it
shares with the server.
"""

import asyncio
import gc
import json
import random
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from grpc import aio

from benchmarks.conversation import messages
from capsulecast.v1 import session_service_pb2 as pb
from capsulecast.v1 import session_service_pb2_grpc as pb_grpc

__all__ = ["EVENTS_A_SECOND", "STREAMS_A_CHANNEL"]

EVENTS_A_SECOND = 2.0
STREAMS_A_CHANNEL = 100
_CREATING = 16
_WARM_UP_S = 4.0
_PATIENCE_S = 15.0
_CONVERSE = "/capsulecast.v1.SessionService/Converse"


@dataclass(slots=True)
class _Found:
    """What came back.

    Attributes:
        delays_ms: From an event's sending to the arrival of its first packet; of one that never
            came, to the end of waiting.
        sizes: Bytes of every packet.
        packets: How many packets came in all.
        unanswered: How many events had no packet within `_PATIENCE_S` of the last one's sending.
        refused: How many events were refused, or answers dropped.
        lateness_ms: How late this process sent events: beyond some ms it is too slow itself.
    """

    delays_ms: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    packets: int = 0
    unanswered: int = 0
    refused: int = 0
    lateness_ms: list[float] = field(default_factory=list)


class _Talker:
    """One session's stream."""

    def __init__(self, channel: aio.Channel, session_id: str, seed: int) -> None:
        converse: Any = channel.stream_stream(_CONVERSE)
        self._call: Any = converse()
        self._session_id = session_id
        self._chance = random.Random(seed)
        self._sent: dict[int, float] = {}
        self._sequence = 0
        self.done = asyncio.Event()
        """Set while no event waits for its packet."""
        self.done.set()

    async def open(self) -> None:
        """Waits until the server has the session."""
        first = pb.ConverseRequest(session_id=self._session_id, together=True)
        await self._call.write(first.SerializeToString())
        await self._call.initial_metadata()

    async def send(self, start: float, end: float, measured: float, found: _Found) -> None:
        """Sends events from `start` to `end`; those before `measured` count for nothing."""
        events = messages()
        due = start + self._chance.random() / EVENTS_A_SECOND
        while due < end:
            await asyncio.sleep(due - time.monotonic())
            self._sequence += 1
            event = pb.Event(sequence=self._sequence)
            event.MergeFromString(self._chance.choice(events))
            now = time.monotonic()
            if now >= measured:
                self._sent[self._sequence] = now
                self.done.clear()
                found.lateness_ms.append((now - due) * 1000.0)
            await self._call.write(pb.ConverseRequest(event=event).SerializeToString())
            due += 1.0 / EVENTS_A_SECOND

    async def listen(self, found: _Found) -> None:
        """Takes answers until it is cancelled."""
        while True:
            data = await self._call.read()
            now = time.monotonic()
            if not isinstance(data, bytes):
                return
            answer = pb.ConverseResponse.FromString(data)
            self._take(answer, now, found)
            for more in answer.more:
                self._take(more, now, found)

    def _take(self, answer: pb.ConverseResponse, now: float, found: _Found) -> None:
        kind = answer.WhichOneof("kind")
        if kind == "packet":
            found.packets += 1
            found.sizes.append(answer.packet.ByteSize())
            sent = self._sent.pop(answer.packet.event_sequence, None)
            if sent is not None:
                found.delays_ms.append((now - sent) * 1000.0)
            if not self._sent:
                self.done.set()
        elif kind in ("rejection", "lag"):
            found.refused += 1

    def close(self, found: _Found) -> None:
        """Ends the stream."""
        found.unanswered += len(self._sent)
        now = time.monotonic()
        found.delays_ms += [(now - sent) * 1000.0 for sent in self._sent.values()]
        self._call.cancel()


async def _create(target: str, count: int) -> tuple[list[str], float]:
    """That many sessions, and the seconds that it took."""
    turn = asyncio.Semaphore(_CREATING)
    async with aio.insecure_channel(target) as channel:
        stub: Any = pb_grpc.SessionServiceStub(channel)

        async def one(seed: int) -> str:
            async with turn:
                options = pb.SessionOptions(seed=seed, reply=False)
                made = await stub.CreateSession(pb.CreateSessionRequest(options=options))
                return str(made.session.id)

        began = time.monotonic()
        ids = await asyncio.gather(*(one(seed) for seed in range(1, count + 1)))
        return list(ids), time.monotonic() - began


async def _answered(talkers: Sequence[_Talker]) -> None:
    """Waits until no event waits for its packet any more."""
    for talker in talkers:
        await talker.done.wait()


async def _run(target: str, count: int, seconds: float) -> dict[str, object]:
    ids, creating_s = await _create(target, count)
    channels = [
        aio.insecure_channel(target, options=[("grpc.use_local_subchannel_pool", 1)])
        for _ in range(-(-count // STREAMS_A_CHANNEL))
    ]
    talkers = [
        _Talker(channels[number // STREAMS_A_CHANNEL], session_id, number)
        for number, session_id in enumerate(ids)
    ]
    await asyncio.gather(*(talker.open() for talker in talkers))
    gc.collect()
    gc.freeze()
    found = _Found()
    listening = [asyncio.create_task(talker.listen(found)) for talker in talkers]
    start = time.monotonic() + 0.2
    measured = start + _WARM_UP_S
    end = measured + seconds
    _tell({"measured_from": time.time() + measured - time.monotonic(), "seconds": seconds})
    began_cpu = time.process_time()
    await asyncio.gather(*(talker.send(start, end, measured, found) for talker in talkers))
    client_cpu = (time.process_time() - began_cpu) / (seconds + _WARM_UP_S)
    with suppress(TimeoutError):
        await asyncio.wait_for(_answered(talkers), _PATIENCE_S)
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    for talker in talkers:
        talker.close(found)
    await asyncio.gather(*(channel.close() for channel in channels))
    return {
        "delays_ms": found.delays_ms,
        "sizes": found.sizes,
        "lateness_ms": found.lateness_ms,
        "packets": found.packets,
        "unanswered": found.unanswered,
        "refused": found.refused,
        "creating_s": creating_s,
        "client_cpu": client_cpu,
    }


def _tell(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _main(arguments: Sequence[str]) -> None:
    target, count, seconds = arguments
    _tell(asyncio.run(_run(target, int(count), float(seconds))))


if __name__ == "__main__":
    _main(sys.argv[1:])
