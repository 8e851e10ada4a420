"""The options of the verbs: their names and types, documented once, and how each is checked and sent.

Each verb takes its options as keywords (`**options: Unpack[ListOptions]`), so type checkers know them, and a wrong name
or value fails before anything is sent. None means "not given" everywhere.

Reference: k8s.io/apimachinery/pkg/apis/meta/v1 (ListOptions, CreateOptions, PatchOptions, DeleteOptions, ...).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

from kubeloop._kit.near_names import did_you_mean
from kubeloop.meta.times import format_time
from kubeloop.wire.request import ParamValue

if TYPE_CHECKING:
    from kubeloop.fields import FieldSelection
    from kubeloop.labels import LabelSelection

__all__ = [
    "ApplyOptions",
    "DeleteOptions",
    "FieldValidation",
    "ListOptions",
    "LogOptions",
    "LogStream",
    "PropagationPolicy",
    "ResourceVersionMatch",
    "SelectorOptions",
    "WatchOptions",
    "WriteOptions",
    "delete_body",
    "list_params",
    "log_params",
    "watch_params",
    "write_params",
]

FieldValidation = Literal["Ignore", "Warn", "Strict"]
PropagationPolicy = Literal["Orphan", "Background", "Foreground"]
LogStream = Literal["All", "Stdout", "Stderr"]
ResourceVersionMatch = Literal["NotOlderThan", "Exact"]


class SelectorOptions(TypedDict, total=False):
    """The options that select objects of a collection.

    Attributes:
        label_selector: `"app=web,tier in (a,b),!canary"`, the labels that an object must have (`{"app": "web"}`), or a
            selector of `kubeloop.labels`.
        field_selector: `"spec.nodeName=n1"`, `{"spec.nodeName": "n1"}`, or a selector of `kubeloop.fields`. Few fields
            of a kind can be selected.
        shard_selector: Server-side sharding (alpha, KEP-5866); a server that does not support it ignores it.
        timeout: Seconds for the whole call, also for the server. None means the timeout of the config.
    """

    label_selector: LabelSelection | None
    field_selector: FieldSelection | None
    shard_selector: str | None
    timeout: float | None


class ListOptions(SelectorOptions, total=False):
    """The options of list and iterate.

    Attributes:
        resource_version: None reads the newest version, `"0"` any version from the server's cache, any other value a
            version that is at least as new.
        resource_version_match: Whether `resource_version` is a minimum (`"NotOlderThan"`) or `"Exact"`.
        limit: Objects per page. `list` returns one page (`metadata.continue_` is the token of the next), `iterate`
            reads all of them.
        continue_: The token of the page before.
    """

    resource_version: str | None
    resource_version_match: ResourceVersionMatch | None
    limit: int | None
    continue_: str | None


class WatchOptions(SelectorOptions, total=False):
    """The options of watch.

    Attributes:
        resource_version: The version after which events are wanted. With None (or `"0"`) the watch begins with an ADDED
            event for each object that exists.
        bookmarks: Whether BOOKMARK events are yielded. The watch requests and uses them in any case.
        timeout: Seconds after which the iteration ends. None means that it continues until the block is left.
    """

    resource_version: str | None
    bookmarks: bool


class WriteOptions(TypedDict, total=False):
    """The options of create, update and patch.

    Attributes:
        dry_run: Whether the server only validates the object and fills in defaults, and stores nothing.
        field_manager: The name that owns the changed fields. None means the name that the server derives from the user
            agent.
        field_validation: What the server does about unknown and repeated fields. None means its default, `"Warn"`.
        timeout: Seconds for the whole call. None means the timeout of the config.
    """

    dry_run: bool
    field_manager: str | None
    field_validation: FieldValidation | None
    timeout: float | None


class ApplyOptions(TypedDict, total=False):
    """The options of apply, beside the field manager which it always needs.

    Attributes:
        force: Whether to take over fields that another manager owns; otherwise such a field is a Conflict.
        dry_run: Whether the server only validates the object and fills in defaults, and stores nothing.
        field_validation: What the server does about unknown and repeated fields. None means its default, `"Warn"`.
        timeout: Seconds for the whole call. None means the timeout of the config.
    """

    force: bool
    dry_run: bool
    field_validation: FieldValidation | None
    timeout: float | None


class DeleteOptions(TypedDict, total=False):
    """The options of delete and delete_collection.

    Attributes:
        grace_period_seconds: Whole seconds until the object is removed; 0 removes it at once. None means the default of
            the kind.
        propagation_policy: What happens to dependents: `"Background"`, `"Foreground"` or `"Orphan"`.
        uid: The uid that the object must have; another one is a Conflict.
        resource_version: The version that the object must have; another one is a Conflict.
        dry_run: Whether the server only validates the request, and deletes nothing.
        ignore_store_read_error: Whether to delete an object that the server cannot read, without its finalizers. This
            may break the cluster.
        timeout: Seconds for the whole call. None means the timeout of the config.
    """

    grace_period_seconds: int | None
    propagation_policy: PropagationPolicy | None
    uid: str | None
    resource_version: str | None
    dry_run: bool
    ignore_store_read_error: bool
    timeout: float | None


class LogOptions(TypedDict, total=False):
    """The options of a pod's log.

    Attributes:
        container: The name of the container; may be left out if the pod has only one.
        previous: Whether to read the log of the previous run of the container.
        since_seconds: Read only lines that are at most this many seconds old.
        since_time: Read only lines after this time: a datetime with a time zone, or RFC 3339 text, in whole seconds.
        timestamps: Whether each line begins with its time.
        tail_lines: Read only this many lines from the end.
        limit_bytes: Read at most this many bytes.
        stream: `"All"`, `"Stdout"` or `"Stderr"` (newer servers).
        insecure_skip_tls_verify_backend: Whether to skip verifying the certificate of the kubelet.
        timeout: Seconds for the whole call; for `log_lines`, until the response begins.
    """

    container: str | None
    previous: bool
    since_seconds: int | None
    since_time: datetime | str | None
    timestamps: bool
    tail_lines: int | None
    limit_bytes: int | None
    stream: LogStream | None
    insecure_skip_tls_verify_backend: bool
    timeout: float | None


_Check = Callable[[str, Any], ParamValue]


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a str for {name}, got {type(value).__name__}")
    return value


def _time(name: str, value: Any) -> str:
    if isinstance(value, datetime):
        try:
            return format_time(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if not isinstance(value, str):
        raise TypeError(f"expected a datetime or a str for {name}, got {type(value).__name__}")
    return value


def _selector(name: str, value: Any) -> str:
    if isinstance(value, str) or hasattr(value, "matches"):
        return str(value)
    is_of_fields = name == "field_selector"
    if hasattr(value, "items"):
        from kubeloop import fields, labels

        try:
            return str(fields.from_mapping(value) if is_of_fields else labels.from_mapping(value))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: {error}") from None
    hint = ": use kubeloop.labels.Selector.of(...)" if hasattr(value, "match_labels") and not is_of_fields else ""
    raise TypeError(f"expected a str, a mapping or a selector for {name}, got {type(value).__name__}{hint}")


def _flag(name: str, value: Any) -> bool | None:
    if not isinstance(value, bool):
        raise TypeError(f"expected a bool for {name}, got {type(value).__name__}")
    return value or None


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"expected an int for {name}, got {type(value).__name__}")
    if value < 0:
        raise ValueError(f"expected 0 or more for {name}, got {value}")
    return value


def _seconds(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"expected a number of seconds for {name}, got {type(value).__name__}")
    if not value > 0:
        raise ValueError(f"expected a positive number of seconds for {name}, got {value}; None means no timeout")
    return math.ceil(value) if math.isfinite(value) else 0


def _unsent(name: str, value: Any) -> None:
    _seconds(name, value)


def _dry_run(name: str, value: Any) -> str | None:
    return "All" if _flag(name, value) else None


def _one_of(*allowed: str) -> _Check:
    def check(name: str, value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"expected one of {', '.join(map(repr, allowed))} for {name}, got {value!r}")
        return cast("str", value)

    return check


_Table = Mapping[str, tuple[str, _Check]]

_SELECT: _Table = {
    "label_selector": ("labelSelector", _selector),
    "field_selector": ("fieldSelector", _selector),
    "shard_selector": ("shardSelector", _text),
}
_LIST: _Table = {
    **_SELECT,
    "resource_version": ("resourceVersion", _text),
    "resource_version_match": ("resourceVersionMatch", _one_of("NotOlderThan", "Exact")),
    "limit": ("limit", _count),
    "continue_": ("continue", _text),
    "timeout": ("timeoutSeconds", _seconds),
}
_WATCH: _Table = {
    **_SELECT,
    "resource_version": ("resourceVersion", _text),
    "bookmarks": ("", _flag),
    "timeout": ("", _unsent),
}
_WRITE: _Table = {
    "dry_run": ("dryRun", _dry_run),
    "field_manager": ("fieldManager", _text),
    "field_validation": ("fieldValidation", _one_of("Ignore", "Warn", "Strict")),
    "force": ("force", _flag),
    "timeout": ("", _unsent),
}
_DELETE: _Table = {
    "grace_period_seconds": ("gracePeriodSeconds", _count),
    "propagation_policy": ("propagationPolicy", _one_of("Orphan", "Background", "Foreground")),
    "uid": ("uid", _text),
    "resource_version": ("resourceVersion", _text),
    "dry_run": ("dryRun", _dry_run),
    "ignore_store_read_error": ("ignoreStoreReadErrorWithClusterBreakingPotential", _flag),
    "timeout": ("", _unsent),
}
_LOG: _Table = {
    "container": ("container", _text),
    "previous": ("previous", _flag),
    "since_seconds": ("sinceSeconds", _count),
    "since_time": ("sinceTime", _time),
    "timestamps": ("timestamps", _flag),
    "tail_lines": ("tailLines", _count),
    "limit_bytes": ("limitBytes", _count),
    "stream": ("stream", _one_of("All", "Stdout", "Stderr")),
    "insecure_skip_tls_verify_backend": ("insecureSkipTLSVerifyBackend", _flag),
    "timeout": ("", _unsent),
}


def list_params(options: ListOptions) -> dict[str, ParamValue]:
    """Check the options of a list and return its query parameters.

    Raises:
        TypeError: An option is unknown, or has a wrong type.
        ValueError: An option has a wrong value.
    """
    return _write("list", _LIST, options)


def watch_params(options: WatchOptions) -> dict[str, ParamValue]:
    """Check the options of a watch; return the query parameters that select objects. Raises as `list_params`."""
    params = _write("watch", _WATCH, options)
    params.pop("resourceVersion", None)
    return params


def write_params(options: WriteOptions | ApplyOptions, verb: str) -> dict[str, ParamValue]:
    """Check the options of a write and return its query parameters. Raises as `list_params`."""
    if "force" in options and verb != "apply":
        raise TypeError(f"{verb} has no option 'force'")
    return _write(verb, _WRITE, options)


def log_params(options: LogOptions) -> dict[str, ParamValue]:
    """Check the options of a log and return its query parameters. Raises as `list_params`."""
    return _write("log", _LOG, options)


def delete_body(options: DeleteOptions) -> dict[str, Any] | None:
    """Check the options of a delete; return the DeleteOptions to send, or None if there are none.

    Raises as `list_params`.
    """
    given: dict[str, Any] = _write("delete", _DELETE, options)
    if not given:
        return None
    preconditions = {name: given.pop(name) for name in ("uid", "resourceVersion") if name in given}
    if preconditions:
        given["preconditions"] = preconditions
    if "dryRun" in given:
        given["dryRun"] = ["All"]
    return {"apiVersion": "meta.k8s.io/v1", "kind": "DeleteOptions", **given}


def _write(verb: str, table: _Table, options: Mapping[str, object]) -> dict[str, ParamValue]:
    params: dict[str, ParamValue] = {}
    for name, value in options.items():
        entry = table.get(name)
        if entry is None:
            raise TypeError(f"{verb} has no option {name!r}{did_you_mean(name, table)} (options: {', '.join(table)})")
        if value is None:
            continue
        wire, check = entry
        written = check(name, value)
        if wire and written is not None and written != "":
            params[wire] = written
    return params
