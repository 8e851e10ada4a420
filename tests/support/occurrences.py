"""What tests of event recorders share: objects, occurrences, and the events on a server."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from random import Random
from typing import Any

import pytest

import kubeloop
from kubeloop.models import core_v1, events_v1, meta_v1
from kubeloop.record import CoreEventRecorder, EventRecorder, Occurrence, reference_to
from kubeloop.testing import FaultyTransport, fake, virtual_time
from kubeloop.testing.virtual_time import EPOCH

SECOND = timedelta(seconds=1)


def pod(name: str = "web", namespace: str = "default", *, uid: str = "u1", version: str = "7") -> core_v1.Pod:
    return core_v1.Pod(
        metadata=meta_v1.ObjectMeta(name=name, namespace=namespace, uid=uid, resource_version=version),
    )


def occurrence(obj: core_v1.Pod | core_v1.ObjectReference | None = None, **changes: Any) -> Occurrence:
    """Return a Warning about a pod."""
    said = Occurrence(
        regarding=reference_to(pod() if obj is None else obj), type="Warning", reason="Failed", action="Bind", note="no"
    )
    return said.replace(**changes)


def note(recorder: EventRecorder | CoreEventRecorder, text: str = "no", *, about: core_v1.Pod | None = None) -> None:
    """Record a Warning about a pod."""
    recorder.event(pod() if about is None else about, "Warning", "Failed", "Bind", text)


def recorder_of(client: kubeloop.Clientset, **options: Any) -> EventRecorder:
    return EventRecorder(client, "tester", instance="tester-1", now=virtual_time.now, random=Random(1), **options)


def core_recorder_of(client: kubeloop.Clientset, **options: Any) -> CoreEventRecorder:
    return CoreEventRecorder(client, "tester", now=virtual_time.now, random=Random(2), **options)


def faulty_client() -> tuple[fake.Clientset, kubeloop.Clientset, FaultyTransport]:
    """Return a client of a new server, another client of it whose network has faults, and that network."""
    client = fake.Clientset()
    transport = FaultyTransport(client.api.transport())
    return client, kubeloop.Clientset(client.api.config(), transport=transport, random=Random(1)), transport


async def events_of(client: kubeloop.Clientset, namespace: str = "default") -> list[events_v1.Event]:
    """Return the events of a namespace, in the order of their creation."""
    found = await client.events_v1.events(namespace).list()
    return sorted(found, key=lambda event: int(event.metadata.resource_version))


async def core_events_of(client: kubeloop.Clientset, namespace: str = "default") -> list[core_v1.Event]:
    """Return the events of a namespace, in the order of their creation."""
    found = await client.core_v1.events(namespace).list()
    return sorted(found, key=lambda event: int(event.metadata.resource_version))


def writes(client: fake.Clientset) -> list[str]:
    """Return the verbs of the requests that wrote events."""
    return [each.verb for each in client.api.actions if each.resource == "events" and each.verb != "list"]


def lines(caplog: pytest.LogCaptureFixture, level: str) -> list[str]:
    """Return the lines of recorders with a level."""
    return [
        line.getMessage()
        for line in caplog.records
        if line.levelname == level and line.name.startswith("kubeloop.record")
    ]


async def until(time: float) -> None:
    """Wait until a time of the event loop."""
    await asyncio.sleep(time - asyncio.get_running_loop().time())


__all__ = [
    "EPOCH",
    "SECOND",
    "core_events_of",
    "core_recorder_of",
    "events_of",
    "faulty_client",
    "lines",
    "note",
    "occurrence",
    "pod",
    "recorder_of",
    "until",
    "writes",
]
