"""Whether the packages of the extra `capsulecast[bake]` are installed.

The modules of this package import them at the top; ask here first, so that somebody without them
is told what to install.
"""

from importlib.util import find_spec

from capsules.bake.errors import BakeUnavailableError

__all__ = ["require_extra"]

# Module, then the distribution that brings it.
_NEEDED = (
    ("ai_edge_litert", "ai-edge-litert"),
    ("cv2", "opencv-python-headless"),
    ("PIL", "pillow"),
    ("scipy", "scipy"),
)


def require_extra() -> None:
    """Makes sure that baking can run here.

    Raises:
        BakeUnavailableError: A package is missing; the message says how to install it.
    """
    missing = [package for module, package in _NEEDED if find_spec(module) is None]
    if missing:
        raise BakeUnavailableError(
            f"baking needs {', '.join(missing)}: pip install 'capsulecast[bake]'"
        )
