"""Films of a study as they are made for real: what tells variants apart is in the picture alone."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import av
import pytest

from control_plane.errors import InvalidArgumentError
from control_plane.settings import load_settings
from control_plane.study.rendering import film_variant
from storage.studies import Unshown

SCRIPT = [
    {
        "atMs": 0,
        "event": {"emotion": {"vad": {"valence": 0.7, "arousal": 0.3, "dominance": 0.2}}},
    }
]


def filmed(folder: Path, variant: str, **options: Any) -> bytes:  # noqa: ANN401 - JSON is anything
    settings = load_settings({"tts": "silent", "capsules": folder / "capsules"})
    small = {"size": "128x128", "fps": 10, "seed": 3, **options}
    path = folder / variant / "film.mp4"
    path.parent.mkdir()
    item = Unshown(uuid4(), variant, small, uuid4(), "a-secret-scene", SCRIPT)
    asyncio.run(film_variant(settings, item, path))
    return path.read_bytes()


def test_a_feature_switched_off_changes_the_film_and_nothing_names_it(tmp_path: Path) -> None:
    blended = filmed(tmp_path, "blended-variant")
    nearest = filmed(tmp_path, "nearest-variant", features={"vectorBlending": False})
    assert blended != nearest
    for content in (blended, nearest):
        assert b"-variant" not in content
        assert b"secret" not in content
    with av.open(str(tmp_path / "blended-variant" / "film.mp4")) as film:
        (stream,) = film.streams.video
        assert (stream.width, stream.height) == (128, 128)
        assert film.duration is not None
        assert film.duration >= 1_400_000  # microseconds


def test_a_variant_whose_library_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="variant lost: there is no"):
        filmed(tmp_path, "lost", library=str(tmp_path / "nowhere"))
