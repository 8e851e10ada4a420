"""TLS contexts: what the server is verified against, and the certificate that the client shows.

The server is verified always, unless the config says otherwise; its certificate must have the name among its subject
alternative names, a common name does not count. Files are read again now and then, so that a renewed authority or
client certificate is used without a restart; connections that are in use stay as they are. Nothing is left on disk:
keys that came as data go to OpenSSL through memory where the system can, else through a file that is removed at once.

Of a bundle of authorities each certificate that can be read is trusted; the others are skipped, as Go skips them, with
a warning that says which.

Reference: client-go transport/transport.go, TLSConfigFor; transport/ca_rotation.go, cert_rotation.go; Go's crypto/x509,
CertPool.AppendCertsFromPEM. Intended differences: client-go closes connections in use when the client's certificate
changes; it takes no PEM that is indented, as a YAML block that was copied is.
"""

from __future__ import annotations

import logging
import os
import ssl
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kubeloop.config.credential import ClientCertificate
from kubeloop.config.files import read_file
from kubeloop.errors import CredentialError
from kubeloop.transport.connecting.pem import pem_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import NoReturn

    from kubeloop.config import Config

__all__ = ["TLSContexts"]

logger = logging.getLogger(__name__)

_PERIOD = 300.0


class TLSContexts:
    """The TLS context for one server, renewed when its files change.

    Raises:
        ConfigError: An authority that cannot be read, or is none.
        CredentialError: A client certificate that cannot be read, or whose key does not belong to it.
    """

    def __init__(self, config: Config, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._config = config
        self._now = now
        self._given: ClientCertificate | None = None
        self._parts = self._read()
        self._context = self._build(*self._parts)
        self._check_at: float | None = None
        self._examined: ClientCertificate | None = None

    def __repr__(self) -> str:
        return f"<TLSContexts for {self._config.host}>"

    def current(self, now: float) -> ssl.SSLContext:
        """Return the context for a new connection.

        Args:
            now: The loop's time. Files are looked at again five minutes after the first call, and so on.
        """
        if self._check_at is None:
            self._check_at = now + _PERIOD
        elif now >= self._check_at:
            self._check_at = now + _PERIOD
            self._renew()
        return self._context

    def distrust(self) -> None:
        """Read the files again at the next call of `current`, because the server refused a handshake or a request.

        Log a warning if the client certificate has expired, once per certificate. This needs the package
        `cryptography` (`kubeloop[certificates]`); without it nothing is logged.
        """
        self._check_at = float("-inf")
        certificate = self._given or self._parts[1]
        if certificate is None or certificate is self._examined:
            return
        self._examined = certificate
        end = _end_of_validity(certificate.certificate)
        if end is not None and end < self._now():
            message = f"the client certificate expired on {end.isoformat()}: renew it"
            logger.warning("%s", self._config.located(message))

    def use_client_certificate(self, certificate: ClientCertificate) -> None:
        """Show this certificate from now on.

        Raises:
            CredentialError: Not a certificate, or not its key.
        """
        if certificate != self._given:
            context = self._build(self._parts[0], certificate)
            self._given, self._context = certificate, context

    def _renew(self) -> None:
        try:
            parts = self._read()
            if parts == self._parts:
                return
            context = self._build(parts[0], self._given or parts[1])
        except Exception as error:
            logger.warning("%s; what was loaded before stays in use", error)
            return
        self._parts, self._context = parts, context
        logger.info("reloaded the TLS files for %s", self._config.host)

    def _read(self) -> tuple[bytes | None, ClientCertificate | None]:
        config = self._config
        authority = config.ca_data or self._file(config.ca_file, "certificate-authority")
        certificate = config.cert_data or self._file(config.cert_file, "client-certificate")
        key = config.key_data or self._file(config.key_file, "client-key")
        if certificate is None:
            return authority, None
        assert key is not None, "a config has both or neither"
        return authority, ClientCertificate(certificate, key)

    def _file(self, path: str | None, what: str) -> bytes | None:
        if path is None:
            return None
        try:
            return read_file(path)
        except OSError as error:
            raise self._config.error(f"cannot read {what} {path}: {error.strerror or error}") from error

    def _build(self, authority: bytes | None, certificate: ClientCertificate | None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.hostname_checks_common_name = False
        if self._config.insecure_skip_tls_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif authority is None:
            context.load_default_certs()
        else:
            self._trust(context, authority)
        if certificate is not None:
            self._show(context, certificate)
        return context

    def _trust(self, context: ssl.SSLContext, authority: bytes) -> None:
        # As Go, trust any certificate that is given, also one that is not a root.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        found = pem_blocks(authority)
        what = self._config.ca_file if not self._config.ca_data else "certificate-authority-data"
        if not found:
            raise self._config.error(f"{what} has no certificate in PEM")
        skipped: list[str] = []
        for number, der in enumerate(found, 1):
            if (fault := _add(context, der)) is not None:
                skipped.append(f"certificate {number} of {len(found)} ({fault})")
        if len(skipped) == len(found):
            raise self._config.error(f"{what} has no certificate that can be read: {', '.join(skipped)}")
        if skipped:
            logger.warning(
                "%s", self._config.located(f"{what}: cannot read, and so does not trust {', '.join(skipped)}")
            )

    def _show(self, context: ssl.SSLContext, certificate: ClientCertificate) -> None:
        located = self._config.located
        try:
            with _as_file(certificate.certificate.rstrip() + b"\n" + certificate.key) as path:
                context.load_cert_chain(path, password=_refuse_password)
        except _EncryptedKeyError:
            raise CredentialError(located("the client key is encrypted: give it without a password")) from None
        except (ssl.SSLError, OSError, ValueError) as error:
            raise CredentialError(
                located(f"the client certificate and its key cannot be used together: {_reason(error)}")
            ) from None


def _add(context: ssl.SSLContext, der: bytes | None) -> str | None:
    """Trust a certificate; return what is wrong with it, None if nothing is."""
    if der is None:
        return "not PEM"
    try:
        context.load_verify_locations(cadata=der)
    except (ssl.SSLError, ValueError) as error:
        return _reason(error)
    return None


def _end_of_validity(pem: bytes) -> datetime | None:
    """Return when the first certificate of a PEM text expires; None if it cannot be read, or without `cryptography`."""
    try:
        # 30 ms to import, so only after a refusal.
        from cryptography import x509
    except ImportError:
        return None
    try:
        return x509.load_pem_x509_certificate(pem).not_valid_after_utc
    except (ValueError, Warning):  # a warning where the program turns warnings into errors
        return None


class _EncryptedKeyError(Exception):
    """OpenSSL asked for a password; without a callback of ours it would ask at the terminal."""


def _refuse_password() -> NoReturn:
    raise _EncryptedKeyError


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return reason.replace("_", " ").lower() if isinstance(reason, str) else "not PEM"


@contextmanager
def _as_file(data: bytes) -> Generator[str]:
    """Provide a path to bytes for as long as the block runs: OpenSSL reads keys from paths only."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        descriptor = os.memfd_create("kubeloop-key", os.MFD_CLOEXEC)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            yield f"/proc/self/fd/{descriptor}"
        return
    descriptor, path = tempfile.mkstemp(prefix="kubeloop-")  # readable by us alone
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        yield path
    finally:
        Path(path).unlink(missing_ok=True)
