import subprocess
import sys

PROGRAM = """
import logging
from control_plane.logs import set_up_logs

set_up_logs("info")
assert not {"wgpu", "aiortc", "uvicorn"} & set(logging.root.manager.loggerDict)
logging.getLogger("control_plane.server").info("ready on %d", 8080)
logging.getLogger("control_plane.server").debug("too small")
logging.getLogger("aiortc.rtcpeer").info("a library that says much")
logging.getLogger("aiortc.rtcpeer").warning("a library that complains")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("engine").exception("broken")
"""


def test_logs_are_lines_with_fields_and_libraries_are_quiet() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert 'level=info logger=control_plane.server event="ready on 8080"' in lines[0]
    assert "a library that complains" in lines[1]
    assert "ZeroDivisionError" in lines[2]
    assert all(line.startswith("timestamp=") for line in lines)
    assert done.stdout == ""
