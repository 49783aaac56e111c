import io
import json
import sys
from pathlib import Path

import pytest

from control_plane.cli import main

KEYS = ["valence", "arousal", "dominance", "intensity", "label", "confidence"]


def _feed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def test_every_line_gets_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _feed(monkeypatch, b'{"text": "I love this!"}\n\n{"text": "", "id": 7}\n')
    assert main(["appraise"]) == 0
    loved, empty = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert list(loved) == KEYS
    assert loved["valence"] > 0.3
    assert empty["label"] == "neutral"


def test_bad_lines_are_told_by_number_and_the_rest_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = [b"nope", b'{"text": 3}', b'["text"]', b'{"text": "caf\xe9"}', b"[" * 100_000]
    _feed(monkeypatch, b'{"text": "fine"}\n' + b"\n".join(bad) + b'\n{"text": "sad"}\n')
    assert main(["appraise"]) == 1
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 2
    lines = told.err.splitlines()
    assert [line.split(":")[1] for line in lines] == [f" line {number}" for number in range(2, 7)]
    assert "not JSON" in lines[0]
    assert "expected a string" in lines[1]
    assert "UTF-8" in lines[3]


def test_file_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"text": "This is not good."}\n')
    assert main(["appraise", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["valence"] < -0.3


def test_file_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["appraise", str(tmp_path / "none.jsonl")]) == 1
    assert "none.jsonl" in capsys.readouterr().err


def test_model_of_ones_own_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["appraise", "--appraiser", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "no model.onnx" in error
    assert "no tokenizer.json" in error
