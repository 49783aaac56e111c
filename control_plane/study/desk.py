"""Where a study is made, opened, closed and read; every call blocks."""

from dataclasses import dataclass
from datetime import datetime

from control_plane.errors import AlreadyExistsError
from control_plane.study.definition import StudyDefinition
from control_plane.study.emotions import choices
from control_plane.study.report import Studied, StudyReport, report_of
from storage.database import Database
from storage.errors import NotStoredError
from storage.media_store import MediaStore
from storage.studies import Rated, Studies, Tally
from storage.study_removal import remove_study
from storage.tables.study import Design, Study, StudyScene, StudyVariant

__all__ = ["StudyDesk", "StudyState"]


@dataclass(frozen=True, slots=True)
class StudyState:
    """Where a study stands.

    Attributes:
        name: Its name.
        instructions: What participants read first.
        design: "single" or "paired".
        variants: Names of what is compared.
        scenes: Names of what is shown.
        missing: How many films there are not yet.
        opened_at: When participants were first let in, UTC; None: not yet.
        closed_at: Since when nobody new is let in; None: open, or never opened.
        tally: Who took part.
    """

    name: str
    instructions: str
    design: str
    variants: tuple[str, ...]
    scenes: tuple[str, ...]
    missing: int
    opened_at: datetime | None
    closed_at: datetime | None
    tally: Tally

    @property
    def is_open(self) -> bool:
        """Whether participants may join."""
        return self.opened_at is not None and self.closed_at is None


class StudyDesk:
    """Studies as whoever runs them has them; participants have `control_plane.study.booth`.

    Args:
        database: What remembers them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._studies = Studies(database)

    def create(self, definition: StudyDefinition) -> StudyState:
        """Keeps a study, closed as yet and without films.

        Raises:
            AlreadyExistsError: There is one of that name.
        """
        try:
            self._studies.named(definition.name)
        except NotStoredError:
            pass
        else:
            raise AlreadyExistsError(f"there is a study {definition.name!r} already")
        self._studies.create(
            Study(
                name=definition.name,
                instructions=definition.instructions,
                design=Design(definition.design),
                seed=definition.seed,
            ),
            [
                StudyVariant(name=item.name, options=definition.options_of(item).stored())
                for item in definition.variants
            ],
            [
                StudyScene(name=item.name, script=item.script, emotion=item.emotion)
                for item in definition.scenes
            ],
        )
        return self.state(definition.name)

    def all(self) -> list[StudyState]:
        """Every study, in the order they were made."""
        return [self._state(study) for study in self._studies.all()]

    def state(self, name: str) -> StudyState:
        """Where a study stands.

        Raises:
            NotStoredError: There is none of that name.
        """
        return self._state(self._studies.named(name))

    def definition(self, name: str) -> StudyDefinition:
        """What defines a study; every variant with all of its options.

        Raises:
            NotStoredError: There is none of that name.
        """
        study = self._studies.named(name)
        variants, scenes = self._studies.compared(study.id)
        return StudyDefinition.model_validate(
            {
                "name": study.name,
                "instructions": study.instructions,
                "design": study.design.value,
                "seed": study.seed,
                "variants": [{"name": item.name, "options": item.options} for item in variants],
                "scenes": [
                    {"name": item.name, "emotion": item.emotion, "script": item.script}
                    for item in scenes
                ],
            }
        )

    def open(self, name: str) -> StudyState:
        """Lets participants in.

        Raises:
            NotStoredError: There is no study of that name.
            ConflictError: A film is missing.
        """
        self._studies.open(self._studies.named(name).id)
        return self.state(name)

    def close(self, name: str) -> StudyState:
        """Lets nobody in any more; who is in may finish.

        Raises:
            NotStoredError: There is no study of that name.
        """
        self._studies.close(self._studies.named(name).id)
        return self.state(name)

    def delete(self, name: str, media: MediaStore) -> None:
        """Deletes a study that is not open, with its answers and its films; for good.

        Args:
            name: Of the study.
            media: Where its films are.

        Raises:
            NotStoredError: There is no study of that name.
            ConflictError: It is open.
        """
        remove_study(self._database, media, self._studies.named(name).id)

    def ratings(self, name: str) -> list[Rated]:
        """Every answer, by participant and trial.

        Raises:
            NotStoredError: There is no study of that name.
        """
        return self._studies.ratings(self._studies.named(name).id)

    def results(self, name: str) -> StudyReport:
        """What the answers come to, as far as there are any.

        Raises:
            NotStoredError: There is no study of that name.
        """
        study = self._studies.named(name)
        variants, scenes = self._studies.compared(study.id)
        studied = Studied(
            study=study.name,
            design=study.design.value,
            seed=study.seed,
            tally=self._studies.tally(study.id),
            variants={item.name: item.options for item in variants},
            emotions=choices(item.emotion for item in scenes),
        )
        return report_of(studied, self._studies.ratings(study.id))

    def _state(self, study: Study) -> StudyState:
        variants, scenes = self._studies.compared(study.id)
        return StudyState(
            name=study.name,
            instructions=study.instructions,
            design=study.design.value,
            variants=tuple(item.name for item in variants),
            scenes=tuple(item.name for item in scenes),
            missing=len(self._studies.unshown(study.id)),
            opened_at=study.opened_at,
            closed_at=study.closed_at,
            tally=self._studies.tally(study.id),
        )
