from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.archive import Archive
from storage.database import Database
from storage.errors import InvalidRecordError, NotStoredError, TransitionError
from storage.keys import new_key
from storage.modes import Modes
from storage.states import MODES, Mode
from storage.tables.base import now
from storage.tables.live import Session
from storage.tables.people import ModeState
from tests.remembering.rows import stored


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked=st.lists(st.sampled_from(Mode), max_size=12))
def test_a_session_goes_only_where_it_may(shared_database: Database, asked: list[Mode]) -> None:
    modes = Modes(shared_database)
    session = stored(shared_database, Session)
    expected: list[Mode] = []
    for mode in asked:
        before = expected[-1] if expected else None
        if not MODES.allows(before, mode):
            with pytest.raises(TransitionError):
                modes.enter(session.id, mode)
            continue
        modes.enter(session.id, mode)
        if before is not mode:
            expected.append(mode)
    history = modes.history(session.id)
    assert [state.mode for state in history] == expected
    assert [state.position for state in history] == list(range(len(expected)))
    for one, next_one in pairwise(history):
        assert next_one.previous == one.mode
        assert next_one.started_at >= one.started_at


def test_modes_of_no_session_are_refused(shared_database: Database) -> None:
    with pytest.raises(NotStoredError):
        Modes(shared_database).enter(new_key(), Mode.WARMUP)


@pytest.mark.parametrize(
    "step",
    [
        {"position": 0, "mode": Mode.CHAT},
        {"position": 1, "mode": Mode.CHAT, "previous": "warmup", "previous_position": 0},
        {"position": 1, "mode": Mode.IDLE, "previous": "reset", "previous_position": 0},
        {"position": 2, "mode": Mode.IDLE, "previous": "warmup", "previous_position": 0},
        {"position": 1, "mode": Mode.IDLE},
    ],
)
def test_the_database_itself_refuses_a_broken_chain(
    shared_database: Database, step: dict[str, object]
) -> None:
    session = stored(shared_database, Session)
    if step["position"]:
        Modes(shared_database).enter(session.id, Mode.WARMUP)
    row = ModeState(session_id=session.id, started_at=now(), reason="", **step)
    with pytest.raises(InvalidRecordError):
        Archive(shared_database).add(row)
