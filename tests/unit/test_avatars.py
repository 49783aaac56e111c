import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from capsules.errors import PackError
from capsules.pack import save_pack
from control_plane.errors import InvalidArgumentError, NotFoundError
from control_plane.studio.avatars import Avatars
from tests.unit.avatars import synthetic_avatar


def avatars(folder: Path) -> Avatars:
    return Avatars(folder / "avatars", folder / "cache")


def bake(folder: Path, name: str, consent: str = "Ada, today") -> None:
    avatar = synthetic_avatar(0.1)
    provenance = replace(avatar.provenance, consent=consent)
    pack = folder / "avatars" / name
    save_pack(replace(avatar, name=name, provenance=provenance), pack)


def names(folder: Path) -> list[str]:
    return [item.name for item in asyncio.run(avatars(folder).all())]


def test_the_programs_own_come_first_then_the_baked_ones(tmp_path: Path) -> None:
    for name in ("zoe", "ada"):
        bake(tmp_path, name)
    assert names(tmp_path) == ["mira", "ada", "zoe"]


def test_what_is_no_avatar_is_left_out(tmp_path: Path) -> None:
    bake(tmp_path, "ada")
    bake(tmp_path, "mira")
    shutil.copytree(tmp_path / "avatars" / "ada", tmp_path / "avatars" / ".baking-1")
    (tmp_path / "avatars" / "notes").mkdir()
    damaged = tmp_path / "avatars" / "damaged"
    damaged.mkdir()
    (damaged / "avatar.json").write_text("{")
    found = asyncio.run(avatars(tmp_path).all())
    assert [(item.name, item.builtin) for item in found] == [("mira", True), ("ada", False)]
    with pytest.raises(PackError):
        asyncio.run(avatars(tmp_path).get("damaged"))


def test_an_avatar_that_is_baked_again_is_read_again(tmp_path: Path) -> None:
    found = avatars(tmp_path)
    bake(tmp_path, "ada")
    first = asyncio.run(found.get("ada"))
    assert asyncio.run(found.get("ada")) is first
    bake(tmp_path, "ada", "Ada, tomorrow")
    second = asyncio.run(found.get("ada"))
    assert (first.consent, second.consent) == ("Ada, today", "Ada, tomorrow")
    assert first.stamp != second.stamp


def test_deleting_takes_the_baked_one_and_leaves_the_others(tmp_path: Path) -> None:
    for name in ("ada", "zoe"):
        bake(tmp_path, name)
    found = avatars(tmp_path)
    asyncio.run(found.delete("ada"))
    assert [path.name for path in (tmp_path / "avatars").iterdir()] == ["zoe"]
    for name in ("ada", "", "..", "../avatars/zoe", "."):
        with pytest.raises(NotFoundError):
            asyncio.run(found.delete(name))
    with pytest.raises(InvalidArgumentError, match="user's own"):
        asyncio.run(found.delete("mira"))
    assert names(tmp_path) == ["mira", "zoe"]
