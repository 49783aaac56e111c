import json
from collections.abc import Callable
from pathlib import Path

import pytest

from control_plane.cli import main
from control_plane.settings import Settings
from control_plane.study import rendering
from storage.studies import Unshown

EXAMPLE = Path(__file__).parents[2] / "docs" / "study_example.json"

Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `capsulecast study` on a database of the test's own, with films that are text."""

    async def film(_settings: Settings, item: Unshown, path: Path) -> None:
        spoken = "" if item.scene == "bad-news" else item.variant
        path.write_text(f"{item.scene} {spoken}")  # noqa: ASYNC240 - nothing waits for it

    monkeypatch.setattr(rendering, "film_variant", film)
    monkeypatch.setenv("CAPSULECAST_DATABASE", f"sqlite:///{tmp_path / 'test.sqlite'}")
    monkeypatch.setenv("CAPSULECAST_MEDIA", str(tmp_path / "media"))
    monkeypatch.setenv("CAPSULECAST_CACHE_DIR", str(tmp_path / "cache"))
    return lambda *arguments: main(["study", *map(str, arguments)])


def test_the_documented_example_goes_all_the_way(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("create", EXAMPLE) == 0
    assert "mood-blend: not opened yet; paired, 2 variants in 2 scenes" in capsys.readouterr().out
    assert run("open", "mood-blend") == 1
    assert "nothing to show" in capsys.readouterr().err
    assert run("render", "mood-blend") == 0
    told = capsys.readouterr().out
    assert "4 films were made" in told
    assert "in bad-news the films of blended and nearest are the same, byte for byte" in told
    assert "good-news the films" not in told
    assert run("render", "mood-blend") == 0
    assert "0 films were made" in capsys.readouterr().out
    assert run("open", "mood-blend", "--json") == 0
    (state,) = json.loads(capsys.readouterr().out)
    assert (state["name"], state["open"], state["missingFilms"]) == ("mood-blend", True, 0)
    assert run("results", "mood-blend") == 0
    assert "There are no answers yet." in capsys.readouterr().out
    assert run("results", "mood-blend", "--csv") == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("participant,variant,scene")
    assert run("results", "mood-blend", "--json") == 0
    assert json.loads(capsys.readouterr().out)["seed"] == 7
    assert run("delete", "mood-blend") == 1
    assert "is open" in capsys.readouterr().err
    assert run("close", "mood-blend") == 0
    assert run("list") == 0
    assert "mood-blend: closed" in capsys.readouterr().out
    assert run("delete", "mood-blend") == 0
    assert capsys.readouterr().out == "mood-blend: deleted\n"
    assert run("list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_what_is_wrong_is_told_on_a_line(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "study.json"
    file.write_text('{"name": "x", "design": "paired"}')
    assert run("create", file) == 1
    assert capsys.readouterr().err == "capsulecast: variants: field required\n"
    assert run("create", tmp_path / "missing.json") == 1
    assert "missing.json" in capsys.readouterr().err
    assert run("results", "nothing") == 1
    assert capsys.readouterr().err == "capsulecast: there is no study 'nothing'\n"
