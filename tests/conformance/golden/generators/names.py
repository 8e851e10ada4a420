"""Names, the names of types, and the proxies that an environment names."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

Case = dict[str, Any]

_PICKED_NAMES = [
    "", " ", "a", "A", "0", "-", ".", "..", "...", "/", "%", "a/b", "a%b", "a.b", "a..b", ".a", "a.", "-a", "a-",
    "a-b", "a_b", "_", "_a", "a_", "a b", " a", "a ", "a\n", "a\x00", "ä", "a\u0301", "中", "😀", "A.B/C", "a.b/c",
    "a.b/", "/c", "a/b/c", "a//b", "a.b/_c", "a.b/C-d_e.f", "A_b", "x" * 63, "x" * 64, "x" * 253, "x" * 254, "ä" * 31,
    "ä" * 32, "x" * 63 + "/y", "x" * 253 + "/y", "x" * 254 + "/y", ("x" * 63 + ".") * 3 + "x" * 61,
    ("x" * 63 + ".") * 3 + "x" * 62, "x" * 64 + ".y", "xn--a", "1.2.3.4", "a-.b", "a.-b", "a.b-", "kubernetes.io/",
    "kubernetes.io/name", "KUBERNETES.io/name", "a.b/c" + "d" * 62, "a.b/c" + "d" * 63, "system:node:a", "a:b", "a+b",
    "a@b", "a,b", "a~b", "a=b", "a?b", "a#b", "a\\b", "true", "null", "~", "*", "a*", "%2e", "%2f", "𝟏", "٣",
    "a\u200b", "a\u00a0", "ſ", "K", "a\tb", "a\rb",
]  # fmt: skip


def names(random: Random) -> Iterator[str]:
    """Yield texts that are, or nearly are, names."""
    yield from _PICKED_NAMES
    for _ in range(200):
        yield "".join(random.choice("aab0z9-._") for _ in range(random.randint(1, 8)))
    for _ in range(120):
        yield "".join(random.choice("aB0-._/ %é") for _ in range(random.randint(1, 9)))
    for _ in range(40):
        yield ".".join("a" * random.randint(1, 66) for _ in range(random.randint(1, 5)))


def schema(random: Random) -> Iterator[Case]:
    """Yield groups, versions, kinds, resources and keys."""
    texts = [
        "",
        "/",
        "v1",
        "apps/v1",
        "a/b/c",
        "/v1",
        "apps/",
        "//",
        "a.b.c/v1alpha1",
        " v1",
        "../v1",
        "v1/",
        "apps//v1",
        "a/b/",
    ]
    for text in texts:
        yield {"op": "group_version", "a": [text]}
    for text in ["", "Pod", "Deployment.apps", ".", ".apps", "a.b.c", "Pod.", "Kind.group/version"]:
        yield {"op": "group_kind", "a": [text]}
        yield {"op": "group_resource", "a": [text.lower()]}
    for key in ["", "a", "a/b", "/", "/b", "a/", "a/b/c", "//", "a//b", " / "]:
        yield {"op": "split", "a": [key]}
    pieces = ["", "v1", "apps", "Pod", "a.b"]
    for _ in range(40):
        yield {"op": "kind", "a": [random.choice(pieces) for _ in range(3)]}
        yield {"op": "resource", "a": [random.choice(pieces) for _ in range(3)]}
    for namespace, name in [("", "a"), ("n", "a"), ("", ""), ("n", "")]:
        yield {"op": "key", "a": [namespace, name]}
    versions = [
        "v1", "v2", "v10", "v1beta1", "v1beta2", "v2beta1", "v1alpha1", "v12alpha1", "v11beta2", "foo1", "foo10",
        "v0", "v01", "v1beta01", "V1", "v1gamma1", "", "1", "v", "v1beta", "v-1", "v99999999999999999999", "v1beta0",
        "v1alpha0", "é",
    ]  # fmt: skip
    for _ in range(150):
        yield {"op": "priority", "a": [random.choice(versions), random.choice(versions)]}


def proxies(random: Random) -> Iterator[Case]:
    """Yield servers, with values of HTTPS_PROXY, HTTP_PROXY and NO_PROXY."""
    proxy = {"HTTPS_PROXY": "http://proxy:3128", "HTTP_PROXY": "http://plain:80"}
    hosts = [
        "https://corp.com", "https://a.corp.com", "https://notcorp.com", "https://corp.com.", "https://CORP.com",
        "https://10.1.2.3", "https://10.1.2.3:6443", "https://[::1]", "https://[::ffff:10.1.2.3]",
        "https://[fd00::1]:6443", "https://localhost", "https://LOCALHOST", "https://localhost.", "https://127.0.0.1",
        "https://127.9.9.9", "http://corp.com", "https://corp.com:443", "https://corp.com:8443",
        "https://a.b.corp.com", "https://kubernetes.default.svc", "http://127.0.0.1:8080", "https://0.0.0.0",
    ]  # fmt: skip
    patterns = [
        "", "*", "corp.com", ".corp.com", "*.corp.com", "*corp.com", "corp.com.", "CORP.COM", "corp.com:443",
        "corp.com:8443", "corp.com:", "10.1.2.3", "10.1.2.3:", "10.1.2.3:6443", "10.0.0.0/8", "10.1.2.3/33", "::1",
        "[::1]", "[fd00::1]:6443", "fd00::/8", "::ffff:10.1.2.3", "::ffff:10.0.0.0/104", " corp.com ", "a.corp.com",
        "com", ".com", "*.", ".", "..", "corp.com/8", "10.1.2", "*:443", "localhost", "svc", ".svc",
        "https://corp.com", "corp.com:x", "corp.com:99999", "[corp.com]", "ä.com", "010.1.2.3", "10.1.2.3,", ",",
        "*,corp.com", "0.0.0.0/0",
    ]  # fmt: skip
    for host in hosts:
        yield {"url": host, "env": proxy}
    for pattern in patterns:
        for host in random.sample(hosts, 4):
            yield {"url": host, "env": {**proxy, "NO_PROXY": pattern}}
    for _ in range(120):
        listed = ",".join(random.sample(patterns, random.randint(1, 4)))
        yield {"url": random.choice(hosts), "env": {**proxy, random.choice(["NO_PROXY", "no_proxy"]): listed}}
    for env in (
        {}, {"https_proxy": "http://lower:1"}, {"HTTPS_PROXY": "", "https_proxy": "http://lower:1"},
        {"HTTPS_PROXY": "proxy:3128"}, {"HTTPS_PROXY": "proxy"}, {"HTTPS_PROXY": "https://user:pass@proxy:3128/"},
        {"HTTP_PROXY": "http://plain:80", "REQUEST_METHOD": "GET"}, {"ALL_PROXY": "http://all:1"},
        {"HTTPS_PROXY": "http://b", "https_proxy": "http://a"}, {"HTTP_PROXY": "http://plain:80"},
        {"HTTPS_PROXY": "http://[::1]:3128"}, {"HTTPS_PROXY": "http://proxy:3128/path"}, {"NO_PROXY": "",
        "no_proxy": "corp.com", **proxy},
    ):  # fmt: skip
        for host in ("https://corp.com", "http://corp.com"):
            yield {"url": host, "env": env}
