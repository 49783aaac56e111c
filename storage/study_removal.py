"""Taking a study out, with all that was answered in it and the films that were shown."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import Column, Delete, delete, exists, select
from sqlalchemy.orm import Session as OrmSession

from storage.archive import lock
from storage.database import Database
from storage.errors import ConflictError
from storage.media_store import MediaStore
from storage.tables.base import Base
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
from storage.transactions import writing

__all__ = ["remove_study"]


def remove_study(database: Database, media: MediaStore, study_id: UUID) -> None:
    """Deletes a study for good: rows first, then its films' files. Blocks.

    A film that something else shows too stays.

    Raises:
        NotStoredError: There is no such study.
        ConflictError: It is open.
    """
    with writing(database) as orm:
        study = lock(orm, Study, study_id)
        if study.opened_at is not None and study.closed_at is None:
            raise ConflictError(f"study {study.name!r} is open, expected it to be closed")
        variants = select(StudyVariant.id).where(StudyVariant.study_id == study_id)
        shown = select(StudyStimulus.file_id).where(StudyStimulus.variant_id.in_(variants))
        films = orm.scalars(shown).all()
        for rows in _rows(study_id):
            orm.execute(rows)
        files = _unused(orm, films)
        for file in files:
            orm.delete(file)
    for file in files:
        media.path(file).unlink(missing_ok=True)


def _rows(study_id: UUID) -> Iterator[Delete]:
    """What deletes the study, whatever refers to something before that."""
    people = select(StudyParticipant.id).where(StudyParticipant.study_id == study_id)
    trials = select(StudyTrial.id).where(StudyTrial.participant_id.in_(people))
    variants = select(StudyVariant.id).where(StudyVariant.study_id == study_id)
    yield delete(StudyRating).where(StudyRating.trial_id.in_(trials))
    yield delete(StudyTrial).where(StudyTrial.participant_id.in_(people))
    yield delete(StudyParticipant).where(StudyParticipant.study_id == study_id)
    yield delete(StudyStimulus).where(StudyStimulus.variant_id.in_(variants))
    yield delete(StudyScene).where(StudyScene.study_id == study_id)
    yield delete(StudyVariant).where(StudyVariant.study_id == study_id)
    yield delete(Study).where(Study.id == study_id)


def _unused(orm: OrmSession, files: Sequence[UUID]) -> Sequence[MediaFile]:
    """Those of the files that no row refers to any more."""
    users: list[Column[UUID]] = [
        key.parent
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table is MediaFile.__table__
    ]
    unused = [~exists().where(user == MediaFile.id) for user in users]
    return orm.scalars(select(MediaFile).where(MediaFile.id.in_(files), *unused)).all()
