"""A Clientset for the real API server of the session, for tests of verbs."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import kubeloop
from kubeloop.models import core_v1, meta_v1

__all__ = ["CONTENT_TYPE", "THINGS_CRD", "config_map", "config_of", "connect", "pod", "wait_until_served"]

CONTENT_TYPE = "KUBELOOP_TEST_CONTENT_TYPE"
"""The environment variable with the `content_type` of the configs; a fixture of the integration tests sets it."""


def config_of(kubeconfig: Path) -> kubeloop.Config:
    """Load a kubeconfig, with the content type that the test is run with."""
    return kubeloop.load_config(kubeconfig).replace(content_type=os.environ.get(CONTENT_TYPE, "json"))


@asynccontextmanager
async def connect(kubeconfig: Path, **arguments: Any) -> AsyncIterator[kubeloop.Clientset]:
    """Open a Clientset, and close it at the end of the block."""
    async with kubeloop.Clientset(config_of(kubeconfig), **arguments) as clientset:
        yield clientset


def config_map(name: str, **data: str) -> core_v1.ConfigMap:
    """Return a ConfigMap without a namespace."""
    return core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name), data=data)


def pod(name: str, *, labels: dict[str, str] | None = None) -> core_v1.Pod:
    """Return a Pod that no kubelet runs."""
    container = core_v1.Container(name="main", image="example.com/web:1")
    return core_v1.Pod(
        metadata=meta_v1.ObjectMeta(name=name, labels=labels or {}),
        spec=core_v1.PodSpec(containers=[container], automount_service_account_token=False),
    )


THINGS_CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.test.kubeloop.dev"},
    "spec": {
        "group": "test.kubeloop.dev",
        "scope": "Namespaced",
        "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "size": {"type": "integer"},
                                    "color": {"type": "string"},
                                    "parts": {
                                        "type": "array",
                                        "items": {
                                            "type": "object",
                                            "properties": {
                                                "name": {"type": "string"},
                                                "weight": {"type": "integer"},
                                                "serial": {"type": "string"},
                                            },
                                        },
                                    },
                                },
                            },
                            "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
                        },
                    }
                },
            }
        ],
    },
}
"""A custom resource with more fields than the tests' class defines."""


async def wait_until_served(clientset: kubeloop.Clientset) -> None:
    """Install `THINGS_CRD` unless that is done, and wait until the server serves the resource."""
    crds = clientset.apiextensions_v1.custom_resource_definitions()
    name = THINGS_CRD["metadata"]["name"]
    try:
        await crds.create(THINGS_CRD)
    except kubeloop.AlreadyExists:
        pass
    async with crds.watch(field_selector=f"metadata.name={name}", timeout=30.0) as events:
        async for event in events:
            conditions = {one.type: one.status for one in event.object.status.conditions}
            if conditions.get("Established") == "True":
                break
        else:
            raise AssertionError(f"{name} is not served")
    # Established does not yet mean that the server serves every path: for a moment it responds with 404.
    things = clientset.dynamic.resource("test.kubeloop.dev/v1", "things")
    async with things.watch(timeout=30.0):
        pass
