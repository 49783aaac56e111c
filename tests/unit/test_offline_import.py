"""Recordings of a small avatar, rendered here and read back, without any model."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capsules.library import PACKAGED_FOLDER, load_library
from capsules.model import Layer
from compositor.background import parse_background
from compositor.drawlist import FrameSize
from control_plane.cli import main
from engine.offline.errors import ImportRefusedError, TakeError
from engine.offline.export import ExportOptions, export_capsule
from engine.offline.files import Still, write_webm
from engine.offline.importing import fit_take
from engine.offline.render import OfflineRenderer, RenderOptions, capsule_frames
from engine.offline.store import own_library, store_capsule
from engine.offline.taking import ImportOptions, import_take
from engine.offline.tracks import open_take
from tests.unit.bodies import capsule, library, weights
from tests.unit.face_avatar import NAMES, face_avatar

AVATAR = face_avatar()
RENDER = RenderOptions(size=FrameSize(256, 256), fps=20)
MOVES = {
    "jawOpen": [(0, 0.0), (150, 0.7), (300, 0.2), (400, 0.0)],
    "mouthSmileLeft": [(0, 0.0), (200, 0.6), (400, 0.0)],
    "mouthRight": [(0, 0.0), (200, 0.5), (400, 0.0)],
}
LIBRARY = library(capsule("VF_MOVES", MOVES, duration_ms=400))
DRAFT: dict[str, object] = {
    "cid": "VF_201",
    "layer": "face",
    "description": "of a test",
    "duration_ms": 300,
    "tracks": [{"target": "jawOpen", "curve": [(0, 0.0), (300, 0.5)]}],
}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("takes") / "moves.webm"
    export_capsule(LIBRARY, AVATAR, "VF_MOVES", path, ExportOptions(render=RENDER))
    return path


def test_a_recording_of_the_avatar_comes_back_as_the_curves_it_was_rendered_from(
    recording: Path, tmp_path: Path
) -> None:
    told: list[tuple[str, float]] = []
    options = ImportOptions("VF_201", emotion=(0.1, 0.2, 0.3))
    done = import_take(
        recording, AVATAR, tmp_path, options, progress=lambda *step: told.append(step)
    )
    frames = capsule_frames(LIBRARY, AVATAR, "VF_MOVES", RENDER)
    times = np.arange(len(frames)) * 50.0
    found = {
        track.target: np.interp(times, *np.array(list(track.curve)).T)
        for track in done.capsule.tracks
    }
    for name in NAMES:
        true = np.array([weights(frame).get(name, 0.0) for frame in frames])
        got = found.get(name, np.zeros(len(frames)))
        assert np.abs(got - true).mean() < 0.03, name
    assert done.report.method == "pictures"
    assert not done.capsule.hold
    assert [share for _, share in told] == sorted(share for _, share in told)
    kept = load_library(tmp_path).capsule("VF_201")
    assert kept == done.capsule
    assert kept.emotion is not None
    assert kept.emotion.dominance == 0.3
    assert kept.provenance.source == "moves.webm"
    assert len(kept.provenance.sha256) == 64
    assert kept.params["fit"]["method"] == "pictures"
    assert [path.name for path in tmp_path.iterdir()] == ["vf_201.json"]


def test_the_same_recording_can_be_kept_as_a_clip(recording: Path, tmp_path: Path) -> None:
    done = import_take(recording, AVATAR, tmp_path, ImportOptions("VF_202", kind="clip"))
    found = load_library(tmp_path)
    clip = found.clips["VF_202"]
    take = open_take(recording)
    assert clip.frame_count == len(take.times_ms)
    assert clip.matte == "alpha"
    assert done.capsule.duration_ms <= clip.duration_ms + 1.0
    left, top, width, height = clip.rect
    middle = (left + width / 2, top + height / 2)
    assert middle == pytest.approx((0.5, 0.39), abs=0.02)
    assert height == pytest.approx(width)


def test_an_import_that_is_ended_while_it_writes_leaves_nothing(
    recording: Path, tmp_path: Path
) -> None:
    def end(stage: str, _share: float) -> None:
        if stage == "writing the clip":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_take(recording, AVATAR, tmp_path, ImportOptions("VF_202", kind="clip"), progress=end)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("consent", [[], ["--consent", " "]])
def test_a_clip_is_not_made_of_anyone_without_consent(
    consent: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own"
    command = ["capsule", "import", "take.webm", "--cid", "VF_201", "--capsules", str(own)]
    assert main([*command, "--as", "clip", *consent]) == 2
    message = capsys.readouterr().err
    assert "a clip keeps the pictures: say who agreed and when" in message
    assert "--consent" in message
    assert not own.exists()
    # Nothing of the face is in curves: the same recording is only missed for not being there.
    assert main([*command, *consent]) == 1
    assert "--consent" not in capsys.readouterr().err


def test_a_clip_lies_where_the_avatar_has_her_head(tmp_path: Path) -> None:
    held = capsule("VF_HELD", {"jawOpen": [(0, 0.0), (200, 0.8)]}, hold=True, duration_ms=300)
    known = library(held)
    path = tmp_path / "held.webm"
    export_capsule(known, AVATAR, "VF_HELD", path, ExportOptions(render=RENDER))
    done = import_take(path, AVATAR, tmp_path, ImportOptions("VF_202", kind="clip"))
    assert done.capsule.hold
    late = replace(RENDER, length_ms=1500.0)
    own = load_library(tmp_path)
    with OfflineRenderer(AVATAR, own) as renderer:
        clip = renderer.rgb(capsule_frames(own, AVATAR, "VF_202", late)[-1])
        curves = renderer.rgb(capsule_frames(known, AVATAR, "VF_HELD", late)[-1])
        rest = renderer.rgb(capsule_frames(known, AVATAR, "VF_NEUTRAL", late)[0])
    head = (slice(48, 150), slice(72, 184))
    off = np.abs(clip[head].astype(int) - curves[head]).mean()
    moved = np.abs(rest[head].astype(int) - curves[head]).mean()
    assert off < 0.5 * moved


def test_transparent_exports_are_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "clear.webm"
    options = ExportOptions(render=RENDER, background=parse_background("transparent"))
    export_capsule(LIBRARY, AVATAR, "VF_MOVES", path, options)
    take = open_take(path)
    assert take.has_alpha
    with OfflineRenderer(AVATAR) as renderer:
        fitted = fit_take(take, renderer, None)
    assert fitted.is_avatar
    assert fitted.courses["jawOpen"].max() == pytest.approx(0.66, abs=0.08)


def test_without_models_no_other_face_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "grey.webm"
    still = Still("grey", FrameSize(128, 128), 10, transparent=False, loop=False)

    def grey() -> Iterator[np.ndarray[tuple[int, int], np.dtype[np.uint8]]]:
        for _ in range(4):
            yield np.full((192, 128), 128, np.uint8)

    write_webm(grey(), path, still)
    with pytest.raises(TakeError, match="does not show faced"):
        import_take(path, AVATAR, tmp_path, ImportOptions("VF_201"))
    assert [one.name for one in tmp_path.iterdir()] == ["grey.webm"]


def test_a_recording_in_which_nothing_moves_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "still.webm"
    still = library(capsule("VF_STILL", {"jawOpen": [(0, 0.0), (300, 0.001)]}, duration_ms=300))
    export_capsule(still, AVATAR, "VF_STILL", path, ExportOptions(render=RENDER))
    with pytest.raises(TakeError, match="nothing moves"):
        import_take(path, AVATAR, tmp_path, ImportOptions("VF_201"))


def test_a_neutral_frame_beyond_the_end_is_refused(recording: Path, tmp_path: Path) -> None:
    with pytest.raises(TakeError, match="neutral is 999, expected a frame, 0 to"):
        import_take(recording, AVATAR, tmp_path, ImportOptions("VF_201", neutral=999))


def test_what_comes_before_the_start_is_left_out(recording: Path, tmp_path: Path) -> None:
    whole = import_take(recording, AVATAR, tmp_path, ImportOptions("VF_203"))
    options = ImportOptions("VF_204", start_ms=120.0, neutral_ms=20.0, source="a camera")
    late = import_take(recording, AVATAR, tmp_path, options)
    assert late.capsule.duration_ms == whole.capsule.duration_ms - 150  # 20 frames a second
    first = {track.target: track.curve[0][1] for track in late.capsule.tracks}
    assert first["jawOpen"] > 0.3
    assert late.capsule.provenance.source == "a camera"


def test_a_start_beyond_the_end_is_refused_before_anything_is_fitted(
    recording: Path, tmp_path: Path
) -> None:
    stages: list[str] = []
    options = ImportOptions("VF_205", start_ms=9000.0)
    with pytest.raises(TakeError, match="it begins at 9000 ms, expected before its end"):
        import_take(
            recording, AVATAR, tmp_path, options, progress=lambda stage, _: stages.append(stage)
        )
    assert stages == []


def test_a_recording_that_is_too_long_is_refused(recording: Path, tmp_path: Path) -> None:
    with pytest.raises(TakeError, match=r"is longer than 0\.2 s"):
        import_take(recording, AVATAR, tmp_path, ImportOptions("VF_206", most_s=0.2))


def test_the_report_says_what_the_curves_explain(recording: Path, tmp_path: Path) -> None:
    report = import_take(recording, AVATAR, tmp_path, ImportOptions("VF_207")).report
    assert report.picture_rms is not None
    assert report.rest_rms is not None
    assert report.picture_rms < 0.5 * report.rest_rms
    assert report.as_params()["rest_rms"] == round(report.rest_rms, 5)


def test_other_layers_are_refused(recording: Path, tmp_path: Path) -> None:
    with pytest.raises(ImportRefusedError, match="layer is hand"):
        import_take(recording, AVATAR, tmp_path, ImportOptions("HF_201", layer=Layer.HAND))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ImportOptions("HF_201"),
            r"^HF_201 cannot be imported: HF_201 is of another layer than face: VF_ expected$",
        ),
        (ImportOptions("wink"), r"^wink cannot be imported: cid: \w"),
        (ImportOptions("VF_201", emotion=(2.0, 0.0, 0.0)), r"emotion\.valence: \w"),
        (ImportOptions("VF_200"), "has VF_200 already; --force replaces it"),
    ],
)
def test_what_cannot_be_imported_is_refused_before_the_recording_is_opened(
    tmp_path: Path, options: ImportOptions, said: str
) -> None:
    store_capsule(
        tmp_path, own_library(tmp_path, "VF_200", force=False), {**DRAFT, "cid": "VF_200"}
    )
    with pytest.raises(ImportRefusedError, match=said) as caught:
        import_take(tmp_path / "nowhere.webm", AVATAR, tmp_path, options)
    assert "Value error" not in str(caught.value)


def test_an_id_taken_while_the_recording_was_read_is_left_alone(
    recording: Path, tmp_path: Path
) -> None:
    def meanwhile(_step: str, _share: float) -> None:
        (tmp_path / "studio.json").write_text(json.dumps({"capsules": [DRAFT]}))

    with pytest.raises(ImportRefusedError, match="VF_201 lies among other capsules"):
        import_take(recording, AVATAR, tmp_path, ImportOptions("VF_201"), progress=meanwhile)
    assert [path.name for path in tmp_path.iterdir()] == ["studio.json"]


def test_the_packaged_library_is_never_written_to() -> None:
    with pytest.raises(ImportRefusedError, match="packaged"):
        own_library(PACKAGED_FOLDER, "VF_201", force=True)


def test_a_capsule_is_replaced_only_by_force(tmp_path: Path) -> None:
    store_capsule(tmp_path, own_library(tmp_path, "VF_201", force=False), DRAFT)
    with pytest.raises(ImportRefusedError, match="--force"):
        own_library(tmp_path, "VF_201", force=False)
    changed = {**DRAFT, "description": "another"}
    store_capsule(tmp_path, own_library(tmp_path, "VF_201", force=True), changed)
    assert load_library(tmp_path).capsule("VF_201").description == "another"


def test_a_capsule_among_others_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps({"capsules": [DRAFT]}))
    with pytest.raises(ImportRefusedError, match="by hand"):
        own_library(tmp_path, "VF_201", force=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cid": "HF_201"}, "another layer"),
        ({"duration_ms": 100}, "runs to 300 ms"),
        ({"tracks": [{"target": "jawOpen", "curve": [(0, 0.0), (300, 1.5)]}]}, "jawOpen is 1.5"),
        ({"emotion": {"valence": 2.0, "arousal": 0.0, "dominance": 0.0}}, "valence"),
    ],
)
def test_what_the_check_refuses_is_not_written(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    library_before = own_library(tmp_path, "VF_201", force=False)
    with pytest.raises(ImportRefusedError, match=said):
        store_capsule(tmp_path, library_before, {**DRAFT, **change})
    assert list(tmp_path.iterdir()) == []
