import asyncio
import json
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from capsules.library import Library, load_library
from capsules.model import Layer
from control_plane.brain.brain import Brain
from control_plane.brain.micro_moves import MicroMoves
from control_plane.emotion.personality_file import packaged_personalities
from control_plane.errors import (
    BarredError,
    InvalidArgumentError,
    NotFoundError,
    UnavailableError,
)
from control_plane.events import (
    Chat,
    ChatRole,
    Emotion,
    Event,
    PlayExpression,
    Preview,
    SetFeatures,
    Speak,
    Task,
    TaskState,
    Ui,
    UiContext,
)
from control_plane.governance.checks import allowed_name, check_allowed
from control_plane.governance.file import read_rules, write_rules
from control_plane.governance.orders import Governance
from control_plane.governance.rules import Bar, Order, Rules
from engine.clock import NS_PER_S, VirtualClock
from engine.features import Features
from engine.packet import IdPacket, Mood
from storage.records import FeaturesChanged, OrderRecord, PacketRecord, utc_now
from tests.unit.bodies import capsule
from tests.unit.session_world import World

ORDER = Order("ada", "too loud", utc_now())
JOY = Mood(0.8, 0.5, 0.4)


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


def governance(folder: Path, library: Library) -> tuple[Governance, list[OrderRecord]]:
    orders: list[OrderRecord] = []
    return Governance(folder / "rules.json", library, orders.append), orders


def cids(packets: tuple[IdPacket, ...]) -> set[str]:
    return {entry.cid for packet in packets for entry in packet.blends}


def test_library_without_rules_is_itself(library: Library) -> None:
    assert Rules().applied(library) is library
    assert library.allows("VF_NOD")
    assert library.allows("VF_UNHEARD_OF")


def test_revoked_capsule_is_in_no_layer_and_gives_way_to_its_fallback(library: Library) -> None:
    first = next(item for item in library.layer(Layer.HAND) if item.fallback_cid)
    smaller = Rules({first.cid: ORDER}).applied(library)
    assert first not in smaller.layer(Layer.HAND)
    found = smaller.resolve(first.cid)
    assert found is not None
    assert found.cid == first.fallback_cid
    assert smaller.capsules[first.cid] == first, "it can still be looked at"
    assert Rules().applied(library).layer(Layer.HAND) == library.layer(Layer.HAND)


def test_whitelist_brings_what_an_expression_consists_of_and_the_neutrals(
    library: Library,
) -> None:
    expression = next(iter(library.expressions.values()))
    rules = Rules(whitelist=(expression.id, "VF_NOD"))
    small = rules.applied(library)
    allowed = {cid for cid in small.capsules if small.resolve(cid) == small.capsules[cid]}
    parts = {item.cid for item in expression.items}
    assert {"VF_NOD", "VF_NEUTRAL", "BK_NEUTRAL", *parts} <= allowed
    assert len(allowed) < 40
    assert small.expression(expression.name) == expression
    barred = rules.bars(library)
    assert barred["VF_WINK_LEFT"] is Bar.WHITELIST
    assert "VF_NEUTRAL" not in barred
    others = [id_ for id_ in library.expressions if id_ != expression.id]
    assert sum(id_ in barred for id_ in others) > len(others) // 2


def test_expression_whose_every_capsule_may_play_needs_no_place_on_the_whitelist(
    library: Library,
) -> None:
    expression = next(iter(library.expressions.values()))
    rules = Rules(whitelist=tuple(item.cid for item in expression.items))
    assert expression.id not in rules.bars(library)


def test_generated_capsules_obey_the_rules_too(library: Library) -> None:
    many = library.with_micro(400)

    def played(found: Library) -> set[str]:
        moves = MicroMoves(7)
        entries = (moves.due(found, JOY, step * NS_PER_S) for step in range(600))
        return {entry.cid for entry in entries if entry is not None}

    usual = played(many)
    assert usual
    gone = Rules(dict.fromkeys(usual, ORDER)).applied(many)
    assert not played(gone) & usual
    assert all(
        gone.resolve(cid) is None or gone.resolve(cid) != many.capsules[cid] for cid in usual
    )
    assert not played(Rules(whitelist=("VF_NOD",)).applied(many))


def test_rules_survive_in_their_file(tmp_path: Path) -> None:
    path = tmp_path / "a" / "rules.json"
    rules = Rules({"VF_NOD": ORDER, "E_0001": ORDER}, ("VF_A",), ORDER)
    write_rules(path, rules)
    assert read_rules(path) == rules
    assert [item.name for item in path.parent.iterdir()] == ["rules.json"]
    assert read_rules(tmp_path / "none.json") == Rules()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "Invalid JSON"),
        ('{"version": 9}', "version 9, expected 1"),
        ('{"revoked": {"VF_A": {}}}', "revoked.VF_A.actor"),
        ('{"rules": []}', "rules: Extra inputs"),
    ],
)
def test_file_that_cannot_be_read_stops_the_server(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "rules.json"
    path.write_text(text)
    with pytest.raises(UnavailableError, match=told):
        read_rules(path)


def test_rules_that_cannot_be_written_change_nothing(tmp_path: Path, library: Library) -> None:
    async def test() -> None:
        orders: list[OrderRecord] = []
        found = Governance(tmp_path / "folder" / "rules.json", library, orders.append)
        (tmp_path / "folder").write_text("a file in its place")
        with pytest.raises(UnavailableError, match="cannot be written"):
            await found.revoke(["VF_NOD"], "ada", "")
        assert found.library is library
        assert orders == []

    run(test())


def test_orders_take_effect_last_and_are_remembered(tmp_path: Path, library: Library) -> None:
    async def test() -> None:
        found, orders = governance(tmp_path, library)
        told: list[Library] = []
        found.listen(lambda: told.append(found.library))
        delight = library.expression("delight")
        await found.revoke(["VF_NOD", "delight"], "ada", "too loud")
        assert told[0].barred == {"VF_NOD", delight.id}
        assert found.standing(library.capsules["VF_NOD"]).reason == "too loud"
        assert found.standing(delight).bar is Bar.REVOKED
        assert governance(tmp_path, library)[0].library.barred == told[0].barred, "a restart"
        await found.reinstate(["delight"], "ada", "")
        assert told[1].barred == {"VF_NOD"}
        await found.set_whitelist(["VF_NOD", "VF_WINK_LEFT"], "bob", "a demo")
        assert found.standing(library.capsules["VF_NOD"]).bar is Bar.REVOKED
        assert found.standing(library.capsules["VF_BROW_FLASH"]).bar is Bar.WHITELIST
        await found.set_whitelist(None, "bob", "")
        assert found.library.barred == {"VF_NOD"}
        kept = [(one.action, one.subject, one.actor) for one in orders]
        assert kept == [
            ("revoke", f"VF_NOD,{delight.id}", "ada"),
            ("reinstate", delight.id, "ada"),
            ("whitelist", "VF_NOD,VF_WINK_LEFT", "bob"),
            ("whitelist", "", "bob"),
        ]

    run(test())


def test_orders_that_make_no_sense_are_refused(tmp_path: Path, library: Library) -> None:
    async def test() -> None:
        found, orders = governance(tmp_path, library)
        with pytest.raises(NotFoundError, match="'VF_NOWHERE'"):
            await found.revoke(["VF_NOWHERE"], "", "")
        with pytest.raises(InvalidArgumentError, match="rests in"):
            await found.revoke(["VF_NEUTRAL"], "", "")
        with pytest.raises(InvalidArgumentError, match="ids is empty"):
            await found.revoke([], "", "")
        with pytest.raises(NotFoundError, match="not revoked"):
            await found.reinstate(["VF_NOD"], "", "")
        with pytest.raises(InvalidArgumentError, match="reason has 2,000 characters"):
            await found.revoke(["VF_NOD"], "", "x" * 2000)
        assert orders == []
        assert not (tmp_path / "rules.json").exists()

    run(test())


def test_events_that_name_what_is_barred_are_refused(library: Library) -> None:
    delight = library.expression("delight")
    mine = capsule("VF_MINE", {"jawOpen": [(0, 0.3)]})
    small = library.bar({"VF_NOD", delight.id, "VF_MINE"})
    for kind in (
        PlayExpression("VF_NOD"),
        PlayExpression(delight.id),
        PlayExpression("delight"),
        Chat(ChatRole.USER, "hello", "delight"),
        Preview(mine),
    ):
        with pytest.raises(BarredError, match="may not be played: it has been revoked"):
            check_allowed(kind, small)
        check_allowed(kind, library)
    check_allowed(Chat(ChatRole.USER, "hello", "joy"), small)
    listed = Rules(whitelist=("VF_NOD",)).applied(library)
    with pytest.raises(BarredError, match="not on the whitelist"):
        check_allowed(PlayExpression("VF_WINK_LEFT"), listed)
    with pytest.raises(BarredError, match="not on the whitelist"):
        check_allowed(Preview(mine), listed)
    check_allowed(PlayExpression("VF_NOD"), listed)
    assert allowed_name("delight", small) is None
    assert allowed_name("delight", library) == "delight"
    assert allowed_name(None, small) is None


def test_brain_that_goes_on_never_names_what_is_barred(library: Library) -> None:
    clock = VirtualClock(NS_PER_S)
    brain = Brain(library, "s", packaged_personalities().named("friendly"), clock)
    before = cids(brain.handle(Event(1, Emotion(JOY))))
    faces = {cid for cid in before if cid.startswith("VF_")} - {"VF_NEUTRAL"}
    assert faces
    packet = brain.take(library.bar(faces))
    assert packet is not None, "the mood is shown by others at once"
    assert not cids((packet,)) & faces
    assert any(entry.layer is Layer.FACE for entry in packet.blends)
    for number in range(2, 60):
        clock.advance(NS_PER_S // 4)
        packets = brain.handle(Event(number, Chat(ChatRole.USER, "Great, I love it!")))
        drift = brain.tick(clock.now_ns())
        assert not cids((*packets, *((drift,) if drift else ()))) & faces


def test_session_goes_on_without_and_its_body_is_told_first(library: Library) -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        session.handle(Event(1, PlayExpression("delight")))
        (played,) = [packet for packet, _ in body.applied]
        delight = library.expression("delight")
        smaller = session._library.bar({delight.id})
        session.take(smaller)
        assert body.taken == [(smaller, (played.sequence,))], "the packet that played it"
        with pytest.raises(BarredError):
            session.handle(Event(2, PlayExpression("delight")))
        session.handle(Event(2, Chat(ChatRole.USER, "hello")))
        causes = [record.cause for record in world.of(PacketRecord)]
        assert causes[0] == "expression"
        assert "governance" in causes
        assert causes[-1] == "chat"
        session.take(smaller)
        assert len(body.taken) == 1, "the same rules twice"
        await world.sessions.aclose()

    run(test())


def test_manager_governs_every_session_and_those_to_come(library: Library) -> None:
    async def test() -> None:
        world = World()
        rules = [Rules()]
        made: dict[int, Library] = {}

        def governed(base: Library) -> Library:
            return made.setdefault(len(rules), rules[-1].applied(base))

        world.sessions._services = replace(world.sessions._services, governed=governed)
        first, body = await world.session()
        rules.append(Rules({"VF_NOD": ORDER}))
        world.sessions.govern()
        assert body.taken[0][0].barred == {"VF_NOD"}
        second, _ = await world.session()
        for session in (first, second):
            with pytest.raises(BarredError):
                session.handle(Event(1, PlayExpression("VF_NOD")))
        assert world.media.libraries[1].barred == {"VF_NOD"}
        await world.sessions.aclose()

    run(test())


def test_every_packet_leaves_a_line(library: Library) -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        session.handle(Event(7, Speak("One. Two.")))
        lines = world.of(PacketRecord)
        packets = [packet for packet, _ in body.applied]
        assert [line.sequence for line in lines] == [packet.sequence for packet in packets]
        assert (lines[0].cause, lines[0].event_sequence, lines[0].speaks) == ("speak", 7, True)
        assert lines[0].capsules == tuple((one.cid, one.weight) for one in packets[0].blends)
        assert "One" not in repr(lines), "no line holds what was said"
        await world.sessions.aclose()

    run(test())


def brain_without(library: Library, **off: bool) -> tuple[Brain, VirtualClock]:
    clock = VirtualClock(NS_PER_S)
    brain = Brain(library, "s", packaged_personalities().named("friendly"), clock)
    brain.set_features(Features(**off))
    return brain, clock


def test_without_blending_a_mood_is_one_face(library: Library) -> None:
    near = Mood(0.45, 0.3, 0.2)

    def faces(brain: Brain) -> list[str]:
        (packet,) = brain.handle(Event(1, Emotion(near)))
        held = [entry.cid for entry in packet.blends if entry.layer is Layer.FACE]
        return [cid for cid in held if library.capsules[cid].hold]

    bearing = {cid for cid in library.capsules if library.capsules[cid].subtype == "bearing"}
    assert len(set(faces(brain_without(library)[0])) - bearing) > 1
    alone = faces(brain_without(library, vector_blending=False)[0])
    assert len(set(alone) - bearing) == 1


def test_without_context_the_viewer_changes_nothing_and_a_task_moves_the_mood_alone(
    library: Library,
) -> None:
    brain, _ = brain_without(library, context=False)
    assert brain.handle(Event(1, Ui(UiContext.TYPING))) == ()
    before = brain.mood
    (packet,) = brain.handle(Event(2, Task("build", TaskState.SUCCEEDED)))
    assert brain.mood.valence > before.valence
    usual, _ = brain_without(library)
    usual.handle(Event(1, Ui(UiContext.TYPING)))
    (other,) = usual.handle(Event(2, Task("build", TaskState.SUCCEEDED)))
    done = {entry.cid for entry in other.blends} - {entry.cid for entry in packet.blends}
    assert any(cid.startswith(("HF_", "VF_NOD", "BK_")) for cid in done)


def test_features_are_switched_and_kept_with_the_session() -> None:
    async def test() -> None:
        world = World()
        session, body = await world.session()
        session.handle(Event(1, SetFeatures((("visemes", False), ("context", False)))))
        session.handle(Event(2, SetFeatures((("context", True),))))
        session.handle(Event(3, SetFeatures((("context", True),))))
        assert session.info.options.features == Features(visemes=False)
        assert body.features == [Features(visemes=False, context=False), Features(visemes=False)]
        kept = [record.features_off for record in world.of(FeaturesChanged)]
        assert kept == [("context", "visemes"), ("visemes",)]
        assert [record.action for record in world.of(OrderRecord)] == ["features"] * 2
        body.viewers = 1
        world.sessions._live[session.id].channel.tell_stats(session._library)
        told = json.loads(body.sent[-1])["stats"]
        assert told["featuresOff"] == ["visemes"]
        await world.sessions.aclose()

    run(test())
