"""Writes rendered capsules to files: WebM, GIF, or a folder of PNG pictures.

Files say that they are generated. They are written aside and put in place whole or not at all.
"""

import itertools
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar
from capsules.library import Library
from compositor.background import STUDIO, Background, BackgroundKind
from compositor.drawlist import DrawList
from compositor.output import OutputOptions, open_output
from engine.framing import framing
from engine.offline.errors import ExportError
from engine.offline.files import GENERATED, Still, write_gif, write_png, write_webm
from engine.offline.render import OfflineRenderer, RenderOptions, capsule_frames, straight_rgba

__all__ = ["GENERATED", "Codec", "ExportOptions", "Exported", "export_capsule"]

Codec = Literal["vp9", "av1"]

_MAX_GIF_FPS = 50  # browsers show faster ones at 10


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How a capsule is written.

    Attributes:
        render: How it is rendered; whether it has coverage follows from the background.
        background: What is behind the avatar.
        picture: The file of a picture background.
        label: Whether "AI-generated" is written into every frame.
        codec: Of a WebM file.
        force: Whether what is there already is replaced.
    """

    render: RenderOptions = field(default_factory=RenderOptions)
    background: Background = STUDIO
    picture: Path | None = None
    label: bool = False
    codec: Codec = "vp9"
    force: bool = False

    @property
    def transparent(self) -> bool:
        """Whether files have alpha."""
        return self.background.kind is BackgroundKind.TRANSPARENT


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        path: The file or folder.
        frames: How many.
        fps: Frames a second.
    """

    path: Path
    frames: int
    fps: int


def export_capsule(
    library: Library, avatar: Avatar, name: str, out: Path, options: ExportOptions
) -> Exported:
    """Renders a capsule or expression to a file; equal arguments give an equal file.

    Args:
        library: Where it comes from.
        avatar: Who plays it.
        name: Id of a capsule or expression, or an expression's name.
        out: A path that ends in .webm or .gif, or else a folder for PNG pictures.
        options: How.

    Raises:
        ExportError: The file is there already, cannot be of that kind, or cannot be written.
        UnknownCapsuleError: There is no such capsule or expression, or it is revoked.
        PictureError: The picture file of the background cannot be used.
    """
    _check(out, options)
    render = replace(options.render, coverage=options.background.kind is not BackgroundKind.STUDIO)
    draw_lists = capsule_frames(library, avatar, name, render)
    with OfflineRenderer(avatar, library) as renderer:
        pictures = _pictures(renderer, draw_lists, options)
        _write(pictures, out, name, render, options)
    return Exported(out, len(draw_lists), render.fps)


def _check(out: Path, options: ExportOptions) -> None:
    """Refuses what cannot be written before anything is drawn."""
    suffix = out.suffix.lower()
    if suffix not in (".webm", ".gif", ""):
        raise ExportError(f"{out.name} ends in {out.suffix!r}, expected .webm, .gif or a folder")
    if options.codec == "av1" and (suffix != ".webm" or options.transparent):
        raise ExportError("AV1 is for .webm without transparency; VP9 has alpha")
    if suffix == ".gif" and options.render.fps > _MAX_GIF_FPS:
        message = f"fps is {options.render.fps}, expected at most {_MAX_GIF_FPS} in a GIF"
        raise ExportError(message)
    if not out.parent.is_dir():
        raise ExportError(f"{out.parent} is no folder to write to")
    if not out.exists():
        return
    if not options.force:
        raise ExportError(f"{out} exists already; --force replaces it")
    if out.is_dir() != (suffix == ""):
        raise ExportError(
            f"{out} is {'a folder' if out.is_dir() else 'a file'}, expected the other"
        )
    if out.is_dir() and not _is_sequence(out):
        raise ExportError(f"{out} holds more than the frames of an export; it is not replaced")


def _is_sequence(folder: Path) -> bool:
    """Whether all that a folder holds was exported, so that replacing it loses nothing else."""
    return all(path.match("frame_[0-9][0-9][0-9][0-9][0-9].png") for path in folder.iterdir())


def _pictures(
    renderer: OfflineRenderer, draw_lists: Sequence[DrawList], options: ExportOptions
) -> Iterator[NDArray[np.uint8]]:
    """Frames ready to be written: straight RGBA where they are transparent, else I420."""
    size = options.render.size
    finishing = OutputOptions(options.background, options.picture, label=options.label)
    output = open_output(finishing, renderer.avatar, framing(size), size)
    for draw_list in draw_lists:
        frame = output.finish(renderer.i420(draw_list), draw_list.light)
        yield straight_rgba(frame) if options.transparent else frame


def _write(
    pictures: Iterator[NDArray[np.uint8]],
    out: Path,
    name: str,
    render: RenderOptions,
    options: ExportOptions,
) -> None:
    still = Still(name, render.size, render.fps, options.transparent, render.loop)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as folder:
            aside = Path(folder) / out.name
            match out.suffix.lower():
                case ".webm":
                    write_webm(pictures, aside, still, options.codec)
                case ".gif":
                    write_gif(pictures, aside, still)
                case _:
                    aside.mkdir()
                    for number, picture in zip(itertools.count(), pictures):
                        write_png(picture, aside / f"frame_{number:05d}.png", still)
            if out.is_dir():
                shutil.move(out, Path(folder) / "replaced")
            aside.replace(out)
    except (OSError, av.FFmpegError) as error:
        raise ExportError(f"{out} cannot be written: {error.strerror or error}") from error
