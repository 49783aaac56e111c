"""What can be switched off in one session, to see what it is worth."""

from dataclasses import dataclass, fields

__all__ = ["Features"]


@dataclass(frozen=True, slots=True)
class Features:
    """What a session does; each is on unless it is switched off, also while the session lives.

    Attributes:
        vector_blending: Whether a mood is shown by a blend of the capsules nearest to it; off: by
            the single nearest one of each layer.
        context: Whether what the viewer and the task do calls for gestures; off: the viewer's
            context changes nothing, and a task moves the mood alone.
        light_probe: Whether the colours around the picture light the avatar; off: its own light
            alone.
        visemes: Whether lips shape what is said; off: the jaw follows the loudness of the voice,
            and nothing else of the mouth moves. Speech that has been placed keeps its lips.
    """

    vector_blending: bool = True
    context: bool = True
    light_probe: bool = True
    visemes: bool = True

    @property
    def off(self) -> tuple[str, ...]:
        """Names of what is switched off, in order."""
        return tuple(item.name for item in fields(self) if not getattr(self, item.name))
