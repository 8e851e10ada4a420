"""The events that a list stands for."""

from __future__ import annotations

from typing import Any

from kubeloop.clients.wait.known_objects import KnownObjects
from kubeloop.clients.wait.wait_machine import WholeList
from kubeloop.errors import Unreadable
from kubeloop.models import core_v1, meta_v1
from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent


def thing(name: str, version: int, uid: str = "") -> core_v1.ConfigMap:
    metadata = meta_v1.ObjectMeta(name=name, namespace="x", resource_version=str(version), uid=uid or f"uid-{name}")
    return core_v1.ConfigMap(metadata=metadata)


def shown(events: Any) -> list[str]:
    return [
        f"{event.type} {event.change} {event.key}"
        if isinstance(event, UnreadableEvent)
        else f"{event.type} {event.object.metadata.name} {event.object.metadata.resource_version}"
        for event in events
    ]


def test_the_first_list_adds_all() -> None:
    known = KnownObjects[core_v1.ConfigMap]()
    assert shown(known.replaced(WholeList([thing("a", 1), thing("b", 2)], {}))) == ["ADDED a 1", "ADDED b 2"]
    assert list(known.objects) == ["x/a", "x/b"]


def test_a_later_list_has_the_events_that_were_missed() -> None:
    known = KnownObjects[core_v1.ConfigMap]()
    known.replaced(WholeList([thing("a", 1), thing("b", 2), thing("c", 3), thing("d", 4)], {}))
    known.changed(WatchEvent("MODIFIED", thing("b", 5)))
    known.changed(WatchEvent("DELETED", thing("d", 6)))
    known.changed(WatchEvent("ADDED", thing("e", 7)))
    found = [thing("a", 1), thing("b", 8), thing("e", 9, uid="other"), thing("f", 10)]
    assert shown(known.replaced(WholeList(found, {}))) == [
        "DELETED c 3", "DELETED e 7", "MODIFIED b 8", "ADDED e 9", "ADDED f 10",
    ]  # fmt: skip
    assert shown(known.replaced(WholeList(found, {}))) == []


def test_an_object_that_cannot_be_read_is_not_deleted() -> None:
    known = KnownObjects[core_v1.ConfigMap]()
    broken = {key: Unreadable("bad", namespace="x", name=key[2:]) for key in ("x/a", "x/b")}
    known.replaced(WholeList([thing("a", 1)], {}))
    assert shown(known.replaced(WholeList([], broken))) == ["UNREADABLE MODIFIED x/a", "UNREADABLE ADDED x/b"]
    known.changed(UnreadableEvent(error=broken["x/a"], change="MODIFIED"))
    assert shown(known.replaced(WholeList([], {}))) == ["DELETED a 1"]
