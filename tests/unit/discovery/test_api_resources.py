"""The rows and the table of api-resources. The filters are those of kubectl's tests."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.discovery.api_resources import APIResources
from kubeloop.discovery.discovery_format import GroupsAndResources
from kubeloop.discovery.discovery_reads import DiscoveryReads
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.discovered import found, resource


class Known(DiscoveryReads):
    """Discovery that is known."""

    def __init__(self, contents: GroupsAndResources) -> None:
        self._contents = contents

    async def _found(self) -> GroupsAndResources:
        return self._contents


SERVER = Known(
    found(
        {
            "v1": [
                resource("pods", "Pod", short=("po",), categories=["all"]),
                resource("pods/log", "Pod"),
                resource("nodes", "Node", short=("no",), namespaced=False),
                {**resource("componentstatuses", "ComponentStatus", short=("cs",)), "verbs": ["get"]},
                {**resource("hidden", "Hidden"), "verbs": []},
            ],
            "apps/v1": [resource("deployments", "Deployment", short=("deploy",), categories=["all", "web"])],
            "apps/v1beta1": [resource("deployments", "Deployment"), resource("oldies", "Oldie")],
        }
    )
)

TABLE = """\
NAME                SHORTNAMES   APIVERSION     NAMESPACED   KIND
componentstatuses   cs           v1             true         ComponentStatus
nodes               no           v1             false        Node
pods                po           v1             true         Pod
deployments         deploy       apps/v1        true         Deployment
oldies                           apps/v1beta1   true         Oldie"""


async def test_the_table_is_that_of_kubectl() -> None:
    rows = await SERVER.api_resources()
    assert str(rows) == TABLE
    assert rows.table(wide=True).splitlines()[3] == (
        "pods                po           v1             true         Pod               get,list,watch   all"
    )


@pytest.mark.parametrize(("filters", "expected"), [
    ({"namespaced": True}, ["componentstatuses", "pods", "deployments", "oldies"]),
    ({"namespaced": False}, ["nodes"]),
    ({"api_group": ""}, ["componentstatuses", "nodes", "pods"]),
    ({"api_group": "apps"}, ["deployments", "oldies"]),
    ({"api_group": "none"}, []),
    ({"verbs": ["list", "watch"]}, ["nodes", "pods", "deployments", "oldies"]),
    ({"verbs": ["create"]}, []),
    ({"categories": ["all"]}, ["pods", "deployments"]),
    ({"categories": ["all", "web"]}, ["deployments"]),
    ({"sort_by": "name"}, ["componentstatuses", "deployments", "nodes", "oldies", "pods"]),
    ({"sort_by": "kind"}, ["componentstatuses", "deployments", "nodes", "oldies", "pods"]),
    ({"api_group": "apps", "categories": ["all"], "namespaced": True, "verbs": ["get"]}, ["deployments"]),
])  # fmt: skip
async def test_rows_are_selected_and_sorted(filters: dict[str, Any], expected: list[str]) -> None:
    assert [row.name for row in await SERVER.api_resources(**filters)] == expected


async def test_another_order_is_refused() -> None:
    with pytest.raises(ValueError, match='expected sort_by="name" or "kind", got \'age\''):
        await SERVER.api_resources(sort_by="age")  # type: ignore[arg-type]


async def test_a_row_names_its_kind_and_resource() -> None:
    rows = await SERVER.api_resources(api_group="apps")
    assert rows[0].group_version_kind == GroupVersionKind("apps", "v1", "Deployment")
    assert rows[0].group_version_resource == GroupVersionResource("apps", "v1", "deployments")
    assert rows.failures == {}


def test_no_rows_are_a_table_of_headings() -> None:
    assert str(APIResources((), {})) == "NAME   SHORTNAMES   APIVERSION   NAMESPACED   KIND"


@in_virtual_time
async def test_nothing_in_the_table_controls_the_terminal() -> None:
    hostile = resource("foos", "Foo\x9b2J", short=("f\x1b[2J",), categories=["a\nb"])
    table = (await Known(found({"example.com/v1": [hostile]})).api_resources()).table(wide=True)
    assert [char for char in table if not char.isprintable()] == ["\n"]
    assert r"f\x1b[2J" in table
