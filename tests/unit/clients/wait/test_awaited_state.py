"""The states that a wait can be for: which objects are in them, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.clients.wait.awaited_condition import parse_condition
from kubeloop.clients.wait.awaited_path import AwaitedPath, parse_path
from kubeloop.clients.wait.awaited_state import AwaitedDeletion, AwaitedFunction
from kubeloop.jsonpath import JSONPath, JSONPathError
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.unstructured import Unstructured

META = {"name": "a", "namespace": "x"}
Obj = dict[str, Any]


def forms_of(kind: type[Any], data: Obj) -> list[Any]:
    """Return an object with and without a class."""
    whole = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": META, **data}
    return [kind.from_dict(whole), Unstructured(whole)]


def deployment(conditions: list[Obj], generation: int | None = None, observed: int | None = None) -> list[Any]:
    status: Obj = {"conditions": conditions}
    if observed is not None:
        status["observedGeneration"] = observed
    metadata = META if generation is None else {**META, "generation": generation}
    return forms_of(apps_v1.Deployment, {"metadata": metadata, "status": status})


READY = {"type": "Available", "status": "True"}


@pytest.mark.parametrize(
    ("text", "status", "is_met"),
    [
        ("Available", "True", True),
        ("available", "true", True),
        ("Available", "False", False),
        ("Available=False", "False", True),
        ("AVAILABLE=FALSE", "false", True),
        ("Available=True", "False", False),
        ("Available=Unknown", "Unknown", True),
        ("Progressing", "True", False),
    ],
)
def test_names_and_values_of_conditions_are_compared_without_case(text: str, status: str, is_met: bool) -> None:
    state = parse_condition(text)
    assert [state.is_met(obj) for obj in deployment([{"type": "Available", "status": status}])] == [is_met, is_met]


@pytest.mark.parametrize("status", [{}, {"conditions": []}, {"conditions": None}])
def test_an_object_without_conditions_is_in_no_condition(status: Obj) -> None:
    for obj in forms_of(apps_v1.Deployment, {"status": status}):
        assert not parse_condition("Available").is_met(obj)
        assert parse_condition("Available").last_state(obj).text == "there is no condition Available (conditions: none)"


def test_a_kind_without_a_status_is_in_no_condition() -> None:
    assert not parse_condition("Ready").is_met(core_v1.ConfigMap())


@pytest.mark.parametrize(
    ("generation", "observed_by_condition", "observed_by_status", "is_met"),
    [
        (None, None, None, True),
        (2, None, None, True),
        (2, None, 2, True),
        (2, None, 1, False),
        (2, 1, None, False),
        (2, 2, 1, True),
        (2, 1, 2, False),
        (None, 1, 1, True),
    ],
)
def test_a_condition_of_an_older_generation_does_not_count(
    generation: int | None, observed_by_condition: int | None, observed_by_status: int | None, is_met: bool
) -> None:
    condition: Obj = dict(READY)
    if observed_by_condition is not None:
        condition["observedGeneration"] = observed_by_condition
    status: Obj = {"conditions": [condition]}
    if observed_by_status is not None:
        status["observedGeneration"] = observed_by_status
    metadata = META if generation is None else {**META, "generation": generation}
    obj = Unstructured({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": metadata, "status": status})
    assert parse_condition("Available").is_met(obj) is is_met


def test_typed_conditions_have_generations_too() -> None:
    pod = core_v1.Pod(
        metadata=meta_v1.ObjectMeta(generation=3),
        status=core_v1.PodStatus(conditions=[core_v1.PodCondition(type="Ready", status="True", observed_generation=2)]),
    )
    assert not parse_condition("Ready").is_met(pod)
    assert parse_condition("Ready").last_state(pod).text == "Ready is True, observed at generation 2 of 3"
    assert [parse_condition("Available").is_met(obj) for obj in deployment([READY], 2, 1)] == [False, False]


def test_the_first_condition_of_a_name_counts_and_broken_ones_are_skipped() -> None:
    conditions = [
        "text", {"type": "Ready"}, {"type": 1, "status": "True"}, {"type": "Ready", "status": "False"},
        {"type": "Ready", "status": "True"},
    ]  # fmt: skip
    obj = Unstructured({"apiVersion": "v1", "kind": "Pod", "metadata": META, "status": {"conditions": conditions}})
    assert parse_condition("Ready=False").is_met(obj)


def test_conditions_that_are_no_list_are_an_error() -> None:
    obj = Unstructured({"apiVersion": "v1", "kind": "Pod", "metadata": META, "status": {"conditions": {"a": 1}}})
    with pytest.raises(ValueError, match=r"expected a list, got dict: status.conditions of Pod"):
        parse_condition("Ready").is_met(obj)
    assert "expected a list" in parse_condition("Ready").last_state(obj).text


def test_the_last_state_of_a_condition_has_its_reason_and_message() -> None:
    condition = {"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable", "message": "0 of 3"}
    for obj in deployment([condition, {"type": "Progressing", "status": "True"}]):
        last = parse_condition("available").last_state(obj)
        assert last.text == "Available is False (MinimumReplicasUnavailable: 0 of 3)"
        assert (last.status, last.reason, last.message) == ("False", "MinimumReplicasUnavailable", "0 of 3")
        assert parse_condition("Ready").last_state(obj).text == (
            "there is no condition Ready (conditions: Available, Progressing)"
        )


@pytest.mark.parametrize(("text", "shown"), [("Ready", "condition Ready"), ("Ready=TRUE", "condition Ready"),
                                             ("Ready=False", "condition Ready=False")])  # fmt: skip
def test_a_condition_has_a_text(text: str, shown: str) -> None:
    assert str(parse_condition(text)) == shown


@pytest.mark.parametrize("text", ["", "=True", "Ready="])
def test_a_condition_without_a_name_or_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match='expected a condition such as "Ready"'):
        parse_condition(text)


def test_a_condition_that_is_no_text_is_refused() -> None:
    unchecked: Any = 3
    with pytest.raises(TypeError, match="expected the name of a condition, got int"):
        parse_condition(unchecked)


POD = {"status": {"phase": "Running", "podIP": "", "n": 3, "yes": True, "no": None, "ratio": 0.5, "big": 1e6,
                  "list": [{"a": "1"}, {"a": "2"}], "map": {"b": "c"}}}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "is_met"),
    [
        ("{.status.phase}=Running", True),
        (".status.phase=Running", True),
        ("status.phase='Running'", True),
        ('{.status.phase}="Running"', True),
        ("{.status.phase}= Running ", True),
        ("{.status.phase}=running", False),
        ("{.status.phase}", True),
        ("{.status.absent}", False),
        ("{.status.absent}=x", False),
        ("{.status.podIP}", True),
        ("{.status.no}", True),
        ("{.status.no}=<nil>", True),
        ("{.status.n}=3", True),
        ("{.status.yes}=true", True),
        ("{.status.ratio}=0.5", True),
        ("{.status.big}=1e+06", True),
        ("{.status.map}", True),
        ('{.status.list[?(@.a=="2")].a}=2', True),
        ('{.status.list[?(@.a=="3")].a}', False),
        ('{.status.list[?(@.a=="2")].a}', True),
        (("{.status.phase}", "Running"), True),
        (("{.status.n}", 3), True),
        (("{.status.yes}", True), True),
        (("{.status.phase}", "a=b"), False),
        (JSONPath("{.status.phase}"), True),
        (JSONPath("{.status.absent}"), False),
        ((JSONPath("{.status.ratio}"), 0.5), True),
    ],
)
def test_a_path_is_compared_as_kubectl_does(path: Any, is_met: bool) -> None:
    obj = Unstructured({"apiVersion": "v1", "kind": "Pod", "metadata": META, **POD})
    assert parse_path(path).is_met(obj) is is_met


def test_a_path_reads_typed_objects_by_the_names_of_the_api() -> None:
    pod = core_v1.Pod(status=core_v1.PodStatus(pod_ip="10.0.0.1"))
    assert parse_path("{.status.podIP}=10.0.0.1").is_met(pod)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("{.status.list[*].a}=1", "expected one value, got 2"),
        ("{.status.list[*].a}", "expected one value, got 2"),
        ("{.status.map}=x", "expected one text or number, got a map or a list"),
        ("{.status.list}=x", "expected one text or number, got a map or a list"),
    ],
)
def test_a_path_that_cannot_be_compared_is_an_error(path: str, problem: str) -> None:
    obj = Unstructured({"apiVersion": "v1", "kind": "Pod", "metadata": META, **POD})
    with pytest.raises(JSONPathError, match=problem):
        parse_path(path).is_met(obj)


def test_several_expressions_are_an_error() -> None:
    obj = Unstructured({"apiVersion": "v1", "kind": "Pod", "metadata": META, **POD})
    with pytest.raises(JSONPathError, match="expected one expression, got 2"):
        parse_path(JSONPath("{.status.phase}{.status.n}")).is_met(obj)


@pytest.mark.parametrize(
    ("path", "error", "problem"),
    [
        ("{.a}=b=c", ValueError, "expected a path, or a path, '=' and a value, got 2 '=' after '{.a}'; pass"),
        ("{.a}=", ValueError, "expected a value after '='"),
        ("{.a}=''", ValueError, "expected a value after '='"),
        ("", JSONPathError, "expected"),
        ("{.a", JSONPathError, "expected"),
        (("{.a}",), TypeError, "expected a pair of a path"),
        (("{.a}", None), TypeError, "expected a pair of a path"),
        (("{.a}", {}), TypeError, "expected a pair of a path"),
        (("{.a}", b"s3same"), TypeError, "a text, number or bool, got str and bytes"),
        (3, TypeError, "expected a JSONPath, got int"),
    ],
)
def test_a_path_of_another_form_is_refused(path: Any, error: type[Exception], problem: str) -> None:
    with pytest.raises(error, match=problem):
        parse_path(path)


def test_the_last_state_of_a_path_has_its_value() -> None:
    obj = Unstructured({"apiVersion": "v1", "kind": "Pod", "metadata": META, **POD})
    last = parse_path("{.status.phase}=Failed").last_state(obj)
    assert (last.text, last.status) == ("{.status.phase} is 'Running'", "Running")
    assert parse_path("{.status.absent}=Failed").last_state(obj).text == "{.status.absent} has no value"
    assert "expected one value" in parse_path("{.status.list[*].a}").last_state(obj).text
    assert (str(parse_path("{.a}=b")), str(parse_path("a"))) == ("{.a}=b", "a value at {.a}")


def test_a_long_value_is_cut() -> None:
    obj = Unstructured({"apiVersion": "v1", "kind": "Pod", "metadata": META, "status": {"phase": "x" * 10_000}})
    assert len(AwaitedPath(JSONPath("{.status.phase}")).last_state(obj).text) < 300


def is_running(pod: core_v1.Pod) -> bool:
    return pod.status.phase == "Running"


def test_a_function_decides() -> None:
    state = AwaitedFunction(is_running)
    assert state.is_met(core_v1.Pod(status=core_v1.PodStatus(phase="Running")))
    pod = core_v1.Pod(metadata=meta_v1.ObjectMeta(resource_version="7"))
    assert not state.is_met(pod)
    assert state.last_state(pod).text == "is_running returned false for version 7"
    assert str(state) == "is_running(object)"


def test_a_deletion_that_has_not_finished_shows_its_finalizers() -> None:
    state = AwaitedDeletion()
    pod = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a"))
    assert not state.is_met(pod)
    assert state.last_state(pod).text == "the object exists, and nobody has deleted it"
    [deleted, loose] = forms_of(
        core_v1.Pod,
        {"metadata": {"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a/b", "c/d"]}},
    )
    for obj in (deleted, loose):
        text = "the object exists; its deletion began; it waits for the finalizers a/b, c/d"
        assert state.last_state(obj).text == text
