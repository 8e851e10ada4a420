"""Which event a watch sends for a change: the table of `TestCacheWatcherHandlesFiltering`."""

from __future__ import annotations

import json

import pytest

from kubeloop import fields, labels
from kubeloop.testing.apiserver.reading.event_delivery import delivery_of
from kubeloop.testing.apiserver.reading.selection import select
from kubeloop.testing.apiserver.storage.stored import Change, Key, Stored
from tests.support.read_world import PODS

KEY = Key("pods", "ns", "a")
EVERYTHING = select(PODS, "", labels.everything(), fields.Selector())
WEB = select(PODS, "", labels.equals("app", "web"), fields.Selector())


def stored(revision: int, app: str) -> Stored:
    metadata = {"name": "a", "namespace": "ns", "labels": {"app": app}, "resourceVersion": str(revision)}
    return Stored(KEY, revision, 1, json.dumps({"metadata": metadata}, separators=(",", ":")).encode())


def change(revision: int, app: str | None, previous: str | None) -> Change:
    before = stored(revision - 1, previous) if previous is not None else None
    if app is None:
        return Change(revision, KEY, None, before, stored(revision, previous or ""))
    return Change(revision, KEY, stored(revision, app), before)


@pytest.mark.parametrize(("app", "previous", "everything", "web"), [
    ("web", None, "ADDED", "ADDED"),
    ("db", None, "ADDED", None),
    ("web", "web", "MODIFIED", "MODIFIED"),
    ("web", "db", "MODIFIED", "ADDED"),
    ("db", "web", "MODIFIED", "DELETED"),
    ("db", "db", "MODIFIED", None),
    (None, "web", "DELETED", "DELETED"),
    (None, "db", "DELETED", None),
])  # fmt: skip
def test_a_change_becomes_an_event(app: str | None, previous: str | None, everything: str, web: str | None) -> None:
    found = delivery_of(change(7, app, previous), EVERYTHING)
    selected = delivery_of(change(7, app, previous), WEB)
    assert found is not None
    assert found.type == everything
    assert (selected.type if selected else None) == web
    assert {each.stored.revision for each in (found, selected) if each} == {7}


def test_an_object_that_stops_to_match_has_its_last_matching_state_with_the_revision_of_the_change() -> None:
    found = delivery_of(change(7, "db", "web"), WEB)
    assert found is not None
    metadata = json.loads(found.stored.data)["metadata"]
    assert (metadata["labels"], metadata["resourceVersion"]) == ({"app": "web"}, "7")


def test_the_state_of_an_object_that_stops_to_match_is_made_once_for_all_watches() -> None:
    leaving = change(7, "db", "web")
    first, second = delivery_of(leaving, WEB), delivery_of(leaving, WEB)
    assert first is not None
    assert second is not None
    assert first.stored is second.stored


def test_the_state_is_made_again_for_another_change() -> None:
    previous = stored(6, "web")
    first = delivery_of(Change(7, KEY, stored(7, "db"), previous), WEB)
    other = delivery_of(Change(8, KEY, stored(8, "db"), previous), WEB)
    assert first is not None
    assert other is not None
    assert (first.stored.revision, other.stored.revision) == (7, 8)


@pytest.mark.parametrize(("namespace", "field"), [("other", ""), ("ns", "metadata.name=b")])
def test_a_change_outside_of_the_range_is_no_event(namespace: str, field: str) -> None:
    selection = select(PODS, namespace, labels.everything(), fields.Selector.parse(field))
    assert delivery_of(change(7, "web", None), selection) is None


def test_a_watch_without_a_selector_decodes_nothing() -> None:
    key = Key("pods", "ns", "a")
    value, previous = Stored(key, 7, 1, b"not decoded"), Stored(key, 6, 1, b"neither")
    found = delivery_of(Change(7, key, value, previous), EVERYTHING)
    assert found is not None
    assert found.stored is value


def test_a_deletion_has_the_last_state() -> None:
    deleted = change(7, None, "web")
    found = delivery_of(deleted, EVERYTHING)
    assert found is not None
    assert found.stored is deleted.last
