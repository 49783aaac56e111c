"""What an operator can set: the one module that reads the environment.

Every field is a flag of `capsulecast serve` and an environment variable with the prefix
`CAPSULECAST_`: `grpc_port` is `--grpc-port` and `CAPSULECAST_GRPC_PORT`. A flag wins.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError as SourceError

from compositor.drawlist import FrameSize

__all__ = [
    "MAX_FPS",
    "SIZES",
    "Settings",
    "SettingsError",
    "cache_home",
    "data_home",
    "expected_side",
    "load_settings",
    "parse_size",
]

MAX_FPS = 60
_MIN_SIDE_PX = 128
_MAX_SIDE_PX = 1920
SIZES = {
    "corner": FrameSize(200, 200),
    "bubble": FrameSize(300, 150),
    "panel": FrameSize(320, 600),
    "square": FrameSize(512, 512),
}
"""Frame sizes of the usual overlay shapes."""

_PREFIX = "CAPSULECAST_"
_SCHEMES = ("sqlite", "postgresql", "postgresql+psycopg")


class SettingsError(ValueError):
    """A setting has a value that cannot be used; the message names both, on one line."""


def data_home() -> Path:
    """Where this user's lasting data lies, by the platform's convention."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "capsulecast"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "capsulecast"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "capsulecast"


def cache_home() -> Path:
    """Where this user's caches lie, by the platform's convention."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "capsulecast"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "capsulecast" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "capsulecast"


def parse_size(value: str) -> FrameSize:
    """Reads a frame size such as "512x512" or a name in `SIZES`.

    Raises:
        ValueError: It is neither, or a side is odd or outside 128 to 1920.
    """
    text = value.strip().lower()
    if text in SIZES:
        return SIZES[text]
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if not found:
        raise ValueError(f"expected WIDTHxHEIGHT, such as 512x512, or {', '.join(SIZES)}")
    return _checked_size(FrameSize(int(found[1]), int(found[2])))


def expected_side(side_px: int) -> str:
    """What a frame's side should be instead; empty: it may be this long."""
    if side_px % 2 or not _MIN_SIDE_PX <= side_px <= _MAX_SIDE_PX:
        return f"an even number, {_MIN_SIDE_PX} to {_MAX_SIDE_PX}"
    return ""


def _checked_size(size: FrameSize) -> FrameSize:
    for side in (size.width, size.height):
        if expected := expected_side(side):
            raise ValueError(f"expected sides that are {expected}")
    return size


def _read_size(value: object) -> FrameSize:
    return _checked_size(value) if isinstance(value, FrameSize) else parse_size(str(value))


def _split_commas(value: object) -> object:
    if isinstance(value, str):
        return tuple(item.strip() for item in value.split(",") if item.strip())
    return value


Size = Annotated[
    FrameSize,
    NoDecode,
    BeforeValidator(_read_size),
    PlainSerializer(lambda size: f"{size.width}x{size.height}", return_type=str),
]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_commas)]
Port = Annotated[int, Field(ge=0, le=65_535)]


class Settings(BaseSettings):
    """The settings in force."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True, frozen=True)

    host: str = Field("127.0.0.1", min_length=1, description="address to listen on")
    port: Port = Field(8080, description="port of the page, the HTTP API and WebRTC signalling")
    grpc_port: Port = Field(50051, description="port of the gRPC API; 0 takes any free one")
    size: Size = Field(
        FrameSize(512, 512),
        description="frame size, even sides of 128 to 1920, or corner, bubble, panel, square",
    )
    fps: int = Field(30, ge=1, le=MAX_FPS, description="frames per second, 1 to 60")
    backend: Literal["auto", "gpu", "cpu"] = Field("auto", description="what draws the frames")
    gpu: str = Field(
        "",
        description="GPU to use: number or part of the name in `capsulecast gpus`; empty: the best",
    )
    cache_mb: int = Field(
        256, ge=8, le=65_536, description="memory for textures and clips, MB, 8 to 65536"
    )
    avatar: str = Field("mira", min_length=1, description="avatar of sessions that name none")
    avatars: Path = Field(
        default_factory=lambda: data_home() / "avatars", description="folder of baked avatars"
    )
    models: Path | None = Field(
        None,
        description="folder of the model files for baking; unset: where `capsulecast models pull` "
        "puts them",
    )
    tts: Literal["auto", "espeak", "silent"] = Field("auto", description="what speaks")
    reply: bool = Field(True, description="whether the avatar answers chat by itself")
    seed: int | None = Field(
        None,
        ge=0,
        lt=2**64,
        description="seed of sessions that name none; unset: a random one each",
    )
    library: Path | None = Field(None, description="folder of capsules to use instead of ours")
    capsules: Path = Field(
        default_factory=lambda: data_home() / "capsules",
        description="folder for capsules of your own, on top of ours; with --library they are "
        "kept in that folder instead",
    )
    backgrounds: Path | None = Field(
        None, description="folder of PNG and JPEG files that sessions may take as background"
    )
    database: str = Field(
        "",
        validate_default=True,
        repr=False,  # it may hold a password
        description="SQLite or PostgreSQL URL of what is remembered, chats too; "
        "unset: a file of the user's; sqlite:// forgets it all",
    )
    cache_dir: Path = Field(default_factory=cache_home, description="folder for what can be remade")
    max_sessions: int = Field(64, ge=1, le=100_000, description="sessions at the same time")
    idle_timeout_s: float = Field(
        600.0, gt=0, allow_inf_nan=False, description="seconds until a session nobody uses is ended"
    )
    stun: str = Field("", description="STUN server, stun:HOST or stun:HOST:PORT; unset: none")
    allowed_origins: Names = Field(
        (), description="web origins other than our own that may call the API, comma-separated"
    )
    allowed_hosts: Names = Field(
        (),
        description="host names this server is called by, beside --host, localhost and addresses; "
        "comma-separated",
    )
    tls_cert: Path | None = Field(None, description="certificate chain (PEM); needs tls_key")
    tls_key: Path | None = Field(None, repr=False, description="private key (PEM) of tls_cert")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="the least important messages to log"
    )

    @field_validator("database")
    @classmethod
    def _usable_database(cls, value: str) -> str:
        if not value:
            return f"sqlite:///{data_home() / 'capsulecast.sqlite'}"
        scheme = urlsplit(value).scheme
        if scheme not in _SCHEMES:
            raise ValueError("expected a URL such as sqlite:///PATH or postgresql://HOST/NAME")
        # The plain scheme means psycopg2 to SQLAlchemy; ours is psycopg 3.
        return re.sub(r"^postgresql:", "postgresql+psycopg:", value)

    @field_validator("stun")
    @classmethod
    def _usable_stun(cls, value: str) -> str:
        # The WebRTC library takes one server and knows no stuns.
        if value and not re.fullmatch(r"stun:[^\s/,]+", value):
            raise ValueError("expected one server, stun:HOST or stun:HOST:PORT")
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _usable_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not re.fullmatch(r"https?://[^\s/]+", origin):
                raise ValueError(f"{origin!r}: expected an origin such as https://example.org")
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _usable_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not re.fullmatch(r"[A-Za-z0-9._-]+", host):
                raise ValueError(f"{host!r}: expected a name such as avatar.example.org")
        return value

    @field_validator("tls_cert", "tls_key", "library")
    @classmethod
    def _existing(cls, value: Path | None) -> Path | None:
        if value is not None and not value.exists():
            raise ValueError("there is no such file or folder")
        return value

    @field_validator("backgrounds", "models")
    @classmethod
    def _existing_folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError("there is no such folder")
        return value

    @model_validator(mode="after")
    def _complete_tls(self) -> Self:
        if (self.tls_cert is None) is not (self.tls_key is None):
            raise ValueError("tls_cert and tls_key must be given together")
        return self


def load_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """Reads the environment; `overrides` (command-line flags by field name) win.

    Raises:
        SettingsError: A value cannot be used.
    """
    values: dict[str, Any] = dict(overrides or {})
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(_describe(error, values)) from error
    except SourceError as error:
        raise SettingsError(str(error)) from error


def _describe(error: ValidationError, overrides: Mapping[str, object]) -> str:
    """One line for the first thing that is wrong."""
    first = error.errors()[0]
    reason = re.sub(r"^Value error, ", "", first["msg"])
    reason = reason[:1].lower() + reason[1:]
    if not first["loc"]:
        return reason
    field = str(first["loc"][0])
    flag, variable = "--" + field.replace("_", "-"), (_PREFIX + field).upper()
    name = flag if field in overrides else variable
    if field == "database":  # however it is malformed, it may hold a password
        return f"{name}: cannot use this URL: {reason}"
    return f"{name}: cannot use {str(overrides.get(field, first['input']))!r}: {reason}"
