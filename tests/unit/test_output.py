from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.avatar import Avatar
from compositor import kernels
from compositor.backdrop import Backdrop, blurred, picture, solid
from compositor.backend import I420
from compositor.background import Background, BackgroundKind, parse_background
from compositor.drawlist import Camera, DrawList, FrameSize, Light, PartTransform
from compositor.light import directional
from compositor.numba_backend import NumbaCompositor
from compositor.output import OutputOptions, open_output
from compositor.probe import read_probe
from engine.framing import framing
from tests.unit.avatars import PROVENANCE, plain_part, synthetic_avatar
from tests.unit.avatars import solid as texture
from tests.unit.pictures import png

SIZE = FrameSize(192, 128)
GREY = (90, 140, 60)
SCENE = DrawList(
    "synthetic",
    SIZE,
    tuple((f"b{k:02d}", 0.5) for k in range(16)),
    (PartTransform("handLeft", -60.0, -120.0, 20.0, 1.1),),
    light=Light(directional(1.0, 0.5, 0.8)),
)


def before(color: tuple[int, int, int], avatar: Avatar) -> Avatar:
    """The avatar before a plain background."""
    rect = (-512.0, -512.0, 2048.0, 2048.0)
    plain = plain_part("background", rect, texture((*color, 255)))
    return replace(avatar, parts=(plain, *avatar.parts[1:]))


@pytest.fixture(scope="module")
def compositor() -> Iterator[NumbaCompositor]:
    made = NumbaCompositor()
    made.load(before(GREY, synthetic_avatar(0.5)))
    yield made
    made.close()


def halves(frame: I420) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Luma of the colour, and of the matte."""
    luma = frame[: len(frame) * 2 // 3].astype(np.int64)
    middle = luma.shape[1] // 2
    return luma[:, :middle], luma[:, middle:]


def covered(compositor: NumbaCompositor, draw_list: DrawList) -> I420:
    return compositor.render([replace(draw_list, coverage=True)])[0]


def shown(backdrop: Backdrop) -> I420:
    return backdrop.frame(Light())


def test_frame_with_coverage_is_twice_as_wide_and_black_where_nothing_is(
    compositor: NumbaCompositor,
) -> None:
    frame = covered(compositor, SCENE)
    size = replace(SCENE, coverage=True).frame_size
    assert frame.shape == (size.height * 3 // 2, size.width) == (192, 384)
    colour, matte = halves(frame)
    assert matte[2, 2] == colour[2, 2] == 16
    assert matte[64, 96] == 235
    assert set(np.unique(matte[:, 40])) - {16, 235}, "no soft edge"
    assert (colour[matte == 16] == 16).all()
    chroma = frame[128:].reshape(2, 64, 192)
    assert (chroma[:, :, 96:] == 128).all()
    assert chroma[:, 32, 48].tolist() != [128, 128]


@pytest.mark.parametrize("grade", [(0.0, 0.0, 1.0), (0.4, 0.5, 1.2)])
def test_composed_over_its_own_background_it_is_the_frame_without_coverage(
    compositor: NumbaCompositor, grade: tuple[float, float, float]
) -> None:
    scene = replace(SCENE, light=Light(SCENE.light.sh, *grade))
    expected = compositor.render([scene])[0]
    behind = expected[0, 0], expected[128:].reshape(2, -1)[:, 0]
    backdrop = np.empty_like(expected)
    backdrop[:128] = behind[0]
    backdrop[128:].reshape(2, -1)[:] = behind[1][:, None]
    composed = np.empty_like(expected)
    kernels.compose(covered(compositor, scene), backdrop, composed)
    difference = np.abs(composed.astype(int) - expected)
    # Grading a soft edge before or after it is blended is not the same where it bends colours.
    assert difference.max() <= (2 if grade[0] == 0.0 else 24)
    assert difference.mean() < 0.1


def test_grading_leaves_colours_below_their_coverage(compositor: NumbaCompositor) -> None:
    bright = replace(SCENE, light=Light(exposure=1.0))
    colour, matte = halves(covered(compositor, bright))
    assert (colour <= matte + 1).all()


def test_drawing_with_coverage_changes_no_later_frame() -> None:
    compositor = NumbaCompositor()
    compositor.load(synthetic_avatar(0.5))
    plain = compositor.render([SCENE])[0]
    clear = covered(compositor, SCENE)
    for _ in range(2):
        np.testing.assert_array_equal(compositor.render([SCENE])[0], plain)
        np.testing.assert_array_equal(covered(compositor, SCENE), clear)


def test_probe_can_be_read_over_any_background(compositor: NumbaCompositor) -> None:
    frame = covered(compositor, replace(SCENE, probe=0xA5C3))
    composed = np.empty((192, 192), np.uint8)
    kernels.compose(frame, shown(solid((255, 255, 255), SIZE)), composed)
    assert read_probe(frame) == read_probe(composed) == 0xA5C3


def test_coverage_is_part_of_a_draw_lists_bytes() -> None:
    assert SCENE.to_bytes() != replace(SCENE, coverage=True).to_bytes()


@pytest.mark.parametrize(
    "text", ["studio", "blur", "transparent", "color:#00ff7f", "picture:office-2_b"]
)
def test_background_is_read_and_written_alike(text: str) -> None:
    assert str(parse_background(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "Studio", "color:#12345", "color:red", "picture:", "picture:../key", "picture:a/b", "x"],
)
def test_what_is_no_background_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="picture:NAME"):
        parse_background(text)


def test_solid_colour_is_what_a_plain_background_is_drawn_as(compositor: NumbaCompositor) -> None:
    drawn = compositor.render([replace(SCENE, size=SIZE)])[0]
    assert shown(solid(GREY, SIZE))[0, 0] == drawn[0, 0]
    assert shown(solid(GREY, SIZE))[128, 0] == drawn[128, 0]


def test_blur_softens_edges_and_keeps_the_mean() -> None:
    checks = np.zeros((64, 64, 4), np.uint8)
    checks[..., 3] = 255
    checks[:, 32:, :3] = 200
    part = plain_part("background", (0, 0, 1024, 1024), checks)
    avatar = Avatar("a", 1024, (part,), PROVENANCE)
    frame = shown(blurred(avatar, Camera(), FrameSize(256, 256)))
    row = frame[128, :256].astype(int)
    steps = np.diff(row)
    assert steps.min() >= 0
    assert steps.max() < 12
    assert row[0] == 16
    assert row[-1] == 16 + round(200 * 219 / 255)
    assert abs(row.mean() - (row[0] + row[-1]) / 2) < 2


def test_blur_of_an_avatar_without_background_is_black() -> None:
    face = plain_part("face", (0, 0, 1024, 1024), texture((200, 200, 200, 255)))
    soft = blurred(Avatar("a", 1024, (face,), PROVENANCE), Camera(), SIZE)
    np.testing.assert_array_equal(shown(soft), shown(solid((0, 0, 0), SIZE)))


@pytest.mark.parametrize("size", [(1920, 128), (128, 1920), (320, 600), (1280, 720)])
def test_blur_covers_frames_of_every_shape(size: tuple[int, int]) -> None:
    part = plain_part("background", (-160, -160, 1344, 1344), texture((*GREY, 255)))
    avatar = Avatar("a", 1024, (part,), PROVENANCE)
    frame = shown(blurred(avatar, framing(FrameSize(*size)), FrameSize(*size)))
    luma = frame[: size[1]].astype(int)
    assert luma.max() - luma.min() <= 2
    assert abs(luma[0, 0] - int(shown(solid(GREY, SIZE))[0, 0])) <= 2


def test_background_is_drawn_and_blurred_once_for_all_sessions_of_a_shape(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[DrawList] = []
    render = NumbaCompositor.render

    def counted(self: NumbaCompositor, draw_lists: Sequence[DrawList]) -> list[I420]:
        drawn.extend(draw_lists)
        return render(self, draw_lists)

    monkeypatch.setattr(NumbaCompositor, "render", counted)
    avatar, other = before(GREY, synthetic_avatar(0.5)), before(GREY, synthetic_avatar(0.5))
    frames = [shown(blurred(avatar, Camera(), SIZE)) for _ in range(3)]
    assert len(drawn) == 1
    np.testing.assert_array_equal(frames[0], frames[2])
    blurred(avatar, Camera(zoom=1.1), SIZE)
    blurred(avatar, Camera(), FrameSize(128, 128))
    blurred(other, Camera(), SIZE)
    assert len(drawn) == 4
    assert max(min(scene.size.width, scene.size.height) for scene in drawn) < 256


def test_picture_covers_the_frame_and_keeps_its_shape(tmp_path: Path) -> None:
    rgb = np.zeros((300, 300, 3), np.uint8)
    rgb[140:160] = 255  # a bar across the middle
    rgb[:40] = (255, 0, 0)  # cut off: the frame is wider than the picture
    png(tmp_path / "bar.png", rgb)
    frame = shown(picture(tmp_path / "bar.png", SIZE))
    luma = frame[:128].astype(int)
    rows = np.flatnonzero(luma[:, 96] > 128)
    assert abs(len(rows) - 20 * 192 / 300) <= 2
    assert abs(rows.mean() - 63.5) < 1
    assert luma[0].max() == 16


def output_of(background: Background) -> I420:
    compositor = NumbaCompositor()
    avatar = before(GREY, synthetic_avatar(0.5))
    compositor.load(avatar)
    options = OutputOptions(background)
    output = open_output(options, avatar, Camera(), SIZE)
    frame = compositor.render([replace(SCENE, coverage=options.coverage)])[0]
    finished = output.finish(frame)
    assert finished.shape == (output.frame_size.height * 3 // 2, output.frame_size.width)
    assert output.idle is (finished is frame)
    return finished


def test_each_background_shows_what_it_says() -> None:
    studio = output_of(Background())
    assert output_of(parse_background("color:#ffffff"))[0, 0] == 235
    assert output_of(parse_background("transparent")).shape == (192, 384)
    same = output_of(Background(BackgroundKind.COLOR, GREY))
    assert np.abs(same.astype(int) - studio).max() <= 2
    soft = output_of(Background(BackgroundKind.BLUR))
    assert np.abs(soft.astype(int) - studio).max() <= 2, "a plain one is as soft as it can be"


@pytest.mark.parametrize("background", ["studio", "blur", "transparent"])
def test_label_and_watermark_lie_over_any_background(background: str) -> None:
    compositor = NumbaCompositor()
    avatar = synthetic_avatar(0.5)
    compositor.load(avatar)
    plain = OutputOptions(parse_background(background))
    marked = replace(plain, label=True, watermark="demo")
    scene = replace(SCENE, coverage=plain.coverage)
    frames = []
    for options in (plain, marked):
        output = open_output(options, avatar, Camera(), SIZE)
        assert output.idle is (options is plain and background in ("studio", "transparent"))
        frames.append(output.finish(compositor.render([scene])[0]).astype(int))
    changed = (frames[0] != frames[1])[: SIZE.height]
    assert changed[:32, 96:192].any(), "the label"
    assert changed[96:, 48:144].any(), "the watermark"
    assert not changed[40:90, :192].any()
    assert changed[:, 192:].any() is np.bool_(background == "transparent")


@pytest.mark.parametrize("background", ["studio", "blur", "picture:x", "color:#5a8c3c"])
def test_graded_light_reaches_all_that_is_behind_but_a_colour(
    background: str, tmp_path: Path
) -> None:
    png(tmp_path / "x.png", np.full((8, 8, 3), GREY, np.uint8))
    options = OutputOptions(parse_background(background), tmp_path / "x.png")
    avatar = before(GREY, synthetic_avatar(0.5))
    output = open_output(options, avatar, Camera(), SIZE)
    compositor = NumbaCompositor()
    compositor.load(avatar)

    def corner(light: Light) -> list[int]:
        scene = replace(SCENE, light=light, coverage=options.coverage)
        frame = output.finish(compositor.render([scene])[0], light)
        return [int(plane[0]) for plane in (frame[0], *frame[128:].reshape(2, -1))]

    plain = corner(Light())
    lights = [Light(exposure=0.6), Light(temperature=-1.0), Light(), Light(contrast=1.3)]
    seen = [corner(light) for light in lights]
    lit = [frame != plain for frame in seen]
    assert lit == ([False] * 4 if background.startswith("color") else [True, True, False, True])
    if lit[0]:
        compositor.load(before(GREY, synthetic_avatar(0.5)))
        studio = [compositor.render([replace(SCENE, light=light)])[0] for light in lights]
        for frame, wanted in zip(seen, studio, strict=True):
            planes = (wanted[0], *wanted[128:].reshape(2, -1))
            assert np.abs(np.subtract(frame, [int(plane[0]) for plane in planes])).max() <= 2
