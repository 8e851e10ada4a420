"""One request to the server: parse it, find what it is for, carry it out, and turn an error into a Status."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from hmac import compare_digest
from typing import TYPE_CHECKING, TypeAlias

from kubeloop._kit.short_text_cache import short_text_cache
from kubeloop.errors import APIError
from kubeloop.testing.apiserver.call import Call, Context, Waiting
from kubeloop.testing.apiserver.encoding.output import (
    DEFAULT_OUTPUT,
    MEDIA_TYPES,
    STREAM_TYPES,
    negotiate,
    negotiate_error,
)
from kubeloop.testing.apiserver.encoding.status import status_response
from kubeloop.testing.apiserver.reading.list_read import list_objects
from kubeloop.testing.apiserver.reading.watch_read import watch
from kubeloop.testing.apiserver.route import check_route
from kubeloop.testing.apiserver.storage.storage_error import WriteFailed
from kubeloop.testing.apiserver.subresource_read import CONNECTED, connect, get
from kubeloop.testing.apiserver.writing.collection_deletion import delete_collection
from kubeloop.testing.apiserver.writing.object_writes import create, delete, patch, update
from kubeloop.testing.apiserver.writing.plain_failure import plain_failure
from kubeloop.testing.apiserver.writing.reply import with_warnings
from kubeloop.wire import refusals
from kubeloop.wire.request_path import parse_path
from kubeloop.wire.response import Headers, Response

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.call import Reply
    from kubeloop.testing.apiserver.describing.discovery_routes import Discovery
    from kubeloop.wire.request import Request

__all__ = ["MAX_BODY_BYTES", "Intercept", "Verb", "handle", "refuse"]

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 3 * 1024 * 1024
"""The largest body of a request, as in the real server."""

_LIMIT = f"limit is {MAX_BODY_BYTES}"
_PUBLIC = frozenset({"/healthz", "/livez", "/readyz", "/version", "/version/"})
"""The paths that everybody may read: those of the ClusterRole `system:public-info-viewer`."""

Verb: TypeAlias = "Callable[[Call, Context], Reply]"
Intercept: TypeAlias = "Callable[[Call, Context, Verb], Reply]"
"""Stands between a request and the verb that carries it out."""

_VERBS: dict[str, Verb] = {
    "get": get,
    "list": list_objects,
    "watch": watch,
    "create": create,
    "update": update,
    "patch": patch,
    "delete": delete,
    "deletecollection": delete_collection,
}


def handle(request: Request, context: Context, discovery: Discovery, intercept: Intercept, *, token: str = "") -> Reply:
    """Carry out a request.

    Args:
        request: The request.
        context: What it may use.
        discovery: What responds to requests that are not for a resource.
        intercept: Called with each request to a resource.
        token: The bearer token that the request must have; `""` for none.

    Returns:
        The reply. An error is a response with a Status.
    """
    return _guarded(request, context, lambda: _carried_out(request, context, discovery, intercept, token))


def refuse(status: int, message: str) -> Response:
    """Return the response to a request that could not be read, as a Status."""
    if status == 413:
        error: APIError = refusals.request_too_large(_LIMIT)
    elif status == 400:
        error = refusals.bad_request(message)
    else:
        error = plain_failure(message, status)
    return status_response(error, DEFAULT_OUTPUT)


def _carried_out(request: Request, context: Context, discovery: Discovery, intercept: Intercept, token: str) -> Reply:
    if token and not _may_pass(request, token):
        raise refusals.unauthorized()
    if any(name.lower().startswith("impersonate-") for name in request.headers):
        raise refusals.not_implemented("impersonation")
    if request.body is not None and len(request.body) > MAX_BODY_BYTES:
        raise refusals.request_too_large(_LIMIT)
    info = parse_path(request.method, request.target)
    described = discovery.respond(request, info, context.now)
    if described is not None:
        return described
    resource = context.resources.find(info.group, info.version, info.resource)
    check_route(request.method, info, resource)
    assert resource is not None  # otherwise there is no route
    _check_accept(request, info.verb)
    output = negotiate(request.headers, info.query, streaming=info.verb == "watch")
    if output.transform == "Table":
        output = replace(output, now=context.now)
    call = Call(request, info, resource, output)
    verb = connect if info.subresource in CONNECTED else _VERBS[info.verb]
    return intercept(call, context, verb)


def _check_accept(request: Request, verb: str) -> None:
    """Refuse a request whose `Accept` header names none of the media types: the router of the real server comes first.

    Reference: go-restful jsr311.go (detectRoute), route.go (matchesAccept).
    """
    accept = _header(request, "accept")
    if accept and not _names_a_format(accept):
        offered = [*MEDIA_TYPES, *STREAM_TYPES] if verb in ("list", "watch") else list(MEDIA_TYPES)
        message = f"406: Not Acceptable\n\nAvailable representations: {', '.join(offered)}"
        raise refusals.not_acceptable_form(message)


@short_text_cache(256)
def _names_a_format(accept: str) -> bool:
    asked = [part.partition(";")[0].strip() for part in accept.split(",")]
    return any(each == "*/*" or each in MEDIA_TYPES for each in asked)


def _header(request: Request, name: str) -> str | None:
    headers = request.headers
    return (headers if isinstance(headers, Headers) else Headers(headers.items())).get(name)


def _may_pass(request: Request, token: str) -> bool:
    """Return whether a request has the token, or is an anonymous one that the real server permits too."""
    header = _header(request, "authorization")
    if header is None:
        return request.path in _PUBLIC
    scheme, _, given = header.partition(" ")
    return scheme.lower() == "bearer" and compare_digest(given.strip().encode("utf-8", "surrogatepass"), token.encode())


def _guarded(request: Request, context: Context, step: Callable[[], Reply]) -> Reply:
    """Carry out a step of a request; an error becomes a response with a Status. Warnings are added to any response."""
    try:
        reply = step()
    except APIError as error:
        reply = _failure(request, error)
    except WriteFailed as error:
        logger.error("%s %s: %s; the storage needs space or permissions", request.method, request.path, error)
        reply = _failure(request, plain_failure(str(error)))
    except Exception:
        # A fault of this server: the client gets a Status, and the log the traceback.
        logger.exception("%s %s: the request failed", request.method, request.path)
        reply = _failure(request, refusals.internal_error("the test server failed; its log has the traceback"))
    if isinstance(reply, Waiting):
        resume = reply.resume

        def guarded(now: float) -> Reply:
            return _guarded(request, context, lambda: resume(now))

        return replace(reply, resume=guarded)
    if context.warnings and isinstance(reply, Response):
        return with_warnings(reply, context.warnings)
    return reply


def _failure(request: Request, error: APIError) -> Response:
    return status_response(error, negotiate_error(request.headers, {}))
