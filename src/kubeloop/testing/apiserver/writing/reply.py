"""The responses to writes, and the headers of warnings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubeloop.errors import NotAcceptable
from kubeloop.testing.apiserver.encoding.output import DEFAULT_OUTPUT
from kubeloop.testing.apiserver.encoding.single_object import encode_document, encode_object
from kubeloop.testing.apiserver.writing.document_parts import Document, text_in
from kubeloop.wire.response import Headers, Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubeloop.testing.apiserver.call import Call
    from kubeloop.testing.apiserver.storage.stored import Stored

__all__ = ["UNCHECKED", "object_reply", "plain_reply", "success_status", "warning_headers", "with_warnings"]

_MOST_CHARACTERS = 4 * 1024
_CUT_CHARACTERS = 256

_has_control = re.compile(r"[\x00-\x1f\x7f-\x9f]").search

UNCHECKED = "this server neither sets defaults nor validates the spec of an object, and runs no admission plugins"
"""The warning of each create, update and patch of a built-in object, until the server does what it names."""


def object_reply(call: Call, stored: Stored, *, code: int = 200) -> Response:
    """Return the response with a stored object: in JSON if the object has no protobuf form.

    The write has succeeded, so a client must not repeat it in another format.
    """
    output = call.output
    try:
        body = encode_object(stored, call.resource, output)
    except NotAcceptable:
        if output.format != "protobuf":
            raise
        output = DEFAULT_OUTPUT
        body = encode_object(stored, call.resource, output)
    return Response(code, Headers([("Content-Type", output.content_type)]), body)


def plain_reply(call: Call, document: Document, *, code: int = 200) -> Response:
    """Return the response with a document that is not stored: a Status or a Scale."""
    return Response(code, _headers(call), encode_document(document, call.output))


def success_status(call: Call, deleted: Document | None = None, *, code: int = 0) -> Document:
    """Return a Status of success.

    Args:
        call: The request.
        deleted: The object that was deleted, which the details name.
        code: The code in the Status; 0 for none.
    """
    status: Document = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if deleted is not None:
        details = {
            "name": text_in(deleted, "metadata", "name"),
            "group": call.info.group,
            "kind": call.info.resource,
            "uid": text_in(deleted, "metadata", "uid"),
        }
        status["details"] = {name: value for name, value in details.items() if value}
    if code:
        status["code"] = code
    return status


def _headers(call: Call) -> Headers:
    return Headers([("Content-Type", call.output.content_type)])


def with_warnings(response: Response, warnings: Iterable[str]) -> Response:
    """Return a response with a header for each warning."""
    headers = Headers([*response.headers.pairs, *warning_headers(warnings)])
    return Response(response.status, headers, response.body)


def warning_headers(warnings: Iterable[str]) -> list[tuple[str, str]]:
    """Return the headers for warnings: each text once, in order; long ones are cut if all together are too long.

    Reference: apiserver pkg/endpoints/filters/warning.go; apimachinery pkg/util/net/http.go (NewWarningHeader).
    """
    texts = [text for text in dict.fromkeys(warnings) if text and not _has_control(text)]
    if sum(map(len, texts)) > _MOST_CHARACTERS:
        texts = _cut(texts)
    return [("Warning", f'299 - "{_quoted(text)}"') for text in texts]


def _cut(texts: list[str]) -> list[str]:
    shown: list[str] = []
    for text in texts:
        if sum(map(len, shown)) >= _MOST_CHARACTERS:
            break
        shown.append(text[:_CUT_CHARACTERS])
    return shown


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
