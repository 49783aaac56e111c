from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from control_plane.commands.replay import _told
from control_plane.replay.film import FilmOptions, _Window
from engine.recording.errors import ReplayError
from engine.recording.replay import Replay, Report

WHOLE = FilmOptions(Path("out.mp4"))


def test_replay_that_is_what_was_shown_says_no_more_than_that() -> None:
    report = Report(frames=1800, written=1800, sentences=4, checked=120, late_frames=0)
    assert list(_told(report, WHOLE)) == ["out.mp4: 1,800 frames, 4 sentences"]


def test_replay_says_in_what_it_is_not_what_was_shown() -> None:
    report = Report(
        frames=1800,
        coarse=12,
        repeated=3,
        checked=120,
        differing=5,
        sentences=4,
        other_sound=2,
        late_frames=7,
        written=1800,
    )
    told = "\n".join(_told(report, WHOLE))
    assert "12 of 1,800 frames were shown with coarser textures; replay shows them full" in told
    assert "3 frames could not be drawn then" in told
    assert "5 of 120 frames that were compared differ" in told
    assert "2 of 4 sentences sound otherwise" in told
    assert "7 frames came too late then" in told


def test_replay_says_where_a_recording_ends_early() -> None:
    assert "breaks off" in "\n".join(_told(Report(), WHOLE))
    assert "breaks off" not in "\n".join(_told(Report(), FilmOptions(Path("a.mp4"), 0.0, 5.0)))
    told = "\n".join(_told(Report(truncated="it is full"), WHOLE))
    assert "ends before the session: it is full" in told


def test_session_that_nobody_watched_is_no_session_that_is_too_short() -> None:
    replay = cast("Replay", SimpleNamespace(header=SimpleNamespace(session_id="s")))
    with pytest.raises(ReplayError, match="session s has shown nothing"):
        next(_Window(replay, iter(()), WHOLE).pictures())
