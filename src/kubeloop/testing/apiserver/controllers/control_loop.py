"""`Controllers`: all controllers of a storage, and the order of their steps."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Protocol

from kubeloop.testing.apiserver.controllers.disruption_budget import DisruptionBudgets
from kubeloop.testing.apiserver.controllers.expiry import Expiry
from kubeloop.testing.apiserver.controllers.garbage_collector import GarbageCollector
from kubeloop.testing.apiserver.controllers.namespace_defaults import default_account, root_certificate
from kubeloop.testing.apiserver.controllers.namespace_life_cycle import NamespaceLifeCycle
from kubeloop.testing.apiserver.storage.storage_error import WriteFailed
from kubeloop.testing.apiserver.storage.stored import Change
from kubeloop.testing.apiserver.writing.moment import Moment
from kubeloop.testing.apiserver.writing.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Collection
    from random import Random

    from kubeloop.testing.apiserver.facts.served_resource import Resources
    from kubeloop.testing.apiserver.storage.storage import Storage

__all__ = ["CONTROLLERS", "Controllers"]

log = logging.getLogger(__name__)

CONTROLLERS = (
    "disruption-budgets",
    "garbage-collection",
    "namespaces",
    "root-certificates",
    "service-accounts",
)
"""The names by which controllers are switched on."""

_MOST_STEPS = 1_000_000


class Controller(Protocol):
    """One controller."""

    def observe(self, change: Change) -> None:
        """Note a change of the storage."""
        ...

    def step(self, writer: Writer) -> bool:
        """Do the next piece of work and return whether there was one."""
        ...


class Controllers:
    """The controllers of one storage.

    They note each change of the storage, also those of other servers, and act only in `step`: always in the same
    order, so that two storages with the same history and the same random numbers have the same future. Objects that
    live for a limited time are deleted by them too, whichever controllers are enabled.
    """

    def __init__(
        self,
        storage: Storage,
        resources: Resources,
        random: Random,
        *,
        enabled: Collection[str] = CONTROLLERS,
    ) -> None:
        """Create controllers that know the objects of a storage.

        Args:
            storage: The storage.
            resources: What is served.
            random: The source of uids.
            enabled: The names of the controllers that work, from `CONTROLLERS`.

        Raises:
            ValueError: A name is unknown.
        """
        unknown = {enabled} if isinstance(enabled, str) else {*enabled} - {*CONTROLLERS}
        if unknown:
            raise ValueError(
                f"expected names of controllers ({', '.join(CONTROLLERS)}), got {', '.join(sorted(unknown))}"
            )
        self._storage = storage
        self._resources = resources
        self._random = random
        self._budgets = DisruptionBudgets()
        self._expiry = Expiry(resources)
        self._root_certificate = root_certificate("")
        possible: dict[str, Controller] = {
            "garbage-collection": GarbageCollector(),
            "namespaces": NamespaceLifeCycle(),
            "service-accounts": default_account(),
            "root-certificates": self._root_certificate,
            "disruption-budgets": self._budgets,
        }
        self._controllers = [controller for name, controller in possible.items() if name in enabled]
        self._changes: deque[Change] = deque()
        self._note_objects()
        self._end = storage.subscribe(self._changes.append)

    def __repr__(self) -> str:
        return f"<Controllers {len(self._controllers)} on, {len(self._changes)} changes to note>"

    @property
    def next_at(self) -> float | None:
        """When `step` must be called even if nothing has changed; None for never."""
        times = [time for time in (self._budgets.next_at, self._expiry.next_at) if time is not None]
        return min(times, default=None)

    def step(self, now: float) -> bool:
        """Run the controllers until nothing is left to do.

        Args:
            now: Seconds since the epoch.

        Returns:
            Whether the storage has changed.

        Raises:
            RuntimeError: The controllers do not come to rest.
        """
        before = self._storage.revision
        writer = Writer(self._storage, self._resources, Moment(now, self._random))
        for _ in range(_MOST_STEPS):
            while self._changes:
                change = self._changes.popleft()
                for controller in (*self._controllers, self._expiry):
                    controller.observe(change)
            try:
                has_worked = any(controller.step(writer) for controller in (*self._controllers, self._expiry))
            except WriteFailed as error:
                log.warning("controllers: %s; retrying after the next request", error)
                self._note_objects()  # in which they find again what they could not finish
                return self._storage.revision != before
            if not has_worked:
                return self._storage.revision != before
        raise RuntimeError(f"expected the controllers to come to rest, got {_MOST_STEPS} steps: {self!r}")

    def _note_objects(self) -> None:
        for resource in self._storage.resources():
            for stored in self._storage.range(resource).items:
                self._changes.append(Change(stored.revision, stored.key, stored, None))

    def publish(self, certificates: str) -> None:
        """Put the certificates that the server is verified with into `kube-root-ca.crt`, in the next steps.

        Args:
            certificates: In PEM. A server without TLS has none.
        """
        namespaces = [stored.key.name for stored in self._storage.range("namespaces").items]
        self._root_certificate.change_data({"ca.crt": certificates}, namespaces)

    def close(self) -> None:
        """Stop to note changes."""
        self._end()
