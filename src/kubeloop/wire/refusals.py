"""The errors with which an API server refuses requests: reasons, codes, messages and details of the real server.

Each function returns an exception of `kubeloop.errors`, which the caller raises; `status_bodies` writes it as a Status.

Reference: apimachinery pkg/api/errors (New...), pkg/util/validation/field; apiserver pkg/storage (errors.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from kubeloop import errors
from kubeloop.errors import APIError, StatusCause, StatusDetails
from kubeloop.meta.gvk import GroupKind, GroupResource
from kubeloop.wire.go_text import quoted

__all__ = [
    "already_exists",
    "bad_request",
    "conflict",
    "expired",
    "forbidden",
    "gateway_timeout",
    "generate_name_conflict",
    "generic_response",
    "gone",
    "internal_error",
    "invalid",
    "method_not_supported",
    "not_acceptable",
    "not_acceptable_form",
    "not_found",
    "not_implemented",
    "path_not_found",
    "request_too_large",
    "server_timeout",
    "service_unavailable",
    "too_large_resource_version",
    "too_many_requests",
    "unauthorized",
    "unsupported_media_type",
]

E = TypeVar("E", bound=APIError)

_NO_RESOURCE = GroupResource("", "")


def not_found(resource: GroupResource, name: str) -> errors.NotFound:
    """Return the error for an object that does not exist."""
    return _about(errors.NotFound, 404, "NotFound", resource, name, f"{resource} {quoted(name)} not found")


def already_exists(resource: GroupResource, name: str) -> errors.AlreadyExists:
    """Return the error for a create whose name is taken."""
    message = f"{resource} {quoted(name)} already exists"
    return _about(errors.AlreadyExists, 409, "AlreadyExists", resource, name, message)


def generate_name_conflict(resource: GroupResource, name: str, retry_after: int = 1) -> errors.AlreadyExists:
    """Return the error for a create for which no free name was generated."""
    message = (
        f"{resource} {quoted(name)} already exists, the server was not able to generate a unique name for the object"
    )
    return _about(errors.AlreadyExists, 409, "AlreadyExists", resource, name, message, retry_after=retry_after)


def conflict(resource: GroupResource, name: str, cause: str) -> errors.Conflict:
    """Return the error for a write that another write has overtaken, or whose preconditions are not met."""
    message = f"Operation cannot be fulfilled on {resource} {quoted(name)}: {cause}"
    return _about(errors.Conflict, 409, "Conflict", resource, name, message)


def forbidden(resource: GroupResource, name: str, cause: str, causes: Iterable[StatusCause] = ()) -> errors.Forbidden:
    """Return the error for a request that an admission plugin or a rule of the resource refuses."""
    what = f"{resource} {quoted(name)} is forbidden" if name else f"{resource} is forbidden"
    message = f"{what if resource.resource else 'forbidden'}: {cause}"
    return _about(errors.Forbidden, 403, "Forbidden", resource, name, message, causes=causes)


def unauthorized(message: str = "Unauthorized") -> errors.Unauthorized:
    """Return the error for a request without valid credentials."""
    return _plain(errors.Unauthorized, 401, "Unauthorized", message)


def bad_request(message: str) -> errors.BadRequest:
    """Return the error for a malformed request."""
    return _plain(errors.BadRequest, 400, "BadRequest", message)


def gone(message: str) -> errors.Gone:
    """Return the error for something that existed and does not any more."""
    return _plain(errors.Gone, 410, "Gone", message)


def expired(message: str, *, continue_: str = "") -> errors.Expired:
    """Return the error for a resource version or continue token that is too old.

    Args:
        message: The message, `too old resource version: 1 (5)` for instance.
        continue_: The inconsistent continue token with which a list may go on; the Status has it in its metadata.
    """
    return errors.Expired(StatusDetails(code=410, reason="Expired", message=message, continue_=continue_))


def invalid(kind: GroupKind, name: str, faults: Sequence[StatusCause]) -> errors.Invalid:
    """Return the error for an object with invalid fields.

    Args:
        kind: The kind of the object.
        name: Its name, `""` if it has none.
        faults: What is wrong, in order, as made by `field_faults`.
    """
    message = f"{_kind_text(kind)} {quoted(name)} is invalid"
    texts = list(dict.fromkeys(f"{fault.field}: {fault.message}" for fault in faults))
    if texts:
        what = ", ".join(texts)
        message = f"{message}: {what}" if len(texts) == 1 else f"{message}: [{what}]"
    details = StatusDetails(
        code=422, reason="Invalid", message=message, name=name, group=kind.group, kind=kind.kind, causes=tuple(faults)
    )
    return errors.Invalid(details)


def too_many_requests(message: str, retry_after: int = 0, causes: Iterable[StatusCause] = ()) -> errors.TooManyRequests:
    """Return the error for a request that has to wait, such as an eviction that a disruption budget refuses."""
    return _plain(errors.TooManyRequests, 429, "TooManyRequests", message, retry_after=retry_after, causes=causes)


def service_unavailable(message: str) -> errors.ServiceUnavailable:
    """Return the error for a server that cannot take requests at present."""
    return _plain(errors.ServiceUnavailable, 503, "ServiceUnavailable", message)


def method_not_supported(resource: GroupResource, action: str) -> errors.MethodNotAllowed:
    """Return the error for a verb that a resource does not have."""
    message = f"{action} is not supported on resources of kind {quoted(str(resource))}"
    return _about(errors.MethodNotAllowed, 405, "MethodNotAllowed", resource, "", message)


def server_timeout(resource: GroupResource, operation: str, retry_after: int = 0) -> errors.ServerTimeout:
    """Return the error for an operation that did not end in time and may be retried."""
    message = f"The {operation} operation against {resource} could not be completed at this time, please try again."
    return _about(errors.ServerTimeout, 500, "ServerTimeout", resource, operation, message, retry_after=retry_after)


def gateway_timeout(message: str, retry_after: int = 0, causes: Iterable[StatusCause] = ()) -> errors.GatewayTimeout:
    """Return the error for a request that took too long; the message gets `Timeout: ` in front."""
    message = f"Timeout: {message}"
    return _plain(errors.GatewayTimeout, 504, "Timeout", message, retry_after=retry_after, causes=causes)


def too_large_resource_version(wanted: int, current: int, retry_after: int = 1) -> errors.GatewayTimeout:
    """Return the error for a resource version that the watch cache has not reached in time."""
    cause = StatusCause(reason="ResourceVersionTooLarge", message="Too large resource version")
    return gateway_timeout(f"Too large resource version: {wanted}, current: {current}", retry_after, [cause])


def internal_error(cause: str) -> errors.InternalError:
    """Return the error for a failure of the server itself."""
    message = f"Internal error occurred: {cause}"
    return _plain(errors.InternalError, 500, "InternalError", message, causes=[StatusCause(message=cause)])


def request_too_large(message: str) -> errors.RequestEntityTooLarge:
    """Return the error for a body over the limit; the message gets `Request entity too large: ` in front."""
    message = f"Request entity too large: {message}"
    return _plain(errors.RequestEntityTooLarge, 413, "RequestEntityTooLarge", message)


def unsupported_media_type(accepted: Iterable[str]) -> errors.UnsupportedMediaType:
    """Return the error for a body in a format that the server does not read; names those that it reads."""
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return _plain(errors.UnsupportedMediaType, 415, "UnsupportedMediaType", message)


def not_acceptable(accepted: Iterable[str]) -> errors.NotAcceptable:
    """Return the error for an `Accept` header without a format that the server writes; names those that it writes."""
    message = f"only the following media types are accepted: {', '.join(accepted)}"
    return _plain(errors.NotAcceptable, 406, "NotAcceptable", message)


def not_acceptable_form(message: str) -> errors.NotAcceptable:
    """Return the error for a form, such as a Table, that the object of a response does not have."""
    return _plain(errors.NotAcceptable, 406, "NotAcceptable", message)


def path_not_found() -> errors.NotFound:
    """Return the error for a resource or subresource that the group version does not have."""
    return _plain(errors.NotFound, 404, "NotFound", "the server could not find the requested resource")


def not_implemented(what: str) -> APIError:
    """Return the error 501 for what the real server does and this server does not.

    Args:
        what: A noun phrase: `server-side apply`.
    """
    return _plain(APIError, 501, "NotImplemented", f"{what} is not implemented by this server")


def generic_response(
    code: int,
    verb: str,
    resource: GroupResource = _NO_RESOURCE,
    name: str = "",
    *,
    message: str = "",
    retry_after: int = 0,
) -> APIError:
    """Return the error for a code about which nothing else is known.

    Args:
        code: The HTTP status.
        verb: The HTTP method: a conflict of a POST means that the name is taken.
        resource: The resource, if the request has one.
        name: The name of the object, if the request has one.
        message: What the server said, which only some codes repeat.
        retry_after: Seconds to wait before a retry, 0 for none.

    Reference: apimachinery NewGenericServerResponse, without unexpected responses.
    """
    cls, reason, text = _generic(code, verb, message)
    if resource != _NO_RESOURCE:
        text = f"{text} ({verb.lower()} {resource} {name})" if name else f"{text} ({verb.lower()} {resource})"
    return _about(cls, code, reason, resource, name, text, retry_after=retry_after)


_GENERIC: dict[int, tuple[type[APIError], str, str]] = {
    400: (errors.BadRequest, "BadRequest", "the server rejected our request for an unknown reason"),
    401: (errors.Unauthorized, "Unauthorized", "the server has asked for the client to provide credentials"),
    404: (errors.NotFound, "NotFound", "the server could not find the requested resource"),
    405: (
        errors.MethodNotAllowed,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource",
    ),
    409: (errors.Conflict, "Conflict", "the server reported a conflict"),
    422: (errors.Invalid, "Invalid", "the server rejected our request due to an error in our request"),
    429: (
        errors.TooManyRequests,
        "TooManyRequests",
        "the server has received too many requests and has asked us to try again later",
    ),
    503: (errors.ServiceUnavailable, "ServiceUnavailable", "the server is currently unable to handle the request"),
    504: (
        errors.GatewayTimeout,
        "Timeout",
        "the server was unable to return a response in the time allotted, but may still be processing the request",
    ),
}


def _generic(code: int, verb: str, said: str) -> tuple[type[APIError], str, str]:
    if code == 409 and verb == "POST":
        return errors.AlreadyExists, "AlreadyExists", "the server reported a conflict"
    if code == 403:
        return errors.Forbidden, "Forbidden", said
    if code == 406:
        unknown = "the server was unable to respond with a content type that the client supports"
        return errors.NotAcceptable, "NotAcceptable", unknown if said in ("", "unknown") else said
    if code == 415:
        return errors.UnsupportedMediaType, "UnsupportedMediaType", said
    if code in _GENERIC:
        return _GENERIC[code]
    if code >= 500:
        text = f"an error on the server ({quoted(said)}) has prevented the request from succeeding"
        return errors.InternalError, "InternalError", text
    return APIError, "", f"the server responded with the status code {code} but did not return more information"


def _about(
    cls: type[E],
    code: int,
    reason: str,
    resource: GroupResource,
    name: str,
    message: str,
    *,
    retry_after: int = 0,
    causes: Iterable[StatusCause] = (),
) -> E:
    details = StatusDetails(
        code=code,
        reason=reason,
        message=message,
        name=name,
        group=resource.group,
        kind=resource.resource,
        causes=tuple(causes),
        retry_after=float(retry_after) if retry_after else None,
    )
    return cls(details)


def _plain(
    cls: type[E], code: int, reason: str, message: str, *, retry_after: int = 0, causes: Iterable[StatusCause] = ()
) -> E:
    return _about(cls, code, reason, _NO_RESOURCE, "", message, retry_after=retry_after, causes=causes)


def _kind_text(kind: GroupKind) -> str:
    return f"{kind.kind}.{kind.group}" if kind.group else kind.kind
