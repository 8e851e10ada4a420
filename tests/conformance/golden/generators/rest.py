"""The addresses of requests, and the meaning of responses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

Case = dict[str, Any]

_HOSTS = [
    "", "localhost", "h", "h:6443", "http://h", "https://h", "https://h/", "https://h:6443/prefix", "https://h/a/b/",
    "https://h//a", "https://h/./a", "https://h/a/../b", "https://h/ü", "https://h/%C3%BC", "https://h/a|b",
    "https://h/[a]", "https://h/%zz", "https://h%41", "https://h/a b", "HTTPS://H", "ftp://h", "//h", "/h", "h/a",
    "h/", "10.0.0.1", "10.0.0.1:443", "[::1]", "[::1]:6443", "::1", "https://[::1]:6443", "https://[::1",
    "https://h:port", "https://h:", "https://h:99999", "https://user:pw@h", "https://h?x=1", "https://h#f",
    "https://h/?x=1", "https://h/a?x=1#f", "https://", "https:///a", "https:h", "h:6443/a", " h", "h ",
    "https://ä.example", "https://h/a%2Fb", "https://h/a%20b", "https://h/a+b", "https://h/a//", "https://h/a/.",
    "https://h/a/..", "https://h.", "https://-h", "https://h_1", "https://h\\a", "https://h/a\\b", "https://h/\x01",
    "https://h/a;b", "https://h/a:b", "https://h/a@b", "https://h/~a", "https://h/'a'", "https://h/(a)*!",
    "https://h/$&,=",
]  # fmt: skip
_NAMES = [
    "web", "web-0", "system:node:a", "a.b", "a b", "ä", "a?b", "a#b", "a+b", "a&b=c", "a@b", "a,b", "a;b", "a~b",
    "a*b", "(a)", "a'b", 'a"b', "a<b>", "a|b", "a\\b", "[a]", "{a}", "a^b", "a`b", "a$b", "a!b", "a%b", "a/b", ".",
    "..", "", "a:b", "a\tb", "a\nb", "😀", "..a", "a..", "-", "_", "a=b", "A",
]  # fmt: skip
_PARAMS = [
    ("labelSelector", "app=web"), ("labelSelector", "app in (a,b)"), ("fieldSelector", "spec.nodeName=n1"), ("limit",
    "500"), ("continue", "abc+/=="), ("watch", "true"), ("resourceVersion", "0"), ("a", ""), ("ä", "ö"), ("a b",
    "c d"), ("x", "~-._*'()!"), ("x", "a&b=c;d"), ("x", "1"), ("x", "2"), ("pretty", "%2F"), ("x", "\n"), ("",
    "empty"),
]  # fmt: skip


def urls(random: Random) -> Iterator[Case]:
    """Yield addresses of servers, and requests by group, namespace, resource, name, subresource and parameters."""
    for host in _HOSTS:
        for tls in (True, False):
            yield {"host": host, "tls": tls}
        yield _request(host=host, name="web")
    for name in _NAMES:
        yield _request(name=name)
        yield _request(namespace=name)
        yield _request(resource=name)
        yield _request(name="web", subresource=name)
    for path in (
        "/", "/version", "/healthz/", "/api/v1/", "/openapi/v3?hash=1", "/a b", "/ä", "/a%20b", "/a/../b", "/a/./b",
        "//a", "/a//b", "/%zz", "/a%2Fb", "/a#b", "/a?b=c", "/logs/", "", "/a:b", "/a;b",
        "/api/v1/namespaces/n/pods/web/log",
    ):  # fmt: skip
        for host in ("https://h", "https://h/prefix"):
            yield {"host": host, "group_version": "v1", "verb": "GET", "abs_path": path, "params": []}
            yield {"host": host, "group_version": "v1", "verb": "GET", "abs_path": path, "params": [["a", "b"]]}
    for subresource in (
        "status",
        "scale",
        "proxy/metrics",
        "proxy/a/b",
        "proxy//a",
        "exec",
        "",
        "/",
        "a/",
        "proxy/",
        "proxy/a b",
        "proxy/..",
        "log",
    ):
        yield _request(name="web", subresource=subresource)
        yield _request(subresource=subresource)
    for group_version in (
        "v1",
        "apps/v1",
        "a.b.c/v1beta1",
        "",
        "apps/",
        "/v1",
        "a/b/c",
        "a b/v1",
        "../v1",
        "apps/v1?x",
        "ä/v1",
    ):
        yield _request(group_version=group_version, name="web")
    for _ in range(150):
        yield _request(
            host=random.choice(["https://h", "https://h/p", "http://h:8080"]),
            group_version=random.choice(["v1", "apps/v1", "example.com/v1alpha1"]),
            verb=random.choice(["GET", "POST", "PUT", "PATCH", "DELETE"]),
            namespace=random.choice([None, "", "default", random.choice(_NAMES)]),
            resource=random.choice(["pods", "Pods", "deployments", "widgets"]),
            name=random.choice([None, "web", random.choice(_NAMES)]),
            subresource=random.choice([None, None, None, "status"]),
            params=[list(pair) for pair in random.sample(_PARAMS, random.randint(0, 4))],
        )
    for pair in _PARAMS:
        yield _request(params=[list(pair)])


def _request(**fields: Any) -> Case:
    case = {
        "host": "https://h",
        "group_version": "v1",
        "verb": "GET",
        "namespace": "default",
        "resource": "pods",
        "params": [],
    }
    return {key: value for key, value in (case | fields).items() if value is not None}


_REASONS = [
    "", "Unknown", "Unauthorized", "Forbidden", "NotFound", "AlreadyExists", "Conflict", "Gone", "Invalid",
    "ServerTimeout", "StoreReadError", "StorageReadError", "Timeout", "TooManyRequests", "BadRequest",
    "MethodNotAllowed", "NotAcceptable", "RequestEntityTooLarge", "UnsupportedMediaType", "InternalError", "Expired",
    "ServiceUnavailable", "SomethingElse", "notfound",
]  # fmt: skip
_CODES = [
    200, 201, 202, 204, 206, 207, 226, 300, 304, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 412, 413, 414, 415,
    418, 422, 425, 429, 451, 499, 500, 501, 502, 503, 504, 507, 511, 520, 599,
]  # fmt: skip
_BODIES = [
    "", "{}", "[]", "null", "not JSON", "<html>bad gateway</html>", '{"error": "x"}', '{"kind": "Status"}',
    '{"kind": "Pod", "apiVersion": "v1"}', "\x00", '{"kind":"Status","apiVersion":"v1","status":"Success"}',
]  # fmt: skip
_POD = '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","namespace":"default"}}'
_VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE", "WATCH", "STREAM"]
_WAITS = [
    "0",
    "1",
    "2",
    "5",
    "30",
    "60",
    "61",
    "3600",
    "-1",
    "1.5",
    "",
    "x",
    " 1",
    "1 ",
    "+1",
    "01",
    "1e1",
    "Wed, 21 Oct 2015 07:28:00 GMT",
    "99999999999999999999",
    "1,2",
    "٣",
]


def errors(random: Random) -> Iterator[Case]:
    """Yield status, body and Retry-After, alone and in sequence."""
    for code in _CODES:
        for verb in ("GET", "POST"):
            yield _exchange(verb, _reply(code))
            yield _exchange(verb, _reply(code, body=_status(code, "")))
        yield _exchange("WATCH", _reply(code, body="not JSON"))
        yield _exchange("DELETE", _reply(code, body="not JSON"))
    for reason in _REASONS:
        for code in (400, 404, 409, 429, 500):
            yield _exchange("GET", _reply(code, body=_status(code, reason)))
    for body in _BODIES:
        for code in (400, 404, 500):
            yield _exchange("GET", _reply(code, body=body))
    for wait in _WAITS:
        for code in (429, 503, 404, 200):
            yield _exchange(
                "GET",
                _reply(code, headers={"Retry-After": wait}, body=_POD if code == 200 else _status(code, "")),
                _reply(200, body=_POD),
            )
        yield _exchange(
            "POST", _reply(429, headers={"Retry-After": wait}, body=_status(429, "TooManyRequests", seconds=7))
        )
    for verb in _VERBS:
        for failure in ("reset", "refused", "cut", "untrusted"):
            yield _exchange(verb, {"failure": failure}, _reply(200, body=_POD))
            yield _exchange(verb, {"failure": failure})
            yield _exchange(
                verb, _reply(503, headers={"Retry-After": "1"}), {"failure": failure}, _reply(200, body=_POD)
            )
        for retries in (0, 1, 3):
            yield _exchange(
                verb, _reply(429, headers={"Retry-After": "1"}, body=_status(429, "TooManyRequests")), retries=retries
            )
        yield _exchange(verb, _reply(429, body=_status(429, "TooManyRequests", seconds=3)))
        yield _exchange(verb, *[_reply(500, headers={"Retry-After": "2"})] * 3, _reply(200, body=_POD))
    for data in (
        {"code": 0}, {"code": 409}, {"code": "404"}, {"code": True}, {"code": 10**30}, {"code": -1}, {"reason": 5},
        {"message": 5}, {"details": []}, {"details": None}, {"details": {"causes": None}},
        {"details": {"causes": [None]}}, {"details": {"causes": [{"reason": "FieldValueInvalid", "field": "spec.a",
        "message": "bad"}]}}, {"details": {"retryAfterSeconds": 0}}, {"details": {"retryAfterSeconds": -5}},
        {"details": {"retryAfterSeconds": 7}}, {"details": {"retryAfterSeconds": "7"}},
        {"details": {"retryAfterSeconds": 1.5}}, {"apiVersion": "meta.k8s.io/v1"}, {"apiVersion": "v2"},
        {"apiVersion": ""}, {"kind": "status"}, {"kind": "Pod"}, {"status": "Success"}, {"status": ""},
        {"status": "failure"}, {"metadata": None}, {"metadata": []}, {"message": None}, {"extra": 1},
    ):  # fmt: skip
        body = json.dumps(json.loads(_status(404, "NotFound")) | data)
        for code in (404, 500):
            yield _exchange("GET", _reply(code, body=body))
    for verb in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        yield _exchange(verb, _reply(200, body=_status(404, "NotFound")))
        yield _exchange(verb, _reply(201, body=_status(0, "")))
        yield _exchange(verb, _reply(200, body=_POD))
        yield _exchange(verb, _reply(200, body="not JSON"))
    for code, wait in ((429, "1"), (503, "2"), (429, ""), (404, ""), (409, ""), (500, "")):
        for cut in (0, 10):
            reply = _reply(code, headers={"Retry-After": wait} if wait else {}, body=_status(code, "")) | {"cut": cut}
            for verb in ("GET", "POST", "WATCH"):
                yield _exchange(verb, reply, _reply(200, body=_POD))
    for verb in ("GET", "POST", "DELETE"):
        yield _exchange(verb, _reply(200, body=_POD) | {"cut": 10}, _reply(200, body=_POD))
    for _ in range(120):
        replies = [_random_reply(random) for _ in range(random.randint(1, 4))]
        yield _exchange(random.choice(_VERBS), *replies, _reply(200, body=_POD))


def _exchange(verb: str, *replies: Case, **fields: Any) -> Case:
    name = "" if verb in {"POST", "WATCH"} else "web"
    return {"verb": verb, "resource": "pods", "name": name, "replies": list(replies), **fields}


def _reply(status: int, *, headers: dict[str, str] | None = None, body: str = "") -> Case:
    kind = "application/json" if body[:1] in "{[" else "text/plain"
    return {"status": status, "headers": {"Content-Type": kind, **(headers or {})}, "body": body}


def _status(code: int, reason: str, *, seconds: int | None = None) -> str:
    status: Case = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "it failed",
        "reason": reason,
        "code": code,
    }
    if seconds is not None:
        status["details"] = {"retryAfterSeconds": seconds}
    return json.dumps(status)


def _random_reply(random: Random) -> Case:
    code = random.choice([429, 429, 500, 503, 504, 404, 409, 200])
    headers = {"Retry-After": random.choice(["1", "2", "5", "30"])} if random.random() < 0.7 else {}
    if random.random() < 0.1:
        return {"failure": random.choice(["reset", "refused", "cut"])}
    body = _POD if code == 200 else random.choice(["", _status(code, random.choice(_REASONS)), "not JSON"])
    return _reply(code, headers=headers, body=body)
