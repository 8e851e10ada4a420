"""Objects that live for a limited time after their last change."""

from __future__ import annotations

from tests.support.controlled import ControlledServer

EVENTS = "/api/v1/namespaces/default/events"
HOUR = 3600.0


def event(name: str) -> dict[str, object]:
    return {
        "metadata": {"name": name},
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": "p"},
        "reason": "Tested",
    }


def names(server: ControlledServer) -> list[str]:
    return [stored.key.name for stored in server.storage.range("events").items]


def pass_time(server: ControlledServer, seconds: float) -> None:
    server.now += seconds
    server.controllers.step(server.now)


def test_an_event_is_deleted_an_hour_after_its_last_change() -> None:
    server = ControlledServer()
    server.post(EVENTS, event("a"))
    server.post(EVENTS, event("b"))
    pass_time(server, HOUR / 2)
    server.patch(f"{EVENTS}/b", {"message": "again"})

    pass_time(server, HOUR / 2 - 1)
    assert names(server) == ["a", "b"]
    pass_time(server, 1)
    assert names(server) == ["b"]
    pass_time(server, HOUR / 2)
    assert names(server) == []
    assert server.controllers.next_at is None


def test_the_time_of_the_next_step_is_that_of_the_oldest_change() -> None:
    server = ControlledServer(enabled=())
    server.post(EVENTS, event("a"))
    created = server.now
    pass_time(server, 10)
    server.post(EVENTS, event("b"))

    assert server.controllers.next_at == created + HOUR


def test_an_event_that_was_deleted_and_created_again_has_its_whole_time() -> None:
    server = ControlledServer(enabled=())
    server.post(EVENTS, event("a"))
    pass_time(server, HOUR - 1)
    server.send("DELETE", f"{EVENTS}/a")
    server.post(EVENTS, event("a"))

    pass_time(server, 1)

    assert names(server) == ["a"]


def test_other_objects_stay() -> None:
    server = ControlledServer(enabled=())
    server.post("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}})

    pass_time(server, 1000 * HOUR)

    assert len(server.storage.range("configmaps", "default").items) == 1
