"""What a texture cache holds: pages, named by what they show."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

__all__ = [
    "MEGABYTE",
    "CacheOptions",
    "CacheStats",
    "FramePage",
    "NoRoomError",
    "Page",
    "PageStore",
    "ResidualPage",
    "TexturePage",
]

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class TexturePage:
    """One texture level of one part, with its normals.

    Attributes:
        avatar: Serial number of the loaded avatar.
        part: Position of the part.
        level: As in `compositor.levels`; 0 is the finest.
    """

    avatar: int
    part: int
    level: int


@dataclass(frozen=True, slots=True)
class ResidualPage:
    """The residual of one basis of one part.

    Attributes:
        avatar: Serial number of the loaded avatar.
        part: Position of the part.
        row: Row in `PreparedPart.residual_rows`.
    """

    avatar: int
    part: int
    row: int


@dataclass(frozen=True, slots=True)
class FramePage:
    """One frame of a clip.

    Attributes:
        clip: Serial number of the loaded clip.
        half: Whether it is of half the size.
        number: From 0.
    """

    clip: int
    half: bool
    number: int


Page = TexturePage | ResidualPage | FramePage


@dataclass(frozen=True, slots=True)
class CacheOptions:
    """How a texture cache behaves.

    Attributes:
        budget_bytes: Pages take no more than this.
        allowance_bytes: About how much a tick uploads at most; one page always may.
        background: Whether pages are fetched on a thread of their own, and a miss shows its
            fallback meanwhile. Without it every page is there when it is asked for, as offline
            rendering needs, and a frame takes as long as that takes.
        clip_frames: How many frames of one clip are resident at most.
    """

    budget_bytes: int = 256 * MEGABYTE
    allowance_bytes: int = 8 * MEGABYTE
    background: bool = False
    clip_frames: int = 32


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What a texture cache has done.

    Attributes:
        hits: Pages asked for that were there.
        misses: Pages asked for that were not.
        evictions: Pages that gave way to others.
        uploads: Pages taken in.
        refused: Pages fetched for which there was no room.
        pages: Pages resident.
        resident_bytes: What they take.
        pinned_bytes: What the pinned ones among them take.
        budget_bytes: What they may take.
        uploaded_bytes: What the uploads took in.
        upload_ms: Time that the uploads took.
        short: Whether pages that were lately asked for do not fit the budget.
        need_bytes: If so, what they and those in use take together; else 0.
        unmet: Pages asked for that were not there when the picture was drawn: it is coarser.
    """

    hits: int = 0
    misses: int = 0
    evictions: int = 0
    uploads: int = 0
    refused: int = 0
    pages: int = 0
    resident_bytes: int = 0
    pinned_bytes: int = 0
    budget_bytes: int = 0
    uploaded_bytes: int = 0
    upload_ms: float = 0.0
    short: bool = False
    need_bytes: int = 0
    unmet: int = 0


class NoRoomError(Exception):
    """A store has no place for a page, though its bytes would fit; evicting others may help."""


Fetched = TypeVar("Fetched")
Stored = TypeVar("Stored")


class PageStore(Protocol[Fetched, Stored]):
    """Where a cache's pages come from and where they lie."""

    def size_bytes(self, page: Page) -> int:
        """What a page takes while it is resident."""

    def fits(self, page: Page) -> bool:
        """Whether there can be a place for a page at all, whatever gives way to it."""

    def group(self, page: Page) -> tuple[object, int] | None:
        """What shares a limit on its number of resident pages, and the limit; None: nothing."""

    def pool(self, page: Page) -> object:
        """What a page shares its places with; evicting from elsewhere makes it no room."""

    def fetch(self, page: Page) -> Fetched:
        """Makes a page ready for upload; may take long, and any thread may call it.

        Raises:
            Exception: It cannot be had; it is not asked for again.
        """

    def upload(self, page: Page, fetched: Fetched) -> Stored:
        """Puts a page where drawing finds it. Only the compositor's thread calls it.

        Raises:
            NoRoomError: It finds no place.
        """

    def free(self, page: Page, stored: Stored) -> None:
        """Gives a page's place back. Only the compositor's thread calls it."""
