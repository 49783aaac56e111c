import asyncio
import ssl
import subprocess
from pathlib import Path

import grpc
import pytest
from grpc import aio

from capsulecast.v1 import session_service_pb2 as pb
from control_plane.settings import SettingsError, load_settings
from control_plane.tls import load_tls
from tests.integration.grpc_client import Client
from tests.integration.running import LIMIT_S, running


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for this machine, and its key."""
    cert, key = folder / f"{name}.cert.pem", folder / f"{name}.key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    files = ["-nodes", "-days", "1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*command, *files, *subject], check=True, capture_output=True)
    return cert, key


def test_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    (cert, _), (_, key) = (certificate(tmp_path, name) for name in ("one", "two"))
    settings = load_settings({"tls_cert": str(cert), "tls_key": str(key)})
    with pytest.raises(SettingsError, match="tls_cert and tls_key: cannot use"):
        load_tls(settings)


def test_tls_encrypts_both_doors(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "own")

    async def main() -> None:
        async with running(tmp_path, tls_cert=str(cert), tls_key=str(key)) as server:
            credentials = grpc.ssl_channel_credentials(cert.read_bytes())
            async with aio.secure_channel(server.ready.grpc_address, credentials) as channel:
                await Client(channel).sessions.ListSessions(
                    pb.ListSessionsRequest(), timeout=LIMIT_S
                )
            assert server.ready.url.startswith("https://")
            host, port = server.ready.url.removeprefix("https://").split(":")
            context = ssl.create_default_context(cafile=str(cert))
            reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
            writer.write(
                b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            writer.close()

    asyncio.run(main())
