"""The options of the verbs: their names and types, documented here once, and how each is checked and written.

Each verb takes its options as keywords (`**options: Unpack[ListOptions]`), so type checkers know them and a wrong name
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
    from kubeloop.fields import Selector as FieldSelector
    from kubeloop.labels import Selector

__all__ = [
    "ApplyOptions",
    "DeleteOptions",
    "FieldValidation",
    "ListOptions",
    "LogOptions",
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
ResourceVersionMatch = Literal["NotOlderThan", "Exact"]


class SelectorOptions(TypedDict, total=False):
    """Which objects of a collection.

    Attributes:
        label_selector: `"app=web,tier in (a,b),!canary"`, or a selector of `meta.labels`.
        field_selector: `"spec.nodeName=n1"`, or a selector of `meta.fields`. Each kind has few.
        shard_selector: Server-side sharding (alpha, KEP-5866); a server without it ignores it.
        timeout: Seconds for the whole call; the server is told too. None: the config's time-out.
    """

    label_selector: str | Selector | None
    field_selector: str | FieldSelector | None
    shard_selector: str | None
    timeout: float | None


class ListOptions(SelectorOptions, total=False):
    """The options of list and iterate.

    Attributes:
        resource_version: None reads the newest, `"0"` whatever the server's cache holds, another one at least that.
        resource_version_match: How to read `resource_version`: `"NotOlderThan"` or `"Exact"`.
        limit: Objects a page. `list` gives one page (`metadata.continue_` leads on), `iterate` asks for all of them.
        continue_: The token of the page before.
    """

    resource_version: str | None
    resource_version_match: ResourceVersionMatch | None
    limit: int | None
    continue_: str | None


class WatchOptions(SelectorOptions, total=False):
    """The options of watch.

    Attributes:
        resource_version: Where to start: events after this version. None (or `"0"`) begins with an ADDED for each
            object there is.
        bookmarks: Also yield BOOKMARK events. They are always asked for and used.
        timeout: Seconds after which the iteration ends. None: until you leave it.
    """

    resource_version: str | None
    bookmarks: bool


class WriteOptions(TypedDict, total=False):
    """The options of create, update and patch.

    Attributes:
        dry_run: True has the server check and default the object, and store nothing.
        field_manager: The name under which the changed fields are owned. None: derived from the user agent.
        field_validation: What the server does about unknown and repeated fields. None: its default, `"Warn"`.
        timeout: Seconds for the whole call. None: the config's time-out.
    """

    dry_run: bool
    field_manager: str | None
    field_validation: FieldValidation | None
    timeout: float | None


class ApplyOptions(TypedDict, total=False):
    """The options of apply, beside the field manager which it always needs.

    Attributes:
        force: True takes fields over that another manager owns; else that is a Conflict.
        dry_run: True has the server check and default the object, and store nothing.
        field_validation: What the server does about unknown and repeated fields. None: its default, `"Warn"`.
        timeout: Seconds for the whole call. None: the config's time-out.
    """

    force: bool
    dry_run: bool
    field_validation: FieldValidation | None
    timeout: float | None


class DeleteOptions(TypedDict, total=False):
    """The options of delete and delete_collection.

    Attributes:
        grace_period_seconds: Whole seconds that the object is given. 0 deletes at once. None: the kind's default.
        propagation_policy: What happens to dependents: `"Background"`, `"Foreground"` or `"Orphan"`.
        uid: Delete only the object with this uid, else Conflict.
        resource_version: Delete only in this version, else Conflict.
        dry_run: True has the server check, and delete nothing.
        ignore_store_read_error: True deletes an object that the server cannot read, without its finalizers; it may
            break the cluster.
        timeout: Seconds for the whole call. None: the config's time-out.
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
        container: Which one; may be left out when the pod has one only.
        previous: The container's run before the present one.
        since_seconds: Only lines younger than this.
        since_time: Only lines after this moment: a datetime with a time zone, or RFC 3339 text. Whole seconds count.
        timestamps: Begin each line with its time.
        tail_lines: Only that many lines from the end.
        limit_bytes: Stop after that many bytes.
        stream: `"All"`, `"Stdout"` or `"Stderr"` (newer servers).
        insecure_skip_tls_verify_backend: Do not check the kubelet's certificate.
        timeout: Seconds for the whole call; when streaming, until the answer begins.
    """

    container: str | None
    previous: bool
    since_seconds: int | None
    since_time: datetime | str | None
    timestamps: bool
    tail_lines: int | None
    limit_bytes: int | None
    stream: str | None
    insecure_skip_tls_verify_backend: bool
    timeout: float | None


_Check = Callable[[str, Any], ParamValue]


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    return value


def _time(name: str, value: Any) -> str:
    if isinstance(value, datetime):
        try:
            return format_time(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a datetime or a str, not {type(value).__name__}")
    return value


def _selector(name: str, value: Any) -> str:
    if not isinstance(value, str) and not hasattr(value, "matches"):
        raise TypeError(f"{name} must be a str or a selector, not {type(value).__name__}")
    return str(value)


def _flag(name: str, value: Any) -> bool | None:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be a bool, not {type(value).__name__}")
    return value or None


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if value < 0:
        raise ValueError(f"{name} must not be negative, not {value}")
    return value


def _seconds(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if not value > 0:
        raise ValueError(f"{name} must be positive, not {value}; None means no time-out")
    return math.ceil(value) if math.isfinite(value) else 0


def _unsent(name: str, value: Any) -> None:
    _seconds(name, value)


def _dry_run(name: str, value: Any) -> str | None:
    return "All" if _flag(name, value) else None


def _one_of(*allowed: str) -> _Check:
    def check(name: str, value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, not {value!r}")
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
        TypeError: An unknown option, or one of a wrong type.
        ValueError: An option of a wrong value.
    """
    return _write("list", _LIST, options)


def watch_params(options: WatchOptions) -> dict[str, ParamValue]:
    """Check the options of a watch and return the query parameters that choose the objects. Raises as `list_params`."""
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
    """Check the options of a delete and return the DeleteOptions to send, None when there are none.

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
