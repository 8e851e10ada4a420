"""Informers: a local copy of what the server has, kept up to date, with indices and event handlers.

    list_watch       where objects come from: pages of a LIST, one watch at a time
    reflector        the loop that asks the rules and acts
    connection       whether the server answers, and what was last heard of it
    delta_fifo       the changes that nobody has seen yet, by key
    indexer          the store, by key and by index
    applier          what a change means for the store and for each handler
    event_handler    what users hand over to be told of changes
    processor        telling them, each in order, none at another's expense
    shared_informer  all of these for one resource
    factory          one informer a type, started and stopped together
    lister           reading the store
    sync_gate        waiting for the first sync, which may never come
    objects          what all of this needs of an object
    informers        generated: the accessors by group and version

Names are importable from here and loaded on first use; the common ones are also importable from `kubeloop`.

Reference: client-go `tools/cache`, `informers`, `listers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from kubeloop.cache.delta_fifo import DeletedFinalStateUnknown, Delta, DeltaFIFO, DeltaType
    from kubeloop.cache.event_handler import ResourceEventHandler
    from kubeloop.cache.factory import ALL_NAMESPACES, SharedInformerFactory
    from kubeloop.cache.indexer import Indexer, IndexFunc, namespace_index
    from kubeloop.cache.list_watch import ListerWatcher, ListWatch, rest_list_watch
    from kubeloop.cache.lister import Lister, NamespaceLister
    from kubeloop.cache.processor import HandlerRegistration
    from kubeloop.cache.reflector import Reflector
    from kubeloop.cache.shared_informer import SharedInformer

__all__ = [
    "ALL_NAMESPACES",
    "DeletedFinalStateUnknown",
    "Delta",
    "DeltaFIFO",
    "DeltaType",
    "HandlerRegistration",
    "IndexFunc",
    "Indexer",
    "ListWatch",
    "Lister",
    "ListerWatcher",
    "NamespaceLister",
    "Reflector",
    "ResourceEventHandler",
    "SharedInformer",
    "SharedInformerFactory",
    "namespace_index",
    "rest_list_watch",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "delta_fifo": "DeletedFinalStateUnknown Delta DeltaFIFO DeltaType",
            "event_handler": "ResourceEventHandler",
            "factory": "ALL_NAMESPACES SharedInformerFactory",
            "indexer": "IndexFunc Indexer namespace_index",
            "list_watch": "ListWatch ListerWatcher rest_list_watch",
            "lister": "Lister NamespaceLister",
            "processor": "HandlerRegistration",
            "reflector": "Reflector",
            "shared_informer": "SharedInformer",
        },
    )
