"""What can go wrong in the body.

EngineError
├── PacketError         a packet cannot be read, or is larger than 500 bytes; mend the sender
├── NegotiationError    an SDP offer cannot be answered; make another offer
├── TooManyViewersError a session has as many viewers as it takes; a retry later may help
├── VoiceError          the text-to-speech engine failed on a text; another text may work
│   └── VoiceUnavailableError  no such engine on this machine; install it or speak silently
└── ClosedError         the body has been closed; make a new session
"""

__all__ = [
    "ClosedError",
    "EngineError",
    "NegotiationError",
    "PacketError",
    "TooManyViewersError",
    "VoiceError",
    "VoiceUnavailableError",
]


class EngineError(Exception):
    """Root of this package's errors."""


class PacketError(EngineError, ValueError):
    """An ID packet cannot be read or written."""


class NegotiationError(EngineError, ValueError):
    """An SDP offer cannot be answered."""


class TooManyViewersError(EngineError):
    """The session takes no more viewers."""


class VoiceError(EngineError):
    """Speech could not be made."""


class VoiceUnavailableError(VoiceError):
    """The text-to-speech engine is not installed."""


class ClosedError(EngineError):
    """The body has been closed."""
