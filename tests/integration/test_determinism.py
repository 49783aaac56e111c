import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("determinism_run.py")


def test_same_seed_and_events_give_identical_draw_lists_and_frames(tmp_path: Path) -> None:
    hashes = set()
    for hash_seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, PROGRAM, tmp_path],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        hashes.add(run.stdout)
    assert len(hashes) == 1
