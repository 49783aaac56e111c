"""The contract keeps to buf's STANDARD rules and documents everything in it."""

import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from grpc_tools import protoc

ROOT = Path(__file__).parents[2] / "proto"
FILES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.proto"))
SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
PASCAL = re.compile(r"([A-Z][a-z0-9]*)+")


@cache
def compiled() -> dict[str, FileDescriptorProto]:
    include = Path(protoc.__file__).parent / "_proto"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "set"
        arguments = ["protoc", f"-I{ROOT}", f"-I{include}", f"-o{out}", "--include_source_info"]
        assert protoc.main([*arguments, *(str(ROOT / path) for path in FILES)]) == 0
        found = FileDescriptorSet.FromString(out.read_bytes())
    return {file.name: file for file in found.file}


@pytest.fixture(params=[path.as_posix() for path in FILES])
def file(request: pytest.FixtureRequest) -> FileDescriptorProto:
    return compiled()[request.param]


def messages(file: FileDescriptorProto) -> Iterator[DescriptorProto]:
    waiting = list(file.message_type)
    while waiting:
        message = waiting.pop()
        waiting += message.nested_type
        yield message


def enums(file: FileDescriptorProto) -> Iterator[EnumDescriptorProto]:
    yield from file.enum_type
    for message in messages(file):
        yield from message.enum_type


def test_package_is_versioned_and_matches_the_folder(file: FileDescriptorProto) -> None:
    assert file.package == file.name.rsplit("/", 1)[0].replace("/", ".")
    assert re.search(r"\.v\d+$", file.package)
    assert SNAKE.fullmatch(Path(file.name).stem)


def test_names_are_in_the_standard_case(file: FileDescriptorProto) -> None:
    for message in messages(file):
        assert PASCAL.fullmatch(message.name), message.name
        for field in message.field:
            assert SNAKE.fullmatch(field.name), f"{message.name}.{field.name}"


def test_enum_values_bear_the_enums_name_and_begin_with_unspecified(
    file: FileDescriptorProto,
) -> None:
    for enum in enums(file):
        prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.name).upper()
        assert enum.value[0].name == f"{prefix}_UNSPECIFIED"
        assert enum.value[0].number == 0
        assert all(value.name.startswith(f"{prefix}_") for value in enum.value)


def test_every_call_has_a_request_and_a_response_of_its_own(file: FileDescriptorProto) -> None:
    for service in file.service:
        assert service.name.endswith("Service")
        for method in service.method:
            assert method.input_type.endswith(f".{method.name}Request")
            assert method.output_type.endswith(f".{method.name}Response")


def test_everything_but_enum_values_is_documented(file: FileDescriptorProto) -> None:
    commented = {
        tuple(location.path)
        for location in file.source_code_info.location
        if location.leading_comments.strip()
    }
    places: list[tuple[tuple[int, ...], str]] = []
    for number, message in enumerate(file.message_type):
        places.append(((4, number), message.name))
        places += [((4, number, 2, at), field.name) for at, field in enumerate(message.field)]
    for number, service in enumerate(file.service):
        places.append(((6, number), service.name))
        places += [((6, number, 2, at), method.name) for at, method in enumerate(service.method)]
    places += [((5, number), enum.name) for number, enum in enumerate(file.enum_type)]
    bare = [f"{name} at {path}" for path, name in places if path not in commented]
    assert bare == []
