"""How members are listed and deleted: all pages, whatever happens in between, and only with a uid."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.clients.applyset.applyset_format import id_of
from kubeloop.clients.applyset.applyset_parent import ParentReference, parent_of
from kubeloop.clients.applyset.member_reader import MemberReader
from kubeloop.clients.applyset.prune_plan import FoundObject, MemberList
from kubeloop.errors import ApplySetError, Conflict, ConnectionLost, DecodeError, Forbidden, NotFound
from kubeloop.models import meta_v1
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.applyset_world import mapping_of
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, error_status, query

PARENT = parent_of(ParentReference("configmaps", "shop"), mapping_of("ConfigMap"), "web")
SECRETS = MemberList(mapping_of("Secret"), "a")
PATH = "/api/v1/namespaces/a/secrets"


def page(*names: str, continue_: str = "", **wrong: Any) -> ScriptedResponse:
    """Build a page of metadata; `wrong` is metadata of a last item."""
    items = [{"metadata": {"name": name, "namespace": "a", "uid": f"uid-{name}"}} for name in names]
    if wrong:
        items.append({"metadata": wrong})
    metadata = {"resourceVersion": "9", **({"continue": continue_} if continue_ else {})}
    head = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
    return ScriptedResponse.of({**head, "metadata": metadata, "items": items})


def reader(*script: Any) -> tuple[MemberReader, ScriptedTransport]:
    clients, transport = clientset(*script)
    return MemberReader(clients.rest, PARENT), transport


def leftover(name: str = "x") -> FoundObject:
    return FoundObject(mapping_of("Secret"), meta_v1.ObjectMeta(name=name, namespace="a", uid="u"))


@in_virtual_time
async def test_all_pages_of_the_members_are_read_from_the_newest_version() -> None:
    members, transport = reader(page("x", "y", continue_="more"), page("z"))
    assert [each.name for each in await members.read(SECRETS)] == ["x", "y", "z"]
    first = query(transport.requests[0])
    assert (transport.requests[0].path, first["labelSelector"]) == (
        PATH,
        f"applyset.kubernetes.io/part-of={id_of(PARENT)}",
    )
    assert "resourceVersion" not in first


@in_virtual_time
async def test_a_list_that_expires_between_two_pages_is_read_to_its_end() -> None:
    members, _ = reader(page("x", continue_="more"), error_status(410, "Expired"), page("x", "y", "z"))
    assert [each.name for each in await members.read(SECRETS)] == ["x", "y", "z"]


@in_virtual_time
async def test_a_page_is_retried_when_the_server_is_overloaded() -> None:
    busy = error_status(429, "TooManyRequests", headers={"Retry-After": "1"})
    members, _ = reader(busy, page("x"))
    assert [each.name for each in await members.read(SECRETS)] == ["x"]


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ([page("x", continue_="more"), error_status(403, "Forbidden")], Forbidden),
        ([page("x", continue_="more"), ScriptedResponse.text("<html>")], DecodeError),
        ([page("x").cut(40)] * 40, ConnectionLost),
        ([ScriptedResponse.of({"kind": "PodList", "apiVersion": "v1", "metadata": {}})], DecodeError),
        ([page("x", name=7)], ApplySetError),
        ([page("x", labels="none", name="y")], ApplySetError),
    ],
    ids=["forbidden", "garbage", "cut", "no items", "unreadable name", "unreadable labels"],
)
@in_virtual_time
async def test_members_that_cannot_all_be_read_are_an_error(script: list[Any], error: type[Exception]) -> None:
    members, _ = reader(*script)
    with pytest.raises(error):
        await members.read(SECRETS)


@in_virtual_time
async def test_a_deletion_names_the_uid_the_propagation_and_a_dry_run() -> None:
    done = ScriptedResponse.of({"kind": "Status", "apiVersion": "v1", "status": "Success"})
    head = {"apiVersion": "meta.k8s.io/v1", "kind": "DeleteOptions"}
    body = {**head, "propagationPolicy": "Background", "preconditions": {"uid": "u"}}
    dry = {**body, "propagationPolicy": "Foreground", "dryRun": ["All"]}
    members, transport = reader(done.to(f"DELETE {PATH}/x", body=body), done.to(f"DELETE {PATH}/x", body=dry))
    await members.delete(leftover(), propagation_policy="Background", dry_run=False)
    await members.delete(leftover(), propagation_policy="Foreground", dry_run=True)
    assert transport.left == 0


@in_virtual_time
async def test_only_a_response_that_names_the_object_says_that_it_was_deleted() -> None:
    gone = error_status(404, "NotFound", "no", details={"name": "x", "kind": "secrets"})
    members, _ = reader(gone, error_status(404, "NotFound", "no such resource"), error_status(409, "Conflict"))
    await members.delete(leftover(), propagation_policy="Background", dry_run=False)
    with pytest.raises(NotFound):
        await members.delete(leftover(), propagation_policy="Background", dry_run=False)
    with pytest.raises(Conflict):
        await members.delete(leftover(), propagation_policy="Background", dry_run=False)


@pytest.mark.parametrize("name", ["../y", "", ".", "a/b"])
@in_virtual_time
async def test_a_name_that_would_lead_to_another_path_is_not_sent(name: str) -> None:
    members, transport = reader()
    with pytest.raises(ValueError, match="name"):
        await members.delete(leftover(name), propagation_policy="Background", dry_run=False)
    assert transport.requests == []
