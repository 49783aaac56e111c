import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from control_plane.emotion.chunks import in_chunks
from control_plane.emotion.features import FeatureReader, plain
from control_plane.emotion.felt_words import felt_words, of_feelings, of_persons
from control_plane.emotion.text_model import (
    DEFAULT_WEIGHTS,
    TextModel,
    Weights,
    default_text_model,
    kernel_columns,
)
from control_plane.emotion.training.emobank import checksum, read_emobank
from control_plane.emotion.training.fitting import FitOptions, Sample, fit, taught
from control_plane.emotion.training.kernel import KernelOptions, fit_kernel
from control_plane.emotion.training.readings import (
    Readings,
    Written,
    read_readings,
    read_written,
    teacher,
)
from control_plane.emotion.training.ridge import ridge
from control_plane.emotion.turns import turns_of
from control_plane.emotion.word_facts import BUCKETS, WORD_BUCKETS, WordFactTable
from control_plane.emotion.words import WordFeelings, word_feelings

DEV = Path(__file__).parents[2] / "benchmarks" / "data" / "emobank_dev.csv"
SMALL = FitOptions(
    folds=2,
    kernel=KernelOptions(landmarks=40, block=10, directions=10),
)


@pytest.fixture(scope="module")
def small() -> Sample:
    rated = read_emobank(DEV, "dev")
    return Sample(rated.texts[:80], rated.ratings[:80], np.ones(80))


@pytest.fixture(scope="module")
def made(small: Sample) -> Weights:
    return fit(small, {"data": "a sample"}, SMALL)


def test_same_data_give_the_same_bytes(small: Sample, made: Weights) -> None:
    again = fit(small, {"data": "a sample"}, SMALL)
    assert again.to_bytes() == made.to_bytes()
    turned = replace(small, ratings=small.ratings[::-1].copy())
    assert fit(turned, {"data": "a sample"}, SMALL).to_bytes() != made.to_bytes()


def test_weights_come_back_from_their_file(made: Weights, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(made.to_bytes())
    read = Weights.from_file(path)
    assert read.about == {"data": "a sample"}
    assert TextModel(read).rate("a fine day") == TextModel(made).rate("a fine day")


def test_training_learns_what_it_is_shown(small: Sample, made: Weights) -> None:
    model = TextModel(made)
    found = [model.rate(text).valence for text in small.texts]
    assert np.corrcoef(found, small.ratings[:, 0])[0, 1] > 0.7


def test_a_text_that_counts_little_teaches_little(small: Sample) -> None:
    wrong = Sample(small.texts, 6.0 - small.ratings, np.full(80, 0.01))
    both = Sample(
        small.texts + wrong.texts,
        np.vstack((small.ratings, wrong.ratings)),
        np.concatenate((small.counts, wrong.counts)),
    )
    model = TextModel(fit(both, {}, SMALL))
    found = [model.rate(text).valence for text in small.texts]
    assert np.corrcoef(found, small.ratings[:, 0])[0, 1] > 0.7


def test_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"junk" * 10)
    with pytest.raises(ValueError, match="holds no text model"):
        Weights.from_file(path)


def test_too_few_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="expected at least 10"):
        fit(Sample(("one",), np.full((1, 3), 3.0), np.ones(1)), {})


def test_shipped_weights_are_small_and_say_where_they_come_from() -> None:
    assert DEFAULT_WEIGHTS.stat().st_size < 3_000_000
    about = Weights.from_file(DEFAULT_WEIGHTS).about
    assert "EmoBank" in about["data"]
    assert about["licence"] == "CC BY-SA 4.0"


@pytest.mark.slow
@pytest.mark.skipif(
    "CAPSULECAST_EMOBANK" not in os.environ,
    reason="CAPSULECAST_EMOBANK names no EmoBank table with the training part",
)
def test_shipped_weights_are_what_training_gives(tmp_path: Path) -> None:
    path = Path(os.environ["CAPSULECAST_EMOBANK"])
    shipped = Weights.from_file(DEFAULT_WEIGHTS)
    assert checksum(path) == shipped.about["data_sha256"], "another edition of the data"
    made = tmp_path / "made.safetensors"
    # A process of its own: how sums are shared among cores is settled when numpy is imported.
    command = [sys.executable, "-m", "control_plane.emotion.training"]
    subprocess.run([*command, "--emobank", str(path), "--out", str(made)], check=True)
    assert made.read_bytes() == DEFAULT_WEIGHTS.read_bytes()


def test_ratings_follow_readers_on_the_development_part() -> None:
    rated = read_emobank(DEV, "dev")
    model = default_text_model()
    found = [model.rate(text) for text in rated.texts[::4]]
    ratings = rated.ratings[::4]
    for axis, (name, least) in enumerate((("valence", 0.55), ("arousal", 0.4), ("dominance", 0.2))):
        r = np.corrcoef([getattr(one, name) for one in found], ratings[:, axis])[0, 1]
        assert r > least, name


def test_features_have_one_shape_for_any_text() -> None:
    reader = FeatureReader()
    for text in ("", "a", "!!!", "日本語", "\U0001f602", "I can't believe it's over. " * 20):
        found = reader.read(plain(text))
        assert found.dense.shape == (reader.dense_size,)
        assert np.isfinite(found.dense).all()
        assert found.pairs.size == max(0, len(found.tokens) - 1)
        for token in found.tokens:
            assert 0 <= token.place < WORD_BUCKETS
            assert ((token.pieces >= WORD_BUCKETS) & (token.pieces < BUCKETS)).all()


def test_words_are_found_by_their_base() -> None:
    feelings = word_feelings()
    hugged, _ = feelings.of("hugging")
    assert hugged is not None
    assert hugged[0] > 0.4
    assert feelings.of("zxqv") == (None, ())


def test_ratings_of_words_lead_and_lists_have_a_say() -> None:
    table = "family death -9 -1 -5: grave\nnorm 8 2 1: picnic"
    feelings = WordFeelings(table, "# of our own\n1 5 3: grave\n7 5 5: pebble\n", {})
    rated, families = feelings.of("graves")
    assert families == (0,)
    assert rated == pytest.approx((-0.97, -0.03, -0.5))
    assert feelings.of("pebble")[0] == pytest.approx((0.5, 0.0, 0.0))
    assert feelings.of("picnic")[0] == pytest.approx((0.8, 0.2, 0.1))


def test_negation_goes_no_further_than_its_clause() -> None:
    words = in_chunks("not angry sad").words
    assert felt_words(words).feelings[-3] > 0.0
    assert felt_words(words, ends={1}).feelings[-3] < 0.0


def test_feelings_are_told_of_whom_the_last_pronoun_named() -> None:
    said = in_chunks("terrible she grieves i rejoice")
    felt = felt_words(said.words)
    mine, _, _, yours, _, _, others, _, _, nobody, *_ = felt.by_person
    assert others < -0.3 < 0.3 < mine
    assert nobody < -0.3
    assert yours == 0.0
    of_mine, *_ = of_persons(felt, said.counts, 4)
    assert of_mine == mine / 2.0


def test_a_text_without_a_felt_word_feels_nothing() -> None:
    assert not any(of_feelings(felt_words(()), 5)[:45])


def test_turns_are_found_by_the_words_that_begin_them() -> None:
    refusing = turns_of("couldn't")
    assert refusing.anywhere
    assert not turns_of("table").anywhere
    must = next(rest for _, rest in turns_of("had").phrases)
    assert must.match("i had to go", 5)
    assert not must.match("i had tea", 5)


def test_no_more_words_are_kept_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("control_plane.emotion.word_facts.KEPT_WORDS", 2)
    table = WordFactTable(word_feelings())
    again = table.of("again")
    assert table.of("once") is not again
    assert table.of("again") is again
    table.of("twice")
    table.of("thrice")
    assert table.of("again") is not again


def test_kernel_regression_learns_what_is_no_sum() -> None:
    grid = np.linspace(-1.5, 1.5, 20)
    dense = np.array([(one, other) for one in grid for other in grid])
    target = np.repeat(np.sign(dense[:, :1] * dense[:, 1:]), 3, axis=1)
    options = KernelOptions(landmarks=96, block=12, directions=2, width=4.0, penalty=0.01)
    part = fit_kernel(dense, np.zeros((400, 6)), target, np.ones(400), options)
    places = np.hstack([dense @ part.projection.astype(np.float64), np.zeros((400, 6))])
    found = kernel_columns(part, places) @ part.weights
    assert np.abs(found - target).mean() < 0.35


def test_what_counts_nothing_is_not_learned() -> None:
    table = sparse.csr_matrix(np.eye(4))
    targets = np.array([[1.0], [2.0], [-3.0], [4.0]])
    counts = np.array([1.0, 1.0, 1.0, 1e-12])
    weights = ridge(table, targets, 0.5, counts)
    assert weights[:, 0] == pytest.approx([1 / 1.5, 2 / 1.5, -3 / 1.5, 0.0], abs=1e-6)


def test_teacher_learns_how_people_rate() -> None:
    generator = np.random.default_rng(3)
    places = generator.normal(size=(300, 3))
    crowd = generator.normal(size=300)
    crowd[:100] = np.nan
    ratings = 3.0 + 0.2 * places
    ratings[100:, 2] = 3.0 + 0.1 * crowd[100:]
    found = teacher(Readings(places, crowd), ratings).ratings(Readings(places, crowd))
    assert found[:, :2] == pytest.approx(ratings[:, :2], abs=1e-6)
    assert found[100:, 2] == pytest.approx(ratings[100:, 2], abs=1e-6)
    assert np.isfinite(found).all()


def test_taught_texts_lie_between_people_and_teacher() -> None:
    generator = np.random.default_rng(4)
    readings = Readings(generator.normal(size=(60, 3)), np.full(60, np.nan))
    ratings = generator.uniform(2.0, 4.0, (60, 3))
    written = Written(("a", "b"), Readings(np.zeros((2, 3)), np.array([0.5, np.nan])))
    options = FitOptions(taught_share=(0.0, 0.5, 1.0), written_share=0.3)
    # Nobody asked twice: dominance of what was written is told by the first reading alone.
    sample = taught([str(n) for n in range(60)], ratings, readings, written, options)
    says = teacher(readings, ratings).ratings(readings)
    assert sample.ratings[:60, 0] == pytest.approx(ratings[:, 0])
    assert sample.ratings[:60, 1] == pytest.approx((ratings[:, 1] + says[:, 1]) / 2)
    assert sample.ratings[:60, 2] == pytest.approx(says[:, 2])
    assert sample.texts[60:] == ("a", "b")
    assert sample.counts.tolist() == [1.0] * 60 + [0.3, 0.3]


def test_readings_that_ship_are_whole_and_of_other_texts_than_are_judged_with() -> None:
    written = read_written()
    assert len(written.texts) > 10_000
    assert np.isfinite(written.readings.places).all()
    judged = set(read_emobank(DEV, "dev").texts)
    conversation = DEV.with_name("conversation.jsonl").read_text(encoding="utf-8").splitlines()
    judged |= {str(json.loads(line)["text"]) for line in conversation}
    assert judged.isdisjoint(written.texts)
    with pytest.raises(ValueError, match="nothing was read in 'no such id'"):
        read_readings(["no such id"])
    dev = read_emobank(DEV, "dev")
    with pytest.raises(ValueError, match="1000 such texts"):
        read_readings(dev.ids)


def test_readings_out_of_range_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "written.tsv"
    path.write_text("V\tA\tD\tC\ttext\n50\t101\t50\t\tHello.\n")
    with pytest.raises(ValueError, match="outside 0 to 100"):
        read_written(path)
    path.write_text("V\tA\ttext\n50\t10\tHello.\n")
    with pytest.raises(ValueError, match="no readings"):
        read_written(path)


def test_table_without_a_column_or_split_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("id,split,V,A,text\n1,train,3,3,hello\n")
    with pytest.raises(ValueError, match="no column D"):
        read_emobank(path, "train")
    path.write_text("id,split,V,A,D,text\n1,train,3,3,9,hello\n")
    with pytest.raises(ValueError, match="outside 1 to 5"):
        read_emobank(path, "train")
    with pytest.raises(ValueError, match="'dev'"):
        read_emobank(path, "dev")
