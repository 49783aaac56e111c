"""What Mira is made from, as a number that says whether her pack is of the code beside it."""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

__all__ = ["source_digest", "source_files"]

_ROOT = Path(__file__).parent.parent.parent
_HERE = "capsules/mira"
# Beside the modules that draw her, what rigs her; not how avatars are kept on disk.
_COUNTED = ("capsules.mira", "capsules.bake", "capsules.weights")
_DATA = ("capsules/data/visemes.json",)  # whose sums no movement may fold


def source_files(root: Path = _ROOT) -> tuple[Path, ...]:
    """All files that her shape depends on, sorted: her own, and modules that those import.

    That takes in what the rig's modules import for photos alone, too.

    Args:
        root: Folder that holds the package `capsules`.
    """
    own = [path for path in (root / _HERE).iterdir() if path.suffix in (".py", ".json")]
    found = {*own, *(root / name for name in _DATA)}
    waiting = [path for path in own if path.suffix == ".py"]
    while waiting:
        new = {root / path for path in _imports(waiting.pop())} - found
        known = [path for path in new if path.is_file()]
        found.update(known)
        waiting += known
    return tuple(sorted(found))


def _imports(path: Path) -> Iterator[str]:
    """Where the counted modules lie that a module imports, and places where none may lie."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (f"{name.replace('.', '/')}.py" for name in names if name.startswith(_COUNTED))


def source_digest(root: Path = _ROOT) -> str:
    """SHA-256, in hex, over the names and contents of `source_files`.

    Args:
        root: Folder that holds the package `capsules`.
    """
    digest = hashlib.sha256()
    for path in source_files(root):
        name = path.relative_to(root).as_posix()
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
