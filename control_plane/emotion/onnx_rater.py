"""A stronger model of one's own in place of ours: ONNX, from a local folder.

The folder holds `model.onnx`, `tokenizer.json` (of Hugging Face's tokenizers) and, where the model
answers on another scale than [-1, 1], `rater.json` with {"scale": [lowest, highest]}. The model
takes input_ids and attention_mask (and token_type_ids, if it wants them), int64 (1, tokens), and
gives valence, arousal and dominance as its first output, (1, 3).

An event must become a packet within 5 ms and the appraisal is on that way. So a model that takes
longer than `MAX_MS` here is refused, with what was measured, rather than let everybody wait.
"""

import importlib
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from control_plane.emotion.rules import RuleReading
from control_plane.emotion.text_model import Rating
from control_plane.errors import ControlError

__all__ = ["MAX_MS", "OnnxRater", "RaterError"]

MAX_MS = 4.0
"""How long a message may take, the median of `_TRIALS`."""

_TRIALS = 15
_MAX_TOKENS = 128
_NEEDED = ("model.onnx", "tokenizer.json")
_SAMPLE = "I was not sure at first, but this is better than I expected. What do you think?"
_RATING_MIDDLE, _RATING_HALF = 3.0, 2.0


class RaterError(ControlError):
    """A model of one's own cannot be used; the message says what is missing or wrong."""


class OnnxRater:
    """Rates texts with an ONNX model; thread-safe. Reads and tries the model when made.

    Args:
        folder: See the module.
        max_ms: How long a message may take.

    Raises:
        RaterError: A package or file is missing, the model does not fit, or it is too slow.
    """

    def __init__(self, folder: Path, *, max_ms: float = MAX_MS) -> None:
        self._folder = folder
        missing = [name for name in _NEEDED if not (folder / name).is_file()]
        if missing:
            raise RaterError(f"{folder}: there is no {' and no '.join(missing)}")
        onnxruntime, tokenizers = _package("onnxruntime"), _package("tokenizers")
        self._low, self._high = _scale(folder / "rater.json")
        try:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            self._session = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._tokenizer.enable_truncation(_MAX_TOKENS)
            self._inputs = {item.name for item in self._session.get_inputs()}
            values = self._run(_SAMPLE)
        except Exception as error:  # both packages have errors of many kinds
            raise RaterError(f"{folder}: the model cannot be run: {error}") from error
        if values.shape != (3,) or not np.isfinite(values).all():
            raise RaterError(
                f"{folder}: the first output is {values.tolist()}, expected valence, arousal and "
                "dominance"
            )
        took_ms = self._measured_ms()
        if took_ms > max_ms:
            raise RaterError(
                f"{folder}: the model takes {took_ms:.1f} ms a message here, expected at most "
                f"{max_ms:g} ms: a smaller or quantised one will do"
            )

    def rate(self, text: str, reading: RuleReading | None = None) -> Rating:  # noqa: ARG002 - the port's
        """See `control_plane.emotion.text_model.Rater.rate`."""
        share = (self._run(text) - self._low) / (self._high - self._low)
        valence, arousal, dominance = np.clip(2.0 * share - 1.0, -1.0, 1.0).tolist()
        return Rating(
            _RATING_MIDDLE + _RATING_HALF * valence,
            _RATING_MIDDLE + _RATING_HALF * arousal,
            _RATING_MIDDLE + _RATING_HALF * dominance,
        )

    def _run(self, text: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        encoded = self._tokenizer.encode(text)
        given = {
            "input_ids": encoded.ids,
            "attention_mask": encoded.attention_mask,
            "token_type_ids": encoded.type_ids,
        }
        feed = {
            name: np.array([values], dtype=np.int64)
            for name, values in given.items()
            if name in self._inputs
        }
        return np.asarray(self._session.run(None, feed)[0], dtype=np.float64).reshape(-1)

    def _measured_ms(self) -> float:
        times = []
        for _ in range(_TRIALS):
            start = time.perf_counter_ns()
            self._run(_SAMPLE)
            times.append((time.perf_counter_ns() - start) / 1e6)
        return statistics.median(times)


def _package(name: str) -> Any:  # noqa: ANN401 - a module that need not be there
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise RaterError(
            f"a model of your own needs the package {name}: pip install 'capsulecast[appraiser]'"
        ) from error


def _scale(path: Path) -> tuple[float, float]:
    if not path.exists():
        return -1.0, 1.0
    try:
        low, high = json.loads(path.read_text(encoding="utf-8"))["scale"]
        if not float(low) < float(high):
            raise ValueError(f"{low} is not below {high}")
    except (OSError, ValueError, TypeError, KeyError) as error:
        message = f'{path}: expected {{"scale": [lowest, highest]}}: {error}'
        raise RaterError(message) from error
    return float(low), float(high)
