"""How a rule lets a request fail: the error of the real server for this request, or a failure of the network."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from kubeloop import errors
from kubeloop.errors import APIError, TransportError
from kubeloop.meta.gvk import GroupKind
from kubeloop.wire import refusals
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.status_bodies import status_document

if TYPE_CHECKING:
    from .action import Action

__all__ = ["Failure", "check_failure", "error_for", "status_response"]

Failure: TypeAlias = "int | APIError | TransportError | type[APIError | TransportError]"
"""How a request fails: an HTTP status, an error, or the class of an error."""

_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
_TOO_MANY = "the server has received too many requests and has asked us to try again later"
_UNAVAILABLE = "the server is currently unable to handle the request"
_JSON_ONLY = ["application/json"]

_BY_CLASS: Mapping[type[APIError | TransportError], Callable[[Action], APIError]] = {
    errors.AlreadyExists: lambda action: refusals.already_exists(action.group_resource, action.name),
    errors.BadRequest: lambda _: refusals.bad_request("the server rejected our request for an unknown reason"),
    errors.Conflict: lambda action: refusals.conflict(action.group_resource, action.name, _MODIFIED),
    errors.Expired: lambda _: refusals.expired("The resourceVersion for the provided watch is too old."),
    errors.Forbidden: lambda action: refusals.forbidden(action.group_resource, action.name, "a rule of the test"),
    errors.GatewayTimeout: lambda _: refusals.gateway_timeout("request did not complete within the allotted timeout"),
    errors.Gone: lambda _: refusals.gone("the requested resource no longer exists"),
    errors.InternalError: lambda _: refusals.internal_error("a rule of the test"),
    errors.Invalid: lambda action: refusals.invalid(_kind(action), action.name, []),
    errors.MethodNotAllowed: lambda action: refusals.method_not_supported(action.group_resource, action.verb),
    errors.NotAcceptable: lambda _: refusals.not_acceptable(_JSON_ONLY),
    errors.NotFound: lambda action: refusals.not_found(action.group_resource, action.name),
    errors.RequestEntityTooLarge: lambda _: refusals.request_too_large("limit is 3145728"),
    errors.ServerTimeout: lambda action: refusals.server_timeout(action.group_resource, action.verb),
    errors.ServiceUnavailable: lambda _: refusals.service_unavailable(
        "the server is currently unable to handle the request"
    ),
    errors.TooManyRequests: lambda _: refusals.too_many_requests(_TOO_MANY),
    errors.Unauthorized: lambda _: refusals.unauthorized(),
    errors.UnsupportedMediaType: lambda _: refusals.unsupported_media_type(_JSON_ONLY),
}
_METHODS = {"create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE", "deletecollection": "DELETE"}


def error_for(failure: Failure, action: Action, retry_after: float | None = None) -> APIError | TransportError:
    """Return the error with which a request fails.

    Args:
        failure: The error. Of a class and of an HTTP status, the message is that of the real server for this request.
        action: What the request does.
        retry_after: Seconds for the Status; None for those of the error.

    Raises:
        ValueError: The HTTP status does not report an error, or there is no message for the class.
    """
    check_failure(failure)
    match failure:
        case int():
            error = refusals.generic_response(
                failure, _METHODS.get(action.verb, "GET"), action.group_resource, action.name
            )
        case APIError():
            error = failure
        case TransportError():
            return failure
        case _ if issubclass(failure, TransportError):
            request = action.request
            if request is None:
                return failure("a rule of the test")
            return failure("a rule of the test", method=request.method, path=request.path)
        case _:
            error = _BY_CLASS[failure](action)
    if retry_after is not None:
        error = type(error)(error.status.replace(retry_after=retry_after))
    return error


def check_failure(failure: Failure) -> None:
    """Check that a failure can be made for any request.

    Raises:
        ValueError: The HTTP status does not report an error, or there is no message for the class.
    """
    if isinstance(failure, int):
        if failure < 400 or failure > 599:
            raise ValueError(f"expected an HTTP status from 400 to 599, got {failure}")
    elif isinstance(failure, type) and not issubclass(failure, TransportError) and failure not in _BY_CLASS:
        known = ", ".join(sorted(each.__name__ for each in _BY_CLASS))
        raise ValueError(f"expected one of {known}, or an error, got the class {failure.__name__}")


def _kind(action: Action) -> GroupKind:
    """Return the kind of an action: that of its body, or else the plural, from which no rule leads to the kind."""
    match action.object:
        case {"kind": str(kind)}:
            return GroupKind(action.group_resource.group, kind)
        case _:
            return GroupKind(action.group_resource.group, action.resource)


def status_response(error: APIError) -> Response:
    """Return an error as a response: a Status, and the header `Retry-After` if the error names seconds to wait."""
    headers = [("Content-Type", JSON.media_types[0])]
    if error.retry_after is not None:
        headers.append(("Retry-After", str(math.ceil(error.retry_after))))
    return Response(error.code, Headers(headers), JSON.encode(status_document(error)))
