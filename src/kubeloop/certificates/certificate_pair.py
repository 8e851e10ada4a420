"""`CertificatePair`: a certificate with its chain, and its key."""

from __future__ import annotations

from cryptography import x509

from kubeloop._kit.raising import raise_alone
from kubeloop._kit.value import Value
from kubeloop.certificates.certificate_pem import encode_certificates, parse_certificates
from kubeloop.certificates.private_key import encode_private_key, parse_private_key
from kubeloop.errors import CredentialError

__all__ = ["CertificatePair", "parse_pair"]


class CertificatePair(Value, frozen=True):
    """A certificate and its key. `parse_pair` creates it and checks that they belong together.

    Attributes:
        certificate: The certificate and its chain as PEM, the leaf first.
        key: The key as PEM, without encryption. The `repr` does not show it.
        leaf: The certificate.
    """

    unshown = frozenset({"certificate", "key"})

    certificate: bytes
    key: bytes
    leaf: x509.Certificate


def parse_pair(certificate: bytes, key: bytes) -> CertificatePair:
    """Parse a certificate and its key, which may be in the same text.

    Args:
        certificate: PEM with the certificate, followed by its chain. Other blocks are ignored.
        key: PEM with the key. Other blocks are ignored.

    Raises:
        CredentialError: The certificate or the key cannot be parsed, or they do not belong together.

    Reference: Go crypto/tls.X509KeyPair.
    """
    try:
        chain = parse_certificates(certificate)
        private = parse_private_key(key)
    except CredentialError as error:
        raise_alone(error.with_traceback(None))
    finally:
        del certificate, key  # reports of errors may contain local variables
    if chain[0].public_key() != private.public_key():
        raise CredentialError("the key does not belong to the certificate: the public keys differ")
    return CertificatePair(encode_certificates(chain), encode_private_key(private), chain[0])
