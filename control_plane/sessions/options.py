"""What a session is made with, and what can be told about one."""

from dataclasses import dataclass, field
from datetime import datetime

from compositor.background import STUDIO, Background
from compositor.drawlist import FrameSize
from compositor.pages import CacheStats
from engine.features import Features
from engine.packet import Mood
from engine.quality import Quality

__all__ = ["Client", "SessionInfo", "SessionOptions"]


@dataclass(frozen=True, slots=True)
class Client:
    """Who talks, and through what, as far as the client says; nothing of it is checked.

    Attributes:
        user: What the operator calls the user; empty: somebody unknown.
        timezone: As IANA names it.
        initiator: What started the session.
        platform: By way of what the user talks: "web", "grpc", "kiosk".
        consent: Whether the user agreed that the conversation may be used for training.
        browser: What the browser or program calls itself.
        camera: Its name; so of the microphone and the speakers.
        resolution: Of the screen, such as "1920x1080".
    """

    user: str = ""
    timezone: str = ""
    initiator: str = ""
    platform: str = ""
    consent: bool = False
    browser: str = ""
    camera: str = ""
    microphone: str = ""
    speakers: str = ""
    resolution: str = ""


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
        features: What it does, and does without; of a session that lives, now.
        client: Who talks, and through what.
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
    features: Features = field(default_factory=Features)
    client: Client = Client()


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
