"""The wait for a rollout: `clientset.rollout_status`.

Reference: kubectl pkg/cmd/rollout/rollout_status.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from kubeloop.clients.wait.awaited_state import LastState
from kubeloop.clients.wait.object_wait import check_timeout, wait_for_objects
from kubeloop.clients.wait.rollout_progress import RolloutProgress, Workload, rollout_progress
from kubeloop.errors import RolloutFailed
from kubeloop.models import apps_v1, meta_v1

if TYPE_CHECKING:
    from kubeloop.clients.resource_endpoint import Endpoint

__all__ = ["AwaitedRollout", "named_workload", "wait_for_rollout"]

W = TypeVar("W", apps_v1.Deployment, apps_v1.StatefulSet, apps_v1.DaemonSet)

_KINDS: tuple[tuple[type[Workload], tuple[str, ...]], ...] = (
    (apps_v1.Deployment, ("deployment", "deployments", "deploy")),
    (apps_v1.StatefulSet, ("statefulset", "statefulsets", "sts")),
    (apps_v1.DaemonSet, ("daemonset", "daemonsets", "ds")),
)


class AwaitedRollout:
    """That a rollout is complete. Each new message is reported once."""

    is_deletion = False

    def __init__(self, revision: int | None, report: Callable[[RolloutProgress], object] | None) -> None:
        self._revision = revision
        self._report = report
        self._last: RolloutProgress | None = None

    def is_met(self, obj: Workload, /) -> bool:
        """Return whether the rollout is complete, and report a message that is new.

        Raises:
            RolloutFailed: The rollout cannot finish by itself.
        """
        progress = rollout_progress(obj, revision=self._revision)
        if progress != self._last:
            self._last = progress
            if self._report is not None:
                self._report(progress)
        return progress.is_done

    def last_state(self, obj: Workload, /) -> LastState:
        """Return the message of the last state."""
        try:
            return LastState(rollout_progress(obj).message)
        except RolloutFailed as error:
            return LastState(str(error))

    def __str__(self) -> str:
        return "the rollout"


def named_workload(text: str, namespace: str) -> Workload:
    """Return an object with the kind and the name in a text such as `"deployment/web"`.

    Raises:
        ValueError: The text has another form, or the kind has no rollouts.
    """
    kind, slash, name = text.partition("/")
    for model, names in _KINDS:
        if slash and name and "/" not in name and kind.lower().partition(".")[0] in names:
            return model(metadata=meta_v1.ObjectMeta(name=name, namespace=namespace))
    raise ValueError(f'expected "deployment/NAME", "statefulset/NAME" or "daemonset/NAME", got {text!r}')


async def wait_for_rollout(
    endpoint_of: Callable[[Any], Endpoint[Any]],
    obj: Workload,
    *,
    revision: int | None,
    timeout: float | None,
    progress: Callable[[RolloutProgress], object] | None,
) -> Any:  # the class of the object
    """Wait until a rollout is complete. For the arguments see `Clientset.rollout_status`.

    Raises:
        Exception: As for `Clientset.rollout_status`.
    """
    check_timeout(timeout)
    if not isinstance(obj, Workload):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"expected a Deployment, a StatefulSet or a DaemonSet of apps/v1, got {type(obj).__name__}")
    state = AwaitedRollout(revision, progress)
    [found] = await wait_for_objects(endpoint_of, [obj], state, may_be_absent=False, timeout=timeout)
    return found
