"""What the path and the query of a request say: the resource, the object, the verb.

Building paths is in `request`. Reference: apiserver pkg/endpoints/request/requestinfo.go.
"""

from __future__ import annotations

from kubeloop._kit.value import Value
from kubeloop.errors import BadRequest
from kubeloop.meta.gvk import GroupResource, GroupVersion
from kubeloop.wire import refusals
from kubeloop.wire.go_text import quoted
from kubeloop.wire.parse_options import parse_list_options
from kubeloop.wire.query_text import Query, first_value, parse_query, unescape

__all__ = ["RequestInfo", "parse_path"]

_VERBS = {"POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})
_FALSE = frozenset({"0", "false"})


class RequestInfo(Value, frozen=True):
    """What the path and the query of a request say.

    Attributes:
        is_resource_request: Whether the path is below `/api/VERSION` or `/apis/GROUP/VERSION`; of another path only
            `verb`, `path` and `query` are set.
        verb: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`; `proxy` for the
            ancient paths of that name, `""` for another method, and the method in lower case for other paths.
        path: The path without escapes.
        query: The parameters.
        prefix: `api` or `apis`.
        group: The API group; `""` for core.
        version: The version of the group.
        resource: The plural.
        subresource: The first segment after the name, `""` if there is none.
        namespace: `""` if the path has none. For a Namespace its own name.
        name: The name in the path; of a list and a watch the name that the field selector requires.
        parts: The segments from the resource on.
        is_watch_path: Whether the verb comes from the deprecated prefix `/watch/` of the path.
    """

    is_resource_request: bool
    verb: str
    path: str
    query: Query
    prefix: str = ""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    parts: tuple[str, ...] = ()
    is_watch_path: bool = False

    @property
    def group_resource(self) -> GroupResource:
        """The resource as errors name it."""
        return GroupResource(self.group, self.resource)

    @property
    def group_version(self) -> GroupVersion:
        """The group and the version of the path."""
        return GroupVersion(self.group, self.version)


def parse_path(method: str, target: str) -> RequestInfo:
    """Parse the target of a request.

    Args:
        method: The HTTP method in upper case.
        target: The escaped path and query.

    Raises:
        BadRequest: The path has an invalid escape.
        InternalError: The path ends after the prefix `/watch` or `/proxy`; the real server reports it so.
    """
    raw, _, text = target.partition("?")
    try:
        path = unescape(raw)
    except ValueError as error:
        raise refusals.bad_request(f"parse {quoted(target)}: {error}") from None
    query = parse_query(text)
    trimmed = path.strip("/")
    parts = trimmed.split("/") if trimmed else []
    grouped = bool(parts) and parts[0] == "apis"
    if len(parts) < 3 + grouped or parts[0] not in ("api", "apis"):
        return RequestInfo(False, method.lower(), path, query)
    prefix, group, version = parts[0], parts[1] if grouped else "", parts[1 + grouped]
    parts = parts[2 + grouped :]
    special = parts[0] if parts[0] in ("proxy", "watch") else ""
    if special:
        parts = parts[1:]
        if not parts:
            raise refusals.internal_error(
                f"failed to create RequestInfo: unable to determine kind and namespace from url, {target}"
            )
    verb = special or _VERBS.get(method, "")
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in _NAMESPACE_SUBRESOURCES:
            parts = parts[2:]
    subresource = parts[2] if len(parts) > 2 and verb != "proxy" else ""
    name = parts[1] if len(parts) > 1 else ""
    if not name:
        if verb == "get":
            verb, name = _collection_verb(query)
        elif verb == "delete":
            verb = "deletecollection"
    return RequestInfo(
        True,
        verb,
        path,
        query,
        prefix,
        group,
        version,
        parts[0],
        subresource,
        namespace,
        name,
        tuple(parts),
        special == "watch",
    )


def _collection_verb(query: Query) -> tuple[str, str]:
    """Return `list` or `watch`, and the name that the field selector requires, or `""`."""
    if not query:
        return "list", ""
    try:
        options = parse_list_options(query)
    except BadRequest:
        # Options that cannot be read say nothing of a name.
        watch = first_value(query, "watch")
        return "list" if watch is None or watch.lower() in _FALSE else "watch", ""
    name = options.field_selector.required_value("metadata.name") or ""
    is_segment = name not in (".", "..") and "/" not in name and "%" not in name
    return "watch" if options.watch else "list", name if is_segment else ""
