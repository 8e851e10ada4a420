"""The dates between which a certificate is valid, read with `cryptography`, which is an extra."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

__all__ = ["CertificateDates", "certificate_dates"]


class CertificateDates(NamedTuple):
    """When the validity of a certificate begins and ends, in UTC."""

    begin: datetime
    end: datetime


def certificate_dates(pem: bytes) -> CertificateDates | None:
    """Return the dates of the first certificate of a PEM text; None if it cannot be read, or without `cryptography`."""
    try:
        # 30 ms to import, so only when a date is needed.
        from cryptography import x509
    except ImportError:
        return None
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        return CertificateDates(certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    except Exception:  # of any version of the package: it must not hide what the date is needed for
        return None
