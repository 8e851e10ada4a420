"""Random documents of kinds with many merged lists, from few values, so that two documents share many."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from kubeloop.objects.reflection import Shape, fields_of
from kubeloop.scheme import Scheme

__all__ = ["KEYS", "KINDS", "broken", "document", "model_of", "value_of"]

KINDS = [
    ("v1", "Pod"), ("v1", "Pod"), ("v1", "Pod"), ("apps/v1", "Deployment"), ("apps/v1", "Deployment"),
    ("v1", "Service"), ("v1", "ServiceAccount"), ("v1", "Node"), ("v1", "ConfigMap"), ("apps/v1", "StatefulSet"),
    ("policy/v1", "PodDisruptionBudget"), ("apps/v1", "ControllerRevision"), ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "Ingress"), ("v1", "Endpoints"), ("apiregistration.k8s.io/v1", "APIService"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
]  # fmt: skip

_LIKELY = {
    "metadata", "spec", "status", "template", "containers", "volumes", "env", "ports", "conditions", "finalizers",
    "ownerReferences", "labels", "strategy", "tolerations", "initContainers", "secrets", "addresses", "taints",
    "imagePullSecrets", "webhooks", "selector", "jobTemplate", "data", "name", "hostAliases", "volumeMounts",
    "topologySpreadConstraints", "args", "loadBalancer", "ingress", "schema", "openAPIV3Schema", "properties",
    "versions", "rollingUpdate",
}  # fmt: skip


def model_of(kind: tuple[str, str]) -> Any:
    """Return the class of a kind."""
    return Scheme().lookup(*kind)


def document(random: Random, kind: tuple[str, str]) -> dict[str, Any]:
    """Return a document of a kind."""
    return {"apiVersion": kind[0], "kind": kind[1], **_fields(random, model_of(kind), 6)}


def _fields(random: Random, model: Any, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields_of(model).values():
        likely = 0.6 if field.wire in _LIKELY else 0.04
        if random.random() < likely and (depth or field.shape.category == "scalar"):
            found[field.wire] = value_of(random, field.shape, depth - 1)
    return found


def value_of(random: Random, shape: Shape, depth: int) -> Any:
    """Return a value of a shape. Objects in a list have the fields that identify them."""
    if shape.category == "object":
        return _fields(random, shape.model, depth)
    if shape.category in ("objects", "list", "lazy"):
        assert shape.item is not None
        items = [value_of(random, shape.item, depth) for _ in range(random.choice([0, 1, 2, 2, 3, 4]))]
        return [_identified(random, item, shape.item) for item in _distinct(items)]
    if shape.category in ("map", "object_map"):
        assert shape.item is not None
        return {name: value_of(random, shape.item, depth) for name in random.sample("abc", random.randint(0, 3))}
    if shape.category == "any":
        return random.choice([{"a": 1}, {"a": {"b": [1, {"c": None}]}}, {"a": {}}, {}])
    return _scalar(random, shape)


def _scalar(random: Random, shape: Shape) -> Any:
    if bool in shape.accepts:
        return random.choice([True, False])
    if int in shape.accepts and (str not in shape.accepts or random.random() < 0.5):
        return random.choice([1, 2, 3, 80])
    return random.choice(["a", "b", "c", "d", "B", "<x>", "ä"])


def _distinct(items: list[Any]) -> list[Any]:
    return [item for place, item in enumerate(items) if isinstance(item, dict) or item not in items[:place]]


KEYS = ("name", "type", "uid", "containerPort", "port", "mountPath", "devicePath", "ip", "topologyKey", "rule")


def _identified(random: Random, item: Any, shape: Shape) -> Any:
    if isinstance(item, dict) and shape.model is not None:
        fields = {field.wire: field.shape for field in fields_of(shape.model).values()}
        for key in KEYS:
            if key in fields and random.random() < 0.997:
                item[key] = _scalar(random, fields[key])
    return item


_ODD: list[Any] = [None, 1, 1.5, "x", True, [], {}, [1], [[1]], {"x": 1}, [{"x": 1}], {"$patch": "merge"}]


def broken(random: Random, value: Any) -> Any:
    """Return a value in which some values are of a wrong type, and some names are unknown."""
    value = copy.deepcopy(value)
    places = list(_places(value))
    for _ in range(random.choice([1, 1, 2])):
        if places:
            container, key = random.choice(places)
            odd = random.choice(
                [None, 1, 1.5, "x", True, [], {}, [1], [[1]], {"x": 1}, [{"x": 1}], {"$patch": "merge"}]
            )
            if isinstance(container, dict) and random.random() < 0.3:
                container[random.choice(["x", "Spec", "$patch", "$retainKeys", "$setElementOrder/finalizers"])] = odd
            else:
                container[key] = copy.deepcopy(odd)
    return value


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        found.append((value, key))
        if isinstance(each, dict | list):
            found += _places(each)
    return found
