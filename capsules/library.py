"""The library in memory: every capsule and expression, looked up by id.

A library is an immutable snapshot: revoking capsules gives a new one, so that a reader on another
thread never sees half a change. Loading costs some tens of ms; the caller keeps the result.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from capsules._reading import VISEMES_FILE, read_clips, read_folder, read_visemes
from capsules.clip import Clip
from capsules.errors import LibraryError, UnknownCapsuleError
from capsules.index import VadIndex
from capsules.model import Capsule, Expression, Layer

__all__ = ["PACKAGED_FOLDER", "Library", "load_library"]

PACKAGED_FOLDER = Path(__file__).parent / "data"

Item = TypeVar("Item")
VisemeWeights = Mapping[str, Mapping[str, float]]


class Library:
    """Capsules, expressions and mouth shapes. Safe to read from any thread.

    Attributes:
        capsules: By cid, the revoked ones too, sorted.
        expressions: By id, sorted.
        viseme_weights: For each of the 15 visemes, the weights in [0, 1] of face bases.
        packaged: Whether it is the one that comes with the package.
        clips: Clips by the cid of their capsule, sorted; those of revoked ones are left out.

    Raises:
        LibraryError: Two capsules or two expressions share an id or a name.
    """

    def __init__(
        self,
        capsules: Iterable[Capsule],
        expressions: Iterable[Expression] = (),
        viseme_weights: VisemeWeights | None = None,
        *,
        clips: Iterable[Clip] = (),
        packaged: bool = False,
    ) -> None:
        by_cid = _unique((item.cid, item) for item in capsules)
        by_id = _unique((item.id, item) for item in expressions)
        self.capsules: Mapping[str, Capsule] = MappingProxyType(by_cid)
        self.expressions: Mapping[str, Expression] = MappingProxyType(by_id)
        self.viseme_weights: VisemeWeights = MappingProxyType(dict(viseme_weights or {}))
        self.packaged = packaged
        by_clip = _unique((item.cid, item) for item in clips if self._usable(item.cid))
        self.clips: Mapping[str, Clip] = MappingProxyType(by_clip)
        self._indexes: dict[Layer, VadIndex] = {}
        self._by_name = _unique((item.name, item) for item in by_id.values())
        self._layers = {
            layer: tuple(
                item for item in by_cid.values() if item.layer is layer and not item.revoked
            )
            for layer in Layer
        }

    def capsule(self, cid: str) -> Capsule:
        """The capsule of that id.

        Raises:
            UnknownCapsuleError: There is none, or it is revoked.
        """
        found = self._usable(cid)
        if found is None:
            raise UnknownCapsuleError(cid)
        return found

    def expression(self, id_or_name: str) -> Expression:
        """The expression of that id (`E_0001`) or name (`delight`).

        Raises:
            UnknownCapsuleError: There is none.
        """
        found = self.expressions.get(id_or_name) or self._by_name.get(id_or_name)
        if found is None:
            raise UnknownCapsuleError(id_or_name)
        return found

    def resolve(self, cid: str, fallback: str = "") -> Capsule | None:
        """The capsule to play for `cid`, or None where nothing can stand in for it.

        Tried in order: the capsule itself; `fallback`; the chain of `fallback_cid` that starts at
        the capsule (a revoked one still names its own); the one that starts at `fallback`.
        """
        direct = self._usable(cid) or self._usable(fallback)
        return direct or self._down_the_chain(cid) or self._down_the_chain(fallback)

    def flatten(self, cid: str) -> tuple[tuple[Capsule, float], ...]:
        """The plain capsules a combined one consists of, each with its weight in [0, 1].

        Weights multiply down nested components and add up where a capsule is reached twice. A
        plain capsule gives itself at 1. Components that are missing, revoked, or lead back to
        where they came from are left out.

        Raises:
            UnknownCapsuleError: There is no such capsule, or it is revoked.
        """
        weights: dict[str, float] = {}
        self._collect(self.capsule(cid), 1.0, frozenset(), weights)
        return tuple((self.capsules[part], min(1.0, weight)) for part, weight in weights.items())

    def layer(self, layer: Layer) -> tuple[Capsule, ...]:
        """The layer's capsules that are not revoked, sorted by cid."""
        return self._layers[layer]

    def index(self, layer: Layer) -> VadIndex:
        """The layer's capsules that carry an emotion, by their place in the VAD cube.

        It is made when it is first asked for, in some ms, and kept.
        """
        found = self._indexes.get(layer)
        if found is None:
            found = self._indexes[layer] = VadIndex(self._layers[layer])
        return found

    def revoke(self, *cids: str) -> "Library":
        """A library in which these capsules are revoked as well.

        Raises:
            UnknownCapsuleError: There is no such capsule.
        """
        for cid in cids:
            if cid not in self.capsules:
                raise UnknownCapsuleError(cid)
        gone = frozenset(cids)
        capsules = (
            item.model_copy(update={"revoked": True}) if item.cid in gone else item
            for item in self.capsules.values()
        )
        return Library(
            capsules,
            self.expressions.values(),
            self.viseme_weights,
            clips=self.clips.values(),
            packaged=self.packaged,
        )

    def _usable(self, cid: str) -> Capsule | None:
        found = self.capsules.get(cid)
        return None if found is None or found.revoked else found

    def _down_the_chain(self, cid: str) -> Capsule | None:
        seen: set[str] = set()
        current = self.capsules.get(cid)
        while current is not None and current.cid not in seen:
            if not current.revoked:
                return current
            seen.add(current.cid)
            current = self.capsules.get(current.fallback_cid or "")
        return None

    def _collect(
        self, capsule: Capsule, weight: float, path: frozenset[str], weights: dict[str, float]
    ) -> None:
        if not capsule.components:
            weights[capsule.cid] = weights.get(capsule.cid, 0.0) + weight
            return
        path = path | {capsule.cid}
        for part in capsule.components:
            found = self._usable(part.cid)
            if found is not None and found.cid not in path:
                self._collect(found, weight * part.weight, path, weights)


def load_library(folder: Path | None = None) -> Library:
    """Reads a library.

    Args:
        folder: A folder of `*.json` files; None: the packaged data. Each file is an object with
            `capsules`, `expressions`, or both; `visemes.json` maps visemes to weights of bases
            (the packaged one applies where the folder has none). Folders inside it are not read,
            but for the clips that capsules name.

    Raises:
        LibraryError: Naming each file, id, field and value that is wrong, and what was expected; a
            clip that cannot be used too.
    """
    content = read_folder(folder or PACKAGED_FOLDER)
    visemes = (folder or PACKAGED_FOLDER) / VISEMES_FILE
    if not visemes.exists():
        visemes = PACKAGED_FOLDER / VISEMES_FILE
    return Library(
        content.capsules,
        content.expressions,
        read_visemes(visemes),
        clips=read_clips(folder or PACKAGED_FOLDER, content.capsules),
        packaged=folder is None,
    )


def _unique(pairs: Iterable[tuple[str, Item]]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for key, item in pairs:
        if key in found:
            raise LibraryError(f"{key}: defined twice, expected once")
        found[key] = item
    return dict(sorted(found.items()))
