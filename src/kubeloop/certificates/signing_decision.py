"""Decisions about CertificateSigningRequests, without input and output: issued or not, and which one can be reused.

Reference: client-go util/certificate/csr.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from kubeloop.certificates.certificate_pem import parse_certificates
from kubeloop.certificates.pem_block import pem_blocks
from kubeloop.errors import CredentialError

if TYPE_CHECKING:
    from datetime import datetime

    from kubeloop.certificates.private_key import PrivateKey
    from kubeloop.models.certificates_v1 import CertificateSigningRequest

__all__ = ["check_reusable", "expiration_seconds", "issued_certificate"]


def expiration_seconds(lifetime: float) -> int:
    """Return a lifetime in seconds as the field `spec.expirationSeconds`, without the fraction of a second.

    Raises:
        ValueError: The lifetime is negative, or larger than the field can be (68 years).
    """
    if not 0 <= lifetime < 2**31:
        raise ValueError(f"expected a lifetime between 0 and {2**31 - 1} s, got {lifetime:g} s")
    return int(lifetime)


def issued_certificate(request: CertificateSigningRequest, uid: str) -> bytes | None:
    """Return the certificate of a request that is approved and issued; None while it is pending.

    Args:
        request: The object as the server has it now.
        uid: The uid of the object that was created.

    Raises:
        CredentialError: The request was denied or has failed, or it is another object of the same name.
    """
    name = f"CertificateSigningRequest {request.metadata.name}"
    if request.metadata.uid != uid:
        raise CredentialError(f"{name} was deleted and created again by another client: request the certificate again")
    is_approved = False
    for condition in request.status.conditions:
        if condition.type in ("Denied", "Failed"):
            what = "was denied" if condition.type == "Denied" else "has failed"
            raise CredentialError(f"{name} {what}: {condition.message or 'no message'} (reason {condition.reason!r})")
        is_approved = is_approved or condition.type == "Approved"
    return (request.status.certificate or None) if is_approved else None


def check_reusable(
    found: CertificateSigningRequest, *, request: bytes, signer_name: str, key: PrivateKey, now: datetime
) -> None:
    """Check that an existing request of the same name leads to the certificate that is wanted.

    Args:
        found: The object that the server has under this name.
        request: The request that was to be sent, as PEM.
        signer_name: The signer that was to be asked.
        key: The key of `request`.
        now: The current time.

    Raises:
        CredentialError: The existing request has another subject, signer or key, or its certificate has expired.
    """
    name = f"CertificateSigningRequest {found.metadata.name} exists and cannot be reused"
    theirs, ours = _parse(found.spec.request, name), _parse(request, "the request")
    if theirs.subject != ours.subject:
        expected, got = ours.subject.rfc4514_string(), theirs.subject.rfc4514_string()
        raise CredentialError(f"{name}: expected the subject {expected!r}, got {got!r}; choose another name")
    signer = found.spec.signer_name
    if signer and signer_name and signer != signer_name:
        raise CredentialError(f"{name}: expected the signer {signer_name!r}, got {signer!r}; choose another name")
    if not _is_signed_by(theirs, key):
        raise CredentialError(f"{name}: it was signed with another key; delete it or choose another name")
    if found.status.certificate:
        for certificate in parse_certificates(found.status.certificate):
            if now > (end := certificate.not_valid_after_utc):
                raise CredentialError(f"{name}: its certificate expired on {end.isoformat()}; delete it")


def _is_signed_by(request: x509.CertificateSigningRequest, key: PrivateKey) -> bool:
    try:
        return request.public_key() == key.public_key() and request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        return False


def _parse(pem: bytes, name: str) -> x509.CertificateSigningRequest:
    """Parse the first block of a text, which must be a request."""
    block = next(pem_blocks(pem), None)
    if block is not None and block.label == "CERTIFICATE REQUEST" and block.der is not None:
        try:
            return x509.load_der_x509_csr(block.der)
        except ValueError:
            pass
    raise CredentialError(f"{name}: expected a PEM block of the type CERTIFICATE REQUEST in spec.request")
