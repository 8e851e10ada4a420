"""Informers: a local copy of what the server holds, kept up to date, with indices and event handlers.

All names of this package are importable from here and loaded on first use. The most common ones are also importable
from `kubeloop`.

Reference: client-go `tools/cache`, `informers`, `listers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from kubeloop.cache.cached_object import CachedMeta, CachedObject
    from kubeloop.cache.expectations import (
        ControllerExpectations,
        Expectations,
        UIDTrackingControllerExpectations,
    )
    from kubeloop.cache.factory import HasRESTClient, SharedInformerFactory
    from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown, Delta, DeltaType
    from kubeloop.cache.fifo.delta_fifo import DeltaFIFO, KnownObjects, Popped
    from kubeloop.cache.fifo.real_fifo import Bookmark, QueuedDelta, RealFIFO, ReplacedAll
    from kubeloop.cache.handlers.event_handler import ResourceEventHandler
    from kubeloop.cache.handlers.handler_backlog import WhenFull
    from kubeloop.cache.handlers.informer_event import Added, Deleted, InformerEvent, Updated
    from kubeloop.cache.handlers.informer_events import InformerEvents
    from kubeloop.cache.handlers.processor import HandlerRegistration
    from kubeloop.cache.handlers.shared_processor import HandlerStatistics
    from kubeloop.cache.informer.informer_metrics import InformerLabels, InformerMetrics
    from kubeloop.cache.informer.informer_statistics import InformerState, InformerStatistics
    from kubeloop.cache.informer.memory_mode import MemoryMode, class_in_mode
    from kubeloop.cache.informer.memory_usage import MemoryUsage
    from kubeloop.cache.informer.resync import jittered_resync_period
    from kubeloop.cache.informer.shared_informer import SharedInformer
    from kubeloop.cache.informer_provider import InformerOptions, InformerProvider, Namespaces
    from kubeloop.cache.source.consistency_check import ConsistencyReport, StaleObject
    from kubeloop.cache.source.informer_connection import Connection
    from kubeloop.cache.source.lister_watcher import (
        EventStream,
        ListerWatcher,
        ListFunction,
        ListMetaLike,
        ListPage,
        ListWatch,
        WatchEventLike,
        WatchFunction,
    )
    from kubeloop.cache.source.reflector import Reflector, WatchErrorHandler
    from kubeloop.cache.source.reflector_store import ReflectorStore
    from kubeloop.cache.source.rest_source import rest_list_watch, rest_list_watches
    from kubeloop.cache.store.cached_reader import CachedList, CachedReader
    from kubeloop.cache.store.index import IndexFunc
    from kubeloop.cache.store.index_by_field import field_index
    from kubeloop.cache.store.indexer import NAMESPACE_INDEX, Indexer, namespace_index
    from kubeloop.cache.store.lister import Lister, NamespaceLister
    from kubeloop.cache.store.mutation_cache import MutationCache
    from kubeloop.cache.store.ttl_store import TTLStore

__all__ = [
    "NAMESPACE_INDEX",
    "Added",
    "Bookmark",
    "CachedList",
    "CachedMeta",
    "CachedObject",
    "CachedReader",
    "Connection",
    "ConsistencyReport",
    "ControllerExpectations",
    "Deleted",
    "DeletedFinalStateUnknown",
    "Delta",
    "DeltaFIFO",
    "DeltaType",
    "EventStream",
    "Expectations",
    "HandlerRegistration",
    "HandlerStatistics",
    "HasRESTClient",
    "IndexFunc",
    "Indexer",
    "InformerEvent",
    "InformerEvents",
    "InformerLabels",
    "InformerMetrics",
    "InformerOptions",
    "InformerProvider",
    "InformerState",
    "InformerStatistics",
    "KnownObjects",
    "ListFunction",
    "ListMetaLike",
    "ListPage",
    "ListWatch",
    "Lister",
    "ListerWatcher",
    "MemoryMode",
    "MemoryUsage",
    "MutationCache",
    "NamespaceLister",
    "Namespaces",
    "Popped",
    "QueuedDelta",
    "RealFIFO",
    "Reflector",
    "ReflectorStore",
    "ReplacedAll",
    "ResourceEventHandler",
    "SharedInformer",
    "SharedInformerFactory",
    "StaleObject",
    "TTLStore",
    "UIDTrackingControllerExpectations",
    "Updated",
    "WatchErrorHandler",
    "WatchEventLike",
    "WatchFunction",
    "WhenFull",
    "class_in_mode",
    "field_index",
    "jittered_resync_period",
    "namespace_index",
    "rest_list_watch",
    "rest_list_watches",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "store.cached_reader": "CachedList CachedReader",
            "source.consistency_check": "ConsistencyReport StaleObject",
            "fifo.delta": "DeletedFinalStateUnknown Delta DeltaType",
            "fifo.delta_fifo": "DeltaFIFO KnownObjects Popped",
            "handlers.event_handler": "ResourceEventHandler",
            "store.index_by_field": "field_index",
            "expectations": "ControllerExpectations Expectations UIDTrackingControllerExpectations",
            "factory": "HasRESTClient SharedInformerFactory",
            "handlers.handler_backlog": "WhenFull",
            "store.index": "IndexFunc",
            "store.indexer": "NAMESPACE_INDEX Indexer namespace_index",
            "source.informer_connection": "Connection",
            "handlers.informer_event": "Added Deleted InformerEvent Updated",
            "handlers.informer_events": "InformerEvents",
            "informer.informer_metrics": "InformerLabels InformerMetrics",
            "informer_provider": "InformerOptions InformerProvider Namespaces",
            "informer.informer_statistics": "InformerState InformerStatistics",
            "source.lister_watcher": (
                "EventStream ListFunction ListMetaLike ListPage ListWatch ListerWatcher WatchEventLike WatchFunction"
            ),
            "informer.memory_mode": "MemoryMode class_in_mode",
            "informer.memory_usage": "MemoryUsage",
            "store.lister": "Lister NamespaceLister",
            "cached_object": "CachedMeta CachedObject",
            "store.mutation_cache": "MutationCache",
            "handlers.processor": "HandlerRegistration",
            "fifo.real_fifo": "Bookmark QueuedDelta RealFIFO ReplacedAll",
            "informer.resync": "jittered_resync_period",
            "source.reflector": "Reflector WatchErrorHandler",
            "source.reflector_store": "ReflectorStore",
            "source.rest_source": "rest_list_watch rest_list_watches",
            "informer.shared_informer": "SharedInformer",
            "handlers.shared_processor": "HandlerStatistics",
            "store.ttl_store": "TTLStore",
        },
    )
