"""Small movements between events."""

from itertools import pairwise

from capsules.library import Library, load_library
from capsules.model import Layer
from control_plane.brain.brain import Brain
from control_plane.brain.micro_moves import MicroMoves
from control_plane.emotion.personality_file import personality_named
from control_plane.events import Emotion, Event
from engine.clock import NS_PER_MS, NS_PER_S, VirtualClock
from engine.packet import BlendEntry, IdPacket, Mood

MOOD = Mood(0.4, 0.2, 0.1)
LIBRARY = load_library().with_micro(2_000)


def moves(library: Library, seconds: int, seed: int = 1) -> list[tuple[int, BlendEntry]]:
    made = MicroMoves(seed)
    return [
        (now_ns, entry)
        for now_ns in range(0, seconds * NS_PER_S, 200 * NS_PER_MS)
        if (entry := made.due(library, MOOD, now_ns)) is not None
    ]


def packets_of(library: Library, seconds: int) -> list[IdPacket]:
    clock = VirtualClock()
    brain = Brain(library, "s", personality_named("friendly"), clock, seed=5)
    brain.handle(Event(1, Emotion(Mood(0.5, 0.3, 0.2))))
    found = []
    for _ in range(5 * seconds):
        clock.advance(200 * NS_PER_MS)
        packet = brain.tick(clock.now_ns())
        if packet is not None:
            found.append(packet)
    return found


def test_one_comes_every_few_seconds() -> None:
    times = [now_ns / NS_PER_S for now_ns, _ in moves(LIBRARY, 300)]
    pauses = [after - before for before, after in pairwise(times)]
    assert 40 < len(times) < 120
    assert all(2.4 <= pause <= 7.4 for pause in pauses)


def test_it_lies_near_the_mood() -> None:
    near = dict(LIBRARY.micro().nearest((0.4, 0.2, 0.1), 60))
    found = moves(LIBRARY, 120)
    assert all(entry.cid in near and entry.layer is Layer.FACE for _, entry in found)
    assert all(0.7 <= entry.weight <= 1.0 for _, entry in found)


def test_a_face_at_ease_has_no_twitches_and_one_that_is_stirred_has() -> None:
    def lengths(mood: Mood) -> list[int]:
        made = MicroMoves(1)
        found = (made.due(LIBRARY, mood, second * NS_PER_S) for second in range(600))
        return [LIBRARY.capsules[entry.cid].duration_ms for entry in found if entry is not None]

    assert min(lengths(Mood(0.2, 0.05, 0.05))) >= 500
    assert min(lengths(Mood(0.5, 0.5, 0.2))) < 500


def test_now_this_moves_and_now_that() -> None:
    made = MicroMoves(1)
    found = (made.due(LIBRARY, Mood(0.0, 0.05, 0.05), second * NS_PER_S) for second in range(600))
    moved = [LIBRARY.capsules[entry.cid].tracks[0].target[:9] for entry in found if entry]
    again = sum(one == other for one, other in pairwise(moved))
    assert len(moved) > 60
    assert again < 0.2 * len(moved)


def test_none_comes_again_soon() -> None:
    cids = [entry.cid for _, entry in moves(LIBRARY, 300)]
    assert all(cid not in cids[number + 1 : number + 13] for number, cid in enumerate(cids))


def test_same_seed_gives_the_same_and_another_gives_others() -> None:
    assert moves(LIBRARY, 60) == moves(LIBRARY, 60)
    assert moves(LIBRARY, 60) != moves(LIBRARY, 60, seed=2)


def test_without_micro_capsules_nothing_moves() -> None:
    assert moves(load_library(), 60) == []


def test_what_is_far_from_the_mood_is_left() -> None:
    made = MicroMoves(1)
    corner = Mood(1.0, -1.0, 1.0)
    assert all(made.due(LIBRARY, corner, second * NS_PER_S) is None for second in range(0, 120, 1))


def test_a_barred_one_is_never_drawn() -> None:
    barred = {entry.cid for _, entry in moves(LIBRARY, 120)}
    found = moves(LIBRARY.bar(barred), 120)
    assert found
    assert not barred & {entry.cid for _, entry in found}


def test_an_event_puts_the_next_one_off() -> None:
    made = MicroMoves(1)
    made.pause(0)
    times = range(0, 4 * NS_PER_S, 100 * NS_PER_MS)
    first_ns = next(now_ns for now_ns in times if made.due(LIBRARY, MOOD, now_ns))
    assert 1.2 * NS_PER_S <= first_ns <= 3.1 * NS_PER_S


def test_they_leave_what_is_held_alone() -> None:
    """A movement alone is a packet without anything that holds, which replaces nothing."""
    found = packets_of(LIBRARY, 60)
    alone = [packet for packet in found if all("VF_1" in one.cid for one in packet.blends)]
    assert alone
    plain = packets_of(load_library(), 60)
    held = [packet.blends for packet in found if packet not in alone]
    without = [tuple(one for one in blends if "VF_1" not in one.cid) for blends in held]
    assert without == [packet.blends for packet in plain]
