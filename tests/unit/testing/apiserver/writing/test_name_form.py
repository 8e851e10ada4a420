"""The forms of names."""

from __future__ import annotations

import pytest

from kubeloop.testing.apiserver.writing.name_form import (
    NameForm,
    any_name,
    config_key,
    dns_label,
    dns_subdomain,
    name_form_of,
    path_segment,
    storage_version_name,
)


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (dns_subdomain, "web.example.com"),
        (dns_label, "web-0"),
        (path_segment, "system:node"),
        (any_name, "a/b"),
        (config_key, "A_b.c"),
        (storage_version_name, "apps.example.com.deployments"),
    ],
)
def test_a_form_accepts_its_names(form: NameForm, name: str) -> None:
    assert form(name, False) == []


@pytest.mark.parametrize(
    ("form", "name", "count"),
    [
        (dns_subdomain, "Web", 1),
        (dns_subdomain, "a" * 254, 1),
        (dns_subdomain, "A" * 254, 2),
        (dns_label, "web.example", 1),
        (dns_label, "a" * 64, 1),
        (path_segment, "..", 1),
        (path_segment, "a/b%", 2),
        (config_key, "", 1),
        (config_key, ".", 1),
        (config_key, "..a", 1),
        (config_key, "a" * 254, 1),
        (storage_version_name, "pods", 1),
        (storage_version_name, "Apps.2pods", 2),
    ],
)
def test_a_form_reports_each_fault(form: NameForm, name: str, count: int) -> None:
    assert len(form(name, False)) == count


@pytest.mark.parametrize("form", [dns_subdomain, dns_label])
def test_a_prefix_may_end_with_a_dash_and_a_name_may_not(form: NameForm) -> None:
    assert form("web-", True) == []
    assert form("web-", False) != []


def test_dots_are_a_prefix_of_paths_but_no_path_segment() -> None:
    assert path_segment("..", True) == []
    assert path_segment("..", False) == ["may not be '..'"]


@pytest.mark.parametrize(
    ("resource", "form"),
    [
        ("pods", dns_subdomain),
        ("services", dns_label),
        ("namespaces", dns_label),
        ("roles.rbac.authorization.k8s.io", path_segment),
        ("certificatesigningrequests.certificates.k8s.io", any_name),
    ],
)
def test_the_form_depends_on_the_resource(resource: str, form: NameForm) -> None:
    assert name_form_of(resource) is form
