"""The source of a field in a model: run-time annotation and default, and the types in the stubs of model and draft.

The markers (`Seq`, `SEQ`, `STR`, ...) are those of `kubeloop.objects.model`, see docs/design/models.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from kubeloop.codegen.schema import Module, SchemaField, Type

__all__ = ["FieldSource", "field_source"]

_RUNTIME = {
    "string": "str",
    "int": "int",
    "float": "float | int",
    "bool": "bool",
    "bytes": "Bytes",
    "any": "Any",
    "raw": "Any",
    "fields_v1": "Any",
    "time": "Time",
    "microtime": "MicroTime",
    "exact_time": "ExactTime",
    "duration": "Duration",
    "quantity": "Quantity",
    "int_or_string": "IntOrString",
}
_STATIC = {
    **_RUNTIME,
    "float": "float",
    "bytes": "bytes",
    "time": "datetime",
    "microtime": "datetime",
    "exact_time": "datetime",
    "duration": "str",
    "quantity": "str",
    "int_or_string": "int | str",
}
_ZERO = {"string": '""', "int": "0", "float": "0.0", "bool": "False"}
_ALWAYS = {"string": "STR", "int": "INT", "float": "FLOAT", "bool": "BOOL"}
_UNTYPED = frozenset({"any", "raw", "fields_v1"})
_NULL_ITEMS = frozenset({"time", "microtime", "exact_time"})


@dataclass(frozen=True, slots=True)
class FieldSource:
    """The source texts of one field."""

    annotation: str
    default: str
    static: str
    draft: str


def field_source(field: SchemaField, module: Module) -> FieldSource:
    """Return the source texts of a field in a module."""
    names = _Names(module, field.enum)
    kind = field.type
    if kind.kind == "ptr" and kind.item.kind in ("list", "map", "any", "raw", "fields_v1"):
        kind = kind.item
    if field.wire == "managedFields" and kind.kind == "list":
        item = names.runtime(kind.item)
        return FieldSource(f"Lazy[{item}]", "LAZY", f"Sequence[{item}]", f"Objects[{item}, {item}.Draft]")
    if kind.kind in ("list", "map"):
        return _collection(kind, names, null=not (field.omit_empty or field.omit_zero))
    if kind.kind == "ref":
        name = names.static(kind)
        return FieldSource(name, f"{name}()", name, f"Nested[{name}, {name}.Draft]")
    if kind.kind == "ptr" and kind.item.kind == "ref":
        name = names.static(kind.item)
        return FieldSource(f"{name} | None", _no_value(field), f"{name} | None", f"Nested[{name}, {name}.Draft]")
    if kind.kind in _UNTYPED:
        null = kind.kind == "raw" and field.type.kind != "ptr" and not field.omit_zero
        return FieldSource("Any", "NULL" if null else _no_value(field), "Any", "Any")
    return _scalar(field, kind, names)


def _scalar(field: SchemaField, kind: Type, names: _Names) -> FieldSource:
    static = names.static(kind)
    if kind.kind == "bytes":
        if field.required:
            return FieldSource("Bytes", "BYTES", static, static)
        null = not (field.omit_empty or field.omit_zero)
        return (
            FieldSource("NullBytes", "BYTES_OR_NULL", static, static)
            if null
            else FieldSource("Bytes", 'b""', static, static)
        )
    if kind.kind in _ZERO:
        default = _ZERO[kind.kind] if field.omit_empty or field.omit_zero else _ALWAYS[kind.kind]
        return FieldSource(names.runtime(kind), default, static, static)
    inner = kind.item if kind.kind == "ptr" else kind
    static = f"{names.static(inner)} | None"
    null = kind.kind in _NULL_ITEMS and not field.omit_zero
    return FieldSource(f"{names.runtime(inner)} | None", "NULL" if null else _no_value(field), static, static)


def _no_value(field: SchemaField) -> str:
    """Return the default that reads as None: absent, absent but different from null, or null.

    A pointer without omitempty is null in Go. For Quantity, IntOrString and structs by value, Go writes `"0"`, `0` and
    `{}`, which a server treats like absent fields, so they are omitted.
    """
    if field.nullable:
        return "NULLABLE"
    by_value = field.type.kind in ("quantity", "int_or_string", "duration")
    return "None" if field.omit_empty or field.omit_zero or by_value else "NULL"


def _collection(kind: Type, names: _Names, *, null: bool) -> FieldSource:
    prefix = "Null" if null else ""
    runtime, static = names.item_runtime(kind.item), names.item_static(kind.item)
    nested = kind.item.kind == "ref"
    if kind.kind == "list":
        draft = f"Objects[{static}, {static}.Draft]" if nested else f"Lists[{static}]"
        return FieldSource(f"{prefix}Seq[{runtime}]", "SEQ", f"Sequence[{static}]", draft)
    draft = f"ObjectMap[{static}, {static}.Draft]" if nested else f"Dicts[{static}]"
    return FieldSource(f"{prefix}Map[{runtime}]", "MAP", f"Mapping[str, {static}]", draft)


class _Names:
    """Writes types for one module, with the enum of a field in place of its string."""

    def __init__(self, module: Module, enum: str) -> None:
        self._module = module.name
        self._enum = self._local(enum)

    def _local(self, name: str) -> str:
        owner, dot, short = name.partition(".")
        return short if dot and owner == self._module else name

    def runtime(self, kind: Type) -> str:
        match kind.kind:
            case "ref":
                return self._local(kind.name)
            case "ptr":
                return _optional(self.runtime(kind.item))
            case "list":
                return f"Seq[{self.item_runtime(kind.item)}]"
            case "map":
                return f"Map[{self.item_runtime(kind.item)}]"
            case name:
                return _RUNTIME[name]

    def static(self, kind: Type) -> str:
        match kind.kind:
            case "ref":
                return self._local(kind.name)
            case "ptr":
                return _optional(self.static(kind.item))
            case "list":
                return f"Sequence[{self.item_static(kind.item)}]"
            case "map":
                return f"Mapping[str, {self.item_static(kind.item)}]"
            case "string" if self._enum:
                return self._enum
            case name:
                return _STATIC[name]

    def item_runtime(self, kind: Type) -> str:
        return _optional(self.runtime(kind)) if kind.kind in _NULL_ITEMS else self.runtime(kind)

    def item_static(self, kind: Type) -> str:
        return _optional(self.static(kind)) if kind.kind in _NULL_ITEMS else self.static(kind)


def _optional(text: str) -> str:
    return text if text == "Any" or text.endswith(" | None") else f"{text} | None"
