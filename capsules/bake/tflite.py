"""Runs a TensorFlow Lite model with LiteRT, on the CPU.

LiteRT is imported when the first model is opened, so that reading photos and fetching models work
without it.
"""

import importlib
import logging
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capsules.bake.errors import BakeUnavailableError, ModelMissingError
from capsules.native_stderr import native_stderr_to_log

__all__ = ["TfliteModel"]

_LOG = logging.getLogger(__name__)


class TfliteModel:
    """One model with one picture as its input.

    Not thread-safe: one call of `run` at a time.

    Args:
        path: The .tflite file.
        threads: How many threads a call may use.

    Raises:
        BakeUnavailableError: LiteRT is not installed.
        ModelMissingError: There is no such file, or it is no model.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        try:
            # Bytes, not a path: LiteRT does not open paths that are not ASCII on every platform.
            content = path.read_bytes()
        except OSError as error:
            raise ModelMissingError(f"the model {path} cannot be read: {error.strerror}") from error
        try:
            litert = _litert()
            # LiteRT tells there which delegate it has made.
            with native_stderr_to_log(_LOG, "opening a model"):
                self._interpreter: Any = litert.Interpreter(
                    model_content=content, num_threads=threads
                )
                self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ModelMissingError(f"{path} is not a model that LiteRT can run") from error
        (entry,) = self._interpreter.get_input_details()
        self._input: int = entry["index"]
        self._outputs: list[int] = [
            item["index"] for item in self._interpreter.get_output_details()
        ]
        self.side_px: int = int(entry["shape"][1])
        """Side of the square picture that the model takes."""

    def run(self, picture: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """The outputs for a picture (side_px, side_px, 3), in the model's order, as copies."""
        self._interpreter.set_tensor(self._input, picture[np.newaxis])
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(index) for index in self._outputs)


def _litert() -> ModuleType:
    try:
        return importlib.import_module("ai_edge_litert.interpreter")
    except ImportError as error:
        raise BakeUnavailableError(
            "baking needs ai-edge-litert: pip install 'capsulecast[bake]'"
        ) from error
