"""The package covers everything that the real server serves.

Each kind of the server's OpenAPI document has a model, and each verb of its discovery document has a method of the
typed clients. Intended gaps are listed here, each with its reason.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, get_overloads

import pytest

from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.clients.clientset import Clientset
from kubeloop.codegen.python_names import class_of_module, collection, snake
from kubeloop.config.load import load_config
from kubeloop.models.kind_index import KINDS
from kubeloop.rest.client import RESTClient

AGGREGATED = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}

METHODS = {
    "get": ["get"],
    "list": ["list", "iterate"],
    "watch": ["watch"],
    "create": ["create"],
    "update": ["update"],
    "patch": ["patch", "apply", "edit"],
    "delete": ["delete"],
    "deletecollection": ["delete_collection"],
}
STATUS_METHODS = {
    # A status is read with its object.
    "get": ["get"],
    "update": ["update_status"],
    "patch": ["patch_status", "apply_status"],
}
SUBRESOURCE_METHODS = {**METHODS, "patch": ["patch"]}
# These subresources are verbs of the resource itself.
METHODS_OF_SUBRESOURCE = {"status": STATUS_METHODS, "log": {"get": ["log", "log_lines"]}}

UPGRADE = "the connection stops being HTTP: streams come with the remote commands"
PROXY = "what stands behind it is not the API: use RESTClient with an absolute path"
MISSING = {
    "nodes/proxy": PROXY,
    "pods/attach": UPGRADE,
    "pods/exec": UPGRADE,
    "pods/portforward": UPGRADE,
    "pods/proxy": PROXY,
    "services/proxy": PROXY,
}

# Kinds that client-go has or had, as promised; the present servers do not serve all of these.
PROMISED = """
admissionregistration v1 v1beta1; apps v1 v1beta1 v1beta2; apiserverinternal v1alpha1; authentication v1 v1beta1;
authorization v1 v1beta1; autoscaling v1 v2 v2beta1 v2beta2; batch v1 v1beta1; certificates v1 v1beta1;
coordination v1 v1beta1; core v1; discovery v1 v1beta1; events v1 v1beta1; extensions v1beta1;
flowcontrol v1 v1beta1 v1beta2 v1beta3 v1alpha1; networking v1 v1beta1; node v1 v1alpha1 v1beta1; policy v1 v1beta1;
rbac v1 v1alpha1 v1beta1; resource v1 v1beta1 v1beta2; scheduling v1 v1alpha1 v1beta1; storage v1 v1alpha1 v1beta1;
storagemigration v1 v1beta1; apiextensions v1 v1beta1; apiregistration v1 v1beta1
"""
GROUP_VERSIONS = [
    f"{group}_{version}" for line in PROMISED.split(";") for group, *versions in [line.split()] for version in versions
]
PAYLOADS = ["admission_v1", "apidiscovery_v2", "imagepolicy_v1alpha1", "meta_v1"]


@pytest.mark.parametrize("name", GROUP_VERSIONS)
def test_the_clientset_and_the_factory_offer_every_promised_group_version(name: str) -> None:
    assert isinstance(inspect.getattr_static(Clientset, name), property)
    client = import_module(f"kubeloop.clients.groups.{name}")
    assert getattr(client, class_of_module(name))
    if not name.startswith(("authentication", "authorization")):
        assert isinstance(inspect.getattr_static(SharedInformerFactory, name), property)


@pytest.mark.parametrize("name", PAYLOADS)
def test_what_is_only_a_payload_has_models_and_no_accessor(name: str) -> None:
    assert import_module(f"kubeloop.models.{name}")
    assert not hasattr(Clientset, name)


def test_kinds_that_kubernetes_dropped_are_there() -> None:
    dropped = {
        ("policy/v1beta1", "PodSecurityPolicy"),
        ("extensions/v1beta1", "Ingress"),
        ("apps/v1beta1", "Deployment"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler"),
        ("batch/v1beta1", "CronJob"),
        ("discovery.k8s.io/v1beta1", "EndpointSlice"),
    }
    assert dropped <= set(KINDS)


async def _json(rest: RESTClient, path: str, headers: Mapping[str, str] | None = None) -> Any:
    return json.loads(await rest.get(path, into=bytes, headers=headers))


async def _custom_groups(rest: RESTClient) -> set[str]:
    """Return the groups that other tests have defined on the shared server."""
    found = await _json(rest, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    return {item["spec"]["group"] for item in found["items"]}


async def test_each_kind_of_the_servers_openapi_has_a_model(kubeconfig: Path) -> None:
    missing: set[str] = set()
    async with RESTClient(load_config(kubeconfig)) as rest:
        custom = await _custom_groups(rest)
        index = await _json(rest, "/openapi/v3")
        for path in sorted(index["paths"]):
            if not path.startswith(("api/", "apis/")) or path.count("/") != path.startswith("apis/") + 1:
                continue
            if path.split("/")[1] in custom:
                continue
            document = await _json(rest, f"/openapi/v3/{path}")
            missing |= {kind for kind in _kinds(document, custom) if not _has_model(kind)}
    assert missing == set()


def _kinds(document: Mapping[str, Any], custom: set[str]) -> Iterator[str]:
    for schema in document.get("components", {}).get("schemas", {}).values():
        for kind in schema.get("x-kubernetes-group-version-kind", ()):
            if kind["group"] not in custom:
                group = f"{kind['group']}/" if kind["group"] else ""
                yield f"{group}{kind['version']} {kind['kind']}"


def _has_model(name: str) -> bool:
    """Return whether a kind has a model. Every group version has a copy of those of meta/v1 (DeleteOptions,
    WatchEvent).
    """
    api_version, _, kind = name.partition(" ")
    module = KINDS.get((api_version, kind))
    if module is not None:
        return hasattr(import_module(f"kubeloop.models.{module}"), kind)
    return hasattr(import_module("kubeloop.models.meta_v1"), kind)


async def test_each_verb_of_the_servers_discovery_has_a_method(kubeconfig: Path) -> None:
    missing: dict[str, set[str]] = {}
    async with RESTClient(load_config(kubeconfig)) as rest:
        custom = await _custom_groups(rest)
        for path in ("/api", "/apis"):
            for group in (await _json(rest, path, AGGREGATED))["items"]:
                name = group["metadata"].get("name", "")
                if name in custom:
                    continue
                for version in group["versions"]:
                    api_version = f"{name}/{version['version']}" if name else version["version"]
                    for resource, verbs in _missing(api_version, version["resources"]):
                        missing.setdefault(resource, set()).update(verbs)
    assert {name: verbs for name, verbs in missing.items() if name not in MISSING} == {}
    assert sorted(missing) == sorted(MISSING), "the list of gaps names something that exists"


def _missing(api_version: str, resources: list[dict[str, Any]]) -> Iterator[tuple[str, set[str]]]:
    for resource in resources:
        plural, kind = resource["resource"], resource["responseKind"]["kind"]
        client = _client(api_version, kind, plural)
        if client is None:
            yield f"{api_version} {plural}", set(resource["verbs"])
            continue
        if verbs := _without_method(client, resource["verbs"], METHODS):
            yield f"{api_version} {plural}", verbs
        for sub in resource.get("subresources", ()):
            name = sub["subresource"]
            if name in METHODS_OF_SUBRESOURCE:
                methods, holder = METHODS_OF_SUBRESOURCE[name], client
            else:
                methods, holder = SUBRESOURCE_METHODS, _returned(client, snake(name))
            if verbs := _without_method(holder, sub["verbs"], methods):
                yield f"{plural}/{name}", verbs


def _without_method(client: type | None, verbs: list[str], methods: Mapping[str, list[str]]) -> set[str]:
    return {verb for verb in verbs if not all(hasattr(client, name) for name in methods[verb])}


def _client(api_version: str, kind: str, plural: str) -> type | None:
    module = KINDS.get((api_version, kind))
    if module is None or not hasattr(Clientset, module):
        return None
    group = getattr(import_module(f"kubeloop.clients.groups.{module}"), class_of_module(module))
    return _returned(group, snake(collection(kind, plural)))


def _returned(owner: type, method: str) -> type | None:
    """Return the class that a generated accessor returns, by its annotation or that of its first overload."""
    found = getattr(owner, method, None)
    if found is None:
        return None
    module = import_module(found.__module__)
    accessor = next(iter(get_overloads(found)), found)
    result = getattr(module, inspect.signature(accessor).return_annotation)
    assert isinstance(result, type)
    return result


@pytest.mark.parametrize("name", sorted(MISSING))
def test_what_is_missing_has_a_reason(name: str) -> None:
    assert MISSING[name] in (UPGRADE, PROXY)
