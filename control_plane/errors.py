"""What can go wrong in the brain and at its doors, and what each error is to a client.

ControlError
├── InvalidArgumentError     an argument is wrong; mend it
│   └── InvalidEventError    an event cannot be taken as it is; the session goes on
│       └── DuplicateEventError  the client has used this sequence number; go on from there
├── NotFoundError            nothing of that id; ask for another
├── AlreadyExistsError       the id is taken; give another
├── BarredError              an operator forbids what was named; ask for something else
├── SessionEndedError        the session is over; make a new one
├── UnauthenticatedError     the caller gives no access token, or another; give the server's
├── PermissionDeniedError    the caller may not do this; ask the operator
├── ResourceExhaustedError   the server is full; a retry later helps
├── DeadlineExceededError    it took longer than the caller allowed; a retry may help
└── UnavailableError         a part is down or shutting down; a retry later helps

`status_of` holds the one table from errors, this package's and those that come up from `engine`,
`capsules` and `storage`, to gRPC codes and HTTP statuses.
"""

from dataclasses import dataclass

from capsules.bake.errors import (
    AvatarExistsError,
    AvatarFolderError,
    AvatarNameError,
    BakeUnavailableError,
    CancelledBakeError,
    ConsentError,
    FaceShapeError,
    LandmarksError,
    ModelError,
    ModelFetchError,
    PhotoError,
    PhotoRefusedError,
)
from capsules.errors import LibraryError, PackError, UnknownCapsuleError
from compositor.errors import (
    BackendUnavailableError,
    DeviceLostError,
    RenderError,
    UnknownAvatarError,
)
from engine.errors import (
    ClosedError,
    NegotiationError,
    PacketError,
    TooManyViewersError,
    VoiceError,
    VoiceUnavailableError,
)
from engine.offline.errors import ImportRefusedError, TakeError
from storage.errors import (
    ConflictError,
    DatabaseUnavailableError,
    InvalidRecordError,
    NotStoredError,
    RemoteWriteError,
    SchemaError,
)

__all__ = [
    "AlreadyExistsError",
    "BarredError",
    "ControlError",
    "DeadlineExceededError",
    "DuplicateEventError",
    "ErrorStatus",
    "InvalidArgumentError",
    "InvalidEventError",
    "NotFoundError",
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "SessionEndedError",
    "UnauthenticatedError",
    "UnavailableError",
    "status_of",
]


class ControlError(Exception):
    """Root of this package's errors."""


class InvalidArgumentError(ControlError, ValueError):
    """An argument is out of range or malformed.

    Attributes:
        field: Path of the field, such as "event.chat.text"; empty where no single one is wrong.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class InvalidEventError(InvalidArgumentError):
    """An event is malformed or out of range. Nothing of it was applied."""


class DuplicateEventError(InvalidEventError):
    """The event's sequence number is not above the client's last one. Nothing was applied."""


class NotFoundError(ControlError, LookupError):
    """Nothing has the id or name."""


class AlreadyExistsError(ControlError):
    """The id belongs to something that may not be replaced."""


class BarredError(ControlError):
    """An operator has revoked what was named, or it is not among what alone may play."""


class SessionEndedError(ControlError):
    """The session has ended."""


class UnauthenticatedError(ControlError):
    """The caller has not shown the access token."""


class PermissionDeniedError(ControlError):
    """The caller may not do what it asks for."""


class ResourceExhaustedError(ControlError):
    """A limit of the server is reached."""


class DeadlineExceededError(ControlError):
    """The work took longer than the caller allowed."""


class UnavailableError(ControlError):
    """A part of the server is down or going down."""


@dataclass(frozen=True, slots=True)
class ErrorStatus:
    """What an error is to a client.

    Attributes:
        code: Name of the google.rpc.Code.
        number: Its number.
        http_status: HTTP status.
        retriable: Whether the same call, made again later, may succeed.
    """

    code: str
    number: int
    http_status: int
    retriable: bool = False


_CANCELLED = ErrorStatus("CANCELLED", 1, 499)
_INVALID_ARGUMENT = ErrorStatus("INVALID_ARGUMENT", 3, 400)
_DEADLINE_EXCEEDED = ErrorStatus("DEADLINE_EXCEEDED", 4, 504, retriable=True)
_NOT_FOUND = ErrorStatus("NOT_FOUND", 5, 404)
_ALREADY_EXISTS = ErrorStatus("ALREADY_EXISTS", 6, 409)
_PERMISSION_DENIED = ErrorStatus("PERMISSION_DENIED", 7, 403)
_RESOURCE_EXHAUSTED = ErrorStatus("RESOURCE_EXHAUSTED", 8, 429, retriable=True)
_FAILED_PRECONDITION = ErrorStatus("FAILED_PRECONDITION", 9, 409)
_INTERNAL = ErrorStatus("INTERNAL", 13, 500)
_UNAVAILABLE = ErrorStatus("UNAVAILABLE", 14, 503, retriable=True)
_UNAUTHENTICATED = ErrorStatus("UNAUTHENTICATED", 16, 401)

# A subclass without a line of its own takes its nearest ancestor's.
_STATUSES: dict[type[BaseException], ErrorStatus] = {
    InvalidArgumentError: _INVALID_ARGUMENT,
    DuplicateEventError: _ALREADY_EXISTS,
    NotFoundError: _NOT_FOUND,
    AlreadyExistsError: _ALREADY_EXISTS,
    SessionEndedError: _FAILED_PRECONDITION,
    BarredError: _FAILED_PRECONDITION,
    UnauthenticatedError: _UNAUTHENTICATED,
    PermissionDeniedError: _PERMISSION_DENIED,
    ResourceExhaustedError: _RESOURCE_EXHAUSTED,
    DeadlineExceededError: _DEADLINE_EXCEEDED,
    UnavailableError: _UNAVAILABLE,
    TimeoutError: _DEADLINE_EXCEEDED,
    UnknownCapsuleError: _NOT_FOUND,
    UnknownAvatarError: _NOT_FOUND,
    LibraryError: _FAILED_PRECONDITION,
    PackError: _FAILED_PRECONDITION,
    AvatarNameError: _INVALID_ARGUMENT,
    ConsentError: _INVALID_ARGUMENT,
    FaceShapeError: _INVALID_ARGUMENT,
    LandmarksError: _INVALID_ARGUMENT,
    PhotoError: _INVALID_ARGUMENT,
    PhotoRefusedError: _INVALID_ARGUMENT,
    AvatarExistsError: _ALREADY_EXISTS,
    AvatarFolderError: _FAILED_PRECONDITION,
    BakeUnavailableError: _FAILED_PRECONDITION,
    ModelError: _FAILED_PRECONDITION,
    ModelFetchError: _UNAVAILABLE,
    CancelledBakeError: _CANCELLED,
    BackendUnavailableError: _UNAVAILABLE,
    DeviceLostError: _UNAVAILABLE,
    RenderError: _UNAVAILABLE,
    NegotiationError: _INVALID_ARGUMENT,
    TooManyViewersError: _RESOURCE_EXHAUSTED,
    PacketError: _INVALID_ARGUMENT,
    VoiceError: _UNAVAILABLE,
    VoiceUnavailableError: _FAILED_PRECONDITION,
    ClosedError: _FAILED_PRECONDITION,
    TakeError: _INVALID_ARGUMENT,
    ImportRefusedError: _INVALID_ARGUMENT,
    NotStoredError: _NOT_FOUND,
    ConflictError: _FAILED_PRECONDITION,
    InvalidRecordError: _INVALID_ARGUMENT,
    DatabaseUnavailableError: _UNAVAILABLE,
    RemoteWriteError: _UNAVAILABLE,
    SchemaError: _FAILED_PRECONDITION,
}


def status_of(error: BaseException) -> ErrorStatus:
    """What `error` is to a client; INTERNAL for one that nobody foresaw."""
    for ancestor in type(error).__mro__:
        if status := _STATUSES.get(ancestor):
            return status
    return _INTERNAL
