"""What a server's doors open onto, HTTP's and gRPC's alike."""

from dataclasses import dataclass

from control_plane.catalog import Catalog
from control_plane.governance.desk import GovernanceDesk
from control_plane.remembering.remembered import Remembered
from control_plane.sessions.manager import SessionManager
from control_plane.sessions.options import SessionOptions
from control_plane.studio.studio import Studio

__all__ = ["Served"]


@dataclass(frozen=True, slots=True)
class Served:
    """The parts of a server that its callers reach.

    Attributes:
        sessions: All sessions.
        catalog: The library.
        studio: What the studio works with.
        desk: Orders about what may play, and the trail.
        remembered: What is remembered, and who may ask for it.
        defaults: Options for what a request leaves out.
    """

    sessions: SessionManager
    catalog: Catalog
    studio: Studio
    desk: GovernanceDesk
    remembered: Remembered
    defaults: SessionOptions
