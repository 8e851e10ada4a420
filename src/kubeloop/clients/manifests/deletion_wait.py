"""Wait until deleted objects no longer exist, by uid, with one list and one watch per resource and namespace.

Reference: kubectl pkg/cmd/wait (IsDeleted), which waits for one object after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kubeloop._kit import waiting
from kubeloop.clients.metadata_endpoint import MetadataEndpoint
from kubeloop.clients.wait.awaited_state import AwaitedDeletion, LastState
from kubeloop.clients.wait.unmet_object import UnmetObject
from kubeloop.clients.wait.wait_loop import WaitLoop
from kubeloop.clients.wait.wait_machine import Target, WaitMachine
from kubeloop.errors import Forbidden, KubeloopError, MethodNotAllowed, NotFound, WaitTimeout
from kubeloop.meta.keys import join_key, split_key
from kubeloop.models import meta_v1

if TYPE_CHECKING:
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.rest.client import RESTClient

__all__ = ["wait_until_gone"]

_LAST_LOOK = 5.0
"""The seconds for the one list that is read if no time is left."""


async def wait_until_gone(
    rest: RESTClient, info: ResourceInfo, namespace: str, uids: Mapping[str, str], deadline: float
) -> dict[str, KubeloopError]:
    """Wait until objects of a resource no longer exist.

    An object that was created again with the same name counts as absent. One list is read even if the deadline has
    passed, so that no object is reported that does not exist any more. If the user may not list and watch the
    resource, the objects count as absent too, as in kubectl.

    Args:
        rest: Sends the requests.
        info: The resource.
        namespace: The namespace of the objects; `""` for objects without.
        uids: The uid of each object, by name.
        deadline: The time of `waiting.now` at which the wait ends.

    Returns:
        The error of each object that still exists, by name.
    """
    info = info.replace(list_model=meta_v1.PartialObjectMetadataList)
    endpoint = MetadataEndpoint(
        rest, meta_v1.PartialObjectMetadata, namespace or None, info=info, spell=lambda info, _: str(info)
    )
    targets = [Target(join_key(namespace, name), uid) for name, uid in uids.items()]
    machine: WaitMachine[meta_v1.PartialObjectMetadata] = WaitMachine(AwaitedDeletion(), targets, info)
    loop = WaitLoop(endpoint, machine, {})
    try:
        await loop.run(deadline)
        if not machine.has_listed:  # the time was over before the first list, as after a wait for other objects
            await loop.run(waiting.now() + _LAST_LOOK, reads_once=True)
    except (NotFound, Forbidden, MethodNotAllowed):
        return {}
    except KubeloopError as error:
        return {split_key(key)[1]: error for key, _, _ in machine.unmet()}
    return {split_key(key)[1]: _error(info, key, last, loop.last_error) for key, _, last in machine.unmet()}


def _error(info: ResourceInfo, key: str, last: LastState, failure: Exception | None) -> WaitTimeout:
    namespace, name = split_key(key)
    unmet = UnmetObject(info.plural, namespace, name, last.text)
    error = WaitTimeout(
        f"timed out waiting for deletion: {info.kind or info.plural} {key}: {last.text}",
        awaited="deletion",
        objects=(unmet,),
    )
    error.__cause__ = failure
    return error
