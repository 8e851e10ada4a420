"""The verb get: of an object, of its Scale, and of what only the kubelet of a node can send.

Reference: k8s.io/kubernetes/pkg/registry/core/pod (LogLocation, streamLocation, validateContainer).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.meta.gvk import GroupKind
from kubeloop.testing.apiserver.encoding.document import document_of
from kubeloop.testing.apiserver.reading.single_read import get_object, key_of
from kubeloop.testing.apiserver.writing.document_parts import Document, list_in, text_in
from kubeloop.testing.apiserver.writing.reply import plain_reply
from kubeloop.testing.apiserver.writing.scale_rule import scale_of
from kubeloop.wire import refusals
from kubeloop.wire.field_faults import forbidden_field, invalid_value
from kubeloop.wire.parse_options import parse_integer
from kubeloop.wire.query_text import first_value
from kubeloop.wire.response import Headers, Response

if TYPE_CHECKING:
    from kubeloop.errors import StatusCause
    from kubeloop.testing.apiserver.call import Call, Context, Waiting
    from kubeloop.testing.apiserver.storage.stored import Stored
    from kubeloop.wire.query_text import Query

__all__ = ["CONNECTED", "connect", "get"]

CONNECTED = frozenset({"attach", "exec", "log", "portforward", "proxy"})
"""The subresources behind which the real server connects to a node, a pod or a service."""

_HAS_CONTAINER = frozenset({"attach", "exec", "log"})
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def get(call: Call, context: Context) -> Response | Waiting:
    """Return an object, or a subresource of it.

    Raises:
        APIError: The object does not exist, or the request is refused.
    """
    subresource = call.info.subresource
    if subresource in CONNECTED:
        return connect(call, context)
    return get_object(call, context, _scale_reply if subresource == "scale" else None)


def connect(call: Call, context: Context) -> Response:
    """Respond as the real server does before it connects to the node of a pod; a connection is not implemented.

    Raises:
        NotFound: The object does not exist.
        BadRequest: The pod has no such container, or no node.
        Invalid: The options of a log contradict each other.
        APIError: 501: the real server would connect now.
    """
    info = call.info
    is_log = info.subresource == "log"
    faults = _log_faults(info.query) if is_log else []
    if faults:
        raise refusals.invalid(GroupKind("", "PodLogOptions"), info.name, faults)
    stored = context.storage.get(key_of(call))
    if stored is None:
        raise refusals.not_found(info.group_resource, info.name)
    if info.resource == "pods" and info.subresource != "proxy":
        pod = document_of(stored, call.resource)
        if info.subresource in _HAS_CONTAINER:
            _check_container(pod, info.name, first_value(info.query, "container") or "")
        if not text_in(pod, "spec", "nodeName"):
            if is_log:
                return Response(204, Headers(), b"")
            raise refusals.bad_request(f"pod {info.name} does not have a host assigned")
    raise refusals.not_implemented(f"a connection to {info.resource}/{info.subresource}")


def _scale_reply(call: Call, stored: Stored) -> Response:
    return plain_reply(call, scale_of(document_of(stored, call.resource)))


def _check_container(pod: Document, name: str, container: str) -> None:
    names = [str(each.get("name", "")) for field in _CONTAINERS for each in list_in(pod, "spec", field)]
    if container:
        if container not in names:
            raise refusals.bad_request(f"container {container} is not valid for pod {name}")
        return
    count = len(list_in(pod, "spec", "containers"))
    if count != 1:
        choice = f", choose one of: [{' '.join(names)}]" if count else ""
        raise refusals.bad_request(f"a container name must be specified for pod {name}{choice}")


def _log_faults(query: Query) -> list[StatusCause]:
    tail, limit, since = (parse_integer(query, field) for field in ("tailLines", "limitBytes", "sinceSeconds"))
    faults: list[StatusCause] = []
    if tail is not None and tail < 0:
        faults.append(invalid_value("tailLines", tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        faults.append(invalid_value("limitBytes", limit, "must be greater than 0"))
    if since is not None and first_value(query, "sinceTime"):
        faults.append(forbidden_field("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif since is not None and since < 1:
        faults.append(invalid_value("sinceSeconds", since, "must be greater than 0"))
    return faults
