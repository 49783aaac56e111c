"""What native libraries write straight to stderr, sent to the log instead."""

import contextlib
import logging
import os
import tempfile
import threading
from collections.abc import Iterator

__all__ = ["native_stderr_to_log"]

_STDERR = 2
_redirecting = threading.Lock()  # two at once would keep each other's file for the real stderr


@contextlib.contextmanager
def native_stderr_to_log(log: logging.Logger, doing: str) -> Iterator[None]:
    """Logs every line that is written to stderr meanwhile, at the level DEBUG.

    The whole process's stderr is meant, so keep it short. Any thread may call it; they take turns.

    Args:
        log: Where the lines go.
        doing: What is being done, such as "opening the GPU".
    """
    with _redirecting, tempfile.TemporaryFile() as written:
        try:
            kept = os.dup(_STDERR)
        except OSError:  # there is no stderr
            yield
            return
        os.dup2(written.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            written.seek(0)
            for line in written.read().decode(errors="replace").splitlines():
                log.debug("while %s: %s", doing, line)
