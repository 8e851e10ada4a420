"""The inputs of generators (definitions, OpenAPI documents, lists of a server), with checks of their types.

The classes declare only the fields that are used. A null counts as absent, as for the API server. A value of another
type raises a `SchemaError` with the document and the path.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, TypedDict, TypeVar

import msgspec

from kubeloop.codegen.schema import SchemaError
from kubeloop.codegen.source_text import printable

__all__ = [
    "CustomResourceDefinition",
    "DefinitionSpec",
    "GroupVersionKind",
    "Item",
    "ItemList",
    "JSONSchema",
    "MediaBody",
    "OpenAPI",
    "Operation",
    "ServiceSpec",
    "Version",
    "checked",
    "checked_schema",
    "parse_json",
    "reading",
]

T = TypeVar("T")

JSONSchema = Mapping[str, Any]
"""A JSON schema as `checked_schema` returns it: without nulls, its keywords of the right types."""


class GroupVersionKind(msgspec.Struct, frozen=True):
    """A kind of a group version."""

    group: str
    version: str
    kind: str


# Not a class statement: some keywords are no identifiers.
_Schema = TypedDict(
    "_Schema",
    {
        "$ref": "str | None",
        "additionalProperties": "bool | _Schema | None",
        "allOf": "list[_Schema] | None",
        "default": "Any",
        "description": "str | None",
        "enum": "list[Any] | None",
        "format": "str | None",
        "items": "_Schema | None",
        "nullable": "bool | None",
        "properties": "dict[str, _Schema] | None",
        "required": "list[str] | None",
        "type": "str | None",
        "x-kubernetes-embedded-resource": "bool | None",
        "x-kubernetes-group-version-kind": "list[GroupVersionKind] | None",
        "x-kubernetes-int-or-string": "bool | None",
        "x-kubernetes-map-type": "str | None",
        "x-kubernetes-preserve-unknown-fields": "bool | None",
    },
    total=False,
)


class Subresources(msgspec.Struct, frozen=True):
    """The subresources of a version; an empty object switches one on."""

    status: dict[str, Any] | None = None
    scale: dict[str, Any] | None = None


class _Validation(msgspec.Struct, frozen=True):
    open_api_v3_schema: dict[str, Any] | None = msgspec.field(default=None, name="openAPIV3Schema")


class Version(msgspec.Struct, frozen=True):
    """A version of a definition."""

    name: str
    served: bool | None = None
    schema: _Validation | None = None
    subresources: Subresources | None = None


class Names(msgspec.Struct, frozen=True):
    """How a definition's resource is called."""

    kind: str
    plural: str
    list_kind: str | None = msgspec.field(default=None, name="listKind")


class DefinitionSpec(msgspec.Struct, frozen=True):
    """The spec of a definition."""

    group: str
    names: Names
    scope: str
    versions: list[Version]


class _Metadata(msgspec.Struct, frozen=True):
    name: str


class CustomResourceDefinition(msgspec.Struct, frozen=True):
    """A definition of apiextensions.k8s.io/v1."""

    metadata: _Metadata
    spec: DefinitionSpec


class ServiceSpec(msgspec.Struct, frozen=True):
    """What an APIService serves; `service` is None for what the server itself serves."""

    group: str | None = None
    version: str | None = None
    service: dict[str, Any] | None = None


class Item(msgspec.Struct, frozen=True):
    """An object of a LIST, whose spec is checked when its kind is known."""

    metadata: _Metadata
    spec: dict[str, Any]


class ItemList(msgspec.Struct, frozen=True):
    """A LIST."""

    items: list[Item] | None = None


class _Reference(msgspec.Struct, frozen=True):
    ref: str | None = msgspec.field(default=None, name="$ref")


class _Media(msgspec.Struct, frozen=True):
    schema: _Reference | None = None


class MediaBody(msgspec.Struct, frozen=True):
    """A request or response body, by media type."""

    content: dict[str, _Media] | None = None

    def references(self) -> list[str]:
        """Return the `$ref`s of the body's schemas."""
        schemas = [media.schema for media in (self.content or {}).values()]
        return [schema.ref for schema in schemas if schema is not None and schema.ref]


class Operation(msgspec.Struct, frozen=True):
    """A method of a path."""

    action: str | None = msgspec.field(default=None, name="x-kubernetes-action")
    kind: GroupVersionKind | None = msgspec.field(default=None, name="x-kubernetes-group-version-kind")
    responses: dict[str, MediaBody] | None = None
    request_body: MediaBody | None = msgspec.field(default=None, name="requestBody")


class _Components(msgspec.Struct, frozen=True):
    schemas: dict[str, dict[str, Any]] | None = None


class OpenAPI(msgspec.Struct, frozen=True):
    """An OpenAPI v3 document; a path holds operations by method, beside other things."""

    paths: dict[str, dict[str, Any]]
    components: _Components | None = None


@contextmanager
def reading(where: str) -> Generator[None]:
    """Read a document: each SchemaError names it, and so does one for what is nested deeper than functions can go."""
    try:
        yield
    except SchemaError as error:
        raise (error if str(error).startswith(where) else SchemaError(f"{where}: {error}")) from None
    except RecursionError:
        raise SchemaError(f"{where}: nested too deeply") from None


def checked(value: object, expected: type[T], where: str) -> T:
    """Convert parsed YAML or JSON into one of the types above.

    Args:
        value: What was parsed.
        expected: The type.
        where: What the message calls the document.

    Raises:
        SchemaError: A value has another type, or is missing; names the document and the path.
    """
    with reading(where):
        try:
            return msgspec.convert(value, expected)
        except msgspec.ValidationError as error:
            raise SchemaError(f"{where}: {printable(str(error))}") from None
        except UnicodeEncodeError:
            raise SchemaError(f"{where}: a text with half of a surrogate pair") from None


def checked_schema(value: object, where: str) -> JSONSchema:
    """Check a JSON schema with all schemas in it; see `checked`.

    Returns:
        The keywords that generators know, without those that are null.
    """
    with reading(where):
        return _without_nulls(checked(value, _Schema, where))


def _without_nulls(schema: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in schema.items() if value is not None}
    for name in ("items", "additionalProperties"):
        if isinstance(found.get(name), dict):
            found[name] = _without_nulls(found[name])
    if "allOf" in found:
        found["allOf"] = [_without_nulls(one) for one in found["allOf"]]
    if "properties" in found:
        found["properties"] = {name: _without_nulls(one) for name, one in found["properties"].items()}
    return found


def parse_json(data: bytes, where: str) -> Any:
    """Parse JSON text.

    Raises:
        SchemaError: The text is not JSON, or is nested too deeply.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SchemaError(f"{where}: no JSON that can be read: {printable(str(error))}") from None
