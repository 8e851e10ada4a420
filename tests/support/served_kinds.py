"""Some resources that the server serves, and a writer to an empty storage, for tests of the server's rooms."""

from __future__ import annotations

import json
from random import Random
from typing import Any, cast

from kubeloop.testing.apiserver.facts.recorded_server import resources
from kubeloop.testing.apiserver.facts.served_resource import ServedResource
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.stored import Stored
from kubeloop.testing.apiserver.writing.creation import create_object
from kubeloop.testing.apiserver.writing.moment import Moment
from kubeloop.testing.apiserver.writing.writer import Writer

NOW = 1_800_000_000.0
NOW_TEXT = "2027-01-15T08:00:00Z"


def served(stored_as: str) -> ServedResource:
    """Return a resource in its stored version."""
    found = resources().of_storage(stored_as)
    assert found is not None, stored_as
    return found


PODS = served("pods")
CONFIG_MAPS = served("configmaps")
NAMESPACES = served("namespaces")
DEPLOYMENTS = served("deployments.apps")
REPLICA_SETS = served("replicasets.apps")
LEASES = served("leases.coordination.k8s.io")
JOBS = served("jobs.batch")
BUDGETS = served("poddisruptionbudgets.policy")
CLAIMS = served("resourceclaims.resource.k8s.io")
ACCOUNTS = served("serviceaccounts")
NODES = served("nodes")
EVENTS = served("events")
CLUSTER_ROLES = served("clusterroles.rbac.authorization.k8s.io")


def writer(storage: Storage | None = None, *, now: float = NOW, seed: int = 1, dry_run: bool = False) -> Writer:
    """Return a writer to a storage; to a new one with the namespace `default` if there is none."""
    created = Writer(storage or Storage(), resources(), Moment(now, Random(seed)), is_dry_run=dry_run)
    if storage is None:
        create_object(created, NAMESPACES, "", {"metadata": {"name": "default"}})
    return created


def state(stored: Stored) -> dict[str, Any]:
    """Return the content of a stored object."""
    return cast("dict[str, Any]", json.loads(stored.data))


def create(
    to: Writer, resource: ServedResource, document: dict[str, Any], namespace: str = "default"
) -> dict[str, Any]:
    """Create an object and return it as it is stored."""
    return state(create_object(to, resource, namespace if resource.namespaced else "", document))


def read(to: Writer, resource: ServedResource, name: str, namespace: str = "default") -> dict[str, Any] | None:
    """Return an object as it is stored, or None."""
    found = to.read(resource, namespace if resource.namespaced else "", name)
    return state(found) if found else None
