"""`TLSContexts`: the TLS context of a config, which is replaced when the files of the config change.

`tls_context` builds contexts.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kubeloop.config.certificate_dates import certificate_dates
from kubeloop.config.credential import ClientCertificate
from kubeloop.config.files import read_file
from kubeloop.transport.connecting.tls_context import build_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from kubeloop.config import Config

__all__ = ["TLSContexts"]

logger = logging.getLogger(__name__)

_PERIOD = 300.0


class TLSContexts:
    """The TLS context for one server, which is replaced when its files change.

    The server is verified unless the config disables it. The name must be among the subject alternative names of its
    certificate; the common name is ignored. Files are read again every five minutes and after a refusal, so that
    renewed files are used without a restart; connections in use are kept. Certificates of an authority bundle that
    cannot be parsed are skipped with a warning.

    Args:
        config: The config with the certificates, or the paths of their files.
        now: The wall clock, for the expiry of the client certificate.

    Raises:
        ConfigError: The certificate authority cannot be read or contains no certificate.
        CredentialError: The client certificate cannot be read, or the key does not belong to it.

    Reference: client-go transport/transport.go, TLSConfigFor; transport/ca_rotation.go, cert_rotation.go; Go's
        crypto/x509, CertPool.AppendCertsFromPEM. Intended differences: client-go closes connections in use when the
        client certificate changes, and refuses indented PEM, for example from a copied YAML block.
    """

    def __init__(self, config: Config, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._config = config
        self._now = now
        self._given: ClientCertificate | None = None
        self._parts = self._read()
        self._context = build_context(self._config, *self._parts)
        self._check_at: float | None = None
        self._examined: ClientCertificate | None = None

    def __repr__(self) -> str:
        return f"<TLSContexts for {self._config.host}>"

    def current(self, now: float) -> ssl.SSLContext:
        """Return the context for a new connection, after reading the files if five minutes have passed.

        Args:
            now: The time of the event loop in seconds.
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
        dates = certificate_dates(certificate.certificate)
        if dates is not None and dates.end < self._now():
            message = f"the client certificate expired on {dates.end.isoformat()}: renew it"
            logger.warning("%s", self._config.located(message))

    def use_client_certificate(self, certificate: ClientCertificate | None) -> None:
        """Present this certificate on later connections; None for that of the config, or none.

        Raises:
            CredentialError: The text is not a certificate, or the key does not belong to it.
        """
        if certificate != self._given:
            context = build_context(self._config, self._parts[0], certificate or self._parts[1])
            self._given, self._context = certificate, context

    def _renew(self) -> None:
        try:
            parts = self._read()
            if parts == self._parts:
                return
            context = build_context(self._config, parts[0], self._given or parts[1])
        except Exception as error:
            logger.warning("%s; the files loaded before stay in use", error)
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
