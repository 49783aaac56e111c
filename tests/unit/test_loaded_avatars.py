import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from capsules.avatar import Avatar
from capsules.errors import PackError
from capsules.pack import load_pack, save_pack
from control_plane import loaded_avatars
from control_plane.errors import InvalidArgumentError
from control_plane.loaded_avatars import LoadedAvatars
from tests.unit.avatars import synthetic_avatar


@pytest.fixture
def avatars(tmp_path: Path) -> LoadedAvatars:
    return LoadedAvatars(tmp_path / "avatars", tmp_path / "cache")


def put(folder: Path, name: str, consent: str = "first") -> None:
    """An avatar of that name, in place of any that was there."""
    avatar = synthetic_avatar()
    avatar = replace(avatar, name=name, provenance=replace(avatar.provenance, consent=consent))
    save_pack(avatar, folder / ".new")
    if (folder / name).exists():
        (folder / name).rename(folder / ".old")
    (folder / ".new").rename(folder / name)
    shutil.rmtree(folder / ".old", ignore_errors=True)


def get(avatars: LoadedAvatars, name: str) -> Avatar:
    return asyncio.run(avatars.get(name))


def test_built_in_avatar_needs_no_folder(avatars: LoadedAvatars) -> None:
    assert get(avatars, "mira").name == "mira"


def test_unknown_avatar_is_refused_with_those_there_are(
    avatars: LoadedAvatars, tmp_path: Path
) -> None:
    put(tmp_path / "avatars", "ada")
    (tmp_path / "avatars" / ".baking-bob-1" / "new").mkdir(parents=True)
    (tmp_path / "avatars" / "empty").mkdir()
    for name in ("eve", "empty", "../avatars/ada", ".baking-bob-1", "", "ada-2"):
        with pytest.raises(InvalidArgumentError, match=r"expected one of ada, mira$") as caught:
            get(avatars, name)
        assert caught.value.field == "options.avatar"


def test_baked_avatar_is_read_once(avatars: LoadedAvatars, tmp_path: Path) -> None:
    put(tmp_path / "avatars", "ada")
    first = get(avatars, "ada")
    assert (first.name, first.provenance.consent) == ("ada", "first")
    assert get(avatars, "ada") is first


def test_avatar_baked_again_is_another_one(avatars: LoadedAvatars, tmp_path: Path) -> None:
    put(tmp_path / "avatars", "ada")
    first = get(avatars, "ada")
    put(tmp_path / "avatars", "ada", "second")
    second = get(avatars, "ada")
    assert second.provenance.consent == "second"
    assert second.name != first.name
    assert get(avatars, "ada") is second


def test_sessions_made_at_once_share_one_version(avatars: LoadedAvatars, tmp_path: Path) -> None:
    put(tmp_path / "avatars", "ada")

    async def both() -> list[Avatar]:
        return await asyncio.gather(*(avatars.get("ada") for _ in range(3)))

    assert len({id(avatar) for avatar in asyncio.run(both())}) == 1


def test_deleted_avatar_is_unknown(avatars: LoadedAvatars, tmp_path: Path) -> None:
    put(tmp_path / "avatars", "ada")
    get(avatars, "ada")
    shutil.rmtree(tmp_path / "avatars" / "ada")
    with pytest.raises(InvalidArgumentError):
        get(avatars, "ada")


def test_folder_that_was_renamed_has_the_name_it_bears(
    avatars: LoadedAvatars, tmp_path: Path
) -> None:
    put(tmp_path / "avatars", "ada")
    (tmp_path / "avatars" / "ada").rename(tmp_path / "avatars" / "eve")
    assert get(avatars, "eve").name == "eve"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("avatar.json", b"{"),
        ("avatar.json", b"{}"),
        ("background.safetensors", b"junk"),
        ("background.safetensors", None),
    ],
)
def test_broken_pack_is_named(
    avatars: LoadedAvatars, tmp_path: Path, file: str, content: bytes | None
) -> None:
    put(tmp_path / "avatars", "ada")
    broken = tmp_path / "avatars" / "ada" / file
    assert broken.exists()
    broken.unlink() if content is None else broken.write_bytes(content)
    with pytest.raises(PackError, match="ada"):
        get(avatars, "ada")


def test_pack_replaced_while_it_is_read_is_read_again(
    avatars: LoadedAvatars, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "avatars"
    put(folder, "ada")
    reads = list[Avatar]()

    def read(pack: Path) -> Avatar:
        avatar = load_pack(pack)
        if not reads:
            put(folder, "ada", "second")
        reads.append(avatar)
        return avatar

    monkeypatch.setattr(loaded_avatars, "load_pack", read)
    assert get(avatars, "ada").provenance.consent == "second"
    assert len(reads) == 2


def test_pack_that_never_rests_is_given_up(
    avatars: LoadedAvatars, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "avatars"
    put(folder, "ada")

    def read(pack: Path) -> Avatar:
        avatar = load_pack(pack)
        put(folder, "ada")
        return avatar

    monkeypatch.setattr(loaded_avatars, "load_pack", read)
    with pytest.raises(PackError, match="is being replaced or deleted"):
        get(avatars, "ada")
