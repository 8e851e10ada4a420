"""The subresources of pods that are created: binding and eviction. The others need a kubelet, or tokens.

Reference: k8s.io/kubernetes/pkg/registry/core/pod/storage (storage.go, eviction.go).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kubeloop.meta.gvk import GroupResource
from kubeloop.testing.apiserver.encoding.request_body import decode_body
from kubeloop.testing.apiserver.writing.creation import check_namespace, in_namespace
from kubeloop.testing.apiserver.writing.document_parts import Document, list_in, mapping_in, name_of, text_in
from kubeloop.testing.apiserver.writing.eviction import evict_pod
from kubeloop.testing.apiserver.writing.moment import Moment
from kubeloop.testing.apiserver.writing.plain_failure import plain_failure
from kubeloop.testing.apiserver.writing.pod_rule import bind_pod
from kubeloop.testing.apiserver.writing.preparation import with_metadata
from kubeloop.testing.apiserver.writing.replacement import precondition_text
from kubeloop.testing.apiserver.writing.reply import plain_reply, success_status
from kubeloop.testing.apiserver.writing.stored_form import stored_document
from kubeloop.testing.apiserver.writing.writer import Writer
from kubeloop.wire import refusals
from kubeloop.wire.parse_options import parse_delete_body, parse_write_options

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.call import Call, Context
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.wire.response import Response

__all__ = ["bind", "create_pod_subresource"]

_PODS = GroupResource("", "pods")


class _Expected(NamedTuple):
    """The kind of a body."""

    group: str
    version: str
    kind: str


_BINDING = _Expected("", "v1", "Binding")
_OLD_EVICTION = _Expected("policy", "v1beta1", "Eviction")
_EVICTION = _Expected("policy", "v1", "Eviction")


def create_pod_subresource(call: Call, context: Context) -> Response:
    """Bind or evict a pod.

    Raises:
        APIError: The request is refused; 501 for any other subresource.
    """
    if call.resource.stored_as == "pods" and call.info.subresource == "binding":
        return bind(call, context)
    if call.resource.stored_as == "pods" and call.info.subresource == "eviction":
        return _evict(call, context)
    raise refusals.not_implemented(f"the subresource {call.info.resource}/{call.info.subresource}")


def bind(call: Call, context: Context) -> Response:
    """Assign a pod to a node.

    Raises:
        BadRequest: The binding names another pod than the path.
        NotFound: There is no such pod.
        Conflict: The pod has a node, is being deleted, or is not the one that the binding means.
    """
    options = parse_write_options(call.info.query, "Create")
    request = call.request
    body = decode_body(request.body, _BINDING, headers=request.headers, validation=options.field_validation)
    context.warnings.extend(body.warnings)
    binding = in_namespace(body.document, call.info.namespace)
    if not call.info.subresource:  # the resource `bindings` is created as an object, and so loses its uid
        binding = with_metadata(binding, uid=None)
    pods = context.resources.of_storage("pods")
    assert pods is not None  # a server serves pods
    name = call.info.name or name_of(binding)
    writer = _writer_of(context, is_dry_run=options.dry_run)
    check_namespace(writer, call.resource, call.info.namespace, name)
    if name != name_of(binding):
        raise refusals.bad_request("name in URL does not match name in Binding object")
    _check_target(mapping_in(binding, "target"))
    _assign(writer, pods, call.info.namespace, name, binding)
    return plain_reply(call, success_status(call, code=201), code=201)


def _check_target(target: Document) -> None:
    faults: list[str] = []
    kind = text_in(target, "kind")
    if kind not in ("", "Node"):
        faults.append(f'target.kind: Unsupported value: "{kind}": supported values: "Node", "<empty>"')
    if not text_in(target, "name"):
        faults.append("target.name: Required value")
    if faults:
        raise plain_failure(faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]")


def _assign(writer: Writer, pods: ServedResource, namespace: str, name: str, binding: Document) -> None:
    stored = writer.read(pods, namespace, name)
    if stored is None:
        raise refusals.not_found(_PODS, name)
    pod = stored_document(stored, pods)
    for field, kind in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        wanted, found = text_in(binding, "metadata", field), text_in(pod, "metadata", field)
        if wanted and wanted != found:
            raise refusals.conflict(_PODS, name, precondition_text(pods, namespace, name, kind, wanted, found))
    cause = _why_not_assigned(pod, name)
    if cause:
        raise refusals.conflict(GroupResource("", "pods/binding"), name, cause)
    writer.commit(pods, stored.key, bind_pod(pod, binding, writer.moment), stored)


def _why_not_assigned(pod: Document, name: str) -> str:
    if text_in(pod, "metadata", "deletionTimestamp"):
        return f"pod {name} is being deleted, cannot be assigned to a host"
    node = text_in(pod, "spec", "nodeName")
    if node:
        return f'pod {name} is already assigned to node "{node}"'
    return f"pod {name} has non-empty .spec.schedulingGates" if list_in(pod, "spec", "schedulingGates") else ""


def _evict(call: Call, context: Context) -> Response:
    """Evict a pod.

    Raises:
        BadRequest: The eviction names another pod than the path.
        APIError: The pod may not be evicted, see `evict_pod`.
    """
    options = parse_write_options(call.info.query, "Create")
    request = call.request
    expected = _OLD_EVICTION if b"policy/v1beta1" in (request.body or b"") else _EVICTION
    body = decode_body(request.body, expected, headers=request.headers, validation=options.field_validation)
    context.warnings.extend(body.warnings)
    eviction = in_namespace(body.document, call.info.namespace)
    deletion = mapping_in(eviction, "deleteOptions")
    asked = list_in(deletion, "dryRun")
    writer = _writer_of(context, is_dry_run=options.dry_run or bool(asked))
    check_namespace(writer, call.resource, call.info.namespace, call.info.name)
    if call.info.name != name_of(eviction):
        raise refusals.bad_request("name in URL does not match name in Eviction object")
    given = list(call.info.query.get("dryRun", ()))
    if asked and given and asked != given:
        shown = " and ".join(f"[{' '.join(each)}]" for each in (given, asked))
        raise plain_failure(f"Non-matching dry-run options in request and content: {shown}")
    evict_pod(writer, call.resource, call.info.namespace, call.info.name, parse_delete_body(deletion))
    return plain_reply(call, success_status(call, code=201), code=201)


def _writer_of(context: Context, *, is_dry_run: bool) -> Writer:
    return Writer(context.storage, context.resources, Moment(context.now, context.random), is_dry_run=is_dry_run)
