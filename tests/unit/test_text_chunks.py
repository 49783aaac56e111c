import re
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.emotion.appraisal import Appraisal, default_appraiser
from control_plane.emotion.chunks import Hint, chunk_of, facts_of, in_chunks
from control_plane.emotion.counts import Counts, packed, unpacked
from control_plane.emotion.features import FeatureReader, plain
from control_plane.emotion.occasions import occasion_of
from control_plane.emotion.rules import read_rules
from control_plane.emotion.signals import signals_in
from control_plane.emotion.situations import situation_families
from control_plane.emotion.traits import Signal
from control_plane.emotion.turns import commands
from control_plane.emotion.word_facts import WORD_BUCKETS
from engine.packet import Mood

TEXTS = st.text(
    st.sampled_from(
        "abehijklnorsty AEHIW 0129\n.,;:!?'\"-_/()<3=^éßñйхаあ笑ㅋ\u2019\u2026\U0001f602"
    ),
    max_size=80,
)


@given(TEXTS)
def test_chunks_are_the_text_and_hold_all_its_words(text: str) -> None:
    lower = text.lower()
    said = in_chunks(lower)
    assert "".join(chunk.text for chunk in said.chunks) == lower
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", lower)
    assert [facts.word for facts in said.words] == words
    tokens = re.findall(r"[a-z]+(?:'[a-z]+)?|[!?;:\"$()]|\d+", lower)
    found = [facts.word for chunk in said.chunks for facts in chunk.tokens]
    assert found == tokens
    start = 0
    for chunk in said.chunks:
        for facts, at in chunk.placed:
            assert lower.startswith(facts.word, start + at)
        start += chunk.length


@given(TEXTS)
def test_counts_are_those_of_the_words(text: str) -> None:
    said = in_chunks(text.lower())
    read = [facts for chunk in said.chunks for facts in chunk.read]
    assert said.counts.known == sum(facts.feeling is not None for facts in said.words)
    assert said.counts.negating == sum(facts.negates for facts in read)
    assert said.counts.letters == sum(len(facts.word) for facts in read)
    assert said.counts.digits == sum(map(str.isdigit, text.lower()))


@given(TEXTS)
def test_pairs_are_of_tokens_that_follow_each_other(text: str) -> None:
    found = FeatureReader().read(plain(text.lower()))
    pairs = [
        zlib.crc32(f"{first.word} {second.word}".encode()) % WORD_BUCKETS
        for first, second in pairwise(found.tokens)
    ]
    assert found.pairs.tolist() == pairs


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900))))
def test_packed_counts_add_up_each_by_itself(counts: list[tuple[int, int]]) -> None:
    total = unpacked(sum(packed(Counts(english=first, digits=last)) for first, last in counts))
    assert total.english == sum(first for first, _ in counts)
    assert total.digits == sum(last for _, last in counts)
    assert total.foreign == 0


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("jajaja", Hint.LAUGHTER),
        ("kkkkk", Hint.LAUGHTER),
        ("\u0445\u0430\u0445\u0430", Hint.LAUGHTER),
        ("soooo", Hint.STRETCHED),
        ("happy", Hint.CUE),
        ("haaappy", Hint.CUE),
        (":)", Hint.FACE),
        ("xd", Hint.FACE),
        ('he said "go"', Hint.PART),
        ("well. go", Hint.PART),
    ],
)
def test_hint_is_given_where_it_is_due(text: str, hint: int) -> None:
    assert in_chunks(f"{text} table").hints & hint
    assert not in_chunks("a table, plain.").hints & hint


def test_long_chunks_and_words_are_read_but_not_kept() -> None:
    kept, long = "short ", f"{'ab' * 40}-no"
    assert chunk_of(kept) is chunk_of(kept)
    assert chunk_of(long) is not chunk_of(long)
    assert [facts.word for facts in chunk_of(long).words] == ["ab" * 40, "no"]
    assert facts_of("ab" * 40) is not facts_of("ab" * 40)
    assert facts_of("no") is facts_of("no")


def test_hyphens_join_a_chunk_and_marks_end_it() -> None:
    assert [facts.word for facts in chunk_of("well-known, ").words] == ["well", "known"]
    assert chunk_of("well-known, ").pauses
    assert chunk_of("well-known, ").ends_clause
    assert not chunk_of("known' , ").ends_clause
    assert chunk_of("known ").pairs == ()
    assert len(chunk_of("known!? ").pairs) == 2


@pytest.mark.parametrize(
    "text",
    [
        "that is broken. /s",
        "yeah, right",
        "thanks for nothing",
        "great, just great",
        "perfect, simply wonderful",
        "oh, great, another one",
        "it will be on time... not",
        "sure, because that helps",
        "it worked so well last time",
        "just what i needed, another form",
        "slow clap",
        "big surprise",
        "how original",
    ],
)
def test_every_way_to_mark_sarcasm_is_hinted_at(text: str) -> None:
    assert in_chunks(text).hints & Hint.SARCASM
    assert read_rules(text).sarcastic


SAID = {
    Signal.THANKS: "thanks,thank you,thx,ty,grateful,appreciate,appreciates,appreciated,danke,merci"
    ",gracias,grazie,obrigado,obrigada,bedankt,tack",
    Signal.APOLOGY: "sorry,apologise,apologize,my bad,forgive me,entschuldigung,pardon,lo siento"
    ",scusa",
    Signal.ERROR: "error,errors,exception,exceptions,crash,crashed,crashes,crashing,bug,bugs,broken"
    ",mistake,mistakes,wrong,incorrect,failed,fails,failing,timed out,doesn't work,did not work"
    ",isn't working,was not working,not working,won't work,won't start,won't open",
    Signal.SUCCESS: "it works,works now,that worked,it worked,fixed it,solved it,got it working"
    ",succeeded,passed",
}


@pytest.mark.parametrize(
    ("words", "signal"),
    [(words, signal) for signal, listed in SAID.items() for words in listed.split(",")],
)
def test_every_word_of_a_signal_is_heard(words: str, signal: Signal) -> None:
    nothing = Appraisal(Mood(), 0.0, "neutral", 0.5)
    assert signals_in(f"Now {words} here", nothing) == (signal,)


def test_longest_situation_is_told_of() -> None:
    died, phone = read_rules("my dog died").evidence, read_rules("my phone died").evidence
    assert died.place.valence < phone.place.valence < 0.0
    assert "grief" in situation_families()


def test_command_is_found_in_any_part() -> None:
    assert commands("stop it") == (True, 1)
    assert commands("i know. stop it") == (True, 2)
    assert commands("stop it", divided=False) == (True, 1)
    assert commands("stop you can't") == (False, 1)
    assert commands("will you stop?") == (False, 1)


def test_text_that_cannot_be_encoded_is_appraised() -> None:
    text = "great \ud800 news\udfff, thanks"
    appraisal = default_appraiser().appraise(text)
    assert appraisal.vad.valence > 0.2
    assert signals_in(text, appraisal) == (Signal.THANKS,)
    assert occasion_of(text, appraisal, (Signal.THANKS,)) is not None


def test_capitals_of_any_alphabet_shout() -> None:
    assert read_rules("STOP THIS").manner.shouted > 0.5
    assert read_rules("Это ПЛОХО").manner.shouted > 0.0
    assert read_rules("No Way").manner.shouted == 0.0
    assert read_rules("an FAQ").manner.shouted == 0.0
