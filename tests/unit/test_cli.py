import json
import re
from pathlib import Path

import pytest

from capsules.library import load_library
from compositor import select
from compositor.adapter import Adapter
from compositor.errors import BackendUnavailableError
from control_plane.cli import main
from control_plane.settings import Settings


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out.startswith("capsulecast ")


def test_version_is_a_flag_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("capsulecast ")


def test_bad_certificate_ends_with_2_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_text("junk")
    key.write_text("junk")
    assert main(["serve", "--port", "0", "--tls-cert", str(cert), "--tls-key", str(key)]) == 2
    (message,) = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("capsulecast: ")
    ]
    assert str(cert) in message
    assert "secret" not in message


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
    assert main(["serve", "--size", "huge"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("capsulecast: --size: cannot use 'huge': expected WIDTHxHEIGHT, such")
    assert message.count("\n") == 1


def test_bad_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CAPSULECAST_MAX_SESSIONS", "many")
    assert main(["library", "list"]) == 2
    assert capsys.readouterr().err.startswith("capsulecast: CAPSULECAST_MAX_SESSIONS: ")


@pytest.mark.parametrize(
    "arguments", [[], ["library"], ["serve", "--nothing"], ["serve", "--gr", "1"], ["dance"]]
)
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


def test_ones_own_capsules_are_listed_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads(load_library().capsules["VF_NOD"].model_dump_json(exclude_none=True))
    content = {"capsules": [record | {"cid": "VF_MY_NOD"}]}
    (tmp_path / "mine.json").write_text(json.dumps(content))
    assert main(["library", "show", "VF_MY_NOD", "--capsules", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["cid"] == "VF_MY_NOD"
    monkeypatch.setenv("CAPSULECAST_CAPSULES", str(tmp_path))
    assert main(["library", "list", "--json"]) == 0
    ids = {row["id"] for row in json.loads(capsys.readouterr().out)}
    assert {"VF_MY_NOD", "VF_NOD"} <= ids


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


def test_example_of_the_documents_has_no_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).parents[2] / "docs" / "capsules.md").read_text()
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    (tmp_path / "own.json").write_text(json.dumps({"capsules": [json.loads(example)]}))
    code = main(["library", "check", "--json", "--library", str(tmp_path)])
    findings = json.loads(capsys.readouterr().out)
    # One capsule leaves most of the emotions' cube empty, and the packaged hands are not there.
    assert {one["code"] for one in findings} <= {"coverage", "hand-count"}
    assert code == 0


def test_single_finding_is_no_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsule = {
        "cid": "HF_ODD",
        "layer": "hand",
        "description": "Points to nothing",
        "duration_ms": 500,
        "components": [{"cid": "HF_NOT_THERE", "weight": 1.0}],
    }
    (tmp_path / "own.json").write_text(json.dumps({"capsules": [capsule]}))
    assert main(["library", "check", "--library", str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == ["1 finding"]


def test_broken_library_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.json").write_text("{")
    assert main(["library", "list", "--library", str(tmp_path)]) == 1
    assert "broken.json" in capsys.readouterr().err


ADAPTERS = (
    Adapter(0, "Radeon RX 7600", "DiscreteGPU", "Vulkan"),
    Adapter(1, "llvmpipe", "CPU", "Vulkan"),
)


def test_gpus_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(select, "adapters", lambda: ADAPTERS)
    assert main(["gpus"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "  0  Radeon RX 7600  DiscreteGPU   Vulkan",
        "  1  llvmpipe        CPU           Vulkan",
    ]
    assert main(["gpus", "--json"]) == 0
    assert [Adapter(**row) for row in json.loads(capsys.readouterr().out)] == list(ADAPTERS)


def test_machine_without_gpus_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(select, "adapters", lambda: ())
    assert main(["gpus"]) == 0
    assert "no graphics adapter" in capsys.readouterr().out
    assert main(["gpus", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_gpus_that_cannot_be_asked_for_are_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise BackendUnavailableError("wgpu cannot be loaded here: no library")

    monkeypatch.setattr(select, "adapters", broken)
    assert main(["gpus"]) == 1
    assert capsys.readouterr().err == "capsulecast: wgpu cannot be loaded here: no library\n"


def test_library_generate_writes_a_library_that_can_be_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "micro"
    assert main(["library", "generate", "--count", "60", "--out", str(folder)]) == 0
    assert "60 capsules" in capsys.readouterr().out
    first = (folder / "micro.json").read_bytes()
    assert main(["library", "check", "--library", str(folder), "--micro", "0"]) == 0
    assert main(["library", "generate", "--count", "60", "--out", str(folder)]) == 1
    assert "--force" in capsys.readouterr().err
    assert main(["library", "generate", "--count", "60", "--out", str(folder), "--force"]) == 0
    assert (folder / "micro.json").read_bytes() == first


@pytest.mark.parametrize("count", ["0", "-1", "10001"])
def test_library_generate_refuses_a_number_it_cannot_make(
    count: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["library", "generate", "--count", count, "--out", str(tmp_path)]) == 2
    assert "expected" in capsys.readouterr().err


def test_library_shows_generated_micro_capsules_that_are_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["library", "show", "VF_10007", "--micro", "10"]) == 0
    assert "VF_10007" in capsys.readouterr().out
