"""Drafts of lists and maps of lists and maps, to any depth: what is changed at the bottom arrives, and nothing else."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from kubeloop.objects.model import MAP, SEQ, Map, Model, Seq
from kubeloop.wire.plain_values import to_data


class Cell(Model):
    x: int = 0
    note: str = ""


class Sheet(Model):
    ll: Seq[Seq[Cell]] = SEQ
    ml: Map[Seq[Cell]] = MAP
    lm: Seq[Map[Cell]] = SEQ
    mm: Map[Map[Cell]] = MAP
    lml: Seq[Map[Seq[Cell]]] = SEQ
    mlm: Map[Seq[Map[Cell]]] = MAP
    llll: Seq[Seq[Seq[Seq[Cell]]]] = SEQ
    numbers: Map[Seq[Seq[int]]] = MAP


DEPTHS = {name: name for name in ("ll", "ml", "lm", "mm", "lml", "mlm", "llll")} | {"numbers": "mll"}


def _leaf(chance: random.Random, name: str) -> Any:
    return chance.randrange(1, 100) if name == "numbers" else {"x": chance.randrange(1, 100)}


def _filled(chance: random.Random, name: str, kinds: str) -> Any:
    if not kinds:
        return _leaf(chance, name)
    items = [_filled(chance, name, kinds[1:]) for _ in range(chance.randrange(1, 4))]
    return items if kinds[0] == "l" else {f"k{number}": item for number, item in enumerate(items)}


def _way(chance: random.Random, data: Any, kinds: str) -> list[Any]:
    """Return the keys to a random item at the bottom."""
    keys: list[Any] = []
    for kind in kinds:
        keys.append(chance.randrange(len(data)) if kind == "l" else chance.choice(sorted(data)))
        data = data[keys[-1]]
    return keys


def _at(value: Any, keys: list[Any]) -> Any:
    for key in keys:
        value = value[key]
    return value


def _change(chance: random.Random, view: Any, data: Any, name: str, kinds: str) -> None:
    """Apply one random change to a field of a draft, and the same change to plain data."""
    keys = _way(chance, data, kinds)
    leaf = _leaf(chance, name)
    match chance.randrange(5):
        case 0 if name != "numbers":
            _at(view, keys).x = leaf["x"]
            _at(data, keys)["x"] = leaf["x"]
        case 1 if kinds[-1] == "l":
            _at(view, keys[:-1]).append(Cell(**leaf) if name != "numbers" else leaf)
            _at(data, keys[:-1]).append(leaf)
        case 2:  # a whole subtree, as plain data
            depth = chance.randrange(len(keys))
            part = _filled(chance, name, kinds[depth + 1 :])
            _at(view, keys[:depth])[keys[depth]] = copy.deepcopy(part)
            _at(data, keys[:depth])[keys[depth]] = part
        case 3 if len(_at(data, keys[:-1])) > 1:
            del _at(view, keys[:-1])[keys[-1]]
            del _at(data, keys[:-1])[keys[-1]]
        case _:
            _at(view, keys[:-1])[keys[-1]] = leaf
            _at(data, keys[:-1])[keys[-1]] = leaf


@pytest.mark.parametrize("seed", range(50))
def test_changes_at_any_depth_arrive_as_they_do_in_plain_data(seed: int) -> None:
    chance = random.Random(seed)
    data = {name: _filled(chance, name, kinds) for name, kinds in DEPTHS.items()}
    before = Sheet.from_dict(data)
    unchanged = copy.deepcopy(data)
    draft: Any = before.draft()
    for _ in range(20):
        name = chance.choice(sorted(DEPTHS))
        _change(chance, getattr(draft, name), data[name], name, DEPTHS[name])
    assert draft.to_dict() == data
    change = draft.finish()
    assert to_data(change.after) == data
    assert change.after == Sheet.from_dict(data)
    assert to_data(before) == unchanged, "the object that the draft was made from never changes"
    assert {name for name in DEPTHS if unchanged[name] != data[name]} == change.merge_patch().keys()


@pytest.mark.parametrize("seed", range(20))
def test_reading_at_any_depth_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)
    data = {name: _filled(chance, name, kinds) for name, kinds in DEPTHS.items()}
    before = Sheet.from_dict(data)
    draft: Any = before.draft()
    for name, kinds in DEPTHS.items():
        for _ in range(5):
            _at(getattr(draft, name), _way(chance, data[name], kinds))
    assert draft.finish().after is before


@pytest.mark.parametrize(("name", "keys"), [("ll", [0, 0]), ("mlm", ["k0", 0, "k0"]), ("llll", [0, 0, 0, 0])])
def test_a_wrong_value_at_the_bottom_is_refused_with_its_path(name: str, keys: list[Any]) -> None:
    before = Sheet.from_dict({name: _filled(random.Random(1), name, DEPTHS[name])})
    view = getattr(before.draft(), name)
    with pytest.raises(TypeError, match=name):
        _at(view, keys[:-1])[keys[-1]] = 5
    with pytest.raises(TypeError, match="Cell"):
        _at(view, keys).x = "five"
