"""Lazy and compressed objects against eager ones: for random JSON they are equal, or fail with the same reason."""

from __future__ import annotations

import copy
import json
import operator
import pickle
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop import Unstructured
from kubeloop.errors import DecodeError
from kubeloop.models import (
    apiextensions_v1,
    apps_v1,
    batch_v1,
    coordination_v1,
    core_v1,
    discovery_v1,
    rbac_v1,
    storage_v1,
)
from kubeloop.objects.json.decode import decode
from kubeloop.objects.lazy_object import is_packed, lazy_class
from kubeloop.objects.reflection import fields_of
from kubeloop.wire.serializers import json_objects
from kubeloop.wire.serializers.lazy_unstructured import LazyUnstructured, lazy_object
from tests.support.compressed import compressed_object, with_dictionary
from tests.support.random_json import random_object

KINDS: list[Any] = [
    core_v1.Pod,
    core_v1.ConfigMap,
    core_v1.Secret,
    core_v1.Event,
    core_v1.Service,
    apps_v1.Deployment,
    apps_v1.ControllerRevision,
    batch_v1.CronJob,
    coordination_v1.Lease,
    discovery_v1.EndpointSlice,
    rbac_v1.ClusterRole,
    storage_v1.StorageClass,
    apiextensions_v1.CustomResourceDefinition,
]
SEEDS = st.integers(0, 2**32)
FORMS: Any = pytest.mark.parametrize("form", [lazy_class, with_dictionary], ids=["lazy", "compressed"])


def read_all(obj: Any, random: Random) -> None:
    """Read the members in a random order."""
    names = list(fields_of(obj.__class__))
    random.shuffle(names)
    for name in names:
        getattr(obj, name)


def outcome(body: bytes, cls: Any) -> tuple[Any, str]:
    """Return the object, or the error without the name of the object."""
    try:
        return decode(body, cls), ""
    except DecodeError as error:
        return None, reason(error)


def reason(error: DecodeError) -> str:
    return str(error).partition(": ")[2]


@FORMS
@pytest.mark.parametrize("kind", KINDS)
@given(seed=SEEDS)
@settings(max_examples=15)
def test_a_lazy_object_is_what_an_eager_one_is(kind: Any, form: Any, seed: int) -> None:
    random = Random(seed)
    body = json.dumps(random_object(random, kind)).encode()
    eager = decode(body, kind)

    def lazy() -> Any:
        return decode(body, form(kind))

    assert isinstance(lazy(), kind)
    assert hash(lazy()) == hash(eager)
    assert lazy() == eager
    assert eager == lazy()
    assert not operator.ne(lazy(), eager)
    assert lazy() == lazy()
    assert repr(lazy()) == repr(eager)
    assert json_objects.encode(lazy()) == json_objects.encode(eager)
    assert lazy().to_dict() == eager.to_dict()
    assert pickle.loads(pickle.dumps(lazy())) == eager
    obj = lazy()
    assert copy.copy(obj) is obj
    assert copy.deepcopy(obj) is obj
    before = hash(obj)
    read_all(obj, random)
    assert obj.__class__ is kind
    assert (type(obj) is kind) == (form is lazy_class or form(kind) is kind)
    assert hash(obj) == before
    for name, field in fields_of(kind).items():
        mine, other = getattr(obj, field.stored), getattr(eager, field.stored)
        assert mine == other
        assert mine.__class__ is other.__class__, name
        assert (mine is field.absent) == (other is field.absent), name
    partly = lazy()
    getattr(partly, random.choice(list(fields_of(kind))))
    assert pickle.loads(pickle.dumps(partly)) == eager


@FORMS
@pytest.mark.parametrize("kind", KINDS)
@given(seed=SEEDS)
@settings(max_examples=20)
def test_a_lazy_object_fails_for_the_same_reason_at_the_latest_when_it_is_read(kind: Any, form: Any, seed: int) -> None:
    random = Random(seed)
    body = json.dumps(random_object(random, kind, wrong=0.03)).encode()
    eager, why = outcome(body, kind)
    obj, arrival = outcome(body, form(kind))
    if obj is None:
        assert eager is None
        assert arrival
        return
    try:
        read_all(obj, random)
    except DecodeError as error:
        failure = reason(error)
    else:
        failure = ""
        assert obj == eager
        assert obj.to_dict() == eager.to_dict()
    assert bool(failure) == bool(why)
    assert obj == copy.copy(obj)
    assert ("<unreadable>" in repr(obj)) == bool(failure)


@FORMS
@pytest.mark.parametrize("kind", [core_v1.Pod, apps_v1.Deployment, core_v1.ConfigMap])
@given(seed=SEEDS)
@settings(max_examples=20)
def test_drafts_of_both_give_the_same_patches(kind: Any, form: Any, seed: int) -> None:
    random = Random(seed)
    body = json.dumps(random_object(random, kind)).encode()
    edits = [random.random() < 0.5 for _ in range(3)]

    def changed(obj: Any) -> Any:
        draft = obj.draft()
        if edits[0]:
            draft.metadata.labels["edited"] = "yes"
        if edits[1]:
            draft.metadata.finalizers.append("example.com/f")
        if edits[2] and kind is core_v1.Pod:
            draft.spec.node_name = "other"
        elif edits[2] and kind is core_v1.ConfigMap:
            draft.data["k"] = "v"
        elif edits[2]:
            draft.spec.replicas = 77
        return draft.finish()

    ours, theirs = changed(decode(body, form(kind))), changed(decode(body, kind))
    if form is lazy_class:  # in a compressed object, a member that was changed is decoded, and others are packed
        assert is_packed(ours.after) or not is_packed(ours.before)
    assert ours.merge_patch() == theirs.merge_patch()
    assert ours.json_patch() == theirs.json_patch()
    assert ours.changed_fields() == theirs.changed_fields()
    assert ours.after == theirs.after
    assert ours.before == theirs.before


@pytest.mark.parametrize("form", [lazy_object, compressed_object], ids=["lazy", "compressed"])
@pytest.mark.parametrize("kind", KINDS)
@given(seed=SEEDS)
@settings(max_examples=10)
def test_an_object_without_a_model_is_the_same_whether_it_keeps_data_or_json(kind: Any, form: Any, seed: int) -> None:
    random = Random(seed)
    data = {"apiVersion": kind.api_version, "kind": kind.kind, **random_object(random, kind)}
    data["metadata"]["managedFields"] = random.choice(([], None, [{"manager": "m", "fieldsV1": {"f:a": {}}}]))
    eager, lazy = Unstructured(data), form(json.dumps(data).encode())
    assert isinstance(lazy, LazyUnstructured)
    assert isinstance(lazy, Unstructured)
    assert lazy == eager
    assert eager == lazy
    assert hash(lazy) == hash(eager)
    assert repr(lazy) == repr(eager)
    assert lazy.metadata == eager.metadata
    assert list(lazy) == list(eager)
    assert {name: lazy[name] for name in lazy} == data
    assert lazy.to_dict() == data
    assert lazy.to_yaml() == eager.to_yaml()
    assert json_objects.encode(lazy) == json_objects.encode(eager)
    assert pickle.loads(pickle.dumps(lazy)) == eager
    for path in paths_of(data, random):
        assert lazy.get_in(*path, default="none") == eager.get_in(*path, default="none")
    draft = lazy.draft()
    draft["spec"] = {"a": 1}
    other = eager.draft()
    other["spec"] = {"a": 1}
    assert draft.finish().json_patch() == other.finish().json_patch()
    assert draft.finish().after == other.finish().after


def paths_of(value: Any, random: Random) -> list[tuple[str | int, ...]]:
    """Return paths that exist, and paths that leave them."""
    paths: list[tuple[str | int, ...]] = [()]
    while random.random() < 0.9:
        at, path = value, tuple[str | int, ...]()
        while random.random() < 0.8:
            if isinstance(at, dict) and at:
                step: Any = random.choice(list(at))
            elif isinstance(at, list) and at:
                step = random.randrange(-len(at), len(at))
            else:
                step = random.choice(("missing", 0))
            path = (*path, step)
            try:
                at = at[step]
            except (TypeError, KeyError, IndexError):
                break
        paths.append(path)
    return paths
