"""Nodes and pods for tests of drain, and a task that does what a kubelet does for pods that terminate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import kubeloop
from kubeloop._kit.tasks import cancel_and_wait
from kubeloop.models import core_v1
from kubeloop.testing.virtual_time import timestamp

__all__ = ["kubelet", "node", "owned_by", "pod_json", "pod_on", "seconds_ago"]


def node(name: str = "n1", *, unschedulable: bool = False) -> core_v1.Node:
    """Return a node."""
    spec = {"unschedulable": True} if unschedulable else {}
    return core_v1.Node.from_dict({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": spec})


def owned_by(kind: str = "ReplicaSet", name: str = "web", *, api_version: str = "apps/v1") -> dict[str, Any]:
    """Return the JSON of a reference to a controller."""
    return {"apiVersion": api_version, "kind": kind, "name": name, "uid": f"uid-{name}", "controller": True}


def pod_json(name: str, *, owner: dict[str, Any] | None = None, node: str = "n1", **fields: Any) -> dict[str, Any]:
    """Return the JSON of a running pod on a node, with a controller unless `owner` is `{}`.

    Args:
        name: The name of the pod; its uid is `uid-` and the name.
        owner: The reference to its controller.
        node: The name of its node.
        fields: `metadata`, `spec` and `status`, which are merged.
    """
    owners = [owned_by() if owner is None else owner] if owner != {} else []
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}", "ownerReferences": owners}
    container = {"name": "main", "image": "example.com/web:1"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, **fields.get("metadata", {})},
        "spec": {
            "nodeName": node,
            "terminationGracePeriodSeconds": 30,
            "containers": [container],
            **fields.get("spec", {}),
        },
        "status": {"phase": "Running", **fields.get("status", {})},
    }


def pod_on(name: str, **fields: Any) -> core_v1.Pod:
    """Return what `pod_json` describes."""
    return core_v1.Pod.from_dict(pod_json(name, **fields))


def seconds_ago(seconds: float) -> str:
    """Return the text of a time in the past of the virtual clock."""
    from datetime import UTC, datetime

    return kubeloop.format_time(datetime.fromtimestamp(timestamp() - seconds, UTC))


@asynccontextmanager
async def kubelet(
    clientset: kubeloop.Clientset, *, seconds: float = 0.0, spared: Iterable[str] = ()
) -> AsyncIterator[None]:
    """Delete pods for good some seconds after they begin to terminate, for as long as the block runs.

    Args:
        clientset: Clients of the server.
        seconds: How long a pod takes to terminate.
        spared: The names of pods that never end.
    """
    ready = asyncio.Event()
    task = asyncio.create_task(_kill(clientset, ready, seconds, set(spared)))
    await ready.wait()
    try:
        yield
    finally:
        await cancel_and_wait(task)


async def _kill(clientset: kubeloop.Clientset, ready: asyncio.Event, seconds: float, spared: set[str]) -> None:
    async with clientset.core_v1.pods().watch() as events:
        ready.set()
        async for event in events:
            metadata = event.object.metadata
            if event.type == "DELETED" or metadata.deletion_timestamp is None or metadata.name in spared:
                continue
            await asyncio.sleep(seconds)
            pods = clientset.core_v1.pods(metadata.namespace)
            try:
                await pods.delete(metadata.name, grace_period_seconds=0, uid=metadata.uid, ignore_not_found=True)
            except kubeloop.Conflict:
                continue
