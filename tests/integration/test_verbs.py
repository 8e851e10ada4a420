"""Each verb on the real API server, for the typed and for the dynamic client."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import kubeloop
from kubeloop.models import (
    apps_v1,
    authentication_v1,
    authorization_v1,
    autoscaling_v1,
    certificates_v1,
    core_v1,
    meta_v1,
    policy_v1,
)
from kubeloop.unstructured import Unstructured
from tests.support.real_clientset import config_map, config_of, pod


@pytest.fixture(params=["typed", "dynamic"])
def config_maps(request: pytest.FixtureRequest, clientset: kubeloop.Clientset, namespace: str) -> Any:
    """Return the same collection through both clients. Any: their objects have the same structure and two types."""
    if request.param == "typed":
        return clientset.core_v1.config_maps(namespace)
    return clientset.dynamic.resource("v1", "configmaps").namespace(namespace)


def body(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def data_of(obj: Any) -> dict[str, str]:
    return dict(obj.to_dict().get("data", {}))


async def test_create_get_update_delete(config_maps: Any) -> None:
    created = await config_maps.create(body("a", x="1"))
    assert created.metadata.uid
    assert (await config_maps.get("a")) == created
    assert data_of(await config_maps.get("a", resource_version="0")) == {"x": "1"}

    changed = created.to_dict()
    changed["data"] = {"x": "2"}
    updated = await config_maps.update(changed)
    assert data_of(updated) == {"x": "2"}
    with pytest.raises(kubeloop.Conflict):
        await config_maps.update(changed)

    assert await config_maps.delete("a") is None
    with pytest.raises(kubeloop.NotFound) as caught:
        await config_maps.get("a")
    assert (caught.value.status.name, caught.value.status.kind) == ("a", "configmaps")


async def test_create_makes_a_name_up_and_refuses_one_that_is_taken(config_maps: Any) -> None:
    made = await config_maps.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a-"}})
    assert made.metadata.name.startswith("a-")
    with pytest.raises(kubeloop.AlreadyExists):
        await config_maps.create(body(made.metadata.name))


async def test_a_dry_run_stores_nothing(config_maps: Any) -> None:
    assert (await config_maps.create(body("a"), dry_run=True)).metadata.uid
    with pytest.raises(kubeloop.NotFound):
        await config_maps.get("a")


async def test_field_validation_refuses_what_the_server_does_not_know(config_maps: Any) -> None:
    with pytest.raises(kubeloop.BadRequest, match="colour"):
        await config_maps.create({**body("a"), "colour": "red"}, field_validation="Strict")
    assert await config_maps.create({**body("a"), "colour": "red"}, field_validation="Ignore")


async def test_an_object_that_breaks_a_rule_is_invalid_and_names_the_field(config_maps: Any) -> None:
    with pytest.raises(kubeloop.Invalid) as caught:
        await config_maps.create(body("Not_A_Name"))
    assert caught.value.causes[0].field == "metadata.name"


async def test_patches_of_every_type(config_maps: Any) -> None:
    await config_maps.create(body("a", x="1", y="1"))
    assert data_of(await config_maps.patch("a", {"data": {"x": None, "z": "1"}})) == {"y": "1", "z": "1"}
    operations = [{"op": "test", "path": "/data/y", "value": "1"}, {"op": "replace", "path": "/data/y", "value": "2"}]
    assert data_of(await config_maps.patch("a", operations)) == {"y": "2", "z": "1"}
    assert data_of(await config_maps.patch("a", {"data": {"z": "3"}}, type="strategic")) == {"y": "2", "z": "3"}
    with pytest.raises(kubeloop.Conflict):
        await config_maps.patch("a", {"metadata": {"resourceVersion": "1"}, "data": {}})
    with pytest.raises(kubeloop.Invalid):
        await config_maps.patch("a", [{"op": "test", "path": "/data/y", "value": "wrong"}])


async def test_apply_creates_owns_and_removes_fields(config_maps: Any) -> None:
    applied = await config_maps.apply(body("a", x="1", y="1"), field_manager="one")
    assert data_of(applied) == {"x": "1", "y": "1"}
    assert data_of(await config_maps.apply(body("a", x="1"), field_manager="one")) == {"x": "1"}
    with pytest.raises(kubeloop.Conflict) as caught:
        await config_maps.apply(body("a", x="2"), field_manager="two")
    assert caught.value.causes[0].field == ".data.x"
    assert data_of(await config_maps.apply(body("a", x="2"), field_manager="two", force=True)) == {"x": "2"}
    with pytest.raises(ValueError, match="managedFields"):
        await config_maps.apply((await config_maps.get("a")).to_dict(), field_manager="one")


async def test_apply_and_patch_keep_required_fields_that_were_not_set(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    """(H1) A condition of a PodDisruptionBudget is set; its required numbers are unchanged, also by force."""
    budgets = clientset.policy_v1.pod_disruption_budgets(namespace)
    await budgets.create({"metadata": {"name": "a"}, "spec": {"minAvailable": 1}})
    numbers = {"disruptionsAllowed": 1, "currentHealthy": 3, "desiredHealthy": 2, "expectedPods": 4}
    await budgets.patch_status("a", {"status": numbers})

    def with_condition(type: str) -> policy_v1.PodDisruptionBudget:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        condition = meta_v1.Condition(type=type, status="True", reason="R", message="m", last_transition_time=now)
        status = policy_v1.PodDisruptionBudgetStatus(conditions=[condition])
        return policy_v1.PodDisruptionBudget(metadata=meta_v1.ObjectMeta(name="a"), status=status)

    applied = await budgets.apply_status(with_condition("One"), field_manager="me", force=True)
    assert [each.type for each in applied.status.conditions] == ["One"]
    patched = await budgets.patch_status("a", with_condition("Two"))
    again = await budgets.patch_status("a", with_condition("Three").to_dict())
    for budget in (applied, patched, again):
        status = budget.to_dict()["status"]
        assert {name: status[name] for name in numbers} == numbers
    with pytest.raises(ValueError, match="read from a server"):
        await budgets.apply_status(again, field_manager="me", force=True)


async def test_an_edit_deletes_a_map_and_fields_with_a_zero(clientset: kubeloop.Clientset, namespace: str) -> None:
    """(I5) The members are removed, not empty."""
    deployments = clientset.apps_v1.deployments(namespace)
    labels = {"app": "a"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template, "minReadySeconds": 5, "paused": True}
    metadata = {"name": "a", "labels": labels, "annotations": {"b": "c"}}
    await deployments.create({"metadata": metadata, "spec": spec})

    def change(draft: apps_v1.Deployment.Draft) -> None:
        del draft.metadata.labels
        del draft.metadata.annotations
        del draft.spec.min_ready_seconds

    await deployments.edit("a", change)
    found = await clientset.dynamic.resource("apps/v1", "deployments").namespace(namespace).get("a")
    assert not {"labels", "annotations"} & found["metadata"].keys()
    assert "minReadySeconds" not in found["spec"]
    assert found["spec"]["paused"] is True


async def test_delete_keeps_to_its_preconditions(config_maps: Any) -> None:
    created = await config_maps.create(body("a"))
    with pytest.raises(kubeloop.Conflict):
        await config_maps.delete("a", uid="another")
    with pytest.raises(kubeloop.Conflict):
        await config_maps.delete("a", resource_version="1")
    await config_maps.delete("a", dry_run=True)
    await config_maps.delete("a", uid=created.metadata.uid, resource_version=created.metadata.resource_version)
    with pytest.raises(kubeloop.NotFound):
        await config_maps.delete("a")


async def test_delete_returns_the_object_while_something_holds_it(config_maps: Any) -> None:
    held = {**body("a"), "metadata": {"name": "a", "finalizers": ["test.kubeloop.dev/hold"]}}
    await config_maps.create(held)
    deleted = await config_maps.delete("a", propagation_policy="Background")
    assert deleted.metadata.deletion_timestamp is not None
    await config_maps.patch("a", {"metadata": {"finalizers": None}})
    with pytest.raises(kubeloop.NotFound):
        await config_maps.get("a")


async def test_list_selects_and_delete_collection_deletes_what_is_selected(config_maps: Any) -> None:
    for number in range(4):
        labels = {"half": str(number % 2)}
        await config_maps.create({**body(f"a{number}"), "metadata": {"name": f"a{number}", "labels": labels}})
    selected = await config_maps.list(label_selector="half=1")
    assert [one.metadata.name for one in selected.items] == ["a1", "a3"]
    assert [one.kind for one in selected.items] == ["ConfigMap"] * 2
    by_field = await config_maps.list(field_selector="metadata.name=a2")
    assert [one.metadata.name for one in by_field.items] == ["a2"]
    await config_maps.delete_collection(label_selector="half=1", grace_period_seconds=0)
    names = [one.metadata.name async for one in config_maps.iterate(limit=1)]
    assert [name for name in names if name.startswith("a")] == ["a0", "a2"]


async def test_reads_of_all_namespaces_and_writes_by_the_objects_own(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    everywhere = clientset.core_v1.config_maps()
    created = await everywhere.create(
        core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a", namespace=namespace), data={"x": "1"})
    )
    assert created in (await everywhere.list()).items
    assert (await everywhere.update(created)).metadata.namespace == namespace
    dynamic = clientset.dynamic.resource("v1", "configmaps")
    assert any(one.metadata.namespace == namespace for one in (await dynamic.list()).items)


async def test_the_status_is_apart(clientset: kubeloop.Clientset, namespace: str) -> None:
    for pods in (
        clientset.core_v1.pods(namespace),
        clientset.dynamic.resource("v1", "pods").namespace(namespace),
    ):
        clients: Any = pods
        await clients.create(pod("a").to_dict())
        failed = {**(await clients.get("a")).to_dict(), "status": {"phase": "Failed"}}
        assert (await clients.update(failed)).to_dict()["status"]["phase"] == "Pending"
        failed = {**(await clients.get("a")).to_dict(), "status": {"phase": "Running"}}
        assert (await clients.update_status(failed)).to_dict()["status"]["phase"] == "Running"
        patched = await clients.patch_status("a", {"status": {"message": "hello"}})
        assert patched.to_dict()["status"]["message"] == "hello"

        def finish(draft: Any) -> None:
            if isinstance(draft, core_v1.Pod.Draft):
                draft.status.phase = "Succeeded"
            else:
                draft["status"]["phase"] = "Succeeded"

        assert (await clients.edit_status("a", finish)).to_dict()["status"]["phase"] == "Succeeded"
        await clients.delete("a", grace_period_seconds=0)


async def test_the_status_is_applied(clientset: kubeloop.Clientset, namespace: str) -> None:
    for pods in (
        clientset.core_v1.pods(namespace),
        clientset.dynamic.resource("v1", "pods").namespace(namespace),
    ):
        clients: Any = pods
        await clients.create(pod("a").to_dict())
        applied = await clients.apply_status(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "status": {"reason": "Because"}},
            field_manager="me",
        )
        assert applied.to_dict()["status"]["reason"] == "Because"
        await clients.delete("a", grace_period_seconds=0)


async def create_web(clientset: kubeloop.Clientset, namespace: str) -> None:
    """Create a Deployment `web` with one replica."""
    labels = {"app": "web"}
    template = core_v1.PodTemplateSpec(metadata=meta_v1.ObjectMeta(labels=labels), spec=pod("x").spec)
    await clientset.apps_v1.deployments(namespace).create(
        apps_v1.Deployment(
            metadata=meta_v1.ObjectMeta(name="web"),
            spec=apps_v1.DeploymentSpec(
                replicas=1, selector=meta_v1.LabelSelector(match_labels=labels), template=template
            ),
        )
    )


async def test_scale_is_a_subresource(clientset: kubeloop.Clientset, namespace: str) -> None:
    await create_web(clientset, namespace)
    deployments = clientset.apps_v1.deployments(namespace)
    scale = deployments.scale("web")
    assert (await scale.get()).spec.replicas == 1
    assert (await scale.patch({"spec": {"replicas": 5}})).spec.replicas == 5
    updated = await scale.update(autoscaling_v1.Scale(spec=autoscaling_v1.ScaleSpec(replicas=2)))
    assert updated.spec.replicas == 2

    wanted = {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": 4}}
    dynamic = clientset.dynamic.resource("apps/v1", "deployments").namespace(namespace).subresource("web", "scale")
    assert (await dynamic.get())["spec"]["replicas"] == 2
    assert (await dynamic.patch({"spec": {"replicas": 3}}))["spec"]["replicas"] == 3
    assert (await dynamic.update(wanted))["spec"]["replicas"] == 4
    assert (await deployments.get("web")).spec.replicas == 4


async def test_the_number_of_replicas_is_set_in_one_call(clientset: kubeloop.Clientset, namespace: str) -> None:
    await create_web(clientset, namespace)
    deployments = clientset.apps_v1.deployments(namespace)
    assert (await deployments.scale("web", 5)).spec.replicas == 5
    assert (await deployments.scale("web", 0, current_replicas=5)).spec.replicas == 0
    with pytest.raises(kubeloop.PreconditionFailed, match="expected 5 replicas, got 0"):
        await deployments.scale("web", 3, current_replicas=5)
    assert (await deployments.scale("web", 3, dry_run=True)).spec.replicas == 3
    before = await deployments.get("web")
    assert before.spec.replicas == 0
    version = before.metadata.resource_version
    assert (await deployments.scale("web", 4, resource_version=version)).spec.replicas == 4
    with pytest.raises(kubeloop.PreconditionFailed, match=f"expected the resource version {version}"):
        await deployments.scale("web", 5, resource_version=version)

    dynamic = clientset.dynamic.resource("apps/v1", "deployments").namespace(namespace)
    assert (await dynamic.scale("web", 2)).spec.replicas == 2
    found = clientset.resource(Unstructured, kubeloop.GroupVersionKind("apps", "v1", "Deployment"), namespace)
    assert (await found.scale("web", 6, current_replicas=2)).spec.replicas == 6
    assert (await clientset.resource(apps_v1.Deployment, namespace).scale("web").get()).spec.replicas == 6
    with pytest.raises(kubeloop.NotFound):
        await deployments.scale("missing", 1)
    with pytest.raises(kubeloop.NotFound):
        await clientset.resource(core_v1.ConfigMap, namespace).scale("web", 1)


async def test_scale_is_applied(clientset: kubeloop.Clientset, namespace: str) -> None:
    await create_web(clientset, namespace)
    deployments = clientset.apps_v1.deployments(namespace)
    configuration = {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": 7}}
    scale = deployments.scale("web")
    assert (await scale.apply(configuration, field_manager="me", force=True)).spec.replicas == 7
    await deployments.patch("web", {"spec": {"replicas": 1}})
    dynamic = clientset.dynamic.resource("apps/v1", "deployments").namespace(namespace).subresource("web", "scale")
    assert (await dynamic.apply(configuration, field_manager="me", force=True))["spec"]["replicas"] == 7
    assert (await deployments.get("web")).spec.replicas == 7


async def test_a_pod_is_bound_and_evicted(clientset: kubeloop.Clientset, namespace: str) -> None:
    pods = clientset.core_v1.pods(namespace)
    await pods.create(pod("a"))
    binding = core_v1.Binding(target=core_v1.ObjectReference(kind="Node", name="n1"))
    await pods.binding("a").create(binding)
    assert (await pods.get("a")).spec.node_name == "n1"
    status = await pods.eviction("a").create(policy_v1.Eviction(), dry_run=True)
    assert status.status == "Success"
    dynamic = clientset.dynamic.resource("v1", "pods").namespace(namespace).subresource("a", "eviction")
    answer = await dynamic.create({"apiVersion": "policy/v1", "kind": "Eviction"})
    assert answer["status"] == "Success"


async def test_a_service_account_gets_a_token(clientset: kubeloop.Clientset, namespace: str) -> None:
    accounts = clientset.core_v1.service_accounts(namespace)
    await accounts.create(core_v1.ServiceAccount(metadata=meta_v1.ObjectMeta(name="robot")))
    request = authentication_v1.TokenRequest(spec=authentication_v1.TokenRequestSpec(expiration_seconds=600))
    answer = await accounts.token("robot").create(request)
    assert answer.status.token
    assert answer.status.token not in repr(answer)


async def test_a_pod_that_is_running_is_resized_and_gets_containers(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    pods = clientset.core_v1.pods(namespace)
    await pods.create(pod("a"))
    shell = {"name": "shell", "image": "example.com/shell:1"}
    patched = await pods.ephemeral_containers("a").patch({"spec": {"ephemeralContainers": [shell]}}, type="strategic")
    assert patched.spec.ephemeral_containers[0].name == "shell"
    main = {"name": "main", "resources": {"requests": {"cpu": "10m"}, "limits": {"cpu": "20m"}}}
    await pods.create({**pod("b").to_dict(), "spec": {"containers": [{**main, "image": "example.com/web:1"}]}})
    main["resources"] = {"requests": {"cpu": "15m"}, "limits": {"cpu": "20m"}}
    resized = await pods.resize("b").patch({"spec": {"containers": [main]}}, type="strategic")
    assert resized.spec.containers[0].resources.requests["cpu"] == "15m"


async def test_the_log_of_a_pod_without_a_node_is_refused_by_the_server(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    pods = clientset.core_v1.pods(namespace)
    await pods.create(pod("a"))
    with pytest.raises(kubeloop.NotFound):
        await pods.log("b", tail_lines=1)
    with pytest.raises(kubeloop.BadRequest, match="container"):
        await pods.log("a", container="nobody")
    assert await pods.log("a") == ""
    async with pods.log_lines("a") as lines:
        assert [line async for line in lines] == []


async def test_reviews_are_created_and_nothing_more(clientset: kubeloop.Clientset) -> None:
    attributes = authorization_v1.ResourceAttributes(verb="list", resource="pods")
    review = authorization_v1.SelfSubjectAccessReview(
        spec=authorization_v1.SelfSubjectAccessReviewSpec(resource_attributes=attributes)
    )
    answer = await clientset.authorization_v1.self_subject_access_reviews().create(review)
    assert answer.status.allowed
    assert not hasattr(clientset.authorization_v1.self_subject_access_reviews(), "get")


async def test_a_signing_request_is_approved(clientset: kubeloop.Clientset) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody")])
    wanted = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    spec = certificates_v1.CertificateSigningRequestSpec(
        request=wanted.public_bytes(serialization.Encoding.PEM), signer_name="example.com/test", usages=["client auth"]
    )
    requests = clientset.certificates_v1.certificate_signing_requests()
    metadata = meta_v1.ObjectMeta(generate_name="approved-")
    created = await requests.create(certificates_v1.CertificateSigningRequest(metadata=metadata, spec=spec))
    name = created.metadata.name

    draft = created.draft()
    approved = certificates_v1.CertificateSigningRequestCondition(type="Approved", status="True", reason="Test")
    draft.status.conditions.append(approved)
    await requests.approval(name).update(draft.finish().after)

    found = await requests.get(name)
    assert [(condition.type, condition.reason) for condition in found.status.conditions] == [("Approved", "Test")]
    await requests.delete(name)


async def test_a_namespace_is_finalized(clientset: kubeloop.Clientset) -> None:
    namespaces = clientset.core_v1.namespaces()
    made = await namespaces.create({"metadata": {"generateName": "verbs-"}})
    await namespaces.delete(made.metadata.name)
    held = await namespaces.get(made.metadata.name)
    assert held.status.phase == "Terminating"
    draft = held.draft()
    draft.spec.finalizers = []
    await namespaces.finalize(made.metadata.name).update(draft.finish().after)
    with pytest.raises(kubeloop.NotFound):
        await namespaces.get(made.metadata.name)


async def test_any_kind_is_reached_by_its_class(clientset: kubeloop.Clientset, namespace: str) -> None:
    config_maps = clientset.resource(core_v1.ConfigMap, namespace)
    await config_maps.create(config_map("a", x="1"))
    assert (await config_maps.get("a")).data == {"x": "1"}
    assert isinstance(await config_maps.list(), core_v1.ConfigMapList)


async def test_a_resource_that_the_server_does_not_have_is_not_found(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    with pytest.raises(kubeloop.NotFound):
        await clientset.dynamic.resource("nobody.example.com/v1", "things").namespace(namespace).list()
    with pytest.raises(kubeloop.MethodNotAllowed):
        await clientset.dynamic.resource("authorization.k8s.io/v1", "selfsubjectaccessreviews").list()


async def test_clients_that_own_their_connection_work_alone(kubeconfig: Path, namespace: str) -> None:
    config = config_of(kubeconfig)
    async with kubeloop.DynamicClient(config) as dynamic:
        created = await dynamic.resource("v1", "configmaps").namespace(namespace).create(body("a"))
        assert isinstance(created, Unstructured)


@pytest.mark.parametrize("how", ["typed", "dynamic"])
async def test_an_object_of_the_cluster_with_a_stray_namespace_is_created(
    clientset: kubeloop.Clientset, namespace: str, how: str
) -> None:
    """(H2) Three of 1,291 real documents have one; the server responds with 201, whatever the namespace is."""
    name = f"stray-{how}-{namespace}"
    api_version = "rbac.authorization.k8s.io/v1"
    body = {"apiVersion": api_version, "kind": "ClusterRole", "metadata": {"name": name, "namespace": namespace}}
    typed, dynamic = clientset.rbac_v1.cluster_roles(), clientset.dynamic.resource(api_version, "clusterroles")
    created = await (typed.create(body) if how == "typed" else dynamic.create(body))
    assert (created.metadata.name, created.metadata.namespace) == (name, "")
    again = {**body, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}
    await (typed.update(again) if how == "typed" else dynamic.update(again))
    assert (await typed.get(name)).rules[0].resources == ("pods",)
    await typed.delete(name)
