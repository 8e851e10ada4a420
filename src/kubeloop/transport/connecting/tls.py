"""`TLSContexts`: the TLS context of a config, which is replaced when the files of the config change.

`tls_context` builds contexts.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kubeloop._kit.metrics_guard import MetricsGuard
from kubeloop.config.certificate_dates import certificate_dates
from kubeloop.config.credential import ClientCertificate
from kubeloop.config.files import read_file
from kubeloop.errors import ConfigError, CredentialError
from kubeloop.transport.connecting.tls_context import build_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from kubeloop.config import Config

__all__ = ["TLSContexts"]

logger = logging.getLogger(__name__)

_PERIOD = 300.0
_RETRY = 10.0
_NEVER_READ = float("-inf")


class TLSContexts:
    """The TLS context for one server, which is replaced when its files change.

    The server is verified unless the config disables it. The name must be among the subject alternative names of its
    certificate; the common name is ignored. Certificates of an authority bundle that cannot be parsed are skipped with
    a warning.

    Files are read again every five minutes and after a refusal, so that renewed files are used without a restart. If
    they cannot be used, the previous contents stay in use, with one warning per cause; a client certificate is then
    tried again after ten seconds, because the certificate and its key are often written one after the other.

    Args:
        config: The config with the certificates, or the paths of their files.
        now: The wall clock, for the expiry of the client certificate.

    Attributes:
        client_certificate: The certificate that new connections present; None for no certificate. Connections of
            another certificate must not be kept.

    Raises:
        ConfigError: The certificate authority cannot be read or contains no certificate.
        CredentialError: The client certificate cannot be read, or the key does not belong to it.

    Reference: client-go transport/transport.go, TLSConfigFor; transport/ca_rotation.go, cert_rotation.go; Go's
        crypto/x509, CertPool.AppendCertsFromPEM. Intended differences: client-go reads the client certificate again for
        each handshake, and refuses indented PEM, for example from a copied YAML block.
    """

    def __init__(self, config: Config, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._config = config
        self._now = now
        self._tell = MetricsGuard(f"client of {config.host}")
        self._authority = config.ca_data or self._file(config.ca_file, "certificate-authority")
        self._own = self._read_certificate()
        self._given: ClientCertificate | None = None
        self.client_certificate = self._own
        self._context = build_context(config, self._authority, self._own)
        self._check_at: float | None = None
        self._authority_at = self._certificate_at = _NEVER_READ
        self._faults: dict[str, str] = {}
        self._examined: ClientCertificate | None = None

    def __repr__(self) -> str:
        return f"<TLSContexts for {self._config.host}>"

    def current(self, now: float) -> ssl.SSLContext:
        """Return the context for a new connection, after reading the files if five minutes have passed.

        Args:
            now: The time of the event loop in seconds.
        """
        if self._check_at is None:
            self._check_at = self._authority_at = self._certificate_at = now + _PERIOD
        elif now >= self._check_at:
            if now >= self._authority_at:
                self._authority_at = now + _PERIOD
                self._renew_authority()
            if now >= self._certificate_at:
                self._certificate_at = now + (_PERIOD if self._renew_certificate() else _RETRY)
            self._check_at = min(self._authority_at, self._certificate_at)
        return self._context

    def distrust(self) -> None:
        """Read the files again at the next call of `current`, because the server refused a handshake or a request.

        Log a warning if the client certificate has expired, once per certificate. This needs the package
        `cryptography` (`kubeloop[certificates]`); without it nothing is logged.
        """
        self._check_at = self._authority_at = self._certificate_at = _NEVER_READ
        certificate = self.client_certificate
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
            self._present(certificate or self._own)
            self._given = certificate

    def _present(self, certificate: ClientCertificate | None) -> None:
        self._context = build_context(self._config, self._authority, certificate)
        self.client_certificate = certificate

    def _renew_authority(self) -> None:
        """Read the file of authorities, and report to the metrics whether and why it is used or not."""
        path, what = self._config.ca_file, "certificate-authority"
        if path is None or self._config.ca_data:
            return
        reason = "read_error"
        try:
            authority = self._file(path, what)
            reason = "empty"
            if not authority:
                raise self._config.error(f"{what} {path} is empty")
            reason = "ca_parse_error"
            if authority != self._authority:
                self._context = build_context(self._config, authority, self.client_certificate)
        except ConfigError as error:
            self._keep(what, error)
            self._count("failure", reason)
            return
        self._faults.pop(what, None)
        self._count("success", "unchanged" if authority == self._authority else "updated")
        if authority != self._authority:
            self._authority = authority
            logger.info("reloaded the certificate authorities for %s", self._config.host)

    def _renew_certificate(self) -> bool:
        """Read the files of the client certificate, and return whether they can be used."""
        what = "client-certificate"
        try:
            certificate = self._read_certificate()
            if certificate != self._own:
                if self._given is None:
                    self._present(certificate)
                self._own = certificate
                logger.info("reloaded the client certificate for %s", self._config.host)
        except (ConfigError, CredentialError) as error:
            self._keep(what, error)
            return False
        self._faults.pop(what, None)
        return True

    def _keep(self, what: str, error: Exception) -> None:
        """Log why files are not used, once until they can be used or the cause is another one."""
        if self._faults.get(what) != str(error):
            self._faults[what] = str(error)
            logger.warning("%s; the files loaded before stay in use", error)

    def _count(self, result: str, reason: str) -> None:
        if (metrics := self._config.metrics) is not None:
            self._tell(metrics.certificate_authority_reloaded, result, reason)

    def _read_certificate(self) -> ClientCertificate | None:
        config = self._config
        certificate = config.cert_data or self._file(config.cert_file, "client-certificate")
        key = config.key_data or self._file(config.key_file, "client-key")
        if certificate is None:
            return None
        assert key is not None, "a config has both or neither"
        return ClientCertificate(certificate, key)

    def _file(self, path: str | None, what: str) -> bytes | None:
        if path is None:
            return None
        try:
            return read_file(path)
        except OSError as error:
            raise self._config.error(f"cannot read {what} {path}: {error.strerror or error}") from error
