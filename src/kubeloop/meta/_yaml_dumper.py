"""PyYAML's emitter, with the rules of Go's writer for which text is quoted.

Reference: sigs.k8s.io/yaml v1.6.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, cast

import yaml

from kubeloop.meta._yaml_scalars import PREFIX, STR, resolve, tag_of

__all__ = ["GoDumper", "plain_data"]

_OTHER_BREAKS = re.compile("[\x85\u2028\u2029]")
# Text that other readers of YAML 1.1 do not read as text, and that is therefore quoted.
_QUOTE = re.compile(
    r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"  # base 60
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*"  # dates and times
    r"|[-+]?[0-9.][0-9_.eE+-]*"  # versions and the like, to be on the safe side
    r"|=|<<",
    re.ASCII,
)

# Untyped, because PyYAML has its C classes only if it was built with libyaml.
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def plain_data(value: Any) -> Any:
    """Return a copy of a value, of the types that the dumper writes: dict, list and scalars."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | str):
        return int(value) if isinstance(value, int) else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError("NaN and infinity have no place in JSON")
        return value
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        for key in entries:
            if not isinstance(key, str):
                raise TypeError(f"a key must be text, not {type(key).__name__}")
        return {key: plain_data(item) for key, item in entries.items()}
    if isinstance(value, list | tuple):
        return [plain_data(item) for item in cast("list[Any]", value)]
    raise TypeError(f"cannot write {type(value).__name__} as YAML")


class GoDumper(_Dumper):  # type: ignore[misc]  # its base is chosen at run time
    """PyYAML's emitter, which learns here which text needs no quotes."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        if kind is not yaml.ScalarNode:
            return PREFIX + ("map" if kind is yaml.MappingNode else "seq")
        if not implicit[0]:
            return STR
        if isinstance(resolve(value), str):
            return "plain" if _QUOTE.fullmatch(value) else STR
        return tag_of(resolve(value))

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _represent_str(dumper: Any, value: str) -> yaml.Node:
    # libyaml quotes the other line breaks by itself.
    style = '"' if _OTHER_BREAKS.search(value) else "|" if "\n" in value else None
    node: yaml.Node = dumper.represent_scalar(STR, value, style=style)
    return node


def _represent_number(dumper: Any, value: float) -> yaml.Node:
    text = repr(value)
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")  # YAML 1.1 knows no float without a point
    # With the tag that readers will find, so that none is written: 2**64 is read as a float.
    node: yaml.Node = dumper.represent_scalar(tag_of(resolve(text)), text)
    return node


GoDumper.add_representer(str, _represent_str)
GoDumper.add_representer(int, _represent_number)
GoDumper.add_representer(float, _represent_number)
