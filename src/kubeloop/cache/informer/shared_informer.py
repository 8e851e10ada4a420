"""`SharedInformer`: one watched resource, one store, any number of handlers.

The reflector and `pop_loop` run in separate tasks, so that no handler delays the watch.
Reference: client-go `tools/cache/shared_informer.go`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from random import Random
from typing import TypeVar

from kubeloop._kit.text import counted
from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.fifo.real_fifo import RealFIFO
from kubeloop.cache.handlers.informer_handlers import InformerHandlers
from kubeloop.cache.handlers.processor import HandlerRegistration
from kubeloop.cache.handlers.shared_processor import SharedProcessor
from kubeloop.cache.informer.applier import Applier, NamespacesApplier
from kubeloop.cache.informer.informer_consistency import InformerConsistency
from kubeloop.cache.informer.informer_metrics import InformerLabels, InformerMetrics, InformerRecorder
from kubeloop.cache.informer.informer_sources import InformerSources
from kubeloop.cache.informer.informer_statistics import InformerState, InformerStatistics
from kubeloop.cache.informer.memory_mode import MemoryMode, failed_reads_of, mode_of, whole_class
from kubeloop.cache.informer.memory_usage import SAMPLE, MemoryEstimate, MemoryUsage, memory_usage
from kubeloop.cache.informer.pop_loop import PopLoop
from kubeloop.cache.informer.read_failures import ReadFailures, describe_unreadable
from kubeloop.cache.informer.resync import ResyncSchedule
from kubeloop.cache.informer.sync_gate import SyncGate
from kubeloop.cache.source.lister_watcher import ListerWatcher
from kubeloop.cache.source.reflector import WatchErrorHandler
from kubeloop.cache.store.index import IndexFunc
from kubeloop.cache.store.index_by_field import check_field_indices
from kubeloop.cache.store.indexer import Indexer
from kubeloop.cache.store.lister import Lister
from kubeloop.errors import Unreadable
from kubeloop.meta.gvk import GroupResource, GroupVersionResource

__all__ = ["SharedInformer"]

T = TypeVar("T", bound=CachedObject)

logger = logging.getLogger(__name__)


class SharedInformer(InformerHandlers[T], InformerConsistency[T]):
    """Keeps a store equal to what the server holds, and notifies handlers of each change.

    Guarantees, for each handler: it sees each object once as an add, then its changes and its deletion in the order in
    which the server made them. Changes that happen while the watch is down may be seen as one. What the handler saw
    adds up to what the store holds. An exception of a handler is logged and has no other effect.

    An object that its class or the transform cannot read says nothing about the cluster: it never delays the sync and
    is never reported as a deletion. The last known state of the same object, by its uid, stays in the store. If the uid
    has changed, the deletion of the old object is reported. `unreadable`, `last_error` and one log line per object name
    such objects. A failure to reach the server changes nothing in the store either; `is_connected`, `last_heard_at`,
    `last_error`, one WARNING when the connection is lost and one INFO when it is back show the failure.

    An object that was deleted and created again while the watch was down is reported as an update, as in client-go:
    `old` and `new` then differ in `metadata.uid`.

    Objects are immutable and shared: readers and handlers get the stored object itself.

    Args:
        lister_watcher: The source of the objects; or the source of each namespace, by namespace. An informer with
            several sources has synced when all of them have, and one that fails stops no other.
        resource: The resource, for `NotFound` and for the labels of metrics.
        name: The name for log lines and errors; None means the name of the resource.
        indexers: The first index functions.
        expected_type: The class of the objects; objects of another class are logged and skipped. None accepts all. With
            the class that `class_in_mode` returned for the source, the informer knows its memory mode.
        transform: Changes each object before it is stored, for instance to drop what nobody reads. It may get an object
            that it has changed already. See `set_transform`.
        resync_period: The seconds after which handlers are notified of all objects again, as updates that change
            nothing; 0 for never, at least 1 s. For handlers that reconcile something outside the cluster.
        page_size: The number of objects per page of a LIST; None pages as client-go does, 0 never pages.
        min_watch_timeout: The shortest duration of a watch in seconds; None and less than 5 minutes mean 5 minutes.
        max_internal_error_retry: The seconds for which a watch that ends with an internal error of the server is opened
            again without a LIST.
        metrics: Receives measurements, for instance a `kubeloop.Metrics`; the name is one of their labels.
        random: The source of randomness of the reflector; None creates one.
        selects: Returns whether the informer holds an object; None means every object of the sources' namespaces.

    Concurrency: loop only. `run` may be cancelled at any time: the store stays readable as it is then.

    Reference: client-go `tools/cache.SharedIndexInformer`.
    """

    def __init__(
        self,
        lister_watcher: ListerWatcher[T] | Mapping[str, ListerWatcher[T]],
        *,
        resource: GroupResource | GroupVersionResource,
        name: str | None = None,
        indexers: Mapping[str, IndexFunc[T]] | None = None,
        expected_type: type[T] | None = None,
        transform: Callable[[T], T] | None = None,
        resync_period: float = 0,
        page_size: int | None = None,
        min_watch_timeout: float | None = None,
        max_internal_error_retry: float = 0.0,
        metrics: InformerMetrics | None = None,
        random: Random | None = None,
        selects: Callable[[CachedObject], bool] | None = None,
    ) -> None:
        version = resource.version if isinstance(resource, GroupVersionResource) else ""
        resource = GroupResource(resource.group, resource.resource)
        name = name or str(resource)
        check_field_indices(indexers or {}, expected_type)
        self._indexer: Indexer[T] = Indexer(indexers)
        self._gate = SyncGate(name, lambda: self.last_error)
        self._recorder = InformerRecorder(InformerLabels(name, resource.group, version, resource.resource), metrics)
        sources = InformerSources(name, lister_watcher, self._recorder.relisted)
        InformerConsistency.__init__(  # pyright: ignore[reportUnknownMemberType]
            self, name, self._indexer, sources, selects=selects, last_error=lambda: self.last_error
        )
        self._applier: Applier[T] = (
            NamespacesApplier(name, self._indexer, sources.versions)
            if sources.namespaces
            else Applier(name, self._indexer)
        )
        self._resync: ResyncSchedule[HandlerRegistration[T]] = ResyncSchedule(name, resync_period)
        InformerHandlers.__init__(  # pyright: ignore[reportUnknownMemberType]
            self, name, SharedProcessor(name, self._indexer, self._applier, self._gate, self._resync)
        )
        self._expected_type = expected_type
        self._transform = transform
        self._page_size = page_size
        self._min_watch_timeout = min_watch_timeout
        self._max_internal_error_retry = max_internal_error_retry
        self._random = random
        self._watch_error_handler: WatchErrorHandler[T] | None = None
        self._lister = Lister(self._indexer, resource, has_started=lambda: self.has_started)
        self._pop_loop: PopLoop[T] | None = None
        self._fifo: RealFIFO[T] | None = None
        self._memory: MemoryEstimate[T] = MemoryEstimate(self._indexer, self._queues)
        self._read_failures = ReadFailures(name, self._indexer)
        if (failed_reads := failed_reads_of(expected_type)) is not None:
            failed_reads.connect(self._read_failures.report)
        self._is_stopped = False
        self._recorder.created(self.statistics)

    def __repr__(self) -> str:
        state = "started" if self.has_started else "new"
        if self.is_stopped or self.has_synced:
            state = "stopped" if self.is_stopped else "synced"
        return f"<SharedInformer {self.name}: {state}, {counted(len(self._indexer), 'object')}>"

    # Reading

    @property
    def indexer(self) -> Indexer[T]:
        """The store; only the informer writes to it, and tests that run without a server."""
        return self._indexer

    @property
    def lister(self) -> Lister[T]:
        """The reads of the store by name, namespace, labels and index."""
        return self._lister

    @property
    def has_started(self) -> bool:
        """Whether `run` was called."""
        return self._sources.have_started

    @property
    def has_synced(self) -> bool:
        """Whether the store has held all objects of a list, and plain handlers have seen them."""
        return self._gate.has_synced

    @property
    def is_stopped(self) -> bool:
        """Whether `run` has ended; an informer cannot be started again."""
        return self._is_stopped

    @property
    def last_sync_resource_version(self) -> str:
        """The resourceVersion of the last list or event of the reflector; `""` before the first list.

        Of several sources, this is the lowest version, which all of them have reached: `""` until each has listed.
        """
        return self._sources.last_sync_resource_version

    @property
    def unreadable(self) -> Mapping[str, Unreadable]:
        """Why the present state of objects that exist cannot be read, by key; a read-only view that stays current.

        An item of a list of which not even the name can be read has the key `"#"` with its place in the list. As long
        as there is such an item, objects that lists lack are kept.
        """
        return self._indexer.unreadable

    @property
    def last_error(self) -> str:
        """What is wrong; `""` if all is well.

        This is the error of the last attempt to list or watch, until an attempt succeeds; else the LIST that waits for
        a response, and for how long; else the number of objects that cannot be read, with the first error.
        """
        return self._sources.describe(_time()) or describe_unreadable(self._indexer.unreadable)

    @property
    def last_heard_at(self) -> float | None:
        """The running loop's time at which the server last sent news of the objects; None before that.

        `loop.time() - informer.last_heard_at` is the number of seconds without news. Up to 180 s are normal: the server
        sends bookmarks about once per minute, but none at the beginning of a watch if the resource does not change. A
        refused request does not count.
        """
        return self._sources.last_heard_at

    @property
    def is_connected(self) -> bool:
        """Whether the store follows the server: True since a LIST succeeded or a watch was opened, until one fails."""
        return self._sources.is_connected and not self._is_stopped

    def statistics(self) -> InformerStatistics:
        """Return what the informer holds, and how far it and its handlers are behind."""
        now, heard_at, handlers = _time(), self.last_heard_at, self._processor.statistics()
        pop_loop = None if self._is_stopped else self._pop_loop
        busy = 0.0 if now is None or pop_loop is None else pop_loop.busy_seconds(now)
        return InformerStatistics(
            name=self.name,
            state=self._state(),
            objects=len(self._indexer),
            memory_bytes=self._memory.total(),
            unreadable=len(self._indexer.unreadable),
            resource_version=self.store_resource_version,
            relists=self._sources.relists,
            heard_seconds=None if now is None or heard_at is None else now - heard_at,
            lag_seconds=max(busy, *(handler.backlog_seconds for handler in handlers), 0.0),
            queued=0 if pop_loop is None else pop_loop.queued,
            handlers=handlers,
            last_error=self.last_error,
        )

    @property
    def mode(self) -> MemoryMode:
        """The memory mode: `"eager"`, `"lazy"` or `"compressed"`; see `MemoryMode`."""
        return mode_of(self._expected_type)

    def memory(self, *, sample: int | None = SAMPLE) -> MemoryUsage:
        """Return the bytes that the informer takes, by part.

        Objects are measured as they are now, so a lazy object that was read counts with what was decoded. The sizes are
        those of the values, rounded as allocators round them. The memory that the process takes for them is up to 5 %
        larger, and a fifth larger after lazy objects were read, because freed texts leave gaps. `statistics` contains
        an estimate of the sum, which takes less time.

        Args:
            sample: The number of objects that are measured, evenly spread over the store; the others are taken to be
                like them. An eager Pod of 9 KB takes about 0.4 ms, a lazy one 0.04 ms, however many there are. None
                measures all objects, which may hold the loop for seconds.
        """
        return memory_usage(self._indexer, self._queues(), sample=sample)

    async def wait_for_sync(self) -> None:
        """Wait until `has_synced`.

        Raises:
            NotSynced: The informer stopped before that.

        Concurrency: safe to cancel.
        """
        await self._gate.wait()

    async def wait_until_settled(self) -> None:
        """Wait until the informer has synced or stopped, whichever comes first.

        Concurrency: safe to cancel.
        """
        await self._gate.wait_until_open()

    # Setting up

    def add_indexers(self, indexers: Mapping[str, IndexFunc[T]]) -> None:
        """Add index functions, before or after the start; objects that are stored are indexed.

        Raises:
            ValueError: An index with one of these names exists, or a `field_index` names a field that the objects do
                not have.
            NotKept: The informer does not keep the field of a `field_index`.
            CacheError: An index function failed on a stored object.
            RuntimeError: The informer has stopped.
        """
        if self._is_stopped:
            raise RuntimeError(f"{self.name}: the informer has stopped, no index can be added")
        check_field_indices(indexers, self._expected_type)
        self._indexer.add_indexers(indexers)

    def set_transform(self, transform: Callable[[T], T]) -> None:
        """Set the function that changes each object before it is stored.

        An object on which the function raises counts as one that cannot be read: see `unreadable`. A deletion is
        reported all the same, with the last known state.

        Raises:
            RuntimeError: The informer has started.
        """
        self._must_be_new("transform")
        self._transform = transform

    def set_watch_error_handler(self, handler: WatchErrorHandler[T]) -> None:
        """Set a plain function that is called with each failure to list or watch.

        It gets the reflector and the exception, once per attempt, also after the first sync.

        Raises:
            RuntimeError: The informer has started.
        """
        self._must_be_new("watch error handler")
        self._watch_error_handler = handler

    # Running

    async def run(self) -> None:
        """Keep the store up to date until cancelled; all tasks have ended when it returns.

        A second call, or one after the informer was stopped, logs a warning and returns.
        """
        if self.has_started or self._is_stopped:
            logger.warning("%s: the informer was started before, or has stopped; an informer runs only once", self.name)
            return
        self._indexer.claim()
        self._resync.fix()
        self._read_failures.started()
        self._fifo = fifo = RealFIFO(transform=self._transform, namespaces=self._sources.namespaces)
        self._sources.start(
            fifo,
            expected_type=whole_class(self._expected_type),
            page_size=self._page_size,
            min_watch_timeout=self._min_watch_timeout,
            max_internal_error_retry=self._max_internal_error_retry,
            watch_error_handler=self._watch_error_handler,
            turn=self._processor.turn,
            random=self._random,
        )
        pop_loop = self._pop_loop = PopLoop(
            self.name, fifo, self._applier, self._processor, self._resync, self._recorder, self._writes, self._on_sync
        )
        try:
            async with asyncio.TaskGroup() as group:
                self._processor.start(group)
                group.create_task(pop_loop.run(), name=f"{self.name}: pop loop")
                await self._sources.run()
        finally:
            fifo.close()
            self.retire()

    def retire(self) -> None:
        """Mark the informer as stopped: nobody waits for its sync any longer, and its handlers get no further calls.

        `run` ends with this. The owner of an informer calls it, too, because a task that is cancelled before its first
        step never enters `run`. While `run` runs, cancel it instead.
        """
        self._is_stopped = True
        self._gate.give_up()
        self._writes.give_up()
        self._processor.end()

    def _queues(self) -> tuple[object, ...]:
        return (self._fifo, *self._applier.registrations)

    def _state(self) -> InformerState:
        if self._is_stopped:
            return "stopped"
        if not self.has_synced:
            return "syncing" if self.has_started else "new"
        return "synced" if self.is_connected else "disconnected"

    def _on_sync(self) -> None:
        logger.debug("%s: synced, %d objects", self.name, len(self._indexer))
        self._gate.open()

    def _must_be_new(self, what: str) -> None:
        if self.has_started:
            raise RuntimeError(f"{self.name}: the informer has started, its {what} can no longer be set")


def _time() -> float | None:
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return None
