import logging
import logging.handlers
import os
import queue
import threading

import pytest

from capsules.native_stderr import native_stderr_to_log

LOG = logging.getLogger("capsules.test")


def test_what_is_written_to_stderr_meanwhile_goes_to_the_log(
    capfd: pytest.CaptureFixture[str],
) -> None:
    log = logging.Logger("alone")  # whatever handlers other tests have left behind
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    log.addHandler(logging.handlers.QueueHandler(records))
    with native_stderr_to_log(log, "testing"):
        os.write(2, b"INFO: of no use\n")
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"
    assert records.get_nowait().getMessage() == "while testing: INFO: of no use"
    assert records.empty()


def test_stderr_comes_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError), native_stderr_to_log(LOG, "testing"):
        raise RuntimeError
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_threads_that_redirect_at_once_leave_stderr_where_it_was(
    capfd: pytest.CaptureFixture[str],
) -> None:
    both_inside = threading.Barrier(2)

    def quietened() -> None:
        with native_stderr_to_log(LOG, "testing"):
            try:
                both_inside.wait(0.2)
            except threading.BrokenBarrierError:
                return  # they are let in one by one

    threads = [threading.Thread(target=quietened) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert both_inside.broken
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"
