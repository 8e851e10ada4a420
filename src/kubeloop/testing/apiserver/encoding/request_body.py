"""The body of a request as a document in canonical form: formats, limits, kinds, and the checks of fields.

Reference: apiserver pkg/endpoints/handlers (create.go, rest.go), apimachinery pkg/runtime/serializer.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, NoReturn, Protocol

from kubeloop.errors import BadRequest, DecodeError
from kubeloop.objects.json.encode import to_data
from kubeloop.objects.type_guards import is_dict, is_list
from kubeloop.testing.apiserver.encoding.canonical_form import form_of
from kubeloop.testing.apiserver.encoding.duplicate_field import in_document_order, parse_with_duplicates
from kubeloop.testing.apiserver.encoding.kind_conversion import convert_kind
from kubeloop.testing.apiserver.encoding.output import MEDIA_TYPES, Format
from kubeloop.testing.apiserver.encoding.scalar_forms import Faults, Unfit
from kubeloop.testing.apiserver.encoding.written_part import class_of_kind
from kubeloop.wire import refusals
from kubeloop.wire.go_text import quoted
from kubeloop.wire.protobuf.envelope import opened
from kubeloop.wire.protobuf.message_fields import has_message
from kubeloop.wire.protobuf.read_message import guarded, reader_of
from kubeloop.wire.response import Headers

__all__ = ["MAX_BODY_BYTES", "Body", "ExpectedKind", "FieldValidation", "canonical", "decode_body", "input_format"]

MAX_BODY_BYTES = 3 * 1024 * 1024
"""The largest body of a request, as in the real server."""

FieldValidation = Literal["", "Ignore", "Warn", "Strict"]
"""What is done about unknown and duplicate fields; `""` means Warn."""

Document = dict[str, Any]
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_Texts = Callable[[Faults], list[str]]
"""Returns what is to be said of a body that has these unknown fields."""
_NO_HEADERS: Mapping[str, str] = {}
_DUPLICATE_KEY = re.compile(r"YAML: line (\d+), column (\d+): a key that is already set").match


class ExpectedKind(Protocol):
    """The kind that a body should have: a `ServedResource` or a `Subresource`."""

    @property
    def group(self) -> str:
        """The group of the kind."""
        ...

    @property
    def version(self) -> str:
        """The version of the kind."""
        ...

    @property
    def kind(self) -> str:
        """The kind."""
        ...


class Body(NamedTuple):
    """What a body contains.

    Attributes:
        document: The object in canonical form, with its kind; the caller owns it.
        warnings: Texts for `Warning` headers, such as `unknown field "spec.foo"`.
    """

    document: Document
    warnings: Sequence[str] = ()


def input_format(headers: Mapping[str, str], accepted: Mapping[str, Format] = MEDIA_TYPES) -> Format:
    """Return the format of a body; JSON if the request does not say.

    Args:
        headers: The headers of the request.
        accepted: The media types that the request may have.

    Raises:
        UnsupportedMediaType: The format is unknown; names the accepted ones.
    """
    found = headers if isinstance(headers, Headers) else Headers(headers.items())
    content_type = found.get("content-type", "")
    if not content_type:
        return next(iter(accepted.values()))
    known = accepted.get(content_type.partition(";")[0].strip().lower())
    if known is None:
        raise refusals.unsupported_media_type(accepted)
    return known


def decode_body(
    body: bytes | None,
    expected: ExpectedKind,
    *,
    headers: Mapping[str, str] = _NO_HEADERS,
    validation: FieldValidation = "",
) -> Body:
    """Read the body of a create or an update.

    Args:
        body: The body; None for none.
        expected: The kind that it should have.
        headers: The headers of the request, for the format.
        validation: What is done about unknown and duplicate fields.

    Raises:
        UnsupportedMediaType: The format is unknown.
        RequestEntityTooLarge: The body is over the limit.
        BadRequest: The body cannot be read, is of another kind or version, or is refused by the validation.
    """
    data = body or b""
    format_ = input_format(headers)
    if len(data) > MAX_BODY_BYTES:
        raise refusals.request_too_large(f"limit is {MAX_BODY_BYTES}")
    if format_ == "protobuf":
        return _checked(_from_protobuf(data, expected), _texts, expected, validation)
    document, faults = _parsed(data, format_, expected, finds_duplicates=validation != "Ignore")
    return _checked(document, faults, expected, validation)


def canonical(document: Any, expected: ExpectedKind, *, validation: FieldValidation = "") -> Body:
    """Return the canonical form of a document that a patch has changed; see `decode_body`.

    Raises:
        BadRequest: The document is of another kind or version, or is refused by the validation.
    """
    if not is_dict(document):
        _unrecognized(expected, f"couldn't get version/kind; json parse error: {document!r}", b"")
    return _checked(document, _texts, expected, validation)


# --- formats ----------------------------------------------------------------------------------------------------------


def _parsed(data: bytes, format_: Format, expected: ExpectedKind, *, finds_duplicates: bool) -> tuple[Any, _Texts]:
    """Return the JSON value of a body in JSON or YAML, and what tells its duplicate fields and its unknown ones."""
    texts: _Texts = _texts
    try:
        if format_ == "yaml":
            tree, told = _from_yaml(data, finds_duplicates=finds_duplicates)
            texts = lambda unknown: [*told, *_texts(unknown)]  # noqa: E731
        else:
            tree, duplicates = parse_with_duplicates(data)
            if duplicates:
                texts = lambda unknown: _texts(in_document_order(data, unknown, duplicates))  # noqa: E731
    except (ValueError, DecodeError) as error:
        _unrecognized(expected, f"couldn't get version/kind; json parse error: {error}", data)
    if tree is None:
        tree = {}
    if not is_dict(tree):
        what = "array" if is_list(tree) else "string" if isinstance(tree, str) else "number"
        reason = f"json: cannot unmarshal {what} into Go value of type struct"
        _unrecognized(expected, f"couldn't get version/kind; json parse error: {reason}", data)
    return tree, texts


def _from_yaml(data: bytes, *, finds_duplicates: bool) -> tuple[Any, list[str]]:
    """Return the first document of YAML, and what is to be said of the first key that is twice in a mapping of it."""
    from kubeloop.meta import yaml

    try:
        return yaml.load_first(data, strict=finds_duplicates), []
    except DecodeError as error:
        found = _DUPLICATE_KEY(str(error))
        if found is None and not finds_duplicates:
            raise
    tree = yaml.load_first(data)
    if found is None:  # a merge key
        return tree, []
    line, column = int(found[1]), int(found[2])
    text = data.decode("utf-16" if data.startswith(_UTF_16_MARKS) else "utf-8", "replace")
    key = "".join(text.splitlines()[line - 1 : line])[column - 1 :].partition(":")[0]
    return tree, [f"line {line}: key {quoted(key.strip(chr(34)))} already set in map"]


def _texts(faults: Faults) -> list[str]:
    return [f"{what} {quoted(path)}" for what, path in faults]


def _from_protobuf(data: bytes, expected: ExpectedKind) -> Document:
    try:
        where = guarded(opened, data)
    except DecodeError:
        reason = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        _unrecognized(expected, reason if data else "empty data", data)
    api_version, kind = where.api_version or _api_version(expected), where.kind or expected.kind
    cls = class_of_kind(api_version, kind)
    document: Document = {"kind": kind, "apiVersion": api_version}
    if cls is not None and has_message(cls):
        reader: Any = reader_of(cls)
        try:
            document |= to_data(guarded(reader.read, data, where.start, where.end))
        except DecodeError as error:
            _unfit(kind, api_version, expected, str(error))
    return document


# --- kinds ------------------------------------------------------------------------------------------------------------


def _checked(document: Document, faults: _Texts, expected: ExpectedKind, validation: FieldValidation) -> Body:
    """Check the kind, the types and the fields of a document, and bring it into canonical form."""
    kind, api_version = _type_of(document, expected)
    cls = class_of_kind(api_version, kind)
    wanted = _api_version(expected)
    if cls is None:
        if (kind, api_version) == (expected.kind, wanted):
            return Body({**document, "kind": kind, "apiVersion": api_version})  # a custom resource
        scheme = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"
        reason = f"no kind {quoted(kind)} is registered for version {quoted(api_version)} in scheme {quoted(scheme)}"
        _unfit(kind, api_version, expected, reason)
    form = form_of(cls)
    unknown: Faults = []
    try:
        form(document, unknown)
        convert_kind(document, api_version, kind)
    except Unfit as error:
        _unfit(kind, api_version, expected, error.message())
    if kind != expected.kind:
        reason = f"converting ({api_version}.{kind}) to ({expected.kind}): unknown conversion"
        _unfit(kind, api_version, expected, reason)
    texts: list[str] = []
    if validation != "Ignore":
        texts = faults(unknown)
        if texts and validation == "Strict":
            _unfit(kind, api_version, expected, f"strict decoding error: {', '.join(texts)}")
    if api_version != wanted:
        raise refusals.bad_request(
            f"the API version in the data ({api_version}) does not match the expected API version ({wanted})"
        )
    document.pop("kind", None)
    document.pop("apiVersion", None)
    return Body({"kind": kind, "apiVersion": api_version, **document}, texts)


def _type_of(document: Document, expected: ExpectedKind) -> tuple[str, str]:
    """Return the kind and the apiVersion of a document, each that of the request if the document has none."""
    for name in ("kind", "apiVersion"):
        value = document.get(name)
        if value is not None and not isinstance(value, str):
            reason = f"json: cannot unmarshal {type(value).__name__} into Go struct field .{name} of type string"
            _unrecognized(expected, f"couldn't get version/kind; json parse error: {reason}", _start_of(document))
    api_version = document.get("apiVersion") or ""
    if api_version.count("/") > 1:
        _unrecognized(expected, f"unexpected GroupVersion string: {api_version}", _start_of(document))
    return document.get("kind") or expected.kind, api_version or _api_version(expected)


def _start_of(document: Document) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode("utf-8", "replace")


def _api_version(expected: ExpectedKind) -> str:
    return f"{expected.group}/{expected.version}" if expected.group else expected.version


# --- errors -----------------------------------------------------------------------------------------------------------


def _unfit(kind: str, api_version: str, expected: ExpectedKind, reason: str) -> NoReturn:
    """Refuse a body of a known kind.

    Raises:
        BadRequest: Always.
    """
    version = api_version.rpartition("/")[2]
    raise refusals.bad_request(
        f"{kind} in version {quoted(version)} cannot be handled as a {expected.kind}: {reason}"
    ) from None


def _unrecognized(expected: ExpectedKind, reason: str, data: bytes) -> NoReturn:
    """Refuse a body whose kind cannot be read.

    Raises:
        BadRequest: Always.
    """
    error: BadRequest = refusals.bad_request(
        f"the object provided is unrecognized (must be of type {expected.kind}): {reason} ({_summary(data)})"
    )
    raise error from None


def _summary(data: bytes) -> str:
    """Return the beginning of a body: its text if it looks like JSON, otherwise hexadecimal digits."""
    if not data:
        return "<empty>"
    beginning = data[:30]
    shown = beginning.decode("utf-8", "replace") if data.startswith(b"{") else beginning.hex()
    return f"{shown} ..." if len(data) > len(beginning) else shown
