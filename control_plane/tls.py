"""Transport security for both doors, from one certificate and key."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from control_plane.settings import Settings, SettingsError

__all__ = ["TlsFiles", "load_tls"]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate chain and its key that go together.

    Attributes:
        cert_path: The chain's file.
        key_path: The key's file.
        cert: The chain, PEM.
        key: The key, PEM.
    """

    cert_path: Path
    key_path: Path
    cert: bytes
    key: bytes

    def __repr__(self) -> str:
        return f"TlsFiles({str(self.cert_path)!r})"


def load_tls(settings: Settings) -> TlsFiles | None:
    """Reads and checks the files; None where there is to be no TLS.

    Raises:
        SettingsError: They cannot be read, or the key is not the certificate's.
    """
    cert, key = settings.tls_cert, settings.tls_key
    if cert is None or key is None:
        return None
    try:
        files = TlsFiles(cert, key, cert.read_bytes(), key.read_bytes())
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except OSError as error:  # ssl.SSLError is one
        # Which of the two it is, the operating system says, but OpenSSL does not.
        named = repr(error.filename) if error.filename else f"{str(cert)!r} with {str(key)!r}"
        reason = getattr(error, "reason", "") or error.strerror or str(error)
        raise SettingsError(f"tls_cert and tls_key: cannot use {named}: {reason}") from error
    return files
