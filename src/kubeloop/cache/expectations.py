"""Expectations: what a controller has written and its informer has not reported yet.

They are in `cache` because handlers of informers fulfil them. Code that waits for one written object reads its own
writes instead.
Reference: Kubernetes pkg/controller/controller_utils.go.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

__all__ = ["ControllerExpectations", "Expectations", "UIDTrackingControllerExpectations"]

logger = logging.getLogger(__name__)


class Expectations(NamedTuple):
    """The numbers of creations and deletions that one controller object still waits for; less than 0 if it saw more."""

    creations: int
    deletions: int

    @property
    def are_fulfilled(self) -> bool:
        """Whether nothing is waited for."""
        return self.creations <= 0 and self.deletions <= 0


class ControllerExpectations:
    """Creations and deletions that a controller has requested, per object that it controls; they expire.

    A controller that creates three pods must not count its pods again before its informer has seen the three, or it
    creates them twice:

        async def reconcile(key: str) -> None:
            if not expectations.is_satisfied(key):
                return                                      # the handler of a pod adds the key again
            ...
            expectations.expect_creations(key, 3)           # before the requests, because events can overtake responses
            for number in range(3):
                try:
                    await pods.create(pod)
                except kubeloop.KubeloopError:              # this pod and the next ones will never be seen
                    expectations.lower_expectations(key, creations=3 - number)
                    raise

        def on_add(pod: core_v1.Pod) -> None:               # a handler of the pod informer
            expectations.creation_observed(key_of_controller(pod))
            queue.add(key_of_controller(pod))

    Guarantees: `is_satisfied` returns True at the latest `timeout` seconds after expectations were set, so that a
    missed event stops a controller for this time and not for ever; a warning names what was missed. Expectations that
    have expired are removed when others are set, so memory is bounded also if `delete_expectations` is never called.

    Args:
        timeout: Seconds after which expectations count as satisfied.
        now: Returns the time in seconds. None means the clock of the running loop.

    Concurrency: One thread at a time. Keys of different kinds of objects need different objects of this class.

    Reference: Kubernetes pkg/controller.ControllerExpectations. Intended difference: expired expectations are removed.
    """

    def __init__(self, *, timeout: float = 300.0, now: Callable[[], float] | None = None) -> None:
        self._timeout = timeout
        self._now = now
        self._by_key: OrderedDict[str, tuple[Expectations, float]] = OrderedDict()  # in the order of their times

    def expect_creations(self, key: str, count: int) -> None:
        """Expect creations and no deletions; the same as `set_expectations`."""
        self.set_expectations(key, creations=count)

    def expect_deletions(self, key: str, count: int) -> None:
        """Expect deletions and no creations; the same as `set_expectations`."""
        self.set_expectations(key, deletions=count)

    def set_expectations(self, key: str, *, creations: int = 0, deletions: int = 0) -> None:
        """Replace the expectations of an object; their timeout starts now."""
        now = self._time()
        self._by_key.pop(key, None)
        while self._by_key and now - (oldest := next(iter(self._by_key.items())))[1][1] > self._timeout:
            self._expire(*oldest)
        self._by_key[key] = (Expectations(creations, deletions), now)

    def creation_observed(self, key: str) -> None:
        """Expect one creation less, because it was seen or has failed; does nothing without expectations."""
        self.lower_expectations(key, creations=1)

    def deletion_observed(self, key: str) -> None:
        """Expect one deletion less, because it was seen or has failed; does nothing without expectations."""
        self.lower_expectations(key, deletions=1)

    def raise_expectations(self, key: str, *, creations: int = 0, deletions: int = 0) -> None:
        """Expect more, without a new timeout; does nothing without expectations."""
        known = self._by_key.get(key)
        if known is not None:
            present, since = known
            self._by_key[key] = (Expectations(present.creations + creations, present.deletions + deletions), since)

    def lower_expectations(self, key: str, *, creations: int = 0, deletions: int = 0) -> None:
        """Expect less; does nothing without expectations."""
        self.raise_expectations(key, creations=-creations, deletions=-deletions)

    def is_satisfied(self, key: str) -> bool:
        """Return whether an object may be reconciled: its expectations are fulfilled or expired, or it has none."""
        known = self._by_key.get(key)
        if known is None or known[0].are_fulfilled:
            return True
        if self._time() - known[1] <= self._timeout:
            return False
        self._expire(key, known)
        return True

    def get_expectations(self, key: str) -> Expectations | None:
        """Return the expectations of an object, or None."""
        known = self._by_key.get(key)
        return None if known is None else known[0]

    def delete_expectations(self, key: str) -> None:
        """Forget the expectations of an object. Call this when the object is deleted."""
        self._by_key.pop(key, None)

    def _expire(self, key: str, known: tuple[Expectations, float]) -> None:
        present, _ = known
        if not present.are_fulfilled:
            logger.warning(
                "expectations of %s: %d creations and %d deletions were not observed within %g s; reconciling without "
                "them", key, present.creations, present.deletions, self._timeout,
            )  # fmt: skip
        self.delete_expectations(key)

    def _time(self) -> float:
        return asyncio.get_running_loop().time() if self._now is None else self._now()

    def __repr__(self) -> str:
        waiting = sum(not present.are_fulfilled for present, _ in self._by_key.values())
        return f"<ControllerExpectations of {len(self._by_key)} objects, {waiting} unfulfilled>"


class UIDTrackingControllerExpectations:
    """Expectations whose deletions are known by uid, so that one deletion never counts twice.

    A graceful deletion is two events: an update that sets `deletionTimestamp`, and the deletion. A controller that
    counts the first of them as the deletion must ignore the second. So a deletion counts if its uid, or another unique
    name, is one that is expected, and counts once.

    Args:
        timeout: Seconds after which expectations count as satisfied.
        now: Returns the time in seconds. None means the clock of the running loop.

    Concurrency: One thread at a time.

    Reference: Kubernetes pkg/controller.UIDTrackingControllerExpectations.
    """

    def __init__(self, *, timeout: float = 300.0, now: Callable[[], float] | None = None) -> None:
        self._uids: dict[str, set[str]] = {}
        self._counts = _CountsOfUIDs(self._uids, timeout=timeout, now=now)

    def expect_creations(self, key: str, count: int) -> None:
        """Expect creations and no deletions; see `ControllerExpectations.set_expectations`."""
        self._counts.expect_creations(key, count)

    def expect_deletions(self, key: str, uids: Iterable[str]) -> None:
        """Expect the deletions of these objects, and no creations."""
        former = self._uids.get(key)
        if former:
            logger.warning(
                "expectations of %s: forgetting the expected deletions of %s", key, ", ".join(sorted(former))
            )
        expected = set(uids)
        self._counts.expect_deletions(key, len(expected))
        self._uids[key] = expected

    def creation_observed(self, key: str) -> None:
        """Expect one creation less, because it was seen or has failed; does nothing without expectations."""
        self._counts.creation_observed(key)

    def deletion_observed(self, key: str, uid: str) -> None:
        """Expect the deletion of this object no longer, because it was seen or has failed; ignores other objects."""
        uids = self._uids.get(key, set())
        if uid in uids:
            uids.remove(uid)
            if not uids:
                del self._uids[key]
            self._counts.deletion_observed(key)

    def is_satisfied(self, key: str) -> bool:
        """Return whether an object may be reconciled: its expectations are fulfilled or expired, or it has none."""
        return self._counts.is_satisfied(key)

    def get_expectations(self, key: str) -> Expectations | None:
        """Return the numbers that an object waits for, or None."""
        return self._counts.get_expectations(key)

    def get_uids(self, key: str) -> frozenset[str]:
        """Return the objects whose deletion is expected."""
        return frozenset(self._uids.get(key, ()))

    def delete_expectations(self, key: str) -> None:
        """Forget the expectations of an object. Call this when the object is deleted."""
        self._counts.delete_expectations(key)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._counts!r}>"


class _CountsOfUIDs(ControllerExpectations):
    """The numbers of expectations whose uids are forgotten with them."""

    def __init__(self, uids: dict[str, set[str]], *, timeout: float, now: Callable[[], float] | None) -> None:
        super().__init__(timeout=timeout, now=now)
        self._uids = uids

    def delete_expectations(self, key: str) -> None:
        super().delete_expectations(key)
        self._uids.pop(key, None)
