"""Hand-picked patches, among them those for which the Go libraries have rules of their own."""

from __future__ import annotations

from typing import Any

__all__ = [
    "JSON_PATCHES",
    "MERGE_PATCHES",
    "STRATEGIC_PATCHES",
    "STRICT_JSON_PATCHES",
    "THREE_WAY_PATCHES",
    "TWO_WAY_PATCHES",
]


def _op(op: Any, path: Any = None, **members: Any) -> dict[str, Any]:
    return {"op": op, **({} if path is None else {"path": path}), **members}


_LIST = {"a": [1, 2, 3]}

JSON_PATCHES: list[tuple[Any, Any]] = [
    ({}, []), ({"a": 1}, None), ({}, {}), ({}, "x"), ({}, 1), ({}, True), ({}, [1]), ({}, [None]), ({}, [[]]),
    ({}, [{}]), ({}, ["x"]), ([], [_op("add", "/-", value=1)]), ([1], [_op("remove", "/0")]),
    ({}, [_op("add", "/a", value=1)]), ({}, [_op("add", "/a")]), ({}, [_op("add", "/a", value=None)]),
    ({}, [_op("add", "", value={})]), ({}, [_op("add", "a", value=1)]), ({}, [_op("add", "x/a", value=1)]),
    ({}, [_op("add", "/", value=1)]), ({}, [_op("add", "/a/b", value=1)]), ({"a": None}, [_op("add", "/a/b", value=1)]),
    ({"a": 1}, [_op("add", "/a/b", value=1)]), ({"a": "x"}, [_op("add", "/a/0", value=1)]),
    ({"a": True}, [_op("test", "/a/b", value=1)]),
    *[(_LIST, [_op("add", f"/a/{index}", value=9)]) for index in
      ("0", "1", "3", "4", "-", "-1", "-4", "-5", "+1", "01", "x", "", "1.0", "1e0", "99999999999999999999", "--1",
       "-0", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "٣", "1_0", " 1", '"')],
    *[(_LIST, [_op(op, f"/a/{index}", value=9)]) for op in ("remove", "replace", "test") for index in
      ("0", "2", "3", "-", "-1", "-3", "-4", "+1", "01", "x", "", "99999999999999999999")],
    *[(_LIST, [{"op": op, "from": f"/a/{index}", "path": "/b"}]) for op in ("move", "copy") for index in
      ("0", "2", "3", "-", "-1", "-4", "x")],
    (_LIST, [{"op": "move", "from": "/a/0", "path": "/a/2"}]),
    (_LIST, [{"op": "move", "from": "/a/0", "path": "/a/3"}]),
    (_LIST, [{"op": "copy", "from": "/a/0", "path": "/a/3"}]), (_LIST, [{"op": "copy", "from": "/a", "path": "/a/0"}]),
    (_LIST, [_op("add", "/a/0/b", value=1)]), (_LIST, [_op("add", "/a/x/b", value=1)]),
    ({"a": [[1]]}, [_op("add", "/a/-1/-1", value=2)]), ({"a": [None]}, [_op("add", "/a/0/b", value=2)]),
    ({"a": 1}, [_op("remove", "/a")]), ({"a": 1}, [_op("remove", "/b")]), ({"a": None}, [_op("remove", "/a")]),
    ({"a": 1}, [_op("remove", "")]), ({"a": 1}, [_op("remove", "/a/b")]),
    ({"a": 1}, [_op("replace", "/a", value=2)]), ({"a": 1}, [_op("replace", "/b", value=2)]),
    ({"a": 1}, [_op("replace", "/a")]), ({"a": 1}, [_op("replace", "/a", value=None)]),
    ({"a": 1}, [_op("replace", "", value={"b": 1})]), ({"a": 1}, [_op("replace", "", value=[1])]),
    ({"a": 1}, [_op("replace", "", value=[1]), _op("add", "/-", value=2)]),
    ({"a": 1}, [_op("replace", "", value=1)]), ({"a": 1}, [_op("replace", "", value=None)]),
    ({"a": 1}, [_op("replace", "")]), ({"a": 1}, [_op("replace", "", value="x")]),
    ({"a": {"b": 1}}, [{"op": "move", "from": "/a", "path": "/a/c"}]),
    ({"a": {"b": 1}}, [{"op": "move", "from": "/a/b", "path": "/c"}]),
    ({"a": 1}, [{"op": "move", "from": "/a", "path": "/a"}]), ({"a": 1}, [{"op": "move", "from": "/b", "path": "/c"}]),
    ({"a": None}, [{"op": "move", "from": "/a", "path": "/b"}]), ({"a": 1}, [{"op": "move", "path": "/b"}]),
    ({"a": 1}, [{"op": "move", "from": "/a"}]), ({"a": 1}, [{"op": "move", "from": "", "path": "/b"}]),
    ({"a": 1}, [{"op": "move", "from": "/a", "path": ""}]), ({"a": 1}, [{"op": "move", "from": 1, "path": "/b"}]),
    ({"a": 1}, [{"op": "copy", "from": "/a", "path": "/b"}]), ({"a": 1}, [{"op": "copy", "from": "/b", "path": "/c"}]),
    ({"a": None}, [{"op": "copy", "from": "/a", "path": "/b"}]), ({"a": 1}, [{"op": "copy", "path": "/b"}]),
    ({"a": 1}, [{"op": "copy", "from": "/a"}]), ({"a": 1}, [{"op": "copy", "from": "", "path": "/b"}]),
    ({"a": 1}, [{"op": "copy", "from": "/a", "path": 1}]), ({"a": 1}, [{"op": "copy", "from": [], "path": "/b"}]),
    ({"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}, _op("add", "/c/b", value=2)]),
    ({"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/a/c"}, _op("add", "/a/b", value=2)]),
    ({"a": {"b": {}}}, [_op("add", "/a/x", value=1), {"op": "copy", "from": "/a", "path": "/c"},
                        _op("add", "/a/b/y", value=1), _op("add", "/c/b/z", value=1)]),
    ({"a": {"b": {}}}, [_op("add", "/a/b/x", value=1), {"op": "move", "from": "/a/b", "path": "/c"},
                        _op("add", "/c/y", value=1), _op("add", "/a/z", value=1)]),
    *[({"a": before}, [_op("test", "/a", value=value)]) for before in
      (1, 1.5, 0, "x", "", True, None, [1, 2], [], {"b": 1, "c": [1]}, {"b": None}, {}) for value in
      (1, "1", 1.5, "x", True, None, [1, 2], [2, 1], [], {"c": [1], "b": 1}, {"b": None}, {"c": None}, {})],
    ({"a": 1}, [_op("test", "/a")]), ({"a": 1}, [_op("test", "/b")]), ({"a": 1}, [_op("test", "/b", value=None)]),
    ({"a": 1}, [_op("test", "/b", value=1)]), ({"a": 1}, [_op("test", "", value={"a": 1})]),
    ({"a": 1}, [_op("test", "", value={"a": 2})]), ({"a": 1}, [_op("test", "/b/c", value=1)]),
    ({"a": None}, [_op("test", "/a")]), ({"a": 1}, [_op("test", "/a", value=1.0)]),
    ({"a": [None]}, [_op("test", "/a", value=[None])]), ({"a": [1]}, [_op("test", "/a", value=[None])]),
    ({}, [_op("add", "/a", value=None), _op("test", "/a")]), ({}, [_op("add", "/a"), _op("test", "/a")]),
    ({}, [_op("add", "/a", value=None), _op("test", "/a", value=None)]),
    ({"a": {}}, [_op("add", "/a/b", value=None), _op("test", "/a", value={"b": None})]),
    ({}, [_op("add", "/a", value=None), {"op": "copy", "from": "/a", "path": "/b"}, _op("test", "/b", value=None)]),
    ({}, [_op("add", "/a", value=None), {"op": "copy", "from": "/a", "path": "/b"}, _op("add", "/b/c", value=1)]),
    ({}, [_op("add", "/a", value=None), _op("add", "/a/b", value=1)]),
    ({"a": 2**53 + 1}, [_op("test", "/a", value=2**53)]), ({"a": 2**70}, [_op("test", "/a", value=2**70)]),
    ({"a/b": 1, "m~n": 2, "~1": 3}, [_op("test", "/a~1b", value=1), _op("test", "/m~0n", value=2),
                                     _op("test", "/~01", value=3)]),
    ({"a~": 1}, [_op("test", "/a~", value=1)]), ({"~2": 1}, [_op("test", "/~2", value=1)]),
    ({"": {"": 1}}, [_op("test", "//", value=1)]), ({"ä": 1}, [_op("test", "/ä", value=1)]),
    ({"a": 1}, [_op("Add", "/b", value=1)]), ({"a": 1}, [_op("", "/b", value=1)]), ({"a": 1}, [_op(1, "/b", value=1)]),
    ({"a": 1}, [_op(None, "/b", value=1)]), ({"a": 1}, [{"path": "/b", "value": 1}]),
    ({"a": 1}, [_op("unknown", "/b")]),
    *[({"a": 1}, [{"op": op, "value": 1, "from": "/a"}]) for op in ("add", "remove", "replace", "move", "copy",
     "test")],
    *[({"a": 1}, [{"op": op, "path": path, "value": 1, "from": "/a"}]) for path in (1, True, None, [], {}) for op in
      ("add", "remove", "replace", "move", "copy", "test")],
    ({"a": 1}, [_op("add", "/b", value=1, x=2)]), ({"a": 1}, [_op("add", "/b", value=1), _op("test", "/b", value=2)]),
]  # fmt: skip

STRICT_JSON_PATCHES: list[Any] = [
    [_op("add", "/a", x=1, y={"z": 1})], [_op("add", "/a", Op="add", OP=1)], [_op("add", "/a"), _op("add", "/a", x=1)],
    [_op("add", "/a", value={"x": {"y": 1}})], [_op("add", "/a", x=1), _op("add", 1)], [_op(1, 2)], [_op([], {})],
    [_op("add", None, **{"from": None, "value": None})], [None, _op("add", "/a", **{"": 1, "ä\"": 2})],
    [_op("add", "/a", **{f"x{n}": n}) for n in range(120)], [_op("add", "/a", x=1), _op("add", "/a", x=1)], [1, _op(1)],
    [_op(True, "/a"), 1], [_op("add", "/a", **{"from": 1})], [_op("add", "/a", **{"from": False})],
    [_op(1.5, "/a")], [_op(-1, "/a")], [_op(2**70, "/a")], [[1]], [{"x": {"op": 1}}],
    [_op("add", "/a", **{"x.y": 1, "a[0]": 1})],
]  # fmt: skip

MERGE_PATCHES: list[tuple[Any, Any]] = [
    ({}, None), ({}, 1), ({}, "x"), ({}, True), ({}, []), ({}, [1, {"a": None}, None]), ({"a": 1}, {}),
    ({}, {"a": None}),
    ({"a": 1}, {"a": None}), ({"a": None}, {"a": {"b": None}}), ({}, {"a": {"b": None, "c": 1}}),
    ({"a": {}}, {"a": {"b": {"c": None}}}), ({"a": [1]}, {"a": [{"b": None}]}),
    ({}, {"a": [{"b": None}, None, [None]]}),
    ({"a": {}}, {"a": [{"b": None}]}), ({"a": 1}, {"a": [{"b": None, "c": [{"d": None}]}]}),
    ({"a": {"b": 1}}, {"a": 1}),
    ({"a": 1}, {"a": {"b": 1}}), ({"a": {"b": None}}, {"a": {"c": 1}}), ({"a": [None]}, {}), ({"a": 1.0}, {"a": 1}),
    ({"a": {"b": 1}}, {"a": []}), ({"a": {"b": 1}}, {"a": {}}), ({"a": {"b": 1}}, {"a": "x"}), ({"a": None}, {"b": 1}),
]  # fmt: skip

_POD = ("v1", "Pod")
_DEPLOYMENT = ("apps/v1", "Deployment")
_BUDGET = ("policy/v1", "PodDisruptionBudget")
_REVISION = ("apps/v1", "ControllerRevision")
_CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")


def _named(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "image": name} for name in names]


def _keys(*names: str) -> list[dict[str, Any]]:
    return [{"name": name} for name in names]


def _containers(*names: str) -> dict[str, Any]:
    return {"spec": {"containers": _named(*names)}}


def _meta(**fields: Any) -> dict[str, Any]:
    return {"metadata": fields}


def _changed(name: str) -> dict[str, Any]:
    return {"name": name, "tty": True}


def _spec(containers: Any, **directives: Any) -> dict[str, Any]:
    return {"spec": {"containers": containers, **directives}}


def _ordered(order: Any, **fields: Any) -> dict[str, Any]:
    return {"spec": {"$setElementOrder/containers": order, **fields}}


_FINALIZERS = _meta(finalizers=["a", "b", "c"])
_STRATEGY = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
_VOLUMES = {"spec": {"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "secret": {"secretName": "x"}}]}}
_PORTS = {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP"},
                                                         {"containerPort": 80, "protocol": "UDP"}]}]}}  # fmt: skip

STRATEGIC_PATCHES: list[tuple[tuple[str, str], Any, Any]] = [
    *[(_POD, _containers("a"), patch) for patch in ({}, None, [], 1, "x", True)],
    (_POD, _containers("a", "b"), _spec([_changed("b")])), (_POD, _containers("a", "b"), _spec([_changed("c")])),
    (_POD, _containers("a", "b", "c"), _spec([_changed("c"), _changed("a")])),
    (_POD, _containers("a", "b", "c"), _spec([_changed("d"), _changed("b")])),
    (_POD, _containers("a", "b"), _spec([{"name": "a", "$patch": "delete"}])),
    (_POD, _containers("a", "b"), _spec([{"name": "x", "$patch": "delete"}])),
    (_POD, _containers("a", "b"), _spec([{"$patch": "delete"}])),
    (_POD, _containers("a", "b"), _spec([{"$patch": "replace"}])),
    (_POD, _containers("a", "b"), _spec([{"$patch": "replace"}, _changed("c")])),
    (_POD, _containers("a", "b"), _spec([_changed("c"), _changed("c"), {"$patch": "replace"}])),
    (_POD, _containers("a", "b"), _spec([{"$patch": "merge"}])), (_POD, _containers("a"), _spec([{"$patch": "x"}])),
    (_POD, _containers("a"), _spec([{"$patch": None}])), (_POD, _containers("a"), _spec([{"$patch": {"a": [1]}}])),
    (_POD, _containers("a", "a"), _spec([_changed("a")])), (_POD, _containers("a", "b", "a"), _spec([_changed("b")])),
    (_POD, _containers("a"), _spec([_changed("a"), _changed("a")])), (_POD, _containers("a"), _spec([{"image": "x"}])),
    (_POD, _spec([{"image": "x"}]), _spec([_changed("a")])), (_POD, _containers("a"), _spec([None])),
    (_POD, _containers("a"), _spec([1])), (_POD, _containers("a"), _spec([[]])), (_POD, _spec([]), _spec([])),
    (_POD, _spec([]), _spec([None])), (_POD, _spec([]), _spec([[1]])), (_POD, _spec([]), _spec([1, 2])),
    (_POD, _spec([{"name": {"x": 1}}]), _spec([{"name": {"x": 1}}])), (_POD, _spec([]), _spec([{"name": []}])),
    (_POD, _spec([{"name": 1}, {"name": 1.5}, {"name": True}, {"name": "1"}]), _spec([{"name": 1.0, "tty": True}])),
    (_POD, _spec([{"name": 1}]), _spec([{"name": True, "tty": True}])), (_POD, {}, _containers("a")),
    (_POD, {"spec": {}}, _spec([{"name": "a", "image": None, "$patch": "replace"}, _changed("b")])),
    (_POD, {"spec": None}, _containers("a")), (_POD, {"spec": 1}, {"spec": {"$patch": "delete"}}),
    (_POD, {}, {"spec": {"$patch": "replace", "x": 1}}), (_POD, _containers("a"), {"spec": {"$patch": "delete"}}),
    (_POD, _containers("a"), {"spec": {"$patch": "replace", "nodeName": "x", "y": None}}),
    (_POD, _containers("a"), {"spec": {"$patch": "merge"}}), (_POD, _containers("a"), {"$patch": "replace", "x": None}),
    (_POD, _containers("a"), {"$patch": "delete"}), (_POD, _containers("a"), {"$patch": 1.5}),
    (_POD, _containers("a"), {"spec": None}), (_POD, _containers("a"), {"x": None}), (_POD, {}, {"x": {"y": None}}),
    (_POD, {}, {"x": [{"y": None}, None]}), (_POD, {"spec": {"x": {"a": 1}}}, {"spec": {"x": {"a": 2}}}),
    (_POD, {"spec": {"x": [1]}}, {"spec": {"x": [2]}}),
    (_POD, {"Spec": {"nodeName": "a"}}, {"Spec": {"nodeName": "b"}}),
    (_POD, _meta(labels={"a": "1", "b": "2"}), _meta(labels={"a": None, "c": "3"})),
    (_POD, _meta(labels={"a": {"b": 1}}), _meta(labels={"a": {"b": 2}})),
    (_POD, _meta(labels={"a": [1]}), _meta(labels={"a": [2]})),
    (_POD, _meta(labels=[1]), _meta(labels=[2])), (_POD, _spec({"a": {"b": 1}}), _spec({"a": {"b": 2}})),
    (_POD, {"spec": {"nodeName": {"a": {"b": 1}}}}, {"spec": {"nodeName": {"a": {"b": 2}}}}),
    # lists of scalars
    (_POD, _FINALIZERS, _meta(finalizers=["d", "b"])), (_POD, _FINALIZERS, _meta(finalizers=[])),
    (_POD, _FINALIZERS, _meta(finalizers=["b", "b"])), (_POD, _FINALIZERS, _meta(finalizers=[1])),
    (_POD, _FINALIZERS, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b", "x"]}}),
    (_POD, _FINALIZERS, {"metadata": {"$deleteFromPrimitiveList/finalizers": "b"}}),
    (_POD, _FINALIZERS, {"metadata": {"$deleteFromPrimitiveList/finalizers": None}}),
    (_POD, _FINALIZERS, {"metadata": {"$deleteFromPrimitiveList/finalizers": []}}),
    (_POD, _FINALIZERS, {"metadata": {"$deleteFromPrimitiveList/finalizers": [1]}}),
    (_POD, _FINALIZERS, {"metadata": {"$deleteFromPrimitiveList": ["a"]}}),
    (_POD, _FINALIZERS, {"metadata": {"$deleteFromPrimitiveList/": ["a"]}}),
    (_POD, _FINALIZERS, {"metadata": {"$deleteFromPrimitiveListX/finalizers": ["a"]}}),
    (_POD, {}, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}),
    (_POD, _FINALIZERS, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["d"]}}),
    (_POD, _containers("a"), {"spec": {"$deleteFromPrimitiveList/containers": [{"name": "a"}]}}),
    (_POD, {"spec": {"tolerations": [{"key": "a"}]}},
     {"spec": {"$deleteFromPrimitiveList/tolerations": [{"key": "a"}]}}),
    (_POD, _FINALIZERS, {"metadata": {"$setElementOrder/finalizers": ["c", "d", "a"], "finalizers": ["d"]}}),
    (_POD, _FINALIZERS, {"metadata": {"$setElementOrder/finalizers": ["c", "a"]}}),
    (_POD, _FINALIZERS, {"metadata": {"$setElementOrder/finalizers": [], "finalizers": ["d", "e"]}}),
    (_POD, _FINALIZERS, {"metadata": {"$setElementOrder/finalizers": ["a"], "finalizers": ["d"]}}),
    (_POD, _FINALIZERS, {"metadata": {"$setElementOrder/finalizers": [{"a": 1}]}}),
    (_POD, _FINALIZERS, {"metadata": {"$setElementOrder/finalizers": [{"a": 1}], "finalizers": [{"a": 1}]}}),
    (_POD, {"spec": {"containers": [{"name": "a", "args": ["b", "a"]}]}}, _spec([{"name": "a", "args": ["c"]}])),
    # order
    (_POD, _containers("a", "b", "c"), _ordered(_keys("c", "b", "a"))),
    (_POD, _containers("a", "b", "c", "d"), _ordered(_keys("d", "a"))),
    (_POD, _containers("a", "b", "c"), _ordered(_keys("x", "c", "a"), containers=[_changed("x"), _changed("a")])),
    (_POD, _containers("a", "b", "c"), _ordered(_keys("a", "x"), containers=[_changed("x"), _changed("a")])),
    (_POD, _containers("a", "b"), _ordered(_keys("a"), containers=[_changed("x")])),
    (_POD, _containers("a", "b"), _ordered(_keys("b"), containers=[{"name": "a", "$patch": "delete"}])),
    (_POD, _containers("a", "b"), _ordered(_keys("c"), containers=[{"$patch": "replace"}, _changed("c")])),
    (_POD, _containers("a", "b"), _ordered(_keys("c"), containers=[_changed("c"), {"$patch": "replace"}])),
    (_POD, {"spec": {}}, _ordered(_keys("c", "b"), containers=[_changed("b"), _changed("c")])),
    (_POD, {"spec": {}}, _ordered(_keys("b", "c"), containers=[_changed("b"), _changed("c")])),
    (_POD, {"spec": {}}, _ordered(_keys("b"), containers=[{"name": "b", "tty": None}])),
    (_POD, {}, _ordered(_keys("a"))),
    (_POD, {"spec": {}}, _ordered(_keys("a"))), (_POD, _spec([]), _ordered(_keys("a"))),
    (_POD, _containers("a", "b"), _ordered([], containers=_named("c", "d", "b"))),
    (_POD, _containers("a", "b"), _ordered("a")), (_POD, _containers("a", "b"), _ordered(None)),
    (_POD, _containers("a", "b"), _ordered([1])), (_POD, _containers("a", "b"), _ordered([{"x": 1}])),
    (_POD, _containers("a", "b"), _ordered([{"name": "a"}, 1])), (_POD, _containers("a"), _ordered([{"name": "a"}, 1])),
    (_POD, _containers("a"), {"spec": {"$setElementOrder": _keys("a")}}),
    (_POD, _containers("a"), {"spec": {"$setElementOrderX/containers": _keys("a")}}),
    (_POD, _containers("a"), {"spec": {"$setElementOrder/": _keys("a")}}),
    (_POD, _containers("a"), {"spec": {"$setElementOrder/x": _keys("a")}}),
    (_POD, _containers("a"), {"spec": {"$setElementOrder/nodeSelector": _keys("a")}}),
    (_POD, _containers("a"), {"spec": {"$setElementOrder/Containers": _keys("a")}}),
    (_POD, {"spec": {"containers": None}}, _ordered(_keys("a"))),
    (_POD, _containers("a"), _ordered(_keys("a"), containers=1)),
    (_POD, {"spec": {"tolerations": [{"key": "a"}, {"key": "b"}]}},
     {"spec": {"$setElementOrder/tolerations": [{"key": "b"}]}}),
    # $retainKeys
    (_DEPLOYMENT, _STRATEGY, {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
    (_DEPLOYMENT, _STRATEGY, {"spec": {"strategy": {"$retainKeys": ["type"], "rollingUpdate": None}}}),
    (_DEPLOYMENT, _STRATEGY, {"spec": {"strategy": {"$retainKeys": ["type"], "rollingUpdate": {}}}}),
    (_DEPLOYMENT, _STRATEGY, {"spec": {"strategy": {"$retainKeys": [], "type": "x"}}}),
    (_DEPLOYMENT, _STRATEGY, {"spec": {"strategy": {"$retainKeys": []}}}),
    (_DEPLOYMENT, _STRATEGY, {"spec": {"strategy": {"$retainKeys": "type"}}}),
    (_DEPLOYMENT, _STRATEGY, {"spec": {"strategy": {"$retainKeys": None}}}),
    (_DEPLOYMENT, _STRATEGY, {"spec": {"strategy": {"$retainKeys": [{}]}}}),
    (_DEPLOYMENT, _STRATEGY, {"spec": {"strategy": {"$retainKeys": [1, "type"], "type": "x"}}}),
    (_DEPLOYMENT, {"spec": {}}, {"spec": {"strategy": {"$retainKeys": ["type"], "type": "x"}}}),
    (_POD, _VOLUMES,
     {"spec": {"volumes": [{"name": "a", "$retainKeys": ["name", "secret"], "secret": {"secretName": "y"}}]}}),
    (_POD, _VOLUMES, {"spec": {"volumes": [{"name": "a", "$retainKeys": ["secret"], "secret": {"secretName": "y"}}]}}),
    # keys of other types, `replace`, free JSON
    (_POD, _PORTS, _spec([{"name": "a", "ports": [{"containerPort": 80, "name": "x"}]}])),
    (_POD, _PORTS, _spec([{"name": "a", "ports": [{"containerPort": "80", "name": "x"}]}])),
    (_POD, _PORTS, _spec([{"name": "a", "ports": [{"containerPort": 80, "$patch": "delete"}]}])),
    (_BUDGET, {"spec": {"selector": {"matchLabels": {"a": "b"}}}},
     {"spec": {"selector": {"matchLabels": {"c": None}}}}),
    (_BUDGET, {"spec": {"selector": {"matchLabels": {"a": "b"}}}},
     {"spec": {"selector": {"$patch": "delete", "x": 1}}}),
    (_REVISION, {"data": {"a": 1}}, {"data": {"a": 2}}),
    (_REVISION, {"data": {"a": {"b": 1}}}, {"data": {"a": {"b": 2}}}),
    (_CRD, {"spec": {"versions": [{"name": "a"}]}}, {"spec": {"versions": [{"name": "b"}]}}),
]  # fmt: skip

TWO_WAY_PATCHES: list[tuple[tuple[str, str], Any, Any]] = [
    (_POD, {}, {}), (_POD, _containers("a"), _containers("a")), (_POD, {}, _containers("a")),
    (_POD, _containers("a"), {}),
    (_POD, _containers("a", "b"), _containers("b", "a")), (_POD, _containers("a", "b"), _containers("a")),
    (_POD, _containers("a"), _containers("a", "b")), (_POD, _containers("a", "b"), _containers("c")),
    (_POD, _containers("a"), _spec([{"name": "a", "image": "x"}])), (_POD, _spec([]), _containers("a")),
    (_POD, _containers("a"), _spec([])), (_POD, _containers("a", "a"), _containers("a")),
    (_POD, _containers("a"), _spec([{"image": "a"}])), (_POD, _containers("a"), _spec([1])),
    (_POD, _containers("a"), _spec([[1]])), (_POD, _spec([[1]]), _spec([[1]])), (_POD, _spec([None]), _spec([None])),
    (_POD, _FINALIZERS, _meta(finalizers=["c", "b", "a"])), (_POD, _FINALIZERS, _meta(finalizers=["b", "d"])),
    (_POD, _meta(finalizers=["b", "a"]), _meta(finalizers=["b", "a"])),
    (_POD, _meta(finalizers=["b", "a"]), _meta(finalizers=["a", "b"])),
    (_POD, _meta(finalizers=["a", "b"]), _meta(finalizers=["a", "b"])),
    (_POD, _meta(finalizers=["a", "a", "b", "c"]), _meta(finalizers=["d"])), (_POD, _FINALIZERS, _meta(finalizers=[])),
    (_POD, _meta(finalizers=["b"]), _meta(finalizers=["a", "a", "b"])),
    (_POD, _meta(finalizers=[10, 9, 2**40]), _meta(finalizers=[9, 10, 11])),
    (_POD, _meta(finalizers=[1.5, 1e6, 1e-7]), _meta(finalizers=[1e6, 1e21, 0.25, 123456.5])),
    (_POD, _meta(labels={"a": "1", "b": "2"}), _meta(labels={"a": "2"})), (_POD, {"spec": 1}, {"spec": 1.0}),
    (_POD, {"spec": None}, {"spec": None}), (_POD, {"spec": None}, _containers("a")),
    (_POD, {"spec": True}, {"spec": 1}),
    (_DEPLOYMENT, _STRATEGY, {"spec": {"strategy": {"type": "Recreate"}}}),
    (_DEPLOYMENT, _STRATEGY, {"spec": {"strategy": {}}}),
    (_DEPLOYMENT, {"spec": {"strategy": {"type": "Recreate"}}}, _STRATEGY), (_DEPLOYMENT, _STRATEGY, {"spec": {}}),
    (_DEPLOYMENT, _STRATEGY, {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": None}}}),
    (_POD, _VOLUMES, {"spec": {"volumes": [{"name": "a", "secret": {"secretName": "x"}}]}}),
    (_BUDGET, {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, {"spec": {"selector": {"matchLabels": {"a": "b"}}}}),
    (_REVISION, {"data": {"a": {"b": 1}}}, {"data": {"a": {"b": 2}}}),
    (_REVISION, {"data": {"a": 1}}, {"data": {"a": 1}}),
    (_REVISION, {"data": {"a": [1]}}, {"data": {"a": [1]}}), (_REVISION, {"data": {"a": [1]}}, {"data": {"a": [2]}}),
    (_POD, {"x": {"a": 1}}, {"x": {"a": 1}}), (_POD, {"x": {"a": 1}}, {"x": {"a": 2}}), (_POD, {"x": [1]}, {"x": [2]}),
    (_POD, {"$patch": "a"}, {"$patch": "b"}), (_POD, {"$patch": 1}, {"$patch": "b"}),
    (_POD, {"$patch": "a"}, {"$patch": "a"}),
    (_POD, {"spec": {"tolerations": [{"key": "a"}]}}, {"spec": {"tolerations": [{"key": "a"}, {"key": "b"}]}}),
    (_POD, _PORTS, _spec([{"name": "a", "ports": [{"containerPort": 80}, {"containerPort": 9},
     {"containerPort": 443}]}])),
]  # fmt: skip

THREE_WAY_PATCHES: list[tuple[tuple[str, str], Any, Any, Any]] = [
    (_POD, {}, {}, {}), (_POD, {}, _containers("a"), {}), (_POD, _containers("a"), {}, _containers("a")),
    (_POD, _containers("a"), _containers("a"), _containers("a", "b")),
    (_POD, _containers("a", "b"), _containers("a"), _containers("a", "b", "c")),
    (_POD, _containers("a"), _containers("a", "b"), _containers("a", "c")),
    (_POD, _containers("a"), _spec([{"name": "a", "image": "x"}]), _spec([{"name": "a", "image": "y"}])),
    (_POD, _containers("a"), _spec([{"name": "a", "image": "x"}]), _spec([{"name": "a", "image": "x"}])),
    (_POD, _containers("a"), _containers("a"), _spec([{"name": "a", "image": "y"}])),
    (_POD, _meta(labels={"a": "1"}), _meta(labels={"a": "2"}), _meta(labels={"a": "3"})),
    (_POD, _meta(labels={"a": "1"}), _meta(labels={}), _meta(labels={"a": "3"})),
    (_POD, _meta(labels={"a": "1"}), _meta(labels={}), _meta(labels={})),
    (_POD, _FINALIZERS, _meta(finalizers=["a"]), _meta(finalizers=["c", "b", "x"])),
    (_POD, _FINALIZERS, _meta(finalizers=["d"]), _meta(finalizers=["a"])),
    (_POD, _FINALIZERS, _meta(finalizers=["a"]), _meta(finalizers=["a"])),
    (_DEPLOYMENT, _STRATEGY, {"spec": {"strategy": {"type": "Recreate"}}}, _STRATEGY),
    (_DEPLOYMENT, _STRATEGY, {"spec": {"strategy": {"type": "Recreate"}}}, {"spec": {"strategy": {"type": "x"}}}),
    (_POD, _VOLUMES, {"spec": {"volumes": [{"name": "a", "secret": {"secretName": "y"}}]}}, _VOLUMES),
    (_BUDGET, {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, {"spec": {"selector": {"matchLabels": {"a": "c"}}}},
     {"spec": {"selector": {"matchLabels": {"a": "d"}}}}),
    (_POD, {"spec": {"tolerations": [{"key": "a"}]}}, {"spec": {"tolerations": [{"key": "b"}]}},
     {"spec": {"tolerations": [{"key": "c"}]}}),
    (_POD, {"spec": {"tolerations": []}}, {"spec": {"tolerations": [{"key": "b"}]}},
     {"spec": {"tolerations": [{"key": "c"}]}}),
]  # fmt: skip
