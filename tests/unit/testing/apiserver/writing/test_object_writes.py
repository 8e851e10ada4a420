"""Create, update, patch and delete from a request to its response."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import APIError, BadRequest, Conflict, Forbidden, Invalid, NotFound, UnsupportedMediaType
from kubeloop.testing.apiserver.writing.reply import UNCHECKED
from tests.support.written import JSON_PATCH, STRATEGIC, WriteServer, content, warnings

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
POD: dict[str, Any] = {
    "metadata": {"name": "web"},
    "spec": {"nodeName": "n1", "terminationGracePeriodSeconds": 30, "containers": [{"name": "web", "image": "nginx"}]},
}
DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "nginx"}]},
        },
    },
}


def test_a_create_returns_the_object_with_its_kind_and_one_warning() -> None:
    server = WriteServer()

    response = server.send("POST", CONFIG_MAPS, {"metadata": {"name": "a"}, "data": {"k": "v"}})

    created = content(response)
    assert response.status == 201
    assert (created["kind"], created["apiVersion"], created["data"]) == ("ConfigMap", "v1", {"k": "v"})
    assert created["metadata"]["resourceVersion"] == str(server.storage.revision)
    assert warnings(response) == [UNCHECKED]


def test_unknown_fields_are_a_warning_or_an_error() -> None:
    server = WriteServer()
    body = {"metadata": {"name": "a"}, "datum": {}}

    warned = server.send("POST", CONFIG_MAPS, body)
    ignored = server.send("POST", f"{CONFIG_MAPS}?fieldValidation=Ignore", {**body, "metadata": {"name": "b"}})

    assert warnings(warned) == ['unknown field "datum"', UNCHECKED]
    assert warnings(ignored) == [UNCHECKED]
    assert "datum" not in content(warned)
    with pytest.raises(BadRequest, match="strict decoding error"):
        server.send("POST", f"{CONFIG_MAPS}?fieldValidation=Strict", {**body, "metadata": {"name": "c"}})


def test_duplicate_owners_are_stored_once_with_a_warning() -> None:
    owner = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "1"}

    response = WriteServer().send("POST", CONFIG_MAPS, {"metadata": {"name": "a", "ownerReferences": [owner, owner]}})

    assert content(response)["metadata"]["ownerReferences"] == [owner]
    assert warnings(response)[0].endswith("duplicate UID(s) observed: 1")


def test_an_update_returns_the_object_or_the_conflict() -> None:
    server = WriteServer()
    old = server.post(CONFIG_MAPS, {"metadata": {"name": "a"}})

    response = server.send("PUT", f"{CONFIG_MAPS}/a", {**old, "data": {"k": "v"}})

    assert response.status == 200
    assert content(response)["data"] == {"k": "v"}
    with pytest.raises(Conflict):
        server.send("PUT", f"{CONFIG_MAPS}/a", {**old, "data": {"k": "w"}})


def test_an_update_that_creates_has_the_code_201() -> None:
    target = "/apis/coordination.k8s.io/v1/namespaces/default/leases/a"

    response = WriteServer().send("PUT", target, {"metadata": {"name": "a"}, "spec": {"holderIdentity": "me"}})

    assert response.status == 201


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({}, "the name of the object (a based on URL) was undeterminable: name must be provided"),
        ({"name": "b"}, "the name of the object (b) does not match the name on the URL (a)"),
        (
            {"name": "a", "namespace": "other"},
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
    ],
)
def test_the_object_of_an_update_must_be_that_of_the_path(metadata: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequest) as raised:
        WriteServer().send("PUT", f"{CONFIG_MAPS}/a", {"metadata": metadata})

    assert raised.value.status.message == message


def test_another_uid_in_the_body_of_an_update_is_a_conflict() -> None:
    server = WriteServer()
    old = server.post(CONFIG_MAPS, {"metadata": {"name": "a"}})

    with pytest.raises(Conflict, match="UID in precondition: other"):
        server.send("PUT", f"{CONFIG_MAPS}/a", {**old, "metadata": {**old["metadata"], "uid": "other"}})


@pytest.mark.parametrize("target", [f"{CONFIG_MAPS}?dryRun=Some", f"{CONFIG_MAPS}?fieldValidation=Maybe"])
def test_options_with_wrong_values_are_invalid(target: str) -> None:
    with pytest.raises(Invalid) as raised:
        WriteServer().send("POST", target, {"metadata": {"name": "a"}})

    assert (raised.value.status.kind, raised.value.status.group) == ("CreateOptions", "meta.k8s.io")


def test_a_dry_run_stores_nothing() -> None:
    server = WriteServer()
    before = server.storage.revision

    server.send("POST", f"{CONFIG_MAPS}?dryRun=All", {"metadata": {"name": "a"}})

    assert server.storage.revision == before


def test_each_type_of_patch_changes_the_object() -> None:
    server = WriteServer()
    server.post(DEPLOYMENTS, DEPLOYMENT)
    container = {"name": "side", "image": "busybox"}

    server.patch(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 3}})
    server.patch(f"{DEPLOYMENTS}/web", {"spec": {"template": {"spec": {"containers": [container]}}}}, STRATEGIC)
    operation = {"op": "replace", "path": "/spec/template/spec/containers/1/image", "value": "redis"}
    patched = server.patch(f"{DEPLOYMENTS}/web", [operation], JSON_PATCH)

    assert patched["spec"]["replicas"] == 3
    assert [each["image"] for each in patched["spec"]["template"]["spec"]["containers"]] == ["busybox", "redis"]
    assert patched["metadata"]["generation"] == 4


def test_a_patch_that_changes_nothing_writes_nothing() -> None:
    server = WriteServer()
    server.post(DEPLOYMENTS, DEPLOYMENT)
    before = server.storage.revision

    server.patch(f"{DEPLOYMENTS}/web", {})
    server.patch(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 2}}, STRATEGIC)

    assert server.storage.revision == before


def test_a_patch_can_require_a_resource_version() -> None:
    server = WriteServer()
    server.post(CONFIG_MAPS, {"metadata": {"name": "a"}})

    with pytest.raises(Conflict):
        server.patch(f"{CONFIG_MAPS}/a", {"metadata": {"resourceVersion": "1"}, "data": {"k": "v"}})


def test_a_patch_of_a_missing_object_creates_none() -> None:
    server = WriteServer()

    with pytest.raises(NotFound):
        server.patch(f"{CONFIG_MAPS}/a", {"data": {}})
    with pytest.raises(NotFound):
        server.patch("/apis/coordination.k8s.io/v1/namespaces/default/leases/a", {"spec": {}})


def test_a_patch_must_not_change_the_name() -> None:
    server = WriteServer()
    server.post(CONFIG_MAPS, {"metadata": {"name": "a"}})

    with pytest.raises(BadRequest, match="does not match the name on the URL"):
        server.patch(f"{CONFIG_MAPS}/a", {"metadata": {"name": "b"}})


def test_a_patch_of_the_status_changes_nothing_else() -> None:
    server = WriteServer()
    server.post(DEPLOYMENTS, DEPLOYMENT)

    patched = server.patch(f"{DEPLOYMENTS}/web/status", {"spec": {"replicas": 7}, "status": {"replicas": 1}})

    assert patched["spec"]["replicas"] == 2
    assert patched["status"] == {"replicas": 1}
    assert patched["metadata"]["generation"] == 1


def test_a_deletion_returns_a_status_or_the_object() -> None:
    server = WriteServer()
    config_map = server.post(CONFIG_MAPS, {"metadata": {"name": "a"}})
    pods = "/api/v1/namespaces/default/pods"
    server.post(pods, POD)

    status = content(server.send("DELETE", f"{CONFIG_MAPS}/a"))
    pod = content(server.send("DELETE", f"{pods}/web"))

    assert status == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "a", "kind": "configmaps", "uid": config_map["metadata"]["uid"]},
    }
    assert (pod["kind"], pod["metadata"]["deletionGracePeriodSeconds"]) == ("Pod", 30)


def test_the_options_of_a_deletion_are_in_the_body_or_in_the_query() -> None:
    server = WriteServer()
    server.post(DEPLOYMENTS, DEPLOYMENT)
    body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"}

    first = content(server.send("DELETE", f"{DEPLOYMENTS}/web?dryRun=All&propagationPolicy=Orphan"))
    second = content(server.send("DELETE", f"{DEPLOYMENTS}/web", body))

    assert first["metadata"]["finalizers"] == ["orphan"]
    assert second["metadata"]["finalizers"] == ["foregroundDeletion"]


def test_the_deprecated_cascade_of_a_deletion_that_waits_is_accepted() -> None:
    server = WriteServer()
    server.post(CONFIG_MAPS, {"metadata": {"name": "a", "finalizers": ["x/y"]}})

    assert server.send("DELETE", f"{CONFIG_MAPS}/a?orphanDependents=false").status == 202


@pytest.mark.parametrize(
    ("method", "target", "body", "what"),
    [
        ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {}, "creating TokenReview objects"),
        ("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {}, "writing CustomResourceDefinitions"),
        ("POST", "/api/v1/namespaces/default/serviceaccounts/a/token", {}, "the subresource serviceaccounts/token"),
        ("POST", "/api/v1/namespaces/default/pods/a/exec", {}, "the subresource pods/exec"),
        ("DELETE", "/api/v1/namespaces/default/pods/a/proxy", None, "the subresource pods/proxy"),
        ("PUT", "/api/v1/namespaces/default/pods/a/proxy", {}, "the subresource pods/proxy"),
    ],
)
def test_what_this_server_does_not_do_is_not_implemented(method: str, target: str, body: Any, what: str) -> None:
    with pytest.raises(APIError) as raised:
        WriteServer().send(method, target, body)

    assert (raised.value.code, raised.value.reason) == (501, "NotImplemented")
    assert raised.value.status.message.startswith(what)


def test_a_namespace_is_created_terminated_and_finalized() -> None:
    server = WriteServer()
    namespaces = "/api/v1/namespaces"
    created = server.post(namespaces, {"metadata": {"name": "other"}})

    terminating = content(server.send("DELETE", f"{namespaces}/other"))
    with pytest.raises(Forbidden):
        server.post(f"{namespaces}/other/configmaps", {"metadata": {"name": "a"}})
    terminating["spec"]["finalizers"] = []
    last = server.send("PUT", f"{namespaces}/other/finalize", terminating)

    assert created["status"] == {"phase": "Active"}
    assert created["spec"] == {"finalizers": ["kubernetes"]}
    assert terminating["status"]["phase"] == "Terminating"
    assert last.status == 200
    with pytest.raises(NotFound):
        server.send("DELETE", f"{namespaces}/other")


def test_the_approval_of_a_certificate_request_is_a_subresource() -> None:
    server = WriteServer()
    requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    spec = {"request": "cGVt", "signerName": "example.com/a", "usages": ["client auth"]}
    created = server.post(requests, {"metadata": {"name": "a"}, "spec": spec})
    created["status"] = {"conditions": [{"type": "Approved", "status": "True", "reason": "r"}]}

    approved = content(server.send("PUT", f"{requests}/a/approval", created))

    assert created["spec"]["username"] == "system:admin"
    assert [each["type"] for each in approved["status"]["conditions"]] == ["Approved"]
    assert approved["status"]["conditions"][0]["lastUpdateTime"]


def test_a_scaler_is_one_object_in_both_versions() -> None:
    server = WriteServer()
    path = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"
    spec = {
        "scaleTargetRef": {"kind": "Deployment", "name": "web"},
        "maxReplicas": 5,
        "targetCPUUtilizationPercentage": 60,
    }
    server.post(path.format("v1"), {"metadata": {"name": "a"}, "spec": spec})

    patched = server.patch(f"{path.format('v2')}/a", {"spec": {"maxReplicas": 7}})
    old = server.patch(f"{path.format('v1')}/a", {})

    assert patched["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 60
    assert (old["spec"]["maxReplicas"], old["spec"]["targetCPUUtilizationPercentage"]) == (7, 60)
    assert old["metadata"]["generation"] == 2


def test_the_deletion_of_a_job_warns_that_its_pods_remain() -> None:
    server = WriteServer()
    jobs = "/apis/batch/v1/namespaces/default/jobs"
    for name in ("a", "b"):
        server.post(jobs, {"metadata": {"name": name}, "spec": {}})

    assert warnings(server.send("DELETE", f"{jobs}/a"))[0].startswith("child pods are preserved by default")
    assert warnings(server.send("DELETE", f"{jobs}/b?propagationPolicy=Background")) == []


def test_a_create_looks_at_the_format_of_the_body_before_its_options() -> None:
    server = WriteServer()

    with pytest.raises(UnsupportedMediaType):
        server.send("POST", f"{CONFIG_MAPS}?dryRun=Some", {}, headers={"Content-Type": "text/nonsense"})
    with pytest.raises(Invalid, match="CreateOptions"):
        server.send("POST", f"{CONFIG_MAPS}?dryRun=Some", b"no")


def test_an_update_of_the_status_creates_an_object_whose_kind_may_be_created_by_updates() -> None:
    server = WriteServer()
    service = {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}

    assert server.send("PUT", "/api/v1/namespaces/default/services/a/status", service).status == 201
    with pytest.raises(NotFound):
        server.send("PUT", "/api/v1/namespaces/default/pods/a/status", {"metadata": {"name": "a"}})
