"""`CertificateMetrics`: the protocol that receives the measurements of a `CertificateManager`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["CertificateMetrics"]


class CertificateMetrics(Protocol):
    """Receives the measurements of certificate managers. The calls are synchronous and must be quick.

    `manager` is the name of the manager. `kubeloop.Metrics` implements this protocol. An exception loses a measurement
    and no certificate; the first is logged.

    Reference: client-go util/certificate (Histogram, Counter); the gauge is the kubelet's.
    """

    def certificate_expires(self, manager: str, expires: datetime | None, /) -> None:
        """Record when the current certificate expires; None if there is no certificate, or the manager ended."""

    def certificate_rotated(self, manager: str, age_seconds: float, /) -> None:
        """Record the age of a certificate when it was replaced."""

    def certificate_renewal_failed(self, manager: str, /) -> None:
        """Record that a certificate could not be renewed."""
