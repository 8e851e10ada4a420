"""Changes of kubeconfig files: entries that are put and removed, in one file and in several."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.conformance.golden.ours.kubeconfig_changes import written

__all__ = ["kubeconfig_changes"]

Case = dict[str, Any]

_TEXTS = ("433e40", "0o7", "1_000", "0x1F", ".inf", "2001-01-01", "yes", "\U0001f600")
_STANZAS: dict[str, list[Case]] = {
    "cluster": [
        {"server": "https://h"}, {"server": "https://h", "certificate-authority": "$DIR/ca.pem"}, {"server": "0777",
        "certificate-authority": "/elsewhere/ca.pem"}, {"server": "https://h", "certificate-authority-data": "YQ=="},
        {"server": "https://h", "insecure-skip-tls-verify": True, "tls-server-name": "yes", "proxy-url": "http://p"},
        {"server": "https://h", "extensions": [{"name": "x", "extension": {"a": "b"}}], "disable-compression": True},
    ],
    "user": [
        {"token": "t"}, {"token": "'\"#: \t\u00e4\u2028"}, {"token": "a\nb\n"}, {"tokenFile": "$DIR/sub/token"},
        {"client-certificate": "$DIR/c", "client-key": "$DIR/k"}, {"username": "null", "password": "1e3"},
        {"exec": {"command": "plugin", "apiVersion": "client.authentication.k8s.io/v1", "args": ["a", "-"],
        "env": [{"name": "A", "value": "~"}], "interactiveMode": "Never", "provideClusterInfo": True}},
        {"auth-provider": {"name": "oidc", "config": {"id-token": "x", "client-id": "12"}}},
        {"as": "me", "as-uid": "1", "as-groups": ["a", "b"], "as-user-extra": {"k": ["v", "w"]}},
    ],
    "context": [
        {"cluster": "k", "user": "u"}, {"cluster": "433e40", "namespace": "on"}, {"user": "v", "namespace": "n"},
    ],
}  # fmt: skip
_STANZAS["user"] += [{"token": text} for text in _TEXTS]
_NAMES = {"cluster": ["k", "433e40", "007"], "user": ["u", "v", "=", "m@x:y"], "context": ["c", "d", "null"]}


def kubeconfig_changes(random: Random) -> Iterator[Case]:
    """Yield a change of each kind of entry in a new file, then changes at random."""
    for kind, stanzas in _STANZAS.items():
        for stanza in stanzas:
            for name in _NAMES[kind][:2]:
                yield _case({}, ["a"], json.dumps(_document({kind: {name: stanza}})))
    for current in ("", "c", "d", "missing"):
        for files, env in (({}, ["a"]), ({"b": "current-context: c\n"}, ["a", "b"]), ({"a": ""}, ["a", "b"])):
            yield _case(files, env, "", current=current)
    for _ in range(120):
        names = ["a", "b", "c"][: random.randint(1, 3)]
        files = {name: json.dumps(_random_document(random)) for name in names if random.random() < 0.8}
        remove = {
            f"{kind}s": random.sample(known, random.randint(0, 2))
            for kind, known in _NAMES.items()
            if random.random() < 0.5
        }
        current = random.choice([None, "c", "d", ""])
        yield _case(files, names, json.dumps(_random_document(random)), remove, current)


def _case(
    files: dict[str, str], env: list[str], put: str, remove: Case | None = None, current: str | None = None
) -> Case:
    paths = [f"$DIR/{name}" for name in env]
    # The only way to escape a character beyond U+FFFF in YAML; JSON has another one.
    put = put.replace(r"\ud83d\ude00", r"\U0001F600")
    files = {name: text.replace(r"\ud83d\ude00", r"\U0001F600") for name, text in files.items()}
    case = {"files": files, "env": paths, "put": put, "remove": remove or {}, "current": current}
    # Go reads what we wrote, too.
    return {**case, "ours": written(case)}


def _random_document(random: Random) -> Case:
    entries: dict[str, Case] = {}
    for kind, names in _NAMES.items():
        chosen = random.sample(names, random.randint(0, len(names)))
        entries[kind] = {name: random.choice(_STANZAS[kind]) for name in chosen}
    document = _document(entries)
    if random.random() < 0.5:
        document["current-context"] = random.choice(["c", "d"])
    return document


def _document(entries: dict[str, Case]) -> Case:
    return {
        f"{kind}s": [{"name": name, kind: stanza} for name, stanza in stanzas.items()]
        for kind, stanzas in entries.items()
    }
