"""What a session is made with, and what can be told about one."""

from dataclasses import dataclass
from datetime import datetime

from compositor.background import STUDIO, Background
from compositor.drawlist import FrameSize
from compositor.pages import CacheStats
from engine.packet import Mood
from engine.quality import Quality

__all__ = ["SessionInfo", "SessionOptions"]


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Options of a session, validated at the edge.

    Attributes:
        avatar: The avatar's name.
        size: Frame size, even sides.
        fps: Frames per second, 1 to 60.
        seed: Of the variation, [0, 2**64); None: drawn when the session is made.
        personality: The personality's name.
        probe: Whether the picture shows the number of the last applied event.
        reply: Whether the avatar answers chat by itself.
        background: What is behind the avatar.
        label: Whether "AI-generated" is written into the picture.
        watermark: Text written into the picture; empty: none.
        quality: How finely clips are drawn; of a session that lives, now.
    """

    avatar: str
    size: FrameSize
    fps: int
    seed: int | None = None
    personality: str = "friendly"
    probe: bool = False
    reply: bool = True
    background: Background = STUDIO
    label: bool = False
    watermark: str = ""
    quality: Quality = Quality.FULL


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session at one moment.

    Times are UTC; `ended_at` is None while it lives. `textures` is the cache that all sessions
    share; None once it has ended.
    """

    id: str
    options: SessionOptions
    created_at: datetime
    ended_at: datetime | None
    mood: Mood
    viewers: int
    textures: CacheStats | None = None
