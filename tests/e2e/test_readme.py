"""Every example of the README runs as it stands, but for the ports."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from benchmarks.product import Served

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
NEEDING = {"serve", "perform", "replay", "audit", "export", "stats", "db"}
CAPSULECAST = Path(sys.executable).with_name("capsulecast")


def commands(program: str) -> list[str]:
    """Indented lines that begin with a program, continued lines joined, comments cut off."""
    joined = README.replace("\\\n", " ")
    lines = re.findall(rf"^    ({program} .*)$", joined, re.MULTILINE)
    return [line.split("  #")[0].strip() for line in lines]


def test_the_python_example_prints_the_emotion(served: Served) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    code = code.replace("127.0.0.1:50051", served.grpc_target)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.search(r"\('VF_\w+', [0-9.]+\)", run.stdout)


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
def test_the_curl_examples_make_drive_and_end_a_session(served: Served) -> None:
    made, event, ended = commands("curl")
    session = ""
    for line in (made, event, ended):
        line = line.replace("http://localhost:8080", served.url)
        line = line.replace("localhost:8080", served.url).replace("SESSION_ID", session)
        run = subprocess.run(
            line.replace("curl ", "curl --silent --show-error --fail-with-body "),
            shell=True,
            capture_output=True,
            text=True,
            check=True,
        )
        answer = json.loads(run.stdout or "{}")
        session = session or answer["id"]
        if line.count("events"):
            assert answer["packet"]["blends"]


@pytest.mark.parametrize("line", commands("capsulecast"))
def test_the_command_lines_succeed(line: str, tmp_path: Path) -> None:
    arguments = shlex.split(line)[1:]
    given = [item for item in arguments if item.startswith("--")]
    if arguments[0] in NEEDING or "--server" in given:
        # What it works on is not there; that each flag is known shows all the same.
        words = list(takewhile(lambda item: item.islower() and item[0] != "-", arguments))
        named = [item for item in words if "." not in item]
        arguments = [*named, "--help"]
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path)}
    run = subprocess.run(
        [CAPSULECAST, *arguments], capture_output=True, text=True, check=False, env=environment
    )
    assert all(flag in run.stdout for flag in given if arguments[-1] == "--help")
    assert run.returncode == 0, run.stderr
    assert run.stdout


def test_the_picture_and_the_documents_it_links_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_every_benchmark_it_names_exists() -> None:
    for name in re.findall(r"python -m benchmarks (\w+)", README):
        assert (ROOT / "benchmarks" / f"{name}.py").exists()
