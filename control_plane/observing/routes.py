"""How the server is watched: dashboards, figures for monitoring, judgements, traces."""

from dataclasses import dataclass

from fastapi import APIRouter

from control_plane.dashboards.pages import Dashboards, Living
from control_plane.http_api.dashboards import dashboard_routes, metrics_routes
from control_plane.http_api.last_reply import last_reply_routes
from control_plane.observing.metrics import Metrics, MetricSources, QueueFigures
from control_plane.observing.tracing import Tracer, open_provider
from control_plane.remembering.judging import JudgingDesk
from control_plane.remembering.remembered import Remembered
from control_plane.sessions.bodies import Media
from control_plane.sessions.manager import SessionManager
from control_plane.sessions.meter import Meter
from control_plane.settings import SettingsError
from storage.recorder import Recorder

__all__ = ["Watched", "observing_routes", "open_tracer"]


@dataclass(frozen=True, slots=True)
class Watched:
    """The parts of a server that are watched."""

    sessions: SessionManager
    media: Media
    recorder: Recorder
    meter: Meter
    version: str


def observing_routes(watched: Watched, remembered: Remembered) -> tuple[APIRouter, ...]:
    """Makes the routes of dashboards, figures and judgements.

    Args:
        watched: What is watched.
        remembered: What is remembered, and who may ask for it.
    """
    sessions, recorder = watched.sessions, watched.recorder
    dashboards = Dashboards(
        remembered.database,
        lambda: Living(sessions.count, sessions.viewers),
        version=watched.version,
    )
    metrics = Metrics(
        MetricSources(
            sessions=lambda: sessions.count,
            viewers=lambda: sessions.viewers,
            meter=watched.meter,
            tallies=watched.media.tallies,
            cache=watched.media.cache_stats,
            recorder=lambda: QueueFigures(
                waiting=recorder.waiting,
                written=recorder.written,
                dropped=recorder.dropped,
                spilled=recorder.spilled,
            ),
            version=watched.version,
            backend=lambda: watched.media.backend,
        )
    )
    return (
        dashboard_routes(dashboards, remembered),
        metrics_routes(metrics, remembered.access),
        last_reply_routes(JudgingDesk(remembered)),
    )


def open_tracer(endpoint: str, version: str) -> Tracer | None:
    """What traces events, where an endpoint is given; None: nothing does.

    Raises:
        SettingsError: The extra `otel` is not installed.
    """
    if not endpoint:
        return None
    try:
        return Tracer(open_provider(endpoint, version))
    except ImportError as error:
        raise SettingsError(
            f"otlp_endpoint: traces need the package {error.name}; install capsulecast[otel]"
        ) from error
