"""`LeaseCandidate`: offers this process to the API server, which chooses the leader of a coordinated election.

Reference: client-go tools/leaderelection/leasecandidate.go; KEP-4355.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Self

from kubeloop import fields
from kubeloop._kit.backoff import Backoff
from kubeloop._kit.tasks import cancel_and_wait
from kubeloop._kit.text import safe_text
from kubeloop.meta.namespaces import DefaultNamespace
from kubeloop.models import coordination_v1beta1, meta_v1

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from kubeloop.clients.clientset import Clientset

__all__ = ["LeaseCandidate", "asks_for_renewal", "renewal_time"]

logger = logging.getLogger(__name__)

_REFRESH_SECONDS = 300.0


class LeaseCandidate:
    """Offers this process as the leader of a coordinated election, and shows that it is alive.

        name = default_identity().replace("_", "-")
        candidate = LeaseCandidate(clientset, name, "default", lease_name="x", binary_version="1.2.0")
        election = LeaderElection(clientset, "x", "default", identity=name, is_coordinated=True)
        async with candidate, election:
            ...

    Within the block, an object of the kind LeaseCandidate exists. Its renewTime is updated every five minutes, and when
    the server asks for that (pingTime). A failed request is repeated after 1, 2, 4 and so on up to 30 seconds; the
    error is logged and in `last_error`. The object stays after the block; the server deletes it later.

    Args:
        clientset: Sends the requests.
        name: The name of the object, which is the identity of this process in the election.
        namespace: The namespace of the object and of the Lease; `kubeloop.DEFAULT` for that of the config or pod.
        lease_name: The Lease that the candidates compete for.
        binary_version: The version of this program, such as `"1.2.0"`.
        emulation_version: The version whose behaviour this program shows; `""` for `binary_version`.
        strategy: How the server chooses. `OldestEmulationVersion` is the only one that Kubernetes has.
        now: The wall clock, for renewTime.
        random: The source of the jitter.

    Concurrency: One event loop.

    Reference: client-go NewCandidate. Intended differences: a deleted object is created again at once; renewTime is
        never before pingTime, so that a clock that is behind the server's does not cause an endless exchange.
    """

    def __init__(
        self,
        clientset: Clientset,
        name: str,
        namespace: str | DefaultNamespace,
        *,
        lease_name: str,
        binary_version: str,
        emulation_version: str = "",
        strategy: str = "OldestEmulationVersion",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        random: Random | None = None,
    ) -> None:
        if isinstance(namespace, DefaultNamespace):
            namespace = clientset.rest.config.namespace
        self._candidates = clientset.coordination_v1beta1.lease_candidates(namespace)
        self._name = name
        self._title = f"lease candidate {namespace}/{name}"
        self._lease_name = lease_name
        self._binary_version = binary_version
        self._emulation_version = emulation_version or binary_version
        self._strategy = strategy
        self._now = now
        self._backoff = Backoff(1.0, cap=30.0, jitter=1.0, reset_after=2 * _REFRESH_SECONDS, random=random)
        self._last_error: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def last_error(self) -> Exception | None:
        """The error of the last request; None after a success, and before the first request."""
        return self._last_error

    async def __aenter__(self) -> Self:
        """Begin to offer this process, without waiting for the server.

        Raises:
            RuntimeError: The block was entered before, and not left.
        """
        if self._task is not None:
            raise RuntimeError(f"{self!r} was entered before")
        self._task = asyncio.create_task(self._run(), name=self._title)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if task is not None:
            await cancel_and_wait(task)

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except Exception as error:
                self._last_error = error
                delay = self._backoff.next(asyncio.get_running_loop().time())
                logger.warning("%s: %s; retrying in %.1f s", self._title, safe_text(str(error)), delay)
                await asyncio.sleep(delay)

    async def _follow(self) -> None:
        """Renew the object whenever that is necessary, until a request fails."""
        await self._renew()
        selector = fields.equals("metadata.name", self._name)
        async with self._candidates.watch(field_selector=selector) as events:
            while True:
                limit = asyncio.timeout(_REFRESH_SECONDS)
                try:
                    async with limit:
                        async for event in events:
                            if event.type == "DELETED" or asks_for_renewal(event.object.spec):
                                break
                except TimeoutError:
                    if not limit.expired():
                        raise
                await self._renew()

    async def _renew(self) -> None:
        """Create the object, or update its renewTime."""
        found = await self._candidates.get_or_none(self._name)
        if found is None:
            spec = coordination_v1beta1.LeaseCandidateSpec(
                lease_name=self._lease_name,
                binary_version=self._binary_version,
                emulation_version=self._emulation_version,
                strategy=self._strategy,
                renew_time=self._now(),
            )
            metadata = meta_v1.ObjectMeta(name=self._name)
            await self._candidates.create(coordination_v1beta1.LeaseCandidate(metadata=metadata, spec=spec))
        else:
            draft = found.draft()
            draft.spec.renew_time = renewal_time(found.spec, self._now())
            await self._candidates.update(draft)
        self._last_error = None

    def __repr__(self) -> str:
        error = "" if self._last_error is None else f", last error: {safe_text(str(self._last_error))}"
        return f"<LeaseCandidate {self._title.removeprefix('lease candidate ')} for {self._lease_name}{error}>"


def asks_for_renewal(spec: coordination_v1beta1.LeaseCandidateSpec) -> bool:
    """Return whether the server waits for a renewal: its ping is later than the last renewal."""
    ping, renewed = spec.ping_time, spec.renew_time
    return ping is not None and (renewed is None or ping > renewed)


def renewal_time(spec: coordination_v1beta1.LeaseCandidateSpec, now: datetime) -> datetime:
    """Return a time for renewTime that responds to the server's ping, whatever our clock shows."""
    ping = spec.ping_time
    return now if ping is None else max(now, ping + timedelta(microseconds=1))
