import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from capsules.avatar import Avatar
from capsules.errors import UnknownCapsuleError
from capsules.library import Library, load_library
from capsules.pack import builtin_avatar
from compositor.backend import I420
from compositor.drawlist import DrawList
from control_plane.errors import InvalidArgumentError, UnavailableError
from control_plane.studio.avatars import AvatarInfo
from control_plane.studio.thumbnails import Thumbnails
from tests.unit.fake_media import FakeMedia

LIBRARY = load_library()


class BlindMedia(FakeMedia):
    async def picture(
        self, library: Library, avatar: str, compose: Callable[[Avatar], DrawList]
    ) -> I420 | None:
        return None


def mira(stamp: int = 0) -> AvatarInfo:
    return AvatarInfo("mira", True, "", "", "", "", True, (), stamp)


def test_pictures_are_kept_by_capsule_side_and_avatar() -> None:
    async def test() -> None:
        media = FakeMedia()
        thumbnails = Thumbnails(media)
        first = await thumbnails.png(LIBRARY, mira(), "HF_041", 96)
        assert first.startswith(b"\x89PNG")
        assert await thumbnails.png(LIBRARY, mira(), "HF_041", 96) is first
        await thumbnails.png(LIBRARY, mira(1), "HF_041", 96)
        await thumbnails.png(LIBRARY, mira(), "HF_042", 96)
        await thumbnails.png(LIBRARY, mira(), "HF_041", 128)
        assert len(media.drawn) == 4

    asyncio.run(test())


class MiraMedia(FakeMedia):
    def __init__(self, cache_dir: Path) -> None:
        super().__init__()
        self._mira = builtin_avatar("mira", cache_dir)

    async def picture(
        self, library: Library, avatar: str, compose: Callable[[Avatar], DrawList]
    ) -> I420 | None:
        return await super().picture(library, avatar, lambda _: compose(self._mira))


def test_a_hand_is_shown_where_it_is_up_and_a_face_from_near(tmp_path: Path) -> None:
    async def test() -> None:
        media = MiraMedia(tmp_path)
        thumbnails = Thumbnails(media)
        await thumbnails.png(LIBRARY, mira(), "HF_041", 96)
        await thumbnails.png(LIBRARY, mira(), "VF_JOY_HIGH", 96)
        await thumbnails.png(LIBRARY, mira(), "LD_DIM", 96)
        await thumbnails.png(LIBRARY, mira(), "CS_PUSH_IN", 96)
        hand, face, light, camera = media.drawn
        assert light.light.exposure < -0.1
        assert camera.camera.zoom > 1.04 * hand.camera.zoom
        assert min(move.y for move in hand.transforms) < -50.0
        assert face.camera.zoom > 1.2 * hand.camera.zoom

    asyncio.run(test())


def test_what_cannot_be_drawn_is_told() -> None:
    async def test() -> None:
        thumbnails = Thumbnails(FakeMedia())
        for side in (0, 94, 97, 322, 10_000):
            with pytest.raises(InvalidArgumentError, match="even number"):
                await thumbnails.png(LIBRARY, mira(), "HF_041", side)
        with pytest.raises(UnknownCapsuleError):
            await thumbnails.png(LIBRARY, mira(), "HF_NOTHING", 96)
        with pytest.raises(UnavailableError, match="HF_041"):
            await Thumbnails(BlindMedia()).png(LIBRARY, mira(), "HF_041", 96)

    asyncio.run(test())
