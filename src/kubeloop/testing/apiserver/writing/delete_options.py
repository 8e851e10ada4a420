"""The body of a deletion.

Reference: apiserver pkg/endpoints/handlers/delete.go; apimachinery pkg/apis/meta/internalversion/scheme.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from kubeloop.errors import DecodeError
from kubeloop.objects.json.encode import to_data
from kubeloop.testing.apiserver.encoding.duplicate_field import parse_with_duplicates
from kubeloop.testing.apiserver.encoding.request_body import MAX_BODY_BYTES, canonical, input_format
from kubeloop.testing.apiserver.writing.document_parts import Document
from kubeloop.wire import refusals
from kubeloop.wire.parse_options import DeleteOptions, parse_delete_body, parse_delete_options
from kubeloop.wire.protobuf.envelope import opened
from kubeloop.wire.protobuf.read_message import guarded, reader_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.testing.apiserver.encoding.output import Format
    from kubeloop.wire.query_text import Query

__all__ = ["delete_options_of"]


class _Expected(NamedTuple):
    """The kind of a body."""

    group: str
    version: str
    kind: str


_OPTIONS = _Expected("", "v1", "DeleteOptions")


def delete_options_of(body: bytes | None, headers: Mapping[str, str], query: Query) -> DeleteOptions:
    """Return the options of a deletion.

    Args:
        body: The body of the request. If there is one, the query is ignored.
        headers: The headers of the request.
        query: The parameters of the request.

    Raises:
        BadRequest: The options cannot be read.
        RequestEntityTooLarge: The body is over the limit.
        UnsupportedMediaType: The format of the body is unknown.
        Invalid: An option has a value that is not supported.
    """
    return parse_delete_body(_document(body, headers)) if body else parse_delete_options(query)


def _document(body: bytes, headers: Mapping[str, str]) -> Document:
    if len(body) > MAX_BODY_BYTES:
        raise refusals.request_too_large(f"limit is {MAX_BODY_BYTES}")
    try:
        document = _parsed(body, input_format(headers))
    except (ValueError, DecodeError) as error:
        raise refusals.bad_request(f"couldn't get version/kind; json parse error: {error}") from None
    kind = document.get("kind", "")
    if kind not in ("", _OPTIONS.kind):
        version = document.get("apiVersion") or _OPTIONS.version
        raise refusals.bad_request(
            f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
        )
    # The kind is known in each group and version.
    head = {"kind": _OPTIONS.kind, "apiVersion": _OPTIONS.version}
    return canonical({**document, **head}, _OPTIONS, validation="Ignore").document


def _parsed(body: bytes, written: Format) -> Document:
    if written == "protobuf":
        from kubeloop.models import meta_v1

        where = guarded(opened, body)
        reader: Any = reader_of(meta_v1.DeleteOptions)  # the readers are created at run time
        options: Any = to_data(guarded(reader.read, body, where.start, where.end))
        return {**options, "kind": where.kind}
    tree: Any
    if written == "yaml":
        from kubeloop.meta import yaml

        tree = yaml.load_first(body)
    else:
        tree = parse_with_duplicates(body)[0]
    if not isinstance(tree, dict):
        raise DecodeError("expected an object")
    return cast("Document", tree)
