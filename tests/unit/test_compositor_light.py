import math

import numpy as np
import pytest

from compositor.drawlist import Light
from compositor.grade import grade_lut
from compositor.light import (
    PLAIN,
    Surroundings,
    combined,
    directional,
    from_surroundings,
    irradiance_polynomial,
)


def irradiance(sh: tuple[float, ...], normal: tuple[float, float, float]) -> float:
    """Red irradiance, by the definition in `Light`: factors of Y_i / Y_0."""
    x, y, z = normal
    harmonics = [
        0.282095,
        0.488603 * y,
        0.488603 * z,
        0.488603 * x,
        1.092548 * x * y,
        1.092548 * y * z,
        0.315392 * (3 * z * z - 1),
        1.092548 * x * z,
        0.546274 * (x * x - y * y),
    ]
    return sum(c * value / 0.282095 for c, value in zip(sh[::3], harmonics, strict=True))


def by_polynomial(
    sh: tuple[float, ...], normal: tuple[float, float, float], turn: float = 0.0
) -> float:
    x, y, z = normal
    terms = [1.0, x, y, z, x * y, x * z, y * z, x * x, y * y]
    return float(irradiance_polynomial(sh, turn)[0] @ np.array(terms))


NORMALS = [(0.0, 0.0, 1.0), (0.6, 0.0, 0.8), (-0.48, 0.64, 0.6), (0.36, -0.48, 0.8)]


def test_no_key_light_is_light_at_rest() -> None:
    assert directional(1.0, 1.0, 0.0) == ()


@pytest.mark.parametrize("key", [(0.0, 0.0), (1.0, 0.0), (-1.0, 1.0), (0.3, -0.8)])
@pytest.mark.parametrize("strength", [0.2, 1.0])
def test_what_faces_the_viewer_keeps_its_brightness(
    key: tuple[float, float], strength: float
) -> None:
    sh = directional(*key, strength)
    assert len(sh) == 27
    assert irradiance(sh, (0.0, 0.0, 1.0)) == pytest.approx(1.0, abs=1e-4)


def test_key_light_brightens_the_side_it_comes_from() -> None:
    right = directional(1.0, 0.0, 1.0)
    assert irradiance(right, (0.8, 0.0, 0.6)) > 1.1
    assert irradiance(right, (-0.8, 0.0, 0.6)) < 0.9
    above = directional(0.0, 1.0, 1.0)
    assert irradiance(above, (0.0, -0.8, 0.6)) > 1.1
    assert irradiance(above, (0.0, 0.8, 0.6)) < 0.9


@pytest.mark.parametrize("normal", NORMALS)
def test_polynomial_is_the_sum_of_harmonics(normal: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(3)
    sh = tuple(rng.uniform(-1, 1, 27).tolist())
    assert by_polynomial(sh, normal) == pytest.approx(irradiance(sh, normal), abs=1e-5)


@pytest.mark.parametrize("normal", NORMALS)
def test_turned_part_is_lit_by_its_turned_normals(normal: tuple[float, float, float]) -> None:
    sh = tuple(np.random.default_rng(4).uniform(-1, 1, 27).tolist())
    angle = math.radians(35.0)
    x, y, z = normal
    turned = (
        x * math.cos(angle) - y * math.sin(angle),
        x * math.sin(angle) + y * math.cos(angle),
        z,
    )
    assert by_polynomial(sh, normal, 35.0) == pytest.approx(irradiance(sh, turned), abs=1e-5)


def test_light_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"27.*not 9"):
        irradiance_polynomial((1.0,) * 9, 0.0)


def test_grade_at_rest_is_nothing_to_do() -> None:
    assert grade_lut(Light(sh=directional(1.0, 0.0, 1.0))) is None


def lut(light: Light) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    table = grade_lut(light)
    assert table is not None
    assert table.shape == (3, 256)
    assert (np.diff(table.astype(np.int64), axis=1) >= 0).all()
    return table.astype(np.int64)


def test_one_stop_doubles_linear_light() -> None:
    table = lut(Light(exposure=1.0))
    # sRGB 0.5 is 0.2140 in linear light; twice that is 0.6858 encoded again.
    assert table[0, 128] == pytest.approx(0.6873 * 255, abs=1.0)
    assert table[0, 255] == 255


def test_warm_is_redder_and_cold_is_bluer() -> None:
    warm, cold = lut(Light(temperature=1.0)), lut(Light(temperature=-1.0))
    assert warm[0, 128] > 128 > warm[2, 128]
    assert cold[0, 128] < 128 < cold[2, 128]
    assert warm[1, 128] == cold[1, 128] == 128


def test_contrast_spreads_about_middle_grey() -> None:
    table = lut(Light(contrast=1.3))
    assert table[0, 64] < 64
    assert table[0, 192] > 192
    assert abs(table[0, 127] - 127) <= 1


WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (128, 128, 128)
AROUND = [
    Surroundings((255, 40, 0), (0, 90, 255), (250, 250, 250), (10, 20, 10), 1.0),
    Surroundings(BLACK, WHITE, GREY, GREY, 1.0),
    Surroundings(GREY, GREY, BLACK, WHITE, 1.0),
]


def lambert(surroundings: Surroundings, normal: tuple[float, float, float]) -> float:
    """Red irradiance of the environment that `from_surroundings` describes, by summing it up."""
    rng = np.random.default_rng(5)
    directions = rng.normal(size=(200_000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    red = {
        name: getattr(surroundings, name)[0] / 255 * 0.34 + 0.72
        for name in ("left", "right", "above", "below")
    }
    x, y, z = directions.T
    radiance = np.where(x > 0, red["right"], red["left"]) * x * x
    radiance += np.where(y > 0, red["below"], red["above"]) * y * y
    radiance += sum(red.values()) / 4 * z * z
    return float(4 * (radiance * np.clip(directions @ normal, 0, None)).mean())


@pytest.mark.parametrize("surroundings", AROUND)
@pytest.mark.parametrize("normal", [*NORMALS, (1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (-0.6, -0.8, 0.0)])
def test_surroundings_light_as_their_colours_from_all_sides_do(
    surroundings: Surroundings, normal: tuple[float, float, float]
) -> None:
    found = irradiance(from_surroundings(surroundings), normal)
    assert found == pytest.approx(lambert(surroundings, normal), abs=0.012)


def test_even_surroundings_light_evenly() -> None:
    for colour, factor in ((BLACK, 0.72), (WHITE, 1.06), (GREY, 0.72 + 0.34 * 128 / 255)):
        sh = from_surroundings(Surroundings(colour, colour, colour, colour, 1.0))
        for normal in NORMALS:
            assert irradiance(sh, normal) == pytest.approx(factor)


def test_strength_mixes_surroundings_with_plain_light() -> None:
    dark = Surroundings(BLACK, BLACK, BLACK, BLACK, 0.35)
    assert irradiance(from_surroundings(dark), (0.0, 0.0, 1.0)) == pytest.approx(1 - 0.35 * 0.28)
    none = Surroundings(BLACK, WHITE, BLACK, WHITE, 0.0)
    assert from_surroundings(none) == pytest.approx(PLAIN)


def test_both_lights_together_do_what_each_does() -> None:
    key = directional(1.0, 0.2, 0.6)
    around = from_surroundings(AROUND[0])
    both = combined(key, around)
    for normal in NORMALS:
        added = irradiance(key, normal) + irradiance(around, normal) - 1.0
        assert irradiance(both, normal) == pytest.approx(added, abs=1e-3)
    assert combined(key, PLAIN) == key
    assert combined((), PLAIN) == ()
    assert combined((), around) == pytest.approx(around, abs=1e-4)
