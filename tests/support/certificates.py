"""Certificates for tests: an authority, and the certificates that it signs. The keys are elliptic, so creating them is
fast.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

__all__ = ["Authority", "Pair", "authority", "server_context"]


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, in PEM."""

    certificate: bytes
    key: bytes

    def encrypted_key(self, password: bytes) -> bytes:
        """Return the key, encrypted."""
        key = serialization.load_pem_private_key(self.key, None)
        form = serialization.PrivateFormat.PKCS8
        return key.private_bytes(serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(password))


class Authority:
    """An authority that signs the certificates that a test needs."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(self._name, self._name, self._key.public_key(), *_span(False))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = _pem(builder.sign(self._key, hashes.SHA256()))

    def sign(self, name: str, *, dns: tuple[str, ...] = (), address: bool = True, expired: bool = False) -> Pair:
        """Sign a certificate for these names, and for 127.0.0.1 unless the arguments exclude that address."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names: list[x509.GeneralName] = [x509.DNSName(each) for each in dns]
        if address:
            names.append(x509.IPAddress(IPv4Address("127.0.0.1")))
        builder = _builder(subject, self._name, key.public_key(), *_span(expired))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        form = serialization.PrivateFormat.PKCS8
        private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        return Pair(_pem(builder.sign(self._key, hashes.SHA256())), private)


@cache
def authority(name: str = "test authority") -> Authority:
    """Return the authority of a name, the same object for each call."""
    return Authority(name)


def server_context(pair: Pair, directory: Path, *, clients_of: Authority | None = None) -> ssl.SSLContext:
    """Create the context of a server that shows this certificate and, if asked for, requires a certificate of its
    clients.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    path = directory / "server.pem"
    path.write_bytes(pair.certificate + pair.key)
    context.load_cert_chain(path)
    if clients_of is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients_of.certificate.decode())
    return context


def _span(expired: bool) -> tuple[datetime, datetime]:
    day = timedelta(days=1)
    end = datetime.now(UTC) + (-day if expired else 9 * day)
    return end - 10 * day, end


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
