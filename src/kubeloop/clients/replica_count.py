"""`scale("web", 5)`: set the number of replicas through the subresource scale of any resource, as `kubectl scale` does.

Reference: kubectl pkg/scale (Scaler, ScalePrecondition) and pkg/cmd/scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from kubeloop._kit import waiting
from kubeloop.errors import Conflict, PreconditionFailed

if TYPE_CHECKING:
    from kubeloop.models import autoscaling_v1

__all__ = ["RETRY_PAUSE", "RETRY_TIME", "ScaleOptions", "scaled", "set_replicas", "unmet_precondition"]

RETRY_PAUSE = 1.0
"""Seconds between two attempts after a conflict, as of kubectl."""
RETRY_TIME = 300.0
"""Seconds after which a conflict is raised, as of kubectl."""


class ScaleOptions(TypedDict, total=False):
    """The options of `scale(name, replicas)`.

    Attributes:
        current_replicas: The number of replicas that the object must have now. None means any.
        resource_version: The version that the object must have now. None means any.
        dry_run: Whether the server only validates the change, and stores nothing.
        field_manager: The name that owns the changed field. None means the name that the server derives from the user
            agent.
        timeout: Seconds for each request. None means the timeout of the config.
    """

    current_replicas: int | None
    resource_version: str | None
    dry_run: bool
    field_manager: str | None
    timeout: float | None


class _ScaleClient(Protocol):
    """The subresource scale of one object."""

    async def get(self, *, timeout: float | None = None) -> autoscaling_v1.Scale: ...
    async def update(
        self,
        obj: autoscaling_v1.Scale,
        /,
        *,
        dry_run: bool = ...,
        field_manager: str | None = ...,
        timeout: float | None = ...,
    ) -> autoscaling_v1.Scale: ...
    async def patch(
        self,
        patch: Mapping[str, Any],
        /,
        *,
        dry_run: bool = ...,
        field_manager: str | None = ...,
        timeout: float | None = ...,
    ) -> autoscaling_v1.Scale: ...


def scaled(client: _ScaleClient, replicas: int | None, options: ScaleOptions) -> Any:
    """Return what `scale(...)` returns: the client of the scale, or the call that sets the number of replicas.

    Raises:
        TypeError: Options came without a number of replicas.
    """
    if replicas is not None:
        return set_replicas(client, replicas, options)
    if options:
        raise TypeError(f"scale: {', '.join(options)} without a number of replicas has no effect")
    return client


async def set_replicas(client: _ScaleClient, replicas: int, options: ScaleOptions) -> autoscaling_v1.Scale:
    """Set the number of replicas of an object.

    Without a precondition one merge patch is sent. With one, the scale is read, compared and replaced at the version
    that was read. A conflict is retried every second for five minutes, with a new comparison.

    Args:
        client: The subresource scale of the object.
        replicas: The new number.
        options: See `ScaleOptions`.

    Returns:
        The scale after the change.

    Raises:
        PreconditionFailed: The object has another number of replicas, or another version. Nothing was sent.
        Conflict: The object changed under each attempt.
        NotFound: The object does not exist, or its resource has no scale.
        ValueError: A number is negative.
    """
    _check(replicas, "replicas")
    dry_run, manager, timeout = options.get("dry_run", False), options.get("field_manager"), options.get("timeout")
    expected = options.get("current_replicas")
    version = options.get("resource_version")
    if expected is not None:
        _check(expected, "current_replicas")
    is_guarded = expected is not None or bool(version)
    give_up_at = waiting.now() + RETRY_TIME
    while True:
        try:
            if not is_guarded:
                change = {"spec": {"replicas": replicas}}
                return await client.patch(change, dry_run=dry_run, field_manager=manager, timeout=timeout)
            scale = await client.get(timeout=timeout)
            if fault := unmet_precondition(scale, expected, version):
                raise PreconditionFailed(fault)
            wanted = with_replicas(scale, replicas)
            return await client.update(wanted, dry_run=dry_run, field_manager=manager, timeout=timeout)
        except Conflict:
            if waiting.now() + RETRY_PAUSE > give_up_at:
                raise
        await waiting.sleep(RETRY_PAUSE)


def unmet_precondition(scale: autoscaling_v1.Scale, replicas: int | None, resource_version: str | None) -> str:
    """Return what is wrong with a scale, or `""` if both preconditions hold; None is no precondition."""
    if replicas is not None and scale.spec.replicas != replicas:
        return f"expected {replicas} replicas, got {scale.spec.replicas}: {_named(scale)}"
    version = scale.metadata.resource_version
    if resource_version and version != resource_version:
        return f"expected the resource version {resource_version}, got {version}: {_named(scale)}"
    return ""


def with_replicas(scale: autoscaling_v1.Scale, replicas: int) -> autoscaling_v1.Scale:
    """Return a scale with another number of replicas, at the version that was read."""
    draft = scale.draft()
    draft.spec.replicas = replicas
    return draft.finish().after


def _check(count: object, name: str) -> None:
    if not isinstance(count, int) or isinstance(count, bool):
        raise TypeError(f"expected an integer as {name}, got {type(count).__name__}")
    if count < 0:
        raise ValueError(f"expected 0 or more as {name}, got {count}")


def _named(scale: autoscaling_v1.Scale) -> str:
    metadata = scale.metadata
    return f"{metadata.namespace}/{metadata.name}" if metadata.namespace else metadata.name
