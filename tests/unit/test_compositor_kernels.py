import numpy as np
import pytest
from numpy.typing import NDArray

from compositor import kernels
from tests.unit.avatars import grid

RNG_SEED = 7


def bordered(texture: NDArray[np.uint8]) -> NDArray[np.uint64]:
    edge = kernels.BORDER
    padded = np.pad(texture, ((edge, edge), (edge, edge), (0, 0)), mode="edge")
    lanes = padded[:, :, [0, 2, 1, 3]].astype(np.uint16)
    result: NDArray[np.uint64] = np.ascontiguousarray(lanes).view("<u8")[:, :, 0]
    return result


def texels_of(texture: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """R, G, B, A of a texture, its border cut off."""
    lanes = texture.view(np.uint16).reshape(*texture.shape, 4)[:, :, [0, 2, 1, 3]]
    assert (lanes < 256).all()
    edge = kernels.BORDER
    return lanes[edge:-edge, edge:-edge].astype(np.uint8)


def rgba(picture: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return picture.view(np.uint8).reshape(*picture.shape, 4)


def picture_of(height: int, width: int, rgba_: tuple[int, int, int, int]) -> NDArray[np.uint32]:
    raw = np.empty((height, width, 4), np.uint8)
    raw[:] = rgba_
    return raw.view("<u4")[:, :, 0]


def draw_grid(
    picture: NDArray[np.uint32],
    texture: NDArray[np.uint8],
    corners: tuple[float, float, float, float, float, float],
    cells: int,
) -> None:
    """Draws a texture over an irregular grid of the unit square, placed by an affine transform."""
    vertices, uv, triangles = grid((0, 0, 1, 1), cells, cells, seed=RNG_SEED if cells > 1 else None)
    points = np.zeros(vertices.shape, np.float64)
    kernels.transform(vertices, *corners, points)
    height, width = texture.shape[:2]
    texels = uv.astype(np.float64) * (width, height) - 0.5 + kernels.BORDER
    kernels.draw(picture, points, texels, triangles, bordered(texture))


def test_spread_puts_channels_into_lanes() -> None:
    raw = np.arange(6 * 7 * 4, dtype=np.uint8).reshape(6, 7, 4)
    out = np.zeros((6, 7), np.uint64)
    kernels.spread(raw.view("<u4")[:, :, 0], out)
    np.testing.assert_array_equal(out.view("<u2").reshape(6, 7, 4), raw[:, :, [0, 2, 1, 3]])


def test_accumulate_matches_numpy() -> None:
    rng = np.random.default_rng(RNG_SEED)
    rest = rng.uniform(0, 1024, (200, 2)).astype(np.float32)
    deltas = rng.normal(0, 20, (9, 200, 2)).astype(np.float16).astype(np.float32)
    rows = np.array([0, 3, 8])
    weights = np.array([0.5, -0.25, 1.0], np.float32)
    out = np.full_like(rest, np.nan)
    kernels.accumulate(rest, deltas, rows, weights, out)
    expected = rest.astype(np.float64) + np.tensordot(weights, deltas[rows].astype(np.float64), 1)
    np.testing.assert_allclose(out, expected, rtol=0, atol=2e-4)


def test_add_residual_matches_numpy() -> None:
    rng = np.random.default_rng(RNG_SEED)
    before = rng.uniform(-9, 9, (5, 6, 3)).astype(np.float32)
    residual = rng.integers(-127, 128, (2, 4, 3)).astype(np.int8)
    out = before.copy()
    kernels.add_residual(residual, 1, 2, -0.5, out)
    expected = before.astype(np.float64)
    expected[1:3, 2:6] += -0.5 * residual / 127.0 * 255.0
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-3)


def test_i420_matches_numpy_exactly() -> None:
    rng = np.random.default_rng(RNG_SEED)
    height, width = 34, 46
    raw = rng.integers(0, 256, (height, width, 4)).astype(np.uint8)
    raw[0, :4, :3] = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 0, 255]]
    out = np.zeros((height * 3 // 2, width), np.uint8)
    kernels.i420(raw.view("<u4")[:, :, 0], out)
    r, g, b = (raw[:, :, k].astype(np.int64) for k in range(3))
    luma = ((66 * r + 129 * g + 25 * b + 128) >> 8) + 16
    r, g, b = (c.reshape(height // 2, 2, width // 2, 2).sum(axis=(1, 3)) for c in (r, g, b))
    u = ((-38 * r - 74 * g + 112 * b + 512) >> 10) + 128
    v = ((112 * r - 94 * g - 18 * b + 512) >> 10) + 128
    np.testing.assert_array_equal(out[:height], luma)
    np.testing.assert_array_equal(out[height:].reshape(2, height // 2, width // 2), [u, v])


def test_i420_keeps_to_limited_range() -> None:
    out = np.zeros((3, 2), np.uint8)
    kernels.i420(picture_of(2, 2, (255, 255, 255, 255)), out)
    assert out.ravel().tolist() == [235, 235, 235, 235, 128, 128]
    kernels.i420(picture_of(2, 2, (0, 0, 0, 255)), out)
    assert out.ravel().tolist() == [16, 16, 16, 16, 128, 128]


def test_grade_matches_a_table_lookup() -> None:
    rng = np.random.default_rng(RNG_SEED)
    raw = rng.integers(0, 256, (16, 24, 4)).astype(np.uint8)
    lut = rng.integers(0, 256, (3, 256)).astype(np.uint8)
    graded = raw.copy()
    kernels.grade(graded.view("<u4")[:, :, 0], lut)
    for channel in range(3):
        np.testing.assert_array_equal(graded[:, :, channel], lut[channel][raw[:, :, channel]])
    np.testing.assert_array_equal(graded[:, :, 3], raw[:, :, 3])


def test_a_texture_drawn_at_its_own_size_is_copied_exactly() -> None:
    rng = np.random.default_rng(RNG_SEED)
    texture = rng.integers(0, 256, (40, 48, 4)).astype(np.uint8)
    texture[:, :, 3] = 255
    picture = picture_of(64, 64, (0, 0, 0, 255))
    draw_grid(picture, texture, (48, 0, 10, 0, 40, 6), cells=1)
    np.testing.assert_array_equal(rgba(picture)[6:46, 10:58], texture)
    assert not rgba(picture)[:6, :, :3].any()
    assert not rgba(picture)[:, 58:, :3].any()


@pytest.mark.parametrize(
    "placing",
    [
        pytest.param((96.0, 0.0, 16.0, 0.0, 96.0, 16.0), id="upright on whole pixels"),
        pytest.param((96.0, 0.0, 16.5, 0.0, 96.0, 16.5), id="edges on pixel centres"),
        pytest.param((83.1, -31.7, 37.3, 31.7, 83.1, 7.9), id="turned"),
        pytest.param((-83.1, 31.7, 97.3, 31.7, 83.1, 7.9), id="mirrored"),
        pytest.param((300.0, 90.0, -80.0, -90.0, 300.0, -40.0), id="larger than the frame"),
    ],
)
def test_neighbouring_triangles_leave_no_gap_and_draw_no_pixel_twice(
    placing: tuple[float, float, float, float, float, float],
) -> None:
    half = np.full((8, 8, 4), 128, np.uint8)
    mesh = picture_of(128, 128, (0, 0, 0, 255))
    draw_grid(mesh, half, placing, cells=24)
    whole = picture_of(128, 128, (0, 0, 0, 255))
    draw_grid(whole, half, placing, cells=1)
    assert set(np.unique(rgba(mesh)[:, :, 0])) <= {0, 128}
    assert (rgba(mesh)[:, :, 0] == 128).sum() > 5000
    np.testing.assert_array_equal(mesh, whole)


def test_source_over_is_rounded_exactly_for_all_alphas() -> None:
    for alpha in range(0, 256, 5):
        picture = picture_of(4, 4, (200, 31, 255, 255))
        texture = np.full((8, 8, 4), (alpha // 2, alpha, 0, alpha), np.uint8)
        draw_grid(picture, texture, (4, 0, 0, 0, 4, 0), cells=1)
        under = np.array([200, 31, 255, 255]) * (255 - alpha) / 255
        expected = np.array([alpha // 2, alpha, 0, alpha]) + np.floor(under + 0.5)
        assert rgba(picture)[2, 2].tolist() == expected.tolist()


def test_broken_and_distant_triangles_are_left_out() -> None:
    picture = picture_of(16, 16, (9, 9, 9, 255))
    texture = bordered(np.full((8, 8, 4), 255, np.uint8))
    texels = np.full((3, 2), 4.0)
    triangles = np.array([[0, 1, 2]], np.int32)
    for points in (
        [[np.nan, 0.0], [16.0, 0.0], [0.0, 16.0]],
        [[np.inf, 0.0], [16.0, 0.0], [0.0, 16.0]],
        [[1e9, 0.0], [16.0, 0.0], [0.0, 16.0]],
        [[3.0, 3.0], [3.0, 3.0], [3.0, 3.0]],
        [[500.0, 3.0], [600.0, 3.0], [500.0, 30.0]],
        [[3.0, -500.0], [30.0, -600.0], [30.0, -400.0]],
    ):
        kernels.draw(picture, np.array(points), texels, triangles, texture)
    assert (rgba(picture)[:, :, 0] == 9).all()


def test_retouch_matches_numpy_and_writes_only_its_rect() -> None:
    rng = np.random.default_rng(RNG_SEED)
    texture = rng.integers(0, 256, (20, 24, 4)).astype(np.uint8)
    texture[:, :, :3] = np.minimum(texture[:, :, :3], texture[:, :, 3:])
    residual = rng.uniform(-200, 200, (4, 6, 3)).astype(np.float32)
    out = np.zeros((24, 28), np.uint64)
    kernels.retouch(bordered(texture), residual, (6.0, 4.0, 12.0, 8.0), out)
    inner = texels_of(out)

    y = np.clip((np.arange(8) + 0.5) / 8 * 4 - 0.5, 0, 3)
    x = np.clip((np.arange(12) + 0.5) / 12 * 6 - 0.5, 0, 5)
    low_y, low_x = y.astype(int), x.astype(int)
    high_y, high_x = np.minimum(low_y + 1, 3), np.minimum(low_x + 1, 5)
    fy, fx = (y - low_y)[:, None, None], (x - low_x)[None, :, None]
    upper = residual[low_y][:, low_x] * (1 - fx) + residual[low_y][:, high_x] * fx
    lower = residual[high_y][:, low_x] * (1 - fx) + residual[high_y][:, high_x] * fx
    change = upper * (1 - fy) + lower * fy
    covered = texture[4:12, 6:18].astype(np.float64)
    alpha = covered[:, :, 3:]
    expected = np.clip(covered[:, :, :3] + alpha / 255 * change, 0, alpha)

    np.testing.assert_allclose(inner[4:12, 6:18, :3], expected, rtol=0, atol=0.51)
    np.testing.assert_array_equal(inner[4:12, 6:18, 3], texture[4:12, 6:18, 3])
    outside = np.ones((20, 24), bool)
    outside[4:12, 6:18] = False
    assert not inner[outside].any()


@pytest.mark.parametrize(
    "rect", [(0.0, 0.0, 24.0, 20.0), (0.0, 5.0, 8.0, 15.0), (9.5, -3.0, 20.0, 9.0)]
)
def test_retouch_repeats_what_it_changed_at_the_edges_in_the_border(
    rect: tuple[float, float, float, float],
) -> None:
    rng = np.random.default_rng(RNG_SEED)
    texture = rng.integers(0, 256, (20, 24, 4)).astype(np.uint8)
    texture[:, :, 3] = 255
    residual = rng.uniform(20, 90, (4, 6, 3)).astype(np.float32)
    out = bordered(texture)
    kernels.retouch(bordered(texture), residual, rect, out)
    inner = texels_of(out)
    assert (inner != texture).any()
    np.testing.assert_array_equal(out, bordered(inner))


def test_rect_that_begins_at_a_texels_centre_does_so_whatever_the_rounding() -> None:
    texture = np.full((20, 24, 4), 100, np.uint8)
    texture[:, :, 3] = 255
    changed = []
    for off in (-1e-9, 0.0, 1e-9):
        out = bordered(texture)
        rect = (4.5 + off, 3.5 + off, 8.0, 6.0)
        kernels.retouch(bordered(texture), np.full((4, 6, 3), 50, np.float32), rect, out)
        changed.append(np.argwhere((texels_of(out) != texture).any(axis=2)).tolist())
    assert changed[0] == changed[1] == changed[2]
    assert (changed[0][0], changed[0][-1]) == ([3, 4], [8, 11])


@pytest.mark.parametrize(("left", "top"), [(24.0, 0.0), (0.0, -9.0), (-30.0, 40.0)])
def test_residual_beside_the_texture_changes_nothing(left: float, top: float) -> None:
    texture = np.full((20, 24, 4), 200, np.uint8)
    out = bordered(texture)
    kernels.retouch(out.copy(), np.ones((4, 6, 3), np.float32), (left, top, 6.0, 9.0), out)
    np.testing.assert_array_equal(out, bordered(texture))


def test_white_ambient_light_changes_no_texture() -> None:
    rng = np.random.default_rng(RNG_SEED)
    texture = rng.integers(0, 256, (12, 12, 4)).astype(np.uint8)
    texture[:, :, :3] = np.minimum(texture[:, :, :3], texture[:, :, 3:])
    picture = bordered(texture)
    normals = rng.integers(-90, 91, (2, *picture.shape)).astype(np.int8)
    polynomial = np.zeros((3, 9), np.float32)
    polynomial[:, 0] = 1.0
    out = np.zeros_like(picture)
    kernels.relight(picture, normals, polynomial, out)
    np.testing.assert_array_equal(out, picture)


def test_relight_matches_numpy() -> None:
    rng = np.random.default_rng(RNG_SEED)
    texture = np.full((6, 6, 4), 100, np.uint8)
    texture[:, :, 3] = 255
    picture = bordered(texture)
    normals = rng.integers(-80, 81, (2, *picture.shape)).astype(np.int8)
    polynomial = rng.uniform(-0.3, 0.6, (3, 9)).astype(np.float32)
    out = np.zeros_like(picture)
    kernels.relight(picture, normals, polynomial, out)
    edge = kernels.BORDER
    x, y = normals[:, edge:-edge, edge:-edge] / 127.0
    z = np.sqrt(1 - x * x - y * y)
    terms = np.stack([np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x, y * y])
    light = np.maximum(np.einsum("ck,khw->hwc", polynomial, terms), 0)
    expected = np.minimum(100 * light, 255)
    np.testing.assert_allclose(texels_of(out)[:, :, :3], expected, rtol=0, atol=0.51)


def premultiplied(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    alpha = rng.integers(0, 256, (height, width, 1))
    alpha[rng.random((height, width, 1)) < 0.2] = 0
    alpha[rng.random((height, width, 1)) < 0.2] = 255
    colours = rng.integers(0, 256, (height, width, 3)) * alpha // 255
    return np.dstack([colours, alpha]).astype(np.uint8)


def sampled(
    frame: NDArray[np.uint8], texels: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """What a frame is at each pixel centre, bilinear and in [0, 1]; 0 outside it."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    u = texels[0, 0] * x + texels[0, 1] * y + texels[0, 2] - kernels.BORDER
    v = texels[1, 0] * x + texels[1, 1] * y + texels[1, 2] - kernels.BORDER
    height, width = frame.shape[:2]
    inside = (u >= -0.5) & (u < width - 0.5) & (v >= -0.5) & (v < height - 0.5)
    u, v = np.clip(u, 0, width - 1), np.clip(v, 0, height - 1)
    left, top = np.floor(u).astype(int), np.floor(v).astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    fx, fy = (u - left)[:, :, None], (v - top)[:, :, None]
    raw = frame / 255.0
    upper = raw[top, left] * (1 - fx) + raw[top, right] * fx
    lower = raw[bottom, left] * (1 - fx) + raw[bottom, right] * fx
    mixed: NDArray[np.float64] = (upper * (1 - fy) + lower * fy) * inside[:, :, None]
    return mixed


@pytest.mark.parametrize("covered", [False, True])
@pytest.mark.parametrize("mode", [kernels.OVERRIDE, kernels.ADDITIVE, kernels.MULTIPLY])
def test_overlay_is_what_its_formula_says(mode: int, covered: bool) -> None:
    rng = np.random.default_rng(RNG_SEED)
    frames = [premultiplied(rng, 20, 31), premultiplied(rng, 13, 17)]
    edge = kernels.BORDER - 0.5
    texels = np.array(
        [
            [[0.6123, 0.2071, -4.037 + edge], [-0.2531, 0.5067, 6.011 + edge]],
            [[-0.3011, 0.0, 15.023 + edge], [0.0, 0.3107, -2.049 + edge]],
        ]
    )
    shares = np.array([100, 90], np.uint64)
    below = premultiplied(rng, 40, 50)
    if not covered:
        below[:, :, 3] = 255
    picture = below.copy().view("<u4")[:, :, 0]
    one, other = map(bordered, frames)
    kernels.overlay(picture, one, other, kernels.BORDER, texels, shares, mode)

    d = below / 255.0
    layers = [sampled(frame, of, d.shape) for frame, of in zip(frames, texels, strict=True)]
    source = layers[0] * (100 / 256) + layers[1] * (90 / 256)
    c, a = source[:, :, :3], source[:, :, 3:]
    if mode == kernels.OVERRIDE:
        expected = source + (1 - a) * d
    elif mode == kernels.ADDITIVE:
        colours = np.minimum(d[:, :, :3] + c * d[:, :, 3:], d[:, :, 3:])
        expected = np.dstack([colours, d[:, :, 3]])
    else:
        expected = np.dstack([d[:, :, :3] * (1 - a + c), d[:, :, 3]])
    touched = (layers[0][:, :, 3] > 0) & (layers[1][:, :, 3] > 0)
    assert touched.any()
    difference = np.abs(rgba(picture) - expected * 255.0)
    assert difference.max() <= 3.0  # 8 bits of weight, and rounding in between
    assert difference.mean() <= 0.5


def test_overlay_that_is_whole_covers_and_one_without_shares_changes_nothing() -> None:
    frame = bordered(np.full((8, 8, 4), (10, 20, 30, 255), np.uint8))
    texels = np.array([[[1.0, 0, 1.5], [0, 1.0, 1.5]]] * 2)
    for shares, expected in (([256, 0], 10), ([77, 179], 10), ([0, 0], 200)):
        picture = picture_of(8, 8, (200, 200, 200, 255))
        weights = np.array(shares, np.uint64)
        kernels.overlay(picture, frame, frame, kernels.BORDER, texels, weights, kernels.OVERRIDE)
        assert (rgba(picture)[:, :, 0] == expected).all()


@pytest.mark.parametrize(
    "texels",
    [
        [[0.0, 0.0, 4.0], [0.0, 0.0, 4.0]],
        [[1e9, -1e9, 3.0], [1e7, 1e9, 0.0]],
        [[1e-13, 1.0, 1.5], [-1.0, 1e-13, 9.4999999]],
        [[1.0, 0.0, -1e12], [0.0, 1.0, 2.0]],
    ],
)
def test_overlay_reads_no_foreign_memory(texels: list[list[float]]) -> None:
    frame = np.full((8, 8, 4), 255, np.uint8)
    padded = np.full((64, 12), 0xFFFF_FFFF_FFFF_FFFF, np.uint64)
    padded[26:38] = bordered(frame)
    picture = picture_of(16, 16, (0, 0, 0, 255))
    kernels.overlay(
        picture,
        padded[26:38],
        padded[26:38],
        kernels.BORDER,
        np.array([texels] * 2),
        np.array([128, 128], np.uint64),
        kernels.OVERRIDE,
    )
    assert set(np.unique(rgba(picture)[:, :, 0])) <= {0, 255}
