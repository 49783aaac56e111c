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
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError as SourceError

from compositor.drawlist import FrameSize
from control_plane.frame_sizes import MAX_FPS, checked_size, parse_size

__all__ = [
    "Settings",
    "SettingsError",
    "cache_home",
    "check_token",
    "data_home",
    "load_settings",
]

_MIN_TOKEN_CHARS = 16
_MAX_TOKEN_CHARS = 512
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


def check_token(token: str) -> None:
    """Refuses an access token that cannot be sent (RFC 6750), or that is too short to be one.

    Raises:
        ValueError: It is such a one; the message does not hold it.
    """
    if not re.fullmatch(rf"[A-Za-z0-9._~+/-]{{{_MIN_TOKEN_CHARS},{_MAX_TOKEN_CHARS}}}=*", token):
        raise ValueError(
            f"expected {_MIN_TOKEN_CHARS} to {_MAX_TOKEN_CHARS} letters, digits and -._~+/, as of "
            "`openssl rand -hex 32`"
        )


def _read_size(value: object) -> FrameSize:
    return checked_size(value) if isinstance(value, FrameSize) else parse_size(str(value))


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
    personality: str = Field(
        "friendly", min_length=1, description="personality of sessions that name none"
    )
    personalities: Path | None = Field(
        None, description="folder of personalities of your own, *.json, beside ours"
    )
    appraiser: Path | None = Field(
        None,
        description="folder of an ONNX model of your own that reads what is said; unset: ours",
    )
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
    micro: int = Field(
        0,
        ge=0,
        le=10_000,
        description="generated micro-capsules that sessions play in between, 0 to 10000",
    )
    governance: Path = Field(
        default_factory=lambda: data_home() / "governance.json",
        description="file of the rules of what may play, which `capsulecast library revoke` and "
        "its like write",
    )
    record: bool = Field(
        True,
        description="whether sessions are recorded, what is said in them too, for `capsulecast "
        "replay`; never with a database that forgets (sqlite://)",
    )
    journals: Path = Field(
        default_factory=lambda: data_home() / "journals", description="folder of the recordings"
    )
    journals_mb: int = Field(
        1024, ge=1, le=1_048_576, description="room for recordings, MB; the oldest go first"
    )
    journals_days: float = Field(
        30.0, gt=0, allow_inf_nan=False, description="days until a recording is deleted"
    )
    media: Path = Field(
        default_factory=lambda: data_home() / "media",
        description="folder of the media files that the database names, such as films of studies",
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
    writer: Literal["process", "thread"] = Field(
        "process",
        description="what writes to the database: a process of its own, or a thread, which takes "
        "less memory and more of everybody's time",
    )
    memories: bool = Field(
        True,
        description="whether the avatar remembers what users who are named tell of themselves, "
        "from one session to the next",
    )
    deployment: str = Field(
        "default",
        min_length=1,
        max_length=200,
        description="name of the place where this server runs, by which sessions can be told apart",
    )
    deployment_type: str = Field(
        "server",
        min_length=1,
        max_length=200,
        description="what kind of place that is, such as kiosk, video call, staging",
    )
    access_token: SecretStr | None = Field(
        None,
        repr=False,
        description="token that callers need who ask for what is remembered or give orders; unset: "
        "callers on this machine alone are answered. Better set by its variable than by a flag, "
        "which others on this machine can see",
    )
    access_token_file: Path | None = Field(None, description="file with that token instead")
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
    otlp_endpoint: str = Field(
        "",
        description="OpenTelemetry collector (OTLP over gRPC) that gets a trace of every event, "
        "such as http://localhost:4317; unset: nothing is traced",
    )
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

    @field_validator("otlp_endpoint")
    @classmethod
    def _usable_endpoint(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/]+/?", value):
            raise ValueError("expected an address such as http://localhost:4317")
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

    @field_validator("access_token")
    @classmethod
    def _usable_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            check_token(value.get_secret_value())
        return value

    @field_validator("tls_cert", "tls_key", "library", "access_token_file")
    @classmethod
    def _existing(cls, value: Path | None) -> Path | None:
        if value is not None and not value.exists():
            raise ValueError("there is no such file or folder")
        return value

    @field_validator("backgrounds", "models", "personalities")
    @classmethod
    def _existing_folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError("there is no such folder")
        return value

    @model_validator(mode="after")
    def _complete_tls(self) -> Self:
        if (self.tls_cert is None) is not (self.tls_key is None):
            raise ValueError("tls_cert and tls_key must be given together")
        if self.access_token is not None and self.access_token_file is not None:
            raise ValueError("access_token and access_token_file cannot both be given")
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
    if field == "access_token":
        return f"{name}: cannot use this token: {reason}"
    return f"{name}: cannot use {str(overrides.get(field, first['input']))!r}: {reason}"
