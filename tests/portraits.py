"""The portrait and the models that the tests of baking share.

Where they are missing the test skips with a reason; in CI, where they have to be, it fails.
"""

import importlib.util
import os
from functools import cache
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.bake.errors import BakeUnavailableError, ModelMissingError
from capsules.bake.extra import require_extra
from capsules.bake.models import ModelFolder, locate, pull
from control_plane.settings import cache_home

__all__ = ["astronaut", "model_folder"]


@cache
def astronaut() -> NDArray[np.uint8]:
    """Eileen Collins (512, 512, 3), by NASA, in the public domain; scikit-image ships it."""
    from capsules.bake.photo import read_photo

    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        _absent("scikit-image is not installed")
    rgb = read_photo(Path(found.origin).parent / "data" / "astronaut.png").rgb
    rgb.flags.writeable = False
    return rgb


def model_folder() -> ModelFolder:
    """The models in this user's cache; in CI they are fetched."""
    try:
        require_extra()
        return pull(cache_home()) if os.environ.get("CI") else locate(None, cache_home())
    except (BakeUnavailableError, ModelMissingError) as error:
        _absent(str(error))


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
