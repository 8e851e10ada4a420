"""Patches, applied as a server would, result in the new object: for random pairs of objects and for random edits."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop import Change, Unstructured
from kubeloop.models import apps_v1, core_v1
from kubeloop.wire.patches.json_patch import apply_json_patch
from kubeloop.wire.patches.merge_patch import apply_merge_patch
from kubeloop.wire.serializers import json_objects

SEEDS = st.integers(0, 2**32)
POD_SPEC: dict[str, Any] = {
    "nodeName": "n",
    "hostNetwork": True,
    "priority": 0,
    "nodeSelector": {"a": "b", "c/d~e": "f"},
    "containers": [
        {
            "name": "one",
            "image": "a",
            "args": ["x", "y"],
            "env": [{"name": "A", "value": "1"}, {"name": "B"}],
            "resources": {"limits": {"cpu": "1", "memory": "2"}},
            "ports": [{"containerPort": 80}, {"containerPort": 81}],
        },
        {"name": "two", "image": "b", "livenessProbe": {"httpGet": {"port": "http"}, "periodSeconds": 3}},
    ],
    "tolerations": [{"key": "a", "operator": "Exists"}, {"effect": "NoExecute"}],
    "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "configMap": {"name": "m", "defaultMode": 420}}],
    "securityContext": {"runAsUser": 1, "sysctls": [{"name": "s", "value": "t"}]},
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{}]}}},
}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "x",
        "labels": {"a": "b"},
        "annotations": {"k/l": "m", "n~o": ""},
        "finalizers": ["f", "g"],
        "ownerReferences": [{"apiVersion": "v1", "kind": "K", "name": "o", "uid": "u", "controller": True}],
    },
    "spec": {
        "replicas": 3,
        "paused": True,
        "minReadySeconds": 7,
        "selector": {"matchLabels": {"a": "b"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": POD_SPEC},
    },
    "status": {
        "observedGeneration": 2,
        "replicas": 0,
        "conditions": [
            {"type": "Available", "status": "True", "lastUpdateTime": "2026-01-01T00:00:00Z"},
            {"type": "Progressing", "status": "False"},
        ],
    },
}
NODE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "n", "labels": {"l": "1"}},
    "spec": {"podCIDRs": ["10.0.0.0/24"], "taints": [{"key": "k", "effect": "NoSchedule"}], "unschedulable": True},
    "status": {
        "capacity": {"cpu": "4"},
        "images": [{"names": ["a", "b"], "sizeBytes": 5}, {"names": ["c"]}],
        "addresses": [{"type": "Hostname", "address": "h"}],
        "nodeInfo": {"machineID": "m", "bootID": ""},
    },
}
STARTS = [(DEPLOYMENT, apps_v1.Deployment), (NODE, core_v1.Node)]


def mutated(random: Random, value: Any, rate: float, key: str = "") -> Any:
    """Return a copy with some parts dropped, doubled, shuffled or changed."""
    if isinstance(value, dict):
        kept = {name: each for name, each in value.items() if name in ("kind", "apiVersion") or random.random() >= rate}
        return {name: mutated(random, each, rate, name) for name, each in kept.items()}
    if isinstance(value, list):
        items = [mutated(random, each, rate) for each in value]
        for _ in range(random.choice([0, 0, 0, 1, 2])):
            if value:
                items.insert(random.randrange(len(items) + 1), mutated(random, random.choice(value), rate * 2))
        if items and random.random() < rate * 2:
            del items[random.randrange(len(items))]
        if random.random() < rate:
            random.shuffle(items)
        return items
    if random.random() > rate or key in ("apiVersion", "kind", "lastUpdateTime"):
        return value
    if isinstance(value, bool):
        return random.random() < 0.5
    return random.choice([0, 1, 7]) if isinstance(value, int) else random.choice(["", "a", "b/c~d"])


def pair(seed: int, rate: float, start: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    random = Random(seed)
    before = mutated(random, start, random.choice([0, rate]))
    return before, mutated(random, before if random.random() < 0.5 else start, rate)


@settings(max_examples=300, deadline=None)
@given(SEEDS, st.sampled_from([0.01, 0.05, 0.2, 0.5]), st.sampled_from(STARTS), st.booleans())
def test_patches_of_models_give_the_new_object(seed: int, rate: float, start: tuple[Any, Any], test: bool) -> None:
    value, cls = start
    on_server, wanted = pair(seed, rate, value)
    before, after = cls.from_dict(on_server), cls.from_dict(wanted)
    change = Change(before, after)
    ours = before.to_dict()
    assert cls.from_dict(apply_merge_patch(ours, change.merge_patch())) == after
    assert cls.from_dict(apply_json_patch(ours, change.json_patch(test=test))) == after
    # The server's own form has explicit zeros that the model does not have.
    assert cls.from_dict(apply_merge_patch(on_server, change.merge_patch())) == after
    assert cls.from_dict(apply_json_patch(on_server, change.json_patch())) == after


@settings(max_examples=300, deadline=None)
@given(SEEDS, st.sampled_from([0.01, 0.05, 0.2, 0.5]), st.sampled_from(STARTS), st.booleans())
def test_patches_of_plain_objects_give_the_very_value(
    seed: int, rate: float, start: tuple[Any, Any], test: bool
) -> None:
    before, after = pair(seed, rate, start[0])
    change = Change(Unstructured(before), Unstructured(after))
    assert apply_json_patch(before, change.json_patch(test=test)) == after
    assert apply_merge_patch(before, change.merge_patch()) == after


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_fields_that_our_models_lack_survive_the_json_patch(seed: int) -> None:
    random = Random(seed)
    on_server = copy.deepcopy(DEPLOYMENT)
    pod = on_server["spec"]["template"]["spec"]
    for place in (on_server["spec"], pod, *pod["containers"], *pod["volumes"], *pod["tolerations"]):
        place["future"] = {"x": random.randrange(9)}
    draft = apps_v1.Deployment.from_dict(on_server).draft()
    draft.spec.replicas = random.randrange(9) + 10
    containers = draft.spec.template.spec.containers
    containers[0].image = "new"
    if random.random() < 0.5:
        containers.insert(random.randrange(3), core_v1.Container(name="z"))
    if random.random() < 0.5:
        draft.spec.template.spec.tolerations[0].operator = "Equal"
    if random.random() < 0.5:
        del draft.spec.template.spec.volumes[random.randrange(2)]
    change = draft.finish()
    result = apply_json_patch(on_server, change.json_patch(test=True))
    answer = result["spec"]["template"]["spec"]
    assert "future" in result["spec"]
    assert "future" in answer
    assert all("future" in item for item in answer["containers"] if item["name"] != "z")
    assert all("future" in item for item in answer["volumes"] + answer["tolerations"])
    assert apps_v1.Deployment.from_dict(result) == change.after
    assert change.rewrites_objects()


@settings(max_examples=200, deadline=None)
@given(SEEDS, st.integers(1, 12), st.booleans())
def test_edits_of_a_draft_are_those_of_a_plain_dict(seed: int, edits: int, sparse: bool) -> None:
    random = Random(seed)
    bare = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}
    start = bare if sparse else DEPLOYMENT
    wanted = copy.deepcopy(start)
    base = apps_v1.Deployment.from_dict(start)
    draft = base.draft()
    for _ in range(edits):
        edit(random, draft, wanted)
    change = draft.finish()
    after = apps_v1.Deployment.from_dict(wanted)
    assert change.after == after
    assert base == apps_v1.Deployment.from_dict(start)
    assert bool(change) == (after != base)
    assert bool(change) == bool(change.merge_patch()) == bool(change.json_patch())
    assert apps_v1.Deployment.from_dict(apply_merge_patch(start, change.merge_patch())) == after
    assert apps_v1.Deployment.from_dict(apply_json_patch(start, change.json_patch(test=True))) == after


def edit(random: Random, draft: Any, wanted: dict[str, Any]) -> None:
    """Apply one random edit to both."""

    def place(*keys: str) -> dict[str, Any]:
        target = wanted
        for key in keys:
            target = target.setdefault(key, {})
        return target

    spec = ("spec", "template", "spec")
    pod = draft.spec.template.spec
    held = wanted.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    kind = random.randrange(13)
    at = random.randrange(len(held)) if held else -1
    if kind == 0:
        draft.spec.replicas = place("spec")["replicas"] = random.choice([0, 3, 9])
    elif kind == 1:
        draft.metadata.labels["a"] = place("metadata", "labels")["a"] = random.choice("bc")
    elif kind == 2 and draft.metadata.labels:
        key = next(iter(draft.metadata.labels))
        del draft.metadata.labels[key], wanted["metadata"]["labels"][key]
    elif kind == 3:
        name = f"n{random.randrange(3)}"
        pod.containers.append({"name": name})
        place(*spec).setdefault("containers", []).append({"name": name})
    elif kind == 4 and at >= 0:
        pod.containers[at].image = held[at]["image"] = "z"
    elif kind == 5 and at >= 0:
        del pod.containers[at], held[at]
    elif kind == 6:
        pod.containers.insert(at, core_v1.Container(name="ins"))
        place(*spec).setdefault("containers", []).insert(at, {"name": "ins"})
    elif kind == 7:
        pod.security_context.run_as_user = place(*spec, "securityContext")["runAsUser"] = 5
    elif kind == 8:
        del pod.affinity
        place(*spec).pop("affinity", None)
    elif kind == 9:
        draft.metadata.finalizers.append("f")
        place("metadata").setdefault("finalizers", []).append("f")
    elif kind == 10 and at >= 0:
        pod.containers[at].resources.limits["cpu"] = "1"
        held[at].setdefault("resources", {}).setdefault("limits", {})["cpu"] = "1"
    elif kind == 11:
        draft.spec.strategy = {"type": "Recreate"}
        place("spec")["strategy"] = {"type": "Recreate"}
    else:  # only reads
        _ = draft.status.conditions, pod.dns_config.options, [container.ports for container in pod.containers]


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.sampled_from([0.02, 0.1, 0.3]), st.sampled_from(STARTS))
def test_a_null_anywhere_is_read(seed: int, rate: float, start: tuple[Any, Any]) -> None:
    random = Random(seed)

    def nulled(value: Any) -> Any:
        if random.random() < rate:
            return None
        if isinstance(value, dict):
            return {key: each if key in ("kind", "apiVersion") else nulled(each) for key, each in value.items()}
        return [nulled(each) for each in value] if isinstance(value, list) else value

    body = {key: value if key in ("kind", "apiVersion") else nulled(value) for key, value in start[0].items()}
    obj = json_objects.decode_into(json.dumps(body).encode(), start[1])
    assert start[1].from_dict(obj.to_dict()) == obj
    assert no_none_where_the_types_have_none(obj)


def no_none_where_the_types_have_none(obj: Any) -> bool:
    from kubeloop.objects.reflection import fields_of

    for name, field in fields_of(type(obj)).items():
        value = getattr(obj, name)
        if value is None:
            assert field.shape.optional or field.category == "any", (type(obj), name)
        elif field.category == "object":
            no_none_where_the_types_have_none(value)
        elif field.category in ("objects", "lazy"):
            assert all(map(no_none_where_the_types_have_none, value))
        elif field.category in ("list", "map"):
            items = value.values() if field.category == "map" else value
            assert field.shape.item is not None
            assert field.shape.item.optional or None not in list(items), (type(obj), name)
    return True
