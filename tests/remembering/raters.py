"""Simulated people who take part in a study: by the same door as the page, and as blind."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from control_plane.settings import Settings, load_settings
from control_plane.study.booth import Booth, SideAnswer
from control_plane.study.definition import StudyDefinition
from control_plane.study.desk import StudyDesk
from control_plane.study.rendering import render_study
from storage.database import Database
from storage.media_store import MediaStore
from storage.studies import Unshown

__all__ = [
    "SCRIPT",
    "Taste",
    "definition",
    "fake_film",
    "names_of",
    "opened",
    "rate_all",
    "settings_of",
]

SCRIPT = [{"atMs": 0, "event": {"speak": {"text": "Hello."}}}]


@dataclass(frozen=True, slots=True)
class Taste:
    """What raters make of variants, by name.

    Attributes:
        natural: How much above their own level.
        recognised: Chance that they name the emotion that is shown.
    """

    natural: Mapping[str, float] = field(default_factory=dict)
    recognised: Mapping[str, float] = field(default_factory=dict)


def definition(name: str, design: str = "paired", **changes: object) -> StudyDefinition:
    return StudyDefinition.model_validate(
        {
            "name": name,
            "design": design,
            "seed": 11,
            "instructions": "Look and tell.",
            "variants": [{"name": "plain-one"}, {"name": "lively-one"}],
            "scenes": [
                {"name": "glad-tidings", "emotion": "happy", "script": SCRIPT},
                {"name": "bad-tidings", "emotion": "sad", "script": SCRIPT},
                {"name": "small-talk", "script": SCRIPT},
            ],
            **changes,
        }
    )


def names_of(study: StudyDefinition) -> list[str]:
    """What no participant may get to know."""
    variants = [item.name for item in study.variants]
    return [*variants, *(item.name for item in study.scenes)]


def settings_of(folder: Path) -> Settings:
    return load_settings({"media": folder / "media", "cache_dir": folder / "cache"})


async def fake_film(_settings: Settings, item: Unshown, path: Path) -> None:
    """A film that only simulated raters can watch."""
    path.write_text(f"{item.variant}|{item.scene}")  # noqa: ASYNC240 - nothing waits for it


def opened(database: Database, folder: Path, study: StudyDefinition) -> Booth:
    """A study with its films, ready for participants."""
    settings = settings_of(folder)
    desk = StudyDesk(database)
    desk.create(study)
    asyncio.run(render_study(settings, database, study.name, lambda *_: None, fake_film))
    desk.open(study.name)
    return Booth(database, MediaStore(settings.media, database))


def rate_all(booth: Booth, study: StudyDefinition, raters: int, taste: Taste, seed: int) -> None:
    """Has raters answer everything, each with a level of their own."""
    generator = np.random.default_rng(seed)
    shown = {scene.name: scene.emotion for scene in study.scenes}
    for _ in range(raters):
        code = booth.join(study.name)
        level = generator.normal(3.0, 0.7)
        while (trial := booth.next(study.name, code).shown) is not None:
            felt, answers = {}, {}
            for side in trial.sides:
                seen = booth.film(study.name, code, trial.trial_id, side).read_text()
                variant, scene = seen.split("|")
                felt[side] = level + taste.natural.get(variant, 0.0) + generator.normal(0.0, 0.6)
                knows = generator.random() < taste.recognised.get(variant, 0.5)
                others = [word for word in trial.emotions if word != shown[scene]]
                guess = others[int(generator.integers(len(others)))]
                answers[side] = SideAnswer(
                    naturalness=_rated(felt[side]),
                    uncanny=_rated(generator.normal(2.0, 0.8)),
                    distraction=_rated(generator.normal(2.0, 0.8)),
                    emotion=shown[scene] if knows and shown[scene] else guess,
                )
            better = max(felt, key=lambda side: felt[side]) if len(felt) > 1 else ""
            booth.answer(study.name, code, trial.trial_id, answers, preferred=better)


def _rated(value: float) -> int:
    return int(np.clip(np.rint(value), 1, 5))
