"""What tests of whole servers share."""

from functools import partial
from pathlib import Path

import pytest

from control_plane.studio.workshop import WorkshopOptions
from tests.integration import running


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> running.Run:
    """Runs a test against a server whose heavy work `bake_child` only plays."""
    played = partial(WorkshopOptions, module="tests.integration.bake_child")
    monkeypatch.setattr("control_plane.server.WorkshopOptions", played)
    return partial(running.run, tmp_path)
