"""What a personality plays of a library: shared, scaled, quantised."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsules.library import load_library
from capsules.model import Layer
from control_plane.brain.entries import EntryWriter
from control_plane.brain.repertoire import layer_named, repertoire_of
from control_plane.brain.weights import MIN_WEIGHT, quantised
from control_plane.emotion.personality_file import personality_named
from engine.packet import Mood

FRIENDLY = personality_named("friendly")
LIBRARY = load_library()


def test_sessions_with_one_library_and_personality_share_it() -> None:
    assert repertoire_of(LIBRARY, FRIENDLY) is repertoire_of(LIBRARY, FRIENDLY)
    other = replace(FRIENDLY)
    assert repertoire_of(LIBRARY, other) is not repertoire_of(LIBRARY, FRIENDLY)
    barred = LIBRARY.bar(["VF_WARM"])
    assert repertoire_of(barred, FRIENDLY) is not repertoire_of(LIBRARY, FRIENDLY)


@given(weight=st.floats(0.0, 3.0), factor=st.sampled_from([0.0, 0.5, 1.0, 2.0]))
def test_an_entry_is_scaled_quantised_and_shared(weight: float, factor: float) -> None:
    person = replace(FRIENDLY, capsule_weights={"VF_WARM": factor})
    part = repertoire_of(LIBRARY, person).part("VF_WARM", LIBRARY)
    assert part is not None
    entry = part.entry(weight)
    expected = quantised(weight * factor)
    if expected < MIN_WEIGHT:
        assert entry is None
    else:
        assert entry is not None
        assert (entry.cid, entry.weight, entry.layer) == ("VF_WARM", expected, Layer.FACE)
        assert part.entry(weight) is entry


def test_nothing_is_played_for_what_nothing_stands_in_for() -> None:
    library = LIBRARY.bar(LIBRARY.capsules)
    repertoire = repertoire_of(library, FRIENDLY)
    assert repertoire.part("VF_WARM", library) is None
    assert repertoire.part("VF_WARM", library) is None
    assert repertoire.stance(Layer.FACE, library) == {}


def test_a_stance_is_not_held_by_what_stands_in_for_its_faces() -> None:
    person = replace(FRIENDLY, stance={"VF_ANXIOUS": 0.5, "VF_WARM": 0.25, "VF_NOT_THERE": 0.5})
    library = LIBRARY.bar(["VF_ANXIOUS"])
    repertoire = repertoire_of(library, person)
    stand_in = repertoire.part("VF_ANXIOUS", library)
    assert stand_in is not None
    assert stand_in.capsule.cid != "VF_ANXIOUS"
    assert repertoire.stance(Layer.FACE, library) == {"VF_WARM": 0.25}


def test_what_is_felt_is_shown_by_what_may_play_in_the_library_now() -> None:
    joy = Mood(0.8, 0.5, 0.3)
    writer = EntryWriter(LIBRARY, FRIENDLY)
    before = set(writer.palette.blend(Layer.FACE, joy))
    writer.take(LIBRARY.bar(before))
    after = set(writer.palette.blend(Layer.FACE, joy))
    assert before
    assert after
    assert not before & after


@pytest.mark.parametrize(("cid", "smiles"), [("VF_SMILE_DUCHENNE", True), ("VF_SORROW", False)])
def test_it_knows_who_smiles(cid: str, *, smiles: bool) -> None:
    part = repertoire_of(LIBRARY, FRIENDLY).part(cid, LIBRARY)
    assert part is not None
    assert part.smiles is smiles


def test_every_id_names_its_layer() -> None:
    assert all(layer_named(item.cid) is item.layer for item in LIBRARY.capsules.values())
