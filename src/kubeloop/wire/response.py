"""Answers as values: headers, status and body; how an answer becomes an exception, a waiting time or warnings.

Reading the body as an object is the codec's job. Nothing here trusts the server: an error answer may be a Status,
HTML, nothing at all, or a Status whose fields have the wrong types, and each becomes one exception of the tree.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from kubeloop import errors
from kubeloop._kit.text import safe_text
from kubeloop._kit.value import Value
from kubeloop.errors import APIError, StatusCause, StatusDetails

if TYPE_CHECKING:
    from kubeloop.wire.redaction import Redaction
    from kubeloop.wire.request import Request

__all__ = [
    "MAX_BODY_BYTES",
    "MAX_ERROR_BYTES",
    "REDIRECTS",
    "Headers",
    "Response",
    "ServerWarning",
    "error_from_status",
    "failure_status",
    "parse_warnings",
    "retry_after",
    "status_error",
]

MAX_BODY_BYTES = 32 * 1024 * 1024
"""The bound of one object and one watch frame, and of any other body that is no LIST: those have none."""

MAX_ERROR_BYTES = 4 * 1024 * 1024
"""What is read of the body of an error. A longer one is told by its status and its beginning."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""The statuses that send a request somewhere else; the other ones of 300 to 399 do not."""

_MAX_CAUSES = 100
# What is looked at of a body that is no Status.
_MAX_TEXT_BYTES = 256 * 1024


class Headers(Mapping[str, str]):
    """The headers of an answer: names without case, in the order in which they came.

    `headers[name]` is the first of several; `get_all(name)` gives them all.
    """

    __slots__ = ("_index", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = tuple(pairs)
        self._index: dict[str, list[str]] | None = None

    def get_all(self, name: str) -> list[str]:
        """Return every value of this header, in order; an empty list when there is none."""
        return list(self._lookup().get(name.lower(), ()))

    def _lookup(self) -> dict[str, list[str]]:
        if self._index is not None:
            return self._index
        index: dict[str, list[str]] = {}
        for name, value in self._pairs:
            index.setdefault(name.lower(), []).append(value)
        self._index = index
        return index

    def __contains__(self, name: object) -> bool:
        # Asked of every answer for headers that few have: a look at each is cheaper than an index.
        if self._index is None and isinstance(name, str):
            size, wanted = len(name), name.lower()
            return any(len(key) == size and key.lower() == wanted for key, _ in self._pairs)
        return isinstance(name, str) and name.lower() in self._lookup()

    def __getitem__(self, name: str) -> str:
        return self._lookup()[name.lower()][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lookup())

    def __len__(self) -> int:
        return len(self._lookup())

    def __repr__(self) -> str:
        return safe_text(f"<Headers {', '.join(self._lookup())}>")


NO_HEADERS = Headers()


class Response(Value, frozen=True):
    """One whole answer. The body is never in the `repr`, which may be logged."""

    unshown = frozenset({"body"})

    status: int
    headers: Headers = NO_HEADERS
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the status is one that the API server uses for success (200 to 206)."""
        return 200 <= self.status <= 206


# Reasons that name their own class. A known reason decides; an unknown or empty one leaves it to the code.
_BY_REASON: Mapping[str, type[APIError]] = {
    "Unauthorized": errors.Unauthorized,
    "Forbidden": errors.Forbidden,
    "NotFound": errors.NotFound,
    "AlreadyExists": errors.AlreadyExists,
    "Conflict": errors.Conflict,
    "Gone": errors.Gone,
    "Invalid": errors.Invalid,
    "ServerTimeout": errors.ServerTimeout,
    "StorageReadError": errors.StoreReadError,
    "Timeout": errors.GatewayTimeout,
    "TooManyRequests": errors.TooManyRequests,
    "BadRequest": errors.BadRequest,
    "MethodNotAllowed": errors.MethodNotAllowed,
    "NotAcceptable": errors.NotAcceptable,
    "RequestEntityTooLarge": errors.RequestEntityTooLarge,
    "UnsupportedMediaType": errors.UnsupportedMediaType,
    "InternalError": errors.InternalError,
    "Expired": errors.Expired,
    "ServiceUnavailable": errors.ServiceUnavailable,
}

# What the code alone says: class, reason, and what to tell when the server told nothing.
_BY_CODE: Mapping[int, tuple[type[APIError], str, str]] = {
    400: (errors.BadRequest, "BadRequest", "the server refused the request as malformed"),
    401: (errors.Unauthorized, "Unauthorized", "the credentials are missing, expired or not known to the server"),
    403: (errors.Forbidden, "Forbidden", "these credentials may not do this"),
    404: (errors.NotFound, "NotFound", "the server has nothing at this path"),
    405: (errors.MethodNotAllowed, "MethodNotAllowed", "the resource does not have this verb"),
    406: (errors.NotAcceptable, "NotAcceptable", "the server cannot answer in the content type that was asked for"),
    409: (errors.Conflict, "Conflict", "the server reports a conflict"),
    410: (errors.Gone, "Gone", "this is gone for good"),
    413: (errors.RequestEntityTooLarge, "RequestEntityTooLarge", "the body is larger than the server takes"),
    415: (errors.UnsupportedMediaType, "UnsupportedMediaType", "the server does not take this content type"),
    422: (errors.Invalid, "Invalid", "the server could not process the object"),
    429: (errors.TooManyRequests, "TooManyRequests", "the server has too many requests; ask again later"),
    500: (errors.InternalError, "InternalError", "the server failed"),
    503: (errors.ServiceUnavailable, "ServiceUnavailable", "the server cannot take requests at present"),
    504: (errors.GatewayTimeout, "Timeout", "the server gave up waiting; the request may still be carried out"),
}


def status_error(response: Response, request: Request | None = None, *, credentials: Collection[str] = ()) -> APIError:
    """Turn an answer that is no success into the exception that it means.

    A Status in the body says what happened; without one the code does, and the text of the body is kept as a cause.
    `retry_after` comes from the Status, else from the header. Every text is redacted (see `redaction`) and has 2,048
    characters at most.

    Args:
        response: The answer.
        request: What was asked; names method and path in the message.
        credentials: `Authorization` values that the server knows, and may echo.

    Reference: client-go rest/request.go (newUnstructuredResponseError), apimachinery NewGenericServerResponse.
    """
    from kubeloop.wire.redaction import Redaction  # loaded with the first error

    wait = retry_after(response)
    data = failure_status(response.body)
    if data is not None:
        return error_from_status(data, code=response.status, wait=wait, request=request, credentials=credentials)
    method = request.method if request is not None else ""
    kind, reason, message = _by_code(response.status, method)
    redaction = Redaction(request, credentials)
    text = response.body[:_MAX_TEXT_BYTES].decode("utf-8", "replace").strip()
    if text:
        # What a page quotes, and how, nobody knows: of a confidential one only the size is told.
        more = max(0, len(response.body) - _MAX_TEXT_BYTES)
        text = f"<{len(response.body)} bytes>" if redaction.is_confidential else redaction(text, more=more)
    causes = (StatusCause(reason="UnexpectedServerResponse", message=text),) if text else ()
    if text:
        what = redaction(response.headers.get("content-type", "no content type").partition(";")[0])
        message = f"{message} (the answer is no Status but {_shorten(what)}: {_shorten(text)})"
    status = StatusDetails(code=response.status, reason=reason, message=message, causes=causes, retry_after=wait)
    return kind(status, method=method, path=request.path if request is not None else "")


def error_from_status(
    data: Mapping[str, Any],
    *,
    code: int = 0,
    wait: float | None = None,
    request: Request | None = None,
    credentials: Collection[str] = (),
) -> APIError:
    """Build the exception that a Status object (its plain JSON value) means.

    Args:
        data: The Status. Fields of a wrong type count as absent.
        code: The HTTP status, for when the Status has no code.
        wait: Seconds from the `Retry-After` header, for when the Status does not say.
        request: What was asked; names method and path in the message.
        credentials: `Authorization` values that the server knows, and may echo.
    """
    from kubeloop.wire.redaction import Redaction

    details = _mapping(data.get("details"))
    seconds = _int32(details.get("retryAfterSeconds"))
    metadata = _mapping(data.get("metadata"))
    names = [_text(details, name) for name in ("name", "group", "kind", "uid")]
    redaction = Redaction(request, credentials, names=names)
    name, group, about, uid = map(redaction.name, names)
    own_code = _int32(data.get("code"))
    status = StatusDetails(
        code=own_code if 100 <= own_code <= 999 else code,
        reason=redaction(_text(data, "reason")),
        message=redaction(_text(data, "message")),
        name=name,
        group=group,
        kind=about,
        uid=uid,
        causes=_causes(details.get("causes"), redaction),
        retry_after=float(seconds) if seconds > 0 else wait,
        continue_=_text(metadata, "continue"),
    )
    kind = _BY_REASON.get(status.reason)
    method = request.method if request is not None else ""
    if kind is None:
        # POST is not passed on: AlreadyExists is only ever said by its reason.
        kind = _by_code(status.code, "")[0]
    return kind(status, method=method, path=request.path if request is not None else "")


def failure_status(body: bytes) -> Mapping[str, Any] | None:
    """Return what a body tells of an error if it is a Status that reports no success; None if it is anything else.

    The memory that it takes is a few times that of the texts in it, whatever else a server puts there.
    """
    from kubeloop.objects.json import status_members  # loaded with the first error

    data = status_members.members(body)
    return data if data is not None and data.get("kind") == "Status" and data.get("status") != "Success" else None


def retry_after(response: Response) -> float | None:
    """Return the whole seconds of the `Retry-After` header; None without one, or when it is a date or nonsense.

    Reference: client-go rest/request.go (retryAfterSeconds).
    """
    text = response.headers.get("retry-after")
    return float(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else None


class ServerWarning(Value, frozen=True):
    """One warning of the server: `code` (299 unless a proxy spoke), `agent` (`-`) and the `text`."""

    code: int
    agent: str
    text: str


_warning = re.compile(r'\s*([0-9]{3}) (\S+) +"((?:[^"\\]|\\.)*)"(?:\s*"[^"]*")?\s*(?:,|$)').match


def parse_warnings(headers: Headers) -> list[ServerWarning]:
    """Read the `Warning` headers. What is malformed, and what follows it in the same header, is left out.

    Reference: apimachinery pkg/util/net/http.go, ParseWarningHeaders.
    """
    found: list[ServerWarning] = []
    for header in headers.get_all("warning"):
        at = 0
        while at < len(header):
            match = _warning(header, at)
            if match is None:
                break
            text = re.sub(r"\\(.)", r"\1", match[3])
            if not all(char.isprintable() for char in text):
                break
            found.append(ServerWarning(int(match[1]), match[2], text))
            at = match.end()
    return found


def _by_code(code: int, method: str) -> tuple[type[APIError], str, str]:
    if code == 409 and method == "POST":
        return errors.AlreadyExists, "AlreadyExists", "the server reports a conflict: the name may be taken"
    entry = _BY_CODE.get(code)
    if entry is not None:
        return entry
    if code >= 500:
        return errors.InternalError, "InternalError", "the server failed"
    return APIError, "", "the server answered with this status and gave no reason"


def _mapping(value: Any) -> Mapping[str, Any]:
    # JSON objects have text keys.
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _int32(value: Any) -> int:
    """Return an integer of 32 bits, which codes and seconds are; 0 for anything else."""
    return value if type(value) is int and -(2**31) <= value < 2**31 else 0


def _causes(given: Any, redaction: Redaction) -> tuple[StatusCause, ...]:
    if not _is_list(given):
        return ()
    causes = [_cause(_mapping(item), redaction) for item in given[:_MAX_CAUSES]]
    if len(given) > _MAX_CAUSES:
        causes.append(StatusCause(message=f"… and {len(given) - _MAX_CAUSES} more causes"))
    return tuple(causes)


def _cause(data: Mapping[str, Any], redaction: Redaction) -> StatusCause:
    return StatusCause(
        reason=redaction(_text(data, "reason")),
        message=redaction(_text(data, "message")),
        field=redaction(_text(data, "field")),
    )


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:200]}…"
