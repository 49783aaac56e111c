"""What is seen behind an avatar, as sessions ask for it."""

import re
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["STUDIO", "Background", "BackgroundKind", "parse_background"]

_EXPECTED = "studio, blur, transparent, color:#rrggbb or picture:NAME"


class BackgroundKind(StrEnum):
    """Kinds of backgrounds."""

    STUDIO = "studio"
    BLUR = "blur"
    TRANSPARENT = "transparent"
    COLOR = "color"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True)
class Background:
    """A background; `str` writes it as `parse_background` reads it.

    Attributes:
        kind: Studio is the avatar's own, blur the same out of focus, transparent none at all.
        color: Red, green and blue of a colour, sRGB bytes.
        picture: Name of a picture.
    """

    kind: BackgroundKind = BackgroundKind.STUDIO
    color: tuple[int, int, int] = (0, 0, 0)
    picture: str = ""

    def __str__(self) -> str:
        """Such as "color:#336699"."""
        match self.kind:
            case BackgroundKind.COLOR:
                return f"color:#{bytes(self.color).hex()}"
            case BackgroundKind.PICTURE:
                return f"picture:{self.picture}"
            case _:
                return self.kind.value


STUDIO = Background()
"""The avatar's own background."""


def parse_background(text: str) -> Background:
    """Reads a background: "studio", "blur", "transparent", "color:#rrggbb" or "picture:NAME".

    A name is up to 64 letters, digits, `_` and `-`: never a path.

    Raises:
        ValueError: It is none of these; the message says what was expected.
    """
    if text in (BackgroundKind.STUDIO, BackgroundKind.BLUR, BackgroundKind.TRANSPARENT):
        return Background(BackgroundKind(text))
    if found := re.fullmatch(r"color:#([0-9a-fA-F]{6})", text):
        red, green, blue = bytes.fromhex(found[1])
        return Background(BackgroundKind.COLOR, color=(red, green, blue))
    if found := re.fullmatch(r"picture:([A-Za-z0-9_-]{1,64})", text):
        return Background(BackgroundKind.PICTURE, picture=found[1])
    raise ValueError(_EXPECTED)
