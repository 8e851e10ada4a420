"""Elections that are broken on purpose: the simulation must notice each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import kubeloop
from kubeloop._kit.value import force_setattr
from kubeloop.leaderelection import LeaderElection
from kubeloop.leaderelection.election_machine import ElectionMachine
from kubeloop.leaderelection.lease_record import LeaseRecord

__all__ = ["MUTANTS"]


def there_is_no_fence(_: LeaderElection, clientset: kubeloop.Clientset) -> kubeloop.Clientset:
    """The work uses the client as it is."""
    return clientset


def the_fence_checks_only_the_first_attempt(election: LeaderElection, clientset: kubeloop.Clientset) -> Any:
    """A call is checked when it begins, and its retries are not."""

    async def put(*arguments: Any, **options: Any) -> Any:
        election._check_leadership(election._term)
        return await clientset.rest.put(*arguments, **options)

    return SimpleNamespace(rest=SimpleNamespace(put=put))


def the_fence_is_open(election: LeaderElection) -> None:
    """The check of the fence finds nothing wrong."""
    election._check_leadership = lambda _: None  # type: ignore[method-assign]


def there_is_no_deadline(election: LeaderElection) -> None:
    """The deadline is a minute after the last renewal."""
    force_setattr(election._times, "renew_deadline", 60.0)


def the_deadline_counts_from_the_response(election: LeaderElection) -> None:
    """A leader leads for ten seconds from the response to its renewal."""

    def change(machine: ElectionMachine) -> None:
        written = machine.written

        def late(record: LeaseRecord, now: float) -> None:
            written(record, now)
            if machine.is_leader(now):
                machine.leads_until = now + election._times.renew_deadline

        machine.written = late  # type: ignore[method-assign]

    _with_machines(election, change)


def the_time_in_the_lease_is_trusted(election: LeaderElection) -> None:
    """A candidate counts the duration of a lease from its renewTime, by the time of day."""

    def change(machine: ElectionMachine) -> None:
        observe = machine._observe

        def trusting(record: LeaseRecord, now: float) -> None:
            observe(record, now)
            renewed = kubeloop.parse_time(record.renew_time) if record.renew_time else election._now()
            machine.observed_at = now - (election._now() - renewed).total_seconds()

        machine._observe = trusting  # type: ignore[method-assign]

    _with_machines(election, change)


def the_lease_counts_from_the_first_look(election: LeaderElection) -> None:
    """A candidate counts the duration of a lease from the time at which it first saw the holder."""

    def change(machine: ElectionMachine) -> None:
        observe = machine._observe

        def stubborn(record: LeaseRecord, now: float) -> None:
            before, since = machine.leader, machine.observed_at
            observe(record, now)
            if record.holder == before:
                machine.observed_at = since

        machine._observe = stubborn  # type: ignore[method-assign]

    _with_machines(election, change)


def the_lease_is_released_before_the_body_has_ended(election: LeaderElection) -> None:
    """A cancellation from outside releases the lease at the next renewal, while the body cleans up."""
    step = election._step

    async def releasing(machine: ElectionMachine) -> Any:
        term = election._term
        if term is not None and term.lost is None and term._body.cancelling() > term._cancellations:
            await election._release()
            await asyncio.Event().wait()
        return await step(machine)

    election._step = releasing  # type: ignore[method-assign]


def _with_machines(election: LeaderElection, change: Callable[[ElectionMachine], None]) -> None:
    """Change each machine of an election."""
    new_machine = election._new_machine

    def changed() -> ElectionMachine:
        machine = new_machine()
        change(machine)
        return machine

    election._new_machine = changed  # type: ignore[method-assign]


MUTANTS: dict[str, dict[str, Callable[..., Any]]] = {
    **{each.__name__: {"fence": each} for each in (there_is_no_fence, the_fence_checks_only_the_first_attempt)},
    **{
        each.__name__: {"change": each}
        for each in (
            the_fence_is_open,
            there_is_no_deadline,
            the_deadline_counts_from_the_response,
            the_time_in_the_lease_is_trusted,
            the_lease_counts_from_the_first_look,
            the_lease_is_released_before_the_body_has_ended,
        )
    },
}
"""The arguments of `run_seed` that break elections."""
