"""Conditions: the cases of apimachinery's meta/conditions_test.go, on models, drafts and mappings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kubeloop import Unstructured, conditions
from kubeloop.models import apps_v1, core_v1, meta_v1

BEFORE = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW = BEFORE + timedelta(hours=1, microseconds=5)
SECONDS = NOW.replace(microsecond=0)
READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T12:00:00Z", "reason": "Up"}


def pod_draft(*found: Any) -> core_v1.Pod.Draft:
    return core_v1.Pod.from_dict({"status": {"conditions": list(found)}}).draft()


def mappings(*found: Any) -> list[dict[str, Any]]:
    return Unstructured({"status": {"conditions": list(found)}}).draft()["status"]["conditions"]  # type: ignore[no-any-return]


def lists(*found: Any) -> list[Any]:
    """Return the conditions in each form that can be read."""
    draft = pod_draft(*found)
    return [draft.finish().before.status.conditions, draft.status.conditions, mappings(*found)]


def mutable(*found: Any) -> list[Any]:
    return lists(*found)[1:]


def value(condition: Any, name: str) -> Any:
    return condition.get(name, "") if isinstance(condition, dict) else getattr(condition, name)


def transition(condition: Any) -> datetime:
    text = condition["lastTransitionTime"] if isinstance(condition, dict) else None
    return datetime.fromisoformat(text) if text else condition.last_transition_time


@pytest.mark.parametrize("form", range(3), ids=["model", "draft", "mapping"])
def test_a_condition_is_found_and_tested_in_every_form(form: int) -> None:
    found = lists(READY, {"type": "Initialized", "status": "False"}, {"type": "Odd", "status": "Unknown"})[form]
    assert value(conditions.find_condition(found, "Ready"), "reason") == "Up"
    assert conditions.find_condition(found, "ready") is None
    assert (conditions.is_true(found, "Ready"), conditions.is_false(found, "Ready")) == (True, False)
    assert (conditions.is_true(found, "Initialized"), conditions.is_false(found, "Initialized")) == (False, True)
    assert (conditions.is_true(found, "Missing"), conditions.is_false(found, "Missing")) == (False, False)
    assert conditions.has_status(found, "Odd", None)
    assert not conditions.has_status(found, "Missing", None)


def test_no_list_has_no_conditions() -> None:
    assert conditions.find_condition(None, "Ready") is None
    assert not conditions.is_true(Unstructured({}).get_in("status", "conditions"), "Ready")


@pytest.mark.parametrize("form", range(2), ids=["draft", "mapping"])
def test_a_new_condition_comes_last_with_the_time_of_now(form: int) -> None:
    found = mutable(READY)[form]
    assert conditions.set_condition(found, "Scheduled", False, reason="Full", message="no node", now=NOW)
    assert [value(each, "type") for each in found] == ["Ready", "Scheduled"]
    assert [value(found[1], name) for name in ("status", "reason", "message")] == ["False", "Full", "no node"]
    assert transition(found[1]) == SECONDS


@pytest.mark.parametrize("form", range(2), ids=["draft", "mapping"])
def test_a_new_status_has_a_new_transition_time(form: int) -> None:
    found = mutable(READY)[form]
    assert conditions.set_condition(found, "Ready", "False", reason="Down", now=NOW)
    assert [value(found[0], name) for name in ("status", "reason")] == ["False", "Down"]
    assert transition(found[0]) == SECONDS


@pytest.mark.parametrize("form", range(2), ids=["draft", "mapping"])
def test_a_new_reason_keeps_the_transition_time(form: int) -> None:
    found = mutable(READY)[form]
    assert conditions.set_condition(found, "Ready", True, reason="Other", message="m", observed_generation=4, now=NOW)
    assert [value(found[0], name) for name in ("reason", "message")] == ["Other", "m"]
    assert transition(found[0]) == BEFORE
    assert conditions.set_condition(found, "Ready", True, now=NOW)
    assert [value(found[0], name) for name in ("reason", "message")] == ["", ""]


@pytest.mark.parametrize("form", range(2), ids=["draft", "mapping"])
def test_the_same_condition_changes_nothing(form: int) -> None:
    found = mutable({**READY, "observedGeneration": 3})[form]
    assert not conditions.set_condition(found, "Ready", True, reason="Up", observed_generation=3, now=NOW)
    assert not conditions.set_condition(found, "Ready", True, reason="Up", now=NOW)
    assert transition(found[0]) == BEFORE


def test_a_draft_whose_condition_stays_has_no_change() -> None:
    draft = pod_draft(READY)
    conditions.set_condition(draft.status.conditions, "Ready", True, reason="Up", now=NOW)
    assert not draft.finish()


def test_the_patch_of_a_condition_changes_one_item() -> None:
    draft = pod_draft(READY, {"type": "Initialized", "status": "True"})
    conditions.set_condition(draft.status.conditions, "Initialized", False, now=NOW)
    places = {operation["path"] for operation in draft.finish().json_patch()}
    assert places == {"/status/conditions/1/status", "/status/conditions/1/lastTransitionTime"}


@pytest.mark.parametrize("form", range(2), ids=["draft", "mapping"])
def test_a_condition_is_removed(form: int) -> None:
    found = mutable(READY, {"type": "Initialized", "status": "True"})[form]
    assert conditions.remove_condition(found, "Ready")
    assert not conditions.remove_condition(found, "Ready")
    assert [value(each, "type") for each in found] == ["Initialized"]


def ready(status: str, **fields: Any) -> meta_v1.Condition:
    return meta_v1.Condition(type="Ready", status=status, **fields)


def test_immutable_conditions_are_returned_with_one_and_without_one() -> None:
    other = meta_v1.Condition(type="Other", status="True", last_transition_time=BEFORE)
    first = conditions.with_condition([other], ready("True", reason="Up"), now=BEFORE)
    assert [(each.type, each.last_transition_time) for each in first] == [("Other", BEFORE), ("Ready", BEFORE)]
    same = conditions.with_condition(first, ready("True", reason="Still"), now=NOW)
    assert [(each.reason, each.last_transition_time) for each in same] == [("", BEFORE), ("Still", BEFORE)]
    changed = conditions.with_condition(same, ready("False"), now=NOW)
    assert (changed[1].status, changed[1].last_transition_time) == ("False", SECONDS)
    given = conditions.with_condition(same, ready("False", last_transition_time=BEFORE - timedelta(1)), now=NOW)
    assert given[1].last_transition_time == BEFORE - timedelta(1)
    assert conditions.without_condition(changed, "Ready") == (other,)
    assert same[1].status == "True"


def test_an_immutable_list_is_refused_with_a_way_out() -> None:
    pod = pod_draft(READY).finish().before
    with pytest.raises(TypeError, match=r"set_condition: expected the list of a draft.*with_condition\(\)"):
        conditions.set_condition(pod.status.conditions, "Ready", False)
    with pytest.raises(TypeError, match="set an empty list first"):
        conditions.set_condition(None, "Ready", False)
    with pytest.raises(TypeError, match="got a list of PodCondition, which is immutable"):
        conditions.set_condition(list(pod.status.conditions), "Ready", False)
    with pytest.raises(TypeError, match=r"remove_condition: .*without_condition\(\)"):
        conditions.remove_condition(pod.status.conditions, "Ready")


def test_what_no_condition_can_have_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the status 'True', 'False' or 'Unknown'"):
        conditions.set_condition(mappings(), "Ready", "true")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="time zone"):
        conditions.set_condition(mappings(), "Ready", True, now=datetime(2026, 1, 1))  # noqa: DTZ001
    draft = apps_v1.Deployment().draft()
    with pytest.raises(TypeError, match="DeploymentCondition has no field 'observedGeneration'"):
        conditions.set_condition(draft.status.conditions, "Ready", True, observed_generation=1)


def test_the_present_time_is_taken_without_one() -> None:
    found = mappings()
    begin = datetime.now(UTC).replace(microsecond=0)
    conditions.set_condition(found, "Ready", None)
    assert begin <= transition(found[0]) <= datetime.now(UTC)
    assert found[0]["status"] == "Unknown"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"type": None}, TypeError),
        ({"type": ""}, ValueError),
        ({"reason": None}, TypeError),
        ({"message": 5}, TypeError),
    ],
    ids=str,
)
def test_a_condition_of_a_wrong_type_is_not_set(arguments: dict[str, Any], error: type[Exception]) -> None:
    items: list[Any] = [{"type": "Ready", "status": "False"}]
    with pytest.raises(error, match="set_condition: expected"):
        conditions.set_condition(items, **{"type": "Ready", "status": True, **arguments})
    assert items == [{"type": "Ready", "status": "False"}]


def test_a_condition_that_lacks_a_field_is_not_set_in_part() -> None:
    node = core_v1.Node.from_dict({"metadata": {"name": "n"}, "status": {"conditions": [{"type": "Ready"}]}})
    draft = node.draft()
    with pytest.raises(TypeError, match=r"set_condition: .* has no field observedGeneration"):
        conditions.set_condition(draft.status.conditions, "Ready", True, reason="Done", observed_generation=2)
    assert not draft.finish()
