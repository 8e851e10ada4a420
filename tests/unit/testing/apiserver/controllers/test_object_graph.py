"""The graph of owners and dependents."""

from __future__ import annotations

from kubeloop.testing.apiserver.controllers.object_graph import GraphNode, ObjectGraph, node_of
from kubeloop.testing.apiserver.storage.stored import Key, Stored


def node(uid: str, *owners: str) -> GraphNode:
    return GraphNode(Key("pods", "default", uid), uid, dict.fromkeys(owners, False), False, ())


def test_dependents_are_found_whether_the_owner_exists_or_not() -> None:
    graph = ObjectGraph()
    graph.put(node("a", "owner"))
    graph.put(node("b", "owner", "other"))

    assert [each.uid for each in graph.dependents("owner")] == ["a", "b"]
    assert [each.uid for each in graph.dependents("other")] == ["b"]
    assert list(graph.dependents("a")) == []
    assert len(graph) == 2


def test_a_replaced_node_has_its_new_owners_only() -> None:
    graph = ObjectGraph()
    graph.put(node("a", "owner"))

    previous = graph.put(node("a", "other"))

    assert previous == node("a", "owner")
    assert list(graph.dependents("owner")) == []
    assert [each.uid for each in graph.dependents("other")] == ["a"]


def test_a_removed_node_is_no_dependent() -> None:
    graph = ObjectGraph()
    graph.put(node("a", "owner"))

    assert graph.remove("a") == node("a", "owner")
    assert graph.remove("a") is None
    assert list(graph.dependents("owner")) == []


def test_a_node_is_read_from_the_metadata() -> None:
    data = (
        b'{"metadata":{"name":"a","uid":"1","deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["x/y"],'
        b'"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n","uid":"2","blockOwnerDeletion":true}]}}'
    )
    key = Key("pods", "default", "a")

    assert node_of(Stored(key, 1, 1, data)) == GraphNode(key, "1", {"2": True}, True, ("x/y",))
