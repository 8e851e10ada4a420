"""Kubeconfig files to minify, flatten, redact and validate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

__all__ = ["has_both", "kubeconfig_views"]

Case = dict[str, Any]

_PLUGIN = {"command": "plugin", "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
_CLUSTERS: list[Case] = [
    {}, {"server": "https://h"}, {"server": "https://h", "certificate-authority": "ca.pem"}, {"server": "https://h",
    "certificate-authority": "$DIR/ca.pem"}, {"server": "https://h", "certificate-authority": "missing"},
    {"server": "https://h", "certificate-authority-data": "$B64(ca.pem)"}, {"server": "https://h",
    "certificate-authority": "ca.pem", "certificate-authority-data": "$B64(ca.pem)"}, {"tls-server-name": "n"},
    {"server": "https://h", "proxy-url": "http://p:1"}, {"server": "https://h", "proxy-url": "ftp://p"},
    {"server": "https://h", "insecure-skip-tls-verify": True, "disable-compression": True, "extensions": [
    {"name": "x", "extension": {"a": "b"}}]},
]  # fmt: skip
_USERS: list[Case] = [
    {}, {"token": "t"}, {"tokenFile": "token"}, {"token": "t", "username": "a"}, {"username": "a", "password": "b"},
    {"client-certificate": "client.pem", "client-key": "$DIR/client.key"}, {"client-certificate-data":
    "$B64(client.pem)", "client-key-data": "$B64(client.key)"}, {"client-certificate": "client.pem"},
    {"client-certificate-data": "$B64(client.pem)", "client-certificate": "client.pem", "client-key": "client.key"},
    {"client-certificate-data": "$B64(client.pem)", "client-key": "client.key", "client-key-data": "$B64(client.key)"},
    {"client-certificate": "missing", "client-key": "missing"}, {"client-key": "missing"}, {"exec": _PLUGIN},
    {"exec": {**_PLUGIN, "args": ["a"], "env": [{"name": "A", "value": "b"}]}}, {"exec": {}}, {"exec": {**_PLUGIN,
    "command": ""}}, {"exec": {**_PLUGIN, "apiVersion": ""}}, {"exec": {**_PLUGIN, "interactiveMode": ""}},
    {"exec": {**_PLUGIN, "interactiveMode": "Maybe"}}, {"exec": {**_PLUGIN, "env": [{"name": "", "value": "b"}]}},
    {"exec": _PLUGIN, "auth-provider": {"name": "oidc", "config": {"client-id": "i"}}}, {"as": "me"}, {"as-uid": "1"},
    {"as-groups": ["g"]}, {"as-user-extra": {"k": ["v"]}}, {"as": "me", "as-uid": "1", "as-groups": ["g"],
    "as-user-extra": {"k": ["v"]}}, {"password": "b"}, {"token": "t", "password": "b", "as-uid": "1"},
]  # fmt: skip
_CONTEXTS: list[Case] = [
    {"cluster": "k", "user": "u"}, {"cluster": "k"}, {"user": "u"}, {}, {"cluster": "x", "user": "u"},
    {"cluster": "k", "user": "x"}, {"cluster": "k", "user": "u", "namespace": "web"}, {"cluster": "k", "user": "u",
    "namespace": "a.b"}, {"cluster": "k", "user": "u", "namespace": "A"}, {"cluster": "k", "user": "u",
    "namespace": "x" * 64}, {"cluster": "k", "user": "u", "extensions": [{"name": "x", "extension": {"a": "b"}}]},
]  # fmt: skip
_FILES = {
    **{name: f"$PEM({name})" for name in ("ca.pem", "client.pem", "client.key")},
    "token": "from-file",
}


def kubeconfig_views(random: Random) -> Iterator[Case]:
    """Yield each entry alone, then several at random in one or two files."""
    cluster, user, context = _CLUSTERS[1], _USERS[1], _CONTEXTS[0]
    for each in _CLUSTERS:
        yield _case(_document({"k": each}, {"u": user}, {"c": context}, "c"))
    for each in _USERS:
        yield _case(_document({"k": cluster}, {"u": each}, {"c": context}, "c"))
    for each in _CONTEXTS:
        yield _case(_document({"k": cluster, "l": cluster}, {"u": user, "v": user}, {"c": each, "d": context}, "c"))
    for current in ("", "c", "d", "x"):
        yield _case(_document({"k": cluster}, {"u": user}, {"c": context, "d": {"cluster": "k"}}, current))
    yield _case(_document({}, {}, {}, ""))
    yield _case(_document({"k": cluster}, {"u": user}, {"": context}, ""))
    for _ in range(80):
        yield _case(*(_random_document(random) for _ in range(random.randint(1, 2))))


def has_both(stanza: Case) -> bool:
    """Return whether a stanza has both the data and the file of a certificate or key."""
    return any(f"{name}-data" in stanza for name in stanza)


def _random_document(random: Random) -> Case:
    sections = (("kl", _CLUSTERS), ("uv", _USERS), ("cd", _CONTEXTS))
    # The stanzas with both data and file are judged alone.
    sections = tuple((names, [each for each in stanzas if not has_both(each)]) for names, stanzas in sections)
    return _document(
        *({name: random.choice(stanzas) for name in names if random.random() < 0.8} for names, stanzas in sections),
        random.choice(["c", "d", ""]),
    )


def _document(clusters: dict[str, Case], users: dict[str, Case], contexts: dict[str, Case], current: str) -> Case:
    sections = (("cluster", clusters), ("user", users), ("context", contexts))
    lists = {
        f"{kind}s": [{"name": name, kind: stanza} for name, stanza in stanzas.items()] for kind, stanzas in sections
    }
    return {**lists, "current-context": current}


def _case(*documents: Case) -> Case:
    configs = {f"config{at}": json.dumps(document) for at, document in enumerate(documents)}
    return {"files": {**_FILES, **configs}, "env": [f"$DIR/{name}" for name in configs]}
