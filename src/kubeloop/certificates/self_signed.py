"""Self-signed certificates: an authority, and a serving certificate with an authority of its own.

Reference: client-go util/cert (cert.go).
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from kubeloop.certificates.certificate_pem import encode_certificates
from kubeloop.certificates.private_key import encode_private_key, generate_key
from kubeloop.certificates.request_template import alternative_names, subject_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeloop.certificates.private_key import PrivateKey
    from kubeloop.certificates.public_key import PublicKey

__all__ = ["self_signed_authority", "self_signed_pair"]

_YEAR = timedelta(days=365)
# Clocks differ, so a certificate is already valid on a machine whose clock is late.
_BACKDATED = timedelta(hours=1)


def self_signed_authority(
    common_name: str,
    key: PrivateKey,
    *,
    organizations: Sequence[str] = (),
    begin: datetime | None = None,
    now: datetime | None = None,
) -> x509.Certificate:
    """Create the certificate of an authority, which is valid for ten years from now and can sign certificates.

    Args:
        common_name: The name of the authority, and its DNS name.
        key: The key of the authority, which signs the certificate.
        organizations: The organizations in the subject.
        begin: When the certificate becomes valid; None for now.
        now: The current time; None for that of the system.
    """
    now = datetime.now(UTC) if now is None else now
    subject = subject_name(common_name, organizations)
    builder = _builder(subject, subject, key.public_key(), begin or now, now + 10 * _YEAR)
    if common_name:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(common_name)]), critical=False)
    return _as_authority(builder).sign(key, hashes.SHA256())


def self_signed_pair(
    host: str,
    *,
    dns_names: Sequence[str] = (),
    ip_addresses: Sequence[str] = (),
    lifetime: float = _YEAR.total_seconds(),
    now: datetime | None = None,
) -> tuple[bytes, bytes]:
    """Create a serving certificate for a host, signed by an authority that is created for it and then forgotten.

    Args:
        host: The DNS name or IP address of the server.
        dns_names: More DNS names of the server.
        ip_addresses: More IP addresses of the server.
        lifetime: The seconds of validity, which begins an hour ago.
        now: The current time; None for that of the system.

    Returns:
        The certificate, followed by that of its authority, and the P-256 key; both as PEM. A client that trusts this
        text trusts the server.

    Raises:
        ValueError: An address is not an IP address, or a name contains characters outside ASCII.

    Reference: client-go util/cert.GenerateSelfSignedCertKey. Intended difference: client-go creates RSA keys, which
        takes a thousand times as long.
    """
    now = datetime.now(UTC) if now is None else now
    begin = now - _BACKDATED
    end = begin + timedelta(seconds=lifetime)
    authority_key, key = generate_key(), generate_key()
    issuer = subject_name(f"{host}-ca@{now.timestamp():.0f}")
    authority = _as_authority(_builder(issuer, issuer, authority_key.public_key(), begin, end))
    authority_certificate = authority.sign(authority_key, hashes.SHA256())
    is_address = _is_address(host)
    names = alternative_names(
        dns_names=dns_names if is_address else (host, *dns_names),
        ip_addresses=(host, *ip_addresses) if is_address else ip_addresses,
    )
    assert names is not None, "there is at least the host"
    builder = (
        _builder(subject_name(f"{host}@{now.timestamp():.0f}"), issuer, key.public_key(), begin, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .add_extension(names, critical=False)
    )
    certificate = builder.sign(authority_key, hashes.SHA256())
    return encode_certificates([certificate, authority_certificate]), encode_private_key(key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _as_authority(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.add_extension(_key_usage(signs_certificates=True), critical=True)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
