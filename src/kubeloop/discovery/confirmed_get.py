"""confirmed_get: a GET that lets the server confirm a stored response instead of sending it again.

Reference: RFC 9110, section 13.1.2 (If-None-Match); client-go discovery/cached/disk/round_tripper.go.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from kubeloop.discovery.stored_document import StoredDocument
from kubeloop.errors import DecodeError
from kubeloop.rest.result import Result
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response

if TYPE_CHECKING:
    from kubeloop.discovery.stored_document import DocumentStore
    from kubeloop.rest.client import RESTClient

__all__ = ["confirmed_get"]

_NOT_MODIFIED = 304
T = TypeVar("T")


async def confirmed_get(
    rest: RESTClient,
    path: str,
    accept: str,
    store: DocumentStore | None,
    *,
    read: Callable[[Result], T],
    timeout: float | None,
    is_immutable: bool = False,
) -> T:
    """Return what the response to a GET contains, from the store if the server confirms that it has not changed.

    Only what can be read is stored, and what is stored and cannot be read is requested again: what a proxy sent once in
    place of the server must not be confirmed for ever.

    Args:
        rest: Sends the request.
        path: The path and query.
        accept: The `Accept` header, which is part of the name in the store.
        store: Where responses with an ETag are kept; None to keep none.
        read: Reads a response.
        timeout: Seconds for the call.
        is_immutable: Whether a stored response is used without a request, because the path has a hash of it.

    Raises:
        APIError, TransportError: As of `RESTClient.send`.
        DecodeError: The response of the server cannot be read.
    """
    request = Request("GET", path, {"Accept": accept})
    if store is None:
        return read(await rest.send(request, timeout=timeout))
    name = f"{path} {accept}"
    stored = await store.load(name)
    if stored is not None and is_immutable:
        with contextlib.suppress(DecodeError):
            return read(_stored_result(rest, request, stored))
        stored = None
    confirming = request if stored is None else request.with_header("If-None-Match", stored.etag)
    result = await rest.send(confirming, timeout=timeout)
    if stored is not None and result.status == _NOT_MODIFIED:
        with contextlib.suppress(DecodeError):
            return read(_stored_result(rest, request, stored))
        result = await rest.send(request, timeout=timeout)
    value = read(result)
    etag = result.headers.get("etag", "")
    if etag:
        await store.save(name, StoredDocument(etag, result.content_type, result.body))
    return value


def _stored_result(rest: RESTClient, request: Request, stored: StoredDocument) -> Result:
    headers = Headers([("Content-Type", stored.content_type)])
    return Result(Response(200, headers, stored.body), request, rest.serializers)
