"""The text of a module of models: the run-time `.py`, and the `.pyi` beside it, which is all that type checkers read.

docs/design/models.md has the contract for both texts. The run-time file has no docstrings and no types that only type
checkers need, so that it is imported quickly.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence

from kubeloop.codegen.field_source import field_source
from kubeloop.codegen.layout import WIDTH, fold
from kubeloop.codegen.plan import Attribute, ClassPlan, imports, local, plan
from kubeloop.codegen.schema import Module
from kubeloop.codegen.source_text import docstring, literal, printable, used_names
from kubeloop.codegen.target import Target

__all__ = ["emit_models", "emit_stub"]

_BASE = "kubeloop.objects.model"
# fmt: off
_MARKERS = frozenset({
    "BOOL", "BYTES", "BYTES_OR_NULL", "FLOAT", "INT", "LAZY", "MAP", "NULL", "NULLABLE", "SEQ", "STR", "Any", "Bytes",
    "Duration", "ExactTime", "IntOrString", "Lazy", "Map", "MicroTime", "NullBytes", "NullMap", "NullSeq", "Quantity",
    "Seq", "Time",
})
# fmt: on
_STATIC_NAMES: Mapping[str, frozenset[str]] = {
    "collections.abc": frozenset({"Mapping", "Sequence"}),
    "datetime": frozenset({"datetime"}),
    "typing": frozenset({"Any", "Literal", "TypeAlias"}),
}
_DRAFT_NAMES = frozenset({"Dicts", "Lists", "Nested", "ObjectMap", "Objects", "ViewMap", "Views"})
_FOR_CHECKERS = "# pyright: reportMissingTypeArgument=false"
"""Only the stub names the items of a list kind: a base class with arguments would take time at each import."""

_FOR_CHECKERS_OF_PACKAGES = f"{_FOR_CHECKERS}, reportGeneralTypeIssues=false"
"""pyright evaluates a default that is a call while it evaluates the class around it. If both classes are in a cycle of
annotations, it reports that the class depends on itself, which is no fault: annotations remain text."""

_OTHER_METADATA = "  # type: ignore[assignment] # pyright: ignore[reportIncompatibleVariableOverride]"
"""The metadata of a Status, a Table and a `v1 List` are not of the type that `Kind` declares, ObjectMeta."""


def emit_models(module: Module, target: Target) -> str:
    """Return the text of the `.py` file of a module of models."""
    body: list[str] = []
    bases: set[str] = set()
    markers: set[str] = set()
    for one in plan(module):
        bases.add(_base(one))
        body += ["", "", *_class_head(one, module)]
        for attribute in one.attributes:
            texts = field_source(attribute.field, module)
            markers |= _words(f"{texts.annotation} {texts.default}") & _MARKERS
            body.append(f"    {attribute.name}: {texts.annotation} = {texts.default}")
        if not one.attributes:
            body.append("    pass")
    names = [f"{name} = {other}" for name, other in sorted(module.aliases.items())]
    names += [f"{name} = str" for name in sorted(module.enums)]
    checkers = _FOR_CHECKERS_OF_PACKAGES if target.has_bind else _FOR_CHECKERS
    head = [target.origin(module), checkers, "from __future__ import annotations", "", *_module_imports(module)]
    head += _import(_BASE, sorted(markers, key=_case) + [_bind(base, module, bound=True) for base in sorted(bases)])
    return "\n".join([*head, *body, *(["", "", *names] if names else []), ""])


def emit_stub(module: Module, target: Target) -> str:
    """Return the text of the `.pyi` file of a module of models."""
    body: list[str] = []
    for name, other in sorted(module.aliases.items()):
        body.append(f"{name}: TypeAlias = {other}")
    for name, values in sorted(module.enums.items()):
        body += _enum(name, values)
    bases: set[str] = set()
    for one in plan(module):
        bases.add(_base(one))
        body += ["", *_stub_class(one, module, named=target.has_bind)]
    used = used_names("\n".join(body))
    head = [target.origin(module)]
    for source, names in _STATIC_NAMES.items():
        head += _import(source, sorted(names & used))
    head += ["", *_module_imports(module), *_import(_BASE, [_bind(base, module, bound=True) for base in sorted(bases)])]
    head += _import("kubeloop.objects.draft", sorted([*(_DRAFT_NAMES & used), "Draft as _Draft"]))
    return "\n".join([*head, "", *body, ""])


def _words(text: str) -> set[str]:
    """Return the names in a text that no other module qualifies."""
    return set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", text))


def _case(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1, name)


def _base(one: ClassPlan) -> str:
    return "Model" if one.kind is None else "KindList" if one.kind.items else "Kind"


def _bind(base: str, module: Module, *, bound: bool = False) -> str:
    """Return the name of a base class in the module: a private one if the module has a type of the same name."""
    if base not in module.structs and base not in module.enums:
        return base
    return f"{base} as _{base}" if bound else f"_{base}"


def _import(module: str, names: Sequence[str]) -> list[str]:
    line = f"from {module} import {', '.join(names)}"
    if not names or len(line) <= WIDTH:
        return [line] if names else []
    return [
        f"from {module} import (",
        *textwrap.wrap(", ".join(names) + ",", WIDTH, initial_indent="    ", subsequent_indent="    "),
        ")",
    ]


def _module_imports(module: Module) -> list[str]:
    return _import("kubeloop.models", imports(module))


def _class_head(one: ClassPlan, module: Module) -> list[str]:
    keywords = [_bind(_base(one), module), *_kind_keywords(one, module)]
    if secret := [attribute.name for attribute in one.attributes if attribute.field.secret]:
        keywords.append(f"secret=({', '.join(literal(name) for name in secret)},)")
    if one.struct.preserve:
        keywords.append("preserve=True")
    renamed = [f"{literal(name)}: {literal(wire)}" for name, wire in one.renamed.items()]
    rename = [f"rename={{{', '.join(renamed)}}}"] if renamed else []
    line = f"class {one.name}({', '.join([*keywords, *rename])}):"
    if len(line) <= WIDTH:
        return [line]
    table = ["    rename={", *_filled(renamed, 8), "    },"] if renamed else []
    return [f"class {one.name}(", *_filled(keywords, 4), *table, "):"]


def _kind_keywords(one: ClassPlan, module: Module) -> list[str]:
    if one.kind is None:
        return []
    keywords = [f"api_version={literal(one.kind.api_version)}", f"kind={literal(one.kind.kind)}"]
    if one.resource is not None:
        keywords.append(f"resource={literal(one.resource.plural)}")
        keywords += ["namespaced=True"] if one.resource.namespaced else []
    return [*keywords, f"item={local(one.kind.items, module)}"] if one.kind.items else keywords


def _filled(items: Sequence[str], indent: int) -> list[str]:
    """Return items in lines that are as full as possible."""
    lines = [""]
    for item in items:
        if lines[-1] and len(lines[-1]) + len(item) + 2 > WIDTH - indent:
            lines.append("")
        lines[-1] += f" {item}," if lines[-1] else f"{item},"
    return [" " * indent + line for line in lines]


def _enum(name: str, values: Sequence[str]) -> list[str]:
    line = f"{name}: TypeAlias = Literal[{', '.join(literal(value) for value in values)}] | str"
    if len(line) <= WIDTH:
        return [line]
    return [
        f"{name}: TypeAlias = (",
        "    Literal[",
        *(f"        {literal(value)}," for value in values),
        "    ]",
        "    | str",
        ")",
    ]


def _field_name(attribute: Attribute) -> str:
    """Return the sentence that names a field whose name in the API cannot be derived from that of the attribute."""
    first, *others = attribute.name.split("_")
    derived = first + "".join(word[:1].upper() + word[1:] for word in others)
    return "" if derived == attribute.field.wire else f"Field name: {printable(attribute.field.wire)}."


def _stub_class(one: ClassPlan, module: Module, *, named: bool) -> list[str]:
    base = _bind(_base(one), module)
    if one.kind is not None and one.kind.items:
        base = f"{base}[{local(one.kind.items, module)}]"
    fields = [(attribute, field_source(attribute.field, module)) for attribute in one.attributes]
    lines = [f"class {one.name}({base}):", *docstring(one.struct.description, "    ")]
    for attribute, texts in fields:
        overrides = one.kind is not None and not one.kind.items and attribute.name == "metadata"
        ignore = _OTHER_METADATA if overrides and not texts.static.endswith("ObjectMeta") else ""
        lines += fold(f"    {attribute.name}: {texts.static} = ...")
        lines[-1] += ignore
        default = f"Default: {attribute.field.default}." if attribute.field.default else ""
        parts = (_field_name(attribute) if named else "", attribute.field.description, default)
        lines += docstring(" ".join(part for part in parts if part), "    ")
    lines += [f"    def draft(self) -> {one.name}.Draft: ...", "", f"    class Draft(_Draft[{one.name}]):"]
    for attribute, texts in fields:
        lines += fold(f"        {attribute.name}: {texts.draft}")
    return lines if fields else [*lines[:-1], lines[-1] + " ..."]
