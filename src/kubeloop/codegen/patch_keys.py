"""The table of patch keys: how a strategic merge patch merges the fields that are not merged in the default way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubeloop.codegen.schema import Module, SchemaError, SchemaField, Struct
from kubeloop.codegen.source_text import map_entry

__all__ = ["emit_patch_keys"]

_STRATEGIES = frozenset({"merge", "replace", "retainKeys"})


def emit_patch_keys(modules: Iterable[Module], origin: str) -> str:
    """Return the text of `models/patch_keys.py`.

    Args:
        modules: All groups and versions.
        origin: The first line.

    Raises:
        SchemaError: A strategy is unknown, or a list of objects that is merged has no key.
    """
    rows = (
        (f"{module.name}.{struct.name}", text)
        for module in modules
        for struct in module.structs.values()
        if (text := " ".join(_fields(module, struct)))
    )
    lines = [
        origin,
        '"""The patch keys of the built-in types: how a strategic merge patch merges their fields."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
        "",
        "PATCH_KEYS: Final[dict[str, str]] = {",
        *(line for name, text in sorted(rows) for line in map_entry(name, text)),
        "}",
        '"""The fields of each type with a patch strategy: `name=strategies`, or `name=strategies:merge key`."""',
        "",
    ]
    return "\n".join(lines)


def _fields(module: Module, struct: Struct) -> Iterator[str]:
    for field in struct.fields:
        if field.patch_strategies:
            _check(f"{module.name}.{struct.name}.{field.wire}", field)
            key = f":{field.patch_merge_key}" if field.patch_merge_key else ""
            yield f"{field.wire}={','.join(field.patch_strategies)}{key}"


def _check(place: str, field: SchemaField) -> None:
    """Refuse strategies that the merge does not know.

    Raises:
        SchemaError: The message names the field.
    """
    given = field.patch_strategies
    if not _STRATEGIES.issuperset(given) or len(given) > 1 + ("retainKeys" in given):
        raise SchemaError(f"{place}: expected a patch strategy, with retainKeys or without it, got {','.join(given)}")
    merges_objects = "merge" in given and field.type.kind == "list" and field.type.item.kind == "ref"
    if merges_objects != bool(field.patch_merge_key):
        raise SchemaError(f"{place}: expected a merge key for a list of objects that is merged, and for no other field")
