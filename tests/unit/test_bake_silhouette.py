import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.bake.silhouette import person_by_colour
from tests.unit.faces import face


def portrait(background: tuple[int, int, int]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A head with hair, a neck and a chest before a background, and which pixels they are."""
    person = np.zeros((700, 800), np.uint8)
    rgb = np.full((700, 800, 3), background, np.uint8)
    for centre, axes, colour in (
        ((400, 720), (330, 190), (150, 30, 40)),
        ((400, 330), (150, 190), (60, 40, 20)),
        ((400, 350), (110, 150), (220, 170, 140)),
    ):
        for target, value in ((rgb, colour), (person, (1, 1, 1))):
            cv2.ellipse(target, centre, axes, 0.0, 0.0, 360.0, value, -1)
    cv2.rectangle(rgb, (345, 450), (455, 560), (210, 160, 130), -1)
    cv2.rectangle(person, (345, 450), (455, 560), (1, 1, 1), -1)
    noise = np.random.default_rng(6).normal(0.0, 4.0, rgb.shape)
    return np.clip(rgb + noise, 0, 255).astype(np.uint8), person.astype(np.bool_)


def test_head_hair_and_chest_are_the_person() -> None:
    rgb, person = portrait((120, 160, 190))
    mask = person_by_colour(rgb, face(220.0, 400.0, 300.0))
    assert mask.shape == (700, 800)
    assert mask.dtype == np.float32
    assert 0.0 <= mask.min() <= mask.max() <= 1.0
    shared, either = np.minimum(mask, person).sum(), np.maximum(mask, person).sum()
    assert shared / either > 0.95


def test_a_thing_beside_the_person_is_not_the_person() -> None:
    rgb, _ = portrait((120, 160, 190))
    cv2.circle(rgb, (80, 120), 60, (150, 30, 40), -1)
    assert person_by_colour(rgb, face(220.0, 400.0, 300.0))[60:180, 20:140].max() < 0.1


def test_the_same_photo_gives_the_same_mask() -> None:
    rgb, _ = portrait((90, 90, 90))
    masks = []
    for seed in (3, 9):
        cv2.setRNGSeed(seed)
        masks.append(person_by_colour(rgb, face(220.0, 400.0, 300.0)))
    assert np.array_equal(masks[0], masks[1])


def test_a_photo_of_one_colour_has_a_mask_all_the_same() -> None:
    mask = person_by_colour(np.full((300, 300, 3), 128, np.uint8), face(100.0, 150.0, 120.0))
    assert np.isfinite(mask).all()
    assert mask[120, 150] > 0.9
