"""A half-and-half blend of two capsules, and a cross-fade, beside the true in-between pose.

The blend is what the product draws: the mean of both poses' weights, summed and rendered by the
CPU backend. The cross-fade is the mean of the two finished frames, which is what one does with
clips. The true in-between pose is made without the summing that is being judged: in float64, each
vertex is put halfway between its places in the two poses and the texture halfway between their
textures; that is baked into an avatar without bases, and rendered. Bases are linear, so the blend
should equal it but for rounding, filtering and clipped colours. It says that a blend is a pose, not
that linear bases are how heads turn. For that, `turn` compares movements that are rotations in
life: the reference is turned by half the angle, where the blend halves a straight movement.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.contact_sheet import write_sheet
from benchmarks.report import Budget, Figure, Report
from benchmarks.scene import mira
from capsules.avatar import Avatar, Part
from capsules.library import load_library
from capsules.model import Capsule
from capsules.targets import TargetKind, target
from compositor.backend import I420
from compositor.drawlist import Camera, DrawList, FrameSize, PartTransform
from compositor.numba_backend import NumbaCompositor

__all__ = ["psnr_db", "run", "ssim"]

PAIRS = (
    ("VF_JOY_HIGH", "VF_SAD_HIGH"),
    ("VF_SURPRISE_HIGH", "VF_JOY_HIGH"),
    ("VF_FEAR_HIGH", "VF_SERENE"),
    ("VF_SURPRISE_HIGH", "VF_SHELTERED"),
    ("VF_ANGER_HIGH", "VF_TENDER"),
    ("VF_DISGUST_HIGH", "VF_SATISFIED"),
    ("VF_WINK_LEFT", "VF_WINK_RIGHT"),
    ("VF_TILT_LEFT", "VF_TILT_RIGHT"),
    ("VF_NOD", "VF_TRIUMPH"),
    ("VF_LAUGH", "VF_LIP_PRESS"),
    ("VF_SHAKE", "VF_SHY"),
    ("VF_THINKING", "VF_READING"),
    ("VF_SKEPTIC", "VF_PLAYFUL"),
    ("HF_011", "HF_028"),
    ("HF_017", "HF_009"),
)
# Bases that stand for a turn out of the picture's plane: degrees at weight 1 (capsules.targets).
TURNS = {"headYaw": 25.0, "headPitch": 20.0, "handRightYaw": 40.0}
ROLL_DEGREES = 15.0  # headRoll is a turn in the plane: its reference turns the mesh
SIZE = FrameSize(512, 512)
FACE = Camera(y=-100.0, zoom=1.7)
LEAST_GAIN_DB = 8.0
BEST_DB = 100.0  # shown for pictures that are alike to the byte


@dataclass(frozen=True, slots=True)
class Pose:
    """Weights of bases, and parts' transforms by part and field."""

    weights: Mapping[str, float]
    moves: Mapping[tuple[str, str], float]

    @classmethod
    def of(cls, capsule: Capsule) -> "Pose":
        """Each track at its value furthest from rest."""
        weights: dict[str, float] = {}
        moves: dict[tuple[str, str], float] = {}
        for track in capsule.tracks:
            known = target(track.target)
            value = max((value for _, value in track.curve), key=lambda v: abs(v - known.rest))
            value = min(max(value, known.minimum), known.maximum)
            if known.kind is TargetKind.BASIS:
                weights[track.target] = value
            elif known.kind is TargetKind.TRANSFORM:
                part, _, name = track.target.partition(".")
                moves[part, name] = value
        return cls(weights, moves)

    def halfway(self, other: "Pose") -> "Pose":
        """The mean of both; what one of them does not name is at rest there."""
        weights = {
            name: (self.weights.get(name, 0.0) + other.weights.get(name, 0.0)) / 2
            for name in {**self.weights, **other.weights}
        }
        moves = {}
        for part, name in {**self.moves, **other.moves}:
            rest = target(f"{part}.{name}").rest
            both = [pose.moves.get((part, name), rest) for pose in (self, other)]
            moves[part, name] = sum(both) / 2
        return Pose(weights, moves)

    def draw_list(self, camera: Camera, avatar: str = "mira") -> DrawList:
        """The pose as a frame."""
        by_part: dict[str, dict[str, float]] = {}
        for (part, name), value in self.moves.items():
            by_part.setdefault(part, {})[name] = value
        return DrawList(
            avatar,
            SIZE,
            tuple(sorted((name, weight) for name, weight in self.weights.items() if weight)),
            tuple(PartTransform(part, **values) for part, values in sorted(by_part.items())),
            camera,
        )


@dataclass(frozen=True, slots=True)
class Case:
    """Two poses, their in-between pose, and the avatar in which that one is baked."""

    name: str
    first: Pose
    second: Pose
    camera: Camera
    true_avatar: Avatar


def run(*, quick: bool, sheet: Path) -> Report:
    """PSNR and SSIM of the luma of blends and cross-fades against the true in-between pose.

    Args:
        quick: Fewer pairs.
        sheet: Where the contact sheet is written to.
    """
    report = Report("quality")
    compositor = NumbaCompositor()
    compositor.load(mira())
    rows = []
    gains = {}
    for group, cases in (("pairs", _pairs(PAIRS[:4] if quick else PAIRS)), ("turn", _turns())):
        blends, fades = [], []
        for case in cases:
            compositor.load(case.true_avatar)
            frames = _frames(compositor, case)
            _, blend, true, fade, _ = (_luma(frame) for frame in frames)
            blends.append((psnr_db(blend, true), ssim(blend, true)))
            fades.append((psnr_db(fade, true), ssim(fade, true)))
            said = f"{case.name}: {blends[-1][0]:.1f} dB, cross-fade {fades[-1][0]:.1f} dB"
            rows.append((said, frames))
        for name, found in (("blend", blends), ("crossfade", fades)):
            report.figures[f"{group}.{name}.psnr_db"] = Figure.of([db for db, _ in found], "dB")
            report.figures[f"{group}.{name}.ssim"] = Figure.of([value for _, value in found], "")
        gains[group] = [blend[0] - fade[0] for blend, fade in zip(blends, fades, strict=True)]
        report.figures[f"{group}.gain_db"] = Figure.of(gains[group], "dB, blend over cross-fade")
        report.notes[f"{group}.worst"] = f"{min(gains[group]):.1f} dB of {len(gains[group])}"
    report.budgets.append(
        Budget(
            "pairs: PSNR of the cross-fade less that of the blend",
            -LEAST_GAIN_DB,
            -median(gains["pairs"]),
        )
    )
    write_sheet(sheet, ("first", "blend", "true", "cross-fade", "second"), rows)
    report.notes["sheet"] = sheet.name
    report.notes["true"] = (
        "pairs: vertices and texture halfway, computed in float64 and baked; turn: turned by half "
        f"the angle. {BEST_DB:g} dB stands for equal bytes"
    )
    return report


def _frames(compositor: NumbaCompositor, case: Case) -> list[I420]:
    """First pose, blend, true in-between pose, cross-fade, second pose."""
    halfway = case.first.halfway(case.second)
    still = replace(halfway, weights={})
    first, blend, true, second = compositor.render(
        [
            case.first.draw_list(case.camera),
            halfway.draw_list(case.camera),
            still.draw_list(case.camera, case.true_avatar.name),
            case.second.draw_list(case.camera),
        ]
    )
    fade: I420 = ((first.astype(np.uint16) + second + 1) // 2).astype(np.uint8)
    return [first, blend, true, fade, second]


def _pairs(cids: Sequence[tuple[str, str]]) -> list[Case]:
    library = load_library()
    cases = []
    for one, other in cids:
        first, second = Pose.of(library.capsule(one)), Pose.of(library.capsule(other))
        camera = FACE if one.startswith("VF") else Camera()
        parts = tuple(
            _textured(_moved(part, _sums(part, first, second)), part, first, second)
            for part in mira().parts
        )
        cases.append(Case(f"{one} + {other}", first, second, camera, _baked(parts)))
    return cases


def _turns() -> list[Case]:
    """From rest to a full turn."""
    rest = Pose({}, {})
    raised = {("handRight", "y"): -230.0, ("handRight", "x"): 30.0}
    cases = []
    for name, degrees in TURNS.items():
        moves = raised if name.startswith("hand") else {}
        share = math.sin(math.radians(degrees / 2)) / math.sin(math.radians(degrees))
        true = Pose({name: share}, {})
        parts = tuple(_moved(part, _sums(part, true, true)) for part in mira().parts)
        camera = Camera() if moves else FACE
        first, second = replace(rest, moves=moves), Pose({name: 1.0}, moves)
        cases.append(Case(f"{name} by {degrees:g} degrees", first, second, camera, _baked(parts)))
    parts = tuple(_moved(part, _rolled(part)) for part in mira().parts)
    turned = Pose({"headRoll": 1.0}, {})
    cases.append(Case(f"headRoll by {ROLL_DEGREES:g} degrees", rest, turned, FACE, _baked(parts)))
    return cases


def _baked(parts: tuple[Part, ...]) -> Avatar:
    return replace(mira(), name="true", parts=parts)


def _moved(part: Part, by: NDArray[np.float64]) -> Part:
    return replace(part, vertices=(part.vertices + by).astype(np.float32), bases={})


def _sums(part: Part, first: Pose, second: Pose) -> NDArray[np.float64]:
    """How far each vertex is from rest, halfway between both poses."""
    by = np.zeros(part.vertices.shape, np.float64)
    for pose in (first, second):
        for name, weight in pose.weights.items():
            if name in part.bases:
                by += weight / 2 * part.bases[name].delta.astype(np.float64)
    return by


def _rolled(part: Part) -> NDArray[np.float64]:
    """Half of the head's roll as a turn: the basis holds its first derivative at every vertex."""
    by = np.zeros(part.vertices.shape, np.float64)
    if "headRoll" not in part.bases:
        return by
    tangent = part.bases["headRoll"].delta / math.sin(math.radians(ROLL_DEGREES))
    inward = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    half = math.radians(ROLL_DEGREES / 2)
    result: NDArray[np.float64] = math.sin(half) * tangent + (1 - math.cos(half)) * inward
    return result


def _textured(moved: Part, part: Part, first: Pose, second: Pose) -> Part:
    """The part with the mean of both poses' textures."""
    left, top, width, height = part.residual_rect
    changes = []
    for pose in (first, second):
        for name, weight in pose.weights.items():
            residual = part.bases[name].residual if name in part.bases else None
            if residual is not None:
                changes.append(weight / 2 * residual.astype(np.float64) * (255 / 127))
    if not changes:
        return moved
    change = cv2.resize(sum(changes[1:], changes[0]), (width, height))
    texture = part.texture.astype(np.float64)
    patch = texture[top : top + height, left : left + width]
    patch[:, :, :3] += change * patch[:, :, 3:] / 255.0
    patch[:, :, :3] = np.clip(patch[:, :, :3], 0.0, patch[:, :, 3:])
    return replace(moved, texture=np.rint(texture).astype(np.uint8))


def _luma(frame: I420) -> NDArray[np.uint8]:
    return frame[: len(frame) * 2 // 3]


def psnr_db(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio of two pictures, at most `BEST_DB`."""
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return BEST_DB if error == 0.0 else min(10 * math.log10(255.0**2 / error), BEST_DB)


def ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean structural similarity (Wang et al., 2004): Gaussian windows of sigma 1.5."""
    a, b = one.astype(np.float64), other.astype(np.float64)

    def mean(picture: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(picture, (11, 11), 1.5), np.float64)

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_a, mean_b = mean(a), mean(b)
    variance_a, variance_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    likeness = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float(
        np.mean(likeness / ((mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2)))
    )
