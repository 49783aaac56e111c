"""A session's door for its viewers: the `events` data channel.

In: an Event in proto3 JSON, bare or as {"event": ...}. Out, to every viewer of the session: what
Converse answers, in proto3 JSON, one of {"packet": ...}, {"mood": ...}, {"speech": ...},
{"rejection": ...} and {"stored": ...}; once a second {"stats": ...}; and for every event but light
and quality {"frame": {"eventSequence", "rtpTimestamp"}}, which names the first picture that shows
it: a page that compares that with the `rtpTimestamp` of requestVideoFrameCallback knows when the
event was seen, on its own clock.
"""

import json
import logging
from typing import Any

from capsules.library import Library
from compositor.pages import CacheStats
from control_plane.errors import status_of
from control_plane.sessions.session import LiveSession
from control_plane.sessions.updates import Rejection, Update
from control_plane.translate.events import event_from_json, sequence_of
from control_plane.translate.jsonform import decode
from control_plane.translate.updates import update_to_json
from engine.faults import Fault
from engine.live import LiveStats
from engine.stats import Quantiles

__all__ = ["EventChannel", "cache_measures", "picture_message", "stage_times", "stats_to_json"]

_LOG = logging.getLogger(__name__)


class EventChannel:
    """Carries events and updates between a session and its viewers."""

    def __init__(self, session: LiveSession) -> None:
        self._session = session

    def receive(self, text: str) -> None:
        """A viewer's message arrived; what is wrong with it is told, and never raised."""
        sequence = 0
        try:
            data = decode(text)
            sequence = sequence_of(data)
            self._session.handle(event_from_json(data))
        except Exception as error:  # the callback's root: one bad event must not end the viewer
            self.tell(_rejection(sequence, error))
            if status_of(error).code == "INTERNAL":
                _LOG.exception("session %s: an event failed", self._session.id)
                cause = f"{type(error).__name__}: {error}"
                self._session.heard_fault(Fault("event", cause, self._session.id))

    def tell(self, update: Update) -> None:
        """Tells every viewer."""
        if self._session.viewers:
            self._send(update_to_json(update))

    def tell_stats(self, library: Library) -> None:
        """Tells every viewer what was measured lately."""
        body, brain = self._session.body, self._session.brain_times
        capsules = body.active_capsules()
        stats = stats_to_json(body.stats(), brain, capsules, library)
        stats["featuresOff"] = [_camel(name) for name in self._session.options.features.off]
        self._send({"stats": stats})

    def _send(self, message: dict[str, Any]) -> None:
        if self._session.viewers:
            self._session.body.send(json.dumps(message, separators=(",", ":")))


def picture_message(event_sequence: int, rtp_timestamp: int) -> str:
    """The message that names the first picture that shows an event."""
    frame = {"eventSequence": str(event_sequence), "rtpTimestamp": rtp_timestamp}
    return json.dumps({"frame": frame}, separators=(",", ":"))


def _rejection(sequence: int, error: Exception) -> Rejection:
    status = status_of(error)
    message = "internal error" if status.code == "INTERNAL" else str(error)
    return Rejection(sequence, status.number, message)


def stage_times(stats: LiveStats, brain: Quantiles) -> dict[str, Quantiles]:
    """How long each stage took, of those that did anything."""
    frames = stats.frames
    stages = {
        "brain": brain,
        "draw_list": frames.draw_list,
        "render": frames.render,
        "encode": stats.encode,
    }
    return {name: times for name, times in stages.items() if times.count}


def cache_measures(stats: CacheStats) -> dict[str, tuple[float, str]]:
    """What the texture cache has done since the server's start: measure -> value and unit."""
    return {
        "cache.hits": (float(stats.hits), "pages"),
        "cache.misses": (float(stats.misses), "pages"),
        "cache.evictions": (float(stats.evictions), "pages"),
        "cache.resident": (float(stats.resident_bytes), "bytes"),
        "cache.upload": (stats.upload_ms, "ms"),
    }


def stats_to_json(
    stats: LiveStats,
    brain: Quantiles,
    capsules: tuple[tuple[str, float], ...],
    library: Library,
) -> dict[str, Any]:
    """What a viewer is told about speed; times in ms, names in camelCase."""
    return {
        "fps": round(stats.frames.fps, 1),
        "codec": ", ".join(stats.codecs),
        "viewers": stats.viewers,
        "frames": stats.frames.frames,
        "lateFrames": stats.frames.late_frames,
        "eventFrames": stats.frames.event_frames,
        "stages": {
            _camel(name): {
                "p50": round(times.p50_ms, 3),
                "p95": round(times.p95_ms, 3),
                "p99": round(times.p99_ms, 3),
                "n": times.count,
            }
            for name, times in stage_times(stats, brain).items()
        },
        "cache": {
            "hits": stats.cache.hits,
            "misses": stats.cache.misses,
            "evictions": stats.cache.evictions,
            "pages": stats.cache.pages,
            "residentBytes": stats.cache.resident_bytes,
            "budgetBytes": stats.cache.budget_bytes,
            "uploadMs": round(stats.cache.upload_ms, 3),
            "short": stats.cache.short,
        },
        "capsules": [
            {"cid": cid, **_words_for(cid, library), "weight": round(weight, 3)}
            for cid, weight in capsules
        ],
    }


def _words_for(cid: str, library: Library) -> dict[str, str]:
    capsule = library.capsules.get(cid)
    if capsule is None:
        return {"name": "", "layer": ""}
    return {"name": capsule.description, "layer": capsule.layer.value}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
