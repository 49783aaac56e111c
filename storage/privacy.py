"""Taking people out of what they said: pseudonyms for who they are, marks for what tells it."""

import hashlib
import hmac
import re
from enum import StrEnum
from uuid import UUID

__all__ = ["Personal", "Pseudonyms"]

_MARKS = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[email]"),
    (re.compile(r"\b(?:https?://|www\.)\S+"), "[link]"),
    (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"), "[account]"),
    (re.compile(r"\b(?:\d[ -]?){13,19}\b"), "[card]"),
    (re.compile(r"(?<![\w.])\+?\d(?:[ ()/.-]?\d){6,14}(?![\w])"), "[phone]"),
    (re.compile(r"(?<!\w)@\w{2,30}\b"), "[handle]"),
)


class Personal(StrEnum):
    """What to do with what tells who somebody is or what they said."""

    KEEP = "keep"
    PSEUDONYMISE = "pseudonymise"
    OMIT = "omit"


class Pseudonyms:
    """Gives the same person the same new name throughout one export, and no other way back.

    Names are HMAC-SHA-256 under a key (RFC 2104): whoever has no key cannot tell who is who even
    by trying all users. Free text is searched for addresses, numbers and names that are known; a
    name that nobody knows of stays.

    Args:
        key: At least 16 bytes; forgotten after the export unless exports are to be joined.
        known: Names to look for in texts, such as the user's own.
    """

    def __init__(self, key: bytes, known: tuple[str, ...] = ()) -> None:
        if len(key) < 16:
            raise ValueError(f"key has {len(key)} bytes, expected at least 16")
        self._key = key
        words = sorted({re.escape(name) for name in known if len(name) > 1}, key=len, reverse=True)
        self._known = re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE) if words else None

    def name(self, identity: UUID | str) -> str:
        """The pseudonym of an id: "p-" and 24 hexadecimal digits."""
        digest = hmac.new(self._key, str(identity).encode(), hashlib.sha256)
        return f"p-{digest.hexdigest()[:24]}"

    def text(self, text: str) -> str:
        """The text with marks in place of what tells who somebody is."""
        for pattern, mark in _MARKS:
            text = pattern.sub(mark, text)
        return text if self._known is None else self._known.sub("[name]", text)
