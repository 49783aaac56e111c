import json
from pathlib import Path

import pytest

from control_plane.cli import main
from control_plane.settings import Settings


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out.startswith("capsulecast ")


def test_every_setting_is_a_flag_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["serve", "--help"])
    assert end.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for name, field in Settings.model_fields.items():
        assert f"--{name.replace('_', '-')}" in text
        assert field.description
    assert "(default: 512x512)" in text
    assert "Undefined" not in text


def test_bad_flag_value_ends_with_2_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["serve", "--size", "huge"])
    assert end.value.code == 2
    message = capsys.readouterr().err
    assert (
        message
        == "capsulecast: --size: cannot use 'huge': expected WIDTHxHEIGHT, such as 512x512\n"
    )


def test_bad_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CAPSULECAST_MAX_SESSIONS", "many")
    with pytest.raises(SystemExit) as end:
        main(["library", "list"])
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("capsulecast: CAPSULECAST_MAX_SESSIONS: ")


@pytest.mark.parametrize("arguments", [[], ["library"], ["serve", "--nothing"], ["dance"]])
def test_what_cannot_be_understood_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2


def test_library_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    kinds = {row["kind"] for row in rows}
    assert {"face", "hand", "voice", "expression"} <= kinds
    assert main(["library", "list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(rows)


@pytest.mark.parametrize("name", ["E_0001", "greeting", "VF_NEUTRAL"])
def test_one_of_the_library_is_shown(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "show", name, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert name in (shown.get("id"), shown.get("name"), shown.get("cid"))


def test_unknown_id_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "show", "VF_NOT_THERE"]) == 1
    assert "VF_NOT_THERE" in capsys.readouterr().err


def test_our_library_has_no_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "check", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    assert [one for one in findings if one["severity"] == "error"] == []


def test_library_with_errors_fails_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsule = {
        "cid": "VF_ODD",
        "layer": "face",
        "description": "Points to nothing",
        "duration_ms": 500,
        "components": [{"cid": "VF_NOT_THERE", "weight": 1.0}],
    }
    (tmp_path / "own.json").write_text(json.dumps({"capsules": [capsule]}))
    assert main(["library", "check", "--json", "--library", str(tmp_path)]) == 1
    findings = json.loads(capsys.readouterr().out)
    assert any("VF_NOT_THERE" in one["message"] for one in findings)


def test_broken_library_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.json").write_text("{")
    assert main(["library", "list", "--library", str(tmp_path)]) == 1
    assert "broken.json" in capsys.readouterr().err
