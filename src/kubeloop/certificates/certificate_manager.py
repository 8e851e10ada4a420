"""CertificateManager: requests a certificate, and renews it before it expires. `rotation_schedule` decides when.

Reference: client-go util/certificate (certificate_manager.go).
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Self

from kubeloop._kit.metrics_guard import MetricsGuard
from kubeloop._kit.tasks import cancel_and_wait
from kubeloop._kit.text import safe_text
from kubeloop.certificates.key_usage import client_usages
from kubeloop.certificates.private_key import check_key_strength, encode_private_key, generate_key
from kubeloop.certificates.request_template import build_request
from kubeloop.certificates.rotation_schedule import RotationSchedule, server_responds
from kubeloop.certificates.signing_request import ISSUE_TIMEOUT, request_certificate, wait_for_certificate
from kubeloop.errors import CredentialError, RequestTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from kubeloop.certificates.certificate_metrics import CertificateMetrics
    from kubeloop.certificates.certificate_pair import CertificatePair
    from kubeloop.certificates.file_store import CertificateStore
    from kubeloop.certificates.private_key import PrivateKey
    from kubeloop.certificates.request_template import RequestTemplate
    from kubeloop.clients.clientset import Clientset
    from kubeloop.models.certificates_v1 import CertificateSigningRequest, KeyUsage

__all__ = ["CertificateManager"]

logger = logging.getLogger(__name__)

# The wall clock is read at least once per hour: it may be set, and the loop's clock stops while a machine sleeps.
_LONGEST_SLEEP = 3600.0


class CertificateManager:
    """Keeps a certificate valid: requests it if the store has none, and renews it before it expires.

        manager = CertificateManager(connect, RequestTemplate("jane"), store, signer_name=SIGNER)
        async with manager:
            pair = await manager.wait_for_current(timeout=900)

    A certificate is renewed after 70 to 90 % of its lifetime, at random, and at once if it does not have the names of
    the template. Each attempt creates a new key and a CertificateSigningRequest, and waits for 15 minutes at most. A
    failed attempt is repeated after 2, 4, 8, 16 and then every 32 seconds, with jitter; the certificate before stays
    the current one, and `last_error` is the reason. Entering reads the store and raises if it cannot be read.

    Args:
        connect: Returns the client for one attempt, which the manager enters and leaves: a Clientset that
            authenticates with the given pair, or with other credentials if there is none.
        template: The names in the certificate; None to request nothing until `set_template` is called.
        store: Where the certificate and its key are kept, such as a `FileStore`.
        signer_name: The signer, such as `kubernetes.io/kube-apiserver-client`.
        usages: Returns what the certificate may be used for, given its key; `server_usages` for a serving certificate.
        lifetime: The seconds of validity to ask the signer for, 600 at least; None for the signer's default.
        bootstrap: A pair that is current until the first certificate is issued, if the store has no valid pair. It is
            stored, and replaced at once.
        generate_key: Creates the key of a request: elliptic with 256 bits or RSA with 2048 bits at least. An RSA key
            blocks the event loop for a tenth of a second or more.
        name: The name in log lines and metrics; the signer's name if it is empty.
        metrics: Receives the measurements, such as a `kubeloop.Metrics`.
        now: The wall clock.
        random: The source of the jitter.

    Concurrency: One event loop. Leaving the block ends the current attempt.

    Reference: client-go util/certificate.NewManager. Intended differences: a new template is passed to `set_template`,
        and not read from a function every second; a certificate without the requested names is requested again with
        back-off, and not every second.
    """

    def __init__(
        self,
        connect: Callable[[CertificatePair | None], AbstractAsyncContextManager[Clientset]],
        template: RequestTemplate | None,
        store: CertificateStore,
        *,
        signer_name: str,
        usages: Callable[[PrivateKey], Sequence[KeyUsage]] = client_usages,
        lifetime: float | None = None,
        bootstrap: CertificatePair | None = None,
        generate_key: Callable[[], PrivateKey] = generate_key,
        name: str = "",
        metrics: CertificateMetrics | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        random: Random | None = None,
    ) -> None:
        self._connect = connect
        self._store = store
        self._signer_name = signer_name
        self._usages = usages
        self._lifetime = lifetime
        self._bootstrap = bootstrap
        self._generate_key = generate_key
        self._name = name or signer_name
        self._metrics = metrics
        self._tell = MetricsGuard(f"certificate manager {self._name}")
        self._now = now
        self._random = random or Random()  # noqa: S311 (the randomness only spreads requests)
        self._schedule = RotationSchedule(template, random=self._random)
        self._template_changed = asyncio.Event()
        self._news = asyncio.Event()
        self._is_server_healthy = False
        self._last_error: Exception | None = None
        self._waiting: asyncio.Timeout | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def server_healthy(self) -> bool:
        """Whether the API server worked at the last attempt; False before the first one."""
        return self._is_server_healthy

    @property
    def last_error(self) -> Exception | None:
        """The error of the last attempt; None after a success, and before the first attempt."""
        return self._last_error

    @property
    def template(self) -> RequestTemplate | None:
        """The names in the next certificate."""
        return self._schedule.template

    def current(self) -> CertificatePair | None:
        """Return the current pair; None if there is none yet, or if it has expired."""
        pair = self._schedule.current
        return None if pair is None or self._now() > pair.leaf.not_valid_after_utc else pair

    def set_template(self, template: RequestTemplate | None) -> None:
        """Change the names to request; None to request nothing.

        If the current certificate does not have the new names, one is requested, and a pending request for the names
        before is no longer waited for.
        """
        self._schedule.template = template
        self._template_changed.set()
        self._abandon_outdated_request()

    async def wait_for_current(self, *, timeout: float | None = None) -> CertificatePair:
        """Wait until there is a current pair, and return it.

        Args:
            timeout: The seconds to wait; None to wait for any time.

        Raises:
            RequestTimeout: There was none in time. The message contains the last error.
            RuntimeError: The block of the manager has not been entered, or was left.
        """
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                while True:
                    if self._task is None:
                        raise RuntimeError(f"{self!r} runs inside of its block: async with manager: ...")
                    if (pair := self.current()) is not None:
                        return pair
                    await self._news.wait()
        except TimeoutError:
            if not limit.expired():
                raise
            reason = "the request is pending" if self._last_error is None else f"the last error: {self._last_error}"
            message = f"certificate manager {self._name}: no certificate within {timeout:g} s; {reason}"
            raise RequestTimeout(message, retryable=False) from None

    async def __aenter__(self) -> Self:
        """Read the store, and begin to renew the certificate.

        Raises:
            CredentialError: The store cannot be read.
            RuntimeError: The manager was entered before, and not left.
        """
        if self._task is not None:
            raise RuntimeError(f"{self!r} was entered before")
        self._load()
        self._last_error = None
        self._task = asyncio.create_task(self._run(), name=f"certificate manager {self._name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        try:
            if task is not None:
                await cancel_and_wait(task)
        finally:
            self._publish()
            if self._metrics is not None:
                self._tell(self._metrics.certificate_expires, self._name, None)

    def _load(self) -> None:
        pair = self._store.current()
        if pair is not None and self._now() < pair.leaf.not_valid_after_utc:
            self._schedule.load(pair, is_temporary=False)
            self._report_expiry(pair)
            return
        bootstrap = self._bootstrap
        self._schedule.load(bootstrap, is_temporary=True)
        if bootstrap is None:
            what = "no certificate" if pair is None else "only an expired certificate"
            logger.info("certificate manager %s: %r has %s; requesting one", self._name, self._store, what)
            return
        self._report_expiry(bootstrap)
        try:
            self._store.update(bootstrap.certificate, bootstrap.key)
        except Exception as error:
            logger.warning(
                "certificate manager %s: cannot store the bootstrap certificate: %s", self._name, safe_text(str(error))
            )

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            seconds = self._schedule.seconds_until_request(self._now(), loop.time())
            if seconds == 0.0:
                await self._renew()
                continue
            logger.debug("certificate manager %s: the next request follows in %s s", self._name, seconds)
            self._template_changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if seconds is None else min(seconds, _LONGEST_SLEEP)):
                    await self._template_changed.wait()

    async def _renew(self) -> None:
        """Carry out one attempt, and record its result."""
        time = asyncio.get_running_loop().time
        before = self._schedule.current
        try:
            pair = await self._request()
        except Exception as error:
            self._last_error = error
            if self._metrics is not None:
                self._tell(self._metrics.certificate_renewal_failed, self._name)
            delay = self._schedule.failed(time())
            level = logging.ERROR if self.current() is None else logging.WARNING
            logger.log(
                level,
                "certificate manager %s: the certificate could not be renewed: %s; next attempt in %.1f s",
                self._name,
                safe_text(str(error)),
                delay,
            )
            return
        self._last_error = None
        self._is_server_healthy = True
        seconds = self._schedule.issued(pair, self._now(), time())
        if before is not None and self._metrics is not None:
            age = (self._now() - before.leaf.not_valid_before_utc).total_seconds()
            self._tell(self._metrics.certificate_rotated, self._name, age)
        self._report_expiry(pair)
        if missing := self._schedule.missing():
            logger.warning(
                "certificate manager %s: the issued certificate does not have %s; check the signer; requesting again "
                "in %.1f s",
                self._name,
                missing,
                seconds,
            )
        self._publish()

    async def _request(self) -> CertificatePair:
        """Create a key, request its certificate, wait for it, and store both."""
        template = self._schedule.template
        assert template is not None, "nothing is requested without a template"
        key = self._generate_key()
        check_key_strength(key)
        request, usages = build_request(template, key), self._usages(key)
        async with self._connect(self.current()) as clientset:
            try:
                requested = await request_certificate(
                    clientset, request, key, signer_name=self._signer_name, usages=usages, lifetime=self._lifetime
                )
            except Exception as error:
                self._is_server_healthy = server_responds(error)
                raise
            self._schedule.requested(template)
            certificate = await self._wait(clientset, requested)
        return self._store.update(certificate, encode_private_key(key))

    async def _wait(self, clientset: Clientset, requested: CertificateSigningRequest) -> bytes:
        """Wait until the request is issued, or is no longer for the current template."""
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._waiting = scope
                self._abandon_outdated_request()
                return await wait_for_certificate(clientset, requested, timeout=ISSUE_TIMEOUT, random=self._random)
        except TimeoutError:
            if not scope.expired():
                raise
            name = requested.metadata.name
            raise CredentialError(
                f"certificate signing request {name} is no longer waited for, because the template changed"
            ) from None
        finally:
            self._waiting = None

    def _abandon_outdated_request(self) -> None:
        if self._waiting is not None and self._schedule.is_request_outdated:
            self._waiting.reschedule(asyncio.get_running_loop().time())
            self._waiting = None

    def _report_expiry(self, pair: CertificatePair) -> None:
        expires, renewal = pair.leaf.not_valid_after_utc, self._schedule.renewal
        logger.info(
            "certificate manager %s: the certificate expires on %s; renewing it %s",
            self._name,
            expires.isoformat(),
            "now" if renewal is None else f"on {renewal.isoformat(timespec='seconds')}",
        )
        if self._metrics is not None:
            self._tell(self._metrics.certificate_expires, self._name, expires)

    def _publish(self) -> None:
        """Wake the callers of `wait_for_current`."""
        self._news.set()
        self._news.clear()

    def __repr__(self) -> str:
        pair = self._schedule.current
        state = "no certificate" if pair is None else f"valid until {pair.leaf.not_valid_after_utc.isoformat()}"
        error = "" if self._last_error is None else f", last error: {safe_text(str(self._last_error))}"
        return f"<CertificateManager {self._name}: {state}{error}>"
