"""Baking in a process of its own, with a stand-in for what the process does."""

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from capsules.bake.errors import (
    AvatarNameError,
    BakeUnavailableError,
    ModelMissingError,
    NoFaceError,
)
from control_plane.errors import ResourceExhaustedError, UnavailableError, status_of
from control_plane.studio.baker import Baked, BakeOrder, Baker, FacePoints
from control_plane.studio.workshop import MAX_WAITING, Workshop, WorkshopOptions, WorkStep

LIMIT_S = 20.0


def run(folder: Path, test: Callable[[Baker, Workshop], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        workshop = Workshop(WorkshopOptions(None, folder / "cache", "tests.integration.bake_child"))
        try:
            async with asyncio.timeout(LIMIT_S):
                await test(Baker(workshop, folder / "avatars"), workshop)
        finally:
            await workshop.aclose()

    asyncio.run(main())


def order(name: str, points: FacePoints | None = None) -> BakeOrder:
    return BakeOrder(b"a photo", name, "Ada, today", face=2, hands=False, points=points)


async def told(baker: Baker, what: BakeOrder) -> list[WorkStep | Baked]:
    return [item async for item in baker.bake(what)]


def is_gone(asked: dict[str, Any]) -> bool:
    return not Path(asked["photo"]).exists()


def photo_of(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "avatars" / name / "order.json").read_bytes())
    return found


def test_a_baking_tells_its_steps_then_that_it_is_done(tmp_path: Path) -> None:
    async def test(baker: Baker, _: Workshop) -> None:
        assert await told(baker, order("ada")) == [WorkStep("building the rig", 0.25), Baked("ada")]
        asked = photo_of(tmp_path, "ada")
        assert (asked["consent"], asked["face"], asked["hands"]) == ("Ada, today", 2, False)
        assert is_gone(asked), "the photo is kept nowhere"

    run(tmp_path, test)


def test_corrected_points_go_along_as_a_file_of_landmarks(tmp_path: Path) -> None:
    points = FacePoints(tuple(range(1404)), tuple(range(20)))

    async def test(baker: Baker, _: Workshop) -> None:
        await told(baker, order("ada", points))
        content = json.loads((tmp_path / "avatars" / "ada" / "landmarks.json").read_bytes())
        assert content["landmarks"][1] == [3, 4, 5]
        assert content["irises"][1] == [[10, 11], [12, 13], [14, 15], [16, 17], [18, 19]]
        assert "eye_contours" not in content

    run(tmp_path, test)


def test_a_refusal_keeps_its_class_and_says_nothing_of_our_files(tmp_path: Path) -> None:
    async def test(baker: Baker, _: Workshop) -> None:
        with pytest.raises(NoFaceError, match=r"^the photo shows nobody$"):
            await told(baker, order("refused"))

    run(tmp_path, test)


def test_what_nobody_foresaw_is_an_internal_error(tmp_path: Path) -> None:
    async def test(baker: Baker, _: Workshop) -> None:
        with pytest.raises(Exception, match="secret") as caught:
            await told(baker, order("damaged"))
        assert status_of(caught.value).code == "INTERNAL"

    run(tmp_path, test)


def test_a_process_that_is_lost_is_told(tmp_path: Path) -> None:
    async def test(baker: Baker, _: Workshop) -> None:
        with pytest.raises(UnavailableError, match="without an answer"):
            await told(baker, order("lost"))

    run(tmp_path, test)


async def begun(baker: Baker) -> "asyncio.Task[None]":
    """A baking that is under way and will not end by itself."""
    under_way = asyncio.Event()

    async def follow() -> None:
        async for _ in baker.bake(order("slow")):
            under_way.set()

    task = asyncio.create_task(follow())
    await under_way.wait()
    return task


def test_cancelling_ends_the_process_and_the_next_takes_its_turn(tmp_path: Path) -> None:
    async def test(baker: Baker, workshop: Workshop) -> None:
        task = await begun(baker)
        waiting = asyncio.create_task(told(baker, order("next")))
        await asyncio.sleep(0)
        (process,) = workshop.running
        task.cancel()
        steps = await waiting
        assert steps[0] == WorkStep("waiting for other work", 0.0)
        assert steps[-1] == Baked("next")
        assert process.returncode is not None
        asked = json.loads((tmp_path / "avatars" / "slow.json").read_bytes())
        assert is_gone(asked)

    run(tmp_path, test)


def test_closing_the_iterator_half_way_ends_the_process(tmp_path: Path) -> None:
    async def test(baker: Baker, workshop: Workshop) -> None:
        async with aclosing(baker.bake(order("slow"))) as telling:
            assert await anext(telling) == WorkStep("building the rig", 0.25)
            (process,) = workshop.running
        assert process.returncode is not None
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)

    run(tmp_path, test)


async def wait(baker: Baker) -> None:
    await told(baker, order("slow"))


def test_no_more_than_a_few_wait(tmp_path: Path) -> None:
    async def test(baker: Baker, _: Workshop) -> None:
        tasks = [await begun(baker)]
        tasks += [asyncio.create_task(wait(baker)) for _ in range(MAX_WAITING)]
        await asyncio.sleep(0.05)
        with pytest.raises(ResourceExhaustedError, match=str(MAX_WAITING)):
            await baker.detect(b"a photo")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (await baker.detect(b"")).width == 640, "there is room again"

    run(tmp_path, test)


def test_closing_ends_what_runs_and_takes_nothing_new(tmp_path: Path) -> None:
    async def test(baker: Baker, workshop: Workshop) -> None:
        task = await begun(baker)
        await workshop.aclose()
        with pytest.raises(UnavailableError, match="shutting down"):
            await task
        with pytest.raises(UnavailableError, match="shutting down"):
            await baker.detect(b"a photo")

    run(tmp_path, test)


def test_faces_come_with_what_speaks_against_them(tmp_path: Path) -> None:
    async def test(baker: Baker, _: Workshop) -> None:
        found = await baker.detect(b"too dark")
        assert (found.width, found.height) == (640, 480)
        (face,) = found.faces
        assert (len(face.landmarks), face.width_px, face.refusal) == (1404, 200.0, "too dark")

    run(tmp_path, test)


def test_the_real_process_says_what_is_missing(tmp_path: Path) -> None:
    empty = tmp_path / "models"
    empty.mkdir()

    async def main() -> None:
        workshop = Workshop(WorkshopOptions(empty, tmp_path / "cache"))
        baker = Baker(workshop, tmp_path / "avatars")
        async with asyncio.timeout(LIMIT_S):
            with pytest.raises((ModelMissingError, BakeUnavailableError)) as caught:
                await told(baker, order("ada"))
            assert status_of(caught.value).code == "FAILED_PRECONDITION"
            with pytest.raises((AvatarNameError, BakeUnavailableError)):
                await told(baker, order("Ada Lovelace", FacePoints([1.0] * 1404)))
        await workshop.aclose()

    asyncio.run(main())
