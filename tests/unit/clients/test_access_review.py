"""can_i and permissions: what is sent for each way to name a resource, and what the responses mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

import kubeloop
from kubeloop.clients.access_review import Permission
from kubeloop.clients.clientset import Clientset
from kubeloop.config.config import Config
from kubeloop.models import apps_v1, core_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire.request import Request
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, error_status

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
DEPLOYMENTS = {"resource": "deployments", "group": "apps"}


class Reviewer:
    """Serves what the API server in Python serves, and reviews with one status."""

    def __init__(self, **status: Any) -> None:
        self.status = {"allowed": True, **status}
        self.specs: list[Any] = []
        self.served = fake.Clientset().api.transport()
        transport = ScriptedTransport(self.respond)
        self.clientset = Clientset(Config(host="https://server", namespace="mine"), transport=transport)

    async def respond(self, request: Request) -> Any:
        if request.path == REVIEWS:
            review = json.loads(request.body or b"")
            self.specs.append(review["spec"])
            return ScriptedResponse.of({**review, "status": self.status}, 201)
        response = await self.served.request(request)
        headers = {"Content-Type": response.headers["Content-Type"]}
        return ScriptedResponse(response.status, (response.body,), headers)


@pytest.mark.parametrize(
    ("arguments", "options", "expected", "action"),
    [
        (("list", "pods"), {}, {"resource": "pods"}, "list pods in all namespaces"),
        (("list", "pods"), {"namespace": "a"}, {"resource": "pods", "namespace": "a"}, "list pods in a"),
        (("get", "po"), {"namespace": kubeloop.DEFAULT}, {"resource": "pods", "namespace": "mine"}, "get pods in mine"),
        (
            ("create", core_v1.Pod),
            {"namespace": "a", "name": "web", "subresource": "eviction"},
            {"resource": "pods", "namespace": "a", "name": "web", "subresource": "eviction"},
            "create pods/eviction web in a",
        ),
        (("get", apps_v1.Deployment), {}, DEPLOYMENTS, "get deployments.apps in all namespaces"),
        (("get", "deploy"), {}, DEPLOYMENTS, "get deployments.apps in all namespaces"),
        (("get", "nodes"), {"namespace": kubeloop.DEFAULT}, {"resource": "nodes"}, "get nodes"),
        (("*", "*"), {}, {"resource": "*"}, "* *"),
        (("impersonate", "users"), {"name": "a"}, {"resource": "users", "name": "a"}, "impersonate users a"),
        (
            ("approve", kubeloop.GroupResource("certificates.k8s.io", "signers")),
            {},
            {"resource": "signers", "group": "certificates.k8s.io"},
            "approve signers.certificates.k8s.io",
        ),
        (
            ("get", kubeloop.GroupVersionResource("a.example", "v1", "things")),
            {"namespace": "a"},
            {"resource": "things", "group": "a.example", "namespace": "a"},
            "get things.a.example in a",
        ),
    ],
)  # fmt: skip
@in_virtual_time
async def test_a_resource_is_named_in_many_ways(
    arguments: tuple[Any, Any], options: dict[str, Any], expected: dict[str, str], action: str
) -> None:
    reviewer = Reviewer()
    permission = await reviewer.clientset.can_i(*arguments, **options)
    assert permission
    assert permission.action == action
    assert reviewer.specs == [{"resourceAttributes": {"verb": arguments[0], **expected}}]


@in_virtual_time
async def test_a_path_is_no_resource() -> None:
    reviewer = Reviewer()
    assert await reviewer.clientset.can_i("get", "/metrics")
    assert reviewer.specs == [{"nonResourceAttributes": {"verb": "get", "path": "/metrics"}}]
    with pytest.raises(ValueError, match="has no namespace, name or subresource"):
        await reviewer.clientset.can_i("get", "/metrics", namespace="a")


@in_virtual_time
async def test_a_refusal_is_false_and_says_why() -> None:
    reviewer = Reviewer(allowed=False, denied=True, reason="no role", evaluationError='role "x" not found')
    permission = await reviewer.clientset.can_i("list", "pods", namespace="a")
    assert not permission
    assert str(permission) == 'list pods in a: no - no role - role "x" not found'
    assert permission == Permission(False, True, "no role", 'role "x" not found', "list pods in a")
    assert str(await Reviewer().clientset.can_i("list", "pods")) == "list pods in all namespaces: yes"


@in_virtual_time
async def test_what_cannot_be_meant_is_refused_before_a_review() -> None:
    reviewer = Reviewer()
    ask = reviewer.clientset.can_i
    with pytest.raises(ValueError, match=r"write can_i\(..., 'pods', name='log'\) or .*subresource='log'"):
        await ask("get", "pods/log")
    with pytest.raises(ValueError, match="nodes are not namespaced: leave out the namespace 'a'"):
        await ask("get", "nodes", namespace="a")
    with pytest.raises(ValueError, match="expected a verb"):
        await ask("", "nodes")
    with pytest.raises(kubeloop.NoMatch):
        await ask("get", "pots")
    with pytest.raises(TypeError, match="expected the name of a resource, a class or a GroupResource, got int"):
        await ask("get", 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected the class of a kind with a resource"):
        await ask("get", core_v1.Container)  # type: ignore[arg-type]
    assert reviewer.specs == []


@in_virtual_time
async def test_a_review_that_fails_is_an_error_and_no_answer() -> None:
    transport = ScriptedTransport(error_status(403, "Forbidden", "no reviews"))
    with pytest.raises(kubeloop.Forbidden):
        await Clientset(Config(host="https://server"), transport=transport).can_i("get", core_v1.Pod)


@in_virtual_time
async def test_the_rules_of_a_namespace_are_returned() -> None:
    rules = {"resourceRules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}], "incomplete": True}
    review = {"kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1", "status": rules}
    transport = ScriptedTransport(ScriptedResponse.of(review, 201))
    found = await Clientset(Config(host="https://server", namespace="mine"), transport=transport).permissions(
        kubeloop.DEFAULT
    )
    assert (found.incomplete, list(found.resource_rules[0].resources)) == (True, ["pods"])
    assert json.loads(transport.requests[0].body or b"")["spec"] == {"namespace": "mine"}
