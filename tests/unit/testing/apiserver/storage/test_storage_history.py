"""What a storage knows, without the rules for writes."""

from __future__ import annotations

from kubeloop.testing.apiserver.storage.storage_history import StorageHistory
from kubeloop.testing.apiserver.storage.stored import Change, Key, Stored

POD, NODE = Key("pods", "a", "x"), Key("nodes", "", "n")


def test_an_object_from_before_the_history_is_in_no_change() -> None:
    history = StorageHistory(revision=8, compacted_revision=9)
    stored = Stored(POD, 5, 3, b"{}")
    history.add(stored)
    assert history.get(POD) is stored
    assert history.get(NODE) is None
    assert (history.revision, list(history.changes)) == (8, [])


def test_a_change_moves_the_revision_and_is_kept_per_resource_too() -> None:
    history = StorageHistory()
    stored = Stored(POD, 2, 2, b"{}")
    change = Change(2, POD, stored, None)
    history.record(change)
    assert history.revision == 2
    assert list(history.changes) == list(history.resources["pods"].changes) == [change]


def test_a_compaction_forgets_resources_without_objects_and_changes() -> None:
    history = StorageHistory()
    created = Stored(NODE, 2, 2, b"{}")
    history.record(Change(2, NODE, created, None))
    history.record(Change(3, NODE, None, created, Stored(NODE, 3, 2, b"{}")))
    history.compact(3)
    assert list(history.resources) == ["nodes"]
    history.record(Change(4, POD, Stored(POD, 4, 4, b"{}"), None))
    history.compact(4)
    assert list(history.resources) == ["pods"]
    assert history.compacted_revision == 4
