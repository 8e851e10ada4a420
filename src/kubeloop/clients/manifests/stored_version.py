"""The state of the objects of a collection before a set is applied, to decide what an apply changed."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from kubeloop.clients.manifests.planned_object import JSON_OBJECT
from kubeloop.errors import KubeloopError
from kubeloop.objects.type_guards import is_dict
from kubeloop.wire.request import target

if TYPE_CHECKING:
    from kubeloop.rest.client import RESTClient

__all__ = ["is_unchanged", "read_one", "read_stored"]

logger = logging.getLogger(__name__)

_METADATA = "as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


async def read_stored(
    rest: RESTClient, path: str, names: Collection[str], *, whole: bool
) -> Mapping[str, Mapping[str, Any]] | None:
    """Read the objects of a collection with one request.

    Args:
        rest: Sends the request.
        path: The path of the collection.
        names: The names of the objects of interest.
        whole: Whether whole objects are read, as a dry run needs them, and not only their metadata.

    Returns:
        The JSON values of those objects that exist, by name; None if the collection cannot be read, so that nothing is
        known of them.
    """
    params = {"fieldSelector": f"metadata.name={next(iter(names))}"} if len(names) == 1 else None
    request = rest.new_request("GET", target(path, params))
    request = request.with_header("Accept", rest.serializers.accept(JSON_OBJECT, *([] if whole else [_METADATA])))
    try:
        result = await rest.send(request, is_list=True)
        found = result.read(JSON_OBJECT)
        return {
            each["metadata"]["name"]: each for each in found.get("items") or () if each["metadata"]["name"] in names
        }
    except (KubeloopError, KeyError, TypeError) as error:
        logger.debug("manifests: %s: %s; whether an apply changes an object is unknown", path, error)
        return None


async def read_one(rest: RESTClient, path: str) -> Mapping[str, Any] | None:
    """Return the metadata of one object, for users who may not list its collection; None if it cannot be read."""
    request = rest.new_request("GET", path).with_header(
        "Accept", _METADATA.replace("ObjectMetadataList", "ObjectMetadata")
    )
    try:
        found: Mapping[str, Any] = await rest.call(request, JSON_OBJECT)
    except KubeloopError as error:
        logger.debug("manifests: %s: %s; whether it is a member of another set is unknown", path, error)
        return None
    return found


def is_unchanged(before: Mapping[str, Any] | None, after: Mapping[str, Any], *, dry_run: bool) -> bool:
    """Return whether an apply left an object as it was.

    A write that changes nothing keeps the resource version, and a dry run always does; so the result of a dry run is
    compared with the whole object. The times of field managers count: they only move with a change.

    Args:
        before: The object before the apply; None if it did not exist.
        after: The object in the response.
        dry_run: Whether it was a dry run.
    """
    if before is None:
        return False
    if dry_run:
        return all(before.get(name) == after.get(name) for name in {*before, *after} - {"apiVersion", "kind"})
    one: Any = before["metadata"]
    other: Any = after.get("metadata")
    if not is_dict(other):
        return False
    return all(one.get(name) == other.get(name) for name in ("uid", "resourceVersion"))
