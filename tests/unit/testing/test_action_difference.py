"""The difference between expected actions and those that happened."""

from __future__ import annotations

from kubeloop.testing.action import Action
from kubeloop.testing.action_difference import difference


def test_what_is_missing_what_is_new_and_what_differs_is_marked() -> None:
    expected = [
        Action("create", "configmaps", "a", namespace="x"),
        Action("update", "deployments", "web", namespace="x", object={"spec": {"replicas": 3, "paused": True}}),
        Action("delete", "pods", "gone", namespace="x"),
        Action("patch", "pods", "a", namespace="x", patch_type="merge"),
    ]
    actual = [
        Action("create", "configmaps", "a", namespace="x"),
        Action("update", "deployments", "web", namespace="x", object={"spec": {"replicas": 2, "ports": [1]}}),
        Action("patch", "pods", "a", namespace="x", patch_type="merge"),
        Action("delete", "nodes", "n"),
    ]
    assert difference(expected, actual).splitlines() == [
        "expected 4 actions, got 4 actions:",
        "    create configmaps x/a",
        "  ! update deployments x/web",
        "        object.spec.replicas: expected 3, got 2",
        "        object.spec.paused: expected True, got nothing",
        "        object.spec.ports: expected nothing, got [1]",
        "  - delete pods x/gone",
        "    patch pods x/a (merge)",
        "  + delete nodes n",
    ]


def test_lists_of_the_same_length_differ_in_their_items() -> None:
    def change(*names: str) -> Action:
        return Action("update", "pods", object={"spec": {"containers": [{"name": name} for name in names]}})

    lines = difference([change("a", "b")], [change("a", "c")]).splitlines()
    assert lines[-1] == "        object.spec.containers[1].name: expected 'b', got 'c'"
    lines = difference([change("a")], [change("a", "c")]).splitlines()
    assert lines[-1] == ("        object.spec.containers: expected [{'name': 'a'}], got [{'name': 'a'}, {'name': 'c'}]")


def test_options_are_compared_where_a_test_names_them_and_long_values_are_shortened() -> None:
    expected = [Action("list", "pods", options={"limit": "1"}), Action("update", "pods", object="a" * 500)]
    actual = [Action("list", "pods", options={"limit": "2"}), Action("update", "pods", object=None)]
    lines = difference(expected, actual).splitlines()
    assert lines[2] == "        options.limit: expected '1', got '2'"
    assert lines[4].endswith("... (502 characters), got None")


def test_no_actions_are_named_so() -> None:
    assert difference([], [Action("list", "pods")]) == "expected no action, got 1 action:\n  + list pods"
