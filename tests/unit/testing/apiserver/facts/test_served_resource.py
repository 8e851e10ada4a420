"""The lookup of resources by path, kind and storage."""

from __future__ import annotations

import pytest

from kubeloop.testing.apiserver.facts.recorded_server import resources
from kubeloop.testing.apiserver.facts.served_resource import Resources, ServedGroup, ServedResource, Subresource


def served(group: str, version: str, plural: str, kind: str, **more: object) -> ServedResource:
    return ServedResource(group, version, plural, plural[:-1], kind, namespaced=True, verbs=("get",), **more)  # type: ignore[arg-type]


CORE_EVENTS = served("", "v1", "events", "Event", stored_as="events", storage_version="v1")
EVENTS = served("events.k8s.io", "v1", "events", "Event", stored_as="events", storage_version="v1")
SCALERS_V2 = served(
    "autoscaling", "v2", "horizontalpodautoscalers", "HPA", stored_as="hpas", storage_version="autoscaling/v1"
)
SCALERS_V1 = served(
    "autoscaling", "v1", "horizontalpodautoscalers", "HPA", stored_as="hpas", storage_version="autoscaling/v1"
)
REVIEWS = served("authorization.k8s.io", "v1", "reviews", "Review")

RESOURCES = Resources(
    [
        ServedGroup("", {"v1": (CORE_EVENTS,)}),
        ServedGroup("autoscaling", {"v2": (SCALERS_V2,), "v1": (SCALERS_V1,)}),
        ServedGroup("events.k8s.io", {"v1": (EVENTS,)}),
        ServedGroup("authorization.k8s.io", {"v1": (REVIEWS,)}),
    ]
)


def test_finds_a_resource_by_its_path_and_by_its_kind() -> None:
    assert RESOURCES.find("autoscaling", "v1", "horizontalpodautoscalers") is SCALERS_V1
    assert RESOURCES.of_kind("events.k8s.io", "v1", "Event") is EVENTS


def test_finds_nothing_under_another_version_group_or_name() -> None:
    assert RESOURCES.find("autoscaling", "v3", "horizontalpodautoscalers") is None
    assert RESOURCES.find("apps", "v1", "events") is None
    assert RESOURCES.of_kind("", "v1", "events") is None
    assert RESOURCES.group("apps") is None


def test_iterates_in_the_order_of_discovery() -> None:
    assert list(RESOURCES) == [CORE_EVENTS, SCALERS_V2, SCALERS_V1, EVENTS, REVIEWS]
    assert len(RESOURCES) == 5
    assert repr(RESOURCES) == "<Resources 5 in 4 groups>"


def test_joins_the_versions_and_groups_that_share_a_storage() -> None:
    assert RESOURCES.stored_as("events") == (CORE_EVENTS, EVENTS)
    assert RESOURCES.stored_as("hpas") == (SCALERS_V2, SCALERS_V1)
    assert RESOURCES.stored_as("unknown") == ()
    assert RESOURCES.stored() == ("events", "hpas")


def test_the_resource_of_a_storage_is_that_of_the_storage_version() -> None:
    assert RESOURCES.of_storage("events") is CORE_EVENTS
    assert RESOURCES.of_storage("hpas") is SCALERS_V1
    assert RESOURCES.of_storage("") is None


def test_the_first_version_of_a_group_is_preferred() -> None:
    group = RESOURCES.group("autoscaling")
    assert group is not None
    assert group.preferred_version == "v2"


def test_more_groups_make_other_resources_and_leave_the_first_unchanged() -> None:
    widgets = served("example.com", "v1", "widgets", "Widget", stored_as="widgets.example.com")
    more = RESOURCES.with_groups([ServedGroup("example.com", {"v1": (widgets,)})])
    assert more.find("example.com", "v1", "widgets") is widgets
    assert more.find("", "v1", "events") is CORE_EVENTS
    assert RESOURCES.find("example.com", "v1", "widgets") is None


@pytest.mark.parametrize(
    ("resource", "api_version", "group_resource"),
    [(CORE_EVENTS, "v1", "events"), (EVENTS, "events.k8s.io/v1", "events.events.k8s.io")],
)
def test_the_core_group_has_no_name_in_texts(resource: ServedResource, api_version: str, group_resource: str) -> None:
    assert (resource.api_version, resource.group_resource) == (api_version, group_resource)


def test_status_and_scale_are_subresources() -> None:
    scale = Subresource("scale", "Scale", "autoscaling", "v1", ("get", "patch", "update"))
    both = CORE_EVENTS.replace(subresources={"scale": scale, "status": scale.replace(name="status")})
    assert (both.has_status, both.has_scale) == (True, True)
    assert (CORE_EVENTS.has_status, CORE_EVENTS.has_scale) == (False, False)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("pod", "pods"),
        ("deploy", "deployments.apps"),
        ("secret/status", "secrets"),
        ("apps/deployments", "deployments.apps"),
        ("deployments.app", "deployments.apps"),
        ("pods.v1", "pods"),
        ("confgmaps", "configmaps"),
    ],
)
def test_a_misspelt_resource_is_refused_with_the_one_that_is_meant(text: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"got '{text}'; did you mean '{meant}'?"):
        resources().check_name(text)


@pytest.mark.parametrize(
    "text",
    [
        "*", "*/status", "pods", "pods/*", "pods/status", "deployments.apps/scale", "backups", "backups.example.com",
        "services.serving.knative.dev", "certificates/status", "/version", "/openapi/*",
    ],
)  # fmt: skip
def test_a_resource_that_is_served_or_may_be_a_custom_one_is_good(text: str) -> None:
    resources().check_name(text)
