"""Recorders of events in virtual time, with a server that only knows which events exist; names; references."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

import kubeloop
from kubeloop.models import core_v1, events_v1
from kubeloop.objects.model import Kind
from kubeloop.record import CoreEventRecorder, EventRecorder, reference_to
from kubeloop.record.recorded_event import EventNames
from kubeloop.scheme import Scheme
from kubeloop.testing import virtual_time
from kubeloop.unstructured import Unstructured

from .messages import without_nothing
from .refused import REFUSED
from .scripts import wait

__all__ = ["core_events", "event_names", "event_series", "references"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UUID = {"uuid": True}


class _WholeMicroseconds(Random):
    """Randomness that adds no nanoseconds to the names of events."""

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return 0


class _EventServer:
    """Knows which events exist, and keeps the writes since the last step."""

    def __init__(self) -> None:
        self.exists: set[tuple[str, str]] = set()
        self._writes: dict[str, Any] = {}

    @property
    def core_v1(self) -> _EventServer:
        return self

    @property
    def events_v1(self) -> _EventServer:
        return self

    def events(self, namespace: str) -> _Events:
        return _Events(self, namespace)

    def keep(self, write: dict[str, Any]) -> None:
        """Keep a write once: a pass over series that ends another one may write the same count twice."""
        self._writes[json.dumps(write, sort_keys=True)] = write

    def took(self) -> list[Any]:
        """Return the writes since the last call, in an order that does not depend on that of series."""
        found = [self._writes[text] for text in sorted(self._writes)]
        self._writes = {}
        return found


class _Events:
    """The client of the events of a namespace."""

    def __init__(self, server: _EventServer, namespace: str) -> None:
        self._server = server
        self._namespace = namespace

    async def create(self, event: core_v1.Event | events_v1.Event) -> core_v1.Event | events_v1.Event:
        assert event.metadata.namespace == self._namespace
        self._server.exists.add((self._namespace, event.metadata.name))
        written = without_nothing(event.to_dict())
        for name in ("apiVersion", "kind"):  # Go's typed objects do not contain them
            written.pop(name, None)
        written["metadata"]["name"] = _shown(event.metadata.name)
        if isinstance(event, core_v1.Event):
            # client-go's recorder has no arguments for them.
            written.pop("action")
            written.pop("related", None)
        else:
            written.pop("reportingInstance", None)  # contains the name of the host
        self._server.keep({"create": written})
        return event

    async def patch(self, name: str, patch: Mapping[str, Any], *, type: str) -> None:
        assert type == "strategic"
        if (self._namespace, name) not in self._server.exists:
            raise kubeloop.NotFound(kubeloop.StatusDetails(code=404, reason="NotFound"))
        self._server.keep({"name": _shown(name), "namespace": self._namespace, "patch": dict(patch)})


def _shown(name: str) -> Any:
    is_uuid = len(name) == 36 and name[14] == "4" and name[8] == name[23] == "-"
    return _UUID if is_uuid else name


def core_events(case: dict[str, Any]) -> Any:
    """Run a script of occurrences with the recorder of core `v1`, and return the writes of each step."""
    server = _EventServer()
    return virtual_time.run(
        _run_script(
            server,
            CoreEventRecorder(_client(server), "tester", host="n1", now=virtual_time.now, random=_WholeMicroseconds(1)),
            case["script"],
        )
    )


def event_series(case: dict[str, Any]) -> Any:
    """Run a script of occurrences with the recorder of `events.k8s.io/v1`, and return the writes of each step."""
    server = _EventServer()
    recorder = EventRecorder(_client(server), "tester", now=virtual_time.now, random=_WholeMicroseconds(1))
    return virtual_time.run(_run_script(server, recorder, case["script"]))


def _client(server: _EventServer) -> kubeloop.Clientset:
    return cast("kubeloop.Clientset", server)  # has all that recorders use


async def _run_script(
    server: _EventServer, recorder: CoreEventRecorder | EventRecorder, script: list[list[Any]]
) -> list[Any]:
    results: list[Any] = []
    async with recorder:
        for name, *arguments in script:
            if name == "event":
                about, type_, reason, action, note, related, annotations = arguments
                recorder.event(
                    core_v1.ObjectReference.from_dict(about),
                    type_,
                    reason,
                    action,
                    note,
                    related=related and core_v1.ObjectReference.from_dict(related),
                    annotations=annotations,
                )
            elif name == "expire":
                server.exists.clear()
            await wait(*arguments if name == "pass" else [0])
            results.append(server.took())
    return results


def event_names(case: dict[str, Any]) -> Any:
    """Return the name of an event about an object at some moment."""
    moment = _EPOCH + timedelta(microseconds=case["microseconds"])
    return _shown(EventNames(_WholeMicroseconds(1)).next(case["name"], moment))


def references(case: dict[str, Any]) -> Any:
    """Return the reference to an object."""
    data = case["object"]
    try:
        if case["as"] == "unstructured":
            obj: Kind | Unstructured = Unstructured(data)
        else:
            cls: Any = Scheme().lookup(data["apiVersion"], data["kind"])
            obj = cls.from_dict(data)
        return without_nothing(reference_to(obj, case["fieldPath"]).to_dict())
    except ValueError:
        return REFUSED
