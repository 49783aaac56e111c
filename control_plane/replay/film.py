"""A journal as a film: the library and the avatar found, the frames drawn, the voice at hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar
from capsules.library import Library
from compositor.backdrop import picture_path
from compositor.backend import I420
from compositor.background import BackgroundKind
from compositor.drawlist import FrameSize
from compositor.output import OutputOptions, open_output
from control_plane.loaded_avatars import LoadedAvatars
from control_plane.settings import Settings
from control_plane.studio.own_capsules import open_own
from engine.clock import NS_PER_MS, NS_PER_S
from engine.framing import framing
from engine.offline.render import OfflineRenderer
from engine.recording.entries import Header
from engine.recording.errors import JournalError, ReplayError
from engine.recording.journal import read_journal, sha256_of_journal
from engine.recording.manifests import read_manifest
from engine.recording.movie import CLOCK_HZ, Movie, TimedPicture, check_target, write_mp4
from engine.recording.replay import PACKET_SAMPLES, Replay, ReplayedFrame, Report, check_made_with
from engine.voice.open import open_tts
from engine.voice.port import SAMPLE_RATE_HZ

__all__ = ["FilmOptions", "make_film", "open_replay", "replayed_pictures"]

_PACKET_NS = 20 * NS_PER_MS
_NEVER_NS = 2**62

Draw = partial[I420]
"""Draws one frame when it is called."""


@dataclass(frozen=True, slots=True)
class FilmOptions:
    """What is written.

    Attributes:
        video: The file.
        start_s: The first second of the session that is shown, counted from its first frame.
        end_s: The last; None: its end.
        force: Whether a file that is there is replaced.
    """

    video: Path
    start_s: float = 0.0
    end_s: float | None = None
    force: bool = False


async def make_film(settings: Settings, journal: Path, digest: str, options: FilmOptions) -> Report:
    """Renders a journal to a film. Blocks: it is made for a command line.

    Args:
        settings: Where the library, avatars and backgrounds lie, and what speaks.
        journal: The journal.
        digest: What its digest must be, in hex; empty: it was not closed.
        options: What is written.

    Returns:
        What has been found.

    Raises:
        JournalError: It cannot be read, or was changed.
        ReplayError: The library or the avatar is another one, or the film cannot be written.
        LibraryError: The library cannot be read.
        PackError: The avatar cannot be read.
        InvalidArgumentError: There is no such avatar.
    """
    check_target(options.video, force=options.force)
    if digest and sha256_of_journal(journal) != digest:
        raise JournalError(f"{journal} is not what was recorded: its digest is another one")
    replay, library, avatar = await open_replay(settings, journal)
    voice = await open_tts(settings.tts)
    try:
        await replay.speak(voice)
    finally:
        await voice.aclose()
    with OfflineRenderer(avatar, library) as renderer:
        pictures = replayed_pictures(replay, renderer, settings.backgrounds)
        film = _film(replay, pictures, options)
        replay.report.written = write_mp4(film, options.video, force=options.force)
    return replay.report


async def open_replay(settings: Settings, journal: Path) -> tuple[Replay, Library, Avatar]:
    """Reads a journal, and finds the library and the avatar that it was made with.

    Raises:
        JournalError: It cannot be read.
        ReplayError: The library or the avatar is another one.
        LibraryError: The library cannot be read.
        PackError: The avatar cannot be read.
        InvalidArgumentError: There is no such avatar.
    """
    header, entries = read_journal(journal)
    own = open_own(settings.library, settings.capsules, micro=header.micro_count)
    avatars = LoadedAvatars(settings.avatars, settings.cache_dir / "avatars")
    avatar = await avatars.get(header.avatar)
    manifest = read_manifest(journal.parent, header.library_sha256)
    check_made_with(header, own.library, avatar, manifest)
    return Replay(header, list(entries), own.library, avatar), own.library, avatar


def replayed_pictures(
    replay: Replay, renderer: OfflineRenderer, backgrounds: Path | None
) -> Iterator[tuple[ReplayedFrame, Draw]]:
    """Every frame with what draws it; pictures that are not drawn cost nothing.

    Raises:
        ReplayError: The picture behind the avatar is not there any more.
        PictureError: It cannot be used.
    """
    header = replay.header
    output = open_output(
        OutputOptions(
            header.background,
            _picture(header, backgrounds),
            label=header.label,
            watermark=header.watermark,
        ),
        renderer.avatar,
        framing(header.size),
        header.size,
    )

    def draw(frame: ReplayedFrame) -> I420:
        assert frame.draw_list is not None  # noqa: S101 - for the type checker
        return output.finish(renderer.i420(frame.draw_list), frame.draw_list.light)

    last: ReplayedFrame | None = None
    for frame in replay.frames():
        if frame.draw_list is not None:
            last = frame
        if last is not None:
            yield frame, partial(draw, last)


def _film(
    replay: Replay, pictures: Iterator[tuple[ReplayedFrame, Draw]], options: FilmOptions
) -> Movie:
    header = replay.header
    size = header.size
    if header.background.kind is BackgroundKind.TRANSPARENT:
        size = FrameSize(size.width * 2, size.height)
    shown = _Window(replay, pictures, options)
    return Movie(f"session {header.session_id}", size, header.fps, shown.pictures(), shown.sound())


class _Window:
    """The part of a session that is shown, on a clock of its own."""

    def __init__(
        self,
        replay: Replay,
        pictures: Iterator[tuple[ReplayedFrame, Draw]],
        options: FilmOptions,
    ) -> None:
        self._replay = replay
        self._all = pictures
        self._options = options
        self._first_pts: int | None = None
        self._last_pts = 0

    def pictures(self) -> Iterator[TimedPicture]:
        """The pictures of the window, each drawn when it is taken."""
        options = self._options
        began: int | None = None
        for frame, draw in self._all:
            began = frame.pts if began is None else began
            since_s = (frame.pts - began) / CLOCK_HZ
            if since_s < options.start_s:
                continue
            if options.end_s is not None and since_s >= options.end_s:
                return
            if self._first_pts is None:
                self._first_pts = frame.pts
            self._last_pts = frame.pts
            yield TimedPicture(frame.pts - self._first_pts, draw())
        if self._first_pts is None:
            if began is None:
                raise ReplayError(f"session {self._replay.header.session_id} has shown nothing")
            length_s = (frame.pts - began) / CLOCK_HZ
            raise ReplayError(f"the session is {length_s:.1f} s long, and --from is later")

    def sound(self) -> Iterator[NDArray[np.float32]]:
        """The sound of the window, as late as viewers hear it: so lips and sound are together."""
        replay = self._replay
        offset_ns = round(replay.header.av_offset_ms * NS_PER_MS)
        first_ns = (self._first_pts or 0) * NS_PER_S // CLOCK_HZ - offset_ns
        # Packets lie on a grid: of the first one only what is in the window counts.
        skipped = first_ns % _PACKET_NS * PACKET_SAMPLES // _PACKET_NS
        pts = self._first_pts or 0
        for packet in replay.sound(replay.start_ns + first_ns, _NEVER_NS):
            if pts > self._last_pts:
                return
            yield packet[skipped:]
            pts += (PACKET_SAMPLES - skipped) * CLOCK_HZ // SAMPLE_RATE_HZ
            skipped = 0


def _picture(header: Header, backgrounds: Path | None) -> Path | None:
    if header.background.kind is not BackgroundKind.PICTURE:
        return None
    path = picture_path(backgrounds, header.background.picture) if backgrounds else None
    if path is None:
        raise ReplayError(
            f"the background was {str(header.background)!r}, which --backgrounds has not"
        )
    return path
