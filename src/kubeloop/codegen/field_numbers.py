"""The protobuf field numbers of a module, as a table of texts that `kubeloop.wire.protobuf` compiles on first use.

The Python type of a field decides how the field is encoded. Where several encodings have one Python type, the table
names the encoding after a colon.
"""

from __future__ import annotations

from kubeloop.codegen.schema import Module, SchemaError, SchemaField, Struct
from kubeloop.codegen.source_text import map_entry

__all__ = ["emit_field_numbers"]

# The fields whose Go types are not to be seen in the schema: a union that JSON writes as one value or another, and a
# named list, which protobuf writes as a message with the one field `items`.
_UNIONS = {
    ("JSONSchemaProps", "items"): "schema_or_array",
    ("JSONSchemaProps", "additionalItems"): "schema_or_bool",
    ("JSONSchemaProps", "additionalProperties"): "schema_or_bool",
    ("JSONSchemaProps", "dependencies"): "schema_or_strings",
}
_NAMED_LISTS = {("APIResource", "verbs"): (1,)}


def emit_field_numbers(module: Module, origin: str) -> str:
    """Return the text of the module with the field numbers.

    Args:
        module: The group and version.
        origin: The first line.

    Raises:
        SchemaError: Some fields of a type have a number and others have none, or two have the same.
    """
    name = f"{module.group}/{module.version}" if module.group else module.version
    lines = [
        origin,
        f'"""The protobuf field numbers of the types of {name}."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
        "",
        "NUMBERS: Final[dict[str, str]] = {",
        *(
            line
            for struct in module.structs.values()
            if _is_message(module, struct)
            for line in map_entry(struct.name, " ".join(_field(struct, field) for field in struct.fields))
        ),
        "}",
        '"""The fields of each type: `name=number`; `name=outer.inner` for a field of a message that JSON flattens."""',
        "",
    ]
    return "\n".join(lines)


def _is_message(module: Module, struct: Struct) -> bool:
    """Return whether a type has a protobuf form.

    Raises:
        SchemaError: Only some of its fields have numbers, or a number is used twice.
    """
    numbers = [tuple(field.numbers) for field in struct.fields]
    if numbers and not any(numbers):
        return False
    if not all(numbers) or len(set(numbers)) < len(numbers):
        raise SchemaError(f"{module.name}.{struct.name}: a protobuf number is missing or used twice")
    return True


def _field(struct: Struct, field: SchemaField) -> str:
    numbers = (*field.numbers, *_NAMED_LISTS.get((struct.name, field.wire), ()))
    union = _UNIONS.get((struct.name, field.wire), "")
    return f"{field.wire}={'.'.join(map(str, numbers))}{':' + union if union else ''}"
