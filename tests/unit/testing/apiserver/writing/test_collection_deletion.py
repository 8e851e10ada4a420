"""Deleting collections."""

from __future__ import annotations

from kubeloop.testing.apiserver.storage.stored import Key
from tests.support.written import WriteServer, content

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def names(server: WriteServer) -> list[str]:
    return [stored.key.name for stored in server.storage.range("configmaps", "default").items]


def filled() -> WriteServer:
    server = WriteServer()
    for name, label in (("a", "x"), ("b", "y"), ("c", "x")):
        server.post(CONFIG_MAPS, {"metadata": {"name": name, "labels": {"l": label}}})
    return server


def test_all_objects_of_the_namespace_are_deleted_and_listed() -> None:
    server = filled()
    server.post("/api/v1/namespaces", {"metadata": {"name": "other"}})
    server.post("/api/v1/namespaces/other/configmaps", {"metadata": {"name": "z"}})

    listed = content(server.send("DELETE", CONFIG_MAPS))

    assert names(server) == []
    assert server.storage.get(Key("configmaps", "other", "z"))
    assert (listed["kind"], [item["metadata"]["name"] for item in listed["items"]]) == (
        "ConfigMapList",
        ["a", "b", "c"],
    )


def test_selectors_select_what_is_deleted() -> None:
    server = filled()

    server.send("DELETE", f"{CONFIG_MAPS}?labelSelector=l%3Dx")
    assert names(server) == ["b"]
    server.send("DELETE", f"{CONFIG_MAPS}?fieldSelector=metadata.name%3Dother")
    assert names(server) == ["b"]
    server.send("DELETE", f"{CONFIG_MAPS}?fieldSelector=metadata.name%3Db")
    assert names(server) == []


def test_a_limit_limits_the_deletions() -> None:
    server = filled()

    listed = content(server.send("DELETE", f"{CONFIG_MAPS}?limit=2"))

    assert names(server) == ["c"]
    assert listed["metadata"]["continue"]
    assert listed["metadata"]["remainingItemCount"] == 1


def test_the_options_of_the_deletion_hold_for_each_object() -> None:
    server = filled()
    before = server.storage.revision

    server.send("DELETE", f"{CONFIG_MAPS}?dryRun=All")
    assert server.storage.revision == before
    server.send("DELETE", CONFIG_MAPS, {"propagationPolicy": "Foreground"})

    assert names(server) == ["a", "b", "c"]
    assert server.patch(f"{CONFIG_MAPS}/a", {})["metadata"]["finalizers"] == ["foregroundDeletion"]
