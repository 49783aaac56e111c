"""A study as participants have it: blinded, one trial after another; every call blocks.

Nothing that leaves here names a variant, a scene or a stimulus, and no id by which two participants
could tell that they see the same: a trial's id belongs to one trial of one participant.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from control_plane.errors import (
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    UnavailableError,
)
from control_plane.study.emotions import choices, shuffled
from control_plane.study.plan import Trial, paired_trials, single_trials
from storage.database import Database
from storage.errors import ConflictError, NotStoredError
from storage.media_store import MediaStore
from storage.studies import Answer, Stimuli, Studies
from storage.tables.study import Design, Study, StudyParticipant

__all__ = ["SIDES", "About", "Booth", "Shown", "SideAnswer", "Turn"]

SIDES = ("left", "right")
"""Where films are; one alone is on the left."""

_CODE_BYTES = 24
_MOST_PARTICIPANTS = 10_000


@dataclass(frozen=True, slots=True)
class About:
    """What somebody may know who does not take part: what they would be asked, whether they may."""

    instructions: str
    trials: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What a participant is to look at and rate.

    Attributes:
        trial_id: Of this trial alone.
        position: Which one it is, from 0.
        sides: Where there are films: left, or left and right.
        emotions: Words to choose from, in this participant's order; empty: not asked.
    """

    trial_id: UUID
    position: int
    sides: tuple[str, ...]
    emotions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """What is a participant's turn: None, they have rated all of the `count` that there are."""

    shown: Shown | None
    count: int


@dataclass(frozen=True, slots=True)
class SideAnswer:
    """What somebody says of the film on one side; scales are 1 to 5."""

    naturalness: int
    uncanny: int
    distraction: int
    emotion: str = ""


class Booth:
    """Lets people in, shows them films and keeps what they say.

    Args:
        database: What remembers the studies.
        media: Where their films are.
    """

    def __init__(self, database: Database, media: MediaStore) -> None:
        self._studies = Studies(database)
        self._media = media

    def about(self, name: str) -> About:
        """What somebody learns who follows an invitation.

        Raises:
            NotStoredError: There is no study of that name.
        """
        study = self._studies.named(name)
        variants, scenes = self._studies.compared(study.id)
        is_open = study.opened_at is not None and study.closed_at is None
        trials = len(_order(study, len(variants), len(scenes), 0))
        return About(study.instructions, trials, is_open)

    def join(self, name: str) -> str:
        """Takes somebody in who agreed to take part; gives their secret code.

        Raises:
            NotStoredError: There is no study of that name.
            ConflictError: It is not open.
            ResourceExhaustedError: Too many take part already.
        """
        study = self._studies.named(name)
        if self._studies.tally(study.id).participants >= _MOST_PARTICIPANTS:
            raise ResourceExhaustedError(f"{_MOST_PARTICIPANTS:,} people take part already")
        code = secrets.token_urlsafe(_CODE_BYTES)

        def order(number: int, stimuli: Stimuli) -> list[tuple[UUID, UUID | None]]:
            planned = _order(study, len(stimuli[0]), len(stimuli), number)
            return [
                (
                    stimuli[trial.scene][trial.left],
                    None if trial.right is None else stimuli[trial.scene][trial.right],
                )
                for trial in planned
            ]

        self._studies.join(study.id, code, order)
        return code

    def takes_part(self, name: str, code: str) -> bool:
        """Whether somebody of that code takes part in that study."""
        try:
            self._participant(name, code)
        except (NotFoundError, NotStoredError):
            return False
        return True

    def next(self, name: str, code: str) -> Turn:
        """What a participant is to rate now.

        Raises:
            NotFoundError: They do not take part in that study.
        """
        study, participant = self._participant(name, code)
        trial, count = self._studies.next_trial(code)
        if trial is None:
            return Turn(None, count)
        shown = Shown(
            trial_id=trial.id,
            position=trial.position,
            sides=SIDES[: 1 if trial.right_id is None else 2],
            emotions=self._emotions(study, participant),
        )
        return Turn(shown, count)

    def answer(
        self,
        name: str,
        code: str,
        trial_id: UUID,
        answers: Mapping[str, SideAnswer],
        *,
        preferred: str = "",
        comment: str = "",
    ) -> None:
        """Keeps what a participant says of the trial that is theirs now.

        Args:
            name: Of the study.
            code: The participant's.
            trial_id: Of the trial.
            answers: By side.
            preferred: The better side; empty: neither.
            comment: In their own words.

        Raises:
            NotFoundError: They do not take part in that study.
            ConflictError: It is another trial's turn.
            InvalidArgumentError: A side or an emotion is none that was shown.
            InvalidRecordError: A rating is out of its scale.
        """
        study, participant = self._participant(name, code)
        trial, _ = self._studies.next_trial(code)
        if trial is None or trial.id != trial_id:
            raise ConflictError("this trial is not the one to answer now")
        shown = {
            side: key
            for side, key in zip(SIDES, (trial.left_id, trial.right_id), strict=True)
            if key is not None
        }
        _check(shown, answers, preferred, self._emotions(study, participant))
        self._studies.answer(
            code,
            trial_id,
            [
                Answer(
                    stimulus_id=shown[side],
                    naturalness=answer.naturalness,
                    uncanny=answer.uncanny,
                    distraction=answer.distraction,
                    emotion=answer.emotion,
                    preferred=side == preferred if preferred else None,
                    # Of the trial, but kept once.
                    comment=comment if side == SIDES[0] else "",
                )
                for side, answer in answers.items()
            ],
        )

    def film(self, name: str, code: str, trial_id: UUID, side: str) -> Path:
        """The file that is shown on one side of a participant's own trial.

        Raises:
            NotFoundError: They do not take part, or there is nothing on that side.
            NotStoredError: That trial is not theirs.
            UnavailableError: The file is gone.
        """
        self._participant(name, code)
        files = self._studies.files(code, trial_id)
        if side not in SIDES[: len(files)]:
            raise NotFoundError(f"there is nothing on the side {side!r}")
        path = self._media.path(files[SIDES.index(side)])
        if not path.is_file():
            raise UnavailableError("the film is not where it was kept")
        return path

    def _participant(self, name: str, code: str) -> tuple[Study, StudyParticipant]:
        study = self._studies.named(name)
        participant = self._studies.participant(code)
        if participant.study_id != study.id:
            raise NotFoundError("nobody takes part under that code")
        return study, participant

    def _emotions(self, study: Study, participant: StudyParticipant) -> tuple[str, ...]:
        found = choices(self._studies.emotions(study.id))
        return shuffled(found, study.seed, participant.number) if found else ()


def _order(study: Study, variants: int, scenes: int, number: int) -> Sequence[Trial]:
    trials = paired_trials if study.design is Design.PAIRED else single_trials
    return trials(variants, scenes, number, study.seed)


def _check(
    shown: Mapping[str, UUID],
    answers: Mapping[str, SideAnswer],
    preferred: str,
    emotions: Sequence[str],
) -> None:
    if set(answers) != set(shown):
        expected = " and ".join(shown)
        raise InvalidArgumentError(f"answers are of {sorted(answers)}, expected {expected}")
    if preferred and (preferred not in shown or len(shown) == 1):
        expected = ", ".join(shown) if len(shown) > 1 else "nothing, for there is one film"
        raise InvalidArgumentError(f"preferred is {preferred!r}, expected {expected}", "preferred")
    for answer in answers.values():
        if answer.emotion not in (emotions or ("",)):
            expected = ", ".join(emotions) or "none"
            raise InvalidArgumentError(
                f"emotion is {answer.emotion[:60]!r}, expected {expected}", "emotion"
            )
