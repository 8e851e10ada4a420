"""When a certificate is requested: decisions of `CertificateManager`, without input, output, clocks or waiting.

Reference: client-go util/certificate (nextRotationDeadline, updateServerError).
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from kubeloop._kit.backoff import Backoff
from kubeloop.certificates.request_template import missing_names
from kubeloop.errors import APIError, Forbidden, NotFound, Unauthorized

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from cryptography import x509

    from kubeloop.certificates.certificate_pair import CertificatePair
    from kubeloop.certificates.request_template import RequestTemplate

__all__ = ["RotationSchedule", "renewal_time", "server_responds"]

_FIRST_SHARE = 0.7
_JITTERED_SHARE = 0.2


class RotationSchedule:
    """The current certificate, the template of the next one, and the time of the next request.

    Certificates are valid by the wall clock (`now`), pauses after failures pass on the clock of the event loop
    (`time`), which never goes back.

    Args:
        template: The names to request; None for none at present.
        random: The source of the jitter.
    """

    __slots__ = ("_backoff", "_current", "_random", "_renewal", "_requested", "_retry_at", "template")

    def __init__(self, template: RequestTemplate | None, *, random: Random) -> None:
        self.template = template
        self._random = random
        self._backoff = Backoff(2.0, factor=2.0, cap=32.0, jitter=0.1, random=random)
        self._current: CertificatePair | None = None
        self._renewal: datetime | None = None
        self._requested: RequestTemplate | None = None
        self._retry_at = -inf

    @property
    def current(self) -> CertificatePair | None:
        """The current pair, even if it has expired."""
        return self._current

    @property
    def renewal(self) -> datetime | None:
        """The time at which the current pair is renewed; None for at once."""
        return self._renewal

    def load(self, pair: CertificatePair | None, *, is_temporary: bool) -> None:
        """Begin with a pair from a store. A temporary pair is replaced at once."""
        self._current = pair
        self._renewal = None if pair is None or is_temporary else renewal_time(pair.leaf, self._random)
        self._requested = None
        self._retry_at = -inf
        self._backoff.reset()

    def missing(self) -> str:
        """Return what the current pair does not have and the template requires, for a log line; `""` for nothing."""
        if self._current is None:
            return "a certificate"
        return "" if self.template is None else missing_names(self.template, self._current.leaf)

    def seconds_until_request(self, now: datetime, time: float) -> float | None:
        """Return the seconds until the next request; 0 for at once, and None while there is no template."""
        if self.template is None:
            return None
        seconds = 0.0 if self._renewal is None or self.missing() else (self._renewal - now).total_seconds()
        return max(0.0, seconds, self._retry_at - time)

    def requested(self, template: RequestTemplate) -> None:
        """Record that a request for this template was created."""
        self._requested = template

    @property
    def is_request_outdated(self) -> bool:
        """Whether the last request is for another template, and the current pair does not satisfy the new one."""
        return self._requested != self.template and bool(self.missing())

    def issued(self, pair: CertificatePair, now: datetime, time: float) -> float:
        """Record a new pair, and return the seconds until the next request.

        If the pair does not have the names of the template, or is already to be renewed, the next request follows
        after a pause, as after a failure. Otherwise such a signer would get one request per round trip.
        """
        self._current = pair
        self._renewal = renewal_time(pair.leaf, self._random)
        if self.missing() or self._renewal <= now:
            return self.failed(time)
        self._retry_at = -inf
        self._backoff.reset()
        return (self._renewal - now).total_seconds()

    def failed(self, time: float) -> float:
        """Record a failure, and return the seconds until the next request."""
        delay = self._backoff.next(time)
        self._retry_at = time + delay
        return delay

    def __repr__(self) -> str:
        return f"<RotationSchedule: renewal {self._renewal}, {self._backoff!r}>"


def renewal_time(certificate: x509.Certificate, random: Random) -> datetime:
    """Return when to renew a certificate: after 70 to 90 % of its lifetime, so that machines do not renew together."""
    begin = certificate.not_valid_before_utc
    lifetime = certificate.not_valid_after_utc - begin
    return begin + lifetime * (_FIRST_SHARE + _JITTERED_SHARE * random.random())


def server_responds(error: Exception) -> bool:
    """Return whether a refused request shows that the API server works.

    Unauthorized, forbidden and not found come from a working server; the text of a proxy and everything else do not.
    """
    if isinstance(error, Unauthorized):
        return True
    if isinstance(error, APIError) and any(cause.reason == "UnexpectedServerResponse" for cause in error.causes):
        return False
    return isinstance(error, NotFound | Forbidden)
