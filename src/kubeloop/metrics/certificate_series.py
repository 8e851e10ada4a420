"""`CertificateSeries`: what is counted for certificate managers, with the kubelet's names and their own as a label."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from kubeloop._kit.metric_family import Counter, Gauge, Histogram, MetricFamily

__all__ = ["CertificateSeries"]

_MANAGED_AGES = (60, 3600, 14400, 86400, 604800, 2592000, 7776000, 15552000, 31104000, 124416000)


class CertificateSeries:
    """The series of certificate managers; implements the protocol `CertificateMetrics`.

    Args:
        now: The wall clock, for the time until certificates expire.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        by_name = ("name",)
        self._expiries: dict[str, datetime] = {}
        self._managed_ttl = Gauge(
            "certificate_manager_ttl_seconds",
            "Seconds until the certificate of the manager expires, negative if it has expired.",
            by_name,
        )
        self._managed_ages = Histogram(
            "certificate_manager_rotation_seconds",
            "Age in seconds of certificates when they were replaced.",
            _MANAGED_AGES,
            by_name,
        )
        self._renewal_failures = Counter(
            "certificate_manager_expiration_renew_errors", "Certificates that could not be renewed.", by_name
        )

    def certificate_families(self) -> tuple[MetricFamily, ...]:
        """Return the metrics with their samples at this time."""
        now = self._now()
        managed: dict[tuple[str, ...], float] = {
            (name,): (expires - now).total_seconds() for name, expires in self._expiries.items()
        }
        self._managed_ttl.replace_all(managed)
        return tuple(metric.collect() for metric in (self._managed_ttl, self._managed_ages, self._renewal_failures))

    # The protocol `CertificateMetrics`.

    def certificate_expires(self, manager: str, expires: datetime | None, /) -> None:
        """Record when the certificate of a manager expires."""
        if expires is None:
            self._expiries.pop(manager, None)
        else:
            self._expiries[manager] = expires

    def certificate_rotated(self, manager: str, age_seconds: float, /) -> None:
        """Record the age of a certificate when it was replaced."""
        self._managed_ages.observe(age_seconds, manager)

    def certificate_renewal_failed(self, manager: str, /) -> None:
        """Record that a certificate could not be renewed."""
        self._renewal_failures.increment(manager)
