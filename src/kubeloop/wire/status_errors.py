"""The exception of the tree that an unsuccessful response means.

Nothing here trusts the server: the body of an error may be a Status, HTML, nothing at all, or a Status whose fields
have the wrong types, and each becomes one exception.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from kubeloop import errors
from kubeloop.errors import APIError, StatusCause, StatusDetails
from kubeloop.wire.response import Headers, Response, retry_after

if TYPE_CHECKING:
    from kubeloop.wire.redaction import Redaction

__all__ = ["error_from_status", "status_error"]

_MAX_CAUSES = 100
# How much of a body that is not a Status is read.
_MAX_TEXT_BYTES = 256 * 1024

# The IDs that the API server gives to a request: the attribute of `APIError`, and the header.
_ID_HEADERS: Mapping[str, str] = {
    "audit_id": "audit-id",
    "flow_schema_uid": "x-kubernetes-pf-flowschema-uid",
    "priority_level_uid": "x-kubernetes-pf-prioritylevel-uid",
}
# A UID has 36 characters; API servers accept audit IDs of clients with at most 64.
_MAX_ID = 64

# Reasons with a class of their own. A known reason decides; for an unknown or empty one the code does.
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

# What the code alone means: class, reason, and the message for a response without one.
_BY_CODE: Mapping[int, tuple[type[APIError], str, str]] = {
    400: (errors.BadRequest, "BadRequest", "the server refused the request as malformed"),
    401: (errors.Unauthorized, "Unauthorized", "the credentials are missing, expired or not known to the server"),
    403: (errors.Forbidden, "Forbidden", "these credentials may not do this"),
    404: (errors.NotFound, "NotFound", "the server has nothing at this path"),
    405: (errors.MethodNotAllowed, "MethodNotAllowed", "the resource does not have this verb"),
    406: (errors.NotAcceptable, "NotAcceptable", "the server cannot respond in the requested content type"),
    409: (errors.Conflict, "Conflict", "the server reports a conflict"),
    410: (errors.Gone, "Gone", "the object or the resource version no longer exists"),
    413: (errors.RequestEntityTooLarge, "RequestEntityTooLarge", "the body is larger than the server takes"),
    415: (errors.UnsupportedMediaType, "UnsupportedMediaType", "the server does not take this content type"),
    422: (errors.Invalid, "Invalid", "the server could not process the object"),
    429: (errors.TooManyRequests, "TooManyRequests", "the server has too many requests; ask again later"),
    500: (errors.InternalError, "InternalError", "the server failed"),
    503: (errors.ServiceUnavailable, "ServiceUnavailable", "the server cannot take requests at present"),
    504: (errors.GatewayTimeout, "Timeout", "the server gave up waiting; the request may still be carried out"),
}


def status_error(response: Response, redaction: Redaction, status: Mapping[str, Any] | None) -> APIError:
    """Return the exception that an unsuccessful response means.

    A Status in the body says what happened. Without one the HTTP status does, and the body is kept as a cause: its
    text, or its size if it is not text. `retry_after` is that of the Status, else that of the header. Every text is
    redacted (see `redaction`) and has 2,048 characters at most.

    Args:
        response: The response.
        redaction: Of the texts of this response; its request names method and path in the message.
        status: What `Serializer.status` read from the body: a Status that reports success counts as none.

    Reference: client-go rest/request.go (newUnstructuredResponseError), apimachinery NewGenericServerResponse.
    """
    wait = retry_after(response)
    if status is not None and status.get("status") != "Success":
        return error_from_status(status, redaction, code=response.status, wait=wait, headers=response.headers)
    request = redaction.request
    method = request.method if request is not None else ""
    kind, reason, message = _by_code(response.status, method)
    text = _readable(response)
    if text:
        # A page may quote anything in any form: of a confidential one only the size is shown.
        more = max(0, len(response.body) - _MAX_TEXT_BYTES)
        text = f"<{len(response.body)} bytes>" if redaction.is_confidential else redaction(text, more=more)
    elif text is None:
        text = f"<{len(response.body)} bytes>"
    causes = (StatusCause(reason="UnexpectedServerResponse", message=text),) if text else ()
    if text:
        what = redaction(response.headers.get("content-type", "no content type").partition(";")[0])
        message = f"{message} (the response is not a Status but {_shorten(what)}: {_shorten(text)})"
    details = StatusDetails(code=response.status, reason=reason, message=message, causes=causes, retry_after=wait)
    path = request.path if request is not None else ""
    return kind(details, method=method, path=path, **_ids(response.headers, redaction))


def error_from_status(
    data: Mapping[str, Any],
    redaction: Redaction,
    *,
    code: int = 0,
    wait: float | None = None,
    headers: Headers | None = None,
) -> APIError:
    """Return the exception that a Status means.

    Args:
        data: The Status as plain data, with the field names of the API. Fields of a wrong type count as absent.
        redaction: Of the texts of this response; its request names method and path in the message.
        code: The HTTP status, for a Status without a code.
        wait: Seconds from the `Retry-After` header, for a Status without one.
        headers: The headers of the response, which identify the request in the logs of the server.
    """
    details = _mapping(data.get("details"))
    seconds = _int32(details.get("retryAfterSeconds"))
    metadata = _mapping(data.get("metadata"))
    names = [_text(details, name) for name in ("name", "group", "kind", "uid")]
    redaction.keep(names)
    request = redaction.request
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
        # The method is not passed on: only the reason of a Status means AlreadyExists.
        kind = _by_code(status.code, "")[0]
    ids = {} if headers is None else _ids(headers, redaction)
    return kind(status, method=method, path=request.path if request is not None else "", **ids)


def _readable(response: Response) -> str | None:
    """Return the beginning of the text of a body; None if the body is not text."""
    beginning = response.body[:_MAX_TEXT_BYTES]
    if response.headers.get("content-type", "").partition("/")[0].strip().lower() == "text":
        return beginning.decode("utf-8", "replace").strip()
    # Without a declared text, only UTF-8 counts.
    try:
        # The end may be half of a character.
        text = getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text.strip()


def _ids(headers: Headers, redaction: Redaction) -> dict[str, str]:
    """Return the IDs that the API server gave to a request, as arguments of `APIError`."""
    return {name: redaction.name(headers.get(header, ""))[:_MAX_ID] for name, header in _ID_HEADERS.items()}


def _by_code(code: int, method: str) -> tuple[type[APIError], str, str]:
    if code == 409 and method == "POST":
        return errors.AlreadyExists, "AlreadyExists", "the server reports a conflict: the name may be taken"
    entry = _BY_CODE.get(code)
    if entry is not None:
        return entry
    if code >= 500:
        return errors.InternalError, "InternalError", "the server failed"
    return APIError, "", "the server responded with this status and without a reason"


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
