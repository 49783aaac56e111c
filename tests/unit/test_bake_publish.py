import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from capsules.avatar import Avatar
from capsules.bake.errors import AvatarExistsError, AvatarFolderError, CancelledBakeError
from capsules.bake.publish import publish
from capsules.errors import PackError
from capsules.pack import load_pack
from tests.unit.avatars import synthetic_avatar

# Publishes the synthetic avatar under the name given, and dies before the write of that number, or
# when the pack is about to get its name.
DYING = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from capsules.bake.publish import publish
from tests.unit.avatars import synthetic_avatar

folder, name, dies_at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
written, write = 0, Path.write_bytes

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def counted(path, content):
    global written
    if written == dies_at:
        write(path, content[: len(content) // 2])
        die()
    written += 1
    return write(path, content)

Path.write_bytes = counted
publish(replace(synthetic_avatar(), name=name), folder, replaces=True, go_on=die)
"""


def named(name: str, consent: str = "not a real person") -> Avatar:
    avatar = synthetic_avatar()
    return replace(avatar, name=name, provenance=replace(avatar.provenance, consent=consent))


def consent_of(pack: Path) -> str:
    return str(json.loads((pack / "avatar.json").read_text())["provenance"]["consent"])


def test_a_pack_gets_its_name_and_nothing_else_stays(tmp_path: Path) -> None:
    pack = publish(named("ada"), tmp_path / "deep" / "avatars", replaces=False)
    assert pack == tmp_path / "deep" / "avatars" / "ada"
    assert load_pack(pack).name == "ada"
    assert [path.name for path in pack.parent.iterdir()] == ["ada"]


@pytest.mark.skipif(os.name != "posix", reason="the system has no such modes")
def test_nobody_else_may_look_into_a_pack(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        pack = publish(named("ada"), tmp_path / "avatars", replaces=False)
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (pack.parent, pack)} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in pack.iterdir()} == {0o600}


def test_an_avatar_is_not_replaced_unless_wished(tmp_path: Path) -> None:
    publish(named("ada", "first"), tmp_path, replaces=False)
    with pytest.raises(AvatarExistsError, match=r"an avatar 'ada' in .* already; --force replaces"):
        publish(named("ada", "second"), tmp_path, replaces=False)
    assert consent_of(tmp_path / "ada") == "first"
    publish(named("ada", "second"), tmp_path, replaces=True)
    assert consent_of(tmp_path / "ada") == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["ada"]


def test_what_is_mapped_of_a_replaced_avatar_stays_readable(tmp_path: Path) -> None:
    before = load_pack(publish(named("ada"), tmp_path, replaces=False))
    total = before.parts[0].texture.sum()
    publish(named("ada"), tmp_path, replaces=True)
    assert before.parts[0].texture.sum() == total


def test_who_stops_it_leaves_nothing(tmp_path: Path) -> None:
    def stop() -> None:
        raise CancelledBakeError("stopped")

    publish(named("ada", "first"), tmp_path, replaces=False)
    for name in ("ada", "bob"):
        with pytest.raises(CancelledBakeError):
            publish(named(name, "second"), tmp_path, replaces=True, go_on=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["ada"]
    assert consent_of(tmp_path / "ada") == "first"


def test_a_rename_that_fails_brings_back_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(named("ada", "first"), tmp_path, replaces=False)
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(AvatarFolderError, match="cannot hold the avatar: Input/output error"):
        publish(named("ada", "second"), tmp_path, replaces=True)
    assert consent_of(tmp_path / "ada") == "first"


def test_of_two_at_once_the_quicker_one_stays(tmp_path: Path) -> None:
    def other_is_quicker() -> None:
        publish(named("ada", "quicker"), tmp_path, replaces=False)

    # It looks whether the name is free before it writes, and once more right before it renames.
    with pytest.raises(AvatarExistsError):
        publish(named("ada", "slower"), tmp_path, replaces=False, go_on=other_is_quicker)
    assert consent_of(tmp_path / "ada") == "quicker"


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "avatars").write_text("no folder")
    with pytest.raises(AvatarFolderError, match=r"avatars cannot hold the avatar"):
        publish(named("ada"), tmp_path / "avatars", replaces=False)


def test_an_avatar_that_does_not_hold_together_is_not_published(tmp_path: Path) -> None:
    avatar = named("ada")
    broken = replace(
        avatar, parts=(replace(avatar.parts[0], triangles=avatar.parts[0].triangles + 999),)
    )
    with pytest.raises(PackError):
        publish(broken, tmp_path, replaces=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
@pytest.mark.parametrize("dies_at", [1, 999])
def test_a_killed_process_leaves_the_old_pack_or_none(tmp_path: Path, dies_at: int) -> None:
    publish(named("ada", "first"), tmp_path, replaces=False)
    for name in ("ada", "bob"):
        done = subprocess.run(
            [sys.executable, "-c", DYING, str(tmp_path), name, str(dies_at)],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            check=False,
        )
        assert done.returncode == -signal.SIGKILL
    assert consent_of(tmp_path / "ada") == "first"
    assert load_pack(tmp_path / "ada").name == "ada"
    assert not (tmp_path / "bob").exists()
    left = [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert len(left) == 2
    _make_old(*left)
    publish(named("carl"), tmp_path, replaces=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ada", "carl"]


def test_what_another_process_writes_now_is_not_cleared(tmp_path: Path) -> None:
    (tmp_path / ".baking-bob-xyz").mkdir()
    publish(named("ada"), tmp_path, replaces=False)
    assert (tmp_path / ".baking-bob-xyz").exists()


def test_a_pack_moved_aside_by_a_killed_process_comes_back(tmp_path: Path) -> None:
    publish(named("ada", "first"), tmp_path, replaces=False)
    aside = tmp_path / ".baking-ada-xyz"
    aside.mkdir()
    (tmp_path / "ada").rename(aside / "old")
    _make_old(aside)
    publish(named("bob"), tmp_path, replaces=False)
    assert consent_of(tmp_path / "ada") == "first"
    assert not aside.exists()


def _make_old(*paths: Path) -> None:
    before = time.time() - 2 * 3600
    for path in paths:
        os.utime(path, (before, before))
