"""The generated micro-library: plausible, distinct, the same each time."""

import itertools
from collections import defaultdict

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.check import check_library
from capsules.errors import UnknownCapsuleError
from capsules.library import Library, load_library
from capsules.micro.families import groups
from capsules.micro.generator import MAX_COUNT, MicroCapsules, is_micro, is_micro_cid
from capsules.micro.units import UNITS, unit_vad
from capsules.micro.variants import MICRO_MS, fastest, variants
from capsules.model import Capsule, Emotion, Layer, Track
from capsules.targets import target


def named(item: Capsule) -> list[tuple[str, str]]:
    """Codes of the units of a capsule, each with the name of a target that it moves."""
    codes = item.params["action_units"].split("+")
    found = [(code, UNITS[code]) for code in codes]
    return [
        (code, name)
        for code, unit in found
        for name, _ in (*unit.both, *unit.left, *unit.right)
        if name in {track.target for track in item.tracks}
    ]


@pytest.fixture(scope="module")
def every() -> dict[str, Capsule]:
    return dict(MicroCapsules().items())


def own(cid: str, *context: str, vad: tuple[float, float, float] = (0.5, 0.5, 0.5)) -> Capsule:
    valence, arousal, dominance = vad
    return Capsule(
        cid=cid,
        layer=Layer.FACE,
        description="for a test",
        emotion=Emotion(valence=valence, arousal=arousal, dominance=dominance),
        duration_ms=300,
        context=context,
        tracks=(Track(target="jawOpen", curve=[(0, 0.0), (100, 0.1), (300, 0.0)]),),
    )


def test_there_are_ten_thousand_with_systematic_ids(every: dict[str, Capsule]) -> None:
    assert list(every) == [f"VF_{number}" for number in range(10_000, 20_000)]
    assert all(is_micro(item) and is_micro_cid(item.cid) for item in every.values())


def test_what_is_made_without_validation_is_valid(every: dict[str, Capsule]) -> None:
    for item in itertools.islice(every.values(), 0, None, 7):
        assert Capsule.model_validate_json(item.model_dump_json()) == item


def test_same_number_is_the_same_capsule_in_any_library(every: dict[str, Capsule]) -> None:
    few = MicroCapsules(300)
    assert all(few[cid] == every[cid] for cid in few)
    assert np.array_equal(few.vads, MicroCapsules().vads[:300])
    assert "VF_10300" not in few
    with pytest.raises(KeyError):
        few["VF_10300"]


def test_a_count_beyond_the_ids_is_refused() -> None:
    for count in (-1, MAX_COUNT + 1):
        with pytest.raises(ValueError, match="expected 0 to 10000"):
            MicroCapsules(count)


def test_every_beginning_spans_all_families_and_sides() -> None:
    count = len(groups())
    seen = {(item.params["action_units"], item.params["side"]) for item in MicroCapsules().values()}
    first = MicroCapsules(count).values()
    assert len(seen) == count
    assert {(item.params["action_units"], item.params["side"]) for item in first} == seen


def test_a_movement_begins_and_ends_at_rest_and_stays_in_its_bounds(
    every: dict[str, Capsule],
) -> None:
    for item in every.values():
        assert 110 <= item.duration_ms <= 4_000
        for track in item.tracks:
            values = [value for _, value in track.curve]
            assert values[0] == values[-1] == 0.0
            assert track.curve[-1][0] <= item.duration_ms
            assert 0.0 < max(map(abs, values)) <= 0.6


def test_micro_expressions_are_as_brief_as_they_are_known_to_be() -> None:
    found = variants(-(-MAX_COUNT // len(groups())))
    brief = [item for item in found if item.duration_ms <= MICRO_MS]
    assert 0.2 < len(brief) / len(found) < 0.6
    assert all(40.0 <= item.onset * item.duration_ms <= 260.0 for item in brief)
    assert all(700 <= item.duration_ms <= 3_800 for item in found if item not in brief)


def test_no_variant_is_faster_than_targets_may_move() -> None:
    limit = min(target(name).max_rate for name in ("jawOpen", "browInnerUp", "headPitch"))
    assert max(fastest(item) for item in variants(40)) < limit


def test_at_most_three_action_units_move_together() -> None:
    assert {len(group.units) for group in groups()} == {1, 2, 3}
    for group in groups():
        moved = [name for _, name, _ in group.targets()]
        assert len(moved) == len(set(moved))


def test_no_two_are_alike(every: dict[str, Capsule]) -> None:
    """At some moment those that move the same targets differ by a 25th of what they can do."""
    alike: dict[frozenset[str], list[NDArray[np.float64]]] = defaultdict(list)
    times = np.concatenate([np.arange(0, 600, 20), np.arange(600, 4_100, 100)])
    for item in every.values():
        curves = sorted((track.target, track.curve) for track in item.tracks)
        moved = frozenset(f"{name}{np.sign(sum(v for _, v in curve)):+}" for name, curve in curves)
        most = {name: UNITS[code].most for code, name in named(item)}
        sampled = [
            np.interp(times, *np.array(list(curve)).T) / most[name] for name, curve in curves
        ]
        alike[moved].append(np.concatenate(sampled))
    assert len(alike) == len(groups())
    for rows in alike.values():
        table = np.array(rows)
        for number in range(len(table) - 1):
            assert np.abs(table[number + 1 :] - table[number]).max(axis=1).min() > 1 / 25


def test_units_lie_where_their_emotions_do() -> None:
    assert unit_vad("12")[0] > 0.5  # lip corners up: happiness
    assert unit_vad("9")[0] < -0.5  # nose wrinkled: disgust
    assert unit_vad("2")[1] > 0.5  # outer brows up: surprise and fear
    assert unit_vad("15")[2] < 0.0 < unit_vad("24")[2]  # sadness yields, anger does not
    assert unit_vad("54")[2] < 0.0 < unit_vad("53")[2]  # a bowed head, a raised one
    assert all(abs(value) <= 1.0 for code in UNITS for value in unit_vad(code))


def test_one_corner_of_the_mouth_is_contempt_and_both_are_not() -> None:
    found = {(group.name, group.side): group.vad for group in groups()}
    assert found["14", "left"] == found["14", "right"]
    assert found["14", "left"][0] < 0.0 < found["14", "both"][0]


def test_vad_is_the_capsules_emotion_and_fills_the_cube(every: dict[str, Capsule]) -> None:
    made = MicroCapsules()
    emotion = every["VF_14321"].emotion
    assert emotion is not None
    shown = [emotion.valence, emotion.arousal, emotion.dominance]
    assert made.vads[4321].tolist() == shown
    for signs in itertools.product((1.0, -1.0), repeat=3):
        assert (made.vads * signs > 0.0).all(axis=1).sum() > 200


def test_the_check_finds_nothing_in_them() -> None:
    library = load_library()
    assert check_library(library.with_micro(1_500)) == check_library(library)


def test_micro_capsules_are_in_the_library_but_in_no_layer() -> None:
    plain = load_library()
    library = plain.with_micro(500)
    assert len(library.capsules) == len(plain.capsules) + 500
    assert list(library.capsules) == sorted(library.capsules)
    assert library.capsule("VF_10007").cid == "VF_10007"
    assert library.resolve("VF_10007") is library.capsules["VF_10007"]
    assert library.layer(Layer.FACE) == plain.layer(Layer.FACE)
    assert len(library.index(Layer.FACE)) == len(plain.index(Layer.FACE))
    assert len(library.micro()) == 500
    with pytest.raises(UnknownCapsuleError):
        library.capsule("VF_10500")


def test_micro_capsules_from_a_file_stand_aside_too() -> None:
    library = Library([own("VF_A"), own("VF_TWITCH", "micro")])
    assert [item.cid for item in library.layer(Layer.FACE)] == ["VF_A"]
    assert [cid for cid, _ in library.micro().nearest((0.5, 0.5, 0.5))] == ["VF_TWITCH"]


def test_a_capsule_of_ones_own_takes_the_place_of_a_generated_one() -> None:
    library = Library([own("VF_10003")], generated=MicroCapsules(10))
    assert library.capsules["VF_10003"].description == "for a test"
    assert len(library.capsules) == 10
    assert not library.is_generated("VF_10003")
    assert len(library.micro()) == 9


def test_a_revoked_micro_capsule_is_found_no_more() -> None:
    library = load_library().with_micro(50)
    near = library.micro().nearest((0.0, 0.0, 0.0), 50)
    gone = library.revoke(near[0][0])
    left = [cid for cid, _ in gone.micro().nearest((0.0, 0.0, 0.0), 50)]
    assert left == [cid for cid, _ in near[1:]]
    with pytest.raises(UnknownCapsuleError):
        gone.capsule(near[0][0])
    assert gone.capsules[near[0][0]].revoked
