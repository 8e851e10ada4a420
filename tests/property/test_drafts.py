"""Drafts own every level that they return: for random edits of randomly nested containers."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop import Unstructured
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.objects.model import BOOL, INT, MAP, NULLABLE, SEQ, STR, Kind, Map, Model, NullMap, NullSeq, Seq
from kubeloop.objects.reflection import Shape, fields_of
from kubeloop.wire import documents
from kubeloop.wire.patches.json_patch import apply_json_patch
from kubeloop.wire.patches.merge_patch import apply_merge_patch
from kubeloop.wire.serializers import json_objects

SEEDS = st.integers(0, 2**32)


class Leaf(Model):
    name: str = STR
    size: int = 0
    labels: Map[str] = MAP
    free: Any = None


class Holder(Model, rename={"free_form": "freeForm", "null_rows": "nullRows"}):
    free_form: Any = None
    rows: Seq[Seq[str]] = SEQ
    null_rows: NullSeq[Seq[int]] = SEQ
    pods: Seq[Map[Any]] = SEQ
    maps: NullMap[Map[str]] = MAP
    deep: Map[Seq[Map[Seq[int]]]] = MAP
    anys: Seq[Any] = SEQ
    leaves: Seq[Seq[Leaf]] = SEQ
    by_name: Map[Map[Leaf]] = MAP
    lists: Map[Seq[Leaf]] = MAP
    leaves_or_null: Seq[Leaf | None] = SEQ
    by_name_or_null: Map[Leaf | None] = MAP
    count: int = INT
    on: bool = BOOL
    off: bool = False
    text: str = ""
    leaf: Leaf = Leaf()
    pointer: Leaf | None = None
    level: int | None = NULLABLE
    maybe: Leaf | None = NULLABLE
    loose: Any = NULLABLE


class Thing(Kind, api_version="x.io/v1", kind="Thing", resource="things", namespaced=True):
    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
    spec: Holder = Holder()


def drawn(random: Random, shape: Shape, depth: int = 0) -> Any:
    """Draw a random JSON value of a schema."""
    category = shape.category
    if category == "object":
        fields = fields_of(shape.model).values()
        return {field.wire: drawn(random, field.shape, depth + 1) for field in fields if random.random() < 0.6}
    if shape.item is not None:
        values = [drawn_item(random, shape.item, depth + 1) for _ in range(random.choice([0, 1, 2, 3]))]
        return dict(zip("abc", values, strict=False)) if "map" in category else values
    if category == "any":
        kind = random.randrange(8 if depth < 6 else 6)
        if kind < 6:
            return random.choice([None, True, 1, 1.5, "x", 0])
        values = [drawn(random, shape, depth + 1) for _ in range(random.randrange(4))]
        return values if kind == 6 else dict(zip("abc", values, strict=False))
    return random.choice({str: ["", "x", "y"], int: [0, 1, 7], bool: [True, False]}[shape.accepts[0]])


def drawn_item(random: Random, shape: Shape, depth: int) -> Any:
    """Draw a random item of a list or map, null now and then where the schema allows null."""
    return None if shape.optional and random.random() < 0.3 else drawn(random, shape, depth)


def edit(random: Random, live: Any, wanted: Any, shape: Shape) -> None:
    """Change something at a random place, in the values of a draft and in plain data alike."""
    if shape.category == "object":
        field = random.choice(list(fields_of(shape.model).values()))
        known = wanted.get(field.wire)
        if isinstance(known, (dict, list)) and random.random() < 0.8:
            edit(random, getattr(live, field.name), known, field.shape)
        elif random.random() < 0.2:
            delattr(live, field.name)
            wanted.pop(field.wire, None)
        elif field.nullable and random.random() < 0.2:
            setattr(live, field.name, None)
            wanted[field.wire] = None
        elif (value := drawn(random, field.shape)) is not None:
            setattr(live, field.name, value)
            wanted[field.wire] = copy.deepcopy(value)
        return
    item = shape.item or shape
    keys = list(wanted) if isinstance(wanted, dict) else list(range(len(wanted)))
    key = random.choice(keys) if keys else None
    if key is not None and isinstance(wanted[key], (dict, list)) and random.random() < 0.8:
        edit(random, live[key], wanted[key], item)
        return
    kind = random.randrange(5)
    value = drawn_item(random, item, 3)
    if kind == 0 and key is not None:
        del live[key], wanted[key]
    elif kind == 1 and key is not None:
        live[key], wanted[key] = value, copy.deepcopy(value)
    elif isinstance(wanted, dict):
        new = random.choice("abcd")
        if kind == 2:
            held = live.setdefault(new, value)
            mine = wanted.setdefault(new, copy.deepcopy(value))
            if isinstance(mine, (dict, list)) and mine:
                edit(random, held, mine, item)
        elif kind == 3:
            live.update({new: value})
            wanted[new] = copy.deepcopy(value)
        else:
            live |= {new: value}
            wanted[new] = copy.deepcopy(value)
    else:
        at = random.randrange(len(wanted) + 1)
        if kind == 2:
            live += [value]
            wanted += [copy.deepcopy(value)]
        elif kind == 3:
            live.extend([value])
            wanted.append(copy.deepcopy(value))
        else:
            live.insert(at, value)
            wanted.insert(at, copy.deepcopy(value))


def exact(value: Any) -> str:
    """Return a form in which true is not 1."""
    return json.dumps(value, sort_keys=True)


def kept(value: Any) -> Any:
    """Return the value without empty lists and maps: to a draft an empty one and none are the same."""
    if isinstance(value, dict):
        return {key: each for key, old in value.items() if (each := kept(old)) not in ({}, [])}
    return [kept(each) for each in value] if isinstance(value, list) else value


def built(cls: Any, tree: dict[str, Any]) -> Any:
    """Return the object as constructors create it, whose maps refuse changes."""
    given: dict[str, Any] = {}
    for field in fields_of(cls).values():
        if tree.get(field.wire) is not None:
            given[field.name] = of_shape(field.shape, tree[field.wire])
        elif field.wire in tree and field.nullable:
            given[field.name] = None
    return cls(**given)


def of_shape(shape: Shape, value: Any) -> Any:
    if value is None:
        return None
    if shape.category == "object":
        return built(shape.model, value)
    if shape.item is None:
        return value
    if isinstance(value, dict):
        return {key: of_shape(shape.item, each) for key, each in value.items()}
    return [of_shape(shape.item, each) for each in value]


@settings(max_examples=400, deadline=None)
@given(SEEDS, st.integers(1, 10), st.booleans())
def test_a_draft_owns_every_level_that_it_returns(seed: int, edits: int, decoded: bool) -> None:
    """(I1) Edits at any depth reach the patches, and never the object that the draft was created from."""
    random = Random(seed)
    start = {"apiVersion": "x.io/v1", "kind": "Thing", "metadata": {"name": "x"}}
    start["spec"] = drawn(random, Shape("object", Holder, model=Holder))
    read = json_objects.decode_into(json.dumps(start).encode(), Thing)
    base = read if decoded else built(Thing, start)
    body = documents.encode(base)
    wanted = json.loads(body)
    draft = base.draft()
    earlier: list[tuple[Any, bytes]] = []
    for _ in range(edits):
        edit(random, draft.spec, wanted["spec"], fields_of(Thing)["spec"].shape)
        after = draft.finish().after
        earlier.append((after, documents.encode(after)))
    change = draft.finish()
    expected = Thing.from_dict(wanted)
    assert documents.encode(base) == body
    assert all(documents.encode(after) == was for after, was in earlier)
    assert change.after == expected
    assert exact(kept(json.loads(documents.encode(change.after)))) == exact(
        kept(json.loads(documents.encode(expected)))
    )
    server = json.loads(body)
    by_json = json_objects.decode_into(json.dumps(apply_json_patch(server, change.json_patch())).encode(), Thing)
    assert by_json == expected
    assert exact(kept(by_json.to_dict())) == exact(kept(json.loads(documents.encode(expected))))
    if not change.rewrites_objects():
        by_merge = json_objects.decode_into(json.dumps(apply_merge_patch(server, change.merge_patch())).encode(), Thing)
        assert by_merge == expected


@settings(max_examples=200, deadline=None)
@given(SEEDS, st.integers(1, 8))
def test_a_draft_of_unstructured_data_owns_every_level(seed: int, edits: int) -> None:
    """(I1) The same for objects without a model."""
    random = Random(seed)
    free = fields_of(Holder)["free_form"].shape
    start = {"apiVersion": "x.io/v1", "kind": "Thing", "spec": {"a": drawn(random, free), "b": [drawn(random, free)]}}
    base, wanted = Unstructured(start), copy.deepcopy(start)
    body = documents.encode(base)
    draft = base.draft()
    for _ in range(edits):
        edit(random, draft["spec"], wanted["spec"], free)
    change = draft.finish()
    after = documents.encode(change.after)
    draft["spec"]["later"] = 1
    assert documents.encode(base) == body
    assert documents.encode(change.after) == after
    assert exact(change.after.to_dict()) == exact(wanted)
    assert exact(apply_json_patch(start, change.json_patch())) == exact(wanted)
    if not change.rewrites_objects():
        assert exact(apply_merge_patch(start, change.merge_patch())) == exact(wanted)


DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "x", "labels": {"a": "b"}, "annotations": {"a/b": "c"}, "finalizers": ["f"]},
    "spec": {
        "replicas": 3,
        "paused": True,
        "minReadySeconds": 7,
        "selector": {"matchLabels": {"a": "b"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {
                "nodeName": "n",
                "hostNetwork": True,
                "nodeSelector": {"a": "b"},
                "containers": [{"name": "one", "image": "a", "resources": {"limits": {"cpu": "1"}}}],
                "securityContext": {"runAsUser": 1, "supplementalGroups": [1, 2]},
                "overhead": {"cpu": "1m"},
            },
        },
    },
}


@settings(max_examples=200, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_a_field_that_was_deleted_is_deleted_in_every_patch(seed: int, count: int) -> None:
    """(I5) Merge patch, JSON patch and the new object agree that the member was removed, whatever its value."""
    random = Random(seed)
    wanted, base = (
        copy.deepcopy(DEPLOYMENT),
        json_objects.decode_into(json.dumps(DEPLOYMENT).encode(), apps_v1.Deployment),
    )
    draft: Any = base.draft()
    for _ in range(count):
        live, place, cls = draft, wanted, apps_v1.Deployment
        while True:
            here = [field for field in fields_of(cls).values() if field.wire in place]
            if not here:
                break
            field = random.choice(here)
            if field.category == "object" and random.random() < 0.7:
                live, place, cls = getattr(live, field.name), place[field.wire], field.shape.model
                continue
            delattr(live, field.name)
            if random.random() < 0.5:  # reading it afterwards adds nothing
                str(getattr(live, field.name))
            del place[field.wire]
            break
    change = draft.finish()
    assert apply_merge_patch(DEPLOYMENT, change.merge_patch()) == wanted
    assert apply_json_patch(DEPLOYMENT, change.json_patch()) == wanted
    assert change.after == apps_v1.Deployment.from_dict(wanted)
    assert draft.to_dict() == wanted


@pytest.mark.parametrize("name", ["labels", "annotations", "finalizers", "name"])
def test_a_deleted_member_of_the_metadata_is_null_in_the_merge_patch(name: str) -> None:
    """(I5)"""
    draft = core_v1.Pod.from_dict({"metadata": DEPLOYMENT["metadata"]}).draft()
    delattr(draft.metadata, name)
    change = draft.finish()
    assert change.merge_patch() == {"metadata": {name: None}}
    assert change.json_patch() == [{"op": "remove", "path": f"/metadata/{name}"}]
    assert name not in documents.encode(change.after).decode()
