"""Requests as values, and the functions that build their paths and queries.

URLs are put together nowhere else: each part is checked with the server's own rule for path segments and then escaped,
so that no name can change the path. The host and the path prefix of the API server are added by the transport.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from kubeloop._kit.text import safe_text
from kubeloop._kit.value import Value
from kubeloop.meta.name_rules import check_path_segment
from kubeloop.wire.response import Headers

if TYPE_CHECKING:
    from kubeloop.meta.gvk import GroupVersion

__all__ = [
    "NO_HEADERS",
    "ParamValue",
    "Params",
    "Request",
    "absolute_target",
    "group_version_path",
    "resource_path",
    "segment",
    "target",
]

ParamValue = str | int | bool | Sequence[str] | None
Params = Mapping[str, ParamValue]

NO_HEADERS: Mapping[str, str] = {}

# What nearly every name is made of: nothing in it needs a check beyond the two dots, or an escape.
_plain = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.:-]*").fullmatch
# Go's net/url leaves these alone in a path; so the same name gives the same bytes as with client-go.
_SAFE_IN_SEGMENT = ":@&=+$,;~"
# What may stand in a path as it is (RFC 3986), for paths that a caller gives escaped.
_SAFE_IN_PATH = "/%!*'()" + _SAFE_IN_SEGMENT


class Request(Value, frozen=True):
    """One HTTP request, without host and credentials. Its `repr` has no value of a header or of the query in it.

    Attributes:
        method: Upper case.
        target: Escaped path and query, beginning with `/`.
        headers: Only what this request needs: `Accept`, `Content-Type`. The transport adds authentication.
        body: The bytes to send; None sends none.
        is_confidential: Whether the bodies of request and response contain secrets, so that no value of them may be
            shown in an error. For the built-in kinds the path decides.
        may_fall_silent: Whether the body of the response may pause for any time, as a followed log does. A transport
            aborts any other request on which no byte has moved for a long time.
        is_list: Whether the response is a LIST. If its body is read as it arrives, a transport counts the request among
            those with whole responses, and yields all bytes that have arrived at once.
        before_send: Called each time directly before the request is written; it raises an error if the request must not
            be sent any more. None if the request may be sent at any time.
    """

    method: str
    target: str
    headers: Mapping[str, str] = NO_HEADERS
    body: bytes | None = None
    is_confidential: bool = False
    may_fall_silent: bool = False
    is_list: bool = False
    before_send: Callable[[], None] | None = None

    @property
    def path(self) -> str:
        """The target without its query: what errors and logs name."""
        return self.target.partition("?")[0]

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """Return the same request with these headers instead of its own."""
        # Of every request that is sent: `replace` takes three times as long.
        return Request(
            self.method,
            self.target,
            headers,
            self.body,
            self.is_confidential,
            self.may_fall_silent,
            self.is_list,
            self.before_send,
        )

    def with_header(self, name: str, value: str) -> Request:
        """Return the same request with this header, which replaces one of the same name."""
        headers, lower = self.headers, name.lower()
        if headers.__class__ is not dict and isinstance(headers, Headers):  # the first test is much the faster one
            kept = [pair for pair in headers.pairs if pair[0].lower() != lower]
            return self.with_headers(Headers([(name, value), *kept]))
        return self.with_headers({name: value, **{key: each for key, each in headers.items() if key.lower() != lower}})

    def __repr__(self) -> str:
        query = "&".join(part.partition("=")[0] for part in self.target.partition("?")[2].split("&"))
        size = "" if self.body is None else f", {len(self.body)} bytes"
        headers = " ".join(self.headers) or "none"
        return safe_text(f"<Request {self.method} {self.path}{query and '?'}{query}, headers: {headers}{size}>")


def segment(value: str, what: str) -> str:
    """Check one path segment and escape it.

    Args:
        value: A name, namespace, resource or subresource.
        what: What it is, for the message.

    Raises:
        TypeError: It is no text.
        ValueError: It is empty, `.`, `..`, or has `/`, `%` or half of a surrogate pair in it.

    Reference: apimachinery pkg/api/validation/path, IsValidPathSegmentName.
    """
    # Types are hints only: None must not become a path, nor a puzzle.
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"{what} must be text, not {type(value).__name__}")
    if _plain(value):
        return value
    check_path_segment(value, what)
    try:
        return quote(value, safe=_SAFE_IN_SEGMENT)
    except UnicodeEncodeError:
        raise ValueError(f"{what} {value!r} has half of a surrogate pair in it") from None


def group_version_path(group_version: GroupVersion) -> str:
    """Return the path under which a group/version is served: `/api/v1`, `/apis/apps/v1`.

    Raises:
        ValueError: A group or version with characters that would lead the request elsewhere.
    """
    for value, what in ((group_version.group, "API group"), (group_version.version, "API version")):
        if not _plain(value) and (value or what == "API version"):
            check_path_segment(value, what)
            raise ValueError(f"{what} {value!r} may only have letters, digits, '-', '_' and '.' in it")
    return group_version.api_prefix


def resource_path(
    group_version: GroupVersion,
    resource: str,
    *,
    namespace: str | None = None,
    name: str | None = None,
    subresource: str | None = None,
) -> str:
    """Build the path of a resource, an object or a subresource.

    Args:
        group_version: `GroupVersion("", "v1")` is served below `/api`, all others below `/apis`.
        resource: The plural, `pods`; upper case is sent as lower case, which all resources have.
        namespace: None or `""` names the cluster scope, or all namespaces.
        name: None addresses the collection. `""` is an error, never the collection.
        subresource: One or more segments, `status` or `proxy/metrics`.

    Raises:
        ValueError: A piece that would break the path; or a subresource of no object.

    Reference: client-go rest/request.go, Request.URL.
    """
    path = group_version_path(group_version)
    if namespace:
        path = f"{path}/namespaces/{segment(namespace, 'namespace')}"
    plural = segment(resource, "resource")
    if resource != (lower := resource.lower()):
        plural = segment(lower, "resource")
    path = f"{path}/{plural}"
    if name is not None:
        path = f"{path}/{segment(name, 'name')}"
    if subresource is not None:
        if name is None:
            raise ValueError(f"subresource {subresource!r} of {resource} needs a name")
        for part in subresource.split("/"):
            path = f"{path}/{segment(part, 'subresource')}"
    return path


def target(path: str, params: Params | None = None) -> str:
    """Append the query to a path: None leaves a parameter out, a sequence repeats it, booleans are `true`/`false`.

    Raises:
        ValueError: A parameter has half of a surrogate pair in it.
    """
    if not params:
        return path
    pairs = list(_pairs(params))
    return f"{path}?{_query(pairs)}" if pairs else path


def absolute_target(path: str, params: Params | None = None) -> str:
    """Build the target of an absolute path that the caller gives, such as `/version` or `/openapi/v3?hash=1`.

    Raises:
        ValueError: It does not begin with one `/`, has a `.` or `..` segment, a fragment, a space, a control character
            or half of a surrogate pair.
    """
    bare, mark, query = path.partition("?")
    if not bare.startswith("/") or bare.startswith("//"):
        raise ValueError(f"not an absolute path: {path!r}")
    if any(char <= " " or char in "#\\\x7f" or "\ud800" <= char <= "\udfff" for char in path):
        raise ValueError(f"a character that may not stand in a path or query: {path!r}; escape it")
    if any(part in {".", ".."} for part in bare.split("/")):
        raise ValueError(f"a path must not have '.' or '..' segments: {path!r}")
    escaped = quote(bare, safe=_SAFE_IN_PATH)
    if mark:
        escaped = f"{escaped}?{quote(query, safe='?' + _SAFE_IN_PATH)}"
    more = list(_pairs(params)) if params else []
    return f"{escaped}{'&' if mark else '?'}{_query(more)}" if more else escaped


def _query(pairs: Sequence[tuple[str, str]]) -> str:
    try:
        return urlencode(pairs)
    except UnicodeEncodeError:
        raise ValueError("a query parameter has half of a surrogate pair in it") from None


def _pairs(params: Params) -> Iterable[tuple[str, str]]:
    for name, value in params.items():
        if value is None:
            continue
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, bool):
            yield name, "true" if value else "false"
        elif isinstance(value, int):
            yield name, str(value)
        else:
            for item in value:
                yield name, item
