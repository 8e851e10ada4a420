"""The verb list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.call import Waiting
from kubeloop.testing.apiserver.encoding.attribute import fields_of
from kubeloop.testing.apiserver.encoding.object_list import encode_list
from kubeloop.testing.apiserver.reading.item_page import ItemPage, after_key, cut_page
from kubeloop.testing.apiserver.reading.list_decision import ListPlan, decide_list, from_storage
from kubeloop.testing.apiserver.reading.list_request import read_list_request
from kubeloop.testing.apiserver.reading.progress import PATIENCE, has_reached
from kubeloop.testing.apiserver.reading.selection import Selection, select
from kubeloop.testing.apiserver.storage.storage_error import Compacted, FutureRevision
from kubeloop.testing.apiserver.storage.stored import Key
from kubeloop.testing.apiserver.watch_cache.too_old import TooOld
from kubeloop.wire import refusals
from kubeloop.wire.continue_token import INCONSISTENT, encode_continue_token
from kubeloop.wire.response import Headers, Response

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.call import Call, Context
    from kubeloop.testing.apiserver.watch_cache.resource_cache import ResourceCache
    from kubeloop.wire.parse_options import ListOptions

__all__ = ["list_objects"]

_TOO_OLD = "The resourceVersion for the provided list is too old."
_TOKEN_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


def list_objects(call: Call, context: Context) -> Response | Waiting:
    """Return the objects of a collection, or a `Waiting` if the watch cache has not seen the revision that is needed.

    Raises:
        BadRequest: An option cannot be read.
        Invalid: Options contradict each other.
        Expired: The revision, or that of the continue token, has been compacted.
        GatewayTimeout: The storage or, after three seconds, the watch cache has not reached the revision.
    """
    options = read_list_request(call)
    resource = call.resource
    selection = select(
        resource,
        call.info.namespace,
        options.label_selector,
        options.field_selector,
        may_be_single=not options.continue_,
    )
    cache = context.cache.resource(resource.stored_as)
    plan = decide_list(
        resource_version=options.resource_version,
        match=options.resource_version_match,
        limit=options.limit,
        continue_=options.continue_,
        is_single=bool(selection.name),
        storage_revision=context.storage.revision,
        cache_revision=cache.revision,
        has_snapshot=cache.has_snapshot,
        is_cached=resource.has_watch_cache,
    )
    return _ListRead(call, context, options, selection, plan, context.now + PATIENCE).resume(context.now)


@dataclass(frozen=True, slots=True)
class _ListRead:
    call: Call
    context: Context
    options: ListOptions
    selection: Selection
    plan: ListPlan
    deadline: float

    def resume(self, now: float) -> Response | Waiting:
        plan, cache = self.plan, self.context.cache
        if not plan.uses_cache:
            return self._from_storage(plan)
        resource = self.call.resource.stored_as
        if not has_reached(cache, resource, plan.minimum):
            if now < self.deadline:
                return Waiting(plan.minimum, self.deadline, self.resume)
            if not plan.is_consistent:
                raise refusals.too_large_resource_version(plan.minimum, cache.resource(resource).revision)
            return self._from_storage(from_storage(plan, self.options.limit))
        try:
            page, revision = self._cached(cache.resource(resource))
        except TooOld:
            return self._from_storage(from_storage(plan, self.options.limit))
        return self._response(page, revision, "/")

    def _cached(self, cache: ResourceCache) -> tuple[ItemPage, int]:
        plan, selection = self.plan, self.selection
        namespace, limit = selection.namespace, plan.limit
        if selection.name:
            stored = cache.get(namespace, selection.name)
            return cut_page([] if stored is None else [stored], selection, 0), cache.revision
        source = cache.snapshot(plan.exact) if plan.exact else cache
        after = after_key(plan.start, namespace)
        if selection.has_no_selector and limit:
            found = source.page(namespace, after=after, limit=limit)
            return cut_page(found.items, selection, limit, following=found.remaining), found.revision
        items = source.ordered(namespace, after)
        node = selection.fields.required_value("spec.nodeName")
        if node is not None and selection.resource.stored_as == "pods" and source is cache and not plan.start:
            # The watch cache has an index of the nodes of pods: with it a page ends at the last pod of the node.
            items = [item for item in items if fields_of(item, selection.resource).get("spec.nodeName", "") == node]
        return cut_page(items, selection, limit), source.revision

    def _from_storage(self, plan: ListPlan) -> Response:
        storage, selection = self.context.storage, self.selection
        resource, namespace = selection.resource.stored_as, selection.namespace
        if plan.minimum > storage.revision:
            raise refusals.too_large_resource_version(plan.minimum, storage.revision, 0)
        exact = plan.exact or None
        try:
            if selection.name:
                stored = storage.get(Key(resource, namespace, selection.name), exact)
                page = cut_page([] if stored is None else [stored], selection, 0)
            else:
                limit = plan.limit if selection.has_no_selector else 0
                after = after_key(plan.start, namespace)
                found = storage.range(resource, namespace, revision=exact, after=after, limit=limit)
                page = cut_page(found.items, selection, plan.limit, following=found.remaining)
        except FutureRevision:
            raise refusals.too_large_resource_version(plan.exact, storage.revision, 0) from None
        except Compacted:
            if not self.options.continue_:
                raise refusals.expired(_TOO_OLD) from None
            raise refusals.expired(_TOKEN_TOO_OLD, continue_=encode_continue_token(plan.start, INCONSISTENT)) from None
        return self._response(page, plan.exact or storage.revision, "")

    def _response(self, page: ItemPage, revision: int, prefix: str) -> Response:
        token = ""
        if page.last is not None:
            key = page.last.key
            path = key.name if self.selection.namespace else key.path
            token = encode_continue_token(f"{prefix}{path}\x00", revision)
        call = self.call
        body = encode_list(
            page.items, call.resource, call.output, revision=revision, continue_=token, remaining=page.remaining
        )
        return Response(200, Headers([("Content-Type", call.output.content_type)]), body)
