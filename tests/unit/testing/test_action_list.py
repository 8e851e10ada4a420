"""Lists of actions, and the log of a server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import kubeloop
from kubeloop.testing.action import Action
from kubeloop.testing.action_list import ActionList, ActionLog
from kubeloop.wire.response import Headers

ACTIONS = [
    Action("list", "pods", namespace="x"),
    Action("create", "pods", "a", namespace="x"),
    Action("update", "pods/status", "a", namespace="x"),
]


def request(method: str, target: str) -> kubeloop.Request:
    return kubeloop.Request(method, target)


def test_a_list_equals_any_sequence_of_equal_actions() -> None:
    actions = ActionList(ACTIONS)
    assert list(actions) == ACTIONS
    assert all(actions == same for same in (ACTIONS, tuple(ACTIONS), ActionList(ACTIONS)))
    assert actions == ACTIONS
    assert actions != ACTIONS[:2]
    assert actions != [*ACTIONS[:2], Action("list", "nodes")]
    assert actions != 3
    assert ActionList() != ""
    assert repr(actions) == repr(ACTIONS)
    with pytest.raises(TypeError):
        hash(actions)


def test_parts_are_chosen_by_index_verb_and_resource() -> None:
    actions = ActionList(ACTIONS)
    assert actions[0] == ACTIONS[0]
    assert actions[1:].writes == ACTIONS[1:]
    assert actions.writes == ACTIONS[1:]
    assert actions.of("create") == ACTIONS[1:2]
    assert actions.of("*", "pods") == ACTIONS[:2]
    assert actions.of("*", "*/status") == ACTIONS[2:]


def test_a_misspelt_verb_or_resource_chooses_nothing_and_is_refused() -> None:
    with pytest.raises(ValueError, match="did you mean 'delete'"):
        ActionList().of("delet")
    with pytest.raises(ValueError, match="expected a plural"):
        ActionList().of("delete", "Pod")


def test_assertions_print_the_difference() -> None:
    actions = ActionList(ACTIONS)
    actions.assert_equal(ACTIONS)
    with pytest.raises(
        AssertionError, match=r"^expected 2 actions, got 3 actions:\n(.|\n)*\n  \+ update pods/status x/a$"
    ):
        actions.assert_equal(ACTIONS[:2])
    actions[:1].assert_no_writes()
    with pytest.raises(
        AssertionError, match=r"^expected no writes, got:\n  create pods x/a\n  update pods/status x/a$"
    ):
        actions.assert_no_writes()


def test_a_log_reads_its_requests_when_it_is_read_and_leaves_other_paths_out() -> None:
    log = ActionLog()
    log.assert_no_writes()
    log.record(request("GET", "/api/v1/namespaces/x/pods"))
    log.record(request("GET", "/openapi/v3"))
    assert log == ACTIONS[:1]
    log.record(request("DELETE", "/api/v1/namespaces/x/pods/a")).status = 404
    assert [str(action) for action in log] == ["list pods in x", "delete pods x/a"]
    assert (len(log), log[-1].name) == (2, "a")
    assert log[:1] == ACTIONS[:1]
    assert [str(each) for each in log.latest(2)] == ["... GET /openapi/v3", "404 DELETE /api/v1/namespaces/x/pods/a"]
    log.clear()
    assert log == []
    assert log.latest(5) == []


PODS = "/api/v1/pods"


@pytest.mark.parametrize(
    ("count", "made"),
    [
        (10_001, lambda: kubeloop.Request("POST", PODS)),
        (3, lambda: kubeloop.Request("POST", PODS, body=bytes(8 << 20))),
        (17, lambda: kubeloop.Request("GET", f"{PODS}?labelSelector={'a' * (1 << 20)}")),
        (17, lambda: kubeloop.Request("GET", PODS, Headers([("X", "a" * (1 << 20))]))),
        (17, lambda: kubeloop.Request("GET", PODS, {"X": "a" * (1 << 20)})),
        (200, lambda: kubeloop.Request("GET", PODS, Headers([("X", "")] * 1000))),
    ],
)
def test_a_log_that_dropped_requests_cannot_be_read_until_it_is_cleared(
    count: int, made: Callable[[], kubeloop.Request]
) -> None:
    log = ActionLog()
    for _ in range(count):
        log.record(made())
    with pytest.raises(RuntimeError, match=r"expected at most 10000 requests with 16777216 bytes, got more; call `act"):
        log.assert_no_writes()
    assert 0 < len(log.latest(count)) < count
    log.clear()
    log.record(request("GET", "/api/v1/pods"))
    assert len(log) == 1
