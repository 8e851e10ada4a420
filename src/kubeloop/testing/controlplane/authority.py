"""The keys of one control plane: an authority, a serving certificate, client certificates and a service account key.

All are created for one run and written to files that only the user can read. They use the P-256 curve, because an RSA
key takes a tenth of a second, and the extensions that `ssl.VERIFY_X509_STRICT` of Python 3.13 requires.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from collections.abc import Iterable
from pathlib import Path

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "kubeloop.testing needs the package 'cryptography': pip install 'kubeloop[testing]'", name=error.name
    ) from error

LIFETIME = datetime.timedelta(days=365)
SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")


class Authority:
    """A certificate authority in memory, which writes the certificates that it signs to `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = _name("kubeloop-control-plane")
        builder = _builder(name, name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        self._certificate = builder.sign(self._key, hashes.SHA256())
        self.certificate_path = directory / "ca.crt"
        self.key_path = directory / "ca.key"
        _write(self.certificate_path, self._certificate.public_bytes(serialization.Encoding.PEM))
        _write(self.key_path, _private_bytes(self._key))

    def issue_server(self, name: str, addresses: Iterable[str]) -> tuple[Path, Path]:
        """Write a serving certificate for the usual names and these addresses; return the paths of it and its key."""
        names: list[x509.GeneralName] = [x509.DNSName(value) for value in SERVER_NAMES]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        alternatives = x509.SubjectAlternativeName(names)
        return self._issue(name, _name("kube-apiserver"), ExtendedKeyUsageOID.SERVER_AUTH, alternatives)

    def issue_client(
        self, name: str, user: str, groups: Iterable[str] = (), *, directory: Path | None = None
    ) -> tuple[Path, Path]:
        """Write a certificate that authenticates as `user` in `groups`; return the paths of it and its key."""
        return self._issue(name, _name(user, groups), ExtendedKeyUsageOID.CLIENT_AUTH, directory=directory)

    def _issue(
        self,
        name: str,
        subject: x509.Name,
        purpose: x509.ObjectIdentifier,
        alternatives: x509.SubjectAlternativeName | None = None,
        *,
        directory: Path | None = None,
    ) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, self._certificate.subject, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        if alternatives is not None:
            builder = builder.add_extension(alternatives, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        directory = directory or self._directory
        certificate_path, key_path = directory / f"{name}.crt", directory / f"{name}.key"
        _write(certificate_path, certificate.public_bytes(serialization.Encoding.PEM))
        _write(key_path, _private_bytes(key))
        return certificate_path, key_path


def write_service_account_keys(directory: Path) -> tuple[Path, Path]:
    """Write the key pair for service account tokens; return the paths of the private and the public key."""
    key = ec.generate_private_key(ec.SECP256R1())
    private, public = directory / "service-account.key", directory / "service-account.pub"
    _write(private, _private_bytes(key))
    _write(
        public,
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    )
    return private, public


def _name(common_name: str, organisations: Iterable[str] = ()) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, value) for value in organisations]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    # Valid for the last hour, so that a clock that was corrected does not invalidate the keys.
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _private_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, data: bytes) -> None:
    # A key is never overwritten, because users of the old one would not notice.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
