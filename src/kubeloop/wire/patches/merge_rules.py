"""How a strategic merge patch merges the fields of a kind: the types of the models with the generated patch keys."""

from __future__ import annotations

from functools import cache
from typing import Any

from kubeloop._kit.value import Value
from kubeloop.models.patch_keys import PATCH_KEYS
from kubeloop.objects.reflection import Shape, fields_of
from kubeloop.scheme import Scheme
from kubeloop.wire.go_text import quoted
from kubeloop.wire.patches.patch_errors import PatchFailed

__all__ = ["FieldRule", "MergeRules", "rules_for"]

_MODELS = "kubeloop.models."


class FieldRule(Value, frozen=True):
    """How one field is merged.

    Attributes:
        strategy: `merge`, `replace`, or `""` for the default: objects are merged, and lists are replaced.
        merge_key: The field that identifies an item of a list; `""` for a list of scalars.
        retain_keys: A patch of the object, or of each item, names the fields that remain.
    """

    strategy: str = ""
    merge_key: str = ""
    retain_keys: bool = False


class MergeRules:
    """The rules for the fields of one type (strategicpatch.PatchMetaFromStruct).

    The rules of an inner type are found when they are first used.

    Attributes:
        name: The name of the Go type, or of its kind if it is no struct.
    """

    __slots__ = ("_folded", "_rules", "_shapes", "name")

    def __init__(self, name: str, model: Any = None) -> None:
        self.name = name
        self._shapes: dict[str, Shape] = {}
        self._rules: dict[str, FieldRule] = {}
        self._folded: dict[str, str] | None = None
        if model is not None:
            self._shapes = {field.wire: field.shape for field in fields_of(model).values()}
            self._rules = _field_rules(f"{model.__module__.removeprefix(_MODELS)}.{model.__name__}")

    def object_field(self, name: str) -> tuple[FieldRule, MergeRules]:
        """Return the rule of a field whose values are objects, and the rules for the fields of these objects.

        Raises:
            PatchFailed: The type has no such field, or is a map.
        """
        name, shape = self._find(name)
        return self._rules.get(name, _DEFAULT), _rules_within(shape)

    def list_field(self, name: str) -> tuple[FieldRule, MergeRules]:
        """Return the rule of a field whose values are lists, and the rules for the fields of their items.

        Raises:
            PatchFailed: The type has no such field, or the field is not a list.
        """
        name, shape = self._find(name)
        if shape.category not in ("objects", "list", "lazy"):
            raise PatchFailed("expected slice or array type, but got: struct")
        assert shape.item is not None
        return self._rules.get(name, _DEFAULT), _rules_within(shape.item)

    def _find(self, name: str) -> tuple[str, Shape]:
        """Return the field's own name and its shape. As Go, accept a name that differs in case only."""
        found = self._shapes.get(name)
        if found is not None:
            return name, found
        if not self._shapes and self.name in _KINDS:
            raise PatchFailed(f"merging an object in json but data type is not struct, instead is: {self.name}")
        if self._folded is None:
            self._folded = {each.casefold(): each for each in reversed(self._shapes)}
        own = self._folded.get(name.casefold())
        if own is None:
            raise PatchFailed(f"unable to find api field in struct {self.name} for the json field {quoted(name)}")
        return own, self._shapes[own]


def rules_for(api_version: str, kind: str) -> MergeRules | None:
    """Return the rules of a built-in kind; None if the kind is unknown and so has no strategic merge patches."""
    model = _SCHEME.lookup(api_version, kind)
    return None if model is None else _rules_of(model)


_SCHEME = Scheme()
_DEFAULT = FieldRule()
_KINDS = frozenset({"map", "slice", "string"})


def _rules_within(shape: Shape) -> MergeRules:
    if shape.category == "object":
        return _rules_of(shape.model)
    if shape.category == "any":
        return _ANYTHING
    return _BY_CATEGORY.get(shape.category, _SCALAR)


@cache
def _rules_of(model: Any) -> MergeRules:
    model = model.__plain__ or model
    return MergeRules(model.__name__, model)


# Go holds free JSON in a struct without fields.
_ANYTHING = MergeRules("RawExtension")
_SCALAR = MergeRules("string")
_MAP, _LIST = MergeRules("map"), MergeRules("slice")
_BY_CATEGORY = {"map": _MAP, "object_map": _MAP, "list": _LIST, "objects": _LIST, "lazy": _LIST}


def _field_rules(name: str) -> dict[str, FieldRule]:
    found: dict[str, FieldRule] = {}
    for part in PATCH_KEYS.get(name, "").split():
        field, _, rest = part.partition("=")
        strategies, _, merge_key = rest.partition(":")
        names = strategies.split(",")
        strategy = next((each for each in names if each != "retainKeys"), "")
        found[field] = FieldRule(strategy, merge_key, "retainKeys" in names)
    return found
