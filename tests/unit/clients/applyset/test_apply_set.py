"""The steps of a run on an apply set: cover, apply, prune; and what a run that fails in between leaves behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubeloop.clients.applyset.applyset_format import ADDITIONAL_NAMESPACES, CONTAINS_GROUP_KINDS, PART_OF, TOOLING
from kubeloop.clients.applyset.prune_result import PruneResult
from kubeloop.errors import ApplySetError, Conflict, ConnectionLost, DiscoveryIncomplete, NoMatch, NotFound
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from kubeloop.wire.request import Request
from tests.support.applyset_world import Run, World
from tests.support.scripted_transport import Hang, ScriptedResponse, error_status, query

SHOP = "configmaps/shop"


def told(results: list[PruneResult]) -> list[str]:
    """Return the results as text: an object, and an error if there is one."""
    return [
        f"{each.kind.kind} {each.namespace}/{each.name}" + (f": {each.error}" if each.error else "") for each in results
    ]


def failing(method: str, part: str, response: ScriptedResponse | Exception, *, times: int = 1) -> Any:
    """Return a fault of the first requests with this method whose path contains this text."""
    left = [times]

    def fault(request: Request) -> ScriptedResponse | Exception | None:
        if request.method == method and part in request.path and left[0]:
            left[0] -= 1
            return response
        return None

    return fault


@in_virtual_time
async def test_a_first_run_creates_the_parent_before_the_objects_and_labels_them() -> None:
    world = World()
    assert told(await Run(world, "web").of("ConfigMap a/x", "ClusterRole.rbac.authorization.k8s.io y")) == []
    assert world.sent == [
        "GET web/configmaps/shop",
        "PATCH web/configmaps/shop",
        "PATCH a/configmaps/x",
        "PATCH clusterroles/y",
        "PATCH web/configmaps/shop",
    ]
    parent = world.metadata("ConfigMap web/shop")
    assert parent["annotations"] == {
        TOOLING: parent["annotations"][TOOLING],
        CONTAINS_GROUP_KINDS: "ClusterRole.rbac.authorization.k8s.io,ConfigMap",
        ADDITIONAL_NAMESPACES: "a",
    }
    for each in ("ConfigMap a/x", "ClusterRole.rbac.authorization.k8s.io y"):
        assert world.metadata(each)["labels"][PART_OF] == next(iter(parent["labels"].values()))


@in_virtual_time
async def test_exactly_the_leftovers_are_pruned_in_all_kinds_and_namespaces() -> None:
    world = World()
    world.put("ConfigMap", "foreign", "a")
    world.put("Secret", "other", "b", labels={PART_OF: "applyset-of-somebody-v1"})
    await Run(world, "web").of("ConfigMap a/x", "ConfigMap a/stays", "Secret b/y", "Namespace old", "Service web/z")
    results = await Run(world, "web").of("ConfigMap a/stays")
    assert sorted(told(results)) == ["ConfigMap a/x", "Namespace /old", "Secret b/y", "Service web/z"]
    assert world.names() == {"web/configmaps/shop", "a/configmaps/foreign", "b/secrets/other", "a/configmaps/stays"}
    annotations = world.metadata("ConfigMap web/shop")["annotations"]
    assert (annotations[CONTAINS_GROUP_KINDS], annotations[ADDITIONAL_NAMESPACES]) == ("ConfigMap", "a")


@in_virtual_time
async def test_a_run_that_changes_nothing_sends_one_request_less_than_kubectl() -> None:
    world = World()
    await Run(world, "web").of("ConfigMap web/x")
    world.transport.requests.clear()
    await Run(world, "web").of("ConfigMap web/x")
    assert world.sent == [
        "GET web/configmaps/shop",
        "PATCH web/configmaps/x",
        "GET web/configmaps",
        "PATCH web/configmaps/shop",
    ]


@in_virtual_time
async def test_reads_ask_for_metadata_alone_and_deletions_name_the_uid() -> None:
    world = World()
    await Run(world, "web").of("Secret web/x", "ConfigMap web/y")
    uid = world.metadata("Secret web/x")["uid"]
    world.transport.requests.clear()
    await Run(world, "web").of("ConfigMap web/y")
    reads = [each for each in world.transport.requests if each.method == "GET"]
    assert len(reads) == 3
    assert all("as=PartialObjectMetadata" in dict(each.headers)["Accept"] for each in reads)
    deletion = next(each for each in world.transport.requests if each.method == "DELETE")
    assert b'"propagationPolicy":"Background"' in (deletion.body or b"")
    assert f'"uid":"{uid}"'.encode() in (deletion.body or b"")


@pytest.mark.parametrize(
    ("resolvable", "message"),
    [
        (
            "missing",
            "cannot find the kind Widget.example.com, of which the apply set ConfigMap web/shop may have members",
        ),
        ("failing", "503 of the group example.com"),
    ],
)
@in_virtual_time
async def test_a_kind_that_cannot_be_found_stops_the_run_before_anything_is_written(
    resolvable: str, message: str
) -> None:
    world = World()
    await Run(world, "web").of("Widget.example.com a/x", "ConfigMap a/y")
    if resolvable == "missing":
        world.mapper.missing.add("Widget.example.com")
    else:
        world.mapper.failing["Widget.example.com"] = DiscoveryIncomplete("503 of the group example.com")
    world.transport.requests.clear()
    with pytest.raises(ApplySetError) as caught:
        await Run(world, "web").of("ConfigMap a/z")
    assert message in str(caught.value)
    assert world.sent == ["GET web/configmaps/shop"]


@in_virtual_time
async def test_a_kind_whose_definition_is_applied_first_may_be_missing_at_the_start() -> None:
    world = World()
    await Run(world, "web").of("Widget.example.com a/x", "Widget.example.com a/y")
    world.mapper.missing.add("Widget.example.com")

    def established() -> None:
        world.mapper.missing.clear()

    run = Run(world, "web", arriving=["Widget.example.com"], before_prune=established)
    assert told(await run.of("Widget.example.com a/x")) == ["Widget a/y"]


@in_virtual_time
async def test_a_kind_that_is_missing_still_after_the_apply_prunes_nothing() -> None:
    world = World()
    await Run(world, "web").of("Widget.example.com a/x", "ConfigMap a/y")
    world.mapper.missing.add("Widget.example.com")
    before = world.metadata("ConfigMap web/shop")["annotations"]
    results = await Run(world, "web", arriving=["Widget.example.com"]).of("Secret a/z")
    assert len(results) == 1
    assert (
        "nothing was pruned: apply set ConfigMap web/shop: cannot find the kind Widget.example.com" in told(results)[0]
    )
    assert world.deleted == []
    kinds = world.metadata("ConfigMap web/shop")["annotations"][CONTAINS_GROUP_KINDS]
    assert kinds == f"{before[CONTAINS_GROUP_KINDS].replace(',Widget', ',Secret,Widget')}"


@pytest.mark.parametrize(
    "response",
    [
        error_status(403, "Forbidden", "may not list secrets"),
        error_status(404, "NotFound", "the server could not find the requested resource"),
        ConnectionLost("cut"),
        ScriptedResponse.of({"kind": "Status", "apiVersion": "v1", "status": "Success"}),
    ],
)
@in_virtual_time
async def test_a_list_that_fails_prunes_nothing_at_all(response: ScriptedResponse | Exception) -> None:
    world = World()
    await Run(world, "web").of("Secret a/x", "ConfigMap a/y", "ConfigMap a/z")
    world.fault = failing("GET", "/secrets", response, times=99)
    results = await Run(world, "web").of("ConfigMap a/z")
    assert len(results) == 1
    assert told(results)[0].startswith(
        "ConfigMap web/shop: nothing was pruned: apply set ConfigMap web/shop: cannot list secrets in a"
    )
    assert world.deleted == []
    assert world.metadata("ConfigMap web/shop")["annotations"][CONTAINS_GROUP_KINDS] == "ConfigMap,Secret"
    world.fault = None
    assert sorted(told(await Run(world, "web").of("ConfigMap a/z"))) == ["ConfigMap a/y", "Secret a/x"]


@in_virtual_time
async def test_an_applied_object_without_a_uid_prunes_nothing() -> None:
    world = World()
    await Run(world, "web").of("ConfigMap a/x", "ConfigMap a/y")
    results = await Run(world, "web", forget_uids=True).of("ConfigMap a/x")
    assert (
        "nothing was pruned: apply set ConfigMap web/shop: the server did not return the uid of ConfigMap x"
        in told(results)[0]
    )
    assert world.deleted == []


@in_virtual_time
async def test_a_deletion_that_fails_leaves_a_parent_that_the_next_run_prunes_by() -> None:
    world = World()
    await Run(world, "web").of("Secret a/x", "Secret a/y", "ConfigMap b/z")
    before = world.metadata("ConfigMap web/shop")["annotations"]
    world.fault = failing("DELETE", "secrets/x", error_status(403, "Forbidden", "no"))
    results = await Run(world, "web").of("ConfigMap b/z")
    assert [each.error is None for each in results] == [False, True]
    assert world.deleted == ["a/secrets/y"]
    assert world.metadata("ConfigMap web/shop")["annotations"] == before
    assert told(await Run(world, "web").of("ConfigMap b/z")) == ["Secret a/x"]
    assert world.metadata("ConfigMap web/shop")["annotations"][CONTAINS_GROUP_KINDS] == "ConfigMap"


@in_virtual_time
async def test_a_run_that_is_cancelled_while_it_prunes_leaves_a_parent_that_covers_all() -> None:
    world = World()
    await Run(world, "web").of("Secret a/x", "Secret a/y", "ConfigMap b/z")
    before = world.metadata("ConfigMap web/shop")["annotations"]
    world.fault = failing("DELETE", "secrets/y", ScriptedResponse(chunks=[Hang()]))
    run = asyncio.create_task(Run(world, "web").of("ConfigMap b/z"))
    await settle()
    assert world.deleted == ["a/secrets/x"]
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert world.metadata("ConfigMap web/shop")["annotations"] == before
    assert told(await Run(world, "web").of("ConfigMap b/z")) == ["Secret a/y"]


@in_virtual_time
async def test_names_of_the_annotation_that_are_no_names_prune_nothing() -> None:
    world = World()
    await Run(world, "web").of("Secret a/x", "ConfigMap a/y")
    world.annotate("ConfigMap web/shop", ADDITIONAL_NAMESPACES, "a,../../kube-system")
    results = await Run(world, "web").of("ConfigMap a/y")
    assert "nothing was pruned: apply set ConfigMap web/shop: cannot list" in told(results)[0]
    assert world.deleted == []


@in_virtual_time
async def test_pruning_may_stop_at_the_first_failure() -> None:
    world = World()
    await Run(world, "web").of("Secret a/x", "Secret a/y", "ConfigMap b/z")
    world.fault = failing("DELETE", "secrets/x", error_status(403, "Forbidden", "no"))
    assert len(await Run(world, "web", stop_on_error=True).of("ConfigMap b/z")) == 1
    assert world.deleted == []


@in_virtual_time
async def test_a_leftover_that_is_gone_already_counts_as_pruned() -> None:
    world = World()
    await Run(world, "web").of("Secret a/x", "ConfigMap b/z")
    gone = error_status(404, "NotFound", "secrets x not found", details={"name": "x", "kind": "secrets"})
    world.fault = failing("DELETE", "secrets/x", gone)
    assert told(await Run(world, "web").of("ConfigMap b/z")) == ["Secret a/x"]


@in_virtual_time
async def test_an_object_that_was_replaced_since_the_list_is_not_deleted() -> None:
    world = World()
    await Run(world, "web").of("Secret a/x", "ConfigMap b/z")

    def replace(request: Request) -> None:
        if request.method == "DELETE":
            world.objects.pop(world.path("Secret", "x", "a"))
            world.put("Secret", "x", "a")

    world.fault = replace
    results = await Run(world, "web").of("ConfigMap b/z")
    assert "409 Conflict" in told(results)[0]
    assert "a/secrets/x" in world.names()
    assert world.metadata("ConfigMap web/shop")["annotations"][CONTAINS_GROUP_KINDS] == "ConfigMap,Secret"


@in_virtual_time
async def test_a_namespace_in_which_objects_were_applied_is_not_pruned() -> None:
    world = World()
    await Run(world, "web").of("Namespace a", "ConfigMap a/x")
    results = await Run(world, "web").of("ConfigMap a/x")
    assert told(results) == [
        "Namespace /a: Namespace a was not pruned: with it, the server would delete ConfigMap x, which was applied"
    ]
    assert world.deleted == []
    assert told(await Run(world, "web").of("Secret web/y")) == ["ConfigMap a/x", "Namespace /a"]


@in_virtual_time
async def test_nothing_is_stored_or_deleted_in_a_dry_run() -> None:
    world = World()
    await Run(world, "web").of("Secret a/x", "ConfigMap a/y")
    before = {path: dict(obj) for path, obj in world.objects.items()}
    results = await Run(world, "web", dry_run=True).of("ConfigMap a/y", "Service c/new")
    assert told(results) == ["Secret a/x"]
    assert world.objects == before
    writes = [each for each in world.transport.requests[-8:] if each.method == "PATCH"]
    assert all(query(each).get("dryRun") == "All" for each in writes)
    assert told(await Run(world, "other", dry_run=True).of("ConfigMap a/y")) == []
    assert "other/configmaps/shop" not in world.names()


@in_virtual_time
async def test_fields_of_the_parent_that_another_manager_owns_are_taken_over(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "other"', "field": ".metadata.annotations"}
    conflict = error_status(409, "Conflict", "Apply failed with 1 conflict", details={"causes": [cause]})
    world.fault = failing("PATCH", "configmaps/shop", conflict)
    await Run(world, "web").of("Secret a/x")
    forced = [query(each).get("force") for each in world.transport.requests if each.path.endswith("/shop")]
    assert forced == [None, None, "true", None]
    assert [each.split(";")[0] for each in caplog.messages] == [
        "apply set ConfigMap web/shop: another field manager owns what kubeloop-applyset has to own"
    ]


@in_virtual_time
async def test_a_parent_that_changes_under_every_attempt_is_a_conflict_after_ten_of_them() -> None:
    world = World()
    world.fault = failing("PATCH", "configmaps/shop", error_status(409, "Conflict", "modified"), times=99)
    with pytest.raises(Conflict, match="modified"):
        await Run(world, "web").of("Secret a/x")
    assert world.sent.count("PATCH web/configmaps/shop") == 10
    assert 0.3 < elapsed() < 10
    assert world.names() == set()


@in_virtual_time
async def test_widening_keeps_what_another_run_has_added_meanwhile() -> None:
    world = World()
    await Run(world, "web").of("Secret a/x")

    def widened_by_another(request: Request) -> None:
        if request.method == "PATCH" and request.path.endswith("/shop"):
            world.fault = None
            world.annotate("ConfigMap web/shop", CONTAINS_GROUP_KINDS, "Secret,Service")

    world.fault = widened_by_another
    run = Run(world, "web")
    await run.widen("ConfigMap b/y")
    annotations = world.metadata("ConfigMap web/shop")["annotations"]
    assert (annotations[CONTAINS_GROUP_KINDS], annotations[ADDITIONAL_NAMESPACES]) == (
        "ConfigMap,Secret,Service",
        "a,b",
    )


@in_virtual_time
async def test_narrowing_keeps_what_another_run_has_added_meanwhile() -> None:
    world = World()
    await Run(world, "web").of("Secret a/x", "ConfigMap a/y")

    def another_widens() -> None:
        world.annotate("ConfigMap web/shop", CONTAINS_GROUP_KINDS, "ConfigMap,Secret,Service")

    assert told(await Run(world, "web", before_prune=another_widens).of("ConfigMap a/y")) == ["Secret a/x"]
    assert world.metadata("ConfigMap web/shop")["annotations"][CONTAINS_GROUP_KINDS] == "ConfigMap,Secret,Service"
    assert told(await Run(world, "web").of("ConfigMap a/y")) == []
    assert world.metadata("ConfigMap web/shop")["annotations"][CONTAINS_GROUP_KINDS] == "ConfigMap"


@in_virtual_time
async def test_a_parent_that_was_narrowed_below_what_was_applied_covers_it_again() -> None:
    world = World()
    await Run(world, "web").of("Secret a/x", "ConfigMap a/y")

    def another_narrows() -> None:
        world.annotate("ConfigMap web/shop", CONTAINS_GROUP_KINDS, "ConfigMap")

    await Run(world, "web", before_prune=another_narrows).of("Secret a/x", "ConfigMap a/y")
    assert world.metadata("ConfigMap web/shop")["annotations"][CONTAINS_GROUP_KINDS] == "ConfigMap,Secret"


@in_virtual_time
async def test_a_parent_that_cannot_be_narrowed_is_told_beside_what_was_pruned() -> None:
    world = World()
    await Run(world, "web").of("Secret a/x", "ConfigMap a/y")
    world.fault = failing("PATCH", "configmaps/shop", error_status(403, "Forbidden", "no"))
    results = await Run(world, "web").of("ConfigMap a/y")
    assert told(results)[0] == "Secret a/x"
    assert (
        "all objects were applied and pruned, but the parent was not updated: apply set ConfigMap web/shop: "
        in told(results)[1]
    )


@in_virtual_time
async def test_another_tool_that_takes_the_parent_meanwhile_is_not_overwritten() -> None:
    world = World()
    await Run(world, "web").of("ConfigMap a/y")

    def taken() -> None:
        world.annotate("ConfigMap web/shop", TOOLING, "kubectl/v1.37.0")

    results = await Run(world, "web", before_prune=taken).of("ConfigMap a/y")
    assert "managed by 'kubectl'" in told(results)[0]
    assert world.metadata("ConfigMap web/shop")["annotations"][TOOLING] == "kubectl/v1.37.0"


@in_virtual_time
async def test_the_parent_must_be_of_a_permitted_kind_and_exist_if_it_is_custom() -> None:
    world = World()
    run = Run(world, None, reference="fleets.example.com/north")
    with pytest.raises(ApplySetError, match="a Fleet cannot be the parent of an apply set: Fleet north; use a Secret"):
        await run.of("ConfigMap a/x")
    definition = world.put("CustomResourceDefinition.apiextensions.k8s.io", "fleets.example.com")
    with pytest.raises(ApplySetError, match="cannot be the parent"):
        await run.of("ConfigMap a/x")
    definition["metadata"]["labels"] = {"applyset.kubernetes.io/is-parent-type": "true"}
    with pytest.raises(ApplySetError, match="the parent of the apply set does not exist: Fleet north; create it"):
        await run.of("ConfigMap a/x")
    assert all(not each.startswith("PATCH") for each in world.sent)


@in_virtual_time
async def test_a_parent_whose_namespace_does_not_exist_is_an_error_that_names_it() -> None:
    world = World()
    absent = error_status(404, "NotFound", 'namespaces "web" not found', details={"name": "web", "kind": "namespaces"})
    world.fault = failing("PATCH", "configmaps/shop", absent)
    with pytest.raises(NotFound, match='namespaces "web" not found'):
        await Run(world, "web").of("ConfigMap a/x")


@in_virtual_time
async def test_an_unknown_resource_of_the_parent_is_told_with_the_reference() -> None:
    with pytest.raises(NoMatch) as caught:
        await Run(World(), "web", reference="doesnotexist/x").of("ConfigMap a/x")
    assert caught.value.__notes__ == ["it is the resource of apply_set='doesnotexist/x'"]


@in_virtual_time
async def test_the_deprecated_annotation_is_read_and_replaced() -> None:
    world = World()
    await Run(world, "web").of("Secret a/x", "Deployment.apps a/y")
    annotations = world.metadata("ConfigMap web/shop")["annotations"]
    del annotations[CONTAINS_GROUP_KINDS]
    annotations["applyset.kubernetes.io/contains-group-resources"] = "deployments.apps,secrets"
    assert told(await Run(world, "web").of("Secret a/x")) == ["Deployment a/y"]
    assert world.metadata("ConfigMap web/shop")["annotations"][CONTAINS_GROUP_KINDS] == "Secret"


@in_virtual_time
async def test_results_are_told_as_they_happen() -> None:
    world = World()
    await Run(world, "web").of("Secret a/x", "Secret a/y", "ConfigMap b/z")
    seen: list[str] = []

    def report(result: PruneResult) -> None:
        seen.append(f"{result.name} after {len(world.deleted)}")

    await Run(world, "web", report=report).of("ConfigMap b/z")
    assert seen == ["x after 1", "y after 2"]


@in_virtual_time
async def test_a_member_that_was_created_again_after_its_apply_is_not_pruned() -> None:
    world = World()
    await Run(world, "web").of("ConfigMap a/x", "ConfigMap a/y")
    labels = world.metadata("ConfigMap a/x")["labels"]

    def recreate() -> None:
        del world.objects[world.path("ConfigMap", "x", "a")]
        world.put("ConfigMap", "x", "a", labels=labels)

    assert told(await Run(world, "web", before_prune=recreate).of("ConfigMap a/x")) == ["ConfigMap a/y"]
    assert world.deleted == ["a/configmaps/y"]


@in_virtual_time
async def test_members_are_found_after_their_version_is_no_longer_served() -> None:
    world = World()
    await Run(world, "web").of("Widget.example.com a/x", "Widget.example.com a/y")
    world.mapper.stale["Widget.example.com"] = "v1alpha1"
    gone = error_status(404, "NotFound", "the server could not find the requested resource")
    world.fault = failing("GET", "/v1alpha1/", gone, times=99)
    assert told(await Run(world, "web").of("Widget.example.com a/x")) == ["Widget a/y"]
    assert world.deleted == ["a/widgets/y"]


@in_virtual_time
async def test_a_kind_that_stays_unserved_prunes_nothing() -> None:
    world = World()
    await Run(world, "web").of("Widget.example.com a/x", "ConfigMap a/y")
    gone = error_status(404, "NotFound", "the server could not find the requested resource")
    world.fault = failing("GET", "/widgets", gone, times=99)
    [result] = await Run(world, "web").of("Widget.example.com a/x")
    assert str(result.error).startswith("nothing was pruned")
    assert world.deleted == []


@in_virtual_time
async def test_nothing_is_applied_if_the_server_does_not_keep_what_the_parent_says() -> None:
    world = World()

    def forget(request: Request) -> ScriptedResponse | None:
        if request.method != "PATCH":
            return None
        parent = world.metadata("ConfigMap web/shop")
        del parent["annotations"][ADDITIONAL_NAMESPACES]
        head = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
        return ScriptedResponse.of({**head, "metadata": parent})

    world.late_fault = forget
    with pytest.raises(ApplySetError, match=r"did not store the annotation .*additional-namespaces.*webhook"):
        await Run(world, "web").of("ConfigMap a/x")
    assert world.names() == {"web/configmaps/shop"}
