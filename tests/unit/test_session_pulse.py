import asyncio
import json

import pytest

from control_plane.errors import SessionEndedError
from control_plane.sessions import manager as sessions_module
from control_plane.sessions.updates import MoodUpdate
from engine.clock import NS_PER_S
from engine.packet import IdPacket
from storage.records import FaultRecord, PerformanceRecord, SessionEnded
from tests.unit.session_world import World, beat, run, taken, user
from tests.unit.virtual_time import settle


def test_session_that_nobody_uses_is_ended() -> None:
    async def test() -> None:
        world = World(idle_timeout_s=10.0)
        idle, _ = await world.session()
        watched, body = await world.session()
        followed, _ = await world.session()
        body.viewers = 1
        followed.subscribe()
        world.clock.advance(11 * NS_PER_S)
        await beat(world, 5)
        with pytest.raises(SessionEndedError):
            world.sessions.get(idle.id)
        assert world.sessions.get(watched.id) is watched
        assert world.sessions.get(followed.id) is followed
        assert [ended.reason for ended in world.of(SessionEnded)] == ["nobody used it"]
        await world.sessions.aclose()

    run(test())


def test_viewers_hear_measurements_once_a_second() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        session.handle(user("hello"))
        body.viewers = 1
        await beat(world, 10)
        stats = [json.loads(text)["stats"] for text in body.sent if "stats" in text]
        assert len(stats) == 2
        assert stats[0]["codec"] == "H264"
        assert stats[0]["fps"] == 30.0
        assert stats[0]["stages"]["drawList"] == {"p50": 0.2, "p95": 0.4, "p99": 0.5, "n": 10}
        assert set(stats[0]["stages"]) == {"brain", "drawList", "render"}
        assert stats[0]["cache"] == {
            "hits": 90,
            "misses": 10,
            "evictions": 3,
            "pages": 6,
            "residentBytes": 6000,
            "budgetBytes": 8000,
            "uploadMs": 1.5,
            "short": True,
        }
        names = {one["cid"]: one["name"] for one in stats[0]["capsules"]}
        assert names["VF_NEUTRAL"]
        assert names["VF_GONE"] == ""
        await world.sessions.aclose()

    run(test())


def test_performance_is_logged_every_minute_and_at_the_end() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        session.handle(user("hello"))
        body.viewers = 1
        await beat(world, 299)
        assert world.of(PerformanceRecord) == []
        await beat(world, 300)
        measures = {record.measure: record.value for record in world.of(PerformanceRecord)}
        assert measures["render.p99"] == 4.0
        assert set(measures) == {
            f"{stage}.{quantile}"
            for stage in ("brain", "draw_list", "render")
            for quantile in ("p50", "p95", "p99")
        } | {f"cache.{name}" for name in ("hits", "misses", "evictions", "resident", "upload")}
        assert measures["cache.resident"] == 6000.0
        units = {record.measure: record.unit for record in world.of(PerformanceRecord)}
        assert (units["cache.hits"], units["cache.upload"]) == ("pages", "ms")
        logged = len(world.of(PerformanceRecord))
        await world.sessions.end(session.id)
        assert len(world.of(PerformanceRecord)) == 2 * logged
        await world.sessions.aclose()

    run(test())


def test_mood_that_moves_by_itself_is_told() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        session.handle(user("I love this, it is wonderful!"))
        await settle()
        before = len(body.applied)
        subscription = session.subscribe()
        for _ in range(150):
            world.clock.advance(NS_PER_S // 5)
            session.tick()
        assert len(body.applied) > before
        kinds = {type(update) for update in taken(subscription)}
        assert kinds == {IdPacket, MoodUpdate}
        await world.sessions.aclose()

    run(test())


def test_one_failing_session_does_not_stop_the_pulse_of_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        monkeypatch.setattr(sessions_module, "_TICK_S", 0)
        world = World()
        bad, _ = await world.session()
        good, _ = await world.session()
        beaten = asyncio.Event()
        monkeypatch.setattr(bad, "tick", lambda: 1 / 0)
        monkeypatch.setattr(good, "tick", beaten.set)
        world.sessions.start()
        await beaten.wait()
        await world.sessions.aclose()
        assert "ZeroDivisionError" in caplog.text
        assert {fault.mode for fault in world.of(FaultRecord)} == {"pulse"}

    run(test())


def test_many_moods_move_on_in_turns_and_each_once_a_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> None:
        monkeypatch.setattr(sessions_module, "_TICK_S", 0)
        monkeypatch.setattr(sessions_module, "_SESSIONS_A_TURN", 1)
        world = World()
        moved: list[int] = []
        for number in range(3):
            session, _ = await world.session()
            monkeypatch.setattr(session, "tick", lambda number=number: moved.append(number))
        together: list[int] = []
        world.sessions.start()
        while len(moved) < 9:
            before = len(moved)
            await asyncio.sleep(0)
            together.append(len(moved) - before)
        await world.sessions.aclose()
        assert max(together) == 1
        assert all(sorted(moved[start : start + 3]) == [0, 1, 2] for start in (0, 3, 6))

    run(test())
