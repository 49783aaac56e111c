"""Looks are kept beside an avatar's pack, and worn only by the avatar that they were made for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.errors import PackError
from capsules.looks import look_grid, store_looks, storing_looks, with_looks
from capsules.pack import load_pack, save_pack
from capsules.targets import LOOKS, target
from tests.unit.face_avatar import face_avatar

AVATAR = face_avatar()


def look(level: int) -> NDArray[np.int8]:
    return np.full((*look_grid(AVATAR)[1], 3), level, np.int8)


def test_an_avatar_wears_the_looks_that_were_kept(tmp_path: Path) -> None:
    names = store_looks(tmp_path, AVATAR, "VF_201", [look(5), look(-7)])
    worn = with_looks(AVATAR, tmp_path).part("face")
    assert names == LOOKS[:2]
    for name, level in zip(names, (5, -7), strict=True):
        residual = worn.bases[name].residual
        assert residual is not None
        assert (residual == level).all()
        assert not worn.bases[name].delta.any()
        assert target(name).minimum == -1.0
    assert set(worn.bases) == {*AVATAR.part("face").bases, *names}


def test_an_avatar_with_looks_is_a_whole_one(tmp_path: Path) -> None:
    store_looks(tmp_path, AVATAR, "VF_201", [look(5)])
    save_pack(with_looks(AVATAR, tmp_path), tmp_path / "pack")
    assert "look01" in load_pack(tmp_path / "pack").basis_names


def test_a_capsule_that_is_imported_again_replaces_its_looks(tmp_path: Path) -> None:
    store_looks(tmp_path, AVATAR, "VF_201", [look(5), look(6)])
    assert store_looks(tmp_path, AVATAR, "VF_202", [look(7)]) == ("look03",)
    assert store_looks(tmp_path, AVATAR, "VF_201", [look(8)]) == ("look01",)
    assert {"look01", "look03"} <= with_looks(AVATAR, tmp_path).basis_names
    assert "look02" not in with_looks(AVATAR, tmp_path).basis_names
    store_looks(tmp_path, AVATAR, "VF_201", [])
    store_looks(tmp_path, AVATAR, "VF_202", [])
    assert list(tmp_path.iterdir()) == []


def test_looks_stay_as_they_were_where_their_capsule_is_not_stored(tmp_path: Path) -> None:
    def refused(*looks: NDArray[np.int8]) -> None:
        with storing_looks(tmp_path, AVATAR, "VF_201", looks) as names:
            assert len(names) == len(looks)
            raise KeyError("refused")

    def fails(*looks: NDArray[np.int8]) -> None:
        with pytest.raises(KeyError):
            refused(*looks)

    fails(look(5))
    assert list(tmp_path.iterdir()) == []
    store_looks(tmp_path, AVATAR, "VF_201", [look(5), look(6)])
    (file,) = tmp_path.iterdir()
    before = file.read_bytes()
    fails(look(7))
    fails()
    assert file.read_bytes() == before
    with storing_looks(tmp_path, AVATAR, "VF_201", [look(7)]):
        pass
    assert file.read_bytes() != before


def test_no_two_avatars_share_a_name(tmp_path: Path) -> None:
    """A capsule for the one would otherwise show a look of the other's."""
    other = replace(AVATAR, name="other")
    store_looks(tmp_path, AVATAR, "VF_201", [look(5)])
    assert store_looks(tmp_path, other, "VF_202", [look(6)]) == ("look02",)
    assert "look01" not in with_looks(other, tmp_path).basis_names


def test_a_version_that_a_server_names_wears_them_too(tmp_path: Path) -> None:
    store_looks(tmp_path, AVATAR, "VF_201", [look(5)])
    assert "look01" in with_looks(replace(AVATAR, name="faced-2"), tmp_path).basis_names


def test_looks_of_another_build_are_left_out(tmp_path: Path) -> None:
    face = AVATAR.part("face")
    moved = replace(face, uv=face.uv * np.float32(0.9))
    parts = tuple(moved if one is face else one for one in AVATAR.parts)
    store_looks(tmp_path, replace(AVATAR, parts=parts), "VF_201", [look(5)])
    assert with_looks(AVATAR, tmp_path).basis_names == AVATAR.basis_names


def test_a_damaged_file_costs_the_looks_and_not_the_avatar(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "faced.looks.safetensors").write_bytes(b"damaged")
    assert with_looks(AVATAR, tmp_path) is AVATAR
    assert "looks are left out" in caplog.text


def test_more_looks_than_there_are_names_are_refused(tmp_path: Path) -> None:
    for number in range(len(LOOKS) // 4):
        store_looks(tmp_path, AVATAR, f"VF_{201 + number}", [look(1)] * 4)
    with pytest.raises(PackError, match="1 looks for VF_900, and 0 of 24 are free"):
        store_looks(tmp_path, AVATAR, "VF_900", [look(1)])
