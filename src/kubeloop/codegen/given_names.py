"""The Python names that a package has given: the file `names.json` beside the modules, which the next run reads.

A name is kept as long as the class, field or resource that has it exists, so that a definition that grows changes no
name that programs use. Delete the file to choose new names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from kubeloop.codegen.python_names import type_name
from kubeloop.codegen.schema import SchemaError, identifier

__all__ = ["FILE", "PLACES", "GivenNames", "ModuleRecord", "names_text", "read_names"]

FILE = "names.json"
"""The name of the file in the folder of the package."""

PLACES = 8
"""How many places of a class are recorded. A class keeps its name while a definition has one of them."""


@dataclass(frozen=True, slots=True)
class ModuleRecord:
    """The names in the modules of one group version.

    Attributes:
        module: The name of its modules.
        classes: The places of each class, as paths of field names from a kind, the shortest first (`PLACES` at most).
        enums: The same for the known values of texts.
        attributes: For each class, the attributes by field name.
        resources: The class and the accessor of each resource (`fleets`) and subresource (`fleets/scale`).
    """

    module: str = ""
    classes: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    enums: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    attributes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    resources: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    def check(self) -> None:
        """Refuse names that cannot stand in Python source or are given twice: people edit the file and merge it.

        Raises:
            SchemaError: The message contains the name.
        """
        identifier(self.module, "module")
        types = [*self.classes, *self.enums]
        for name in types:
            if type_name(identifier(name, "class")) != name:
                raise SchemaError(f"generated modules cannot have a class {name}")
        _refuse_twice(self.module, types)
        for owner, attributes in self.attributes.items():
            for name in attributes.values():
                identifier(name, "attribute")
            _refuse_twice(owner, attributes.values())
        clients = [identifier(cls, "class") for cls, _ in self.resources.values()]
        _refuse_twice(self.module, clients)
        for resource, (_, accessor) in self.resources.items():
            identifier(accessor, f"accessor of {resource!a}")
        _refuse_twice(self.module, [accessor for key, (_, accessor) in self.resources.items() if "/" not in key])


@dataclass(frozen=True, slots=True)
class GivenNames:
    """The names that an earlier run gave, by group version; empty for a new package."""

    records: Mapping[str, ModuleRecord] = field(default_factory=dict[str, ModuleRecord])

    def record(self, api_version: str) -> ModuleRecord:
        """Return the names of a group version; an empty record if it is new."""
        return self.records.get(api_version) or ModuleRecord()

    def modules(self) -> Iterable[str]:
        """Return the names of the modules."""
        return [record.module for record in self.records.values()]


def read_names(folder: Path) -> GivenNames:
    """Read the names that an earlier run gave to a package.

    Raises:
        SchemaError: The file is not what `names_text` writes; it names the file.
    """
    path = folder / FILE
    if not path.exists():
        return GivenNames()
    try:
        records = msgspec.json.decode(path.read_bytes(), type=dict[str, ModuleRecord])
        for record in records.values():
            record.check()
        _refuse_twice("the package", [record.module for record in records.values()])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, SchemaError) as error:
        raise SchemaError(f"{path}: not a file of names: {error}; delete it to choose new names") from None
    return GivenNames(records)


def _refuse_twice(owner: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SchemaError(f"the name {name} is given twice in {owner}")
        seen.add(name)


def names_text(records: Mapping[str, ModuleRecord]) -> str:
    """Return the text of the file, sorted, so that its changes can be reviewed."""
    data: dict[str, Any] = msgspec.to_builtins(dict(sorted(records.items())))
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=True) + "\n"
