"""Studies in the database: what is compared, who takes part, what they were shown and answered."""

from collections.abc import Callable, Sequence
from itertools import combinations
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from storage.archive import lock
from storage.database import Database
from storage.errors import ConflictError, InvalidRecordError, NotStoredError
from storage.study_queries import (
    Stimuli,
    participant_of,
    scenes_of,
    shown_of,
    stimuli_of,
    variants_of,
)
from storage.study_records import Answer, Rated, Tally, Unshown
from storage.tables.base import now
from storage.tables.media import MediaFile
from storage.tables.study import (
    Study,
    StudyParticipant,
    StudyRating,
    StudyScene,
    StudyStimulus,
    StudyTrial,
    StudyVariant,
)
from storage.transactions import reading, writing

__all__ = ["Answer", "Rated", "Stimuli", "Studies", "Tally", "Unshown"]

Order = Callable[[int, Stimuli], Sequence[tuple[UUID, UUID | None]]]
"""What a participant sees: by their number, stimuli alone or in pairs (left, right)."""


class Studies:
    """Makes and runs studies. Every call blocks and is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, study: Study, variants: Sequence[StudyVariant], scenes: Sequence[StudyScene]
    ) -> Study:
        """Writes a study, closed as yet.

        Raises:
            InvalidRecordError: There are fewer than two variants, or no scene.
            InvalidRecordError: A name is taken.
        """
        if len(variants) < 2 or not scenes:
            raise InvalidRecordError(
                f"a study has {len(variants)} variants and {len(scenes)} scenes, "
                "expected at least 2 and 1"
            )
        with writing(self._database) as orm:
            orm.add(study)
            orm.flush()
            for variant in variants:
                variant.study_id = study.id
            for scene in scenes:
                scene.study_id = study.id
            orm.add_all([*variants, *scenes])
        return study

    def named(self, name: str) -> Study:
        """The study of that name.

        Raises:
            NotStoredError: There is none.
        """
        with reading(self._database) as orm:
            found = orm.scalars(select(Study).where(Study.name == name)).one_or_none()
            if found is None:
                raise NotStoredError(f"there is no study {name!r}")
            return found

    def all(self) -> Sequence[Study]:
        """Every study, in the order they were made."""
        with reading(self._database) as orm:
            return orm.scalars(select(Study).order_by(Study.id)).all()

    def compared(self, study_id: UUID) -> tuple[Sequence[StudyVariant], Sequence[StudyScene]]:
        """The variants and the scenes of a study, in the order of their names."""
        with reading(self._database) as orm:
            return variants_of(orm, study_id), scenes_of(orm, study_id)

    def emotions(self, study_id: UUID) -> Sequence[str]:
        """What the scenes of a study are to show, in no order; empty: nothing in particular."""
        with reading(self._database) as orm:
            return orm.scalars(
                select(StudyScene.emotion).where(StudyScene.study_id == study_id)
            ).all()

    def unshown(self, study_id: UUID) -> list[Unshown]:
        """What there is no file of yet, a scene at a time."""
        with reading(self._database) as orm:
            variants, scenes = variants_of(orm, study_id), scenes_of(orm, study_id)
            found = shown_of(orm, scenes)
            return [
                Unshown(
                    variant.id, variant.name, variant.options, scene.id, scene.name, scene.script
                )
                for scene in scenes
                for variant in variants
                if (scene.id, variant.id) not in found
            ]

    def alike(self, study_id: UUID) -> list[tuple[str, str, str]]:
        """Films that are the same, byte for byte: a scene, and two variants in it."""
        query = (
            select(StudyScene.name, MediaFile.sha256, StudyVariant.name)
            .join(StudyStimulus, StudyStimulus.scene_id == StudyScene.id)
            .join(StudyVariant, StudyVariant.id == StudyStimulus.variant_id)
            .join(MediaFile, MediaFile.id == StudyStimulus.file_id)
            .where(StudyScene.study_id == study_id)
        )
        with reading(self._database) as orm:
            films = sorted(tuple(row) for row in orm.execute(query))
        return [
            (scene, one, other)
            for (scene, digest, one), (other_scene, other_digest, other) in combinations(films, 2)
            if (scene, digest) == (other_scene, other_digest)
        ]

    def tally(self, study_id: UUID) -> Tally:
        """Counts who takes part, and what they have answered."""
        people = select(
            func.count(StudyParticipant.id), func.count(StudyParticipant.finished_at)
        ).where(StudyParticipant.study_id == study_id)
        trials = (
            select(func.count(StudyTrial.answered_at))
            .join(StudyParticipant, StudyParticipant.id == StudyTrial.participant_id)
            .where(StudyParticipant.study_id == study_id)
        )
        with reading(self._database) as orm:
            joined, finished = orm.execute(people).one()
            return Tally(joined, finished, orm.scalar(trials) or 0)

    def show(self, variant_id: UUID, scene_id: UUID, file_id: UUID) -> StudyStimulus:
        """Says which file shows a variant in a scene; a later one takes its place.

        Raises:
            ConflictError: The study has been opened.
            InvalidRecordError: They are of two studies.
        """
        with writing(self._database) as orm:
            variant = lock(orm, StudyVariant, variant_id)
            scene = orm.get_one(StudyScene, scene_id)
            study = orm.get_one(Study, variant.study_id)
            if scene.study_id != study.id:
                raise InvalidRecordError("the variant and the scene are of two studies")
            if study.opened_at is not None:
                raise ConflictError(f"study {study.name!r} has been opened")
            found = orm.scalars(
                select(StudyStimulus).where(
                    StudyStimulus.variant_id == variant_id, StudyStimulus.scene_id == scene_id
                )
            ).one_or_none()
            stimulus = found or StudyStimulus(variant_id=variant_id, scene_id=scene_id)
            stimulus.file_id = file_id
            orm.add(stimulus)
        return stimulus

    def open(self, study_id: UUID) -> None:
        """Lets participants in, once everything that they will see is there.

        Raises:
            NotStoredError: There is no such study.
            ConflictError: A variant has no file for a scene.
        """
        with writing(self._database) as orm:
            study = lock(orm, Study, study_id)
            stimuli_of(orm, study)
            study.opened_at, study.closed_at = study.opened_at or now(), None

    def close(self, study_id: UUID) -> None:
        """Lets nobody in any more; who is in may finish."""
        with writing(self._database) as orm:
            lock(orm, Study, study_id).closed_at = now()

    def join(self, study_id: UUID, code: str, order: Order) -> StudyParticipant:
        """Takes somebody in under the next number; who has the code already is in.

        Args:
            study_id: The study.
            code: A secret of the participant's own.
            order: Says what they see.

        Raises:
            NotStoredError: There is no such study.
            ConflictError: It is not open.
        """
        with writing(self._database) as orm:
            study = lock(orm, Study, study_id)
            mine = select(StudyParticipant).where(StudyParticipant.code == code)
            found = orm.scalars(mine).one_or_none()
            if found is not None and found.study_id == study_id:
                return found
            if study.opened_at is None or study.closed_at is not None or found is not None:
                raise ConflictError(f"study {study.name!r} is not open")
            count = select(func.count()).where(StudyParticipant.study_id == study_id)
            participant = StudyParticipant(
                study_id=study_id, number=orm.scalar(count) or 0, code=code, consented_at=now()
            )
            orm.add(participant)
            orm.flush()
            shown = order(participant.number, stimuli_of(orm, study))
            for position, (left, right) in enumerate(shown):
                orm.add(
                    StudyTrial(
                        participant_id=participant.id,
                        position=position,
                        left_id=left,
                        right_id=right,
                    )
                )
        return participant

    def participant(self, code: str) -> StudyParticipant:
        """Who has that code.

        Raises:
            NotStoredError: Nobody has it.
        """
        with reading(self._database) as orm:
            return participant_of(orm, code)

    def files(self, code: str, trial_id: UUID) -> tuple[MediaFile, ...]:
        """What a trial of a participant's own shows: on the left, and on the right if there is one.

        Raises:
            NotStoredError: Nobody has that code, or no such trial.
        """
        with reading(self._database) as orm:
            participant = participant_of(orm, code)
            trial = orm.get(StudyTrial, trial_id)
            if trial is None or trial.participant_id != participant.id:
                raise NotStoredError(f"no StudyTrial has the id {trial_id}")
            shown = [key for key in (trial.left_id, trial.right_id) if key is not None]
            stimuli = [orm.get_one(StudyStimulus, key) for key in shown]
            return tuple(orm.get_one(MediaFile, stimulus.file_id) for stimulus in stimuli)

    def next_trial(self, code: str) -> tuple[StudyTrial | None, int]:
        """What a participant is to answer next.

        Returns:
            The first trial that has no answer, None at the end; and how many there are in all.

        Raises:
            NotStoredError: Nobody has that code.
        """
        with writing(self._database) as orm:
            participant = participant_of(orm, code)
            trials = orm.scalars(
                select(StudyTrial)
                .where(StudyTrial.participant_id == participant.id)
                .order_by(StudyTrial.position)
            ).all()
            for trial in trials:
                if trial.answered_at is None:
                    trial.shown_at = trial.shown_at or now()
                    return trial, len(trials)
            return None, len(trials)

    def answer(self, code: str, trial_id: UUID, answers: Sequence[Answer]) -> None:
        """Keeps what a participant says of all that a trial showed; once.

        Raises:
            NotStoredError: Nobody has that code, or no such trial.
            ConflictError: It has been answered.
            InvalidRecordError: The answers are not of what it showed, both are preferred, or a
                rating is out of its scale.
        """
        with writing(self._database) as orm:
            trial = lock(orm, StudyTrial, trial_id)
            participant = participant_of(orm, code)
            if trial.participant_id != participant.id:
                raise NotStoredError(f"no StudyTrial has the id {trial_id}")
            if trial.answered_at is not None:
                raise ConflictError(f"trial {trial.position} has been answered")
            shown = [key for key in (trial.left_id, trial.right_id) if key is not None]
            if sorted(item.stimulus_id for item in answers) != sorted(shown):
                raise InvalidRecordError(f"answers are not of the {len(shown)} that were shown")
            if sum(item.preferred is True for item in answers) > 1:
                raise InvalidRecordError("both are preferred, expected one or none")
            for item in answers:
                orm.add(
                    StudyRating(
                        trial_id=trial_id,
                        stimulus_id=item.stimulus_id,
                        naturalness=item.naturalness,
                        uncanny=item.uncanny,
                        distraction=item.distraction,
                        emotion=item.emotion[:60],
                        preferred=item.preferred if len(shown) > 1 else None,
                        comment=item.comment,
                    )
                )
            trial.answered_at = now()
            orm.flush()
            left = select(func.count()).where(
                StudyTrial.participant_id == participant.id, StudyTrial.answered_at.is_(None)
            )
            if not orm.scalar(left):
                participant.finished_at = now()

    def ratings(self, study_id: UUID) -> list[Rated]:
        """All answers of a study, by participant and trial."""
        other = aliased(StudyStimulus)
        other_variant = aliased(StudyVariant)
        query = (
            select(StudyRating, StudyParticipant.number, StudyVariant, StudyScene, other_variant)
            .join(StudyTrial, StudyTrial.id == StudyRating.trial_id)
            .join(StudyParticipant, StudyParticipant.id == StudyTrial.participant_id)
            .join(StudyStimulus, StudyStimulus.id == StudyRating.stimulus_id)
            .join(StudyVariant, StudyVariant.id == StudyStimulus.variant_id)
            .join(StudyScene, StudyScene.id == StudyStimulus.scene_id)
            .outerjoin(
                other,
                other.id.in_([StudyTrial.left_id, StudyTrial.right_id])
                & (other.id != StudyRating.stimulus_id),
            )
            .outerjoin(other_variant, other_variant.id == other.variant_id)
            .where(StudyParticipant.study_id == study_id)
            .order_by(StudyParticipant.number, StudyTrial.position, StudyRating.id)
        )
        with reading(self._database) as orm:
            return [
                Rated(
                    answer=_answer(rating),
                    participant=number,
                    variant=variant.name,
                    scene=scene.name,
                    shown_emotion=scene.emotion,
                    other="" if beside is None else beside.name,
                )
                for rating, number, variant, scene, beside in orm.execute(query)
            ]


def _answer(row: StudyRating) -> Answer:
    return Answer(
        stimulus_id=row.stimulus_id,
        naturalness=row.naturalness,
        uncanny=row.uncanny,
        distraction=row.distraction,
        emotion=row.emotion,
        preferred=row.preferred,
        comment=row.comment,
    )
