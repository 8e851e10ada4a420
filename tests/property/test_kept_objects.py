"""Objects that keep only some fields against whole ones: for random JSON and paths, kept fields are the same."""

from __future__ import annotations

import json
import pickle
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop import Unstructured
from kubeloop.errors import DecodeError, NotKept
from kubeloop.models import apps_v1, core_v1, discovery_v1, rbac_v1
from kubeloop.objects.json.decode import decode
from kubeloop.objects.kept_object import kept_class, kept_paths
from kubeloop.objects.reflection import fields_of
from kubeloop.wire.serializers.kept_unstructured import kept_unstructured
from kubeloop.wire.serializers.lazy_unstructured import lazy_object
from tests.support.random_json import random_object

KINDS: list[Any] = [
    core_v1.Pod,
    core_v1.Event,
    core_v1.Secret,
    apps_v1.Deployment,
    rbac_v1.ClusterRole,
    discovery_v1.EndpointSlice,
]


def paths_of(random: Random, model: Any) -> list[str]:
    """Return random paths of fields, through objects."""
    found: list[str] = []
    for _ in range(random.randint(0, 4)):
        at, path = model, ""
        while True:
            field = random.choice(list(fields_of(at).values()))
            path = f"{path}.{field.wire}".lstrip(".")
            if field.category != "object" or random.random() < 0.3:
                break
            at = field.shape.model
        found.append(path)
    return found


def check(kept: Any, whole: Any, paths: tuple[str, ...], at: str = "") -> None:
    """Check that kept fields have the values of the whole object, and that others raise an error."""
    for field in fields_of(whole.__class__).values():
        path = f"{at}{field.wire}"
        if any(path == each or path.startswith(f"{each}.") for each in paths):
            assert getattr(kept, field.name) == getattr(whole, field.name), path
        elif any(each.startswith(f"{path}.") for each in paths):
            below = getattr(whole, field.name)
            if below is None:
                assert getattr(kept, field.name) is None
            elif below is not field.default:
                check(getattr(kept, field.name), below, paths, f"{path}.")
        else:
            with pytest.raises(NotKept, match="was dropped"):
                getattr(kept, field.name)


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=25)
def test_kept_fields_are_those_of_the_whole_object_and_others_cannot_be_read(kind: Any, seed: int) -> None:
    random = Random(seed)
    body = json.dumps(random_object(random, kind)).encode()
    paths = kept_paths(paths_of(random, kind))
    kept, whole = decode(body, kept_class(kind, paths)), decode(body, kind)
    check(kept, whole, paths)
    check(pickle.loads(pickle.dumps(kept)), whole, paths)
    assert isinstance(kept, kind)
    assert hash(kept) == hash(whole)
    assert kept == decode(body, kept_class(kind, paths))
    repr(kept)


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=25)
def test_an_error_in_a_kept_field_is_one_of_the_whole_object(kind: Any, seed: int) -> None:
    random = Random(seed)
    body = json.dumps(random_object(random, kind, wrong=0.03)).encode()
    paths = kept_paths(paths_of(random, kind))
    try:
        whole = decode(body, kind)
    except DecodeError:
        return  # the wrong field may be a dropped one, or not
    check(decode(body, kept_class(kind, paths)), whole, paths)


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=25)
def test_an_object_without_a_model_has_the_values_at_kept_paths(kind: Any, seed: int) -> None:
    random = Random(seed)
    data = {"apiVersion": kind.api_version, "kind": kind.kind, **random_object(random, kind, wrong=0.02)}
    paths = kept_paths(paths_of(random, kind))
    whole = Unstructured(data)
    try:
        kept = lazy_object(json.dumps(data).encode(), cls=kept_unstructured(paths))
    except DecodeError:
        with pytest.raises(DecodeError):
            _ = whole.metadata
        return
    for path in paths:
        names = path.split(".")
        assert kept.get_in(*names, default="none") == whole.get_in(*names, default="none")
    assert pickle.loads(pickle.dumps(kept)) == kept
