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
    from kubeloop.cache.cached_reader import CachedList, CachedReader
    from kubeloop.cache.consistency_check import ConsistencyReport, StaleObject
    from kubeloop.cache.delta import DeletedFinalStateUnknown, Delta, DeltaType
    from kubeloop.cache.delta_fifo import DeltaFIFO, KnownObjects, Popped
    from kubeloop.cache.event_handler import ResourceEventHandler
    from kubeloop.cache.expectations import (
        ControllerExpectations,
        Expectations,
        UIDTrackingControllerExpectations,
    )
    from kubeloop.cache.factory import HasRESTClient, SharedInformerFactory
    from kubeloop.cache.handler_backlog import WhenFull
    from kubeloop.cache.index import IndexFunc
    from kubeloop.cache.index_by_field import field_index
    from kubeloop.cache.indexer import NAMESPACE_INDEX, Indexer, namespace_index
    from kubeloop.cache.informer_connection import Connection
    from kubeloop.cache.informer_event import Added, Deleted, InformerEvent, Updated
    from kubeloop.cache.informer_events import InformerEvents
    from kubeloop.cache.informer_metrics import InformerLabels, InformerMetrics
    from kubeloop.cache.informer_provider import InformerOptions, InformerProvider, Namespaces
    from kubeloop.cache.informer_statistics import HandlerStatistics, InformerState, InformerStatistics
    from kubeloop.cache.lister import Lister, NamespaceLister
    from kubeloop.cache.lister_watcher import (
        EventStream,
        ListerWatcher,
        ListFunction,
        ListMetaLike,
        ListPage,
        ListWatch,
        WatchEventLike,
        WatchFunction,
    )
    from kubeloop.cache.memory_mode import MemoryMode, class_in_mode
    from kubeloop.cache.memory_usage import MemoryUsage
    from kubeloop.cache.mutation_cache import MutationCache
    from kubeloop.cache.processor import HandlerRegistration
    from kubeloop.cache.real_fifo import Bookmark, QueuedDelta, RealFIFO, ReplacedAll
    from kubeloop.cache.reflector import Reflector, WatchErrorHandler
    from kubeloop.cache.reflector_store import ReflectorStore
    from kubeloop.cache.rest_source import rest_list_watch, rest_list_watches
    from kubeloop.cache.resync import jittered_resync_period
    from kubeloop.cache.shared_informer import SharedInformer
    from kubeloop.cache.ttl_store import TTLStore

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
            "cached_reader": "CachedList CachedReader",
            "consistency_check": "ConsistencyReport StaleObject",
            "delta": "DeletedFinalStateUnknown Delta DeltaType",
            "delta_fifo": "DeltaFIFO KnownObjects Popped",
            "event_handler": "ResourceEventHandler",
            "index_by_field": "field_index",
            "expectations": "ControllerExpectations Expectations UIDTrackingControllerExpectations",
            "factory": "HasRESTClient SharedInformerFactory",
            "handler_backlog": "WhenFull",
            "index": "IndexFunc",
            "indexer": "NAMESPACE_INDEX Indexer namespace_index",
            "informer_connection": "Connection",
            "informer_event": "Added Deleted InformerEvent Updated",
            "informer_events": "InformerEvents",
            "informer_metrics": "InformerLabels InformerMetrics",
            "informer_provider": "InformerOptions InformerProvider Namespaces",
            "informer_statistics": "HandlerStatistics InformerState InformerStatistics",
            "lister_watcher": (
                "EventStream ListFunction ListMetaLike ListPage ListWatch ListerWatcher WatchEventLike WatchFunction"
            ),
            "memory_mode": "MemoryMode class_in_mode",
            "memory_usage": "MemoryUsage",
            "lister": "Lister NamespaceLister",
            "cached_object": "CachedMeta CachedObject",
            "mutation_cache": "MutationCache",
            "processor": "HandlerRegistration",
            "real_fifo": "Bookmark QueuedDelta RealFIFO ReplacedAll",
            "resync": "jittered_resync_period",
            "reflector": "Reflector WatchErrorHandler",
            "reflector_store": "ReflectorStore",
            "rest_source": "rest_list_watch rest_list_watches",
            "shared_informer": "SharedInformer",
            "ttl_store": "TTLStore",
        },
    )
