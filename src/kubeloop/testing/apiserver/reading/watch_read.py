"""The verb watch.

Reference: apiserver pkg/endpoints/handlers (get.go, watch.go), pkg/storage/cacher/cacher.go (Watch).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.call import EventStream, Waiting
from kubeloop.testing.apiserver.encoding.event_frame import encode_error_event
from kubeloop.testing.apiserver.reading.bookmark_schedule import BookmarkSchedule
from kubeloop.testing.apiserver.reading.list_request import read_list_request
from kubeloop.testing.apiserver.reading.progress import PATIENCE, has_reached
from kubeloop.testing.apiserver.reading.running_watch import EndedStream, WatchStream
from kubeloop.testing.apiserver.reading.selection import Selection, select
from kubeloop.testing.apiserver.reading.watch_decision import Beginning, WatchPlan, decide_watch
from kubeloop.testing.apiserver.storage.storage_error import Compacted
from kubeloop.testing.apiserver.watch_cache.too_old import TooOld
from kubeloop.wire import refusals

if TYPE_CHECKING:
    from kubeloop.errors import APIError
    from kubeloop.testing.apiserver.call import Call, Context
    from kubeloop.testing.apiserver.storage.stored import Change, Stored
    from kubeloop.testing.apiserver.watch_cache.resource_cache import ResourceCache
    from kubeloop.wire.parse_options import ListOptions

__all__ = ["watch"]

_COMPACTED = "The resourceVersion for the provided watch is too old."
_SHORTEST_TIMEOUT = 1800.0
"""The server ends a watch without `timeoutSeconds` after this time, or up to twice as late."""


def watch(call: Call, context: Context) -> EventStream | Waiting:
    """Begin a watch; the response is a `Waiting` if it begins with objects that the watch cache has not seen.

    An error that is found after the options were read is an ERROR event in a stream with status 200.

    Raises:
        BadRequest: An option cannot be read.
        Invalid: Options contradict each other.
        APIError: The resourceVersion cannot be read.
    """
    options = read_list_request(call)
    resource = call.resource
    selection = select(resource, call.info.namespace, options.label_selector, options.field_selector)
    plan = decide_watch(
        resource_version=options.resource_version,
        send_initial_events=options.send_initial_events,
        allow_bookmarks=options.allow_watch_bookmarks,
        storage_revision=context.storage.revision,
    )
    timeout = options.timeout_seconds or _SHORTEST_TIMEOUT * (1 + context.random.random())
    begun = _WatchBeginning(call, context, options, selection, plan, context.now + timeout, context.now + PATIENCE)
    return begun.resume(context.now)


@dataclass(frozen=True, slots=True)
class _WatchBeginning:
    call: Call
    context: Context
    options: ListOptions
    selection: Selection
    plan: WatchPlan
    ends_at: float
    deadline: float

    def resume(self, now: float) -> EventStream | Waiting:
        plan, resource = self.plan, self.selection.resource.stored_as
        cache = self.context.cache.resource(resource)
        if plan.waits and not has_reached(self.context.cache, resource, plan.revision):
            if now < self.deadline:
                return Waiting(plan.revision, self.deadline, self.resume)
            return self._error(refusals.too_large_resource_version(plan.revision, cache.revision))
        try:
            changes = self._changes(cache) if plan.beginning is Beginning.CHANGES else []
        except TooOld as error:
            return self._error(refusals.expired(str(error)))
        except Compacted:
            return self._error(refusals.expired(_COMPACTED))
        selection = self.selection
        is_of_objects = plan.beginning is Beginning.OBJECTS
        bookmarks = None
        if self.options.allow_watch_bookmarks:
            bookmarks = BookmarkSchedule(now, self.ends_at, at_once=plan.marks_the_end)
        return WatchStream(
            self.context,
            selection,
            self.call.output,
            objects=_objects_of(cache, selection) if is_of_objects else (),
            changes=changes,
            revision=plan.revision if plan.beginning is Beginning.CHANGES else cache.revision,
            marks_the_end=plan.marks_the_end,
            ends_at=self.ends_at,
            bookmarks=bookmarks,
            now=now,
        )

    def _changes(self, cache: ResourceCache) -> list[Change]:
        """Return the changes that the watch begins with.

        Raises:
            TooOld: Some have left the watch cache.
            Compacted: Some have left the storage, from which they are read for a resource without a watch cache.
        """
        resource, after = self.selection.resource, self.plan.revision
        if resource.has_watch_cache:
            return cache.changes(after)
        newest = self.context.cache.revision
        changes = self.context.storage.changes(after)
        return [each for each in changes if each.key.resource == resource.stored_as and each.revision <= newest]

    def _error(self, error: APIError) -> EndedStream:
        return EndedStream(encode_error_event(error, self.call.output), self.call.output)


def _objects_of(cache: ResourceCache, selection: Selection) -> list[Stored]:
    """Return the objects of the range of a watch, in order."""
    if not selection.name:
        return cache.ordered(selection.namespace)
    stored = cache.get(selection.namespace, selection.name)
    return [] if stored is None else [stored]
