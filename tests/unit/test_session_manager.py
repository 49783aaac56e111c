import asyncio

import pytest

from compositor.drawlist import FrameSize
from control_plane.errors import (
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    SessionEndedError,
    UnavailableError,
)
from control_plane.sessions.options import SessionOptions
from control_plane.sessions.paging import write_token
from control_plane.sessions.session import LiveSession
from storage.records import SessionEnded, SessionStarted
from tests.unit.session_world import OPTIONS, World, run, user
from tests.unit.virtual_time import settle

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_ended_session_takes_nothing_and_is_still_known() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        subscription = session.subscribe()
        session.handle(user("hello"))
        info = await world.sessions.end(session.id)
        assert info.ended_at is not None
        assert body.closed == 1
        assert await world.sessions.end(session.id) == info == world.sessions.info(session.id)
        with pytest.raises(SessionEndedError, match=session.id):
            world.sessions.get(session.id)
        with pytest.raises(SessionEndedError):
            session.handle(user("again", 2))
        # What was told before the end can still be read, and then the stream ends.
        assert len([update async for update in subscription]) == 2
        (started,), (ended,) = world.of(SessionStarted), world.of(SessionEnded)
        assert (str(started.id), ended.reason) == (session.id, "asked to")
        await world.sessions.aclose()

    run(test())


def test_end_is_carried_out_even_if_the_caller_goes_away() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        ending = asyncio.create_task(world.sessions.end(session.id))
        await asyncio.sleep(0)
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
        await world.sessions.aclose()
        assert body.closed == 1

    run(test())


def test_unknown_session_is_not_found() -> None:
    async def test() -> None:
        world = World()
        for ask in (world.sessions.get, world.sessions.info):
            with pytest.raises(NotFoundError, match=UNKNOWN):
                ask(UNKNOWN)
        with pytest.raises(NotFoundError):
            await world.sessions.end(UNKNOWN)

    run(test())


def test_no_more_sessions_than_allowed() -> None:
    async def test() -> None:
        world = World(max_sessions=2)
        made = await asyncio.gather(
            *(world.sessions.create(OPTIONS) for _ in range(3)), return_exceptions=True
        )
        refused = [one for one in made if isinstance(one, BaseException)]
        assert [type(one) for one in refused] == [ResourceExhaustedError]
        first = next(one for one in made if isinstance(one, LiveSession))
        await world.sessions.end(first.id)
        await world.sessions.create(OPTIONS)
        await world.sessions.aclose()

    run(test())


@pytest.mark.parametrize(
    "options",
    [
        SessionOptions("nobody", FrameSize(512, 512), 30),
        SessionOptions("mira", FrameSize(512, 512), 30, personality="grumpy"),
    ],
)
def test_option_that_names_nothing_makes_no_session(options: SessionOptions) -> None:
    async def test() -> None:
        world = World(max_sessions=1)
        with pytest.raises(InvalidArgumentError):
            await world.sessions.create(options)
        assert world.records == []
        await world.sessions.create(OPTIONS)
        await world.sessions.aclose()

    run(test())


def test_closed_manager_makes_no_sessions() -> None:
    async def test() -> None:
        world = World()
        _, body = await world.session()
        await world.sessions.aclose()
        await world.sessions.aclose()
        assert body.closed == 1
        with pytest.raises(UnavailableError):
            await world.sessions.create(OPTIONS)
        assert [ended.reason for ended in world.of(SessionEnded)] == ["the server stopped"]

    run(test())


def test_seed_is_drawn_where_none_is_given() -> None:
    async def test() -> None:
        world = World()
        options = SessionOptions("mira", FrameSize(512, 512), 30)
        seeds = {(await world.sessions.create(options)).options.seed for _ in range(3)}
        assert None not in seeds
        assert len(seeds) > 1
        await world.sessions.aclose()

    run(test())


def test_pages_are_newest_first_and_hold_everything_once() -> None:
    async def test() -> None:
        world = World(max_sessions=10)
        ids = [(await world.session())[0].id for _ in range(5)]
        await world.sessions.end(ids[1])
        shown: list[str] = []
        token = ""
        while True:
            page, token = world.sessions.page(2, token, include_ended=True)
            assert len(page) <= 2
            shown += [info.id for info in page]
            if not token:
                break
        assert shown == ids[::-1]
        live, _ = world.sessions.page()
        assert [info.id for info in live] == [one for one in ids[::-1] if one != ids[1]]
        await world.sessions.aclose()

    run(test())


@pytest.mark.parametrize(
    ("size", "token"),
    [(1001, ""), (-1, ""), (0, "junk"), (0, "YWZ0ZXI6eA=="), (0, write_token("9" * 5000))],
)
def test_bad_page_is_refused(size: int, token: str) -> None:
    async def test() -> None:
        with pytest.raises(InvalidArgumentError):
            World().sessions.page(size, token)

    run(test())


def test_nothing_is_left_behind() -> None:
    async def test() -> None:
        world = World()
        world.responder.may_answer.clear()
        world.sessions.start()
        for _ in range(3):
            session, _ = await world.session()
            session.subscribe()
            session.handle(user("hello"))
        await settle()
        await world.sessions.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(test())
