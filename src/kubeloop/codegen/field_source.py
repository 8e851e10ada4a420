"""The source text of a field of the schema: its annotation and default at run time, and its types in the stub.

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
    """The source text of one field.

    Attributes:
        annotation: The annotation in the run-time module.
        default: The default in the run-time module.
        static: The type in the stub of the model.
        draft: The type in the stub of the draft.
    """

    annotation: str
    default: str
    static: str
    draft: str


def field_source(field: SchemaField, module: Module) -> FieldSource:
    """Return the source text of a field, with names as code of the module writes them."""
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
    """Return the default of a field that reads as None: absent, absent where null is another value, or null.

    Go writes null for a pointer without omitempty. For Quantity, IntOrString and structs by value it writes `"0"`, `0`
    and `{}`, which a server reads as it reads an absent field, so their default is absent.
    """
    if field.nullable:
        return "NULLABLE"
    by_value = field.type.kind in ("quantity", "int_or_string", "duration")
    return "None" if field.omit_empty or field.omit_zero or by_value else "NULL"


def _collection(kind: Type, names: _Names, *, null: bool) -> FieldSource:
    prefix = "Null" if null else ""
    runtime, static = names.item_runtime(kind.item), names.item_static(kind.item)
    if kind.kind == "list":
        return FieldSource(f"{prefix}Seq[{runtime}]", "SEQ", f"Sequence[{static}]", names.draft(kind))
    return FieldSource(f"{prefix}Map[{runtime}]", "MAP", f"Mapping[str, {static}]", names.draft(kind))


class _Names:
    """The names of types in one module; in the type of the field, the name of its enum replaces `str`."""

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

    def draft(self, kind: Type) -> str:
        """Return the type of a list or map in a draft, whose items are drafts or views again."""
        item = kind.item
        static = self.item_static(item)
        is_list = kind.kind == "list"
        views = "Views" if is_list else "ViewMap"
        match item.kind:
            case "ref":
                return f"{'Objects' if is_list else 'ObjectMap'}[{static}, {static}.Draft]"
            case "list" | "map":
                return f"{views}[{self._assigned(item)}, {self.draft(item)}]"
            case "ptr" if item.item.kind == "ref":
                return f"{views}[{self._assigned(item)}, {self.static(item.item)}.Draft | None]"
            case "ptr" if item.item.kind in ("list", "map"):
                return f"{views}[{self._assigned(item)}, {self.draft(item.item)} | None]"
            case _:
                return f"{'Lists' if is_list else 'Dicts'}[{static}]"

    def _assigned(self, kind: Type) -> str:
        """Return the type of what can be assigned as an item of a list or map."""
        match kind.kind:
            case "ref":
                name = self.static(kind)
                return f"{name} | {name}.Draft | Mapping[str, object]"
            case "list":
                return f"Sequence[{self._assigned(kind.item)}]"
            case "map":
                return f"Mapping[str, {self._assigned(kind.item)}]"
            case "ptr":
                return _optional(self._assigned(kind.item))
            case _:
                return self.item_static(kind)

    def item_runtime(self, kind: Type) -> str:
        return _optional(self.runtime(kind)) if kind.kind in _NULL_ITEMS else self.runtime(kind)

    def item_static(self, kind: Type) -> str:
        return _optional(self.static(kind)) if kind.kind in _NULL_ITEMS else self.static(kind)


def _optional(text: str) -> str:
    return text if text == "Any" or text.endswith(" | None") else f"{text} | None"
