"""A script as a film."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from capsules.avatar import Avatar
from compositor.drawlist import DrawList, FrameSize
from compositor.output import OutputOptions, open_output
from control_plane.emotion.personality import Personality
from control_plane.loaded_avatars import LoadedAvatars
from control_plane.responder.rules import RulesResponder
from control_plane.scripted.performance import Cast, Performance, perform
from control_plane.scripted.script import Cue
from control_plane.settings import Settings
from control_plane.studio.own_capsules import open_own
from engine.features import Features
from engine.framing import framing
from engine.offline.render import OfflineRenderer
from engine.recording.movie import CLOCK_HZ, Movie, TimedPicture, write_mp4
from engine.voice.open import open_tts

__all__ = ["ScriptedFilm", "film_script"]


@dataclass(frozen=True, slots=True)
class ScriptedFilm:
    """What is filmed.

    Attributes:
        personality: How the avatar feels.
        avatar: Its name.
        size: Of the picture, pixels.
        fps: Frames a second.
        seed: Of all chance.
        reply: Whether it answers what users say.
        features: What the session is tried with.
        length_ms: How long; None: until everything has been said.
    """

    personality: Personality
    avatar: str = "mira"
    size: FrameSize = FrameSize(512, 512)  # noqa: RUF009 - frozen
    fps: int = 30
    seed: int = 0
    reply: bool = True
    features: Features = Features()  # noqa: RUF009 - frozen
    length_ms: int | None = None


async def film_script(
    settings: Settings, cues: Sequence[Cue], film: ScriptedFilm, path: Path, *, force: bool = False
) -> Performance:
    """Performs a script and writes it as an MP4 file. Blocks: it is made for a command line.

    Args:
        settings: Where the library and avatars lie, and what speaks.
        cues: The script.
        film: What is filmed.
        path: The file.
        force: Whether a file that is there is replaced.

    Returns:
        What was performed.

    Raises:
        ControlError: An event cannot be taken, or there is no such avatar.
        LibraryError: The library cannot be read.
        PackError: The avatar cannot be read.
        VoiceError: The voice failed.
        ReplayError: The file cannot be written.
    """
    own = open_own(settings.library, settings.capsules, micro=settings.micro)
    avatar = await LoadedAvatars(settings.avatars, settings.cache_dir / "avatars").get(film.avatar)
    voice = await open_tts(settings.tts)
    names = {item.name for item in own.library.expressions.values()}
    try:
        performance = await perform(
            cues,
            Cast(
                library=own.library,
                avatar=avatar.name,
                bases=frozenset(avatar.basis_names),
                personality=film.personality,
                voice=voice,
                responder=RulesResponder(names) if film.reply else None,
                size=film.size,
                fps=film.fps,
                seed=film.seed,
                features=film.features,
            ),
            film.length_ms,
        )
    finally:
        await voice.aclose()
    with OfflineRenderer(avatar, own.library) as renderer:
        pictures = _pictures(performance.frames, film, renderer, avatar)
        movie = Movie(path.stem, film.size, film.fps, pictures, performance.sound())
        write_mp4(movie, path, force=force)
    return performance


def _pictures(
    frames: Sequence[DrawList], film: ScriptedFilm, renderer: OfflineRenderer, avatar: Avatar
) -> Iterator[TimedPicture]:
    # Whoever sees the film later has no page beside it that says what it is.
    output = open_output(OutputOptions(label=True), avatar, framing(film.size), film.size)
    for number, frame in enumerate(frames):
        image = output.finish(renderer.i420(frame), frame.light)
        yield TimedPicture(number * CLOCK_HZ // film.fps, image)
