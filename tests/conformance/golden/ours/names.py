"""Names, the names of types, and the proxies that an environment names."""

from __future__ import annotations

from typing import Any

from kubeloop.meta import name_rules as rules
from kubeloop.meta.gvk import (
    GroupKind,
    GroupResource,
    GroupVersion,
    GroupVersionKind,
    GroupVersionResource,
    version_priority,
)
from kubeloop.meta.keys import join_key, split_key
from kubeloop.transport.connecting.environment import environment_proxy

from .refused import REFUSED


def names(text: str) -> Any:
    """Return the naming rules that a text fulfils."""
    return {
        "label": not rules.dns_label_faults(text),
        "subdomain": not rules.dns_subdomain_faults(text),
        "key": not rules.label_key_faults(text),
        "value": not rules.label_value_faults(text),
        "segment": _is_segment(text),
    }


def _is_segment(text: str) -> bool:
    try:
        rules.check_path_segment(text, "name")
    except ValueError:
        return False
    return True


def schema(case: dict[str, Any]) -> Any:
    """Read and write the names of types and objects."""
    parts = case["a"]
    try:
        return _SCHEMA[case["op"]](*parts)
    except ValueError:
        return REFUSED


def _group_version(text: str) -> Any:
    parsed = GroupVersion.parse(text)
    return {"group": parsed.group, "version": parsed.version, "text": str(parsed)}


def _group_kind(text: str) -> Any:
    parsed = GroupKind.parse(text)
    return {"group": parsed.group, "kind": parsed.kind, "text": str(parsed)}


def _group_resource(text: str) -> Any:
    parsed = GroupResource.parse(text)
    return {"group": parsed.group, "resource": parsed.resource, "text": str(parsed)}


def _kind(group: str, version: str, kind: str) -> Any:
    parsed = GroupVersionKind(group, version, kind)
    return {"text": str(parsed), "api_version": parsed.api_version}


def _priority(left: str, right: str) -> int:
    first, second = version_priority(left), version_priority(right)
    return (first > second) - (first < second)


_SCHEMA: dict[str, Any] = {
    "group_version": _group_version,
    "group_kind": _group_kind,
    "group_resource": _group_resource,
    "kind": _kind,
    "resource": lambda group, version, resource: str(GroupVersionResource(group, version, resource)),
    "key": join_key,
    "split": lambda key: list(split_key(key)),
    "priority": _priority,
}


def proxies(case: dict[str, Any]) -> Any:
    """Return the proxy that the environment names for a URL."""
    try:
        proxy = environment_proxy(case["url"], case["env"])
    except ValueError:
        return REFUSED
    return {} if proxy is None else {"proxy": proxy.rstrip("/")}
