"""Create, update, patch and delete as the handler calls them: from a request to its response.

Reference: apiserver pkg/endpoints/handlers (create.go, update.go, patch.go, delete.go).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.encoding.request_body import decode_body, input_format
from kubeloop.testing.apiserver.writing.creation import create_object, in_namespace
from kubeloop.testing.apiserver.writing.delete_options import delete_options_of
from kubeloop.testing.apiserver.writing.deletion import delete_object, delete_warnings
from kubeloop.testing.apiserver.writing.document_parts import Document, text_in
from kubeloop.testing.apiserver.writing.moment import Moment
from kubeloop.testing.apiserver.writing.owner_duplicates import without_duplicate_owners
from kubeloop.testing.apiserver.writing.patching import Patch, patch_type
from kubeloop.testing.apiserver.writing.pod_subresource import bind, create_pod_subresource
from kubeloop.testing.apiserver.writing.replacement import Replacement, replace_object
from kubeloop.testing.apiserver.writing.reply import UNCHECKED, object_reply, plain_reply, success_status
from kubeloop.testing.apiserver.writing.request_check import checked_for_path, namespace_of, refuse_unserved
from kubeloop.testing.apiserver.writing.scale_rule import scale_of, scaled
from kubeloop.testing.apiserver.writing.stored_form import stored_document
from kubeloop.testing.apiserver.writing.writer import Writer
from kubeloop.wire import refusals
from kubeloop.wire.parse_options import parse_write_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeloop.testing.apiserver.call import Call, Context
    from kubeloop.testing.apiserver.encoding.request_body import ExpectedKind
    from kubeloop.wire.response import Response

__all__ = ["create", "delete", "patch", "update", "writer_of"]

_WRITTEN_SUBRESOURCES = frozenset({"", "approval", "ephemeralcontainers", "finalize", "resize", "scale", "status"})


def writer_of(context: Context, *, is_dry_run: bool = False) -> Writer:
    """Return the writer for a request."""
    return Writer(context.storage, context.resources, Moment(context.now, context.random), is_dry_run=is_dry_run)


def create(call: Call, context: Context) -> Response:
    """Create an object, or carry out what a subresource does with its object.

    Raises:
        APIError: The request is refused.
    """
    if call.info.subresource:
        return create_pod_subresource(call, context)
    if call.info.resource == "bindings" and not call.info.group:
        return bind(call, context)
    refuse_unserved(call)
    request = call.request
    input_format(request.headers)  # which the real server looks at before the options, in a create only
    options = parse_write_options(call.info.query, "Create")
    body = decode_body(request.body, call.resource, headers=request.headers, validation=options.field_validation)
    context.warnings.extend(body.warnings)
    namespace = namespace_of(call)
    # The namespace is checked first: an object that is refused for it has no warning about its owners.
    document, duplicates = without_duplicate_owners(in_namespace(body.document, namespace))
    context.warnings.extend(duplicates)
    writer = writer_of(context, is_dry_run=options.dry_run)
    stored = create_object(writer, call.resource, namespace, document)
    context.warnings.append(UNCHECKED)
    return object_reply(call, stored, code=201)


def update(call: Call, context: Context) -> Response:
    """Replace an object or a part of it.

    Raises:
        APIError: The request is refused.
    """
    _refuse_unwritten(call)
    options = parse_write_options(call.info.query, "Update")
    request = call.request
    body = decode_body(request.body, _expected(call), headers=request.headers, validation=options.field_validation)
    context.warnings.extend(body.warnings)
    document, duplicates = without_duplicate_owners(checked_for_path(body.document, call))
    context.warnings.extend(duplicates)
    writer = writer_of(context, is_dry_run=options.dry_run)
    uid = text_in(document, "metadata", "uid")
    result = _replaced(call, writer, lambda _: document, uid)
    return _reply(call, context, result)


def patch(call: Call, context: Context) -> Response:
    """Patch an object or a part of it.

    Raises:
        APIError: The request is refused.
    """
    _refuse_unwritten(call)
    expected = _expected(call)
    request = call.request
    media_type = patch_type(request.headers, expected)
    options = parse_write_options(call.info.query, "Patch")
    given = Patch(request.body, media_type, expected, options.field_validation)

    def change(current: Document | None) -> Document:
        if current is None:
            raise refusals.not_found(call.info.group_resource, call.info.name)
        patched = given.apply(current)
        context.warnings.extend(given.warnings)
        document, duplicates = without_duplicate_owners(checked_for_path(patched, call))
        context.warnings.extend(duplicates)
        return document

    result = _replaced(call, writer_of(context, is_dry_run=options.dry_run), change, "")
    return _reply(call, context, result)


def delete(call: Call, context: Context) -> Response:
    """Delete an object.

    Raises:
        APIError: The request is refused.
    """
    if call.info.subresource:
        raise _not_implemented(call)
    refuse_unserved(call)
    options = delete_options_of(call.request.body, call.request.headers, call.info.query)
    context.warnings.extend(delete_warnings(call.resource, options))
    writer = writer_of(context, is_dry_run=options.dry_run)
    result = delete_object(writer, call.resource, namespace_of(call), call.info.name, options)
    code = 202 if not result.is_deleted and options.orphan_dependents is False else 200
    if result.returns_object:
        return object_reply(call, result.stored, code=code)
    status = success_status(call, stored_document(result.stored, call.resource))
    return plain_reply(call, status, code=code)


def _refuse_unwritten(call: Call) -> None:
    """Refuse what cannot be updated or patched.

    Raises:
        APIError: 501.
    """
    refuse_unserved(call)
    if call.info.subresource not in _WRITTEN_SUBRESOURCES:
        raise _not_implemented(call)


def _not_implemented(call: Call) -> Exception:
    return refusals.not_implemented(f"the subresource {call.info.resource}/{call.info.subresource}")


def _expected(call: Call) -> ExpectedKind:
    return call.resource.subresources[call.info.subresource] if call.info.subresource else call.resource


def _replaced(call: Call, writer: Writer, change: Callable[[Document | None], Document], uid: str) -> Replacement:
    resource, subresource = call.resource, call.info.subresource

    def change_scale(current: Document | None) -> Document:
        assert current is not None  # a Scale is never created
        return scaled(current, resource, change)

    applied = change_scale if subresource == "scale" else change
    return replace_object(
        writer, resource, namespace_of(call), call.info.name, applied, subresource=subresource, uid=uid
    )


def _reply(call: Call, context: Context, result: Replacement) -> Response:
    if call.info.subresource == "scale":
        return plain_reply(call, scale_of(stored_document(result.stored, call.resource)))
    context.warnings.append(UNCHECKED)
    return object_reply(call, result.stored, code=201 if result.is_new else 200)
