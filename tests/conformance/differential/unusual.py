"""Requests that clients seldom send: subresources, other formats and versions, and paths that nobody serves."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from kubeloop.meta import yaml
from kubeloop.scheme import Scheme
from kubeloop.wire.serializers.json_objects import decode_into
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF

from .kinds import KindPlan
from .steps import Known, Step, in_json

__all__ = ["unusual_step"]

Object = dict[str, Any]
NewObject = Callable[[KindPlan, str, str, Random], Object]

_PROTOBUF = "application/vnd.kubernetes.protobuf"
_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"
_JSON_PATCH = "application/json-patch+json"
_SCALED = ("Deployment", "StatefulSet")
_DEBUGGER: Object = {
    "name": "debugger", "image": "example.com/debug:1", "imagePullPolicy": "IfNotPresent", "resources": {},
    "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
}  # fmt: skip


def unusual_step(plan: KindPlan, namespace: str, name: str, random: Random, new_object: NewObject) -> Step:
    """Return a step of a kind.

    Args:
        plan: The kind.
        namespace: The namespace; `""` for a kind without.
        name: The name of an object that probably exists.
        random: The source of all choices.
        new_object: Makes a valid object.
    """
    makers: list[Callable[[_Place, Random], Step]] = [
        _generate_name, _other_body, _other_accept, _pretty, _odd_route, _old_watch, _odd_query, _odd_patch, _twice,
    ]  # fmt: skip
    if plan.kind in _SCALED:
        makers += [_scale] * 9
    if plan.kind == "Pod":
        makers += [_bind, _evict, _debug, _debug] * 6
    if plan.extra_versions:
        makers += [_other_version] * 4
    place = _Place(plan, namespace, name, new_object)
    return random.choice(makers)(place, random)


class _Place:
    """Where a step acts."""

    def __init__(self, plan: KindPlan, namespace: str, name: str, new_object: NewObject) -> None:
        self.plan = plan
        self.namespace = namespace
        self.name = name
        self.new_object = new_object
        self.collection = plan.collection(namespace)
        self.path = f"{self.collection}/{name}"

    def step(
        self, verb: str, method: str, path: str, body: bytes | Callable[[Known], bytes] | None = None,
        query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, *, is_watch: bool = False,
    ) -> Step:  # fmt: skip
        asked = {} if query is None else query
        make = body if callable(body) else lambda _: body
        cell = (self.plan.kind, verb, "")
        return Step(cell, self.plan, method, path, lambda _: asked, make, headers or {}, is_watch)

    def held(self, known: Known) -> Object:
        """Return the object as it was last seen, or one that does not exist."""
        held = known.objects.get((self.plan.kind, self.namespace, self.name))
        return copy.deepcopy(held) if held else self.new_object(self.plan, self.namespace, self.name, Random(self.name))


def _options(random: Random) -> dict[str, str]:
    return random.choice(({}, {}, {}, {"dryRun": "All"}, {"fieldValidation": "Strict"}, {"fieldValidation": "Ignore"}))


# Bodies and formats.


def _generate_name(place: _Place, random: Random) -> Step:
    obj = place.new_object(place.plan, place.namespace, "", random)
    del obj["metadata"]["name"]
    obj["metadata"]["generateName"] = random.choice(("gen-", "gen-", "gen-", "Gen_"))
    return place.step("generate", "POST", place.collection, in_json(obj), _options(random))


def _encoded(obj: Object, form: str) -> bytes:
    if form == "yaml":
        return yaml.dump(obj).encode()
    cls = Scheme().lookup(obj["apiVersion"], obj["kind"])
    assert cls is not None
    return PROTOBUF.encode(decode_into(in_json(obj), cls))


def _other_body(place: _Place, random: Random) -> Step:
    form = random.choice(("yaml", "protobuf"))
    headers = {"Content-Type": "application/yaml" if form == "yaml" else _PROTOBUF}
    seed, options = random.random(), _options(random)
    if random.random() < 0.5:
        obj = place.new_object(place.plan, place.namespace, place.name, random)
        if form == "yaml" and random.random() < 0.3:
            obj["nonsense"] = 1
        return place.step("body", "POST", place.collection, _encoded(obj, form), options, headers)

    def body(known: Known) -> bytes:
        obj = place.held(known)
        place.plan.change(obj, Random(seed))
        return _encoded(obj, form)

    return place.step("body", "PUT", place.path, body, options, headers)


def _other_accept(place: _Place, random: Random) -> Step:
    accept = random.choice((
        _PROTOBUF, f"{_PROTOBUF},application/json", "application/yaml", "*/*", "application/*", "",
        f"{_PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1", "application/json;as=Nonsense;g=meta.k8s.io;v=v1",
        "application/json;as=Table;g=meta.k8s.io;v=v9,application/json",
        "application/json;q=0.5,application/yaml;q=0.9",
    ))  # fmt: skip
    path = place.path if random.random() < 0.6 else place.collection
    return place.step("accept", "GET", path, headers={"Accept": accept})


def _pretty(place: _Place, random: Random) -> Step:
    value = random.choice(("true", "false", "1", "0", "nonsense", ""))
    return place.step("pretty", "GET", random.choice((place.path, place.collection)), query={"pretty": value})


def _twice(place: _Place, random: Random) -> Step:
    """Send unknown and duplicate fields in one body."""
    obj = place.new_object(place.plan, place.namespace, place.name, random)
    text = in_json(obj)[:-1] + b',"kind":"' + place.plan.kind.encode() + b'","zebra":1,"apple":{"b":1,"b":2}}'
    if random.random() < 0.5:
        text = text.replace(b'"metadata": {', b'"metadata": {"what":1,"labels":{"a":"b"},', 1)
    return place.step("body", "POST", place.collection, text, _options(random))


# Paths and parameters.


def _odd_route(place: _Place, random: Random) -> Step:
    collection, path, prefix = place.collection, place.path, place.plan.prefix
    body = in_json(place.new_object(place.plan, place.namespace, place.name, random))
    method, target, sent = random.choice((
        ("GET", f"{path}/nonsense", None), ("PUT", f"{path}/nonsense", body), ("PUT", collection, body),
        ("POST", path, body), ("PATCH", collection, b"{}"), ("DELETE", f"{path}/status", None),
        ("GET", f"{path}/scale", None), ("GET", f"{path}/status", None), ("POST", f"{path}/status", body),
        ("GET", f"{path}/status/more", None), ("GET", f"{prefix}/nonsense", None), ("POST", f"{prefix}/nonsense", body),
        ("GET", f"{prefix}/namespaces/diff-a/nonsense/x", None), ("GET", "/apis/nonsense/v1/things", None),
        ("GET", f"/apis/{place.plan.group_version}9/x", None), ("GET", "/nonsense", None), ("POST", "/api/v1", b"{}"),
        ("GET", f"{prefix}/{place.plan.plural}/n0", None), ("POST", f"{prefix}/{place.plan.plural}", body),
        ("GET", f"{collection}/", None), ("OPTIONS", collection, None), ("HEAD", path, None), ("TRACE", path, None),
        ("DELETE", "/version", None), ("GET", "/apis", None), ("GET", prefix, None), ("GET", f"{path}/proxy", None),
        ("PUT", "/nonsense", b"{}"), ("GET", f"{prefix}/namespaces/no-such/{place.plan.plural}", None),
    ))  # fmt: skip
    headers = {"Content-Type": _MERGE} if method == "PATCH" else {}
    return place.step("route", method, target, sent, headers=headers)


def _old_watch(place: _Place, random: Random) -> Step:
    """Watch by a path with `/watch/`, or one object."""
    inside = place.collection.removeprefix(place.plan.prefix)
    query = {"timeoutSeconds": "1", **random.choice(({}, {"resourceVersion": "0"}, {"allowWatchBookmarks": "true"}))}
    path = f"{place.plan.prefix}/watch{inside}{random.choice(('', '', f'/{place.name}'))}"
    return place.step("watched", "GET", path, query=query, is_watch=True)


def _odd_query(place: _Place, random: Random) -> Step:
    query = random.choice((
        {"labelSelector": "color==red"}, {"labelSelector": "color in (red"}, {"labelSelector": "=red"},
        {"labelSelector": "color,,size"}, {"labelSelector": "color>1"}, {"labelSelector": "color>x"},
        {"labelSelector": "color in ()"}, {"labelSelector": "/=x"}, {"labelSelector": "!color,size"},
        {"labelSelector": "color = red , size notin (l)"}, {"labelSelector": "==red"}, {"labelSelector": "color red"},
        {"labelSelector": "color=not a value!"}, {"labelSelector": "a/b/c=d"}, {"labelSelector": ","},
        {"fieldSelector": "foo"}, {"fieldSelector": "metadata.name==n0"}, {"fieldSelector": "=x"},
        {"fieldSelector": "metadata.name=n0,metadata.name=n1"}, {"fieldSelector": "metadata.name="},
        {"fieldSelector": "metadata.name=a\\"}, {"fieldSelector": "metadata.name=a b"}, {"fieldSelector": ","},
        {"continue": "e30"}, {"continue": "bm90IGpzb24"}, {"continue": "!!!"}, {"continue": "W10"},
        {"continue": "eyJ2IjoxfQ"}, {"continue": "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi9hIn0"},
        {"continue": "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MX0"}, {"continue": "bnVsbA"}, {"continue": "ewo"},
        {"limit": "x"}, {"limit": "-1"}, {"limit": "99999999999999999999"}, {"timeoutSeconds": "x"},
        {"resourceVersion": "-1"}, {"resourceVersion": "99999999999999999999"}, {"resourceVersionMatch": "Nonsense"},
        {"resourceVersion": "1", "resourceVersionMatch": "Nonsense"}, {"sendInitialEvents": "true"},
        {"limit": "1", "limit2": "x"}, {"watch": "0"}, {"watch": "false", "limit": "1"},
    ))  # fmt: skip
    return place.step("query", "GET", place.collection, query=query)


# Patches.


def _odd_patch(place: _Place, random: Random) -> Step:
    form, patch = random.choice((
        (_JSON_PATCH, [{"op": "add", "path": "/metadata/labels", "value": {"keep": "x"}, "nonsense": 1}]),
        (_JSON_PATCH, [{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}, "x": 1, "from": "/a"}]),
        (_JSON_PATCH, [{"op": 1, "path": "/a"}]), (_JSON_PATCH, [1]), (_JSON_PATCH, [None]), (_JSON_PATCH, {}),
        (_JSON_PATCH, [{"op": "test", "path": "/kind", "value": "nothing"}]),
        (_JSON_PATCH, [{"op": "copy", "from": "/metadata/name", "path": "/metadata/nonsense"}]),
        (_JSON_PATCH, [{"op": "move", "from": "/nothing", "path": "/a"}]),
        (_JSON_PATCH, [{"op": "replace", "path": "/metadata/nothing", "value": 1}]),
        (_JSON_PATCH, [{"op": "remove", "path": "/metadata/labels"}, {"op": "add", "path": "/nonsense", "value": 1}]),
        (_MERGE, {"nonsense": {"a": 1}, "metadata": {"what": 2}}), (_MERGE, []), (_MERGE, {"kind": "Nonsense"}),
        (_MERGE, {"apiVersion": "nonsense/v9"}), (_MERGE, {"metadata": None}), (_MERGE, {"metadata": {"uid": None}}),
        (_MERGE, {"metadata": {"annotations": {"a": 1}}}), (_MERGE, {"metadata": {"generateName": "x"}}),
        (_MERGE, {"metadata": {"generation": 7}}),
        (_MERGE, {"metadata": {"resourceVersion": ""}}), (_MERGE, {"metadata": {"namespace": "other"}}),
        (_STRATEGIC, {"metadata": {"finalizers": ["example.com/a"], "$setElementOrder/finalizers": ["example.com/a"]}}),
        (_STRATEGIC, {"metadata": {"labels": {"$patch": "replace", "keep": "x"}}}),
        (_STRATEGIC, {"$patch": "nonsense"}),
        (_STRATEGIC, {"metadata": {"$patch": "delete"}}), (_STRATEGIC, {"metadata": {"finalizers": "x"}}),
        (_STRATEGIC, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/hold"]}}),
        (_STRATEGIC, {"metadata": {"ownerReferences": [{"$patch": "delete", "uid": "a"}]}}),
        (_STRATEGIC, {"nonsense": 1, "metadata": {"labels": {"color": "green"}}}),
        ("text/nonsense", {}), ("application/json", {}), ("", {}),
    ))  # fmt: skip
    headers = {"Content-Type": form}
    return place.step("oddity", "PATCH", place.path, in_json(patch), _options(random), headers)


# Subresources.


def _scale(place: _Place, random: Random) -> Step:
    # A number that the object does not have: a write that changes only `managedFields` is one of the real server alone.
    replicas = random.choice((-1, random.randrange(10, 10_000), random.randrange(10, 10_000)))
    path, how = f"{place.path}/scale", random.random()
    if how < 0.3:
        return place.step("scale", "GET", path)
    if how < 0.6:
        form = random.choice((_MERGE, _MERGE, _JSON_PATCH, _STRATEGIC))
        patch: Any = {"spec": {"replicas": replicas}}
        if form == _JSON_PATCH:
            patch = [{"op": "replace", "path": "/spec/replicas", "value": replicas}]
        return place.step("scale", "PATCH", path, in_json(patch), _options(random), {"Content-Type": form})
    fresh = random.random() < 0.4
    change = random.choice(({}, {}, {}, {"name": "other"}, {"uid": "x"}, {"resourceVersion": "1"}))

    def body(known: Known) -> bytes:
        metadata = {"name": place.name, "namespace": place.namespace}
        if not fresh:
            metadata["resourceVersion"] = place.held(known)["metadata"].get("resourceVersion", "")
        scale = {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {**metadata, **change}}
        return in_json({**scale, "spec": {"replicas": replicas}})

    return place.step("scale", "PUT", path, body, _options(random))


def _bind(place: _Place, random: Random) -> Step:
    metadata = {"name": place.name, "namespace": place.namespace}
    target = random.choice(({"kind": "Node", "name": "n0"}, {"name": "n0"}, {"kind": "Pod", "name": "a"}, {}))
    binding: Object = {"kind": "Binding", "apiVersion": "v1", "metadata": metadata, "target": target}
    if random.random() < 0.2:
        metadata["annotations"] = {"bound": "yes"}  # type: ignore[assignment]
    if random.random() < 0.15:
        metadata["uid"] = "00000000-0000-0000-0000-000000000000"
    if random.random() < 0.2:
        return place.step("binding", "POST", f"{place.plan.prefix}/namespaces/{place.namespace}/bindings",
                          in_json(binding), _options(random))  # fmt: skip
    return place.step("binding", "POST", f"{place.path}/binding", in_json(binding), _options(random))


def _evict(place: _Place, random: Random) -> Step:
    name = random.choice((place.name, place.name, place.name, "other"))
    metadata = {"name": name, "namespace": place.namespace}
    eviction: Object = {"kind": "Eviction", "apiVersion": "policy/v1", "metadata": metadata}
    options = random.choice(({}, {}, {"gracePeriodSeconds": 0}, {"dryRun": ["All"]},
                             {"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}}))  # fmt: skip
    if options:
        eviction["deleteOptions"] = options
    return place.step("eviction", "POST", f"{place.path}/eviction", in_json(eviction), _options(random))


def _debug(place: _Place, random: Random) -> Step:
    path = f"{place.path}/ephemeralcontainers"
    if random.random() < 0.3:
        return place.step("ephemeral", "GET", path)
    container = {**_DEBUGGER, "name": random.choice(("debugger", "second"))}
    body = in_json({"spec": {"ephemeralContainers": [container]}})
    headers = {"Content-Type": _STRATEGIC}
    return place.step("ephemeral", "PATCH", path, body, _options(random), headers)


def _other_version(place: _Place, random: Random) -> Step:
    plan = place.plan
    group = random.choice(plan.extra_versions)
    inside = place.collection.removeprefix(plan.prefix)
    collection, how = f"/apis/{group}{inside}", random.random()
    if how < 0.35:
        return place.step("version", "GET", f"{collection}/{place.name}")
    if how < 0.7:
        query = random.choice(({}, {"limit": "1"}, {"labelSelector": "color=red"}, {"resourceVersion": "0"}))
        return place.step("version", "GET", collection, query=query)
    if how < 0.85:
        query = {"watch": "true", "timeoutSeconds": "1", "resourceVersion": "0"}
        return place.step("version", "GET", collection, query=query, is_watch=True)
    # A value that the object does not have: see `_scale`.
    changed = {"labels": {"color": random.choice(("red", "blue"))}, "annotations": {"example.com/seen": str(how)}}
    patch = in_json({"metadata": changed})
    headers = {"Content-Type": _MERGE}
    return place.step("version", "PATCH", f"{collection}/{place.name}", patch, _options(random), headers)
