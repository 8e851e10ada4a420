"""Building TLS contexts: how the server is verified, and which certificate the client presents.

Keys given as data reach OpenSSL through memory where the system supports it, otherwise through a file that is removed
immediately.
"""

from __future__ import annotations

import logging
import os
import ssl
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kubeloop.errors import CredentialError
from kubeloop.transport.connecting.pem import pem_blocks

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import NoReturn

    from kubeloop.config import Config
    from kubeloop.config.credential import ClientCertificate

__all__ = ["build_context"]

logger = logging.getLogger(__name__)


def build_context(config: Config, authority: bytes | None, certificate: ClientCertificate | None) -> ssl.SSLContext:
    """Create the context for the connections of a config.

    Args:
        config: The config, whose own certificates are not read.
        authority: The authorities to trust, as PEM; None for those of the system.
        certificate: The client certificate to present; None for no certificate.

    Raises:
        ConfigError: The authorities contain no certificate that can be parsed.
        CredentialError: The client certificate cannot be parsed, or the key does not belong to it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.hostname_checks_common_name = False
    if config.insecure_skip_tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif authority is None:
        context.load_default_certs()
    else:
        _trust(config, context, authority)
    if certificate is not None:
        _show(config, context, certificate)
    return context


def _trust(config: Config, context: ssl.SSLContext, authority: bytes) -> None:
    # As Go, trust every configured certificate, even if it is not a root.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    found = pem_blocks(authority)
    what = config.ca_file if not config.ca_data else "certificate-authority-data"
    if not found:
        raise config.error(f"{what} contains no PEM certificate")
    skipped: list[str] = []
    for number, der in enumerate(found, 1):
        if (fault := _add(context, der)) is not None:
            skipped.append(f"certificate {number} of {len(found)} ({fault})")
    if len(skipped) == len(found):
        raise config.error(f"{what} contains no certificate that can be parsed: {', '.join(skipped)}")
    if skipped:
        logger.warning("%s", config.located(f"{what}: cannot read, and so does not trust {', '.join(skipped)}"))


def _show(config: Config, context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    located = config.located
    try:
        with _as_file(certificate.certificate.rstrip() + b"\n" + certificate.key) as path:
            context.load_cert_chain(path, password=_refuse_password)
    except _EncryptedKeyError:
        raise CredentialError(located("the client key is encrypted: store it without a password")) from None
    except (ssl.SSLError, OSError, ValueError) as error:
        raise CredentialError(
            located(f"the client certificate and its key cannot be used together: {_reason(error)}")
        ) from None


def _add(context: ssl.SSLContext, der: bytes | None) -> str | None:
    """Trust a certificate; return what is wrong with it, or None."""
    if der is None:
        return "not PEM"
    try:
        context.load_verify_locations(cadata=der)
    except (ssl.SSLError, ValueError) as error:
        return _reason(error)
    return None


class _EncryptedKeyError(Exception):
    """OpenSSL asked for a password. Without our callback it would prompt on the terminal."""


def _refuse_password() -> NoReturn:
    raise _EncryptedKeyError


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return reason.replace("_", " ").lower() if isinstance(reason, str) else "not PEM"


@contextmanager
def _as_file(data: bytes) -> Generator[str]:
    """Provide a path to bytes while the block runs, because OpenSSL reads keys only from paths."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        descriptor = os.memfd_create("kubeloop-key", os.MFD_CLOEXEC)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            yield f"/proc/self/fd/{descriptor}"
        return
    descriptor, path = tempfile.mkstemp(prefix="kubeloop-")  # only its owner can read it
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        yield path
    finally:
        Path(path).unlink(missing_ok=True)
