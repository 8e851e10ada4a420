"""Requests for the metadata of objects instead of the objects, and what is particular about their responses.

A server that knows `PartialObjectMetadata` sends it; any other server ignores the parameters of the `Accept` header and
sends whole objects, of which the same classes read the metadata (`objects.accepted_kinds`).
Reference: client-go metadata/metadata.go; KEP-2334 and the API conventions, "Alternate representations of resources".
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubeloop.objects.accepted_kinds import check_kind
from kubeloop.objects.type_guards import class_of

if TYPE_CHECKING:
    from kubeloop.rest.client import RESTClient

__all__ = ["forgetting_kinds", "is_metadata", "metadata_headers"]

ITEMS_PER_STEP = 256
"""The number of items that `forgetting_kinds` processes per step, which takes about 50 microseconds."""


def is_metadata(model: type[Any]) -> bool:
    """Return whether a class is `PartialObjectMetadata`, for which requests ask in a header."""
    from kubeloop.models import meta_v1

    return issubclass(model, meta_v1.PartialObjectMetadata)


def metadata_headers(rest: RESTClient, into: type[Any]) -> Mapping[str, str]:
    """Return the headers of a request for metadata, in the formats that the client prefers.

    Args:
        rest: The client that sends the request.
        into: `PartialObjectMetadata` for an object or a watch, `PartialObjectMetadataList` for a list.
    """
    return {"Accept": rest.serializers.accept(into, f"as={into.kind};g=meta.k8s.io;v=v1")}


def forgetting_kinds(items: Sequence[Any]) -> Generator[None, None, None]:
    """Forget which kind the items of a list of whole objects name, in steps, so that they equal those of a watch.

    Only the items of custom kinds name one. A list of metadata needs no step.

    Raises:
        DecodeError: An item is a Status.
    """
    if not items or items[0].__kind__ == class_of(items[0]).kind:
        return
    for number, item in enumerate(items, 1):
        check_kind(item)
        if not number % ITEMS_PER_STEP:
            yield
