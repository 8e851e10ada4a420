"""Kubeconfig files: whole and broken, alone and several, with overrides, with credentials of each kind and mixed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

Case = dict[str, Any]

_BASIC = """\
apiVersion: v1
kind: Config
current-context: c
clusters:
- name: k
  cluster: {server: "https://h:6443"}
users:
- name: u
  user: {token: t}
contexts:
- name: c
  context: {cluster: k, user: u, namespace: ns}
"""

# Each is a mapping that is inserted where the list's name says.
_CLUSTERS: list[Case] = [
    {"server": "https://h"}, {"server": "http://h"}, {"server": "h"}, {"server": "h:6443"}, {"server": ""}, {},
    {"server": "https://h/prefix/"}, {"server": "https://user:pw@h"}, {"server": "ftp://h"}, {"server": 5},
    {"server": None}, {"server": ["https://h"]}, {"server": "https://h", "insecure-skip-tls-verify": True},
    {"server": "https://h", "insecure-skip-tls-verify": True, "certificate-authority-data": "$B64(ca.pem)"},
    {"server": "https://h", "insecure-skip-tls-verify": True, "certificate-authority": "ca.pem"},
    {"server": "https://h", "insecure-skip-tls-verify": "true"}, {"server": "https://h",
    "insecure-skip-tls-verify": None}, {"server": "https://h", "certificate-authority": "ca.pem"},
    {"server": "https://h", "certificate-authority": "./ca.pem"}, {"server": "https://h",
    "certificate-authority": "../ca.pem"}, {"server": "https://h", "certificate-authority": "$DIR/ca.pem"},
    {"server": "https://h", "certificate-authority": "missing.pem"}, {"server": "https://h",
    "certificate-authority": "empty"}, {"server": "https://h", "certificate-authority": "."}, {"server": "https://h",
    "certificate-authority": "nonsense"}, {"server": "https://h", "certificate-authority-data": "$B64(ca.pem)"},
    {"server": "https://h", "certificate-authority-data": "bm9uc2Vuc2U="}, {"server": "https://h",
    "certificate-authority-data": "%%%"}, {"server": "https://h", "certificate-authority-data": ""},
    {"server": "https://h", "certificate-authority-data": None}, {"server": "https://h",
    "certificate-authority-data": "bm9uc2Vuc2U"}, {"server": "https://h",
    "certificate-authority-data": "bm9u\nc2Vuc2U="}, {"server": "https://h",
    "certificate-authority-data": " bm9uc2Vuc2U="}, {"server": "https://h",
    "certificate-authority-data": "$B64(ca.pem)", "certificate-authority": "missing.pem"}, {"server": "https://h",
    "tls-server-name": "other"}, {"server": "http://h", "tls-server-name": "other"}, {"server": "https://h",
    "proxy-url": "http://proxy:3128"}, {"server": "https://h", "proxy-url": "proxy:3128"}, {"server": "https://h",
    "proxy-url": "socks5://proxy:1080"}, {"server": "https://h", "proxy-url": "ftp://proxy"}, {"server": "https://h",
    "proxy-url": ""}, {"server": "https://h", "proxy-url": "https://user:pw@proxy"}, {"server": "https://h",
    "proxy-url": "http://"}, {"server": "https://h", "proxy-url": "http://[::1]:3128"}, {"server": "https://h",
    "disable-compression": True}, {"server": "https://h", "unknown": 1}, {"server": "https://h", "extensions": []},
    {"server": "https://h", "extensions": [{"name": "x", "extension": {"a": 1}}]}, {"SERVER": "https://h"},
    {"server": "https://h", "Server": "https://g"}, {"server": "http://h", "certificate-authority": "missing.pem"},
    {"server": "h", "certificate-authority-data": "$B64(ca.pem)"}, {"server": "h", "insecure-skip-tls-verify": True},
]  # fmt: skip
_USERS: list[Case] = [
    {}, {"token": "t"}, {"token": ""}, {"token": "t\n"}, {"token": " t "}, {"token": "t t"}, {"token": 5},
    {"token": None}, {"tokenFile": "token"}, {"tokenFile": "missing"}, {"tokenFile": "empty"}, {"token": "t",
    "tokenFile": "token"}, {"token": "t", "tokenFile": "missing"}, {"username": "a", "password": "b"},
    {"username": "a"}, {"password": "b"}, {"username": "", "password": "b"}, {"username": "a", "password": ""},
    {"username": "a:b", "password": "c:d"}, {"username": "ä", "password": "ö"}, {"password": "b", "token": "t"},
    {"username": "a", "password": "b", "token": "t"}, {"username": "a", "token": "t"}, {"username": "a",
    "password": "b", "tokenFile": "token"}, {"client-certificate": "client.pem", "client-key": "client.key"},
    {"client-certificate-data": "$B64(client.pem)", "client-key-data": "$B64(client.key)"},
    {"client-certificate": "client.pem"}, {"client-key": "client.key"},
    {"client-certificate-data": "$B64(client.pem)"}, {"client-key-data": "$B64(client.key)"},
    {"client-certificate-data": "$B64(client.pem)", "client-key": "client.key"}, {"client-certificate": "client.pem",
    "client-key-data": "$B64(client.key)"}, {"client-certificate": "missing", "client-key": "client.key"},
    {"client-certificate": "client.pem", "client-key": "missing"}, {"client-certificate": "client.pem",
    "client-key": "other.key"}, {"client-certificate-data": "$B64(client.pem)", "client-certificate": "missing",
    "client-key-data": "$B64(client.key)", "client-key": "missing"}, {"client-certificate": "nonsense",
    "client-key": "client.key"}, {"client-certificate": "client.pem", "client-key": "client.key", "token": "t"},
    {"client-certificate": "client.pem", "client-key": "client.key", "username": "a", "password": "b"},
    {"client-certificate": "", "client-key": ""}, {"as": "other"}, {"as": "other", "as-groups": ["g", "h"]},
    {"as": "other", "as-uid": "1"}, {"as": "other", "as-user-extra": {"k": ["v", "w"], "a/b": ["c"]}},
    {"as-groups": ["g"]}, {"as-uid": "1"}, {"as-user-extra": {"k": ["v"]}}, {"as": "", "as-groups": []},
    {"as": "other", "token": "t"}, {"as": "other", "as-groups": "g"}, {"as": "ä"}, {"as": "other",
    "as-user-extra": {"K%": ["v"]}}, {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "plugin",
    "interactiveMode": "Never"}}, {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin",
    "interactiveMode": "Always", "args": ["a"], "env": [{"name": "A", "value": "b"}], "installHint": "get it",
    "provideClusterInfo": True}}, {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "bin/plugin",
    "interactiveMode": "IfAvailable"}}, {"exec": {"apiVersion": "client.authentication.k8s.io/v1",
    "command": "/bin/plugin", "interactiveMode": "IfAvailable"}},
    {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "plugin"}},
    {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "plugin"}},
    {"exec": {"apiVersion": "client.authentication.k8s.io/v1alpha1", "command": "plugin"}},
    {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}},
    {"exec": {"command": "plugin"}}, {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "plugin",
    "interactiveMode": "Maybe"}}, {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "plugin",
    "interactiveMode": "Never", "env": [{"name": "", "value": "b"}]}}, {"exec": {}}, {"exec": None},
    {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "plugin", "interactiveMode": "Never"},
    "token": "t"}, {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "plugin",
    "interactiveMode": "Never"}, "username": "a", "password": "b"},
    {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "plugin", "interactiveMode": "Never"},
    "client-certificate": "client.pem", "client-key": "client.key"}, {"auth-provider": {"name": "gcp"}},
    {"auth-provider": {"name": "oidc", "config": {}}}, {"auth-provider": {}}, {"auth-provider": None},
    {"auth-provider": {"name": "gcp"}, "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "plugin",
    "interactiveMode": "Never"}}, {"unknown": 1}, {"Token": "t"},
]  # fmt: skip
_CLUSTER_OVERRIDES: list[Case] = [
    {"server": "https://g"}, {"server": "http://g"}, {"server": "g:6443"}, {"tls_server_name": "n"},
    {"server": "https://g", "tls_server_name": "n"}, {"insecure_skip_tls_verify": True},
    {"ca_file": "$DIR/ca.pem"}, {"ca_data": "$PEM(ca.pem)"}, {"ca_file": "$DIR/missing.pem"},
    {"insecure_skip_tls_verify": True, "ca_file": "$DIR/ca.pem"}, {"proxy_url": "http://q:1"},
    {"proxy_url": "socks5://q:1"}, {"proxy_url": "https://q:1"}, {"proxy_url": "bad://q:1"}, {"proxy_url": "q"},
    {"proxy_url": "not a url"}, {"disable_compression": True},
    {"server": "https://g/prefix?q#f"}, {"server": "https://g", "insecure_skip_tls_verify": True},
]  # fmt: skip
_USER_OVERRIDES: list[Case] = [
    {"token": "s"}, {"token_file": "$DIR/token"}, {"token_file": "$DIR/missing"}, {"token": "s",
    "token_file": "$DIR/token"}, {"username": "c"}, {"username": "c", "password": "d"}, {"password": "d"},
    {"cert_file": "$DIR/client.pem", "key_file": "$DIR/client.key"}, {"cert_data": "$PEM(client.pem)",
    "key_data": "$PEM(client.key)"}, {"cert_file": "$DIR/client.pem"}, {"key_file": "$DIR/client.key"},
    {"cert_file": "$DIR/missing", "key_file": "$DIR/client.key"}, {"as_user": "me"}, {"as_uid": "2"},
    {"as_groups": ["i", "j"]}, {"as_user": "me", "as_uid": "2", "as_groups": ["i"], "as_extra": {"k": ["x"],
    "l": ["y", "z"]}}, {"as_extra": {"k": ["x"]}},
]  # fmt: skip
_TIMEOUTS = ["", "0", "0s", "1", "30", "1m30s", "300ms", "1.5h", "-1", "-1s", "x", "5 s", "+5", "1d", "99999999999"]
_BROKEN = "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n"
_FILES = {name: f"$PEM({name})" for name in ("ca.pem", "client.pem", "client.key", "other.key")} | {
    "token": "from-file\n",
    "empty": "",
    "broken-first": f"{_BROKEN}$PEM(ca.pem)",
    "broken-last": f"$PEM(ca.pem){_BROKEN}",
    "broken-all": _BROKEN,
    "commented": "# an authority\n$PEM(ca.pem)\n# end\n",
    "key-too": "$PEM(client.key)$PEM(ca.pem)",
    "nonsense": "nonsense",
}
_TEXTS = [
    "", "\n", "---\n", "# c\n", "null\n", "{}", "[]", "text", "5", "a: b: c", "{", "\x00", "\ufeff" + _BASIC,
    "---\n" + _BASIC, "# c\n---\n" + _BASIC, "%YAML 1.1\n---\n" + _BASIC, "---\n---\n" + _BASIC, _BASIC + "---\n[\n",
    _BASIC + "---\n", _BASIC + "---\n# c\n", _BASIC + "---\napiVersion: v1\nkind: Config\ncurrent-context: d\n",
    _BASIC + "...\n", _BASIC.replace("kind: Config", "kind: Pod"), _BASIC.replace("apiVersion: v1", "apiVersion: v2"),
    _BASIC.replace("kind: Config\n", ""), _BASIC.replace("apiVersion: v1\n", ""),
    _BASIC.replace("apiVersion: v1\nkind: Config\n", ""), _BASIC.replace("current-context: c", "current-context: d"),
    _BASIC.replace("current-context: c\n", ""), _BASIC.replace("current-context: c", "current-context: ''"),
    _BASIC.replace("cluster: k,", "cluster: x,"), _BASIC.replace("user: u,", "user: x,"), _BASIC.replace("user: u, ",
    ""), _BASIC.replace("cluster: k, ", ""), _BASIC.replace(", namespace: ns", ""), _BASIC.replace("namespace: ns",
    "namespace: ''"), _BASIC.replace("- name: k", "- name: k\n- name: k"), _BASIC + "extra: 1\n",
    _BASIC.replace("{token: t}", "{token: t, token: s}"), _BASIC.replace("clusters:", "clusters: []\nclusters:"),
    _BASIC.replace("- name: u\n  user: {token: t}", "- {}"), _BASIC.replace("- name: u\n  user: {token: t}", "[]"),
    _BASIC.replace("users:\n- name: u\n  user: {token: t}\n", "users: null\n"),
    _BASIC.replace("users:\n- name: u\n  user: {token: t}\n", "users: {}\n"), _BASIC.replace("{token: t}", "t"),
    _BASIC.replace("{token: t}", "null"), _BASIC.replace("{token: t}", "[]"), _BASIC.replace("\n", "\r\n"),
    _BASIC.replace("- name: c", "- name: 5"), _BASIC.replace("name: c", "Name: c"), _BASIC + "preferences: {}\n",
    _BASIC + "preferences: {colors: true}\n", *(
        _BASIC.replace(old, new.replace("TWICE", "extensions: [{name: x, extension: {}}, {name: x, extension: {}}]"))
        for old, new in (("clusters:", "TWICE\nclusters:"), ("clusters:", "preferences: {TWICE}\nclusters:"),
        ("{server", "{TWICE, server"), ("{token", "{TWICE, token"), ("{cluster: k", "{TWICE, cluster: k"))
    ), _BASIC + "extensions: []\n", _BASIC.replace("current-context: c",
    "current-context: 5").replace("- name: c", "- name: '5'"), _BASIC.replace("namespace: ns", "namespace: 5"),
    _BASIC.replace("namespace: ns", "namespace: n"), _BASIC.replace("- name: c\n",
    "- name: ''\n").replace("current-context: c", "current-context: ''"), _BASIC.replace("https://h:6443",
    "https://h:6443\\n"), _BASIC.replace("\n  user: {token", "\n  user: &x {token").replace("contexts:",
    "contexts: # *x"),
]  # fmt: skip


def kubeconfig(random: Random) -> Iterator[Case]:
    """Yield cases of one file, then of several, then with overrides, then at random."""
    for text in _TEXTS:
        yield {"files": {"config": text}, "explicit": "$DIR/config"}
        yield {"files": {"config": text}, "env": ["$DIR/config"]}
    for cluster in _CLUSTERS:
        yield _case(cluster, {"token": "t"})
    for name in ("broken-first", "broken-last", "broken-all", "commented", "key-too", "client.pem", "client.key"):
        yield _case({"server": "https://h", "certificate-authority": name}, {"token": "t"})
    for user in _USERS:
        yield _case({"server": "https://h"}, user)
        yield _case({"server": "http://h"}, user)
        # An entry of another user must not matter.
        yield _case({"server": "https://h"}, {"token": "t"}, more_users={"x": user})
    for cluster in _CLUSTERS[::3]:
        yield _case({"server": "https://h"}, {"token": "t"}, more_clusters={"x": cluster})
    other = (
        _BASIC.replace("https://h", "https://g")
        .replace("token: t", "token: s")
        .replace("namespace: ns", "namespace: m")
    )
    only = "current-context: {}\n"
    for files, env in (
        ({"a": _BASIC, "b": other}, ["a", "b"]), ({"a": _BASIC, "b": other}, ["b", "a"]), ({"a": _BASIC}, ["missing",
        "a"]), ({"a": _BASIC}, ["a", "missing"]), ({}, ["missing"]), ({}, []), ({"a": ""}, ["a"]), ({"a": "",
        "b": _BASIC}, ["a", "b"]), ({"a": "{", "b": _BASIC}, ["a", "b"]), ({"a": _BASIC, "b": "{"}, ["a", "b"]),
        ({"a": _BASIC}, ["a", "a"]), ({"a": only.format("d"), "b": _BASIC}, ["a", "b"]), ({"a": only.format("''"),
        "b": _BASIC}, ["a", "b"]), ({"a": _BASIC.replace("current-context: c\n", ""), "b": only.format("c")}, ["a",
        "b"]), ({"a": "users:\n- name: u\n  user: {}\n", "b": _BASIC}, ["a", "b"]),
        ({"a": "users:\n- name: u\n  user: {username: a, password: b}\n", "b": _BASIC}, ["a", "b"]),
        ({"a": "clusters:\n- name: k\n  cluster: {tls-server-name: x}\n", "b": _BASIC}, ["a", "b"]),
        ({"a": "contexts:\n- name: c\n  context: {namespace: x}\n", "b": _BASIC}, ["a", "b"]),
        ({"a": "contexts:\n- name: c\n  context: {cluster: k}\n", "b": _BASIC}, ["a", "b"]),
        ({"a": "users:\n- name: u\n", "b": _BASIC}, ["a", "b"]), ({"a": "kind: Pod\n", "b": _BASIC}, ["a", "b"]),
        ({"sub/a": _BASIC.replace("{token: t}", "{tokenFile: token}"), "sub/token": "below", "token": "above"},
        ["sub/a"]), ({"sub/a": "users:\n- name: u\n  user: {tokenFile: ../token}\n", "b": _BASIC, "token": "above"},
        ["sub/a", "b"]), ({"a/x": ""}, ["a"]),
    ):  # fmt: skip
        yield {"files": files, "env": [f"$DIR/{name}" for name in env]}
    yield {"files": {"a": _BASIC}, "env": ["", "$DIR/a", ""]}
    yield {"files": {"a": _BASIC}, "explicit": "$DIR/missing", "env": ["$DIR/a"]}
    yield {"files": {"a": _BASIC, "b": other}, "explicit": "$DIR/b", "env": ["$DIR/a"]}
    two = (
        _BASIC
        + "- name: d\n  context: {cluster: l, user: v}\n"
        + "- name: e\n  context: {cluster: k}\n- name: f\n  context: {user: u}\n"
    )
    two = two.replace("users:", '- name: l\n  cluster: {server: "https://l"}\nusers:').replace(
        "contexts:", "- name: v\n  user: {username: a, password: b}\ncontexts:"
    )
    for overrides in (
        {"context": "d"}, {"context": "e"}, {"context": "f"}, {"context": "x"}, {"cluster": "l"}, {"cluster": "x"},
        {"user": "v"}, {"user": "x"}, {"namespace": "o"}, {"context": "d", "namespace": "o"}, {"context": "d",
        "cluster": "k", "user": "u"}, {"context": "f", "cluster": "l"},
    ):  # fmt: skip
        yield {"files": {"a": two}, "env": ["$DIR/a"], **overrides}
        yield {"files": {"a": two.replace("current-context: c\n", "")}, "env": ["$DIR/a"], **overrides}
    yield from _with_overrides()
    for _ in range(60):
        user: Case = {}
        for each in random.sample(_USERS, 2):
            user |= each
        cluster = random.choice(_CLUSTERS) | random.choice([{}, random.choice(_CLUSTERS)])
        yield _case({"server": "https://h"} | cluster, user)
    for _ in range(30):
        a, b = (
            _config({"server": f"https://{host}"}, random.choice(_USERS[:30]), context=random.choice("cd"))
            for host in "ab"
        )
        yield {
            "files": {
                "x/a": json.dumps(a),
                "y/b": json.dumps(b),
                **{f"{d}/{k}": v for d in "xy" for k, v in _FILES.items()},
            },
            "env": ["$DIR/x/a", "$DIR/y/b"],
        }


def _with_overrides() -> Iterator[Case]:
    """Yield each override with entries of each kind, and each timeout."""
    secure = {"server": "https://h", "tls-server-name": "m", "proxy-url": "http://p:1"}
    for cluster in (
        secure, {**secure, "certificate-authority": "ca.pem"}, {**secure, "insecure-skip-tls-verify": True},
        {**secure, "certificate-authority-data": "$B64(ca.pem)"}, {"server": "http://h"}, {},
    ):  # fmt: skip
        for overrides in _CLUSTER_OVERRIDES:
            yield _case(cluster, {"token": "t"}, files=("ca.pem",)) | {"overrides": overrides}
    for user in (
        {}, {"token": "t"}, {"tokenFile": "token"}, {"username": "a", "password": "b"},
        {"client-certificate": "client.pem", "client-key": "client.key"}, {"client-certificate-data":
        "$B64(client.pem)", "client-key-data": "$B64(client.key)"}, {"as": "other", "as-uid": "1", "as-groups": ["g"],
        "as-user-extra": {"k": ["v"], "m": ["w"]}}, {"exec": {"apiVersion": "client.authentication.k8s.io/v1",
        "command": "plugin", "interactiveMode": "Never"}},
    ):  # fmt: skip
        for overrides in _USER_OVERRIDES:
            files = ("token", "client.pem", "client.key")
            yield _case({"server": "https://h"}, user, files=files) | {"overrides": overrides}
    for timeout in _TIMEOUTS:
        yield _case({"server": "https://h"}, {}) | {"overrides": {"timeout": timeout}}
    for overrides in ({"server": "https://g"}, {"token": "s"}, {"server": "https://g", "token": "s"}):
        yield {"files": {}, "env": [], "overrides": overrides}
        yield {"files": {"a": _BASIC.replace("current-context: c", "")}, "env": ["$DIR/a"], "overrides": overrides}


def _case(cluster: Case, user: Case, *, files: tuple[str, ...] = (), **more: Any) -> Case:
    text = json.dumps(_config(cluster, user, **more))
    return {
        "files": {"config": text, **{name: data for name, data in _FILES.items() if name in text or name in files}},
        "env": ["$DIR/config"],
    }


def _config(
    cluster: Case,
    user: Case,
    *,
    context: str = "c",
    more_users: dict[str, Case] | None = None,
    more_clusters: dict[str, Case] | None = None,
) -> Case:
    clusters, users = {"k": cluster, **(more_clusters or {})}, {"u": user, **(more_users or {})}
    return {
        "current-context": context,
        "clusters": [{"name": name, "cluster": entry} for name, entry in clusters.items()],
        "users": [{"name": name, "user": entry} for name, entry in users.items()],
        "contexts": [{"name": context, "context": {"cluster": "k", "user": "u"}}],
    }
