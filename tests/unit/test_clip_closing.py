"""A clip's frame may take long to read; what drops the clip does not wait for it."""

import threading
from collections.abc import Callable
from operator import methodcaller

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.clip import Clip
from capsules.errors import ClipError
from compositor import sources
from compositor.library import Library
from compositor.numba_pages import NumbaStore, Stored
from compositor.pages import CacheOptions, FramePage
from compositor.sources import Sources
from tests.unit.clips import clip

WAIT_S = 5.0


class Waiting:
    """Reads a frame until it is closed."""

    begun: threading.Event
    was_closed: list[bool]

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self.open_files = 1
        self._closing = threading.Event()

    def read(self, number: int) -> NDArray[np.uint8]:
        self.begun.set()
        self.was_closed.append(self._closing.wait(WAIT_S))
        raise ClipError(self._clip.path, f"frame {number}: closed")

    def close(self) -> None:
        self._closing.set()


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> type[Waiting]:
    monkeypatch.setattr(sources, "ClipReader", Waiting)
    monkeypatch.setattr(Waiting, "begun", threading.Event(), raising=False)
    monkeypatch.setattr(Waiting, "was_closed", [], raising=False)
    return Waiting


def test_dropped_clip_ends_the_read_that_is_under_way(waiting: type[Waiting]) -> None:
    made = Sources()
    serial = made.add_clip(clip())

    def drop() -> None:
        assert waiting.begun.wait(WAIT_S)
        made.drop(serial)

    dropper = threading.Thread(target=drop)
    dropper.start()
    with pytest.raises(ClipError):
        made.frame(FramePage(serial, half=False, number=30))
    dropper.join()
    assert waiting.was_closed == [True]


@pytest.mark.parametrize("end", [methodcaller("load_clip", clip()), methodcaller("close")])
def test_closing_and_replacing_wait_for_no_frame(
    end: Callable[[Library[Stored, Stored]], None], waiting: type[Waiting]
) -> None:
    made = Library(NumbaStore, CacheOptions(background=True))
    made.load_clip(clip())
    found = made.clip("ER_TEST")
    assert found is not None
    made.frame(found, 30, half=False)
    assert waiting.begun.wait(WAIT_S)
    end(made)
    made.close()
    assert waiting.was_closed == [True]
