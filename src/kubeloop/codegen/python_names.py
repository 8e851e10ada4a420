"""The naming rules of the generated code, and the one table of exceptions.

They convert names of the API to attributes (`clusterIPs` -> `cluster_ips`), accessors (`ConfigMap`, `configmaps` ->
`config_maps`), classes (`core_v1` -> `CoreV1`) and modules (`cert-manager.io`, `v1` -> `cert_manager_io_v1`). A name
for which a rule is wrong goes into `EXCEPTIONS` with the reason.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping

from kubeloop.objects.model import RESERVED, RESERVED_IN_KINDS

__all__ = [
    "EXCEPTIONS",
    "KIND_RESERVED",
    "MODEL_RESERVED",
    "attribute",
    "camel",
    "class_of_module",
    "collection",
    "module_of",
    "snake",
    "type_name",
    "unique",
    "words",
]

EXCEPTIONS: Mapping[str, str] = {
    # field name or kind -> snake_case, if the capitals do not show the words
    "openAPIV3Schema": "open_api_v3_schema",
    "$ref": "ref",
    "$schema": "schema",
    # subresources, whose names have no capitals at all
    "ephemeralcontainers": "ephemeral_containers",
    "portforward": "port_forward",
}

MODEL_RESERVED = RESERVED
"""What a model itself is called with, and what its annotations name: such a field takes a trailing underscore."""

KIND_RESERVED = RESERVED | RESERVED_IN_KINDS
"""The same for kinds."""

# fmt: off
_IMPORTED = frozenset({
    "Any", "BOOL", "BYTES", "BYTES_OR_NULL", "Bytes", "Dicts", "Draft", "Duration", "ExactTime", "FLOAT", "INT",
    "IntOrString", "LAZY", "Lazy", "Lists", "Literal", "MAP", "Map", "Mapping", "MicroTime", "NULL", "NULLABLE",
    "Nested", "NullBytes", "NullMap", "NullSeq", "ObjectMap", "Objects", "Quantity", "SEQ", "STR", "Seq",
    "Sequence", "Time", "TypeAlias", "ViewMap", "Views",
    "annotations", "bool", "bytes", "datetime", "float", "int", "str",
    "compile", "eval", "exec", "open",
})
# fmt: on
"""Names that generated modules of models use in their annotations, or that nothing generated may call: no class has
one."""

# Each reads a run of capitals once.
_PLURAL_ACRONYM = re.compile(r"(?<![A-Z])([A-Z]++)(s(?=$|[A-Z0-9]))")
_LOWER_UPPER = re.compile(r"([a-z0-9])([A-Z])")
_ACRONYM_WORD = re.compile(r"(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_NOT_WORD = re.compile(r"[^0-9A-Za-z]+")


def words(text: str) -> list[str]:
    """Return the words of a field name, class or text: `readinessProbe` -> `readiness`, `Probe`."""
    return _WORD.findall(text)


def snake(name: str) -> str:
    """Return the words of a field name, kind or plural with underscores: `podIPs` -> `pod_ips`."""
    if name in EXCEPTIONS:
        return EXCEPTIONS[name]
    text = _NOT_WORD.sub("_", name).strip("_")
    text = _PLURAL_ACRONYM.sub(lambda match: match[1].capitalize() + match[2], text)
    text = _LOWER_UPPER.sub(r"\1_\2", text)
    text = _ACRONYM_WORD.sub("_", text).lower()
    return f"_{text}" if text[:1].isdigit() else text


def attribute(wire: str, reserved: frozenset[str] = MODEL_RESERVED) -> str:
    """Return the attribute of a field. Keywords and names of model methods get a final underscore."""
    name = snake(wire) or "field"
    if name.startswith("_"):
        name = "n" + name
    if keyword.iskeyword(name) or name in reserved:
        return name + "_"
    return name


def camel(name: str) -> str:
    """Return a field name as part of a class name: `privateKey` -> `PrivateKey`, `x-foo` -> `XFoo`."""
    return "".join(part[:1].upper() + part[1:] for part in _NOT_WORD.split(name) if part)


def type_name(name: str) -> str:
    """Return a class name. Keywords and names that generated modules use get a final underscore."""
    if not name.isascii() or not name.isalnum():
        name = camel(name)
    if not name or name[:1].isdigit():
        name = f"N{name}"
    return name + "_" if keyword.iskeyword(name) or name in _IMPORTED else name


def unique(name: str, taken: set[str], separator: str = "") -> str:
    """Reserve and return a unique name: `name`, or `name` with the lowest free number from 2."""
    number, free = 2, name
    while free in taken:
        free, number = f"{name}{separator}{number}", number + 1
    taken.add(free)
    return free


def class_of_module(module: str) -> str:
    """Return the accessor class of a module: `core_v1` -> `CoreV1`, `cert_manager_io_v1` -> `CertManagerIoV1`."""
    return "".join(part[:1].upper() + part[1:] for part in module.split("_"))


def collection(kind: str, plural: str) -> str:
    """Return the class of a resource's client.

    It has the words of the kind with the ending of the plural (`CSINode`, `csinodes` -> `CSINodes`), or only the plural
    if that is a different word.
    """
    lowered = kind.lower()
    common = 0
    while common < min(len(lowered), len(plural)) and lowered[common] == plural[common]:
        common += 1
    if common < len(kind) - 3:
        return camel(plural)
    return camel(kind[:common] + plural[common:])


def module_of(group: str, version: str) -> str:
    """Return the module of a custom group version: its group with underscores for dots and dashes, and the version.

    Two group versions can have the same name (`a-b.x`, `a.b.x`), or that of a module of kubeloop (`meta`, `v1`);
    `custom.ModuleNames` makes them different.
    """
    name = _NOT_WORD.sub("_", f"{group or 'core'}_{version}")
    return f"n_{name}" if name[:1].isdigit() else name
