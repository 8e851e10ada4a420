"""`LeaderElection`: waits for the lease, renews it while a body runs, and cancels the body when the lease is lost.

`election_machine` decides, and `lease_lock` sends the requests.

Reference: client-go tools/leaderelection (leaderelection.go, healthzadaptor.go).
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Self, TypeVar

from kubeloop._kit.metrics_guard import MetricsGuard
from kubeloop._kit.tasks import cancel_and_wait
from kubeloop._kit.text import reason_of, safe_text
from kubeloop._kit.waiting import to_the_end
from kubeloop.errors import AlreadyExists, APIError, Conflict, LeadershipLost
from kubeloop.leaderelection.election_machine import (
    ElectionMachine,
    LeaseTimes,
    ReadLease,
    StopLeading,
    Wait,
    WriteLease,
    released,
)
from kubeloop.leaderelection.leader_term import LeaderTerm, live_clock
from kubeloop.leaderelection.lease_lock import LeaseLock, default_identity
from kubeloop.meta.namespaces import DefaultNamespace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType

    from kubeloop.clients.clientset import Clientset
    from kubeloop.leaderelection.leader_metrics import LeaderMetrics
    from kubeloop.record.recorder import Recorder
    from kubeloop.rest.server_client import ServerClient

__all__ = ["LeaderElection"]

logger = logging.getLogger(__name__)

T = TypeVar("T")
C = TypeVar("C", bound="ServerClient")

_CONFLICT_PAUSE = 0.1


class LeaderElection:
    """One candidate for a Lease: `async with election` waits until it is the leader, and runs its body as the leader.

        election = LeaderElection(clientset, "my-controller", "default")
        fenced = election.fence(clientset)
        async with election:
            await reconcile_for_ever(fenced)

    - The body is cancelled when the lease is lost, and the block then raises `LeadershipLost`. Any other cancellation
      of the task stays a `CancelledError`.
    - A body that blocks the event loop is not cancelled in time, because nothing runs meanwhile. The client that
      `fence` returns sends nothing after the deadline even then.
    - The lease is renewed until the body has ended, and then released, so that another candidate can take it at once.
    - No request of the election outlives the deadline, whatever the server and the network do.

    Entering the block again takes part in the election again.

    Args:
        clientset: Sends the requests of the election. Do not give it a rate limit (`qps`) that other work can use up.
        name: The name of the Lease, which all candidates share; also the label in metrics.
        namespace: The namespace of the Lease; `kubeloop.DEFAULT` for that of the config or pod.
        identity: The name of this candidate, which no other candidate may have; None for the host name and a UUID.
        lease_duration: The seconds for which other candidates wait after they have seen the last renewal; a whole
            number.
        renew_deadline: The seconds for which the leader works after it sent its last successful renewal.
        retry_period: The seconds between two attempts; candidates that wait add up to 120 % at random.
        labels: Labels of the Lease; its other labels stay.
        annotations: Annotations of the Lease; its other annotations stay.
        is_coordinated: Whether the API server chooses the leader among `LeaseCandidate` objects (KEP-4355).
        on_new_leader: Called with the identity of each new leader that is observed, `""` after a release.
        recorder: Records the events "IDENTITY became leader" and "IDENTITY stopped leading" about the Lease. Its client
            must not be a fenced one, which sends nothing after the end.
        metrics: Receives the measurements, such as a `kubeloop.Metrics`.
        now: The wall clock, for the times in the Lease. Nothing is decided by it.
        random: The source of the jitter.

    Raises:
        ValueError: A name is empty, or the durations contradict each other; see `LeaseTimes`.

    Concurrency: One event loop. `check_health` may be called from any thread.

    Reference: client-go LeaderElector. Intended differences are in `ElectionMachine`, and: the lease is always
        released, because the body has ended by then; only a lease that the server shows as our own is released.
    """

    def __init__(
        self,
        clientset: Clientset,
        name: str,
        namespace: str | DefaultNamespace,
        *,
        identity: str | None = None,
        lease_duration: float = 15.0,
        renew_deadline: float = 10.0,
        retry_period: float = 2.0,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        is_coordinated: bool = False,
        on_new_leader: Callable[[str], None] | None = None,
        recorder: Recorder | None = None,
        metrics: LeaderMetrics | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        random: Random | None = None,
    ) -> None:
        if isinstance(namespace, DefaultNamespace):
            namespace = clientset.rest.config.namespace
        self._identity = default_identity() if identity is None else identity
        for value, what in ((name, "name"), (namespace, "namespace"), (self._identity, "identity")):
            if not value:
                raise ValueError(f"expected the {what} of a leader election, got an empty text")
        self._times = LeaseTimes(lease_duration, renew_deadline, retry_period)
        self._name = name
        self._title = f"leader election {namespace}/{name}"
        self._is_coordinated = is_coordinated
        self._lock = LeaseLock(clientset, namespace, name, labels=labels or {}, annotations=annotations or {})
        self._on_new_leader = on_new_leader
        self._recorder = recorder
        self._metrics = metrics
        self._tell = MetricsGuard(self._title)
        self._now = now
        self._random = random or Random()  # noqa: S311 (the randomness only spreads requests)
        self._last_error: Exception | None = None
        self._reported_leader = ""
        self._is_in_doubt = False
        self._clock: Callable[[], float] | None = None
        self._machine: ElectionMachine | None = None
        self._term: LeaderTerm | None = None

    @property
    def identity(self) -> str:
        """The name of this candidate."""
        return self._identity

    @property
    def leader(self) -> str:
        """The identity of the last observed leader; `""` if there is none. For logs and displays."""
        return self._reported_leader

    @property
    def is_leader(self) -> bool:
        """Whether this candidate is the leader, and the deadline of its last renewal has not passed."""
        machine, clock = self._machine, self._clock
        return machine is not None and clock is not None and machine.is_leader(clock())

    @property
    def last_error(self) -> Exception | None:
        """The error of the last request of the election; None after a success, and before the first request."""
        return self._last_error

    def fence(self, clientset: C) -> C:
        """Return a client that sends only while this candidate is the leader, and shares the connections of another.

        Each attempt of each request is checked directly before its bytes are written: the deadline, by the monotonic
        clock, since the last successful renewal was sent. This holds even if the event loop was blocked. What was sent
        before may still reach the server later: `lease_duration` minus `renew_deadline` seconds remain for it until
        another candidate can be the leader. A watch, log or channel that is open continues.

        A call that began in one term is not sent in a later term, even if this candidate leads again: a call may wait
        for its next attempt while the lease is lost and taken again.

        The calls of the client raise `LeadershipLost` when it refuses; nothing was sent then.

        Args:
            clientset: A `Clientset` or a `DynamicClient`.
        """
        return clientset.guarded(lambda: partial(self._check_leadership, self._term))

    def check_health(self, *, tolerance: float = 20.0) -> None:
        """Check that the process does not work on without its lease, for a liveness probe.

        A candidate that waits is healthy, and so is a leader whose last renewal is not older than the lease.

        Args:
            tolerance: The seconds after the end of the lease for which the body may still run.

        Raises:
            LeadershipLost: The body still runs, and the lease expired more than `tolerance` seconds ago.

        Reference: client-go NewLeaderHealthzAdaptor, LeaderElector.Check.
        """
        machine, clock = self._machine, self._clock
        if self._term is None or machine is None or clock is None:
            return
        silence = clock() - machine.observed_at
        if silence > self._times.lease_duration + tolerance:
            raise LeadershipLost(
                f"{self._title}: the lease was renewed {silence:.0f} s ago, and the work has not ended"
            )

    async def run(self, main: Callable[[], Awaitable[T]], *, on_stopped: Callable[[], None] | None = None) -> T:
        """Wait until this candidate is the leader, and run a function as the leader.

        Args:
            main: Called once this candidate leads; cancelled when the lease is lost.
            on_stopped: Called at the end, also if this candidate was never the leader.

        Returns:
            The result of `main`.

        Raises:
            LeadershipLost: The lease was lost before `main` ended.

        Reference: client-go LeaderElector.Run with LeaderCallbacks. Intended difference: `on_stopped` is called once
            `main` has ended.
        """
        try:
            async with self:
                return await main()
        finally:
            if on_stopped is not None:
                on_stopped()

    async def __aenter__(self) -> Self:
        """Wait until this candidate is the leader.

        Errors of the server do not end the wait: they are logged, and are in `last_error`.

        Raises:
            RuntimeError: The election was entered before, and not left.
        """
        if self._clock is not None:
            raise RuntimeError(f"{self!r} was entered before")
        loop = asyncio.get_running_loop()
        self._clock = clock = live_clock(loop)
        machine = self._new_machine()
        self._report_status(False)
        logger.info("%s: %s waits for the lease", self._title, self._identity)
        try:
            while not machine.is_leader(clock()):
                if await self._step(machine) is not None:  # the loop was blocked until after the deadline
                    machine = self._new_machine()
        except BaseException:
            machine.stop("the wait for the lease ended")
            self._clock = None
            if self._is_in_doubt:
                await to_the_end(self._release())
            raise
        task = asyncio.current_task()
        assert task is not None, "an async block runs in a task"
        self._term = LeaderTerm(task)
        self._term.renewal = loop.create_task(self._renew(machine, self._term), name=self._title)
        self._check_deadline(machine, self._term)
        self._report_status(True)
        self._record_event("BecomeLeader", "became leader")
        logger.info("%s: %s is the leader", self._title, self._identity)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop leading, and release the lease.

        Raises:
            LeadershipLost: The lease was lost before the body ended. Another exception of the body takes precedence.
        """
        term, machine = self._term, self._machine
        assert term is not None, "the block was entered"
        assert machine is not None, "the block was entered"
        machine.stop("the body ended")
        lost = term.end(error)
        try:
            await cancel_and_wait(*term.tasks())
        finally:
            try:
                await to_the_end(self._release())
            finally:
                self._term = self._clock = None
                if term.lost is None:
                    self._report_end()
        if lost is not None:
            raise lost from self._last_error

    def _new_machine(self) -> ElectionMachine:
        self._machine = ElectionMachine(
            self._identity, self._times, random=self._random, is_coordinated=self._is_coordinated
        )
        return self._machine

    async def _step(self, machine: ElectionMachine) -> StopLeading | None:
        """Carry out one step; return the step if there is nothing more to do."""
        assert self._clock is not None, "only within the block"
        step = machine.next(self._clock(), self._now())
        if isinstance(step, Wait):
            await asyncio.sleep(step.until - self._clock())
        elif isinstance(step, StopLeading):
            return step
        else:
            await self._send(machine, step, self._clock)
            self._report_leader(machine.leader)
        return None

    async def _send(self, machine: ElectionMachine, step: ReadLease | WriteLease, time: Callable[[], float]) -> None:
        timeout = step.give_up_at - time()
        try:
            # The timeout of a request leaves out what an exec plugin does, and a transport of the user may ignore it.
            async with asyncio.timeout(timeout):
                if isinstance(step, ReadLease):
                    record = await self._lock.read(timeout)
                    self._is_in_doubt = False
                    machine.lease_read(record, time())
                else:
                    if step.is_slow and self._metrics is not None:
                        self._tell(self._metrics.leader_slow_path, self._name)
                    self._is_in_doubt = True
                    await self._lock.write(step.record, timeout)
                    machine.written(step.record, time())
        except Exception as error:
            self._is_in_doubt = self._is_in_doubt and not isinstance(error, APIError)
            machine.failed(time())
            self._report_failure(machine, error, time())
        else:
            self._last_error = None

    async def _renew(self, machine: ElectionMachine, term: LeaderTerm) -> None:
        while True:
            if (stop := await self._step(machine)) is not None:
                self._lose(term, stop.reason)
                return

    def _check_deadline(self, machine: ElectionMachine, term: LeaderTerm) -> None:
        """Stop leading if the deadline has passed, even if the task that renews the lease waits for something."""
        assert self._clock is not None, "the timer is cancelled at the end of the block"
        now = self._clock()
        if machine.is_leader(now):
            loop = asyncio.get_running_loop()
            term.timer = loop.call_later(machine.leads_until - now, self._check_deadline, machine, term)
        elif isinstance(stop := machine.next(now, self._now()), StopLeading):
            self._lose(term, stop.reason)

    def _lose(self, term: LeaderTerm, reason: str) -> None:
        """Cancel the body, whose lease is lost."""
        if term.lost is not None or term.has_ended:
            return
        cause = "" if self._last_error is None else f"; the last error: {reason_of(self._last_error)}"
        term.lose(LeadershipLost(f"{self._title}: {reason}{cause}"))
        self._report_end()
        logger.warning("%s; the work is cancelled", term.lost)

    async def _release(self) -> None:
        """Release the lease if the server shows that this candidate holds it; give up after the deadline."""
        timeout = self._times.request_timeout
        try:
            async with asyncio.timeout(self._times.renew_deadline):
                while True:
                    record = await self._lock.read(timeout)
                    if record is None or record.holder != self._identity:
                        return
                    with suppress(Conflict):  # a renewal may reach the server after its cancellation
                        await self._lock.write(released(record, self._now()), timeout)
                        logger.info("%s: %s released the lease", self._title, self._identity)
                        self._report_leader("")
                        return
                    await asyncio.sleep(_CONFLICT_PAUSE)
        except Exception as error:
            logger.warning(
                "%s: the lease could not be released: %s; it expires in %g s",
                self._title,
                reason_of(error),
                self._times.lease_duration,
            )

    def _check_leadership(self, term: LeaderTerm | None) -> None:
        """Check that this candidate leads, and that it is still the term in which a call began."""
        if not self.is_leader or term is not self._term:
            raise LeadershipLost(
                f"{self._title}: the request was not sent, because {self._identity} is not the leader, has not renewed "
                f"the lease within {self._times.renew_deadline:g} s, or leads again since the call began"
            )

    def _report_leader(self, leader: str) -> None:
        if leader == self._reported_leader:
            return
        self._reported_leader = leader
        logger.info("%s: the leader is %s", self._title, safe_text(leader) or "nobody")
        if self._on_new_leader is not None:
            try:
                self._on_new_leader(leader)
            except Exception:
                logger.exception("%s: on_new_leader failed; the election continues", self._title)

    def _report_failure(self, machine: ElectionMachine, error: Exception, now: float) -> None:
        is_usual = isinstance(error, (AlreadyExists, Conflict))  # another candidate was faster
        is_news = not is_usual and type(error) is not type(self._last_error)
        self._last_error = error
        left = f"; {machine.leads_until - now:.1f} s are left" if machine.is_leader(now) else ""
        logger.log(
            logging.WARNING if is_news else logging.DEBUG,
            "%s: the lease could not be read or written: %s%s",
            self._title,
            reason_of(error),
            left,
        )

    def _report_status(self, is_leader: bool) -> None:
        if self._metrics is not None:
            self._tell(self._metrics.leader_changed, self._name, is_leader)

    def _report_end(self) -> None:
        self._report_status(False)
        self._record_event("StopLeading", "stopped leading")

    def _record_event(self, action: str, what: str) -> None:
        if self._recorder is not None:
            try:
                self._lock.record_event(self._recorder, action, f"{safe_text(self._identity)} {what}")
            except Exception:
                logger.exception("%s: no event could be recorded; the election continues", self._title)

    def __repr__(self) -> str:
        state = "leader" if self.is_leader else f"leader: {self.leader or 'unknown'}"
        return safe_text(
            f"<LeaderElection {self._title.removeprefix('leader election ')} as {self._identity}, {state}>"
        )
