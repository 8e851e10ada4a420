"""Options: each is checked and written once."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from kubeloop.labels import Selector
from kubeloop.wire.options import delete_body, list_params, log_params, watch_params, write_params
from kubeloop.wire.patch import patch_content_type


def test_list_options_have_their_field_names() -> None:
    assert list_params(
        {
            "label_selector": "a=b", "field_selector": "c=d", "resource_version": "0", "limit": 5, "continue_": "t",
            "resource_version_match": "NotOlderThan", "timeout": 1.5, "shard_selector": "s",
        }
    ) == {
        "labelSelector": "a=b", "fieldSelector": "c=d", "resourceVersion": "0", "limit": 5, "continue": "t",
        "resourceVersionMatch": "NotOlderThan", "timeoutSeconds": 2, "shardSelector": "s",
    }  # fmt: skip


@pytest.mark.parametrize(("given", "sent"), [(0.001, 1), (0.5, 1), (1, 1), (1.001, 2)])
def test_any_positive_timeout_is_sent_in_whole_seconds_rounded_up(given: float, sent: int) -> None:
    assert list_params({"timeout": given}) == {"timeoutSeconds": sent}


def test_what_is_none_or_empty_is_left_out() -> None:
    assert list_params({"label_selector": None, "field_selector": "", "resource_version": "", "limit": None}) == {}
    assert write_params({"dry_run": False, "field_manager": None}, "create") == {}


def test_a_selector_may_be_an_object() -> None:
    assert list_params({"label_selector": Selector.parse("a=b,!c")}) == {"labelSelector": "a=b,!c"}


def test_a_watch_keeps_to_itself_what_it_does_itself() -> None:
    assert watch_params({"label_selector": "a", "resource_version": "5", "timeout": 3, "bookmarks": True}) == {
        "labelSelector": "a"
    }


def test_write_options_have_their_field_names() -> None:
    assert write_params({"dry_run": True, "field_manager": "me", "field_validation": "Strict"}, "create") == {
        "dryRun": "All",
        "fieldManager": "me",
        "fieldValidation": "Strict",
    }
    assert write_params({"force": True}, "apply") == {"force": True}


def test_delete_options_are_a_body() -> None:
    assert delete_body({}) is None
    assert delete_body({"timeout": 3}) is None
    body = delete_body(
        {
            "grace_period_seconds": 0, "propagation_policy": "Foreground", "uid": "u", "resource_version": "7",
            "dry_run": True, "ignore_store_read_error": True,
        }
    )  # fmt: skip
    assert body is not None
    assert body["kind"] == "DeleteOptions"
    assert {name: value for name, value in body.items() if name not in {"kind", "apiVersion"}} == {
        "gracePeriodSeconds": 0,
        "propagationPolicy": "Foreground",
        "preconditions": {"uid": "u", "resourceVersion": "7"},
        "dryRun": ["All"],
        "ignoreStoreReadErrorWithClusterBreakingPotential": True,
    }


def test_log_options_have_their_field_names() -> None:
    assert log_params({"container": "c", "previous": True, "tail_lines": 0, "stream": "Stderr"}) == {
        "container": "c",
        "previous": True,
        "tailLines": 0,
        "stream": "Stderr",
    }


BAD: list[tuple[Any, dict[str, Any], type[Exception]]] = [
    (list_params, {"labels": "a"}, TypeError),
    (list_params, {"label_selector": {"a": 1}}, TypeError),
    (list_params, {"resource_version": 5}, TypeError),
    (list_params, {"limit": -1}, ValueError),
    (list_params, {"limit": True}, TypeError),
    (list_params, {"limit": "5"}, TypeError),
    (list_params, {"timeout": 0}, ValueError),
    (list_params, {"timeout": "5"}, TypeError),
    (list_params, {"timeout": float("nan")}, ValueError),
    (list_params, {"resource_version_match": "Newest"}, ValueError),
    (watch_params, {"limit": 5}, TypeError),
    (delete_body, {"propagation_policy": "foreground"}, ValueError),
    (delete_body, {"grace_period_seconds": -1}, ValueError),
]


@pytest.mark.parametrize(("write", "options", "error"), BAD)
def test_a_wrong_option_fails_and_is_named(write: Any, options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(options))):
        write(options)


def test_force_belongs_to_apply_alone() -> None:
    with pytest.raises(TypeError, match="force"):
        write_params({"force": True}, "create")
    with pytest.raises(ValueError, match="field_validation"):
        write_params({"field_validation": "strict"}, "create")  # type: ignore[typeddict-item]


def test_the_form_of_a_patch_determines_its_type() -> None:
    assert patch_content_type({}, None) == "application/merge-patch+json"
    assert patch_content_type([], None) == "application/json-patch+json"
    assert patch_content_type({}, "strategic") == "application/strategic-merge-patch+json"


@pytest.mark.parametrize(("patch", "kind"), [([], "merge"), ({}, "json"), ("{}", "json"), (b"{}", "merge"), (5, None)])
def test_a_patch_of_another_form_is_refused(patch: Any, kind: Any) -> None:
    with pytest.raises(TypeError):
        patch_content_type(patch, kind)


def test_an_unknown_patch_type_is_refused() -> None:
    with pytest.raises(ValueError, match="apply"):
        patch_content_type({}, "apply")  # type: ignore[arg-type]


def test_the_time_of_a_log_may_be_a_datetime() -> None:
    """(E8)"""
    moment = datetime(2026, 1, 2, 3, 4, 5, 999, tzinfo=timezone(timedelta(hours=2)))
    assert log_params({"since_time": moment}) == {"sinceTime": "2026-01-02T01:04:05Z"}
    assert log_params({"since_time": "2026-01-02T01:04:05Z"}) == {"sinceTime": "2026-01-02T01:04:05Z"}
    with pytest.raises(ValueError, match="since_time"):
        log_params({"since_time": moment.replace(tzinfo=None)})
    with pytest.raises(TypeError, match="expected a datetime or a str for since_time"):
        log_params({"since_time": 5})  # type: ignore[typeddict-item]
