"""Converting JSON schemas of CRDs and OpenAPI documents to the types of the neutral form.

A nested object becomes a type that is named by its path (`CertificateSpecPrivateKey`). Enums, nullable, int-or-string,
preserved unknown fields, embedded resources, defaults, descriptions and passwords are kept. An optional scalar or
object is a pointer, as in Go; lists and maps never are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import cast

from kubeloop.codegen.input_documents import JSONSchema
from kubeloop.codegen.python_names import camel, type_name, unique
from kubeloop.codegen.schema import SchemaError, SchemaField, Struct, Type

__all__ = ["StructuralReader"]

_NUMBERS = {"integer": "int", "number": "float", "boolean": "bool"}
_FORMATS = {"date-time": "exact_time", "byte": "bytes"}
_EMBEDDED: JSONSchema = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {}}
_METADATA = {"metadata": Type("ptr", of=Type("ref", name="meta_v1.ObjectMeta"))}
_PRESERVED = "Members that the schema does not name are kept as well: to_dict() has them, and writes send them back."
_PLAIN = frozenset({"string", "int", "float", "bool", "bytes"})
_NULL_ITEMS = _PLAIN | {"ref", "list", "map", "int_or_string"}
"""The types of items that can be null if the schema says so; times and free-form data can always be."""


class StructuralReader:
    """Collects the types of one module while it reads schemas.

    Args:
        module: The module's name; references to its own types start with it.
        resolve: Makes a type of a `$ref`; without it a `$ref` is an error, as in a CRD.

    Attributes:
        places: Where each type and enum was read, as the path of field names from its kind: `Certificate.spec.subject`.
    """

    def __init__(self, module: str, resolve: Callable[[str], Type] | None = None) -> None:
        self.structs: dict[str, Struct] = {}
        self.enums: dict[str, list[str]] = {}
        self.places: dict[str, str] = {}
        self.module = module
        self._resolve = resolve
        self._taken: set[str] = set()

    def reserve(self, name: str) -> str:
        """Reserve a type name for a kind before nested types use it."""
        return self._unique(type_name(name), name)

    def struct(self, name: str, schema: JSONSchema, *, replaced: Mapping[str, Type | None] | None = None) -> None:
        """Read an object schema into the type `name`; `replaced` fields have the type given, or are left out."""
        fields: list[SchemaField] = []
        required = frozenset(schema.get("required", ()))
        for wire, value in sorted(schema.get("properties", {}).items()):
            if replaced is not None and wire in replaced:
                kind = replaced[wire]
                if kind is not None:
                    fields.append(SchemaField(wire, kind))
                continue
            fields.append(self._field(name, wire, value, required=wire in required))
        preserve = schema.get("x-kubernetes-preserve-unknown-fields") is True
        parts = (_text(schema), _PRESERVED if preserve else "")
        atomic = schema.get("x-kubernetes-map-type") == "atomic"
        self.structs[name] = Struct(name, fields, "\n\n".join(part for part in parts if part), preserve, atomic)

    def _field(self, owner: str, wire: str, schema: JSONSchema, *, required: bool) -> SchemaField:
        schema = _merged(schema)
        path, place = owner + camel(wire), f"{self.places.get(owner, owner)}.{wire}"
        kind = self.type(path, schema, place)
        # What has a default is never missed: the server fills it in, unless a zero of ours stands in its place.
        needed = required and not schema.get("nullable") and "default" not in schema
        null = bool(schema.get("nullable"))
        if not needed and (kind.kind in _PLAIN or kind.kind == "ref" or (null and kind.kind == "int_or_string")):
            kind = Type("ptr", of=kind)
        default = json.dumps(schema["default"], sort_keys=True, ensure_ascii=False) if "default" in schema else ""
        always = needed and kind.kind in _PLAIN
        # What is required and nullable is written as null; lists and maps tell null from absent by themselves.
        null_always = null and ((required and "default" not in schema) or kind.kind in ("list", "map"))
        return SchemaField(
            wire,
            kind,
            omit_empty=not (always or null_always),
            omit_zero=not (always or null_always),
            required=needed,
            nullable=null and not null_always,
            secret=_is_secret(schema),
            enum=self._enum(path, schema, place),
            description=_text(schema),
            default=default,
        )

    def type(self, path: str, schema: JSONSchema, place: str = "") -> Type:
        """Return the type of a value. Objects with properties become a type that is named after `path`.

        Args:
            path: The name of the type, if the value becomes one.
            schema: The schema of the value.
            place: Where the value is, see `places`; empty for a schema that has a name and no place.
        """
        schema = _merged(schema)
        if reference := schema.get("$ref"):
            if self._resolve is None:
                raise SchemaError(f"{path}: $ref {reference!a} in a structural schema")
            return self._resolve(reference)
        if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
            return Type("int_or_string")
        match schema.get("type"):
            case "object":
                return self._object(path, schema, place)
            case "array":
                items = schema.get("items")
                return Type("list", of=self._item(path, items, place) if items else Type("any"))
            case "string":
                return Type(_FORMATS.get(schema.get("format", ""), "string"))
            case "integer" | "number" | "boolean" as name:
                return Type(_NUMBERS[name])
            case None:
                return self._object(path, schema, place) if schema.get("properties") else Type("any")
            case other:
                raise SchemaError(f"{path}: unknown type {other!a}")

    def _object(self, path: str, schema: JSONSchema, place: str) -> Type:
        embedded = bool(schema.get("x-kubernetes-embedded-resource"))
        if schema.get("properties") and not (embedded and schema["properties"].keys() <= _EMBEDDED.keys()):
            name = self._unique(type_name(path), place or path)
            if embedded:
                self.struct(name, {**schema, "properties": {**_EMBEDDED, **schema["properties"]}}, replaced=_METADATA)
            else:
                self.struct(name, schema)
            return Type("ref", name=f"{self.module}.{name}")
        values = schema.get("additionalProperties")
        if isinstance(values, Mapping) and values:
            return Type("map", of=self._item(path, cast("JSONSchema", values), place))
        return Type("map", of=Type("any"))

    def _item(self, path: str, schema: JSONSchema, place: str) -> Type:
        kind = self.type(path, schema, place)
        return Type("ptr", of=kind) if schema.get("nullable") and kind.kind in _NULL_ITEMS else kind

    def _enum(self, path: str, schema: JSONSchema, place: str) -> str:
        """Name the enum of a string, or of a list's strings."""
        holder = schema.get("items", {}) if schema.get("type") == "array" else schema
        values = [value for value in holder.get("enum", ()) if value is not None]
        if holder.get("type") != "string" or not values or not all(isinstance(value, str) for value in values):
            return ""
        name = self._unique(type_name(path), place or path)
        self.enums[name] = values
        return f"{self.module}.{name}"

    def _unique(self, name: str, place: str) -> str:
        found = unique(name, self._taken)
        self.places[found] = place
        return found


def _merged(schema: JSONSchema) -> JSONSchema:
    """OpenAPI documents wrap a `$ref` that has a description or default in an allOf of one."""
    match schema.get("allOf"):
        case [{"$ref": reference}] if "type" not in schema:
            return {**schema, "$ref": reference}
        case _:
            return schema


def _is_secret(schema: JSONSchema) -> bool:
    """Return whether a string, or the strings of a list or map, are passwords."""
    inner = [schema.get("items"), schema.get("additionalProperties")]
    is_password = schema.get("type") == "string" and schema.get("format") == "password"
    return is_password or any(_is_secret(cast("JSONSchema", one)) for one in inner if isinstance(one, Mapping))


def _text(schema: JSONSchema) -> str:
    return str(schema.get("description", "")).strip()
