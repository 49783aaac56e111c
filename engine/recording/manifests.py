"""The digests of libraries, kept beside the journals that were made with them.

A later library that differs can then say what has changed.
"""

import gzip
import json
import os
from collections.abc import Mapping
from pathlib import Path

from engine.recording.fingerprint import LibraryPrint

__all__ = ["keep_manifest", "read_manifest"]

_MANIFESTS = "libraries"


def keep_manifest(folder: Path, library: LibraryPrint) -> None:
    """Keeps a library's digests in a folder of journals, once.

    Raises:
        OSError: They cannot be written.
    """
    path = _path(folder, library.sha256)
    if path.exists():
        return
    path.parent.mkdir(exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}")
    aside.write_bytes(gzip.compress(json.dumps(dict(library.items)).encode(), mtime=0))
    aside.replace(path)


def read_manifest(folder: Path, sha256: str) -> Mapping[str, str]:
    """The digests of the capsules of a library that journals in this folder were made with.

    They are empty where they have been lost.
    """
    try:
        found: dict[str, str] = json.loads(gzip.decompress(_path(folder, sha256).read_bytes()))
    except (OSError, ValueError):
        return {}
    return found


def _path(folder: Path, sha256: str) -> Path:
    return folder / _MANIFESTS / f"{sha256}.json.gz"
