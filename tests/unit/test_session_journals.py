import asyncio
import threading
from pathlib import Path
from typing import cast

import pytest

from control_plane.replay.journals import Recorded, SessionJournals
from control_plane.settings import load_settings
from engine.body import BodyOptions
from engine.recording.fingerprint import library_print
from engine.recording.journals import JournalWriter
from tests.unit.recordings import LIBRARY, header


def test_journal_of_a_session_that_was_given_up_meanwhile_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals = SessionJournals(
        load_settings({"journals": tmp_path}), "1", lambda fault: pytest.fail(str(fault))
    )
    entered, go_on = threading.Event(), threading.Event()

    def slowly(_session: object, _made: object) -> JournalWriter:
        entered.set()
        go_on.wait(20)
        return journals._journals.open(header("s"), 0, library_print(LIBRARY))

    monkeypatch.setattr(journals, "_open", slowly)

    async def give_up() -> None:
        opening = asyncio.create_task(journals.open(cast(Recorded, None), cast(BodyOptions, None)))
        await asyncio.to_thread(entered.wait, 20)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        go_on.set()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
        await asyncio.sleep(0)  # what is called when it is done comes with the next turn

    asyncio.run(give_up())
    journals.close()
    assert list(tmp_path.glob("*.journal")) == []
    assert journals._journals._files == {}
