"""kubeloop's own generated files: models, their index, clients and informers, from `schema/*.json`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from kubeloop.codegen.accessors import emit_clients, emit_groups
from kubeloop.codegen.field_numbers import emit_field_numbers
from kubeloop.codegen.generated_files import origin_line
from kubeloop.codegen.informers import emit_group_informers, emit_informers, watchable
from kubeloop.codegen.model_files import emit_models, emit_stub
from kubeloop.codegen.patch_keys import emit_patch_keys
from kubeloop.codegen.schema import Module, load_directory
from kubeloop.codegen.source_text import literal
from kubeloop.codegen.target import Target

__all__ = ["OWNED", "generate"]

OWNED = ("models", "models/field_numbers", "clients/groups", "cache/informers")
"""The folders of kubeloop with generated files."""

_COMMAND = "python -m kubeloop.codegen generate"


def generate(schema: Path) -> dict[str, str]:
    """Return all generated files of kubeloop by their paths relative to the package.

    Args:
        schema: The folder with the files of the neutral form.

    Raises:
        SchemaError: A file does not have the form. The message names it.
    """
    modules = load_directory(schema)
    contents = {name: (schema / f"{name}.json").read_bytes() for name in modules}
    everything = origin_line(_COMMAND, contents.values(), "schema/*.json")

    def origin(module: Module) -> str:
        return origin_line(_COMMAND, [contents[module.name]], f"schema/{module.name}.json")

    target = Target("kubeloop.models", origin)
    files: dict[str, str] = {}
    for module in modules.values():
        files[f"models/{module.name}.py"] = emit_models(module, target)
        files[f"models/{module.name}.pyi"] = emit_stub(module, target)
        files[f"models/field_numbers/{module.name}.py"] = emit_field_numbers(module, origin(module))
        if module.resources:
            files[f"clients/groups/{module.name}.py"] = emit_clients(module, target)
        if watchable(module):
            files[f"cache/informers/{module.name}.py"] = emit_informers(module, target)
    files["models/kind_index.py"] = emit_index(modules, everything)
    files["models/patch_keys.py"] = emit_patch_keys(modules.values(), everything)
    files["clients/groups/__init__.py"] = emit_groups(modules.values(), everything)
    files["cache/informers/__init__.py"] = emit_group_informers(modules.values(), everything)
    return files


def emit_index(modules: Mapping[str, Module], origin: str) -> str:
    """Return the text of `models/kind_index.py`, which names the module of each kind without importing it."""
    lines = [
        origin,
        '"""The modules of models, and the module of each kind, so that decoding imports only the module it needs."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
        "",
        f"MODULES: Final = {_listing(modules)}",
        '"""The names of the modules of models, in alphabetical order."""',
        "",
        "KINDS: Final[dict[tuple[str, str], str]] = {",
    ]
    owners: dict[tuple[str, str], str] = {}
    for module in modules.values():
        for kind in module.kinds.values():
            owners.setdefault((kind.api_version, kind.kind), module.name)
    lines += [
        f"    ({literal(version)}, {literal(kind)}): {literal(name)},"
        for (version, kind), name in sorted(owners.items())
    ]
    return "\n".join([*lines, "}", '"""The name of the module of each kind, by apiVersion and kind."""', ""])


def _listing(names: Iterable[str]) -> str:
    return "\n".join(["(", *(f"    {literal(name)}," for name in names), ")"])
