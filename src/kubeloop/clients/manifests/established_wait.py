"""Wait until CustomResourceDefinitions are established, with one watch for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kubeloop._kit import waiting
from kubeloop.clients.resource_endpoint import ResourceEndpoint
from kubeloop.clients.resource_info import ResourceInfo
from kubeloop.clients.resuming_watch import ResumingWatch
from kubeloop.clients.wait.unmet_object import UnmetObject
from kubeloop.errors import KubeloopError, RequestTimeout, WaitTimeout
from kubeloop.listwatch.relist_or_raise import RelistOrRaise
from kubeloop.meta.gvk import GroupVersion
from kubeloop.meta.version_number import version_number
from kubeloop.unstructured import Unstructured, UnstructuredList

if TYPE_CHECKING:
    from kubeloop.rest.client import RESTClient
    from kubeloop.wire.options import WatchOptions

__all__ = ["is_established", "wait_until_established"]

_INFO = ResourceInfo(
    GroupVersion("apiextensions.k8s.io", "v1"),
    "customresourcedefinitions",
    "CustomResourceDefinition",
    False,
    UnstructuredList,
)


def is_established(definition: Mapping[str, Any]) -> bool:
    """Return whether the server serves the resource of a CustomResourceDefinition."""
    return any(each.get("type") == "Established" and each.get("status") == "True" for each in _conditions(definition))


async def wait_until_established(
    rest: RESTClient, definitions: Mapping[str, Mapping[str, Any]], timeout: float
) -> dict[str, KubeloopError]:
    """Wait until the server serves the resources of CustomResourceDefinitions.

    Args:
        rest: Sends the requests.
        definitions: The definitions as they were stored, by name.
        timeout: The seconds for all of them.

    Returns:
        The error of each definition that was not established in time, by name.
    """
    latest = {name: each for name, each in definitions.items() if not is_established(each)}
    if not latest:
        return {}
    deadline = waiting.now() + timeout
    # The oldest of the versions that the server returned: the watch sees each change since, without a list.
    numbers = [version_number(_version(each)) for each in latest.values()]
    start = min((number for number in numbers if number is not None), default=None)
    failure: KubeloopError | None = None
    try:
        await _watch(rest, latest, "" if start is None or None in numbers else str(start), deadline)
    except KubeloopError as error:
        failure = error
    return {name: _error(name, each, timeout, failure) for name, each in latest.items()}


async def _watch(rest: RESTClient, latest: dict[str, Mapping[str, Any]], start: str, deadline: float) -> None:
    """Watch until every definition is established, or the deadline; remove those that are from `latest`."""
    left = deadline - waiting.now()
    if left <= 0:
        return
    endpoint = ResourceEndpoint(rest, Unstructured, info=_INFO, spell=lambda info, _: str(info))
    options: WatchOptions = {"timeout": left}
    if start:
        options["resource_version"] = start
    if len(latest) == 1:
        options["field_selector"] = f"metadata.name={next(iter(latest))}"
    # The definitions are stored, so that what can pass is waited for, and a list takes the place of an expired version.
    async with ResumingWatch(endpoint, options, rule=RelistOrRaise(has_listed=True)) as events:
        async for event in events:
            name = event.object.metadata.name
            if name not in latest:
                continue
            definition = {field: event.object.get(field) for field in ("metadata", "status")}
            if event.type == "DELETED" or not is_established(definition):
                latest[name] = definition
                continue
            del latest[name]
            if not latest:
                return


def _conditions(definition: Mapping[str, Any]) -> list[Any]:
    status: Any = definition.get("status") or {}
    return [each for each in status.get("conditions") or () if hasattr(each, "get")]


def _version(definition: Mapping[str, Any]) -> str:
    metadata: Any = definition.get("metadata") or {}
    return metadata.get("resourceVersion") or ""


def _error(name: str, definition: Mapping[str, Any], timeout: float, failure: KubeloopError | None) -> KubeloopError:
    if failure is not None and not isinstance(failure, RequestTimeout):
        return failure
    told = "; ".join(
        f"{each.get('type')}={each.get('status')}: {each.get('message') or each.get('reason') or 'no message'}"
        for each in _conditions(definition)
        if each.get("status") != "True"
    )
    unmet = UnmetObject(_INFO.plural, "", name, told or "it has no conditions")
    return WaitTimeout(
        f"CustomResourceDefinition {name} was applied, but the server did not establish it within {timeout:g} s: "
        f"{unmet.state}",
        awaited="condition Established",
        timeout=timeout,
        objects=(unmet,),
    )
