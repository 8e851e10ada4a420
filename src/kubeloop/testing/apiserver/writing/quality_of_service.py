"""The quality of service of a pod, which the server computes when the pod is created.

Reference: k8s.io/kubernetes/pkg/apis/core/v1/helper/qos (ComputePodQOS).
"""

from __future__ import annotations

from collections.abc import Iterable

from kubeloop._kit.short_text_cache import short_text_cache
from kubeloop.meta.quantity import Quantity
from kubeloop.testing.apiserver.writing.document_parts import Document, list_in, mapping_in

__all__ = ["quality_of_service"]


def quality_of_service(spec: Document) -> str:
    """Return the quality of service of a pod with this spec: `Guaranteed`, `Burstable` or `BestEffort`."""
    whole = mapping_in(spec, "resources")
    if whole.get("requests") or whole.get("limits"):
        return _one_of(_classes(whole))
    containers = [*list_in(spec, "initContainers"), *list_in(spec, "containers")]
    return _one_of(_one_of(_classes(mapping_in(each, "resources"))) for each in containers)


def _one_of(classes: Iterable[str]) -> str:
    found = {*classes}
    return found.pop() if len(found) == 1 else "Burstable" if found else "BestEffort"


def _classes(resources: Document) -> Iterable[str]:
    limits = mapping_in(resources, "limits")
    requests = {**limits, **mapping_in(resources, "requests")}  # a limit is the default of the request
    for name in ("cpu", "memory"):
        request, limit = _amount(str(requests.get(name) or "0")), _amount(str(limits.get(name) or "0"))
        yield "Burstable" if request != limit else "Guaranteed" if request else "BestEffort"


@short_text_cache(1024)
def _amount(text: str) -> Quantity:
    return Quantity(text)
