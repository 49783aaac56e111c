from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest

from storage.archive import Archive
from storage.database import Database
from storage.errors import ConflictError, InvalidRecordError, NotStoredError
from storage.media_store import MediaStore
from storage.models import (
    Design,
    Image,
    MediaFile,
    Study,
    StudyParticipant,
    StudyScene,
    StudyStimulus,
    StudyTrial,
    StudyVariant,
)
from storage.studies import Answer, Stimuli, Studies
from storage.study_removal import remove_study
from tests.remembering.rows import stored


def everything(number: int, stimuli: Stimuli) -> list[tuple[UUID, UUID | None]]:
    turn = number % 2
    return [(row[turn], row[1 - turn]) for row in stimuli]


def opened(database: Database, name: str = "which", media: MediaStore | None = None) -> Study:
    studies = Studies(database)
    variants = [StudyVariant(name=name, options={"personality": name}) for name in ("b", "a")]
    scenes = [
        StudyScene(name=name, script=[{"chat": {"text": "hi"}}], emotion="Glad")
        for name in ("one", "two")
    ]
    study = studies.create(Study(name=name, design=Design.PAIRED), variants, scenes)
    with pytest.raises(ConflictError, match="nothing to show of a in one"):
        studies.open(study.id)
    for variant in variants:
        for scene in scenes:
            film = stored(database, MediaFile) if media is None else media.put([], "x/y", "mp4")
            studies.show(variant.id, scene.id, film.id)
    studies.open(study.id)
    return study


def answer(key: UUID, naturalness: int = 3, preferred: bool | None = None) -> Answer:
    return Answer(key, naturalness, 1, 2, "Glad", preferred, "fine")


def test_a_participant_answers_trial_after_trial(database: Database) -> None:
    study = opened(database)
    studies = Studies(database)
    person = studies.join(study.id, "code", everything)
    assert studies.join(study.id, "code", everything).id == person.id
    for position in range(2):
        trial, count = studies.next_trial("code")
        assert trial is not None
        assert (trial.position, count) == (position, 2)
        again, _ = studies.next_trial("code")
        assert again is not None
        assert again.id == trial.id
        assert trial.right_id is not None
        answers = [answer(trial.left_id, 5, preferred=True), answer(trial.right_id, 2)]
        studies.answer("code", trial.id, answers)
        with pytest.raises(ConflictError, match="has been answered"):
            studies.answer("code", trial.id, answers)
    assert studies.next_trial("code") == (None, 2)
    assert Archive(database).get(StudyParticipant, person.id).finished_at is not None
    rated = studies.ratings(study.id)
    assert [(item.variant, item.scene, item.other, item.answer.naturalness) for item in rated] == [
        ("a", "one", "b", 5),
        ("b", "one", "a", 2),
        ("a", "two", "b", 5),
        ("b", "two", "a", 2),
    ]
    assert {item.shown_emotion for item in rated} == {"Glad"}


def test_participants_are_numbered_without_gaps_however_many_join(database: Database) -> None:
    study = opened(database)
    studies = Studies(database)
    with ThreadPoolExecutor(20) as pool:
        people = list(pool.map(lambda n: studies.join(study.id, f"c{n}", everything), range(40)))
    assert sorted(person.number for person in people) == list(range(40))


def test_answers_must_be_of_what_was_shown_and_on_the_scale(database: Database) -> None:
    study = opened(database)
    studies = Studies(database)
    studies.join(study.id, "mine", everything)
    studies.join(study.id, "theirs", everything)
    trial, _ = studies.next_trial("mine")
    assert trial is not None
    assert trial.right_id is not None
    both = [answer(trial.left_id), answer(trial.right_id)]
    with pytest.raises(NotStoredError):
        studies.answer("theirs", trial.id, both)
    with pytest.raises(NotStoredError):
        studies.answer("nobody", trial.id, both)
    with pytest.raises(InvalidRecordError, match="not of the 2"):
        studies.answer("mine", trial.id, both[:1])
    preferred = [answer(item.stimulus_id, preferred=True) for item in both]
    with pytest.raises(InvalidRecordError, match="both are preferred"):
        studies.answer("mine", trial.id, preferred)
    with pytest.raises(InvalidRecordError):
        studies.answer("mine", trial.id, [answer(item.stimulus_id, 6) for item in both])
    studies.answer("mine", trial.id, both)


def test_a_closed_study_lets_nobody_in_and_those_within_finish(database: Database) -> None:
    study = opened(database)
    studies = Studies(database)
    studies.join(study.id, "early", everything)
    studies.close(study.id)
    with pytest.raises(ConflictError, match="not open"):
        studies.join(study.id, "late", everything)
    assert studies.next_trial("early")[0] is not None


def test_what_is_shown_does_not_change_once_people_look(database: Database) -> None:
    study = opened(database)
    archive = Archive(database)
    (variant, *_) = archive.page(StudyVariant, StudyVariant.study_id == study.id)
    (scene, *_) = archive.page(StudyScene, StudyScene.study_id == study.id)
    with pytest.raises(ConflictError, match="has been opened"):
        Studies(database).show(variant.id, scene.id, stored(database, MediaFile).id)


def test_a_deleted_study_takes_its_answers_and_films_along_and_nothing_else(
    database: Database, tmp_path: Path
) -> None:
    media = MediaStore(tmp_path / "media", database)
    gone, kept = opened(database, "gone", media), opened(database, "kept", media)
    studies, archive = Studies(database), Archive(database)
    for study in (gone, kept):
        studies.join(study.id, study.name, everything)
        trial, _ = studies.next_trial(study.name)
        assert trial is not None
        assert trial.right_id is not None
        studies.answer(study.name, trial.id, [answer(trial.left_id), answer(trial.right_id)])
    (film, *_) = archive.page(StudyStimulus)
    shared = stored(database, Image, file_id=film.file_id)
    with pytest.raises(ConflictError, match="'gone' is open"):
        remove_study(database, media, gone.id)
    studies.close(gone.id)
    remove_study(database, media, gone.id)
    assert [study.name for study in studies.all()] == ["kept"]
    assert len(studies.ratings(kept.id)) == 2
    counts = {
        kind: len(archive.page(kind))
        for kind in (StudyVariant, StudyScene, StudyStimulus, StudyParticipant, StudyTrial)
    }
    assert list(counts.values()) == [2, 2, 4, 1, 2]
    assert len(archive.page(MediaFile)) == len(list(tmp_path.rglob("*.mp4"))) == 5
    assert archive.get(MediaFile, shared.file_id)
    assert media.check(contents=True, young_s=0).whole
    with pytest.raises(NotStoredError):
        remove_study(database, media, gone.id)


def test_a_study_compares_at_least_two(database: Database) -> None:
    with pytest.raises(InvalidRecordError, match="1 variants and 0 scenes"):
        Studies(database).create(
            Study(name="x", design=Design.SINGLE), [StudyVariant(name="a")], []
        )
