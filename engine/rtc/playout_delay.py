"""The `playout-delay` RTP header extension: asks the viewer to show every picture at once.

Minimum and maximum delay are 12 bits each, in steps of 10 ms; 0 and 0 mean "render on arrival, do
not smooth": the viewer's jitter buffer for video is switched off.
See http://www.webrtc.org/experiments/rtp-hdrext/playout-delay.
"""

from struct import pack

from aiortc.rtp import (
    HeaderExtensions,
    HeaderExtensionsMap,
    pack_header_extensions,
    unpack_header_extensions,
)

__all__ = ["PLAYOUT_DELAY_URI", "PlayoutDelayMap", "playout_delay_value"]

PLAYOUT_DELAY_URI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

_STEP_MS = 10
_MAX_STEPS = 0xFFF
_ONE_BYTE_PROFILE = 0xBEDE
_MAX_ONE_BYTE_ID = 14


def playout_delay_value(min_ms: int, max_ms: int) -> bytes:
    """The extension's 3 bytes.

    Args:
        min_ms: Least delay, a multiple of 10 in [0, 40950].
        max_ms: Most delay, likewise, not less than `min_ms`.

    Raises:
        ValueError: A delay is out of range.
    """
    low, high = min_ms // _STEP_MS, max_ms // _STEP_MS
    if not 0 <= low <= high <= _MAX_STEPS:
        raise ValueError(
            f"playout delay {min_ms}..{max_ms} ms: expected 0 <= min <= max <= "
            f"{_MAX_STEPS * _STEP_MS}"
        )
    return pack("!L", low << 12 | high)[1:]


class PlayoutDelayMap(HeaderExtensionsMap):
    """A header-extension map that adds `playout-delay` to what aiortc writes.

    Args:
        extension_id: The id negotiated for the extension, [1, 255].
        value: Its 3 bytes.
    """

    def __init__(self, extension_id: int, value: bytes) -> None:
        super().__init__()
        self._id = extension_id
        self._value = value
        self._element = pack("!B", (extension_id & 0xF) << 4 | len(value) - 1) + value

    def set(self, values: HeaderExtensions) -> tuple[int, bytes]:
        """The packet's extension block: profile and bytes, a multiple of 4."""
        profile, block = super().set(values)
        if self._id <= _MAX_ONE_BYTE_ID and profile in (0, _ONE_BYTE_PROFILE):
            # One byte of id and length and three of value keep the block a multiple of four.
            return _ONE_BYTE_PROFILE, block + self._element
        elements = unpack_header_extensions(profile, block)
        return pack_header_extensions([*elements, (self._id, self._value)])
