"""The options of a request, from its query or, of a delete, its body, with the checks and messages of the real server.

Writing options is in `options`. Reference: apimachinery pkg/runtime/conversion.go, pkg/apis/meta/v1/validation,
pkg/apis/meta/internalversion/validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, cast

from kubeloop._kit.value import Value
from kubeloop.errors import StatusCause
from kubeloop.fields import Selector as FieldSelector
from kubeloop.labels import Selector
from kubeloop.meta.gvk import GroupKind
from kubeloop.wire import field_faults, refusals
from kubeloop.wire.go_text import quoted
from kubeloop.wire.options import FieldValidation, PropagationPolicy
from kubeloop.wire.query_text import Query, first_value
from kubeloop.wire.selector_syntax import field_selector_message, label_selector_message

__all__ = [
    "DeleteOptions",
    "ListOptions",
    "WriteOptions",
    "check_list_options",
    "parse_delete_body",
    "parse_delete_options",
    "parse_get_options",
    "parse_integer",
    "parse_list_options",
    "parse_write_options",
]

WriteVerb = Literal["Create", "Update", "Patch", "Apply"]

_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII).fullmatch
_INT64 = range(-(2**63), 2**63)
_MAX_MANAGER_BYTES = 128
_EXACT, _NOT_OLDER = "Exact", "NotOlderThan"
_POLICIES = ("Foreground", "Background", "Orphan")


class ListOptions(Value, frozen=True):
    """The options of a list, a watch and a deletecollection.

    Attributes:
        label_selector: What the labels must meet.
        field_selector: What the fields must meet, with the labels of the requested version.
        watch: Whether the query asks for a watch.
        allow_watch_bookmarks: Whether a watch sends bookmarks.
        resource_version: `""` if it is not set.
        resource_version_match: `""` if it is not set.
        timeout_seconds: None if it is not set.
        limit: 0 for no limit.
        continue_: The token; `""` for the first page.
        send_initial_events: None if it is not set.
    """

    label_selector: Selector
    field_selector: FieldSelector
    watch: bool = False
    allow_watch_bookmarks: bool = False
    resource_version: str = ""
    resource_version_match: str = ""
    timeout_seconds: int | None = None
    limit: int = 0
    continue_: str = ""
    send_initial_events: bool | None = None


class WriteOptions(Value, frozen=True):
    """The options of a create, an update and a patch; `force` is set only for a patch."""

    dry_run: bool = False
    field_manager: str = ""
    field_validation: FieldValidation = "Warn"
    force: bool = False


class DeleteOptions(Value, frozen=True):
    """The options of a delete and a deletecollection; None and `""` mean that an option is not set."""

    grace_period_seconds: int | None = None
    propagation_policy: PropagationPolicy | None = None
    orphan_dependents: bool | None = None
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False


def parse_get_options(query: Query) -> str:
    """Return the resource version that a get asks for, `""` if it is not set."""
    return first_value(query, "resourceVersion") or ""


def parse_list_options(query: Query) -> ListOptions:
    """Read the options of a list or a watch, without the checks of their combinations.

    Raises:
        BadRequest: An integer or a selector cannot be read.
    """
    timeout = parse_integer(query, "timeoutSeconds")
    limit = parse_integer(query, "limit")
    return ListOptions(
        label_selector=_labels(first_value(query, "labelSelector") or ""),
        field_selector=_fields(first_value(query, "fieldSelector") or ""),
        watch=bool(_flag(query, "watch")),
        allow_watch_bookmarks=bool(_flag(query, "allowWatchBookmarks")),
        resource_version=first_value(query, "resourceVersion") or "",
        resource_version_match=first_value(query, "resourceVersionMatch") or "",
        timeout_seconds=timeout,
        limit=limit or 0,
        continue_=first_value(query, "continue") or "",
        send_initial_events=_flag(query, "sendInitialEvents"),
    )


def check_list_options(options: ListOptions) -> ListOptions:
    """Return the options with their defaults; `watch` decides which rules apply.

    Raises:
        Invalid: Options contradict each other.
    """
    initial, match = options.send_initial_events, options.resource_version_match
    if options.watch and initial is None and not match and options.resource_version in ("", "0"):
        options = options.replace(send_initial_events=True, resource_version_match=_NOT_OLDER)
    faults = [*(_watch_faults(options) if options.watch else _list_faults(options))]
    if faults:
        raise refusals.invalid(GroupKind("meta.k8s.io", "ListOptions"), "", faults)
    return options


def parse_write_options(query: Query, verb: WriteVerb) -> WriteOptions:
    """Read the options of a write.

    Args:
        query: The parameters.
        verb: The verb; `Apply` is a patch by server-side apply.

    Raises:
        Invalid: An option has a value that it may not have.
    """
    manager = first_value(query, "fieldManager") or ""
    dry_run = query.get("dryRun", ())
    validation = first_value(query, "fieldValidation") or ""
    force = _flag(query, "force") if verb in ("Patch", "Apply") else None
    faults: list[StatusCause] = []
    if verb == "Apply" and not manager:
        faults.append(field_faults.required("fieldManager", "is required for apply patch"))
    if verb == "Patch" and force is not None:
        faults.append(field_faults.forbidden_field("force", "may not be specified for non-apply patch"))
    faults += field_faults.bounded_faults(_manager_faults(manager))
    faults += _dry_run_faults(dry_run)
    if validation not in ("", "Ignore", "Warn", "Strict"):
        supported = ("", "Ignore", "Strict", "Warn")
        faults.append(field_faults.not_supported("fieldValidation", validation, supported))
    if faults:
        kind = "PatchOptions" if verb == "Apply" else f"{verb}Options"
        raise refusals.invalid(GroupKind("meta.k8s.io", kind), "", faults)
    return WriteOptions(bool(dry_run), manager, cast("FieldValidation", validation or "Warn"), bool(force))


def parse_delete_options(query: Query) -> DeleteOptions:
    """Read the options of a delete from its query, which counts only if there is no body.

    Raises:
        BadRequest: An integer cannot be read.
        Invalid: An option has a value that it may not have.
    """
    dry_run = query.get("dryRun", ())
    policy = first_value(query, "propagationPolicy")
    options = DeleteOptions(
        grace_period_seconds=parse_integer(query, "gracePeriodSeconds"),
        propagation_policy=cast("PropagationPolicy | None", policy),
        orphan_dependents=_flag(query, "orphanDependents"),
        uid=first_value(query, "uid") or None,
        resource_version=first_value(query, "resourceVersion") or None,
        dry_run=bool(dry_run),
    )
    return _checked_delete(options, dry_run)


def parse_delete_body(document: Mapping[str, Any]) -> DeleteOptions:
    """Read the options of a delete from a body whose types were checked.

    Args:
        document: A DeleteOptions in canonical form.

    Raises:
        Invalid: An option has a value that it may not have.
    """
    dry_run: Sequence[str] = document.get("dryRun") or ()
    preconditions: Mapping[str, Any] = document.get("preconditions") or {}
    options = DeleteOptions(
        grace_period_seconds=document.get("gracePeriodSeconds"),
        propagation_policy=document.get("propagationPolicy"),
        orphan_dependents=document.get("orphanDependents"),
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        dry_run=bool(dry_run),
    )
    return _checked_delete(options, dry_run)


def _checked_delete(options: DeleteOptions, dry_run: Sequence[str]) -> DeleteOptions:
    policy = options.propagation_policy
    faults: list[StatusCause] = []
    if policy is not None and options.orphan_dependents is not None:
        text = "orphanDependents and deletionPropagation cannot be both set"
        faults.append(field_faults.invalid_value("propagationPolicy", policy, text))
    if policy is not None and policy not in _POLICIES:
        faults.append(field_faults.not_supported("propagationPolicy", policy, (*_POLICIES, "nil")))
    faults += _dry_run_faults(dry_run)
    if faults:
        raise refusals.invalid(GroupKind("meta.k8s.io", "DeleteOptions"), "", faults)
    return options


# --- rules -----------------------------------------------------------------------------------------------------------


def _list_faults(options: ListOptions) -> list[StatusCause]:
    field, match = "resourceVersionMatch", options.resource_version_match
    faults: list[StatusCause] = []
    if match:
        if not options.resource_version:
            text = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            faults.append(field_faults.forbidden_field(field, text))
        if options.continue_:
            text = "resourceVersionMatch is forbidden when continue is provided"
            faults.append(field_faults.forbidden_field(field, text))
        if match not in (_EXACT, _NOT_OLDER):
            faults.append(field_faults.not_supported(field, match, (_EXACT, _NOT_OLDER, "")))
        if match == _EXACT and options.resource_version == "0":
            text = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            faults.append(field_faults.forbidden_field(field, text))
    if options.send_initial_events is not None:
        faults.append(field_faults.forbidden_field("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return faults


def _watch_faults(options: ListOptions) -> list[StatusCause]:
    field, match = "resourceVersionMatch", options.resource_version_match
    faults: list[StatusCause] = []
    if options.send_initial_events is not None and match != _NOT_OLDER:
        text = f"sendInitialEvents requires setting resourceVersionMatch to {_NOT_OLDER}"
        faults.append(field_faults.forbidden_field(field, text))
    if match:
        if options.send_initial_events is None:
            text = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            faults.append(field_faults.forbidden_field(field, text))
        if match != _NOT_OLDER:
            faults.append(field_faults.not_supported(field, match, (_NOT_OLDER,)))
        if options.continue_:
            text = "resourceVersionMatch is forbidden when continue is provided"
            faults.append(field_faults.forbidden_field(field, text))
    return faults


def _manager_faults(manager: str) -> Iterator[StatusCause]:
    if len(manager.encode("utf-8", "surrogateescape")) > _MAX_MANAGER_BYTES:
        yield field_faults.too_long("fieldManager", _MAX_MANAGER_BYTES)
    position = 0
    for character in manager:
        if not character.isprintable():
            text = f"invalid character U+{ord(character):04X} (at position {position})"
            yield field_faults.invalid_value("fieldManager", manager, text)
        position += len(character.encode("utf-8", "surrogateescape"))


def _dry_run_faults(values: Sequence[str]) -> list[StatusCause]:
    if all(value == "All" for value in values):
        return []
    return [field_faults.not_supported("dryRun", list(values), ("All",))]


# --- values ----------------------------------------------------------------------------------------------------------


def _flag(query: Query, name: str) -> bool | None:
    """Return a boolean: everything but `0` and `false` is true, nothing too; None if the parameter is absent."""
    value = first_value(query, name)
    return None if value is None else value.lower() not in ("0", "false")


def parse_integer(query: Query, name: str) -> int | None:
    """Return an integer of 64 bits; None if the parameter is absent.

    Raises:
        BadRequest: The value is none; the message is that of Go's `strconv`.
    """
    value = first_value(query, name)
    if value is None:
        return None
    if not _INTEGER(value):
        raise refusals.bad_request(f"strconv.ParseInt: parsing {quoted(value)}: invalid syntax")
    digits = value.lstrip("+-").lstrip("0")
    number = int(value) if len(digits) < 20 else _INT64.stop
    if number not in _INT64:
        raise refusals.bad_request(f"strconv.ParseInt: parsing {quoted(value)}: value out of range")
    return number


def _labels(text: str) -> Selector:
    try:
        return Selector.parse(text)
    except ValueError as error:
        message = label_selector_message(text) or f"unable to parse requirement: {error}"
        raise refusals.bad_request(message) from None


def _fields(text: str) -> FieldSelector:
    try:
        return FieldSelector.parse(text)
    except ValueError as error:
        raise refusals.bad_request(field_selector_message(text) or str(error)) from None
