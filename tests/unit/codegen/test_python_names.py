"""Naming rules: field names to attributes, kinds to accessors, groups to modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeloop.codegen.python_names import (
    EXCEPTIONS,
    attribute,
    class_of_module,
    collection,
    module_of,
    snake,
    type_name,
)
from kubeloop.codegen.schema import load_directory

SCHEMA = Path(__file__).parents[3] / "schema"


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("nodeName", "node_name"),
        ("podIP", "pod_ip"),
        ("podIPs", "pod_ips"),
        ("clusterIPs", "cluster_ips"),
        ("nonResourceURLs", "non_resource_urls"),
        ("serverAddressByClientCIDRs", "server_address_by_client_cidrs"),
        ("setHostnameAsFQDN", "set_hostname_as_fqdn"),
        ("openAPIV3Schema", "open_api_v3_schema"),
        ("hostIPC", "host_ipc"),
        ("x-kubernetes-list-type", "x_kubernetes_list_type"),
        ("$ref", "ref"),
        ("sha256Sum", "sha256_sum"),
    ],
)
def test_attributes_are_the_words_of_the_field_name(wire: str, name: str) -> None:
    assert attribute(wire) == name


@pytest.mark.parametrize(("wire", "name"), [("from", "from_"), ("continue", "continue_"), ("not", "not_")])
def test_keywords_take_an_underscore(wire: str, name: str) -> None:
    assert attribute(wire) == name


@pytest.mark.parametrize("wire", ["draft", "toDict", "int", "bool", "datetime"])
def test_names_that_models_use_take_an_underscore(wire: str) -> None:
    assert attribute(wire) == f"{snake(wire)}_"


def test_an_attribute_begins_with_a_letter() -> None:
    assert attribute("3scale") == "n_3scale"
    assert attribute("-") == "field"


@pytest.mark.parametrize(
    ("kind", "plural", "accessor"),
    [
        ("ConfigMap", "configmaps", "config_maps"),
        ("Endpoints", "endpoints", "endpoints"),
        ("NetworkPolicy", "networkpolicies", "network_policies"),
        ("CSINode", "csinodes", "csi_nodes"),
        ("ServiceCIDR", "servicecidrs", "service_cidrs"),
        ("IPAddress", "ipaddresses", "ip_addresses"),
        ("PodMetrics", "pods", "pods"),
        ("ClusterRole", "cluster-roles", "cluster_roles"),
    ],
)
def test_accessors_are_the_plural_in_the_words_of_the_kind(kind: str, plural: str, accessor: str) -> None:
    assert snake(collection(kind, plural)) == accessor


def test_a_custom_module_bears_its_full_group() -> None:
    assert module_of("cert-manager.io", "v1") == "cert_manager_io_v1"
    assert class_of_module("cert_manager_io_v1") == "CertManagerIoV1"


@pytest.mark.parametrize(
    ("name", "expected"), [("Sequence", "Sequence_"), ("None", "None_"), ("Pod", "Pod"), ("3D", "N3D")]
)
def test_a_class_hides_no_name_that_the_module_needs(name: str, expected: str) -> None:
    assert type_name(name) == expected


def test_no_built_in_type_has_two_fields_of_one_attribute_name() -> None:
    for module in load_directory(SCHEMA).values():
        for struct in module.structs.values():
            names = [attribute(field.wire) for field in struct.fields]
            assert len(names) == len(set(names)), f"{module.name}.{struct.name}"


def test_each_exception_is_needed() -> None:
    table = dict(EXCEPTIONS)
    modules = load_directory(SCHEMA).values()
    used = {field.wire for module in modules for struct in module.structs.values() for field in struct.fields}
    used |= {sub.name for module in modules for resource in module.resources for sub in resource.subresources}
    assert {name for name in table if name not in used} == set()
