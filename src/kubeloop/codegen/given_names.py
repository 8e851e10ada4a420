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

from kubeloop.codegen.schema import SchemaError, identifier

__all__ = ["FILE", "GivenNames", "ModuleRecord", "names_text", "read_names"]

FILE = "names.json"
"""The name of the file in the folder of the package."""


class ModuleRecord(msgspec.Struct, frozen=True):
    """The names in the modules of one group version.

    Attributes:
        module: The name of its modules.
        classes: The place of each class, as the path of JSON names from its kind; one of them if it has several.
        enums: The same for the known values of texts.
        attributes: For each class, the attributes by field name.
        resources: For each resource (its plural), the class of its client and the accessor.
    """

    module: str = ""
    classes: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    enums: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    attributes: dict[str, dict[str, str]] = msgspec.field(default_factory=dict[str, dict[str, str]])
    resources: dict[str, tuple[str, str]] = msgspec.field(default_factory=dict[str, tuple[str, str]])

    def check(self) -> None:
        """Refuse a name that cannot stand in Python source: the file can be edited, and names become code."""
        pairs = (name for names in self.attributes.values() for name in names.values())
        clients = (name for names in self.resources.values() for name in names)
        for name in (self.module, *self.classes, *self.enums, *self.attributes, *pairs, *clients):
            identifier(name, "name")


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
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, SchemaError) as error:
        raise SchemaError(f"{path}: not a file of names: {error}; delete it to choose new names") from None
    return GivenNames(records)


def names_text(records: Mapping[str, ModuleRecord]) -> str:
    """Return the text of the file, sorted, so that its changes can be reviewed."""
    data: dict[str, Any] = msgspec.to_builtins(dict(sorted(records.items())))
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=True) + "\n"
