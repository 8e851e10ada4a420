"""Schemas of the types of Kubernetes, as controller-gen writes them into definitions: from the Go types in schema/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kubeloop.codegen.schema import Module, Struct, Type, load_directory
from tests.support.definitions import definition

__all__ = ["PATTERN", "core_schema", "grown", "large_definition"]

PATTERN = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
_EITHER = {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}
_SCALARS: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "int": {"type": "integer", "format": "int32"},
    "bool": {"type": "boolean"},
    "bytes": {"type": "string", "format": "byte"},
    "time": {"type": "string", "format": "date-time"},
    "int_or_string": _EITHER,
    "quantity": {**_EITHER, "pattern": PATTERN},
}
# fmt: off
_ATOMIC = frozenset({
    "ConfigMapKeySelector", "LabelSelector", "LocalObjectReference", "NodeSelector", "NodeSelectorTerm",
    "ObjectFieldSelector", "ObjectReference", "ResourceFieldSelector", "SecretKeySelector", "SecretReference",
    "TypedLocalObjectReference",
})
# fmt: on
_DEFAULTS = {("ContainerPort", "protocol"): "TCP", ("LocalObjectReference", "name"): "", ("GRPCAction", "service"): ""}


def core_schema(name: str, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the schema of a type, such as `core_v1.PodSpec`.

    Args:
        name: The type as module.Name.
        without: The names of fields that an older Kubernetes does not have.
    """
    return _struct(name, frozenset(without))


def _modules() -> dict[str, Module]:
    return load_directory(Path(__file__).resolve().parents[2] / "schema")


_MODULES = _modules()


def _struct(name: str, without: frozenset[str]) -> dict[str, Any]:
    module, _, short = name.partition(".")
    struct: Struct = _MODULES[module].structs[short]
    fields = [field for field in struct.fields if field.wire not in without]
    schema: dict[str, Any] = {
        "type": "object",
        "description": f"{short} is a type of Kubernetes.",
        "properties": {field.wire: _type(field.type, without) for field in fields},
    }
    for field in fields:
        if (short, field.wire) in _DEFAULTS:
            schema["properties"][field.wire] = {"type": "string", "default": _DEFAULTS[short, field.wire]}
    required = [one.wire for one in fields if not one.omit_empty and not one.omit_zero and one.type.kind != "ptr"]
    if required:
        schema["required"] = required
    return {**schema, "x-kubernetes-map-type": "atomic"} if short in _ATOMIC else schema


def _type(kind: Type, without: frozenset[str]) -> dict[str, Any]:
    match kind.kind:
        case "ptr":
            return _type(kind.item, without)
        case "list":
            return {"type": "array", "items": _type(kind.item, without)}
        case "map":
            return {"type": "object", "additionalProperties": _type(kind.item, without)}
        case "ref" if kind.name == "meta_v1.ObjectMeta":
            return {"type": "object"}
        case "ref":
            return _struct(kind.name, without)
        case scalar:
            return _SCALARS[scalar]


def grown(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema in which each object with fields has one more, so that none is a type that kubeloop has."""
    result = {
        name: grown(value) if name in ("items", "additionalProperties") else value for name, value in schema.items()
    }
    if "properties" in schema:
        fields = {name: grown(value) for name, value in schema["properties"].items()}
        result["properties"] = {**fields, "grownLater": {"type": "string", "description": "A field of its own."}}
    return result


def large_definition() -> dict[str, Any]:
    """Return a definition as large as those of public projects: three pod templates that are none of kubeloop's."""
    template = grown(core_schema("core_v1.PodTemplateSpec"))
    parts = dict.fromkeys(("serverTemplate", "workerTemplate"), template)
    parts["workers"] = {"type": "object", "additionalProperties": template}
    spec = {"type": "object", "required": ["serverTemplate"], "properties": parts}
    conditions = {"type": "array", "items": grown(core_schema("meta_v1.Condition"))}
    status = {"type": "object", "properties": {"conditions": conditions}}
    return definition("large.example.com", "Stack", "stacks", properties={"spec": spec, "status": status}, storage=True)
