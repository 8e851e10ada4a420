"""What happened on an API server, for the report of a test that failed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kubeloop.meta import yaml
from kubeloop.wire.serializers.json_serializer import JSON

if TYPE_CHECKING:
    from .apiserver import APIServer
    from .apiserver.storage.stored import Change, Key, Stored

__all__ = ["failure_report"]

_REQUESTS = 20
_EVENTS = 20
_CHANGED = 20
_SHOWN = 3
_LINES = 40
_EVENT_RESOURCES = frozenset({"events", "events.events.k8s.io"})


def failure_report(server: APIServer, changes: Collection[Change]) -> list[tuple[str, str]]:
    """Return titles and texts: the last requests, the reactions, the Events, and the objects that changed.

    Of the objects that changed last, the text has the newest state in YAML.

    Args:
        server: The server.
        changes: The changes of its storage since the test began. The storage itself may have compacted them.
    """
    objects = [change for change in changes if change.key.resource not in _EVENT_RESOURCES]
    events = [change.value for change in changes if change.key.resource in _EVENT_RESOURCES and change.value]
    sections = [
        ("last requests", "\n".join(map(str, server.actions.latest(_REQUESTS)))),
        ("reactions", "\n".join(map(repr, server.reactions))),
        ("events", "\n".join(map(_event_line, _newest(events)[-_EVENTS:]))),
        ("changed objects", _changed(objects)),
    ]
    return [(f"api_server: {title}", text) for title, text in sections if text]


def _newest(versions: Iterable[Stored]) -> list[Stored]:
    newest = {stored.key: stored for stored in versions}
    return sorted(newest.values(), key=lambda stored: stored.revision)


def _event_line(stored: Stored) -> str:
    event = _data(stored)
    about: dict[str, Any] = event.get("regarding") or event.get("involvedObject") or {}
    key = "/".join(part for part in (about.get("kind"), about.get("namespace"), about.get("name")) if part)
    return f"{event.get('type')} {event.get('reason')} {key}: {event.get('note') or event.get('message')}"


def _changed(changes: list[Change]) -> str:
    by_key: dict[Key, list[Change]] = {}
    for change in changes:
        by_key[change.key] = [*by_key.pop(change.key, []), change]
    histories = list(by_key.items())[-_CHANGED:]
    texts = [f"{key.resource} {key.path}: {_history(found)}" for key, found in histories]
    for key, found in histories[-_SHOWN:]:
        if (stored := found[-1].value) is not None:
            lines = yaml.dump(_shown(key, _data(stored))).splitlines()
            texts += ["", f"# {key.resource} {key.path}", *lines[:_LINES], *(["# ..."] if len(lines) > _LINES else [])]
    return "\n".join(texts)


def _history(changes: list[Change]) -> str:
    names = ["created" if each.previous is None else "deleted" if each.value is None else "updated" for each in changes]
    steps: list[tuple[str, int]] = []
    for name in names:
        if steps and steps[-1][0] == name:
            steps[-1] = (name, steps[-1][1] + 1)
        else:
            steps.append((name, 1))
    return ", ".join(name if count == 1 else f"{name} {count} times" for name, count in steps)


def _data(stored: Stored) -> dict[str, Any]:  # a document of any kind
    found: dict[str, Any] = JSON.plain_data(stored.data)
    return found


def _shown(key: Key, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document without managed fields and without the data of a Secret."""
    metadata = {name: value for name, value in document["metadata"].items() if name != "managedFields"}
    hidden = {"data", "stringData"} if key.resource == "secrets" else set[str]()
    return {name: value for name, value in document.items() if name not in hidden} | {"metadata": metadata}
