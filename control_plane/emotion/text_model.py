"""The text model: valence, arousal and dominance of a text, as readers of EmoBank rated it.

A ridge regression over the features (`control_plane.emotion.features`), and over the dense ones and
the regression's own answers a kernel regression on landmarks. Made by
`control_plane.emotion.training`; numpy is all it takes to read a text.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt
from safetensors import safe_open
from safetensors.numpy import save

from control_plane.emotion.chunks import chunk_of, facts_of
from control_plane.emotion.features import BUCKETS, FeatureReader, Features, plain
from control_plane.emotion.rules import RuleReading
from control_plane.emotion.word_facts import KEPT_WORDS, WORD_BUCKETS

__all__ = [
    "CHAR_SHARE",
    "CLIP",
    "DEFAULT_WEIGHTS",
    "KernelPart",
    "Rater",
    "Rating",
    "TextModel",
    "Weights",
    "default_text_model",
    "kernel_columns",
]

DEFAULT_WEIGHTS = Path(__file__).parent / "data" / "text_vad.safetensors"
CHAR_SHARE = 0.7
"""Weight of the pieces of letters beside the words."""
CLIP = 6.0
"""Dense features farther out than this many spreads are read as if they were there."""

_MAX_CHARS = 450
_DIRECTIONS_AT_A_TIME = 20
_FORMAT = 3
Floats32 = npt.NDArray[np.float32]


class Rating(NamedTuple):
    """A text on EmoBank's scale: 1 to 5, 3 in the middle, most texts within 2.5 to 3.5."""

    valence: float
    arousal: float
    dominance: float


class Rater(Protocol):
    """Rates texts; ours is `TextModel`."""

    def rate(self, text: str, reading: RuleReading | None = None) -> Rating:
        """The rating of a text in English; `reading`: what the rules found, where known."""


@dataclass(frozen=True, slots=True)
class KernelPart:
    """A regression on how near a text is to some texts of the training part.

    Attributes:
        projection: float16 (d, k): directions among the dense features.
        answer_center: float32 (6,): means of the regressions' answers.
        answer_scale: float32 (6,): what to multiply them with.
        landmarks: float16 (blocks, of a block, k + 6): where those texts are.
        width: Nearness is exp(-width * squared distance).
        weights: float32 (landmarks, 3): what each nearness adds to the ratings.
    """

    projection: npt.NDArray[np.float16]
    answer_center: Floats32
    answer_scale: Floats32
    landmarks: npt.NDArray[np.float16]
    width: float
    weights: Floats32

    def with_weights(self, weights: Floats32) -> Self:
        """The same with other weights."""
        return replace(self, weights=weights)


def kernel_columns(part: KernelPart, places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How near each of (texts, k + 6) is to each landmark: (texts, landmarks)."""
    landmarks = part.landmarks.reshape(-1, places.shape[1]).astype(np.float64)
    lengths = (places * places).sum(axis=1)[:, None] + (landmarks * landmarks).sum(axis=1)
    nearness: npt.NDArray[np.float64] = np.exp(
        -part.width * np.maximum(0.0, lengths - 2.0 * places @ landmarks.T)
    )
    return nearness


@dataclass(frozen=True, slots=True)
class Weights:
    """What training found; d is the number of dense features.

    Attributes:
        center: float32 (d,): means of the dense features.
        scale: float32 (d,): what to multiply them with.
        rarity: uint8 (BUCKETS,): inverse document frequency in steps of `rarity_step`.
        rarity_step: See `rarity`.
        sparse: int8 (BUCKETS, 6): weights of the sparse features, for the regression over all
            features (V, A, D), then for the one over the sparse ones alone.
        sparse_steps: float32 (6,): what one step of `sparse` is.
        dense: float32 (d, 3): weights of the dense features in the first regression.
        mean: float32 (3,): the ratings' means.
        kernel: The kernel regression.
        linear_share: How much of the first regression's answer the kernel regression adds to.
        about: Where it comes from, for people: data, licence, checksum.
    """

    center: Floats32
    scale: Floats32
    rarity: npt.NDArray[np.uint8]
    rarity_step: float
    sparse: npt.NDArray[np.int8]
    sparse_steps: Floats32
    dense: Floats32
    mean: Floats32
    kernel: KernelPart
    linear_share: float
    about: Mapping[str, str]

    _ARRAYS = (
        "center",
        "scale",
        "rarity",
        "sparse",
        "sparse_steps",
        "dense",
        "mean",
    )
    _KERNEL_ARRAYS = ("projection", "answer_center", "answer_scale", "landmarks", "weights")

    def to_bytes(self) -> bytes:
        """The file; equal weights give equal bytes."""
        head = {
            "format": _FORMAT,
            "rarity_step": self.rarity_step,
            "kernel_width": self.kernel.width,
            "linear_share": self.linear_share,
            "about": dict(self.about),
        }
        tensors = {name: np.ascontiguousarray(getattr(self, name)) for name in self._ARRAYS}
        for name in self._KERNEL_ARRAYS:
            tensors[f"kernel_{name}"] = np.ascontiguousarray(getattr(self.kernel, name))
        # One key only: the order of several is not the file format's to promise.
        return save(tensors, {"text_vad": json.dumps(head, sort_keys=True)})

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Reads a file that `to_bytes` made.

        Raises:
            OSError: It cannot be read.
            ValueError: It is not one.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                head = json.loads(file.metadata()["text_vad"])
                arrays = {name: file.get_tensor(name) for name in cls._ARRAYS}
                kernel = {name: file.get_tensor(f"kernel_{name}") for name in cls._KERNEL_ARRAYS}
        except OSError:
            raise
        except Exception as error:  # safetensors has errors of many kinds
            raise ValueError(f"{path} holds no text model: {error}") from error
        if head["format"] != _FORMAT or arrays["sparse"].shape != (BUCKETS, 6):
            raise ValueError(f"{path}: format {head['format']}, expected {_FORMAT}")
        return cls(
            **arrays,
            rarity_step=head["rarity_step"],
            kernel=KernelPart(**kernel, width=head["kernel_width"]),
            linear_share=head["linear_share"],
            about=head["about"],
        )


class TextModel:
    """Rates texts with given weights; pure and thread-safe, about 0.1 ms a message.

    Raises:
        ValueError: The weights belong to other features.
    """

    def __init__(self, weights: Weights) -> None:
        self._reader = FeatureReader()
        if weights.center.shape != (self._reader.dense_size,):
            raise ValueError(
                f"the weights are for {weights.center.size} dense features, expected "
                f"{self._reader.dense_size}: train them again"
            )
        self._center = weights.center.astype(np.float64)
        self._scale = weights.scale.astype(np.float64)
        self._dense = weights.dense.astype(np.float64)
        self._mean = weights.mean.tolist()
        self._linear_share = weights.linear_share
        self._sparse = _SparseReader(weights)
        self._kernel = _KernelReader(weights)

    def rate(self, text: str, reading: RuleReading | None = None) -> Rating:
        """The rating; of a long text only the first 450 characters are read."""
        found = self._reader.read(plain(text[:_MAX_CHARS]), reading)
        dense = found.dense - self._center
        dense *= self._scale
        sums = self._sparse.read(found)
        for axis, of_dense in enumerate(dense.dot(self._dense).tolist()):
            sums[axis] += of_dense
        row = np.empty(dense.size + len(sums), np.float32)
        row[: dense.size] = dense
        row[dense.size :] = sums
        added = self._kernel.read(row).tolist()
        mean, share = self._mean, self._linear_share
        return Rating(
            mean[0] + share * sums[0] + added[0],
            mean[1] + share * sums[1] + added[1],
            mean[2] + share * sums[2] + added[2],
        )


class _SparseReader:
    """Reads the two regressions over the sparse features."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._steps = weights.sparse_steps.tolist()
        self._of_token = lru_cache(KEPT_WORDS)(self._sums_of_token)
        self._of_chunk = lru_cache(KEPT_WORDS)(self._sums_of_chunk)
        # Of each pair: six weighted values and the square of its rarity. Whole numbers, so that
        # their sums are exact.
        rarity = weights.rarity[:WORD_BUCKETS, None].astype(np.float32)
        self._of_pair = rarity * np.hstack((weights.sparse[:WORD_BUCKETS], rarity))

    def read(self, found: Features) -> list[float]:
        """The six sums, without the dense features."""
        of_chunk = self._of_chunk
        of_chunks = b"".join([of_chunk(chunk.text) for chunk in found.chunks])
        sums = np.add.reduce(np.frombuffer(of_chunks).reshape(-1, 14)).tolist()
        if not sums[13]:
            return [0.0] * 6
        of_pairs = np.add.reduce(self._of_pair.take(found.pairs, axis=0)).tolist()
        words = 1.0 / math.sqrt(sums[6] + of_pairs[6])
        chars = CHAR_SHARE / math.sqrt(sums[13])
        return [
            step * (words * (of_words + of_pairs) + chars * of_chars)
            for step, of_words, of_pairs, of_chars in zip(
                self._steps, sums, of_pairs, sums[7:], strict=False
            )
        ]

    def _sums_of_chunk(self, text: str) -> bytes:
        """Of a chunk: six weighted sums and the square of the length, then those of its pieces."""
        of_tokens = [self._of_token(facts.word) for facts in chunk_of(text).tokens]
        total: npt.NDArray[np.float64] = sum(of_tokens, np.zeros(14))
        return total.tobytes()  # which are put together at once

    def _sums_of_token(self, word: str) -> npt.NDArray[np.float64]:
        """The same of a token."""
        weights, facts = self._weights, facts_of(word)
        rarity = weights.rarity[facts.pieces].astype(np.float64)
        itself = float(weights.rarity[facts.place])
        return np.concatenate(
            (
                itself * weights.sparse[facts.place],
                (itself * itself,),
                rarity @ weights.sparse[facts.pieces],
                (rarity @ rarity,),
            )
        )


class _KernelReader:
    """Reads the kernel regression: its part of the rating.

    In products too small to be shared among cores.
    """

    def __init__(self, weights: Weights) -> None:
        part = weights.kernel
        size, count = part.projection.shape
        directions = part.projection.T.astype(np.float32)
        self._directions = directions.reshape(-1, math.gcd(count, _DIRECTIONS_AT_A_TIME), size)
        self._size = size
        # As arrays: numbers would have to be made such first, every time.
        self._highest = np.full(size, CLIP, np.float32)
        self._lowest = -self._highest
        self._center, self._scale = part.answer_center, part.answer_scale
        self._landmarks = part.landmarks.astype(np.float32)
        lengths = (self._landmarks * self._landmarks).sum(axis=2)
        self._offsets = (-part.width * lengths).ravel()
        self._width = np.float32(part.width)
        self._twice_width = np.array(2.0 * part.width, np.float32)
        self._weights = part.weights

    def read(self, row: Floats32) -> Floats32:
        """What it adds (3,) for dense features and answers (d + 6,)."""
        dense = np.minimum(np.maximum(row[: self._size], self._lowest), self._highest)
        answers = row[self._size :] - self._center
        answers *= self._scale
        place = np.concatenate((np.matmul(self._directions, dense).ravel(), answers))
        nearness = np.matmul(self._landmarks, place).ravel()
        nearness *= self._twice_width
        nearness += self._offsets
        nearness -= self._width * place.dot(place)
        added: Floats32 = np.exp(nearness, nearness).dot(self._weights)
        return added


@cache
def default_text_model() -> TextModel:
    """The model that ships, read at the first call (tens of ms)."""
    return TextModel(Weights.from_file(DEFAULT_WEIGHTS))
