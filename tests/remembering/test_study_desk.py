"""Studies from their definition to their results, with simulated raters."""

import asyncio
import csv
import io
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from control_plane.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotFoundError,
    UnavailableError,
)
from control_plane.settings import Settings
from control_plane.study.booth import SideAnswer
from control_plane.study.desk import StudyDesk
from control_plane.study.export import ratings_csv, report_json, report_markdown
from control_plane.study.rendering import render_study
from control_plane.study.report import RECOGNISED, SCALES
from storage.archive import Archive
from storage.database import Database
from storage.errors import ConflictError, NotStoredError
from storage.media_store import MediaStore
from storage.models import MediaFile
from storage.studies import Studies, Unshown
from tests.remembering.raters import (
    SCRIPT,
    Taste,
    definition,
    fake_film,
    names_of,
    opened,
    rate_all,
    settings_of,
)

TWO_SCENES = [
    {"name": "glad-tidings", "emotion": "happy", "script": SCRIPT},
    {"name": "bad-tidings", "emotion": "sad", "script": SCRIPT},
]


def test_a_planted_difference_is_found_and_nothing_else(database: Database, tmp_path: Path) -> None:
    study = definition("planted", scenes=TWO_SCENES)
    booth = opened(database, tmp_path, study)
    taste = Taste(natural={"lively-one": 0.8}, recognised={"lively-one": 0.9, "plain-one": 0.3})
    rate_all(booth, study, 24, taste, seed=1)
    report = StudyDesk(database).results("planted")
    tally = report.studied.tally
    assert (tally.participants, tally.finished, tally.answered) == (24, 24, 48)
    found = {item.scale: item.comparison for item in report.comparisons}
    natural = found["naturalness"]
    assert (natural.first, natural.second) == ("lively-one", "plain-one")
    assert natural.p_holm < 0.01
    assert natural.difference.low < 0.8 < natural.difference.high
    assert natural.effect_size > 1.0
    assert found[RECOGNISED].p_holm < 0.01
    assert found[RECOGNISED].difference.value > 0.3
    for scale in ("uncanny", "distraction"):
        assert found[scale].p_holm > 0.05
    (preferred,) = report.preferences
    assert preferred.share.value > 0.7
    assert report.preferences_holm[0] < 0.05


def test_no_difference_is_reported_where_none_was_planted(
    database: Database, tmp_path: Path
) -> None:
    reported = []
    for seed in range(3):
        study = definition(f"alike-{seed}", seed=seed, scenes=TWO_SCENES)
        rate_all(opened(database, tmp_path, study), study, 8, Taste(), seed=100 + seed)
        report = StudyDesk(database).results(study.name)
        assert len(report.comparisons) == 4
        chances = [item.comparison.p_holm for item in report.comparisons]
        reported += [p for p in (*chances, *report.preferences_holm) if p < 0.05]
    assert reported == []


def test_single_films_are_rated_and_emotions_told_apart(database: Database, tmp_path: Path) -> None:
    study = definition("alone", "single")
    booth = opened(database, tmp_path, study)
    rate_all(booth, study, 6, Taste(recognised={"lively-one": 1.0, "plain-one": 0.0}), seed=3)
    report = StudyDesk(database).results("alone")
    lively, plain = report.variants
    assert (lively.name, plain.name) == ("lively-one", "plain-one")
    assert lively.answers == plain.answers == 18
    assert lively.emotion is not None
    assert plain.emotion is not None
    # Scenes that show nothing in particular do not count.
    assert (lively.emotion.recognised.value, lively.emotion.recognised.count) == (1.0, 12)
    assert plain.emotion.recognised.value == 0.0
    assert lively.emotion.confusion["happy"]["happy"] == 6
    assert sum(plain.emotion.confusion["sad"].values()) == 6
    assert plain.emotion.confusion["sad"]["sad"] == 0
    assert report.preferences == ()
    assert set(report.agreement) == set(SCALES)


def test_films_that_are_there_are_not_made_again(database: Database, tmp_path: Path) -> None:
    study, settings = definition("in-two-goes"), settings_of(tmp_path)
    desk = StudyDesk(database)
    assert desk.create(study).missing == 6
    made: list[str] = []

    async def breaks_down(settings: Settings, item: Unshown, path: Path) -> None:
        if len(made) == 2:
            raise UnavailableError("the voice is gone")
        await fake_film(settings, item, path)
        made.append(f"{item.variant} {item.scene}")

    with pytest.raises(UnavailableError):
        asyncio.run(render_study(settings, database, study.name, lambda *_: None, breaks_down))
    assert desk.state(study.name).missing == 4
    with pytest.raises(ConflictError, match="nothing to show"):
        desk.open(study.name)
    told: list[tuple[str, float]] = []

    async def goes_on(settings: Settings, item: Unshown, path: Path) -> None:
        await fake_film(settings, item, path)
        made.append(f"{item.variant} {item.scene}")

    count = asyncio.run(
        render_study(settings, database, study.name, lambda *step: told.append(step), goes_on)
    )
    assert count == 4
    assert [share for _, share in told] == [0.0, 0.25, 0.5, 0.75]
    assert len(made) == len(set(made)) == 6
    assert desk.open(study.name).is_open
    assert len(Archive(database).page(MediaFile)) == 6
    assert MediaStore(settings.media, database).check(contents=True, young_s=0.0).whole


def test_films_that_are_the_same_are_told(database: Database, tmp_path: Path) -> None:
    study = definition("same")

    async def blind_film(_settings: Settings, item: Unshown, path: Path) -> None:
        text = item.scene if item.scene == "small-talk" else f"{item.variant}{item.scene}"
        path.write_text(text)  # noqa: ASYNC240 - nothing waits for it

    desk, studies = StudyDesk(database), Studies(database)
    desk.create(study)
    settings = settings_of(tmp_path)
    asyncio.run(render_study(settings, database, "same", lambda *_: None, blind_film))
    alike = studies.alike(studies.named("same").id)
    assert alike == [("small-talk", "lively-one", "plain-one")]


def test_nothing_a_participant_gets_names_what_they_see(database: Database, tmp_path: Path) -> None:
    study = definition("blind")
    booth = opened(database, tmp_path, study)
    names = names_of(study)
    ids: list[str] = []
    for _ in range(4):
        code = booth.join("blind")
        while (trial := booth.next("blind", code).shown) is not None:
            text = json.dumps(asdict(trial), default=str)
            assert not any(name in text for name in names)
            ids.append(str(trial.trial_id))
            answer = SideAnswer(3, 3, 3, trial.emotions[0])
            booth.answer(
                "blind", code, trial.trial_id, dict.fromkeys(trial.sides, answer), comment="="
            )
    assert len(ids) == len(set(ids)) == 12
    about = json.dumps(asdict(booth.about("blind")))
    assert not any(name in about for name in names)


def test_words_to_choose_from_come_in_an_order_of_ones_own(
    database: Database, tmp_path: Path
) -> None:
    booth = opened(database, tmp_path, definition("words"))
    orders = []
    for _ in range(4):
        code = booth.join("words")
        first, again = booth.next("words", code).shown, booth.next("words", code).shown
        assert first is not None
        assert first == again
        orders.append(first.emotions)
    assert len(set(orders)) > 1
    assert len({frozenset(order) for order in orders}) == 1
    assert all({"happy", "sad", "neutral"} <= set(order) for order in orders)
    assert {order[-1] for order in orders} == {"none of these"}


def test_only_ones_own_trial_can_be_seen_and_answered(database: Database, tmp_path: Path) -> None:
    study = definition("own")
    booth = opened(database, tmp_path, study)
    opened(database, tmp_path, definition("other"))
    mine, theirs = booth.join("own"), booth.join("own")
    trial, elsewhere = booth.next("own", mine).shown, booth.next("own", theirs).shown
    assert trial is not None
    assert elsewhere is not None
    good = SideAnswer(3, 3, 3, "happy")
    both = {"left": good, "right": good}
    with pytest.raises(NotStoredError):
        booth.film("own", theirs, trial.trial_id, "left")
    with pytest.raises(NotFoundError):
        booth.next("other", mine)
    assert booth.takes_part("own", mine)
    assert not booth.takes_part("other", mine)
    assert not booth.takes_part("own", "made-up")
    with pytest.raises(ConflictError, match="not the one"):
        booth.answer("own", mine, elsewhere.trial_id, both)
    with pytest.raises(InvalidArgumentError, match="answers are of"):
        booth.answer("own", mine, trial.trial_id, {"left": good})
    with pytest.raises(InvalidArgumentError, match="preferred is 'middle'"):
        booth.answer("own", mine, trial.trial_id, both, preferred="middle")
    wrong = {"left": good, "right": replace(good, emotion="hungry")}
    with pytest.raises(InvalidArgumentError, match="emotion is 'hungry'"):
        booth.answer("own", mine, trial.trial_id, wrong)
    booth.answer("own", mine, trial.trial_id, both)
    with pytest.raises(ConflictError):
        booth.answer("own", mine, trial.trial_id, both)


def test_a_study_is_kept_once_and_comes_back_as_it_was_defined(database: Database) -> None:
    desk = StudyDesk(database)
    study = definition("kept", options={"size": "256x256", "seed": 5, "personality": "skeptical"})
    desk.create(study)
    with pytest.raises(AlreadyExistsError, match="'kept'"):
        desk.create(study)
    again = desk.definition("kept")
    assert [item.name for item in again.scenes] == ["bad-tidings", "glad-tidings", "small-talk"]
    assert {again.options_of(item).seed for item in again.variants} == {5}
    assert {again.options_of(item).personality for item in again.variants} == {"skeptical"}
    assert again.seed == study.seed
    assert [state.name for state in desk.all()] == ["kept"]
    with pytest.raises(NotStoredError, match="'lost'"):
        desk.results("lost")


def test_results_are_told_as_json_tables_and_raw_ratings(
    database: Database, tmp_path: Path
) -> None:
    study = definition("told")
    booth = opened(database, tmp_path, study)
    assert "no answers yet" in report_markdown(StudyDesk(database).results("told"))
    rate_all(booth, study, 3, Taste(natural={"lively-one": 2.0}), seed=9)
    desk = StudyDesk(database)
    report = desk.results("told")
    content = json.loads(json.dumps(report_json(report), allow_nan=False))
    assert content["seed"] == 11
    assert content["tally"] == {"participants": 3, "finished": 3, "answered": 9}
    assert content["comparisons"][0]["scale"] == "naturalness"
    assert content["comparisons"][0]["pHolm"] == report.comparisons[0].comparison.p_holm
    markdown = report_markdown(report)
    assert "| lively-one |" in markdown
    assert "lively-one - plain-one" in markdown
    rows = list(csv.DictReader(io.StringIO(ratings_csv(desk.ratings("told")))))
    assert len(rows) == 18
    assert {row["variant"] for row in rows} == {"lively-one", "plain-one"}
    assert all(row["beside"] != row["variant"] for row in rows)
    assert "comment" not in rows[0]


def test_comments_are_told_when_asked_for_and_never_as_formulas(
    database: Database, tmp_path: Path
) -> None:
    study = definition("comments", "single")
    booth = opened(database, tmp_path, study)
    code = booth.join("comments")
    trial = booth.next("comments", code).shown
    assert trial is not None
    answer = {"left": SideAnswer(3, 3, 3, "happy")}
    booth.answer("comments", code, trial.trial_id, answer, comment="=1+1, she said")
    (row,) = csv.DictReader(
        io.StringIO(ratings_csv(StudyDesk(database).ratings("comments"), comments=True))
    )
    assert row["comment"] == "'=1+1, she said"
    assert code not in "".join(row.values())
