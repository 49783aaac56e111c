import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from control_plane.emotion.appraisal import TextAppraiser
from control_plane.emotion.onnx_rater import OnnxRater, RaterError


class FakeSession:
    """Says that longer texts are better."""

    def __init__(self, *_: object, **__: object) -> None:
        self.answer: list[float] | None = None

    def get_inputs(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(name="input_ids"), SimpleNamespace(name="attention_mask")]

    def run(self, _: None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        assert set(feed) == {"input_ids", "attention_mask"}
        tokens = float(feed["input_ids"].shape[1])
        return [np.array([[min(1.0, tokens / 10.0), -0.5, 0.25]])]


class FakeTokenizer:
    @classmethod
    def from_file(cls, _: str) -> "FakeTokenizer":
        return cls()

    def enable_truncation(self, _: int) -> None:
        pass

    def encode(self, text: str) -> SimpleNamespace:
        ids = list(range(len(text.split())))
        return SimpleNamespace(ids=ids, attention_mask=[1] * len(ids), type_ids=[0] * len(ids))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.onnx").write_bytes(b"")
    (tmp_path / "tokenizer.json").write_text("{}")
    return tmp_path


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    onnxruntime = SimpleNamespace(InferenceSession=FakeSession, SessionOptions=SimpleNamespace)
    tokenizers = SimpleNamespace(Tokenizer=FakeTokenizer)
    monkeypatch.setitem(sys.modules, "onnxruntime", onnxruntime)
    monkeypatch.setitem(sys.modules, "tokenizers", tokenizers)
    return onnxruntime


def test_missing_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(RaterError, match=r"no tokenizer\.json"):
        OnnxRater(tmp_path)


def test_missing_package_is_named_with_the_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RaterError, match=r"onnxruntime: pip install 'capsulecast\[appraiser\]'"):
        OnnxRater(folder)


@pytest.mark.usefixtures("packages")
def test_answers_are_put_on_the_scale_of_ratings(folder: Path) -> None:
    rating = OnnxRater(folder, max_ms=1000.0).rate("five words are in here")
    assert (rating.valence, rating.arousal, rating.dominance) == pytest.approx((4.0, 2.0, 3.5))
    (folder / "rater.json").write_text(json.dumps({"scale": [-2, 2]}))
    assert OnnxRater(folder, max_ms=1000.0).rate("five words are in here").valence == 3.5


@pytest.mark.usefixtures("packages")
def test_rules_stay_in_front_of_a_model_of_ones_own(folder: Path) -> None:
    appraiser = TextAppraiser(OnnxRater(folder, max_ms=1000.0))
    assert appraiser.appraise("the the the the the the the the the").vad.valence > 0.4
    assert appraiser.appraise("oh great, just great.").vad.valence < -0.2


@pytest.mark.usefixtures("packages")
def test_slow_model_is_refused_with_what_was_measured(folder: Path) -> None:
    with pytest.raises(RaterError, match=r"takes \d+\.\d ms a message here, expected at most 0 ms"):
        OnnxRater(folder, max_ms=0.0)


def test_model_with_other_answers_is_refused(folder: Path, packages: SimpleNamespace) -> None:
    class Labels(FakeSession):
        def run(self, _: None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
            return [np.zeros((1, 28))]

    packages.InferenceSession = Labels
    with pytest.raises(RaterError, match="expected valence, arousal and dominance"):
        OnnxRater(folder)


@pytest.mark.usefixtures("packages")
def test_scale_that_makes_no_sense_is_refused(folder: Path) -> None:
    (folder / "rater.json").write_text('{"scale": [1, 1]}')
    with pytest.raises(RaterError, match="expected"):
        OnnxRater(folder)


def test_real_model_is_run(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs the appraiser extra")
    tokenizers = pytest.importorskip("tokenizers", reason="needs the appraiser extra")
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = tokenizers.Tokenizer(WordLevel({"good": 2, "?": 0, "bad": 1}, unk_token="?"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "model.onnx").write_bytes(tiny_model())
    rater = OnnxRater(tmp_path, max_ms=1000.0)
    good, bad = rater.rate("good"), rater.rate("bad")
    assert good.valence == pytest.approx(3.0 + 2.0 * np.tanh(2.0), abs=1e-5)
    assert bad.valence == pytest.approx(3.0 + 2.0 * np.tanh(1.0), abs=1e-5)
    assert TextAppraiser(rater).appraise("good").vad.valence > 0.3


def tiny_model() -> bytes:
    """An ONNX model written field by field: tanh of the mean token, three times."""
    nodes = [
        _node("Cast", ["input_ids"], ["f"], _bytes(1, b"to") + _int(3, 1) + _int(20, 2)),
        _node(
            "ReduceMean",
            ["f"],
            ["m"],
            _bytes(1, b"axes") + _int(8, 1) + _int(20, 7),
            _bytes(1, b"keepdims") + _int(3, 1) + _int(20, 2),
        ),
        _node("Tanh", ["m"], ["t"]),
        _node("Concat", ["t", "t", "t"], ["vad"], _bytes(1, b"axis") + _int(3, 1) + _int(20, 2)),
    ]
    graph = b"".join(_bytes(1, node) for node in nodes) + _bytes(2, b"tiny")
    graph += _bytes(11, _value("input_ids", 7, (1, b"n"))) + _bytes(12, _value("vad", 1, (1, 3)))
    opset = _bytes(1, b"") + _int(2, 13)
    return _int(1, 8) + _bytes(7, graph) + _bytes(8, opset)


def _node(kind: str, inputs: list[str], outputs: list[str], *attributes: bytes) -> bytes:
    content = b"".join(_bytes(1, name.encode()) for name in inputs)
    content += b"".join(_bytes(2, name.encode()) for name in outputs)
    content += _bytes(4, kind.encode())
    return content + b"".join(_bytes(5, attribute) for attribute in attributes)


def _value(name: str, kind: int, shape: tuple[int | bytes, ...]) -> bytes:
    sizes = [_int(1, size) if isinstance(size, int) else _bytes(2, size) for size in shape]
    tensor = _int(1, kind) + _bytes(2, b"".join(_bytes(1, size) for size in sizes))
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _int(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
