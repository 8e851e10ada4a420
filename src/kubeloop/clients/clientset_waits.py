"""The waits of a Clientset: for objects of several kinds, and for rollouts. What they do is in the package `wait`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, Unpack, overload

from kubeloop.clients.wait_verb import DEFAULT_TIMEOUT, WaitOptions
from kubeloop.rest.server_client import ServerClient

if TYPE_CHECKING:
    from kubeloop.clients.resource_endpoint import Endpoint
    from kubeloop.clients.wait.rollout_progress import RolloutProgress, Workload
    from kubeloop.clients.wait_verb import AwaitedPathText
    from kubeloop.meta.namespaces import DefaultNamespace
    from kubeloop.models import apps_v1
    from kubeloop.objects.model import Kind
    from kubeloop.unstructured import Unstructured

__all__ = ["ClientsetWaits"]

Obj = TypeVar("Obj", bound="Kind | Unstructured")
W = TypeVar("W", "apps_v1.Deployment", "apps_v1.StatefulSet", "apps_v1.DaemonSet")
Report: TypeAlias = "Callable[[RolloutProgress], object]"


class _SetOptions(WaitOptions, total=False):
    namespace: str | None


class ClientsetWaits(ServerClient):
    """wait and rollout_status; the base class of `Clientset`."""

    def _endpoint_of(self, obj: Kind | Unstructured) -> Endpoint[Any]:
        """Return the collection of an object's kind, in all namespaces. `Clientset` knows it."""
        raise NotImplementedError

    @overload
    async def wait(self, objects: Iterable[Obj], /, *, condition: str, **options: Unpack[_SetOptions]) -> list[Obj]: ...
    @overload
    async def wait(
        self, objects: Iterable[Obj], /, *, jsonpath: AwaitedPathText, **options: Unpack[_SetOptions]
    ) -> list[Obj]: ...
    @overload
    async def wait(
        self, objects: Iterable[Obj], /, *, until: Callable[[Obj], object], **options: Unpack[_SetOptions]
    ) -> list[Obj]: ...
    @overload
    async def wait(
        self,
        objects: Iterable[Obj],
        /,
        *,
        for_create: Literal[True],
        namespace: str | None = ...,
        timeout: float | None = ...,
    ) -> list[Obj]: ...
    @overload
    async def wait(
        self,
        objects: Iterable[Obj],
        /,
        *,
        for_delete: Literal[True],
        namespace: str | None = ...,
        timeout: float | None = ...,
    ) -> list[Obj | None]: ...
    async def wait(
        self,
        objects: Iterable[Any],
        /,
        *,
        condition: str | None = None,
        jsonpath: AwaitedPathText | None = None,
        until: Callable[[Any], object] | None = None,
        for_create: bool = False,
        for_delete: bool = False,
        namespace: str | None = None,
        timeout: float | None = DEFAULT_TIMEOUT,
    ) -> list[Any]:
        """Wait until objects of any kinds are in a state, for instance those of a manifest.

            await clientset.wait(kubeloop.parse_manifests(text), for_create=True, condition="Available")

        The objects of one resource and namespace share one list and one watch; all run at the same time.

        Args:
            objects: Objects with a name, typed or not. With `for_delete`, an object that has a uid is waited for by
                this uid.
            condition: See `client.wait`.
            jsonpath: See `client.wait`.
            until: See `client.wait`.
            for_create: See `client.wait`.
            for_delete: See `client.wait`.
            namespace: The namespace of objects that name none, as of `apply_manifests`; None for that of the config.
            timeout: Seconds for all objects; 0 reads once, None is no limit.

        Returns:
            The objects as they are on the server, in the same order. If models and `Unstructured` objects of one
            resource and namespace were mixed, all of them have the class of the first. For deletions the last known
            states, None for those that did not exist.

        Raises:
            WaitTimeout: Objects are not in the state in time. It shows all of them.
            NotFound: See `client.wait`; or the server does not serve a kind.
            TypeError: The argument is no collection of objects, such as one object.
            ValueError: An object has no name.
            APIError: See `client.wait`.
            TransportError: See `client.wait`.

        Reference: kubectl wait -f.
        """
        from kubeloop.clients.wait import object_wait, wait_argument

        state = wait_argument.chosen_state(
            condition=condition, jsonpath=jsonpath, until=until, for_create=for_create, for_delete=for_delete
        )
        timeout = wait_argument.checked_timeout(timeout)
        return await object_wait.wait_for_objects(
            self._endpoint_of,
            wait_argument.checked_objects(objects),
            state,
            may_be_absent=for_create,
            timeout=timeout,
            namespace=namespace,
        )

    @overload
    async def rollout_status(
        self, workload: W, /, *, revision: int | None = ..., timeout: float | None = ..., progress: Report | None = ...
    ) -> W: ...
    @overload
    async def rollout_status(
        self,
        workload: str,
        namespace: str | DefaultNamespace,
        /,
        *,
        revision: int | None = ...,
        timeout: float | None = ...,
        progress: Report | None = ...,
    ) -> Workload: ...
    async def rollout_status(
        self,
        workload: Any,
        namespace: str | DefaultNamespace | None = None,
        /,
        *,
        revision: int | None = None,
        timeout: float | None = None,
        progress: Report | None = None,
    ) -> Any:
        """Wait until the rollout of a Deployment, StatefulSet or DaemonSet is complete, as `kubectl rollout status`.

            await clientset.rollout_status(deployment, timeout=300, progress=print)
            await clientset.rollout_status("deployment/web", "default")

        Args:
            workload: The object, or its kind and name. The state that the server has counts.
            namespace: The namespace of a name; `kubeloop.DEFAULT` is that of the context.
            revision: The revision of a Deployment that must stay the current one; None for any.
            timeout: Seconds; 0 reads once, None is no limit.
            progress: Called with each new `RolloutProgress`, whose text is the line that kubectl prints.

        Returns:
            The object as it was when the rollout was complete.

        Raises:
            RolloutFailed: The rollout exceeded its progress deadline, the object has no rollouts (`OnDelete`), or the
                Deployment has another revision.
            WaitTimeout: The rollout is not complete in time. The message has its last state.
            NotFound: The object does not exist, or was deleted.
            ValueError: A name without a kind or without a namespace, or a kind without rollouts.
            APIError: See `client.wait`.
            TransportError: See `client.wait`.

        Reference: kubectl rollout status; `rollout_progress` has its rules. A message that is the same as the one
            before is not reported again.
        """
        from kubeloop.clients.wait.rollout_wait import named_workload, wait_for_rollout

        if isinstance(workload, str):
            name = namespace if isinstance(namespace, str) else self._rest.config.namespace if namespace else ""
            if not name:
                raise ValueError(f"rollout_status of {workload!r} needs a namespace, or kubeloop.DEFAULT")
            workload = named_workload(workload, name)
        elif namespace is not None:
            raise TypeError("rollout_status: a namespace is for a name; an object has its own")
        return await wait_for_rollout(
            self._endpoint_of, workload, revision=revision, timeout=timeout, progress=progress
        )
