"""Options of requests, with the checks and words of the real server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop import errors
from kubeloop.labels import Selector
from kubeloop.wire.options import delete_body, list_params, write_params
from kubeloop.wire.parse_options import (
    DeleteOptions,
    WriteOptions,
    check_list_options,
    parse_delete_body,
    parse_delete_options,
    parse_get_options,
    parse_list_options,
    parse_write_options,
)
from kubeloop.wire.query_text import parse_query
from kubeloop.wire.request import target


def message_of(error: pytest.ExceptionInfo[errors.APIError]) -> str:
    return error.value.status.message


def test_absent_options_have_zero_values() -> None:
    options = parse_list_options({})

    assert (options.watch, options.limit, options.timeout_seconds, options.send_initial_events) == (
        False,
        0,
        None,
        None,
    )
    assert options.label_selector.is_everything
    assert options.field_selector.is_everything
    assert parse_get_options({}) == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [("true", True), ("1", True), ("", True), ("yes", True), ("False", False), ("0", False), ("FALSE", False)],
)
def test_a_boolean_is_true_unless_it_says_false(value: str, expected: bool) -> None:
    assert parse_list_options({"watch": [value]}).watch is expected
    assert parse_list_options({"sendInitialEvents": [value]}).send_initial_events is expected


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=x", 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("limit=", 'strconv.ParseInt: parsing "": invalid syntax'),
        ("limit=1_0", 'strconv.ParseInt: parsing "1_0": invalid syntax'),
        ("limit=9223372036854775808", 'strconv.ParseInt: parsing "9223372036854775808": value out of range'),
        ("timeoutSeconds=1.5", 'strconv.ParseInt: parsing "1.5": invalid syntax'),
        ("fieldSelector=a", "invalid selector: 'a'; can't understand 'a'"),
    ],
)
def test_an_option_that_cannot_be_read_is_refused(query: str, message: str) -> None:
    with pytest.raises(errors.BadRequest) as caught:
        parse_list_options(parse_query(query))

    assert message_of(caught) == message


@pytest.mark.parametrize("text", ["a==b==c", "a in b", "!", "a,,b"])
def test_a_malformed_label_selector_is_refused(text: str) -> None:
    with pytest.raises(
        errors.BadRequest, match=r"^400 BadRequest: (unable to parse requirement: |found '.*', expected: )"
    ):
        parse_list_options({"labelSelector": [text]})


def test_a_malformed_value_of_a_field_selector_is_refused() -> None:
    with pytest.raises(errors.BadRequest, match="invalid field selector: "):
        parse_list_options({"fieldSelector": ["a=\\x"]})


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "label_selector": st.sampled_from(["a=b", "a in (b,c),!d"]),
            "field_selector": st.sampled_from(["metadata.name=x", "spec.nodeName!=n"]),
            "resource_version": st.sampled_from(["0", "17"]),
            "limit": st.integers(0, 2**40),
            "continue_": st.text("abc", max_size=3),
        },
    )
)
def test_the_options_of_the_client_are_read_back(options: dict[str, Any]) -> None:
    query = parse_query(target("/", list_params(options)).partition("?")[2])  # type: ignore[arg-type]  # any subset

    read = parse_list_options(query)

    assert read.label_selector == Selector.parse(options.get("label_selector", ""))
    assert str(read.field_selector) == options.get("field_selector", "")
    assert read.resource_version == options.get("resource_version", "")
    assert (read.limit, read.continue_) == (options.get("limit", 0), options.get("continue_", ""))


LIST = 'ListOptions.meta.k8s.io "" is invalid: '


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "resourceVersionMatch=Exact",
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        (
            "resourceVersionMatch=Exact&resourceVersion=0",
            'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
        (
            "resourceVersionMatch=x&resourceVersion=1",
            'resourceVersionMatch: Unsupported value: "x": supported values: "Exact", "NotOlderThan", ""',
        ),
        (
            "resourceVersionMatch=Exact&resourceVersion=1&continue=a",
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided",
        ),
        ("sendInitialEvents=true", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
        (
            "watch=1&sendInitialEvents=true",
            "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
        (
            "watch=1&resourceVersionMatch=NotOlderThan",
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
            "provided",
        ),
        (
            "watch=1&resourceVersionMatch=Exact&sendInitialEvents=false",
            "[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to "
            'NotOlderThan, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]',
        ),
        (
            "watch=1&resourceVersionMatch=NotOlderThan&sendInitialEvents=0&continue=x",
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided",
        ),
    ],
)
def test_options_that_contradict_each_other_are_invalid(query: str, message: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        check_list_options(parse_list_options(parse_query(query)))

    assert message_of(caught) == LIST + message
    assert (caught.value.status.group, caught.value.status.kind) == ("meta.k8s.io", "ListOptions")


@pytest.mark.parametrize("query", ["", "resourceVersion=5&resourceVersionMatch=Exact", "limit=-1", "continue=x"])
def test_other_lists_are_valid(query: str) -> None:
    options = parse_list_options(parse_query(query))

    assert check_list_options(options) == options


@pytest.mark.parametrize(("query", "initial"), [("", True), ("resourceVersion=0", True), ("resourceVersion=5", None)])
def test_a_watch_from_now_has_initial_events_by_default(query: str, initial: bool | None) -> None:
    options = check_list_options(parse_list_options(parse_query(f"watch=1&{query}")))

    assert options.send_initial_events is initial
    assert options.resource_version_match == ("NotOlderThan" if initial else "")


def test_the_options_of_a_write_are_read_back() -> None:
    params = write_params({"dry_run": True, "field_manager": "me", "field_validation": "Strict"}, "create")

    read = parse_write_options(parse_query(target("/", params).partition("?")[2]), "Create")

    assert read == WriteOptions(True, "me", "Strict")
    assert parse_write_options({}, "Update") == WriteOptions()
    assert parse_write_options({"fieldManager": ["me"], "force": ["1"]}, "Apply").force


@pytest.mark.parametrize(
    ("query", "verb", "kind", "message"),
    [
        ("dryRun=x", "Create", "CreateOptions", 'dryRun: Unsupported value: ["x"]: supported values: "All"'),
        (
            "dryRun=All&dryRun=",
            "Update",
            "UpdateOptions",
            'dryRun: Unsupported value: ["All",""]: supported values: "All"',
        ),
        (
            "fieldValidation=x",
            "Patch",
            "PatchOptions",
            'fieldValidation: Unsupported value: "x": supported values: "", "Ignore", "Strict", "Warn"',
        ),
        ("force=true", "Patch", "PatchOptions", "force: Forbidden: may not be specified for non-apply patch"),
        ("", "Apply", "PatchOptions", "fieldManager: Required value: is required for apply patch"),
        (
            "fieldManager=" + "x" * 129,
            "Create",
            "CreateOptions",
            "fieldManager: Too long: may not be more than 128 bytes",
        ),
        (
            "fieldManager=%C3%A9%07",
            "Create",
            "CreateOptions",
            'fieldManager: Invalid value: "é\\a": invalid character U+0007 (at position 2)',
        ),
    ],
)
def test_wrong_options_of_a_write_are_invalid(query: str, verb: Any, kind: str, message: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        parse_write_options(parse_query(query), verb)

    assert message_of(caught) == f'{kind}.meta.k8s.io "" is invalid: {message}'


def test_the_options_of_a_delete_are_the_same_in_body_and_query() -> None:
    body = delete_body(
        {
            "grace_period_seconds": 0,
            "propagation_policy": "Orphan",
            "uid": "u",
            "resource_version": "7",
            "dry_run": True,
        }
    )
    query = parse_query("gracePeriodSeconds=0&propagationPolicy=Orphan&uid=u&resourceVersion=7&dryRun=All")
    expected = DeleteOptions(
        grace_period_seconds=0, propagation_policy="Orphan", uid="u", resource_version="7", dry_run=True
    )

    assert body is not None
    assert parse_delete_body(body) == expected
    assert parse_delete_options(query) == expected
    assert parse_delete_body({}) == parse_delete_options({}) == DeleteOptions()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "propagationPolicy=Orphan&orphanDependents=true",
            'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
        ),
        (
            "propagationPolicy=x",
            'propagationPolicy: Unsupported value: "x": supported values: "Foreground", "Background", "Orphan", "nil"',
        ),
        ("dryRun=all", 'dryRun: Unsupported value: ["all"]: supported values: "All"'),
    ],
)
def test_wrong_options_of_a_delete_are_invalid(query: str, message: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        parse_delete_options(parse_query(query))

    assert message_of(caught) == f'DeleteOptions.meta.k8s.io "" is invalid: {message}'


def test_a_grace_period_that_is_no_integer_is_refused() -> None:
    with pytest.raises(errors.BadRequest, match="invalid syntax"):
        parse_delete_options({"gracePeriodSeconds": ["soon"]})
