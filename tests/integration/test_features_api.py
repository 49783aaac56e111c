import asyncio
from pathlib import Path

from compositor.drawlist import DrawList, FrameSize
from compositor.light import Surroundings
from control_plane.events import Light, SetFeatures, Ui, UiContext
from control_plane.sessions.options import SessionOptions
from control_plane.sessions.subscription import Subscription
from engine.features import Features
from engine.packet import IdPacket
from storage.database import Database
from storage.repository import Repository
from tests.integration.recording import playing
from tests.integration.running import running

GREEN = (0, 255, 0)


def answers_to(follower: Subscription, sequence: int) -> int:
    """How many packets an event led to."""
    packets = [update for update in follower._waiting if isinstance(update, IdPacket)]
    return sum(packet.event_sequence == sequence for packet in packets)


def test_features_are_options_events_and_part_of_what_is_told(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as server:
            options = {"features": {"visemes": False, "lightProbe": False}}
            made = (await server.request("POST", "/api/sessions", options)).json
            told = {"vectorBlending": True, "context": True, "lightProbe": False, "visemes": False}
            assert made["options"]["features"] == told
            event = {"sequence": 1, "features": {"features": {"lightProbe": True}}}
            path = f"/api/sessions/{made['id']}"
            assert (await server.request("POST", f"{path}/events", event)).status == 200
            now = (await server.request("GET", path)).json
            assert now["options"]["features"] == told | {"lightProbe": True}
            body = server.body(made["id"])
            assert body.features == [Features(visemes=False)]
            bad = {"sequence": 2, "features": {"features": {"lips": False}}}
            answer = await server.request("POST", f"{path}/events", bad)
            assert answer.status == 400
            orders = (await server.request("GET", "/api/governance/orders")).json["orders"]
            assert [(one["action"], one["reason"]) for one in orders] == [
                ("features", "off: visemes")
            ]
        database = Database(f"sqlite:///{tmp_path / 'test.sqlite'}")
        ((session, _),) = Repository(database).sessions()
        assert session.features_off == ("visemes",)
        database.close()

    asyncio.run(test())


def test_features_are_switched_in_a_live_picture(tmp_path: Path) -> None:
    async def test() -> None:
        async with playing(tmp_path, record=False) as server:
            off = Features(light_probe=False, context=False)
            options = SessionOptions("mira", FrameSize(128, 128), 30, seed=1, features=off)
            watched = await server.watched(options)
            lit: list[tuple[float, ...]] = []
            frame = watched.body._body.frame

            def kept(now_ns: int) -> DrawList:
                drawn = frame(now_ns)
                lit.append(drawn.light.sh)
                return drawn

            watched.body._frames._source.frame = kept  # type: ignore[method-assign]
            follower = watched.session.subscribe()
            watched.handle(Light(Surroundings(GREEN, GREEN, GREEN, GREEN, 1.0)))
            watched.handle(Ui(UiContext.TYPING))
            await asyncio.sleep(0.3)
            assert set(lit) == {()}, "the light around is ignored"
            assert answers_to(follower, 2) == 0
            watched.handle(SetFeatures((("light_probe", True), ("context", True))))
            watched.handle(Ui(UiContext.TYPING))
            await asyncio.sleep(0.5)
            assert lit[-1] != ()
            assert answers_to(follower, 4) == 1
            await server.end(watched)

    asyncio.run(test())
