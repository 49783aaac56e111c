import inspect

import pytest

from capsules.bake import errors as bake_errors
from capsules.bake.errors import (
    BakeUnavailableError,
    CancelledBakeError,
    ConsentError,
    FaceShapeError,
    ModelMissingError,
    NoFaceError,
    PhotoFormatError,
)
from capsules.errors import UnknownCapsuleError
from compositor.errors import RenderError
from control_plane import errors
from control_plane.errors import (
    ControlError,
    DuplicateEventError,
    InvalidEventError,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
    SessionEndedError,
    UnauthenticatedError,
    UnavailableError,
    status_of,
)
from engine.errors import NegotiationError, PacketError, TooManyViewersError
from storage import errors as storage_errors
from storage.errors import (
    ConflictError,
    DatabaseUnavailableError,
    InvalidRecordError,
    NotStoredError,
    SchemaError,
    TransitionError,
)


@pytest.mark.parametrize(
    ("error", "code", "http_status"),
    [
        (InvalidEventError("bad"), "INVALID_ARGUMENT", 400),
        (DuplicateEventError("again"), "ALREADY_EXISTS", 409),
        (NotFoundError("none"), "NOT_FOUND", 404),
        (UnknownCapsuleError("VF_1"), "NOT_FOUND", 404),
        (SessionEndedError("over"), "FAILED_PRECONDITION", 409),
        (ResourceExhaustedError("full"), "RESOURCE_EXHAUSTED", 429),
        (NegotiationError("sdp"), "INVALID_ARGUMENT", 400),
        (TooManyViewersError("full"), "RESOURCE_EXHAUSTED", 429),
        (RenderError("no"), "UNAVAILABLE", 503),
        (PacketError("large"), "INVALID_ARGUMENT", 400),
        (TimeoutError(), "DEADLINE_EXCEEDED", 504),
        (NoFaceError("nobody"), "INVALID_ARGUMENT", 400),
        (PhotoFormatError("no photo"), "INVALID_ARGUMENT", 400),
        (ConsentError("whose?"), "INVALID_ARGUMENT", 400),
        (FaceShapeError("muddled"), "INVALID_ARGUMENT", 400),
        (ModelMissingError("none"), "FAILED_PRECONDITION", 409),
        (BakeUnavailableError("no extra"), "FAILED_PRECONDITION", 409),
        (CancelledBakeError("enough"), "CANCELLED", 499),
        (UnauthenticatedError("who?"), "UNAUTHENTICATED", 401),
        (PermissionDeniedError("no"), "PERMISSION_DENIED", 403),
        (NotStoredError("none"), "NOT_FOUND", 404),
        (ConflictError("again"), "FAILED_PRECONDITION", 409),
        (TransitionError("no way"), "FAILED_PRECONDITION", 409),
        (InvalidRecordError("bad"), "INVALID_ARGUMENT", 400),
        (DatabaseUnavailableError("away"), "UNAVAILABLE", 503),
        (SchemaError("newer"), "FAILED_PRECONDITION", 409),
        (RuntimeError("a surprise"), "INTERNAL", 500),
    ],
)
def test_error_has_its_code_and_status(error: Exception, code: str, http_status: int) -> None:
    status = status_of(error)
    assert (status.code, status.http_status) == (code, http_status)


def test_every_error_of_the_tree_is_in_the_table() -> None:
    classes = [
        item
        for _, item in inspect.getmembers(errors, inspect.isclass)
        if issubclass(item, ControlError) and item is not ControlError
    ]
    assert len(classes) == 12
    assert all(status_of(item("x")).code != "INTERNAL" for item in classes)


def test_every_kind_of_failed_baking_is_in_the_table() -> None:
    kinds = [vars(bake_errors)[name] for name in bake_errors.__all__ if name != "BakeError"]
    assert FaceShapeError in kinds
    assert [kind for kind in kinds if status_of(kind("x")).code == "INTERNAL"] == []


def test_every_error_of_the_storage_is_in_the_table() -> None:
    kinds = [vars(storage_errors)[name] for name in storage_errors.__all__]
    kinds.remove(storage_errors.StorageError)
    assert [kind for kind in kinds if status_of(kind("x")).code == "INTERNAL"] == []


def test_codes_have_the_numbers_of_grpc() -> None:
    grpc = pytest.importorskip("grpc")
    for error in (NotFoundError("x"), InvalidEventError("x"), UnavailableError("x")):
        status = status_of(error)
        assert grpc.StatusCode[status.code].value[0] == status.number


def test_only_what_may_pass_is_retriable() -> None:
    assert status_of(UnavailableError("x")).retriable
    assert status_of(ResourceExhaustedError("x")).retriable
    assert not status_of(InvalidEventError("x")).retriable
    assert not status_of(SessionEndedError("x")).retriable


def test_invalid_argument_names_its_field() -> None:
    assert InvalidEventError("bad", "event.sequence").field == "event.sequence"
