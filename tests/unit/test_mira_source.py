from pathlib import Path

import pytest

from capsules.mira.source import source_digest, source_files

_ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what she is made from."""
    root = tmp_path_factory.mktemp("sources")
    for path in source_files():
        copy = root / path.relative_to(_ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return root


@pytest.mark.parametrize(
    "name",
    [
        "mira/landmarks.json", "mira/face.py", "bake/rig.py", "bake/facs_eyes.py", "bake/edges.py",
        "bake/constrained.py", "bake/correctives.py", "bake/hand_rig.py", "weights.py",
        "data/visemes.json",
    ],
)  # fmt: skip
def test_a_change_of_drawing_or_rig_asks_for_another_pack(sources: Path, name: str) -> None:
    path = sources / "capsules" / name
    before, content = source_digest(sources), path.read_bytes()
    path.write_bytes(content + b" ")
    changed = source_digest(sources)
    path.write_bytes(content)

    assert before == source_digest() != changed


def test_what_does_not_shape_her_asks_for_no_other_pack() -> None:
    names = {path.relative_to(_ROOT).as_posix() for path in source_files()}
    photos_only = {"baking", "models", "finder", "photo", "publish"}
    assert names.isdisjoint(f"capsules/bake/{name}.py" for name in photos_only)
    assert "capsules/pack.py" not in names
