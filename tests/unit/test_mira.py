import json
from functools import cache
from importlib import resources
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.bake_mesh import lid_gaps
from capsules.arkit import ARKIT_BLENDSHAPES, VISEMES
from capsules.avatar import Avatar, Part
from capsules.mira.source import source_digest
from capsules.pack import builtin_avatar
from capsules.targets import FINGERS, HAND_PARTS, TargetKind, targets
from capsules.weights import WeightResolver, correctives

_ARCHIVE = resources.files("capsules") / "avatars" / "mira.avatar"
# A triangle may turn over by this much, which is less than anyone can see: skin that lies folded
# away behind lids and lips, and fingers that pass one another.
_LEAST_FLIP_PX2 = 1.5
_LEAST_HAND_FLIP_PX2 = 6.5


@pytest.fixture(scope="module")
def mira(tmp_path_factory: pytest.TempPathFactory) -> Avatar:
    return builtin_avatar("mira", tmp_path_factory.mktemp("avatars"))


def _posed(part: Part, weights: dict[str, float]) -> NDArray[np.float64]:
    vertices = part.vertices.astype(np.float64)
    for name, weight in weights.items():
        if name in part.bases:
            vertices = vertices + weight * part.bases[name].delta.astype(np.float64)
    return vertices


def _areas(vertices: NDArray[np.float64], triangles: NDArray[np.int32]) -> NDArray[np.float64]:
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    one, two = b - a, c - a
    return np.asarray(0.5 * (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]))


def _largest_flip(part: Part, weights: dict[str, float]) -> float:
    at_rest = _areas(part.vertices.astype(np.float64), part.triangles)
    posed = _areas(_posed(part, weights), part.triangles)
    seen = np.abs(at_rest) > 0.5
    turned = np.where(seen, posed * np.sign(at_rest), posed)
    return float(-turned.min(initial=0.0))


def _with_correctives(mira: Avatar, weights: dict[str, float]) -> dict[str, float]:
    return dict(WeightResolver(correctives(mira.parts))(tuple(weights.items())))


@cache
def _visemes() -> dict[str, dict[str, float]]:
    text = (resources.files("capsules") / "data" / "visemes.json").read_text()
    return dict(json.loads(text))


def _both(stem: str, weight: float = 1.0) -> dict[str, float]:
    return {f"{stem}Left": weight, f"{stem}Right": weight}


def test_archive_is_under_eight_megabytes() -> None:
    assert len(_ARCHIVE.read_bytes()) < 8_000_000


def test_she_is_labelled_as_drawn_and_synthetic(mira: Avatar) -> None:
    assert mira.provenance.source == "drawn by code"
    assert mira.provenance.consent == "not a real person"
    assert mira.provenance.synthetic


def test_her_pack_is_of_the_code_that_draws_and_rigs_her(mira: Avatar) -> None:
    # Else draw her again: python -m capsules.mira capsules/avatars/mira.avatar
    assert mira.provenance.sha256 == source_digest()


def test_her_chin_stays_clean_where_it_is_pushed_up(mira: Avatar) -> None:
    face = mira.part("face")
    residual = face.bases["mouthShrugLower"].residual
    assert residual is not None
    shade = np.abs(residual.astype(float)).max(axis=-1)
    _, top, _, rows = face.residual_rect
    height = face.texture.shape[0]
    # The skin is stretched at the chin's lower edge, and so is what is drawn on it.
    near = np.hypot(face.vertices[:, 0] - 512, face.vertices[:, 1] - 556)
    row = int((face.uv[np.argmin(near), 1] * height - top) / rows * shade.shape[0])
    assert shade[row:].max() < 0.2 * shade.max()


def test_parts_stand_in_z_order(mira: Avatar) -> None:
    names = [part.name for part in mira.parts]
    wanted = ("background", "hairBack", "body", "mouth", "eyes", "irisLeft", "face", "hairFront")
    places = [names.index(name) for name in (*wanted, "handRight", "handLeft")]
    assert places == sorted(places)
    assert mira.canvas_px == 1024


def test_all_arkit_blendshapes_move_something(mira: Avatar) -> None:
    for name in ARKIT_BLENDSHAPES:
        moves = [np.abs(p.bases[name].delta).max() for p in mira.parts if name in p.bases]
        assert max(moves, default=0.0) > 2.0, name


def test_every_basis_target_exists(mira: Avatar) -> None:
    wanted = {t.name for t in targets().values() if t.kind is TargetKind.BASIS}
    assert wanted <= mira.basis_names


def test_every_basis_is_a_target(mira: Avatar) -> None:
    assert mira.basis_names <= set(targets())


def test_bases_hold_finite_numbers_of_a_sensible_size(mira: Avatar) -> None:
    for part in mira.parts:
        for name, basis in part.bases.items():
            assert np.isfinite(basis.delta).all(), (part.name, name)
            assert np.abs(basis.delta).max() < 320.0, (part.name, name)


def test_every_part_but_the_background_can_be_lit(mira: Avatar) -> None:
    unlit = [part.name for part in mira.parts if part.normals is None]
    assert unlit == ["background"]
    for part in mira.parts[1:]:
        assert part.normals is not None
        assert np.hypot(*np.moveaxis(part.normals.astype(float), 2, 0)).max() <= 128.0


def test_background_covers_the_canvas_and_more(mira: Avatar) -> None:
    part = mira.part("background")
    assert part.vertices.min() < -100.0
    assert part.vertices.max() > 1124.0
    assert part.texture[..., 3].min() == 255


def test_meshes_stay_within_the_triangle_budget(mira: Avatar) -> None:
    assert sum(len(part.triangles) for part in mira.parts) <= 6500


def _is_outline(face: Part, rim: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which vertices bound the face: not where lips touch, nor where lids fold their skin away."""
    x, y = face.vertices[rim].T
    _, _, _, rows = face.residual_rect
    hidden = face.uv[rim, 1] * face.texture.shape[0] > rows
    lips = (np.abs(x - 512) < 66) & (y > 455) & (y < 510)
    eyes = (np.abs(np.abs(x - 512) - 75) < 48) & (np.abs(y - 349) < 32)
    return np.asarray(~hidden & ~lips & ~eyes)


def test_mesh_edges_are_transparent_so_that_outlines_are_smooth(mira: Avatar) -> None:
    for name in ("face", "hairFront", "irisLeft", "irisRight"):
        part = mira.part(name)
        edges = np.sort(part.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        pairs, counts = np.unique(edges, axis=0, return_counts=True)
        rim = np.unique(pairs[counts == 1])
        if name == "face":
            rim = rim[_is_outline(part, rim)]
        height, width = part.texture.shape[:2]
        x = np.clip((part.uv[rim, 0] * width).astype(int), 0, width - 1)
        y = np.clip((part.uv[rim, 1] * height).astype(int), 0, height - 1)
        assert np.percentile(part.texture[y, x, 3], 90) <= 24, name


def test_blink_closes_both_eyes_completely(mira: Avatar) -> None:
    assert max(lid_gaps(mira)) < 0.005


@pytest.mark.parametrize("also", ["browDown", "cheekSquint", "eyeLookDown", "eyeWide"])
def test_lids_stay_closed_whatever_else_moves_them(mira: Avatar, also: str) -> None:
    assert max(lid_gaps(mira, also)) < 0.01


def _blink(side: int) -> str:
    return "eyeBlinkLeft" if side > 0 else "eyeBlinkRight"


@pytest.mark.parametrize("side", [1, -1])
def test_lashes_ride_on_the_lid(mira: Avatar, side: int) -> None:
    lashes = mira.part("lashesLeft" if side > 0 else "lashesRight")
    face = mira.part("face")
    closing = face.bases[_blink(side)].delta[:, 1].astype(float)
    roots = np.sort(closing)[-5:].mean()
    moved = lashes.bases[_blink(side)].delta[:, 1].astype(float)
    assert moved.max() > roots
    # Their tips point up at rest and down when the eye is closed.
    tip = np.argmin(lashes.vertices[:, 1])
    root = np.argmin(np.abs(moved - roots))
    posed = _posed(lashes, {_blink(side): 1.0})[:, 1]
    assert lashes.vertices[tip, 1] < lashes.vertices[root, 1]
    assert posed[tip] > posed[root]


def test_jaw_opens_the_mouth_and_drops_the_chin(mira: Avatar) -> None:
    face = mira.part("face")
    delta = face.bases["jawOpen"].delta.astype(float)
    chin = np.argmin(np.hypot(face.vertices[:, 0] - 512, face.vertices[:, 1] - 560))
    lips = (np.abs(face.vertices[:, 0] - 512) < 8) & (np.abs(face.vertices[:, 1] - 483) < 2)
    assert delta[chin, 1] > 35.0
    assert np.ptp(delta[lips, 1]) > 30.0


@pytest.mark.parametrize("name", ["mouthPucker", "mouthFunnel"])
def test_rounded_lips_leave_the_outline_of_the_face_in_place(mira: Avatar, name: str) -> None:
    face = mira.part("face")
    edges = np.sort(face.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    pairs, counts = np.unique(edges, axis=0, return_counts=True)
    rim = np.unique(pairs[counts == 1])
    outer = rim[np.abs(face.vertices[rim, 0] - 512) > 66]
    delta = face.bases[name].delta.astype(float)
    assert np.count_nonzero(face.vertices[outer, 1] > 440) > 10
    assert np.abs(delta[outer]).max() < 0.3
    assert np.abs(delta[:, 0]).max() > 8.0


@pytest.mark.parametrize("jaw", [0.02, 0.05, 0.08])
def test_a_thin_opening_of_the_lips_is_in_shadow(mira: Avatar, jaw: float) -> None:
    names = [part.name for part in mira.parts]
    assert names.index("teethLower") < names.index("lipShade") < names.index("face")
    face, shade = mira.part("face"), mira.part("lipShade")
    middle = np.abs(face.vertices[:, 0] - 512) < 8
    lips = middle & (np.abs(face.vertices[:, 1] - 483) < 2)
    edges = _posed(face, {"jawOpen": jaw})[lips, 1]
    strip = _posed(shade, {"jawOpen": jaw})[np.abs(shade.vertices[:, 0] - 512) < 8, 1]
    assert np.ptp(edges) > 30.0 * jaw
    assert strip.min() < edges.min() < edges.max() < strip.max()
    h, w = shade.texture.shape[:2]
    down = (edges.min() + 0.6 * np.ptp(edges) - strip.min()) / np.ptp(strip)
    place = shade.uv[np.abs(shade.vertices[:, 0] - 512) < 8, 1]
    row = int((place.min() + down * np.ptp(place)) * h)
    assert shade.texture[row, w // 2, 3] > 140


def test_mouth_close_undoes_what_jaw_open_parts(mira: Avatar) -> None:
    face = mira.part("face")
    at, place = np.unique(face.vertices.round(1), axis=0, return_inverse=True)
    between = (np.abs(at[:, 0] - 512) < 48) & (np.abs(at[:, 1] - 482) < 9)
    # Vertices that share a place at rest are those of the two lips where they meet.
    shared = np.flatnonzero(between & (np.bincount(place.ravel()) > 1))
    assert len(shared) > 20

    def parted(weights: dict[str, float]) -> list[float]:
        moved = _posed(face, weights)[:, 1]
        return [float(np.ptp(moved[place.ravel() == k])) for k in shared]

    assert max(parted({"jawOpen": 1.0})) > 40.0
    # They lap over each other by as much as soft edges need.
    assert max(parted({"jawOpen": 1.0, "mouthClose": 1.0})) < 10.0


def _folds(name: str) -> bool:
    """Fingers fold over themselves; mouthClose means nothing without jawOpen."""
    return name.endswith("Curl") or name == "mouthClose"


def test_no_basis_turns_a_triangle_over(mira: Avatar) -> None:
    signed = {t.name for t in targets().values() if t.minimum <= -1.0}
    for part in mira.parts:
        # Lashes turn over as the lid closes: that is how they come to point down.
        for name in part.bases if not part.name.startswith("lashes") else ():
            others = dict.fromkeys(part.bases[name].drivers, 1.0)
            for weight in (1.0, -1.0) if name in signed else (1.0,):
                if not _folds(name):
                    flip = _largest_flip(part, others | {name: weight})
                    hand = part.name in HAND_PARTS
                    least = _LEAST_HAND_FLIP_PX2 if hand else _LEAST_FLIP_PX2
                    assert flip < least, (part.name, name, weight, flip)


_COMBINATIONS = {
    "open smile": _both("mouthSmile") | {"jawOpen": 0.6},
    "frowning blink": _both("eyeBlink") | _both("browDown"),
    "smiling blink": _both("eyeBlink") | _both("mouthSmile") | _both("cheekSquint", 0.5),
    "oh": {"jawOpen": 0.6, "mouthPucker": 0.8},
    "turned smile": _both("mouthSmile") | {"headYaw": 1.0},
    "closed on an open jaw": {"jawOpen": 1.0, "mouthClose": 1.0},
    "surprise": _both("browOuterUp") | _both("eyeWide") | {"browInnerUp": 1.0, "jawOpen": 0.6},
    "disgust": _both("noseSneer") | _both("mouthUpperUp", 0.6) | _both("browDown", 0.6),
    "head aside and down": {"headYaw": -0.7, "headPitch": -0.7, "headRoll": 0.5},
}


@pytest.mark.parametrize("weights", _COMBINATIONS.values(), ids=list(_COMBINATIONS))
def test_common_combinations_turn_no_triangle_over(mira: Avatar, weights: dict[str, float]) -> None:
    for name in ("face", "hairFront", "body", "eyes", "mouth"):
        assert _largest_flip(mira.part(name), _with_correctives(mira, weights)) < _LEAST_FLIP_PX2


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_looks_move_the_iris_the_way_they_say(mira: Avatar, side: str) -> None:
    sign = 1.0 if side == "Left" else -1.0
    bases = mira.part(f"iris{side}").bases
    mean = {
        look: bases[f"eyeLook{look}{side}"].delta.astype(float).mean(axis=0)
        for look in ("In", "Out", "Up", "Down")
    }
    assert sign * mean["Out"][0] > 5.0
    assert sign * mean["In"][0] < -5.0
    assert mean["Up"][1] < -5.0
    assert mean["Down"][1] > 5.0


def test_head_turns_with_parallax(mira: Avatar) -> None:
    face = mira.part("face")
    yaw = face.bases["headYaw"].delta.astype(float)[:, 0]
    nose = np.argmin(np.hypot(face.vertices[:, 0] - 512, face.vertices[:, 1] - 428))
    cheek = np.argmin(np.hypot(face.vertices[:, 0] - 655, face.vertices[:, 1] - 360))
    back = mira.part("hairBack").bases["headYaw"].delta.astype(float)[:, 0]
    assert yaw[nose] > 2.0 * abs(yaw[cheek])
    assert back.min() < 0.0 < yaw[nose]


@pytest.mark.parametrize("viseme", VISEMES)
def test_viseme_uses_known_blendshapes_within_range(viseme: str) -> None:
    weights = _visemes()[viseme]
    assert set(weights) <= set(ARKIT_BLENDSHAPES)
    assert all(0.0 < weight <= 1.0 for weight in weights.values())


def test_there_are_exactly_the_fifteen_visemes() -> None:
    assert list(_visemes()) == list(VISEMES)


def test_visemes_look_different_from_one_another(mira: Avatar) -> None:
    parts = [mira.part(name) for name in ("face", "tongueTip", "teethLower")]
    shapes = {
        name: np.concatenate([_posed(part, weights).ravel() for part in parts])
        for name, weights in _visemes().items()
    }
    for one, other in combinations(shapes, 2):
        difference = np.abs(shapes[one] - shapes[other])
        assert np.sort(difference)[-20:].mean() > 1.5, (one, other)


@pytest.mark.parametrize("side", ["Left", "Right"])
@pytest.mark.parametrize("weight", [0.42, 0.46, 0.50, 0.54, 0.58])
def test_lashes_of_a_half_closed_eye_lie_on_the_lids_dark_edge(
    mira: Avatar, side: str, weight: float
) -> None:
    closed = {f"eyeBlink{side}": weight}
    lashes = _posed(mira.part(f"lashes{side}"), closed)
    shade = _posed(mira.part(f"lidShade{side}"), closed)
    columns = len(shade) // 2
    # The shade's two rows hang on the lid's edge: 0.035 above it and 0.095 below.
    above, below = shade[:columns, 1], shade[columns:, 1]
    edge = above + (below - above) * 0.035 / 0.130
    rows = lashes[:, 1].reshape(-1, columns)
    middle = slice(columns // 4, -(columns // 4))
    # Where they are seen edge-on they hide on the edge instead of dotting the eye below.
    lift = (edge - rows)[:, middle]
    assert ((np.ptp(lift, axis=0) > 2.0) | (lift.min(axis=0) > 2.0)).all()


def test_lips_that_part_show_no_light_seam(mira: Avatar) -> None:
    face = mira.part("face")
    height, width = face.texture.shape[:2]
    # The insides of the lips are painted in the lowest strip of the texture.
    top, bottom = np.unique(np.round(face.uv[:, 1], 4))[[-2, -1]]
    rows = slice(round(float(top) * height) + 2, round(float(bottom) * height) - 2)
    inside = face.texture[rows].reshape(-1, 4)
    inside = inside[inside[:, 3] > 250][:, :3]
    lip = np.linalg.norm(face.vertices - (512.0, 498.0), axis=1).argmin()
    u, v = face.uv[lip] * (width, height)
    colour = face.texture[round(float(v)), round(float(u)), :3]
    assert np.percentile(inside.mean(axis=1), 99) < 0.95 * colour.mean()


@pytest.mark.parametrize("part", HAND_PARTS)
def test_hand_has_a_skeleton_that_its_bases_move(mira: Avatar, part: str) -> None:
    skeleton = mira.skeletons[part]
    for finger, name in enumerate(FINGERS):
        move = np.linalg.norm(skeleton.keypoint_deltas[f"{part}{name}Curl"], axis=1)
        tip = 4 + 4 * finger
        assert move[tip] > 25.0, name
        assert move[np.setdiff1d(np.arange(21), np.arange(tip - 3, tip + 1))].max() == 0.0, name


@pytest.mark.parametrize(("part", "side"), [("handLeft", -1.0), ("handRight", 1.0)])
def test_resting_fingers_bend_towards_the_middle(mira: Avatar, part: str, side: float) -> None:
    keypoints = mira.skeletons[part].keypoints
    bends = []
    for base in (5, 9, 13, 17):
        first, last = (
            keypoints[base + 1] - keypoints[base],
            keypoints[base + 3] - keypoints[base + 2],
        )
        turn = np.degrees(np.arctan2(last[0], -last[1]) - np.arctan2(first[0], -first[1]))
        bends.append(side * float(turn))
    assert min(bends) > 6.0
    assert max(bends) - min(bends) > 2.0


@pytest.mark.parametrize("part", HAND_PARTS)
def test_hand_rests_in_the_picture_and_its_sleeve_reaches_far_below(
    mira: Avatar, part: str
) -> None:
    keypoints = mira.skeletons[part].keypoints
    tips = keypoints[[4, 8, 12, 16, 20]]
    assert tips[:, 1].max() < 960.0
    assert tips[:, 1].min() > 620.0
    assert mira.part(part).vertices[:, 1].max() > 1024.0 + 320.0


def test_left_hand_is_on_the_right_of_the_picture(mira: Avatar) -> None:
    assert mira.skeletons["handLeft"].keypoints[0, 0] > 512.0
    assert mira.skeletons["handRight"].keypoints[0, 0] < 512.0


def test_unpacked_avatar_is_small_in_memory(mira: Avatar, tmp_path: Path) -> None:
    again = builtin_avatar("mira", tmp_path)
    total = sum(file.stat().st_size for file in tmp_path.rglob("*.safetensors"))
    assert again.name == mira.name
    assert total < 32 << 20
