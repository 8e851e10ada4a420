"""`diff`: what differs between two objects of any form, by the fields of their kind.

The smallest patch between two versions of one object is in `objects.change`; here two objects are compared for people.
Items of lists are matched by the merge keys of the kind, as `kubectl apply` does.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cache
from typing import Any

from kubeloop._kit.text import MASK
from kubeloop._kit.value import Value
from kubeloop.objects.compare_data import NAMES
from kubeloop.objects.draft import Draft
from kubeloop.objects.equality import same
from kubeloop.objects.model import Model
from kubeloop.objects.reflection import Field, Shape, fields_of
from kubeloop.objects.type_guards import class_of, is_dict, is_list
from kubeloop.scheme import Scheme
from kubeloop.unstructured import Unstructured, UnstructuredDraft
from kubeloop.wire.difference import Difference, DifferenceKind, Differences
from kubeloop.wire.patches.merge_rules import FieldRule, MergeRules
from kubeloop.wire.patches.patch_errors import PatchFailed
from kubeloop.wire.plain_values import to_data

__all__ = ["diff"]

_UNTOLD = ("metadata.managedFields",)
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_$-]+")
_POSITIONS = re.compile(r"\[[^\[\]]*\]")
_SCHEME = Scheme()
_ABSENT: Any = object()


def diff(old: object, new: object, *, ignore: Iterable[str] = _UNTOLD) -> Differences:
    """Return what differs between two objects, in words.

        print(kubeloop.diff(before, after))

        spec.replicas: changed from 1 to 3
        spec.template.spec.containers[name=web].image: changed from "nginx:1.27" to "nginx:1.28"
        metadata.labels.tier: added "front"

    The objects may have different forms, for instance a manifest and what the server returned. A field that is null is
    absent. Values of secret fields, such as the data of a Secret, are never part of the result.

    Args:
        old: A model, a draft, an `Unstructured`, or a mapping with the API's field names.
        new: The same, of any of these forms.
        ignore: The paths that are not compared, with everything below them, and without the parts in brackets:
            `"metadata.resourceVersion"`, `"status"`, `"spec.template.spec.containers.image"`.

    Returns:
        The differences in the order of the fields. Two objects of different kinds differ in `kind`, too.

    Raises:
        TypeError: An argument has none of these forms.
        EncodeError: A mapping contains a value that has no JSON form.
    """
    found = _Comparison(frozenset(ignore))
    try:
        before, model = _read(old)
        after, other = _read(new)
        places = [_Place(Shape("object", each, model=each)) for each in (model, other) if each is not None]
        found.compare(before, after, "", _Place.of_all(places or [_Place(None)]))
    except RecursionError:
        raise ValueError("diff: the objects are nested too deeply") from None
    return Differences(found.differences)


def _read(obj: Any) -> tuple[Any, Any]:
    """Return the JSON value of an object, and its class or None."""
    if isinstance(obj, Draft):
        finished: Any = obj.finish()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        obj = finished.after
    if isinstance(obj, Model):
        cls = class_of(obj)
        return _without_nulls(to_data(obj)), cls.__plain__ or cls
    if not isinstance(obj, (Mapping, Unstructured, UnstructuredDraft)):
        raise TypeError(f"diff: expected a model, a draft, an Unstructured or a mapping, got {type(obj).__name__}")
    data = _without_nulls(to_data(obj))
    return data, _class_of(data)


def _without_nulls(value: Any) -> Any:
    """Return a JSON value without the members of objects that are null."""
    if is_dict(value):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if is_list(value) else value


def _class_of(data: Any) -> Any:
    """Return the class of a JSON value that says its kind, else None."""
    if not is_dict(data):
        return None
    api_version, kind = data.get("apiVersion"), data.get("kind")
    if kind in ("Secret", "SecretList") and not (isinstance(api_version, str) and "/" in api_version):
        api_version = "v1"  # whatever is wrong with it, the data is secret
    return _SCHEME.lookup(api_version, kind) if isinstance(api_version, str) and isinstance(kind, str) else None


class _Place(Value, frozen=True):
    """What is known of a place of an object.

    Attributes:
        shape: The shape of its values; None if it is not known.
        rule: How a list is merged.
        is_secret: Whether its values are secret.
        others: What else the place is, if the two values are of different kinds: what is secret in one of them is not
            shown of the other either.
    """

    shape: Shape | None
    rule: FieldRule = FieldRule()
    is_secret: bool = False
    others: tuple[_Place, ...] = ()

    @classmethod
    def of_all(cls, places: Iterable[_Place]) -> _Place:
        """Return one place for values of different kinds; the first one says how they are compared."""
        first, *others = dict.fromkeys(places)
        return first.replace(others=tuple(others), is_secret=any(each.is_secret for each in (first, *others)))

    def member(self, name: str, *values: Any) -> _Place:
        """Return the place of a member of an object or a map, which has these values or is absent."""
        return self._within(lambda place, value: place._member(name, value), values)

    def item(self, *values: Any) -> _Place:
        """Return the place of an item of a list, which has these values or is absent."""
        return self._within(lambda place, value: place._item(value), values)

    def _within(self, inner: Callable[[_Place, Any], _Place], values: Iterable[Any]) -> _Place:
        present = [value for value in values if value is not _ABSENT]
        found = [inner(place, value) for place in (self, *self.others) for value in present]
        return found[0] if len(found) == 1 else _Place.of_all(found)

    def _member(self, name: str, value: Any) -> _Place:
        shape, is_secret = self.shape, self.is_secret or name == _LAST_APPLIED
        if shape is not None and shape.category == "object":
            field = _fields(shape.model).get(name)
            if field is None:  # a member that the class does not know
                is_secret = is_secret or (bool(shape.model.__secret__) and name not in _HEAD)
                return _Place(_shape_of(value), is_secret=is_secret)
            known = _shape_of(value) if field.category == "any" else field.shape
            return _Place(known, _rule(shape.model, name), is_secret or field.secret)
        return _Place(self._shape_within(value), is_secret=is_secret)

    def _item(self, value: Any) -> _Place:
        return _Place(self._shape_within(value), is_secret=self.is_secret)

    def _shape_within(self, value: Any) -> Shape | None:
        inner = None if self.shape is None else self.shape.item
        return _shape_of(value) if inner is None or inner.category == "any" else inner


class _Comparison:
    """Walks through two JSON values and collects the differences."""

    def __init__(self, ignored: frozenset[str]) -> None:
        self._ignored = ignored
        self.differences: list[Difference] = []

    def compare(self, old: Any, new: Any, path: str, place: _Place) -> None:
        if same(old, new) or self._is_ignored(path):
            return
        if is_dict(old) and is_dict(new):
            for name in dict.fromkeys((*old, *new)):
                before, after = old.get(name, _ABSENT), new.get(name, _ABSENT)
                self.compare(before, after, _below(path, name), place.member(name, after, before))
        elif is_list(old) and is_list(new) and not place.is_secret:
            self._compare_lists(old, new, path, place)
        elif old is _ABSENT:
            self._add("added", None, new, path, place)
        elif new is _ABSENT:
            self._add("removed", old, None, path, place)
        else:
            self._add("changed", old, new, path, place)

    def _compare_lists(self, old: list[Any], new: list[Any], path: str, place: _Place) -> None:
        if place.rule.strategy == "merge" and not place.rule.merge_key:
            self._compare_sets(old, new, path, place)
            return
        key = _key_of(old, new, place.rule.merge_key)
        if key is None:
            self._compare_in_order(old, new, path, place)
            return
        before, after = ({each[key]: each for each in items} for items in (old, new))
        for name in dict.fromkeys((*before, *after)):
            at = f"{path}[{key}={name}]"
            one, other = before.get(name, _ABSENT), after.get(name, _ABSENT)
            self.compare(one, other, at, place.item(other, one))
        kept_before, kept_after = [name for name in before if name in after], [name for name in after if name in before]
        if kept_before != kept_after:
            self.differences.append(Difference(path, "reordered", kept_before, kept_after))

    def _compare_sets(self, old: list[Any], new: list[Any], path: str, place: _Place) -> None:
        before, after = ({_sorted_text(each): each for each in items} for items in (old, new))
        for text, value in before.items():
            if text not in after:
                self._add("removed", value, None, path, place.item(value))
        for text, value in after.items():
            if text not in before:
                self._add("added", None, value, path, place.item(value))

    def _compare_in_order(self, old: list[Any], new: list[Any], path: str, place: _Place) -> None:
        before, after = [_sorted_text(each) for each in old], [_sorted_text(each) for each in new]
        for tag, begin, end, start, stop in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if tag == "equal":
                continue
            both = min(end - begin, stop - start)
            for n in range(both):
                inner = place.item(new[start + n], old[begin + n])
                self.compare(old[begin + n], new[start + n], f"{path}[{start + n}]", inner)
            for n in range(begin + both, end):
                self._add("removed", old[n], None, f"{path}[{n}]", place.item(old[n]))
            for n in range(start + both, stop):
                self._add("added", None, new[n], f"{path}[{n}]", place.item(new[n]))

    def _add(self, kind: DifferenceKind, old: Any, new: Any, path: str, place: _Place) -> None:
        if self._is_ignored(path):
            return
        before, after = (None if each is None else _masked(each, place) for each in (old, new))
        self.differences.append(Difference(path, kind, before, after, place.is_secret))

    def _is_ignored(self, path: str) -> bool:
        return path in self._ignored or _POSITIONS.sub("", path) in self._ignored


_HEAD = frozenset({"apiVersion", "kind"})


def _masked(value: Any, place: _Place) -> Any:
    """Return a JSON value with masks in place of its secret parts."""
    if place.is_secret:
        return MASK
    if is_dict(value):
        return {name: _masked(each, place.member(name, each)) for name, each in value.items()}
    if is_list(value):
        return [_masked(each, place.item(each)) for each in value]
    return value


def _key_of(old: list[Any], new: list[Any], merge_key: str) -> str | None:
    """Return the member that names the items of both lists, None if there is none."""
    keys = (merge_key,) if merge_key else NAMES
    return next((key for key in keys if _names_items(old, key) and _names_items(new, key)), None)


def _names_items(items: list[Any], key: str) -> bool:
    names = set[Hashable]()
    for each in items:
        name = each.get(key) if is_dict(each) else None
        if not isinstance(name, (str, int)) or name in names:
            return False
        names.add(name)
    return True


def _sorted_text(value: Any) -> str:
    """Return a text that is the same for objects whose members differ only in their order."""
    return json.dumps(value, sort_keys=True)


def _below(path: str, name: str) -> str:
    if not _PLAIN_NAME.fullmatch(name):
        return f'{path}["{name}"]'
    return f"{path}.{name}" if path else name


def _shape_of(value: Any) -> Shape | None:
    """Return the shape of an object that says its kind within an object of free form, else None."""
    model = _class_of(value)
    return None if model is None else Shape("object", model, model=model)


@cache
def _fields(model: Any) -> Mapping[str, Field]:
    return {field.wire: field for field in fields_of(model).values()}


def _rule(model: Any, name: str) -> FieldRule:
    try:
        return _rules(model).list_field(name)[0]
    except PatchFailed:  # no list
        return FieldRule()


@cache
def _rules(model: Any) -> MergeRules:
    return MergeRules(model.__name__, model)
