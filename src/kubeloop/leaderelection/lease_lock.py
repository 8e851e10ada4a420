"""`LeaseLock`: reads, creates and updates the Lease of an election, and records events about it.

`default_identity` names a candidate.

Reference: client-go tools/leaderelection/resourcelock/leaselock.go.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from uuid import uuid4

from kubeloop.errors import NotFound
from kubeloop.leaderelection.lease_record import LeaseRecord, lease_with, new_lease, record_of
from kubeloop.unstructured import Unstructured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.clients.clientset import Clientset
    from kubeloop.record.recorder import Recorder

__all__ = ["LeaseLock", "default_identity"]


def default_identity() -> str:
    """Return an identity that no other process has: the host name, which is the pod's name in a cluster, and a UUID."""
    return f"{socket.gethostname()}_{uuid4()}"


class LeaseLock:
    """One Lease, as it was read or written last.

    The Lease is read without a model, because an update must keep what others wrote into it.

    Args:
        clientset: Sends the requests.
        namespace: The namespace of the Lease.
        name: The name of the Lease.
        labels: Labels that the Lease gets; its other labels stay.
        annotations: Annotations that the Lease gets; its other annotations stay.
    """

    def __init__(
        self,
        clientset: Clientset,
        namespace: str,
        name: str,
        *,
        labels: Mapping[str, str],
        annotations: Mapping[str, str],
    ) -> None:
        self._leases = clientset.dynamic.resource("coordination.k8s.io/v1", "leases").namespace(namespace)
        self._namespace = namespace
        self._name = name
        self._marks = {"labels": dict(labels), "annotations": dict(annotations)}
        self._lease: Unstructured | None = None

    async def read(self, timeout: float) -> LeaseRecord | None:
        """Return the record of the Lease; None if there is no Lease.

        Raises:
            APIError: The server refused the request.
            TransportError: There was no complete response, also after `timeout` seconds.
        """
        try:
            self._lease = await self._leases.get(self._name, timeout=timeout)
        except NotFound:
            self._lease = None
            return None
        return record_of(self._lease)

    async def write(self, record: LeaseRecord, timeout: float) -> None:
        """Update the Lease, or create it if the last call of `read` found none.

        Raises:
            Conflict: The Lease has changed since it was read or written here.
            AlreadyExists: Another candidate created the Lease first.
            APIError: The server refused the request for another reason.
            TransportError: There was no complete response. The Lease may have been written.
        """
        if self._lease is None:
            lease = new_lease(self._name, self._namespace, record, **self._marks)
            self._lease = await self._leases.create(lease, timeout=timeout)
        else:
            lease = lease_with(self._lease, record, **self._marks)
            self._lease = await self._leases.update(lease, timeout=timeout)

    def record_event(self, recorder: Recorder, action: str, note: str) -> None:
        """Record an event about the Lease, as it was read or written last.

        Reference: client-go LeaseLock.RecordEvent, which has no action.
        """
        lease = self._lease
        if lease is None:
            lease = Unstructured(new_lease(self._name, self._namespace, LeaseRecord(), **self._marks))
        recorder.event(lease, "Normal", "LeaderElection", action, note)

    def __repr__(self) -> str:
        return f"<LeaseLock {self._namespace}/{self._name}>"
