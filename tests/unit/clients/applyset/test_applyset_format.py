"""The ID of an apply set, and the texts of its annotations, as kubectl writes and reads them."""

from __future__ import annotations

import re

import pytest

from kubeloop.clients.applyset.applyset_format import (
    TOOLING_NAME,
    TOOLING_VALUE,
    id_of,
    read_kinds,
    read_namespaces,
    read_resources,
    tooling_name,
    write_kinds,
    write_namespaces,
)
from kubeloop.clients.applyset.applyset_parent import ApplySetParent
from kubeloop.meta.gvk import GroupKind, GroupResource, GroupVersionKind, GroupVersionResource

SECRET = ApplySetParent(
    GroupVersionKind("", "v1", "Secret"), GroupVersionResource("", "v1", "secrets"), "my-set", "test"
)
CUSTOM = ApplySetParent(
    GroupVersionKind("company.com", "v1", "ApplySet"),
    GroupVersionResource("company.com", "v1", "applysets"),
    "my-set",
    "",
)


@pytest.mark.parametrize(
    ("parent", "wanted"),
    [
        (SECRET, "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1"),
        (CUSTOM, "applyset-rhp1a-HVAVT_dFgyEygyA1BEB82HPp2o10UiFTpqtAs-v1"),
    ],
)
def test_the_id_is_that_of_kubectls_own_tests(parent: ApplySetParent, wanted: str) -> None:
    assert id_of(parent) == wanted


def test_an_id_does_not_depend_on_the_version_of_the_kind() -> None:
    newer = CUSTOM.replace(kind=GroupVersionKind("company.com", "v2", "ApplySet"))
    assert id_of(newer) == id_of(CUSTOM)


@pytest.mark.parametrize(
    ("tooling", "name"),
    [
        ("kubectl/v1.37.0", "kubectl"),
        ("helm", "helm"),
        ("example.com/tool/why/v1", "example.com/tool/why"),
        ("kubeloop/", "kubeloop"),
        ("", ""),
    ],
)
def test_the_name_of_a_tool_is_all_but_its_version(tooling: str, name: str) -> None:
    assert tooling_name(tooling) == name


def test_our_tooling_has_a_name_and_a_semantic_version() -> None:
    assert re.fullmatch(r"kubeloop/v\d+\.\d+\.\d+\S*", TOOLING_VALUE)
    assert tooling_name(TOOLING_VALUE) == TOOLING_NAME


def test_kinds_are_written_sorted_as_text_and_read_again() -> None:
    kinds = {GroupKind("", "Secret"), GroupKind("apps", "Deployment"), GroupKind("", "ConfigMap")}
    text = "ConfigMap,Deployment.apps,Secret"
    assert (write_kinds(kinds), read_kinds(text)) == (text, kinds)


def test_an_empty_annotation_is_an_empty_set() -> None:
    assert (write_kinds(()), write_namespaces((), "shop")) == ("", "")
    assert (read_kinds(""), read_resources(""), read_namespaces("")) == (frozenset(), frozenset(), frozenset())


def test_the_deprecated_annotation_names_resources() -> None:
    assert read_resources("deployments.apps,secrets") == {
        GroupResource("apps", "deployments"),
        GroupResource("", "secrets"),
    }


def test_namespaces_are_sorted_and_leave_out_that_of_the_parent() -> None:
    assert write_namespaces({"b", "shop", "a"}, "shop") == "a,b"
    assert write_namespaces({"b", "a"}, "") == "a,b"
    assert read_namespaces("a,b") == {"a", "b"}
