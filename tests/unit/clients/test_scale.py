"""`scale(name, replicas)` for typed, dynamic and old resources."""

from __future__ import annotations

from typing import Any

import pytest

import kubeloop
from kubeloop.meta.gvk import GroupVersionResource
from kubeloop.models import apps_v1, autoscaling_v1
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import ScriptedResponse, error_status

PATH = "/apis/apps/v1/namespaces/x/deployments/web/scale"


def scale(replicas: int, version: str = "7") -> dict[str, Any]:
    """Build the JSON of the scale of the deployment x/web."""
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "web", "namespace": "x", "uid": "u", "resourceVersion": version},
        "spec": {"replicas": replicas},
        "status": {"replicas": 1, "selector": "app=web"},
    }


@in_virtual_time
async def test_a_number_of_replicas_is_set_with_one_merge_patch() -> None:
    clients, _ = clientset(ScriptedResponse.of(scale(5)).to(f"PATCH {PATH}", body={"spec": {"replicas": 5}}))
    changed = await clients.apps_v1.deployments("x").scale("web", 5)
    assert isinstance(changed, autoscaling_v1.Scale)
    assert changed.spec.replicas == 5


@in_virtual_time
async def test_zero_replicas_are_a_number() -> None:
    clients, _ = clientset(ScriptedResponse.of(scale(0)).to(f"PATCH {PATH}", body={"spec": {"replicas": 0}}))
    assert (await clients.apps_v1.deployments("x").scale("web", 0)).spec.replicas == 0


@in_virtual_time
async def test_a_precondition_reads_compares_and_replaces_that_version() -> None:
    clients, _ = clientset(
        ScriptedResponse.of(scale(2)).to(f"GET {PATH}"),
        ScriptedResponse.of(scale(5, "8")).to(
            f"PUT {PATH}?dryRun=All&fieldManager=me",
            body={**scale(5), "status": {"replicas": 1, "selector": "app=web"}},
        ),
    )
    deployments = clients.apps_v1.deployments("x")
    changed = await deployments.scale("web", 5, current_replicas=2, dry_run=True, field_manager="me")
    assert changed.metadata.resource_version == "8"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"current_replicas": 3}, "expected 3 replicas, got 2: x/web"),
        ({"resource_version": "6"}, "expected the resource version 6, got 7: x/web"),
        ({"current_replicas": 0}, "expected 0 replicas, got 2: x/web"),
    ],
)
@in_virtual_time
async def test_an_unmet_precondition_sends_nothing(options: dict[str, Any], message: str) -> None:
    clients, transport = clientset(ScriptedResponse.of(scale(2)))
    with pytest.raises(kubeloop.PreconditionFailed, match=f"^{message}$"):
        await clients.apps_v1.deployments("x").scale("web", 5, **options)
    assert [request.method for request in transport.requests] == ["GET"]


@in_virtual_time
async def test_a_conflict_is_retried_after_a_second_with_a_new_comparison() -> None:
    clients, transport = clientset(
        ScriptedResponse.of(scale(2)),
        error_status(409, "Conflict"),
        ScriptedResponse.of(scale(2, "9")),
        ScriptedResponse.of(scale(5, "10")),
    )
    await clients.apps_v1.deployments("x").scale("web", 5, current_replicas=2)
    assert [request.method for request in transport.requests] == ["GET", "PUT", "GET", "PUT"]


@in_virtual_time
async def test_a_conflict_that_lasts_is_raised_after_five_minutes() -> None:
    clients, transport = clientset(*(error_status(409, "Conflict") for _ in range(301)))
    with pytest.raises(kubeloop.Conflict):
        await clients.apps_v1.deployments("x").scale("web", 5)
    assert elapsed() == pytest.approx(300, abs=1)
    assert len(transport.requests) == 301


@pytest.mark.parametrize("replicas", [-1, True, "3"])
@in_virtual_time
async def test_what_is_no_number_of_replicas_is_refused(replicas: Any) -> None:
    clients, transport = clientset()
    with pytest.raises((TypeError, ValueError), match="replicas"):
        await clients.apps_v1.deployments("x").scale("web", replicas)
    assert transport.requests == []


@in_virtual_time
async def test_options_without_a_number_of_replicas_are_refused() -> None:
    clients, _ = clientset()
    with pytest.raises(TypeError, match="current_replicas without a number of replicas"):
        clients.apps_v1.deployments("x").scale("web", current_replicas=3)  # type: ignore[call-overload]


@in_virtual_time
async def test_the_client_of_a_class_scales() -> None:
    clients, _ = clientset(ScriptedResponse.of(scale(5)).to(f"PATCH {PATH}", body={"spec": {"replicas": 5}}))
    assert (await clients.resource(apps_v1.Deployment, "x").scale("web", 5)).spec.replicas == 5


@in_virtual_time
async def test_a_dynamic_client_has_the_typed_scale() -> None:
    clients, _ = clientset(ScriptedResponse.of(scale(2)).to(f"GET {PATH}"))
    found = await clients.dynamic.resource("apps/v1", "deployments").namespace("x").scale("web").get()
    assert isinstance(found, autoscaling_v1.Scale)
    assert found.status.selector == "app=web"


@pytest.mark.parametrize("version", ["apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"])
@pytest.mark.parametrize(
    ("status", "selector"),
    [
        ({"selector": {"b": "2", "a": "1"}}, "a=1,b=2"),
        ({"selector": {"a": "1"}, "targetSelector": "a in (1,2)"}, "a in (1,2)"),
        ({}, ""),
    ],
)
@in_virtual_time
async def test_an_old_scale_is_read_as_that_of_autoscaling(version: str, status: dict[str, Any], selector: str) -> None:
    old = {**scale(2), "apiVersion": version, "status": {"replicas": 1, **status}}
    clients, _ = clientset(ScriptedResponse.of(old))
    group, _, plain = version.partition("/")
    resource = GroupVersionResource(group, plain, "deployments")
    found = await clients.dynamic.resource(resource).namespace("x").scale("web").get()
    assert (found.api_version, found.spec.replicas, found.status.selector) == ("autoscaling/v1", 2, selector)


@in_virtual_time
async def test_an_old_scale_is_replaced_in_its_own_version() -> None:
    old = {**scale(2), "apiVersion": "apps/v1beta2", "status": {"replicas": 1, "selector": {"app": "web"}}}
    path = "/apis/apps/v1beta2/namespaces/x/deployments/web/scale"
    sent = {name: value for name, value in {**old, "spec": {"replicas": 5}}.items() if name != "status"}
    clients, _ = clientset(
        ScriptedResponse.of(old).to(f"GET {path}"), ScriptedResponse.of(old).to(f"PUT {path}", body=sent)
    )
    await clients.dynamic.resource("apps/v1beta2", "deployments").namespace("x").scale("web", 5, current_replicas=2)


@in_virtual_time
async def test_a_resource_without_a_scale_is_not_found() -> None:
    clients, _ = clientset(error_status(404, "NotFound"))
    with pytest.raises(kubeloop.NotFound):
        await clients.dynamic.resource("v1", "configmaps").namespace("x").scale("web", 5)
