from dataclasses import replace

import numpy as np
import pytest

from capsules.errors import UnknownCapsuleError
from capsules.model import Expression, ExpressionItem
from compositor.drawlist import FrameSize
from engine.offline.render import (
    OfflineRenderer,
    RenderOptions,
    capsule_frames,
    straight,
    weight_frames,
)
from tests.unit.bodies import capsule, library, weights
from tests.unit.face_avatar import face_avatar

AVATAR = face_avatar()
SMALL = RenderOptions(size=FrameSize(128, 128))
ONCE = capsule("VF_ONCE", {"jawOpen": [(0, 0.0), (200, 0.8), (400, 0.0)]}, duration_ms=400)
HELD = capsule("VF_HELD", {"jawOpen": [(0, 0.0), (200, 0.6)]}, hold=True, duration_ms=300)
ROUND = capsule(
    "VF_ROUND", {"jawOpen": [(0, 0.1), (250, 0.7), (500, 0.1)]}, loop=True, duration_ms=500
)
LIBRARY = library(ONCE, HELD, ROUND)


def test_what_plays_once_begins_and_ends_at_rest() -> None:
    frames = capsule_frames(LIBRARY, AVATAR, "VF_ONCE", SMALL)
    assert frames[0].weights == ()
    assert frames[-1] == frames[0]
    assert max(weights(frame).get("jawOpen", 0.0) for frame in frames) == pytest.approx(
        0.8, abs=0.1
    )
    assert {name for frame in frames for name, _ in frame.weights} == {"jawOpen"}


def test_what_holds_ends_where_it_stays() -> None:
    frames = capsule_frames(LIBRARY, AVATAR, "VF_HELD", SMALL)
    assert weights(frames[-1])["jawOpen"] == pytest.approx(0.6)


def test_what_holds_goes_back_to_rest_where_it_loops() -> None:
    frames = capsule_frames(LIBRARY, AVATAR, "VF_HELD", replace(SMALL, loop=True))
    assert max(weights(frame).get("jawOpen", 0.0) for frame in frames) == pytest.approx(0.6)
    assert frames[-1] == frames[0]


def test_a_loop_is_one_period_that_meets_its_beginning() -> None:
    frames = capsule_frames(LIBRARY, AVATAR, "VF_ROUND", replace(SMALL, loop=True))
    opened = [weights(frame)["jawOpen"] for frame in frames]
    steps = np.abs(np.diff([*opened, opened[0]]))
    assert len(frames) == 15
    assert 0.0 < steps[-1] <= steps[:-1].max() + 1e-9


def test_equal_arguments_give_equal_frames_and_a_seed_others() -> None:
    lively = replace(SMALL, lively=True, seed=3, length_ms=400.0)
    once, again = (capsule_frames(LIBRARY, AVATAR, "VF_ONCE", lively) for _ in range(2))
    other = capsule_frames(LIBRARY, AVATAR, "VF_ONCE", replace(lively, seed=4))
    assert once == again
    assert once != other


def test_length_is_kept_to_the_frame() -> None:
    frames = capsule_frames(LIBRARY, AVATAR, "VF_ONCE", replace(SMALL, length_ms=1000.0, fps=25))
    assert len(frames) == 25


def test_an_expression_goes_by_its_name() -> None:
    expression = Expression(
        id="E_TEST", name="testing", description="of a test", items=(ExpressionItem(cid="VF_ONCE"),)
    )
    known = type(LIBRARY)(LIBRARY.capsules.values(), [expression], LIBRARY.viseme_weights)
    assert capsule_frames(known, AVATAR, "testing", SMALL) == capsule_frames(
        known, AVATAR, "E_TEST", SMALL
    )


def test_unknown_capsules_are_named() -> None:
    with pytest.raises(UnknownCapsuleError, match="VF_NOWHERE"):
        capsule_frames(LIBRARY, AVATAR, "VF_NOWHERE", SMALL)


def test_weights_over_time_are_sampled_at_any_rate() -> None:
    frames = weight_frames(AVATAR, {"jawOpen": [(0.0, 0.0), (100.0, 1.0)]}, 100.0, SMALL)
    assert [weights(frame).get("jawOpen", 0.0) for frame in frames] == [0.0, 0.3333, 0.6667, 1.0]
    finer = weight_frames(
        AVATAR, {"jawOpen": [(0.0, 0.0), (100.0, 1.0)]}, 100.0, replace(SMALL, fps=60)
    )
    assert len(finer) == 7


def test_weights_of_no_basis_are_refused() -> None:
    with pytest.raises(ValueError, match="jawShut"):
        weight_frames(AVATAR, {"jawShut": [(0.0, 1.0)]}, 100.0, SMALL)


def test_frames_with_coverage_become_straight_rgba() -> None:
    options = replace(SMALL, coverage=True)
    (frame,) = weight_frames(AVATAR, {}, 0.0, options)
    with OfflineRenderer(AVATAR) as renderer:
        picture = renderer.rgba(frame)
    assert picture.shape == (128, 128, 4)
    assert picture[48, 64, 3] == 255
    assert picture[1, 1, 3] == 0


def test_colours_run_on_where_nothing_is_covered() -> None:
    colour = np.zeros((16, 16, 3), np.float32)
    alpha = np.zeros((16, 16), np.float32)
    colour[4:12, 4:12] = (0.8, 0.4, 0.2)
    alpha[4:12, 4:12] = 1.0
    colour[3, 4:12], alpha[3, 4:12] = (0.4, 0.2, 0.1), 0.5
    picture = straight(colour, alpha)
    assert (picture[..., 3] == np.round(255 * alpha)).all()
    assert np.abs(picture[..., :3].astype(int) - (204, 102, 51)).max() <= 3
