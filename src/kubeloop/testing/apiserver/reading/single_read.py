"""The verb get.

Reference: apiserver pkg/registry/generic/registry/store.go (Get), pkg/storage/cacher/delegator.go (Get).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.call import Waiting
from kubeloop.testing.apiserver.encoding.single_object import encode_object
from kubeloop.testing.apiserver.reading.progress import PATIENCE, has_reached
from kubeloop.testing.apiserver.reading.revision_text import revision_of_list, revision_of_read
from kubeloop.testing.apiserver.storage.stored import Key
from kubeloop.wire import refusals
from kubeloop.wire.go_text import quoted
from kubeloop.wire.parse_options import parse_get_options
from kubeloop.wire.query_text import first_value
from kubeloop.wire.response import Headers, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeloop.testing.apiserver.call import Call, Context
    from kubeloop.testing.apiserver.storage.stored import Stored

__all__ = ["get_object", "key_of"]


def get_object(
    call: Call, context: Context, respond: Callable[[Call, Stored], Response] | None = None
) -> Response | Waiting:
    """Return an object.

    Without a resourceVersion it is the newest one in the storage. With one it is what the watch cache has when it has
    seen that revision; the response is a `Waiting` until then.

    Args:
        call: The request.
        context: What it may use.
        respond: Creates the response from the object; None for the object itself.

    Raises:
        BadRequest: The name cannot be that of an object.
        NotFound: The object does not exist.
        GatewayTimeout: The watch cache has not reached the revision after three seconds.
        APIError: The resourceVersion cannot be read.
    """
    key = key_of(call)
    query = call.info.query
    export = first_value(query, "export")
    if export is not None and export.lower() not in ("false", "0"):
        raise refusals.bad_request("the export parameter, deprecated since v1.14, is no longer supported")
    text = parse_get_options(query)
    if not text:
        return _response(call, context.storage.get(key), respond)
    if not call.resource.has_watch_cache:
        minimum, newest = revision_of_list(text), context.storage.revision
        if minimum > newest:
            raise refusals.too_large_resource_version(minimum, newest, 0)
        return _response(call, context.storage.get(key), respond)
    read = _CachedRead(call, context, key, revision_of_read(text), context.now + PATIENCE, respond)
    return read.resume(context.now)


def key_of(call: Call) -> Key:
    """Return the address of the object that a request names.

    Raises:
        BadRequest: The name cannot be that of an object.
    """
    name = call.info.name
    faults = (
        [f"may not be '{name}'"]
        if name in (".", "..")
        else [f"may not contain '{each}'" for each in "/%" if each in name]
    )
    if faults:
        raise refusals.bad_request(f"Name parameter invalid: {quoted(name)}: {';'.join(faults)}")
    return Key(call.resource.stored_as, call.info.namespace if call.resource.namespaced else "", name)


@dataclass(frozen=True, slots=True)
class _CachedRead:
    call: Call
    context: Context
    key: Key
    minimum: int
    deadline: float
    respond: Callable[[Call, Stored], Response] | None

    def resume(self, now: float) -> Response | Waiting:
        cache = self.context.cache.resource(self.key.resource)
        if not has_reached(self.context.cache, self.key.resource, self.minimum):
            if now < self.deadline:
                return Waiting(self.minimum, self.deadline, self.resume)
            raise refusals.too_large_resource_version(self.minimum, cache.revision)
        return _response(self.call, cache.get(self.key.namespace, self.key.name), self.respond)


def _response(call: Call, stored: Stored | None, respond: Callable[[Call, Stored], Response] | None) -> Response:
    if stored is None:
        raise refusals.not_found(call.info.group_resource, call.info.name)
    if respond is not None:
        return respond(call, stored)
    body = encode_object(stored, call.resource, call.output)
    return Response(200, Headers([("Content-Type", call.output.content_type)]), body)
