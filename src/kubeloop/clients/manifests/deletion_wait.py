"""Wait until deleted objects no longer exist, by uid, with one list and one watch per resource and namespace.

Reference: kubectl pkg/cmd/wait (IsDeleted), which waits for one object after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kubeloop._kit import waiting
from kubeloop.clients.metadata_requests import metadata_headers
from kubeloop.clients.resource_endpoint import ResourceEndpoint
from kubeloop.clients.resuming_watch import ResumingWatch
from kubeloop.errors import (
    Forbidden,
    Gone,
    KubeloopError,
    MethodNotAllowed,
    NotFound,
    RequestTimeout,
    UnmetObject,
    WaitTimeout,
)

if TYPE_CHECKING:
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.models import meta_v1
    from kubeloop.rest.client import RESTClient
    from kubeloop.wire.options import WatchOptions
    from kubeloop.wire.request import Params, Request

__all__ = ["wait_until_gone"]


class _MetadataEndpoint(ResourceEndpoint[Any]):
    """The endpoint of a resource whose lists and watches are read as metadata alone."""

    __slots__ = ()

    def request(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        body: object = None,
        content_type: str | None = None,
    ) -> Request:
        """Build a request for metadata."""
        request = super().request(method, path, params, body, content_type)
        into = self.model if params and params.get("watch") else self.list_model
        return request.with_header("Accept", metadata_headers(self.rest, into)["Accept"])


async def wait_until_gone(
    rest: RESTClient, info: ResourceInfo, namespace: str, uids: Mapping[str, str], deadline: float
) -> dict[str, KubeloopError]:
    """Wait until objects of a resource no longer exist.

    An object that was created again with the same name counts as absent. If the user may not list and watch the
    resource, the objects count as absent too, as in kubectl.

    Args:
        rest: Sends the requests.
        info: The resource.
        namespace: The namespace of the objects; `""` for objects without.
        uids: The uid of each object, by name.
        deadline: The time of `waiting.now` at which the wait ends.

    Returns:
        The error of each object that still exists, by name.
    """
    from kubeloop.models import meta_v1

    pending: dict[str, meta_v1.ObjectMeta | str] = dict(uids)
    listed = info.replace(list_model=meta_v1.PartialObjectMetadataList)
    endpoint = _MetadataEndpoint(
        rest, meta_v1.PartialObjectMetadata, namespace or None, info=listed, spell=lambda info, _: str(info)
    )
    failure: KubeloopError | None = None
    while pending and waiting.now() < deadline:
        try:
            await _watch(endpoint, pending, deadline)
        except Gone:
            continue  # the watch was too far behind; its list starts again
        except (NotFound, Forbidden, MethodNotAllowed):
            return {}
        except KubeloopError as error:
            failure = error
            break
    return {name: _error(info, namespace, name, last, failure) for name, last in pending.items()}


async def _watch(
    endpoint: ResourceEndpoint[Any], pending: dict[str, meta_v1.ObjectMeta | str], deadline: float
) -> None:
    """Watch until no object is left, or the deadline; remove those that no longer exist from `pending`."""
    options: WatchOptions = {"timeout": max(deadline - waiting.now(), 0.0)}
    if len(pending) == 1:
        options["field_selector"] = f"metadata.name={next(iter(pending))}"
    async with ResumingWatch(endpoint, options) as events:
        existing: dict[str, str] = {}
        while not events.resource_version:  # until the list was read
            event = await anext(events, None)
            if event is None:
                return
            existing[event.object.metadata.name] = event.object.metadata.uid
            _note(pending, event.object.metadata)
        for name in [name for name, last in pending.items() if existing.get(name) != _uid(last)]:
            del pending[name]
        while pending:
            event = await anext(events, None)
            if event is None:
                return
            metadata = event.object.metadata
            last = pending.get(metadata.name)
            if last is None:
                continue
            if event.type == "DELETED" or metadata.uid != _uid(last):
                del pending[metadata.name]
            else:
                _note(pending, metadata)


def _note(pending: dict[str, meta_v1.ObjectMeta | str], metadata: meta_v1.ObjectMeta) -> None:
    """Keep the last state of an object that is waited for."""
    if metadata.name in pending and metadata.uid == _uid(pending[metadata.name]):
        pending[metadata.name] = metadata


def _uid(last: meta_v1.ObjectMeta | str) -> str:
    return last if isinstance(last, str) else last.uid


def _error(
    info: ResourceInfo, namespace: str, name: str, last: meta_v1.ObjectMeta | str, failure: KubeloopError | None
) -> KubeloopError:
    if failure is not None and not isinstance(failure, RequestTimeout):
        return failure
    finalizers = [] if isinstance(last, str) else list(last.finalizers)
    state = f"it has the finalizers {', '.join(finalizers)}" if finalizers else "it still exists"
    unmet = UnmetObject(info.plural, namespace, name, state)
    return WaitTimeout(
        f"{info.kind or info.plural} {name} was deleted, but exists at the end of the timeout: {state}",
        awaited="deletion",
        objects=(unmet,),
    )
