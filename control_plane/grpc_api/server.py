"""The gRPC server: its services, limits, and life."""

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from capsulecast.v1 import avatar_service_pb2 as avatar_pb
from capsulecast.v1 import avatar_service_pb2_grpc as avatar_grpc
from capsulecast.v1 import capsule_service_pb2 as capsule_pb
from capsulecast.v1 import capsule_service_pb2_grpc as capsule_grpc
from capsulecast.v1 import governance_service_pb2 as governance_pb
from capsulecast.v1 import governance_service_pb2_grpc as governance_grpc
from capsulecast.v1 import memory_service_pb2 as memory_pb
from capsulecast.v1 import memory_service_pb2_grpc as memory_grpc
from capsulecast.v1 import session_service_pb2 as session_pb
from capsulecast.v1 import session_service_pb2_grpc as session_grpc
from capsulecast.v1 import training_service_pb2 as training_pb
from capsulecast.v1 import training_service_pb2_grpc as training_grpc
from control_plane.access import Access
from control_plane.errors import UnavailableError
from control_plane.grpc_api.avatar_service import AvatarService
from control_plane.grpc_api.calling import servicer
from control_plane.grpc_api.capsule_service import CapsuleService
from control_plane.grpc_api.door import AccessInterceptor
from control_plane.grpc_api.governance_service import GovernanceService
from control_plane.grpc_api.session_service import SessionService
from control_plane.served import Served
from control_plane.studio.baker import MAX_PHOTO_BYTES
from control_plane.tls import TlsFiles
from control_plane.translate.memory_calls import MemoryCalls
from control_plane.translate.training_calls import TrainingCalls

__all__ = ["MAX_MESSAGE_BYTES", "GrpcServer"]

# A photo, and what is told with it.
MAX_MESSAGE_BYTES = MAX_PHOTO_BYTES + 256 * 1024
_GRACE_S = 0.5
_OPTIONS = (
    # Two servers on one port would share its calls at random.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", 16 * 1024),
    # A peer that vanished is noticed in 30 s, and clients may ask as often as every 10 s.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
)
_BEHIND_THE_DOOR = (
    governance_pb.DESCRIPTOR.services_by_name["GovernanceService"].full_name,
    memory_pb.DESCRIPTOR.services_by_name["MemoryService"].full_name,
    training_pb.DESCRIPTOR.services_by_name["TrainingService"].full_name,
)
_NAMES = (
    session_pb.DESCRIPTOR.services_by_name["SessionService"].full_name,
    capsule_pb.DESCRIPTOR.services_by_name["CapsuleService"].full_name,
    avatar_pb.DESCRIPTOR.services_by_name["AvatarService"].full_name,
    *_BEHIND_THE_DOOR,
)


class GrpcServer:
    """Answers gRPC calls on the running event loop: `bind`, then `start`.

    Args:
        tls: Certificate and key; None: no TLS.
        access: Who may call what not everybody may.
    """

    def __init__(self, tls: TlsFiles | None = None, access: Access | None = None) -> None:
        self._tls = tls
        self._door = AccessInterceptor(access or Access(), *_BEHIND_THE_DOOR)
        self._health = health.aio.HealthServicer()
        self._server: aio.Server | None = None

    def bind(self, host: str, port: int) -> int:
        """Takes the address and returns the port, which is a free one for 0.

        Raises:
            UnavailableError: The address is taken or not ours.
        """
        server = aio.server(interceptors=(self._door,), options=_OPTIONS)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            if self._tls is None:
                bound = server.add_insecure_port(address)
            else:
                pair = [(self._tls.key, self._tls.cert)]
                bound = server.add_secure_port(address, grpc.ssl_server_credentials(pair))
        except RuntimeError as error:
            raise UnavailableError(f"cannot listen for gRPC on {address}: is it taken?") from error
        self._server = server
        return bound

    async def start(self, served: Served) -> None:
        """Starts to answer.

        Args:
            served: What it opens onto.

        Raises:
            UnavailableError: No address was taken with `bind`.
        """
        server = self._server
        if server is None:
            raise UnavailableError("the gRPC server has no address")
        studio, remembered, defaults = served.studio, served.remembered, served.defaults
        session_grpc.add_SessionServiceServicer_to_server(
            SessionService(served.sessions, defaults), server
        )
        capsule_grpc.add_CapsuleServiceServicer_to_server(
            CapsuleService(served.catalog, studio, defaults.avatar), server
        )
        avatar_grpc.add_AvatarServiceServicer_to_server(AvatarService(studio), server)
        governance_grpc.add_GovernanceServiceServicer_to_server(
            GovernanceService(served.desk), server
        )
        memory_grpc.add_MemoryServiceServicer_to_server(
            servicer(memory_grpc.MemoryServiceServicer, MemoryCalls(remembered)), server
        )
        training_grpc.add_TrainingServiceServicer_to_server(
            servicer(training_grpc.TrainingServiceServicer, TrainingCalls(remembered)), server
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (*_NAMES, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
        await server.start()

    async def serving(self) -> None:
        """Tells health checks that the server is ready."""
        for name in ("", *_NAMES):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def draining(self) -> None:
        """Tells health checks that the server is going down, for good; safe twice."""
        await self._health.enter_graceful_shutdown()

    async def aclose(self) -> None:
        """Lets calls finish for half a second, then ends them; safe twice and before `start`."""
        server, self._server = self._server, None
        if server is not None:
            await self.draining()
            await server.stop(_GRACE_S)
