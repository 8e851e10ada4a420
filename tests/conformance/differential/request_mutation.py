"""Requests that no client sends: valid ones, changed at random in any part, down to the bytes of their bodies."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any
from urllib.parse import quote

import kubeloop
from kubeloop.meta import yaml
from kubeloop.testing.apiserver.facts.served_resource import Resources
from kubeloop.wire.request import Request
from kubeloop.wire.serializers.protobuf_serializer import ProtobufSerializer

__all__ = ["RequestMutation"]

_PROTOBUF = "application/vnd.kubernetes.protobuf"
_LARGE_BYTES = 1 << 20
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PURGE", "get")
_MEDIA_TYPES = (
    "application/json", "application/yaml", _PROTOBUF, "application/json-patch+json", "application/merge-patch+json",
    "application/strategic-merge-patch+json", "application/apply-patch+yaml", "application/cbor", "text/plain", "*/*",
    "application/json;charset=latin-1", "application/json;stream=watch", f"{_PROTOBUF};stream=watch", "", ";", ",,",
    "application/json;as=Table;g=meta.k8s.io;v=v1", "application/json;as=Table;g=meta.k8s.io;v=v1beta1",
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "application/json;q=nonsense", "a/b;c=\"d",
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", "APPLICATION/JSON", "*/json", "\xff",
    f"{_PROTOBUF};as=Table;g=meta.k8s.io;v=v1", f"{_PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    "application/yaml;as=Table;g=meta.k8s.io;v=v1",
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
)  # fmt: skip
_HEADERS = (
    "Accept", "Accept", "Accept", "Content-Type", "Content-Type", "Content-Type", "Authorization", "If-None-Match",
    "If-Modified-Since", "X-HTTP-Method-Override", "Impersonate-User", "Accept-Encoding", "Content-Encoding",
    "Audit-Id", "Range", "X-Remote-User", "Cookie", "User-Agent",
)  # fmt: skip
_SEGMENTS = (
    "", ".", "..", "%", "%zz", "%00", "%2f", "%2F..", "%ff", "%ed%a0%80", "a" * 5000, "api", "apis", "v1", "v99",
    "apps",
    "namespaces", "default", "watch", "proxy", "status", "scale", "binding", "eviction", "log", "exec", "finalize",
    "token", "approval", "ephemeralcontainers", "resize", "pods", "nodes", "*", "~", "\xe9", "%F0%9F%98%80", "x:y", "-",
    "a;b", "a=b", "a&b", "a+b", "a b", "nonsense.example.com", "0", "NAME",
)  # fmt: skip
_PARAMETERS = (
    "limit", "continue", "resourceVersion", "resourceVersionMatch", "labelSelector", "fieldSelector", "watch",
    "timeoutSeconds", "allowWatchBookmarks", "sendInitialEvents", "dryRun", "fieldManager", "fieldValidation", "force",
    "pretty", "propagationPolicy", "gracePeriodSeconds", "orphanDependents", "preconditions", "includeObject",
    "timeout",
    "container", "tailLines", "nonsense", "ignoreStoreReadErrorWithClusterBreakingPotential", "shardSelector", "hash",
)  # fmt: skip
_TEXTS = (
    "", "0", "1", "-1", "true", "false", "All", "Strict", "Orphan", "Exact", "NotOlderThan", "abc", "9" * 30, "1.5",
    "1e9",
    "0x10", "9223372036854775807", "9223372036854775808", "18446744073709551615", "-9223372036854775809", "\x00",
    "\x7f",
    "\u202e", "\U0001f600", "a" * 300, "a" * 20_000, "a=b,c!=d", "a in (b,c", "!a,!b", "a,b,", ",", "=", "==", "!", "(",
    "a notin ()", "metadata.name=x", "metadata.name=..", "spec.nodeName=a\\=b", "a\\", "Object", "Metadata", "None",
    " 1",
    "1 ", "+1", "01", "1_000", "\u0661", "null", "NaN", "2026-11-29T00:00:00Z", "eyJ2IjoibWV0YS5rOHMuaW8vdjEi", "%",
)  # fmt: skip


def _nested(depth: int, value: Any, name: str | None = None) -> Any:
    for _ in range(depth):
        value = [value] if name is None else {name: value}
    return value


_VALUES: tuple[Any, ...] = (
    *_TEXTS, None, True, False, 0, -1, 1.5, 1e308, -0.0, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400, [], {},
    [None], [[]], [{}], {"": ""}, {"a": None}, {"\ud800": 1}, "\ud800", "\ud83d", "\x00", "x" * 200_000, _nested(60, 1),
    _nested(500, 1, "a"), [0] * 5000, [{}] * 500, [None] * 500, {f"k{number}": "v" for number in range(3000)},
    "1Ei", "99999999999999999999999Ei", "-1", "1e1000000", "0.0000000000001", "Pod", "v1", "apps/v1", "a/b/c",
    float("inf"),
    "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "99999-01-01T00:00:00Z", "2026-11-29T00:00:00.123456789+23:59",
    {"$patch": "delete"}, {"$patch": "nonsense"}, [{"$patch": "replace"}], {"$retainKeys": ["a"]},
    {"$setElementOrder/containers": [{"name": "x"}]}, {"$deleteFromPrimitiveList/finalizers": ["x"]},
)  # fmt: skip
_NAMES = (
    "kind", "apiVersion", "metadata", "spec", "status", "data", "name", "namespace", "uid", "labels", "annotations",
    "finalizers", "ownerReferences", "managedFields", "generateName", "resourceVersion", "deletionTimestamp",
    "deletionGracePeriodSeconds", "creationTimestamp", "generation", "selfLink", "items", "op", "path", "value", "from",
    "$patch", "$retainKeys", "", "a/b", "~0~1", "replicas", "template", "containers", "selector", "preconditions",
)  # fmt: skip
_BOMB = b"a: &a [" + b"x," * 9 + b"x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (97 + at, 97 + at, b",".join([b"*%c" % (96 + at)] * 9)) for at in range(1, 10)
)  # fmt: skip


def _copies(count: int) -> bytes:
    """Return a JSON patch that doubles an object with each of its operations."""
    return json.dumps([
        {"op": "add", "path": "/metadata/annotations", "value": {"a": "x" * 1000}},
        *({"op": "copy", "from": "/metadata", "path": f"/metadata/annotations/c{at}"} for at in range(count)),
    ]).encode()  # fmt: skip


_BODIES: tuple[bytes, ...] = (
    b"", b" ", b"null", b"true", b"1", b'"x"', b"[]", b"{}", b"[{}]", b"{", b"}", b"[", b'{"a":1,"a":2}',
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00", b"\x00" * 100, b"\xff" * 100, b"[" * 100_000, b'{"a":' * 50_000, b"[" * 5000 + b"]" * 5000,
    b'{"a":' * 9000 + b"1" + b"}" * 9000, b'{"metadata":{"labels":' * 5000, b"9" * 100_000,
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"spec":{"replicas":' + b"9" * 5000 + b"}}", b'{"a":1e' + b"9" * 20 + b"}", b'"\\ud800"',
    b'{"\\ud800":"\\udfff"}',
    b'{"metadata":{"name":"\\ud800"}}', b'{"metadata":{"annotations":{"\\ud83d":"\\udc00"}}}', b"NaN", b"-Infinity",
    b'{"metadata":{"name":"\\u0000"}}', b"x" * (3 << 20), b"x" * ((3 << 20) + 1), b" " * (3 << 20), b"[" * (3 << 20),
    b'"' + b"x" * 3_000_000 + b'"', b"[" + b"0," * 1_000_000 + b"0]", b"[" + b"{}," * 500_000 + b"{}]",
    b'{"metadata":{"labels":{' + b",".join(b'"k%d":"v"' % at for at in range(100_000)) + b"}}}", _BOMB,
    b'{"metadata":{"finalizers":[' + b",".join(b'"example.com/f%d"' % at for at in range(20_000)) + b"]}}",
    b"- " * 20_000, b"a: " * 1000, b"? " * 5000, b"&a [*a]", b"&a {x: *a}", b"!!python/object:os.system {}",
    b"---\n" * 5000,
    b"%YAML 9.9\n---\n{}", b"a: 1\na: 2\n\x0b\x0c\x1c", b"\x0b\x1d\xc2\x85\na: 1\na: 2", b"<<: [{a: 1}, {a: 2}]",
    b"{? [1]: 2}",
    b"!!binary x", b"a: !!int x", b"a: 2001-99-99", b"a: 1:60:60", b"a: 0o9", b"a: .nan", b"k8s\x00",
    b"k8s\x00\xff\xff\xff",
    b"k8s\x00\n\x00", b"k8s\x00" + b"\n\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"k8s\x00" + b"\x12\x80\x80\x80\x80\x10",
    b"[" + b",".join([b'{"op":"test","path":"","value":1}'] * 10_001) + b"]", b'[{"op":"add","path":"/a/0/-/~2"}]',
    b'[{"op":"add","path":"/metadata/finalizers/99999999999999999999","value":"x"}]', _copies(12), _copies(40),
    b'[{"op":"replace","path":"","value":[]}]', b'[{"op":"remove","path":""}]',
    b'[{"op":"move","from":"","path":"/a"}]',
    b'[{"op":"replace","path":"/metadata","value":null}]', b'[{"op":"add","path":"/metadata","value":[]}]',
    b'{"metadata":null}', b'{"metadata":[]}', b'{"metadata":"x"}', b'{"kind":[]}', b'{"apiVersion":{}}',
    b'{"$patch":"delete"}',
    b'{"$patch":"replace","metadata":{}}', b'{"spec":{"$patch":"replace"}}',
    b'{"spec":{"containers":[{"$patch":"replace"}]}}',
    b'{"spec":{"template":{"spec":{"containers":[{"name":{"$patch":"delete"}}]}}}}',
    b'{"spec":{"containers":[[[[]]]]}}',
    b'{"spec":{"$setElementOrder/containers":[{}],"containers":[{"name":"main"}]}}', b'{"spec":{"$retainKeys":{}}}',
    b'{"metadata":{"$deleteFromPrimitiveList/finalizers":[{}]}}', b'{"metadata":{"$setElementOrder/finalizers":"x"}}',
)  # fmt: skip


class RequestMutation:
    """Changes requests, and builds new ones to any resource.

    Args:
        random: The source of all choices.
        resources: What the server serves.
    """

    def __init__(self, random: Random, resources: Resources) -> None:
        self._random = random
        self._resources = tuple(resources)
        self._protobuf = ProtobufSerializer()
        self._last = b"{}"

    def anywhere(self) -> Request:
        """Return a request to a resource, or a subresource, of any group."""
        random = self._random
        resource = random.choice(self._resources)
        group = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.api_version}"
        inside = f"/namespaces/{random.choice(('default', 'kube-system', 'diff-a'))}" if resource.namespaced else ""
        path = f"{group}{inside}/{resource.plural}"
        method = random.choice(("GET", "POST", "PUT", "PATCH", "DELETE"))
        kind, api_version = resource.kind, resource.api_version
        if method != "POST" or random.random() < 0.4:
            path += f"/{random.choice(('n0', 'n1', 'x', 'default', 'kubernetes'))}"
            if resource.subresources and random.random() < 0.4:
                name = random.choice(list(resource.subresources))
                subresource = resource.subresources[name]
                path += f"/{name}"
                if subresource.kind:
                    kind, api_version = subresource.kind, f"{subresource.group}/{subresource.version}".strip("/")
        headers = {"Accept": random.choice(("application/json", "application/json", _PROTOBUF, "application/yaml"))}
        if method in ("GET", "DELETE"):
            return Request(method, path, headers)
        metadata = {"name": random.choice(("n0", "n1", "x")), "labels": {"color": "red"}}
        document = {"kind": kind, "apiVersion": api_version, "metadata": metadata}
        for name in ("spec", "status", "data"):
            if random.random() < 0.3:
                document[name] = {}
        kinds = _MEDIA_TYPES[3:6] if method == "PATCH" else _MEDIA_TYPES[:1]
        headers["Content-Type"] = random.choice(kinds)
        return Request(method, path, headers, json.dumps(document).encode())

    def changed(self, request: Request) -> Request:
        """Return a request with one to three changes."""
        ways: list[Callable[[Request], Request]] = [
            self._method, self._path, self._path, self._query, self._query, self._header, self._header,
            self._structure, self._structure, self._structure, self._structure, self._structure, self._bytes,
            self._bytes, self._as_yaml, self._as_protobuf, self._as_protobuf, self._special, self._special,
        ]  # fmt: skip
        for _ in range(self._random.choice((1, 1, 1, 2, 3))):
            request = self._random.choice(ways)(request)
        return request

    def _method(self, request: Request) -> Request:
        return _with(request, method=self._random.choice(_METHODS))

    def _path(self, request: Request) -> Request:
        random = self._random
        path, mark, query = request.target.partition("?")
        parts = path.split("/")
        at = random.randrange(len(parts))
        chosen = random.choice(_SEGMENTS)
        way = random.randrange(5)
        if way == 0:
            parts.insert(at, chosen)
        elif way == 1:
            parts.append(chosen)
        elif way == 2 and len(parts) > 1:
            del parts[at]
        elif way == 3:
            parts[at] = parts[at][: random.randrange(len(parts[at]) + 1)] + chosen
        else:
            parts[at] = chosen
        return _with(request, target=f"/{'/'.join(parts).removeprefix('/')}{mark}{query}")

    def _query(self, request: Request) -> Request:
        random = self._random
        path, _, query = request.target.partition("?")
        pairs = query.split("&") if query else []
        way = random.random()
        if way < 0.1:
            pairs.append(random.choice(("&&==", "%zz=%", "=", "a=%", ";", "%00", "limit", "+", "[]", "a" * 30_000)))
        elif way < 0.2 and pairs:
            pairs.append(random.choice(pairs))
        elif way < 0.3 and pairs:
            del pairs[random.randrange(len(pairs))]
        elif way < 0.36:
            token = json.dumps({"v": "meta.k8s.io/v1", "rv": random.choice(_VALUES), "start": random.choice(_VALUES)})
            pairs.append(f"continue={base64.urlsafe_b64encode(token.encode()).decode().rstrip('=')}")
        elif way < 0.4:
            many = ",".join(f"k{at} in (a,b)" for at in range(random.choice((10, 3000))))
            pairs.append(f"labelSelector={quote(many)}")
        else:
            pairs.append(f"{random.choice(_PARAMETERS)}={quote(random.choice(_TEXTS))}")
        return _with(request, target=f"{path}?{'&'.join(pairs)}")

    def _header(self, request: Request) -> Request:
        random = self._random
        name = random.choice(_HEADERS)
        if name in ("Accept", "Content-Type"):
            value = random.choice(_MEDIA_TYPES)
            if random.random() < 0.1:
                value = ", ".join(random.choices(_MEDIA_TYPES, k=random.choice((2, 50))))
        else:
            value = random.choice(
                (*_METHODS, "gzip", "Bearer x", "Bearer", "\xff", "x" * 5000, '"abc"', "identity;q=0")
            )
        return request.with_header(name, value)

    def _structure(self, request: Request) -> Request:
        try:
            document = json.loads(request.body or b"{}")
            for _ in range(self._random.choice((1, 1, 2, 5))):
                self._last = json.dumps(self._in_structure(document)).encode()
                if len(self._last) > _LARGE_BYTES:
                    break
                document = json.loads(self._last)  # no part of it is in it twice
        except (ValueError, RecursionError):
            return self._bytes(request)
        return _with(request, body=self._last)

    def _in_structure(self, document: Any) -> Any:
        """Change a value anywhere in a document, which is changed in place if it is not replaced."""
        random, holder = self._random, document
        while random.random() < 0.85:
            items = list(holder.values()) if isinstance(holder, dict) else holder if isinstance(holder, list) else []
            inner = [item for item in items if isinstance(item, (dict, list)) and item]
            if not inner:
                break
            holder = random.choice(inner)
        value = json.loads(json.dumps(random.choice(_VALUES)))  # its own
        if isinstance(holder, dict):
            way, names = random.randrange(4), list(holder)
            if way == 0 or not names:
                holder[random.choice((*_NAMES, *random.choices(_TEXTS, k=3)))] = value
            elif way == 1:
                del holder[random.choice(names)]
            elif way == 2:
                holder[random.choice(_NAMES)] = holder[random.choice(names)]
            else:
                holder[random.choice(names)] = value
        elif isinstance(holder, list) and holder:
            at = random.randrange(len(holder))
            count = random.choice((2, 300)) if len(json.dumps(holder[at])) < 1000 else 2
            holder[at : at + random.randrange(2)] = random.choice(([value], [holder[at]] * count, []))
        else:
            return value
        return document

    def _bytes(self, request: Request) -> Request:
        return _with(request, body=self.changed_bytes(request.body or b"{}", self._last))

    def changed_bytes(self, data: bytes, other: bytes = b"") -> bytes:
        """Return bytes with some of them changed, removed, repeated, or replaced by a part of others."""
        random = self._random
        for _ in range(random.choice((1, 1, 2, 8))):
            at = random.randrange(len(data) + 1)
            size = random.choice((1, 1, 2, 4, 16, 100))
            way = random.randrange(6)
            if way == 0:
                data = data[:at] + random.randbytes(size) + data[at + size :]
            elif way == 1:
                data = data[:at] + data[at + size :]
            elif way == 2:
                data = data[:at] + data[at : at + size] * random.choice((2, 50)) + data[at + size :]
            elif way == 3:
                data = data[:at]
            elif way == 4:
                start = random.randrange(len(other) + 1)
                data = data[:at] + other[start : start + size] + data[at:]
            else:
                special = random.choice(
                    (b"\x00", b"\xff", b'"', b"\\", b"\n", b"{", b"]", b":", b"\xed\xa0\x80", b"\x80")
                )
                data = data[:at] + special + data[at:]
            data = data[:200_000]
        return data

    def _as_yaml(self, request: Request) -> Request:
        body = request.body or b"{}"
        with suppress(Exception):  # what is no JSON stays as it is
            body = yaml.dump(json.loads(body)).encode()
        if self._random.random() < 0.6:
            body = self.changed_bytes(body, random_part(self._random, _BODIES))
        return _with(request.with_header("Content-Type", "application/yaml"), body=body)

    def _as_protobuf(self, request: Request) -> Request:
        body = request.body or b"k8s\x00"
        with suppress(Exception):  # what is no object of a known kind stays as it is
            body = self._protobuf.encode(kubeloop.decode(body))
        if self._random.random() < 0.75:
            body = self.changed_bytes(body, self._last)
        self._last = body
        changed = request.with_header("Content-Type", _PROTOBUF)
        if self._random.random() < 0.5:
            changed = changed.with_header("Accept", _PROTOBUF)
        return _with(changed, body=body)

    def _special(self, request: Request) -> Request:
        changed = _with(request, body=self._random.choice(_BODIES))
        if self._random.random() < 0.5:
            changed = changed.with_header("Content-Type", self._random.choice(_MEDIA_TYPES[:7]))
        return changed


def random_part(random: Random, bodies: tuple[bytes, ...]) -> bytes:
    """Return one of some bodies, without the very long ones."""
    return random.choice(bodies)[:10_000]


def _with(request: Request, *, method: str = "", target: str = "", body: bytes | None = None) -> Request:
    return Request(
        method or request.method,
        target or request.target,
        request.headers,
        request.body if body is None else body,
    )
