"""Capsules made ready to play: for all sessions of a library, and what is not there."""

from capsules.library import load_library
from engine.motion import firing as firing_module
from engine.motion.firing import BlendReader
from engine.packet import BlendEntry
from tests.unit import bodies


def fired(reader: BlendReader, cid: str) -> list[str]:
    return [item.cid for item in reader.firings(bodies.packet(cid))]


def test_capsules_are_made_ready_once_for_all_bodies_of_a_library() -> None:
    library = bodies.library()
    plans = [
        BlendReader(library, seed, 130.0).firings(bodies.packet("VF_SMILE"))[0].parts[0][0]
        for seed in (1, 2)
    ]
    assert plans[0] is plans[1]


def test_a_capsule_that_one_body_learned_is_no_other_bodys() -> None:
    library = bodies.library()
    one, other = BlendReader(library, 1, 130.0), BlendReader(library, 1, 130.0)
    mine = bodies.capsule("VF_SMILE", {"jawOpen": [(0, 0.0), (200, 0.1), (300, 0.0)]})
    one.learn(mine)
    targets = [
        reader.firings(bodies.packet("VF_SMILE"))[0].parts[0][0].moved for reader in (one, other)
    ]
    assert targets[0] != targets[1]


def test_a_micro_capsule_that_is_not_there_leaves_the_face_alone() -> None:
    reader = BlendReader(bodies.library(), 1, 130.0)
    assert fired(reader, "VF_UNKNOWN")[:1] == ["VF_NEUTRAL"]
    assert fired(reader, "VF_10234") == []


def test_a_micro_capsule_that_is_there_plays_and_holds_nothing() -> None:
    reader = BlendReader(load_library().with_micro(300), 1, 130.0)
    (found,) = reader.firings(bodies.packet("VF_10234"))
    assert found.cid == "VF_10234"
    assert not found.holds


def test_what_is_kept_ready_is_bounded() -> None:
    library = bodies.library().with_micro(3_000)
    reader = BlendReader(library, 1, 130.0)
    blends = tuple(
        BlendEntry(cid, 1.0, bodies.packet("VF_SMILE").blends[0].layer) for cid in library.generated
    )
    for start in range(0, len(blends), 500):
        packet = bodies.packet("VF_SMILE")
        reader.firings(type(packet)(1, "s", 0, blends=blends[start : start + 500]))
    assert len(reader._plans) == firing_module._MAX_PLANS
