"""SharedInformerFactory: one informer a type, started and stopped together.

Here lives what informers have in common: the clientset that they read through, the namespace and selectors that they
keep to, and who awaits their tasks: the factory, when its `async with` block is left. The accessors by group and
version (`factory.core_v1.pods()`) are generated, in `informers`; all of them come down to `of`.

Reference: client-go `informers/factory.go`, `dynamic/dynamicinformer`.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeVar, cast

from kubeloop._kit.tasks import cancel_and_wait
from kubeloop.cache.indexer import NAMESPACE_INDEX, namespace_index
from kubeloop.cache.informer_connection import in_seconds
from kubeloop.cache.informers import Informers, Listers
from kubeloop.cache.list_watch import rest_list_watch
from kubeloop.cache.objects import CachedObject
from kubeloop.cache.shared_informer import SharedInformer
from kubeloop.clients.resource_endpoint import resource_info
from kubeloop.errors import NotSynced
from kubeloop.meta.gvk import GroupResource, GroupVersion

if TYPE_CHECKING:
    from types import TracebackType

    from kubeloop.fields import Selector as FieldSelector
    from kubeloop.labels import Selector as LabelSelector
    from kubeloop.rest.client import RESTClient
    from kubeloop.unstructured import Unstructured
    from kubeloop.wire.options import SelectorOptions

__all__ = ["ALL", "SharedInformerFactory"]

T = TypeVar("T", bound=CachedObject)

ALL: Final = ""
"""All namespaces."""

logger = logging.getLogger(__name__)


class HasRESTClient(Protocol):
    """What a factory needs of a clientset."""

    @property
    def rest(self) -> RESTClient: ...


class SharedInformerFactory(Informers):
    """Informers of any number of types, one each: whoever asks gets the same one.

    Use it as `async with factory:`: entering starts all informers that were asked for, later ones start when they are
    asked for, leaving stops all of them and returns once their tasks have ended. Stores stay readable after that.

    Args:
        clientset: what informers read through; the caller's, to be closed after the factory.
        namespace: the one namespace to look at; `ALL` for all of them. Types without namespaces are not affected.
        resync_period: must be 0: repeating what has not changed is not built yet.
        label_selector: which objects to hold, by labels: text, or a selector of `kubeloop.labels`; None for all. The
            same for every type.
        field_selector: which objects to hold, by fields: text, or a selector of `kubeloop.fields`; None for all. The
            same for every type.
        transform: changes each object before it is stored, e.g. to drop what nobody reads. The same for every type.
        page_size, min_watch_timeout, max_internal_error_retry: of each informer; see `SharedInformer`.
        rng: the source of chance, for time-outs and back-off; one with a seed makes a simulation repeat.

    Concurrency: loop only.

    Reference: client-go `informers.SharedInformerFactory`.
    """

    def __init__(
        self,
        clientset: HasRESTClient,
        *,
        namespace: str = ALL,
        resync_period: float = 0,
        label_selector: str | LabelSelector | None = None,
        field_selector: str | FieldSelector | None = None,
        transform: Callable[[Any], Any] | None = None,
        page_size: int | None = None,
        min_watch_timeout: float | None = None,
        max_internal_error_retry: float = 0.0,
        rng: random.Random | None = None,
    ) -> None:
        if resync_period != 0:
            raise ValueError(f"resync_period must be 0, not {resync_period}: informers do not resync yet")
        self._clientset = clientset
        self._namespace = namespace
        self._selectors: SelectorOptions = {"label_selector": label_selector, "field_selector": field_selector}
        self._transform = transform
        self._page_size = page_size
        self._min_watch_timeout = min_watch_timeout
        self._max_internal_error_retry = max_internal_error_retry
        self._rng = rng or random.Random()  # noqa: S311  # spreads load, guards nothing
        self._informers: dict[Hashable, SharedInformer[Any]] = {}
        self._tasks: dict[SharedInformer[Any], asyncio.Task[None]] = {}
        self._is_started = False
        self._is_shut_down = False

    def __repr__(self) -> str:
        state = "shut down" if self._is_shut_down else "started" if self._is_started else "new"
        where = f"in {self._namespace}" if self._namespace else "in all namespaces"
        return f"<SharedInformerFactory {where}: {state}, {len(self._informers)} informers>"

    @property
    def listers(self) -> Listers:
        """The listers, `listers.core_v1.pods()`; asking for one asks for its informer."""
        return Listers(self)

    @property
    def informers(self) -> tuple[SharedInformer[Any], ...]:
        """The informers that have been asked for so far, in that order."""
        return tuple(self._informers.values())

    def of(self, kind: type[T]) -> SharedInformer[T]:
        """Return the informer of a kind, built-in or custom: the same one for every asker.

        Raises:
            TypeError: the class is no kind with a resource of its own.
            RuntimeError: the factory has been shut down, and there is no informer of this kind.
        """
        info = resource_info(kind)
        if info.list_model is None:
            raise TypeError(f"{kind.__name__} has no list class: {info.plural} cannot be listed")
        return self._informer(
            kind, info.group_version, info.plural, kind, info.list_model, is_namespaced=info.namespaced is not False
        )

    def dynamic(self, api_version: str, resource: str, *, namespaced: bool = True) -> SharedInformer[Unstructured]:
        """Return the informer of a resource without a class: `dynamic("apps/v1", "deployments")`.

        Args:
            api_version: group and version.
            resource: the plural.
            namespaced: False for a resource without namespaces.

        Raises:
            ValueError: `api_version` is none.
            RuntimeError: the factory has been shut down, and there is no informer of this resource.
        """
        from kubeloop.unstructured import Unstructured, UnstructuredList

        group_version = GroupVersion.parse(api_version)
        name = (group_version, resource)
        return self._informer(name, group_version, resource, Unstructured, UnstructuredList, is_namespaced=namespaced)

    def start(self) -> None:
        """Start the informers that were asked for and are not running; `async with` does it.

        Raises:
            RuntimeError: there is no running loop, or the factory has been shut down.
        """
        if self._is_shut_down:
            raise RuntimeError("the factory has been shut down; make another one")
        asyncio.get_running_loop()
        self._is_started = True
        for informer in self._informers.values():
            self._start(informer)

    async def wait_for_cache_sync(self, *, timeout: float | None = None) -> None:
        """Wait until each informer that has been asked for has synced, and plain handlers have been told.

        Args:
            timeout: seconds; None waits for as long as it takes.

        Raises:
            NotSynced: not in time, or an informer stopped; names each that is missing, and what it failed with or waits
                for.
            RuntimeError: the factory has not been started.

        Concurrency: safe to cancel.

        Reference: client-go `SharedInformerFactory.WaitForCacheSync`; without polling.
        """
        if not self._is_started:
            raise RuntimeError("the factory has not been started: use it as `async with factory:`")
        waited_for = [*self._informers.values()]
        try:
            async with asyncio.timeout(timeout):
                for informer in waited_for:
                    await informer.wait_until_settled()
        except TimeoutError:
            why = f"within {in_seconds(timeout)}" if timeout is not None else "in time"
        else:
            why = "before they stopped"
        missing = [informer for informer in waited_for if not informer.has_synced]
        if missing:
            names = ", ".join(
                f"{informer.name} ({informer.last_error})" if informer.last_error else informer.name
                for informer in missing
            )
            raise NotSynced(f"informers have not synced {why}: {names}")

    async def shutdown(self) -> None:
        """Stop all informers and wait until their tasks have ended; another call waits for that too.

        Raises:
            BaseException: what an informer ended with, if not with this stop; the first call raises it.
            RuntimeError: called from within an async event handler of one of the informers, whose end it would wait
                for. Let the handler tell the program to stop, e.g. by an `asyncio.Event`. A handler that waits for
                another task which calls this, as `asyncio.wait_for` makes one before Python 3.12, is not noticed: both
                wait for ever.

        Concurrency: when the first call is cancelled, the tasks have ended all the same.
        """
        for informer in self._informers.values():
            if informer.is_in_handler():
                raise RuntimeError(
                    f"shutdown() was called from within an event handler of {informer.name}, whose end it would wait "
                    "for; let the handler tell the program to stop, for instance by an asyncio.Event"
                )
        is_first, self._is_shut_down = not self._is_shut_down, True
        if is_first:
            try:
                await cancel_and_wait(*self._tasks.values())
            finally:
                self._tasks.clear()  # a task that was cancelled holds on to all that it was doing
        elif pending := [task for task in self._tasks.values() if not task.done()]:
            await asyncio.wait(pending)

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.shutdown()
        except Exception:
            if error is None:
                raise
            # The block's own exception is the one to be seen.
            logger.exception("an informer had failed")

    def _informer(
        self,
        name: Hashable,
        group_version: GroupVersion,
        resource: str,
        model: type[T],
        list_model: type[Any],
        *,
        is_namespaced: bool,
    ) -> SharedInformer[T]:
        known = self._informers.get(name)
        if known is not None:
            # Any: the table holds informers of all types; the name tells which.
            return cast("SharedInformer[T]", known)
        if self._is_shut_down:
            raise RuntimeError(f"the factory has been shut down: no informer of {resource} can be added")
        source = rest_list_watch(
            self._clientset.rest,
            resource,
            group_version=group_version,
            model=model,
            list_model=list_model,
            namespace=self._namespace if is_namespaced else "",
            selectors=self._selectors,
        )
        informer = SharedInformer(
            source,
            resource=GroupResource(group_version.group, resource),
            name=f"{group_version} {resource}",
            indexers={NAMESPACE_INDEX: namespace_index} if is_namespaced else None,
            expected_type=model,
            transform=self._transform,
            page_size=self._page_size,
            min_watch_timeout=self._min_watch_timeout,
            max_internal_error_retry=self._max_internal_error_retry,
            rng=self._rng,
        )
        self._informers[name] = informer
        if self._is_started:
            self._start(informer)
        return informer

    def _start(self, informer: SharedInformer[Any]) -> None:
        if informer not in self._tasks:
            task = asyncio.get_running_loop().create_task(informer.run(), name=f"informer of {informer.name}")
            task.add_done_callback(_report_end)
            self._tasks[informer] = task


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("%s has failed and stands still", task.get_name(), exc_info=error)
