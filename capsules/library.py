"""The library in memory: every capsule and expression, looked up by id.

A library is an immutable snapshot: revoking capsules gives a new one, and so does barring them, so
that a reader on another thread never sees half a change. Loading costs some tens of ms; the caller
keeps the result.
"""

from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from capsules._reading import VISEMES_FILE, read_clips, read_folder, read_visemes
from capsules.clip import Clip
from capsules.errors import LibraryError, UnknownCapsuleError
from capsules.index import VadIndex
from capsules.micro.generator import MicroCapsules, is_micro, micro_capsules
from capsules.model import Capsule, Expression, Layer
from capsules.profile import Profile

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
        profiles: By name, sorted.
        packaged: Whether it is the one that comes with the package.
        clips: Clips by the cid of their capsule, sorted; those of revoked ones are left out.
        generated: Generated micro-capsules that are among `capsules`, but for those whose id
            another capsule has; they take no room until they are asked for.

    Micro-capsules, generated or read, stand aside: no layer and no layer's index holds them, so
    that no mood is blended of twitches; `micro` finds them.

    Raises:
        LibraryError: Two capsules share an id, or two expressions or profiles an id or a name.
    """

    def __init__(
        self,
        capsules: Iterable[Capsule],
        expressions: Iterable[Expression] = (),
        viseme_weights: VisemeWeights | None = None,
        *,
        clips: Iterable[Clip] = (),
        packaged: bool = False,
        profiles: Iterable[Profile] = (),
        generated: MicroCapsules | None = None,
        barred: frozenset[str] = frozenset(),
        only: frozenset[str] | None = None,
    ) -> None:
        by_cid = _unique((item.cid, item) for item in capsules)
        by_id = _unique((item.id, item) for item in expressions)
        self._kept: Mapping[str, Capsule] = MappingProxyType(by_cid)
        self.generated = micro_capsules(0) if generated is None else generated
        self.capsules: Mapping[str, Capsule] = (
            _Both(self._kept, self.generated) if self.generated else self._kept
        )
        self.expressions: Mapping[str, Expression] = MappingProxyType(by_id)
        self.viseme_weights: VisemeWeights = MappingProxyType(dict(viseme_weights or {}))
        self.packaged = packaged
        self.profiles: Mapping[str, Profile] = MappingProxyType(
            _unique((item.name, item) for item in profiles)
        )
        self.barred = barred
        self.only = only
        by_clip = _unique((item.cid, item) for item in clips if self._usable(item.cid))
        self.clips: Mapping[str, Clip] = MappingProxyType(by_clip)
        self._indexes: dict[Layer, VadIndex] = {}
        self._micro: VadIndex | None = None
        self._by_name = _unique((item.name, item) for item in by_id.values())
        if twice := sorted(self._by_name.keys() & self.profiles.keys()):
            raise LibraryError(f"{twice[0]}: an expression and a profile, expected one of the two")
        self._layers = {
            layer: tuple(
                item
                for item in by_cid.values()
                if item.layer is layer and self._is_usable(item) and not is_micro(item)
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
            UnknownCapsuleError: There is none, or it is barred.
        """
        found = self.expressions.get(id_or_name) or self._by_name.get(id_or_name)
        if found is None or found.id in self.barred:
            raise UnknownCapsuleError(id_or_name)
        return found

    def profile(self, name: str) -> Profile:
        """The profile of that name.

        Raises:
            UnknownCapsuleError: There is none, or it is barred.
        """
        found = self.profiles.get(name)
        if found is None or found.name in self.barred:
            raise UnknownCapsuleError(name)
        return found

    def id_of(self, id_or_name: str) -> str | None:
        """The id of a capsule, or of an expression by its id or name; of a profile its name.

        None: there is none of them.
        """
        if id_or_name in self.capsules or id_or_name in self.profiles:
            return id_or_name
        found = self.expressions.get(id_or_name) or self._by_name.get(id_or_name)
        return None if found is None else found.id

    def allows(self, id_: str) -> bool:
        """Whether no operator forbids this id, which need not be one of the library's."""
        return id_ not in self.barred and (self.only is None or id_ in self.only)

    def resolve(self, cid: str, fallback: str = "") -> Capsule | None:
        """The capsule to play for `cid`, or None where nothing can stand in for it.

        Tried in order: the capsule itself; `fallback`; the chain of `fallback_cid` that starts at
        the capsule (a revoked one still names its own); the one that starts at `fallback`.
        """
        direct = self._usable(cid) or self._usable(fallback)
        return direct or self._down_the_chain(cid) or self._down_the_chain(fallback)

    def is_generated(self, cid: str) -> bool:
        """Whether the id is that of a generated micro-capsule of this library."""
        return cid in self.generated and cid not in self._kept

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
        """The layer's capsules that are neither revoked nor micro-capsules, sorted by cid."""
        return self._layers[layer]

    def index(self, layer: Layer) -> VadIndex:
        """Those of `layer` that carry an emotion, by their place in the VAD cube.

        It is made when it is first asked for, in some ms, and kept.
        """
        found = self._indexes.get(layer)
        if found is None:
            found = self._indexes[layer] = VadIndex(self._layers[layer])
        return found

    def micro(self) -> VadIndex:
        """The micro-capsules that are not revoked, by their place in the VAD cube.

        It is made when it is first asked for, in some tens of ms for 10,000, and kept.
        """
        if self._micro is None:
            self._micro = self._made_micro()
        return self._micro

    def revoke(self, *cids: str) -> "Library":
        """A library in which these capsules are revoked as well.

        Raises:
            UnknownCapsuleError: There is no such capsule.
        """
        for cid in cids:
            if cid not in self.capsules:
                raise UnknownCapsuleError(cid)
        gone = (self.capsules[cid].model_copy(update={"revoked": True}) for cid in cids)
        return self.having(gone)

    def having(
        self,
        capsules: Iterable[Capsule],
        expressions: Iterable[Expression] = (),
        clips: Iterable[Clip] = (),
    ) -> "Library":
        """A library with these as well, capsules in place of those of their ids.

        Raises:
            LibraryError: An expression or a clip of the same id is there.
        """
        return Library(
            (dict(self._kept) | {item.cid: item for item in capsules}).values(),
            (*self.expressions.values(), *expressions),
            self.viseme_weights,
            clips=(*self.clips.values(), *clips),
            packaged=self.packaged,
            profiles=self.profiles.values(),
            generated=self.generated,
            barred=self.barred,
            only=self.only,
        )

    def bar(self, ids: Iterable[str], only: Iterable[str] | None = None) -> "Library":
        """A library of which these capsules and expressions may not be played, in place of before.

        Barred capsules are to a body and a brain as revoked ones are. Ids that the library has not
        are kept, for `allows`.

        Args:
            ids: The ids.
            only: The ids that may be played alone; None: all others.
        """
        return Library(
            self._kept.values(),
            self.expressions.values(),
            self.viseme_weights,
            clips=self.clips.values(),
            packaged=self.packaged,
            profiles=self.profiles.values(),
            generated=self.generated,
            barred=frozenset(ids),
            only=None if only is None else frozenset(only),
        )

    def with_micro(self, count: int) -> "Library":
        """The library with so many generated micro-capsules in place of those it has.

        Raises:
            ValueError: The count is not 0 to 10,000.
        """
        return Library(
            self._kept.values(),
            self.expressions.values(),
            self.viseme_weights,
            clips=self.clips.values(),
            packaged=self.packaged,
            profiles=self.profiles.values(),
            generated=micro_capsules(count),
            barred=self.barred,
            only=self.only,
        )

    def _made_micro(self) -> VadIndex:
        read = [item for item in self._kept.values() if is_micro(item)]
        hidden = {cid for cid in self._kept if cid in self.generated}
        if not read and not hidden:
            return self.generated.index
        places = dict(zip(self.generated.cids, self.generated.vads.tolist(), strict=True))
        for cid in hidden:
            del places[cid]
        for item in read:
            if item.emotion is not None and not item.revoked:
                at = item.emotion
                places[item.cid] = [at.valence, at.arousal, at.dominance]
        cids = sorted(places)
        found = np.array([places[cid] for cid in cids], dtype=np.float64)
        return VadIndex.of_places(cids, found.reshape(-1, 3))

    def _usable(self, cid: str) -> Capsule | None:
        found = self.capsules.get(cid)
        return found if found is not None and self._is_usable(found) else None

    def _is_usable(self, capsule: Capsule) -> bool:
        return not capsule.revoked and capsule.cid not in self.barred

    def _down_the_chain(self, cid: str) -> Capsule | None:
        seen: set[str] = set()
        current = self.capsules.get(cid)
        while current is not None and current.cid not in seen:
            if self._is_usable(current):
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


class _Both(Mapping[str, Capsule]):
    """Capsules that are kept, and generated ones that none of those hides; sorted by cid."""

    def __init__(self, kept: Mapping[str, Capsule], generated: MicroCapsules) -> None:
        self._kept = kept
        self._generated = generated
        self._hidden = sum(cid in generated for cid in kept)

    def __len__(self) -> int:
        return len(self._kept) + len(self._generated) - self._hidden

    def __iter__(self) -> Iterator[str]:
        shown = (cid for cid in self._generated if cid not in self._kept)
        return merge(self._kept, shown)

    def __contains__(self, cid: object) -> bool:
        return cid in self._kept or cid in self._generated

    def __getitem__(self, cid: str) -> Capsule:
        found = self._kept.get(cid)
        return self._generated[cid] if found is None else found


def load_library(folder: Path | None = None) -> Library:
    """Reads a library.

    Args:
        folder: A folder of `*.json` files; None: the packaged data. Each file is an object with
            `capsules`, `expressions` and `profiles`, or some of them; `visemes.json` maps visemes
            to weights of bases (the packaged one applies where the folder has none). Folders
            inside it are not read, but for the clips that capsules name.

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
        profiles=content.profiles,
    )


def _unique(pairs: Iterable[tuple[str, Item]]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for key, item in pairs:
        if key in found:
            raise LibraryError(f"{key}: defined twice, expected once")
        found[key] = item
    return dict(sorted(found.items()))
