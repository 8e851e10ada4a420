"""What servers serve, and names to look for in it."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

Case = dict[str, Any]

# Plural, singular and kind. A resource may keep its singular to itself, as servers before 1.27 do.
_RESOURCES = (
    ("pods", "pod", "Pod"), ("deployments", "deployment", "Deployment"), ("foos", "foo", "Foo"),
    ("storageclasses", "storageclass", "StorageClass"), ("endpoints", "endpoints", "Endpoints"),
    ("people", "person", "Person"), ("networkpolicies", "networkpolicy", "NetworkPolicy"),
    ("oddities", "odd", "Strange"),
)  # fmt: skip
_GROUPS = ("", "apps", "apps.example.com", "example.com", "storage.k8s.io", "storage")
_VERSIONS = ("v1", "v1beta1", "v2", "v1alpha1")
_SHORT = ("po", "deploy", "f", "sc", "ep", "pod", "foos", "odd", "person")
_NAMES = tuple({name for names in _RESOURCES for name in names} | {*_SHORT, "nothing", "PODS", "Deployments"})


def _served(plural: str, singular: str, kind: str, *short: str) -> dict[str, Any]:
    return {"name": plural, "singular": singular, "kind": kind, "short": list(short), "namespaced": True}


_PICKED = [
    {"name": "apps.example.com", "preferred": "v1", "versions": [
        {"version": "v1", "resources": [_served("oddities", "odd", "Strange")]},
    ]},
    {"name": "apps", "preferred": "v1", "versions": [
        {"version": "v1", "resources": [_served("oddities", "odd", "Strange")]},
    ]},
    {"name": "storage.k8s.io", "preferred": "v2", "versions": [
        {"version": "v1", "resources": [_served("storageclasses", "", "StorageClass", "sc")]},
        {"version": "v2", "resources": [_served("storageclasses", "", "StorageClass", "sc")]},
    ]},
]  # fmt: skip


def rest_mapper(random: Random) -> Iterator[Case]:
    """Generate hand-picked cases, and random servers, each with a dozen questions."""
    for text in ("Strange", "oddities.apps", "sc.v1.storage.k8s.io", "sc.v2.storage.k8s.io"):
        yield {"groups": _PICKED, "text": text}
    for _ in range(60):
        groups = _groups(random)
        for _ in range(4):
            yield {"groups": groups, "text": _text(random)}
            partial = [_group(random), random.choice(("", "", *_VERSIONS)), random.choice(sorted(_NAMES))]
            yield {"groups": groups, "partial": partial}
            kind = [random.choice(_GROUPS), random.choice(_RESOURCES)[2]]
            yield {"groups": groups, "kind": kind, "versions": _versions(random)}


def _groups(random: Random) -> list[dict[str, Any]]:
    groups = []
    for name in random.sample(_GROUPS, random.randint(1, 3)):
        versions = random.sample(_VERSIONS, random.randint(1, 2))
        preferred = random.choice((*versions, "v9", ""))
        served = [{"version": version, "resources": _resources(random)} for version in versions]
        groups.append({"name": name, "preferred": preferred, "versions": served})
    return groups


def _resources(random: Random) -> list[dict[str, Any]]:
    return [
        {
            "name": plural, "singular": singular if random.random() < 0.8 else "", "kind": kind,
            "short": random.sample(_SHORT, random.choice((0, 0, 1, 1, 2))), "namespaced": random.random() < 0.7,
        }
        for plural, singular, kind in random.sample(_RESOURCES, random.randint(1, 3))
    ]  # fmt: skip


def _text(random: Random) -> str:
    parts = [random.choice(sorted(_NAMES))]
    if random.random() < 0.3:
        parts.append(random.choice(_VERSIONS))
    if len(parts) > 1 or random.random() < 0.5:
        parts.append(_group(random))
    return ".".join(parts)


def _group(random: Random) -> str:
    """Return a group, sometimes only its beginning."""
    group = random.choice(_GROUPS)
    return group if random.random() < 0.8 else group[: random.randint(0, len(group))]


def _versions(random: Random) -> list[str]:
    return random.sample((*_VERSIONS, "v9", ""), random.choice((0, 0, 1, 2)))
