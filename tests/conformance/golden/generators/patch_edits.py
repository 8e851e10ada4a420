"""Documents changed at random, and random strategic merge patches for a document."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from kubeloop.models.patch_keys import PATCH_KEYS
from kubeloop.objects.reflection import Shape, fields_of

from .patch_objects import KEYS, value_of

__all__ = ["directed", "edited"]


def edited(random: Random, value: Any) -> Any:
    """Return a document with some fields removed, changed and exchanged, and some lists in another order."""
    if isinstance(value, dict):
        found = {}
        for name, each in value.items():
            if random.random() < (0.002 if name in KEYS else 0.06) and name not in ("apiVersion", "kind"):
                continue
            found[name] = edited(random, each)
        return found
    if isinstance(value, list):
        items = [edited(random, each) for each in value if random.random() > 0.12]
        if items and random.random() < 0.15:
            random.shuffle(items)
        if items and random.random() < 0.15:
            items.insert(random.randint(0, len(items)), _renamed(random, copy.deepcopy(random.choice(items))))
        return items
    if random.random() < 0.06:
        return random.choice(["a", "b", "e"]) if isinstance(value, str) else random.choice([1, 4])
    return value


def _renamed(random: Random, item: Any) -> Any:
    if isinstance(item, dict):
        for name in item:
            if isinstance(item[name], str):
                item[name] = random.choice(["f", "g", "a"])
        return item
    return random.choice(["f", "g"]) if isinstance(item, str) else item


def directed(random: Random, before: dict[str, Any], model: Any) -> dict[str, Any]:
    """Return a strategic merge patch, with directives where they have a meaning and sometimes elsewhere."""
    keys = _keys_of(model)
    patch: dict[str, Any] = {}
    for field in fields_of(model).values():
        name, shape = field.wire, field.shape
        if name not in before:
            if random.random() < 0.04 and shape.category != "any":
                patch[name] = value_of(random, shape, 2)
            continue
        now = before[name]
        if random.random() < 0.05:
            patch[name] = None
        elif isinstance(now, dict) and shape.model is not None and shape.category == "object":
            if random.random() < 0.8:
                patch[name] = directed(random, now, shape.model)
        elif isinstance(now, list) and random.random() < 0.8:
            patch.update(_list_patch(random, name, now, shape, keys.get(name)))
        elif random.random() < 0.3 and shape.category != "any":
            patch[name] = value_of(random, shape, 2)
        elif random.random() < 0.1:
            patch[name] = copy.deepcopy(now)
    if random.random() < 0.04:
        patch["$patch"] = random.choice(["replace", "replace", "delete", "merge", 1])
    if random.random() < 0.05:
        patch["$retainKeys"] = sorted({*patch, *random.sample(sorted(before), len(before) // 2)} - {"$patch"})
        if random.random() < 0.2 and patch["$retainKeys"]:
            patch["$retainKeys"].pop()
    return patch


def _keys_of(model: Any) -> dict[str, str]:
    module = model.__module__.removeprefix("kubeloop.models.")
    text = PATCH_KEYS.get(f"{module}.{model.__name__}", "")
    return {part.partition("=")[0]: part.partition(":")[2] for part in text.split()}


def _list_patch(random: Random, name: str, now: list[Any], shape: Shape, key: str | None) -> dict[str, Any]:
    """Return the patch of one list; `key` is None for a list that is replaced and `""` for one of scalars."""
    assert shape.item is not None
    patch: dict[str, Any] = {}
    fresh = value_of(random, shape, 2)
    if key is None:
        patch[name] = fresh
        if random.random() < 0.03:
            patch[f"$setElementOrder/{name}"] = copy.deepcopy(now)
        return patch
    items = _items_patch(random, now, fresh, shape.item, key)
    if random.random() < 0.85:
        patch[name] = items
    if random.random() < 0.4:
        patch[f"$setElementOrder/{name}"] = _order(random, now, patch.get(name, []), key)
    if (random.random() < 0.4 and not key) or random.random() < 0.03:
        patch[f"$deleteFromPrimitiveList/{name}"] = random.sample(now, random.randint(0, len(now)))
    return patch


def _items_patch(random: Random, now: list[Any], fresh: list[Any], shape: Shape, key: str) -> list[Any]:
    if not key:
        return random.sample(now, random.randint(0, len(now))) + fresh
    items: list[Any] = []
    for item in random.sample(now, random.randint(0, len(now))):
        if not isinstance(item, dict) or key not in item:
            continue
        if random.random() < 0.2:
            items.append({"$patch": "delete", key: item[key]})
        elif shape.model is not None:
            items.append({**directed(random, item, shape.model), key: item[key]})
    items += fresh if random.random() < 0.5 else []
    if random.random() < 0.05:
        items.insert(random.randint(0, len(items)), {"$patch": random.choice(["replace", "merge", "x"])})
    return items


def _order(random: Random, now: list[Any], items: list[Any], key: str) -> list[Any]:
    """Return the order of a list: mostly one that fits the items of the patch."""
    found = [item for item in items if not (isinstance(item, dict) and "$patch" in item)]
    place = 0
    for item in now:
        if item not in found and random.random() < 0.7:
            place = random.randint(0, len(found))
            found.insert(place, item)
    if random.random() < 0.08:
        random.shuffle(found)
    if key:
        found = [{key: item[key]} for item in found if isinstance(item, dict) and key in item]
    return found if random.random() < 0.96 else []
