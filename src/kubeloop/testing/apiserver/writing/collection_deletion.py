"""Deleting the objects of a collection that selectors select.

Reference: apiserver pkg/endpoints/handlers/delete.go, pkg/registry/generic/registry/store.go (DeleteCollection).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from kubeloop.errors import NotFound
from kubeloop.testing.apiserver.encoding.object_list import encode_list
from kubeloop.testing.apiserver.reading.item_page import cut_page
from kubeloop.testing.apiserver.reading.list_request import read_list_request
from kubeloop.testing.apiserver.reading.selection import select
from kubeloop.testing.apiserver.writing.delete_options import delete_options_of
from kubeloop.testing.apiserver.writing.deletion import delete_object, delete_warnings
from kubeloop.testing.apiserver.writing.object_writes import writer_of
from kubeloop.testing.apiserver.writing.request_check import namespace_of, refuse_unserved
from kubeloop.wire.continue_token import encode_continue_token
from kubeloop.wire.response import Headers, Response

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.call import Call, Context

__all__ = ["delete_collection"]


def delete_collection(call: Call, context: Context) -> Response:
    """Delete the selected objects of a collection, and return the list of them as they were.

    The newest objects are read, whatever resourceVersion the request names. With a limit, only so many objects are
    deleted, and the list has a continue token.

    Raises:
        APIError: The request is refused, or a deletion is. The deletions before remain.
    """
    refuse_unserved(call)
    listed = read_list_request(call)
    options = delete_options_of(call.request.body, call.request.headers, call.info.query)
    context.warnings.extend(delete_warnings(call.resource, options))
    resource = call.resource
    selection = select(resource, namespace_of(call), listed.label_selector, listed.field_selector)
    page = context.storage.range(resource.stored_as, selection.namespace)
    covered = [each for each in page.items if selection.covers(each.key)]
    selected = cut_page(covered, selection, listed.limit)
    token = ""
    if selected.last is not None:
        key = selected.last.key
        token = encode_continue_token(f"/{key.name if selection.namespace else key.path}\x00", page.revision)
    writer = writer_of(context, is_dry_run=options.dry_run)
    for stored in selected.items:
        with suppress(NotFound):
            delete_object(writer, resource, stored.key.namespace, stored.key.name, options)
    body = encode_list(
        selected.items, resource, call.output, revision=page.revision, continue_=token, remaining=selected.remaining
    )
    return Response(200, Headers([("Content-Type", call.output.content_type)]), body)
