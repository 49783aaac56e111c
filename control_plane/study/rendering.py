"""Films of every variant in every scene, made once and kept with the media."""

import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from control_plane.emotion.personality_file import load_personalities
from control_plane.errors import InvalidArgumentError
from control_plane.scripted.film import ScriptedFilm, film_script
from control_plane.scripted.script import script_of
from control_plane.settings import Settings
from control_plane.study.definition import VariantOptions
from storage.database import Database
from storage.media_store import MediaStore
from storage.studies import Studies, Unshown

__all__ = ["Filmed", "film_variant", "render_study"]

Filmed = Callable[[Settings, Unshown, Path], Awaitable[Any]]
"""Films a variant in a scene: a file that ends in .mp4 and is not there yet."""

_PIECE_BYTES = 1 << 20


async def render_study(
    settings: Settings,
    database: Database,
    name: str,
    tell: Callable[[str, float], None],
    film: Filmed | None = None,
) -> int:
    """Makes the films that are missing, one after another. Blocks: it is made for a command line.

    What is finished is kept, so that after an interruption it goes on with what is missing.

    Args:
        settings: Where the library, the avatars and the media lie, and what speaks.
        database: Where the study is.
        name: Of the study.
        tell: Hears what begins, and what share of all that was missing is done.
        film: Makes a film; None: `film_variant`.

    Returns:
        How many were made.

    Raises:
        NotStoredError: There is no study of that name.
        InvalidArgumentError: A variant's library or personality is not there.
        ControlError: A script cannot be performed; others as `film_script` has them.
    """
    studies, media = Studies(database), MediaStore(settings.media, database)
    waiting = studies.unshown(studies.named(name).id)
    for number, item in enumerate(waiting):
        tell(f"{item.variant} in {item.scene}", number / len(waiting))
        # A film tells its title, which is its file's name: so no variant's name is in it.
        with tempfile.TemporaryDirectory(prefix="capsulecast-study-") as folder:
            path = Path(folder) / "film.mp4"
            await (film or film_variant)(settings, item, path)
            kept = media.put(_pieces(path), "video/mp4", "mp4")
        try:
            studies.show(item.variant_id, item.scene_id, kept.id)
        except BaseException:
            media.remove(kept)
            raise
    return len(waiting)


async def film_variant(settings: Settings, item: Unshown, path: Path) -> None:
    """Performs a scene as a variant has it, and writes it as an MP4 file.

    Raises:
        InvalidArgumentError: The variant's library or personality is not there.
        ControlError: The script cannot be performed; others as `film_script` has them.
    """
    options = VariantOptions.model_validate(item.options)
    if options.library is not None:
        if not options.library.exists():
            raise InvalidArgumentError(f"variant {item.variant}: there is no {options.library}")
        settings = settings.model_copy(update={"library": options.library})
    film = ScriptedFilm(
        personality=load_personalities(settings.personalities).named(options.personality),
        avatar=options.avatar,
        size=options.frame_size,
        fps=options.fps,
        seed=options.seed,
        reply=options.reply,
        features=options.features.features,
    )
    await film_script(settings, script_of(item.script), film, path)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
