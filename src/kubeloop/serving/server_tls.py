"""The TLS context of a server."""

from __future__ import annotations

import ssl
from pathlib import Path

__all__ = ["server_tls_context"]


def server_tls_context(certificate: Path | str, key: Path | str, client_ca: Path | str | None = None) -> ssl.SSLContext:
    """Return the context of a server that shows a certificate, for TLS 1.2 or later.

    Args:
        certificate: The file with the certificate and its chain, in PEM.
        key: The file with its private key, in PEM.
        client_ca: The file with the authorities that sign the certificates of clients, in PEM. Every client must show
            such a certificate. None asks for none.

    Raises:
        OSError: A file cannot be read. An `ssl.SSLError`, which is an `OSError`, if its content does not fit.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context
