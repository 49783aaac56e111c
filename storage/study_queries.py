"""What the rows of a study are, inside somebody else's transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from storage.errors import ConflictError, NotStoredError
from storage.tables.study import Study, StudyParticipant, StudyScene, StudyStimulus, StudyVariant

__all__ = [
    "Stimuli",
    "participant_of",
    "scenes_of",
    "shown_of",
    "stimuli_of",
    "variants_of",
]

Stimuli = list[list[UUID]]
"""Keys of stimuli, by scene and variant, both in the order of their names."""


def stimuli_of(orm: OrmSession, study: Study) -> Stimuli:
    """Every stimulus of a study.

    Raises:
        ConflictError: One is missing.
    """
    variants, scenes = variants_of(orm, study.id), scenes_of(orm, study.id)
    found = shown_of(orm, scenes)
    missing = [
        f"{variant.name} in {scene.name}"
        for scene in scenes
        for variant in variants
        if (scene.id, variant.id) not in found
    ]
    if missing:
        raise ConflictError(f"study {study.name!r} has nothing to show of {missing[0]}")
    return [[found[scene.id, variant.id] for variant in variants] for scene in scenes]


def variants_of(orm: OrmSession, study_id: UUID) -> Sequence[StudyVariant]:
    """The variants of a study, in the order of their names."""
    mine = select(StudyVariant).where(StudyVariant.study_id == study_id)
    return sorted(orm.scalars(mine), key=lambda variant: variant.name)


def scenes_of(orm: OrmSession, study_id: UUID) -> Sequence[StudyScene]:
    """The scenes of a study, in the order of their names."""
    mine = select(StudyScene).where(StudyScene.study_id == study_id)
    return sorted(orm.scalars(mine), key=lambda scene: scene.name)


def shown_of(orm: OrmSession, scenes: Sequence[StudyScene]) -> dict[tuple[UUID, UUID], UUID]:
    """Keys of the stimuli that there are, by scene and variant."""
    rows = orm.scalars(
        select(StudyStimulus).where(StudyStimulus.scene_id.in_([scene.id for scene in scenes]))
    )
    return {(row.scene_id, row.variant_id): row.id for row in rows}


def participant_of(orm: OrmSession, code: str) -> StudyParticipant:
    """Who has a code.

    Raises:
        NotStoredError: Nobody has it.
    """
    found = orm.scalars(select(StudyParticipant).where(StudyParticipant.code == code)).one_or_none()
    if found is None:
        raise NotStoredError("nobody takes part under that code")
    return found
