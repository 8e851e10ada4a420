"""SharedInformerFactory: one informer per resource and scope, started and stopped together.

The factory holds what informers have in common: the clientset that they read through, the default namespace, selectors
and transform. `running_informers` starts and stops them. The accessors by group and version (`factory.core_v1.pods()`)
are generated, in `informers`; each of them calls `informer`.

Reference: client-go `informers/factory.go`, `dynamic/dynamicinformer`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, Unpack, cast

from kubeloop._kit.text import counted
from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.informer.informer_statistics import InformerStatistics, described
from kubeloop.cache.informer.memory_mode import class_in_mode, class_that_keeps, default_mode, mode_of
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.informer_scope import InformerScope, namespaces_of, sources_of
from kubeloop.cache.informers import Informers
from kubeloop.cache.object_selection import ObjectSelection
from kubeloop.cache.running_informers import RunningInformers
from kubeloop.cache.store.indexer import NAMESPACE_INDEX, namespace_index
from kubeloop.clients.resource_lookup import resource_of
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.meta.namespaces import ALL_NAMESPACES
from kubeloop.objects.kept_object import kept_paths
from kubeloop.wire.options import list_params

if TYPE_CHECKING:
    from kubeloop.cache.informer.informer_metrics import InformerMetrics
    from kubeloop.cache.informer.memory_mode import MemoryMode
    from kubeloop.cache.informer_provider import InformerOptions, Namespaces
    from kubeloop.fields import FieldSelection
    from kubeloop.labels import LabelSelection
    from kubeloop.models.meta_v1 import PartialObjectMetadata
    from kubeloop.rest.client import RESTClient

__all__ = ["HasRESTClient", "SharedInformerFactory"]

T = TypeVar("T", bound=CachedObject)

logger = logging.getLogger(__name__)


class HasRESTClient(Protocol):
    """What a factory needs of a clientset."""

    @property
    def rest(self) -> RESTClient:
        """The client that sends the requests of all informers."""
        ...


class SharedInformerFactory(Informers, RunningInformers):
    """Informers of any number of resources, shared: all callers that ask for the same objects get the same informer.

        factory = kubeloop.SharedInformerFactory(clientset)
        services = factory.core_v1.services()
        pods = factory.core_v1.pods(field_selector="spec.nodeName=n1")
        async with factory:
            await factory.wait_for_cache_sync(timeout=30)

    Use it as `async with factory:`. Entering the block starts all informers that were asked for, later ones start when
    they are asked for, and leaving it stops all of them and returns once their tasks have ended. Stores stay readable
    after that. `informers` lists the informers of the factory, `stop` ends a single one.

    Args:
        clientset: What informers read through; it stays the caller's, to be closed after the factory.
        namespace: The namespace, or several, of informers that name none; `ALL_NAMESPACES` for all of them, `DEFAULT`
            for the one of the config. Resources without namespaces are not affected.
        resync_period: The seconds after which handlers are notified of all objects again; 0 for never. See
            `SharedInformer`, and `jittered_resync_period` for periods that differ between programs.
        custom_resync_periods: The resync periods of informers of some classes, by class.
        label_selector: The label selector of informers that name none: text, labels (`{"app": "web"}`), or a selector
            of `kubeloop.labels`.
        field_selector: The field selector of informers that name none: text, a mapping, or a selector of
            `kubeloop.fields`.
        transform: The transform of informers that name none: a function that changes each object before it is stored,
            for instance to drop what nobody reads.
        metrics: Receives the measurements of every informer, for instance a `kubeloop.Metrics`.
        mode: The memory mode of informers that name none: `"eager"` decodes objects on arrival, `"lazy"` members other
            than the metadata when they are first read, and `"compressed"` each time they are read. None means lazy for
            `Unstructured`, eager for models.
        page_size, min_watch_timeout, max_internal_error_retry: Settings of every informer; see `SharedInformer`.
        watch_list: Whether informers read lists as the beginning of a watch; see `rest_list_watch`.
        random: The source of randomness for watch timeouts and back-off; a seeded one makes a simulation repeatable.

    Raises:
        TypeError: The clientset is none, for instance a `Config`.

    Concurrency: loop only.

    Reference: client-go `informers.SharedInformerFactory`. Intended difference: there a factory has one namespace and
    one set of selectors for all of its informers.
    """

    def __init__(
        self,
        clientset: HasRESTClient,
        *,
        namespace: Namespaces = ALL_NAMESPACES,
        resync_period: float = 0,
        custom_resync_periods: Mapping[type[Any], float] = MappingProxyType({}),
        label_selector: LabelSelection | None = None,
        field_selector: FieldSelection | None = None,
        transform: Callable[[Any], Any] | None = None,
        mode: MemoryMode | None = None,
        page_size: int | None = None,
        min_watch_timeout: float | None = None,
        max_internal_error_retry: float = 0.0,
        metrics: InformerMetrics | None = None,
        watch_list: bool = True,
        random: Random | None = None,
    ) -> None:
        RunningInformers.__init__(self)
        if not hasattr(clientset, "rest"):
            raise TypeError(f"expected a Clientset, got {type(clientset).__name__}")
        self._clientset = clientset
        self._namespace = namespace
        self._label_selector = label_selector
        self._field_selector = field_selector
        self._transform = transform
        self._resync_period = resync_period
        self._custom_resync_periods = dict(custom_resync_periods)
        self._mode: MemoryMode | None = mode
        self._page_size = page_size
        self._min_watch_timeout = min_watch_timeout
        self._max_internal_error_retry = max_internal_error_retry
        self._metrics = metrics
        self._watch_list = watch_list
        self._random = random or Random()  # noqa: S311  # spreads load, guards nothing

    def __repr__(self) -> str:
        state = "shut down" if self._is_shut_down else "started" if self._is_started else "new"
        where = f"in {self._namespace!s}" if self._namespace else "in all namespaces"
        return f"<SharedInformerFactory {where}: {state}, {counted(len(self._informers), 'informer')}>"

    def informer(
        self,
        model: type[T],
        resource: type[CachedObject] | GroupVersionResource | GroupVersionKind | str | None = None,
        /,
        *,
        namespace: Namespaces | None = None,
        label_selector: LabelSelection | None = None,
        field_selector: FieldSelection | None = None,
        transform: Callable[[T], T] | None = None,
        mode: MemoryMode | None = None,
        keep: Collection[str] | None = None,
    ) -> SharedInformer[T]:
        """Return the informer of a kind: `factory.informer(Pod)`, `factory.informer(Unstructured, resource)`.

        There is one informer per class, resource or kind, namespace, pair of selectors (compared as text) and transform
        (compared by identity); every caller that asks for the same gets the same informer. If another informer of the
        factory may hold the same objects, one INFO line names both.

        This is a plain call. The resource of a GroupVersionKind, or of a name, is looked up before the first list, so
        asking for the resource, for its kind and for a short name gives three informers.

        Args:
            model: The class of the objects: a model class, built-in or generated, or `Unstructured`.
            resource: For `Unstructured`, what to watch: a GroupVersionResource, or a GroupVersionKind or a name as for
                kubectl (`"deploy"`, `"deployments.apps"`), whose resource the server is asked for. None for a model
                class, which names its resource. See `metadata`, too.
            namespace: The namespace, or several, each of which is listed and watched for itself; `ALL_NAMESPACES` for
                all of them, `DEFAULT` for the one of the config, None for those of the factory.
            label_selector: Text, labels (`{"app": "web"}`), or a selector of `kubeloop.labels`; `""` for every object,
                None for the factory's.
            field_selector: Text, a mapping, or a selector of `kubeloop.fields`; `""` for every object, None for the
                factory's.
            transform: A function that changes each object before it is stored; None for the factory's. Pass the same
                function each time: a lambda is another function whenever it is evaluated.
            mode: The memory mode, `"eager"`, `"lazy"` or `"compressed"`; None for that of the informer if there is one,
                otherwise for the factory's.
            keep: The paths of the only fields to keep, such as `["spec.nodeName", "status.phase"]`; the others are
                dropped on arrival, except for name, namespace, uid, resourceVersion and labels. A path is made of API
                field names, and leads through objects; a list or a map is kept as a whole. Reading a field that was
                dropped raises `NotKept`, and so does writing the object as a whole. None keeps all fields.

        Raises:
            TypeError: The class is no kind that can be listed, `Unstructured` came without a resource, or an argument
                is of the wrong type.
            ValueError: A namespace was named for a resource without namespaces, a selector has a wrong value, the
                informer exists in another memory mode, the class has no field to keep, or a mode was named with `keep`.
            ImportError: The mode is `"compressed"`, and zstd is missing: install `kubeloop[compressed]`.
            RuntimeError: The factory has been shut down, and there is no such informer.
        """
        info = resource_of(model, resource)
        if namespace is None:
            namespace = ALL_NAMESPACES if info.namespaced is False else self._namespace
        params = list_params(
            {
                "label_selector": self._label_selector if label_selector is None else label_selector,
                "field_selector": self._field_selector if field_selector is None else field_selector,
            }
        )
        scope = InformerScope(
            model,
            resource
            if isinstance(resource, (GroupVersionResource, GroupVersionKind, str))
            else info.group_version.with_resource(info.plural),
            namespaces_of(self._clientset.rest, info, namespace),
            str(params.get("labelSelector", "")),
            str(params.get("fieldSelector", "")),
            self._transform if transform is None else transform,
            () if keep is None else kept_paths(keep),
        )
        informer = self._informers.get(scope)
        if not scope.keep:
            chosen = class_in_mode(model, mode or self._mode or default_mode(model))
        elif mode is None:
            chosen = class_that_keeps(model, scope.keep)
        else:
            raise ValueError(f"{scope}: expected a memory mode or fields to keep, got both")
        if informer is None:
            informer = self._create(scope, chosen, resource, has_namespaces=info.namespaced is not False)
        elif mode is not None and informer.mode != mode_of(chosen):
            raise ValueError(
                f"{scope}: the factory has this informer in the mode {informer.mode!r}; ask for it in this mode, or "
                "without naming one"
            )
        # Any: the table holds informers of all classes; the scope names the class.
        return cast("SharedInformer[T]", informer)

    def metadata(
        self,
        resource: type[CachedObject] | GroupVersionResource | GroupVersionKind | str,
        /,
        *,
        namespace: Namespaces | None = None,
        **options: Unpack[InformerOptions[PartialObjectMetadata]],
    ) -> SharedInformer[PartialObjectMetadata]:
        """Return the informer of the metadata of a resource: `factory.metadata(core_v1.Secret)`.

        The server sends only the metadata of the objects, which saves memory, time and traffic. The objects are
        `PartialObjectMetadata`, whatever their kind. Otherwise the informer is as those that `informer` returns.

        Args:
            resource: What to watch: a model class, a GroupVersionResource, or a GroupVersionKind or a name as for
                kubectl, whose resource the server is asked for.
            namespace: As for `informer`.
            options: As for `informer`: `label_selector`, `field_selector`, `transform` and `keep`. There is one memory
                mode.

        Raises:
            TypeError: The class is no kind that can be listed, or an argument is of the wrong type.
            ValueError: As for `informer`.
            RuntimeError: As for `informer`.

        Reference: client-go `metadata/metadatainformer`.
        """
        from kubeloop.models import meta_v1

        # There is nothing besides the metadata that could be read later.
        options["mode"] = "eager" if options.get("keep") is None else None
        return self.informer(meta_v1.PartialObjectMetadata, resource, namespace=namespace, **options)

    def metrics(self) -> tuple[InformerStatistics, ...]:
        """Return the numbers of each informer, in the order of `informers`."""
        return tuple(informer.statistics() for informer in self._informers.values())

    def describe(self) -> str:
        """Return a table of the informers for people, and below it what is wrong or late.

        INFORMER      STATE    OBJECTS   MEMORY    UNREADABLE   VERSION   RELISTS   HEARD      LAG   QUEUED   BACKLOG
        v1 pods in x   synced   311       2.4 MiB   0            48213     1         12 s ago   4 s   0        15

        v1 pods in default: listed again after Expired (1)
        v1 pods in default: 15 events in the backlog of the event handler on_add=report, the oldest for 4 s
        """
        return described(self.metrics())

    def _create(
        self,
        scope: InformerScope,
        model: type[Any],
        resource: type[CachedObject] | GroupVersionResource | GroupVersionKind | str | None,
        *,
        has_namespaces: bool,
    ) -> SharedInformer[Any]:
        if self._is_shut_down:
            raise RuntimeError(f"the factory has been shut down: no informer of {scope} can be added")
        # The mapper of a Clientset finds names; anything else with a `rest` need not have one.
        mapper = getattr(self._clientset, "mapper", None) if isinstance(resource, str) else None
        informer: SharedInformer[Any] = SharedInformer(
            sources_of(self._clientset.rest, scope, model, resource, watch_list=self._watch_list, mapper=mapper),
            resource=scope.shown_resource(),
            name=str(scope),
            indexers={NAMESPACE_INDEX: namespace_index} if has_namespaces else None,
            expected_type=model,
            transform=scope.transform,
            resync_period=self._custom_resync_periods.get(scope.model, self._resync_period),
            page_size=self._page_size,
            min_watch_timeout=self._min_watch_timeout,
            max_internal_error_retry=self._max_internal_error_retry,
            metrics=self._metrics,
            random=self._random,
            selects=ObjectSelection(scope.namespaces, scope.label_selector, scope.field_selector),
        )
        overlapping = next((other for other in self._informers if other.overlaps(scope)), None)
        if overlapping is not None:
            logger.info("%s: the informer may hold objects that the informer of %s holds too", scope, overlapping)
        self._add(scope, informer)
        return informer
