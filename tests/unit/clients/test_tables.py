"""Reading tables: requests, pages, faults, and what servers without tables send. Their text is compared with Go's in
the golden tests.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.clients.tables.printed_table import Table, TableColumn, TableRow
from kubeloop.clients.tables.tab_writer import TabWriter
from kubeloop.clients.tables.table_request import read_table
from kubeloop.models import core_v1, meta_v1
from kubeloop.objects.draft import configuration
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.unstructured import Unstructured
from tests.support.scripted_clientset import clientset, pod
from tests.support.scripted_transport import ScriptedResponse, error_status, list_of

COLUMNS = [
    {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
    {"name": "Ready", "type": "string", "format": "", "description": "", "priority": 0},
    {"name": "Node", "type": "string", "format": "", "description": "", "priority": 1},
]


def row(name: str, ready: Any = "1/1", namespace: str = "x", uid: str = "") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "uid": uid or f"uid-{name}", "labels": {"app": name}}
    head = {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata"}
    return {"cells": [name, ready, "n1"], "object": {**head, "metadata": metadata}}


def table(*rows: dict[str, Any], columns: Any = None, more: str = "", **fields: Any) -> ScriptedResponse:
    data = {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": "9", "continue": more} if more else {"resourceVersion": "9"},
        "columnDefinitions": COLUMNS if columns is None else columns,
        "rows": list(rows),
        **fields,
    }
    return ScriptedResponse.of(data)


def model(name: str, namespace: str = "x", uid: str = "") -> core_v1.Pod:
    return core_v1.Pod.from_dict(pod(name, 1, namespace=namespace, uid=uid or f"uid-{name}"))


@in_virtual_time
async def test_a_table_is_asked_for_as_kubectl_asks() -> None:
    clients, transport = clientset(table(row("a")).to("GET /api/v1/namespaces/x/pods?labelSelector=app%3Da&limit=500"))
    found = await clients.core_v1.pods("x").as_table(label_selector="app=a")
    assert transport.requests[0].headers["Accept"] == (
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
    )
    assert str(found) == "NAME   READY\na      1/1"
    assert found.text(wide=True, show_kind=True) == "NAME    READY   NODE\npod/a   1/1     n1"
    assert (found.resource_version, found.with_namespace, len(found)) == ("9", False, 1)


@in_virtual_time
async def test_a_table_is_a_value_for_programs() -> None:
    clients, _ = clientset(table(row("a", 3), row("b", None)))
    found = await clients.core_v1.pods("x").as_table()
    assert found.columns[0] == TableColumn("Name", format="name")
    assert found.values("ready") == [3, None]
    assert found.to_dicts() == [
        {"Name": "a", "Ready": 3, "Node": "n1"},
        {"Name": "b", "Ready": None, "Node": "n1"},
    ]
    assert [each.object.metadata.labels["app"] for each in found if each.object] == ["a", "b"]
    assert found[:1] == (found[0],)
    assert repr(found) == "<Table of pod: 2 rows of Name, Ready, Node>"
    assert repr(found[0]) == "TableRow(cells=('a', 3, 'n1'))"
    assert found == Table(found.columns, found.rows, kind="pod")
    assert found != Table(found.columns, found.rows[:1], kind="pod")
    with pytest.raises(KeyError, match="expected one of Name, Ready, Node as the column, got Status"):
        found.values("Status")


@in_virtual_time
async def test_the_metadata_of_a_row_are_read_as_those_of_any_response() -> None:
    clients, _ = clientset(table(row("a")))
    found = (await clients.core_v1.pods("x").as_table())[0].object
    assert found is not None
    # Reading them as a document of a user, with notes of the given fields, takes ten times as long.
    with pytest.raises(ValueError, match="was read from a server"):
        configuration(found)


@in_virtual_time
async def test_all_pages_are_one_table() -> None:
    clients, transport = clientset(table(row("a"), more="c"), table(row("b-is-longer")))
    found = await clients.core_v1.pods().as_table(limit=1)
    assert [request.target for request in transport.requests] == [
        "/api/v1/pods?limit=1",
        "/api/v1/pods?limit=1&continue=c",
    ]
    assert str(found).splitlines() == [
        "NAMESPACE   NAME          READY",
        "x           a             1/1",
        "x           b-is-longer   1/1",
    ]


@in_virtual_time
async def test_a_snapshot_that_expires_between_pages_leads_to_a_full_list() -> None:
    clients, transport = clientset(
        table(row("a"), row("b"), more="c"), error_status(410, "Expired"), table(row("a"), row("c"))
    )
    found = await clients.core_v1.pods("x").as_table(limit=2)
    assert found.values("Name") == ["a", "c"], "the full list has everything, and no object twice"
    assert transport.requests[2].target == "/api/v1/namespaces/x/pods"


@in_virtual_time
async def test_pages_with_other_columns_are_refused() -> None:
    clients, _ = clientset(table(row("a"), more="c"), table(row("b"), columns=COLUMNS[:1]))
    with pytest.raises(errors.DecodeError, match=r"columns Name, Ready, Node like the first, got Name: read the table"):
        await clients.core_v1.pods("x").as_table()


@in_virtual_time
async def test_a_list_that_never_ends_is_refused() -> None:
    clients, _ = clientset(table(row("a"), more="c"), table(row("b"), more="c"))
    with pytest.raises(errors.DecodeError, match="that ends"):
        await clients.core_v1.pods("x").as_table()


@in_virtual_time
async def test_named_objects_take_no_selectors() -> None:
    clients, transport = clientset(table(row("a")), table(row("b")))
    pods = clients.core_v1.pods("x")
    with pytest.raises(TypeError, match="as_table of named objects takes no label_selector"):
        await pods.as_table("a", label_selector="x=y")
    with pytest.raises(ValueError, match="needs a namespace"):
        await clients.core_v1.pods().as_table("a")
    assert transport.requests == []
    assert (await pods.as_table("a", "b", timeout=5)).values("Name") == ["a", "b"]
    assert [request.target for request in transport.requests] == [
        "/api/v1/namespaces/x/pods/a",
        "/api/v1/namespaces/x/pods/b",
    ]


@in_virtual_time
async def test_a_server_without_tables_shows_names_and_ages() -> None:
    created = {"creationTimestamp": "2020-01-01T00:00:00Z"}
    clients, _ = clientset(
        list_of([pod("a", 1, **created), pod("b", 2)], "9"), ScriptedResponse.of(pod("a", 1, **created))
    )
    endpoint = clients.core_v1.pods("x")._endpoint
    listed = await read_table(endpoint, {}, now=lambda: datetime(2020, 1, 4, tzinfo=UTC))
    assert [each.name for each in listed.columns] == ["Name", "Age"]
    assert listed.to_dicts() == [{"Name": "a", "Age": "3d"}, {"Name": "b", "Age": "<unknown>"}]
    assert (await clients.core_v1.pods("x").as_table("a")).values("Name") == ["a"]


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "rows": {}},
        {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "rows": [{"cells": "text"}]},
        {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "columnDefinitions": 3},
        {"kind": "Table", "apiVersion": "example.com/v1"},
        {"kind": "Status", "apiVersion": "v1", "status": "Success"},
        {"a": 1},
        [],
    ],
)
@in_virtual_time
async def test_what_is_no_table_is_refused(body: Any) -> None:
    clients, _ = clientset(ScriptedResponse.of(body))
    with pytest.raises(errors.DecodeError):
        await clients.core_v1.pods("x").as_table()


@in_virtual_time
async def test_an_incomplete_table_is_printed_as_far_as_it_goes() -> None:
    body = {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1beta1",
        "columnDefinitions": [*COLUMNS[:1], {"name": "Ready"}, None],
        "rows": [{"cells": ["a"]}, {"cells": ["b", 1, 2, 3]}, {"cells": None, "object": None}, None],
    }
    clients, _ = clientset(ScriptedResponse.of(body))
    found = await clients.core_v1.pods("x").as_table()
    assert str(found).split("\n") == ["NAME   READY   ", "a", "b      1       2", "", ""]
    assert found.text(with_namespace=True, show_labels=True).splitlines()[1].split() == ["a"]


@in_virtual_time
async def test_rows_of_objects_at_hand_need_one_request_per_resource_and_namespace() -> None:
    clients, transport = clientset(
        table(row("c"), row("b"), row("a")).to("GET /api/v1/namespaces/x/pods?limit=500"),
        table(row("d", namespace="y")).to("GET /api/v1/namespaces/y/pods/d"),
        table(row("n", namespace="")).to("GET /api/v1/nodes/n"),
    )
    node = core_v1.Node.from_dict({"metadata": {"name": "n", "uid": "uid-n"}})
    tables = await clients.as_table([model("a"), node, model("b"), model("d", "y")])
    assert [(each.kind, each.values("Name")) for each in tables] == [("pod", ["a", "b", "d"]), ("node", ["n"])]
    assert tables.missing == ()
    assert len(transport.requests) == 3
    assert str(tables).splitlines() == [
        "NAMESPACE   NAME    READY",
        "x           pod/a   1/1",
        "x           pod/b   1/1",
        "y           pod/d   1/1",
        "",
        "NAME     READY",
        "node/n   1/1",
    ]
    assert tables.text(no_headers=True, with_namespace=False).splitlines() == [
        "pod/a   1/1", "pod/b   1/1", "pod/d   1/1", "node/n   1/1",
    ]  # fmt: skip
    assert repr(tables) == "<Tables of pod, node>"


@in_virtual_time
async def test_objects_that_are_gone_or_were_replaced_are_missing() -> None:
    clients, _ = clientset(
        table(row("a", uid="later"), row("b")),
        error_status(404, "NotFound", details={"name": "c", "kind": "pods"}),
    )
    tables = await clients.as_table([model("a"), model("b"), model("z")])
    assert (tables[0].values("Name"), tables.missing) == (["b"], ("x/a", "x/z"))
    gone = await clients.as_table(model("c"))
    assert (len(gone), gone.missing, str(gone)) == (0, ("x/c",), "")
    assert repr(gone) == "<Tables of nothing, 1 missing>"


@in_virtual_time
async def test_a_404_that_names_no_object_is_raised() -> None:
    clients, _ = clientset(error_status(404, "NotFound"))
    with pytest.raises(kubeloop.NotFound):
        await clients.as_table(model("c"))


@in_virtual_time
async def test_objects_come_in_many_forms() -> None:
    class Lister:
        def list(self) -> list[core_v1.Pod]:
            return [model("a")]

    pods = core_v1.PodList.from_dict({"items": [pod("a", 1)], "metadata": {}})
    forms: list[Any] = [model("a"), [model("a")], (model("a"),), pods, Lister(), iter([model("a")])]
    for form in forms:
        clients, _ = clientset(table(row("a")))
        assert (await clients.as_table(form))[0].values("Name") == ["a"]
    clients, transport = clientset()
    assert str(await clients.as_table([])) == ""
    for wrong in ("pods", 3, ["a"], {"kind": "Pod"}, None):
        with pytest.raises(TypeError, match="expected objects of Kubernetes"):
            await clients.as_table(wrong)
    assert transport.requests == []


@in_virtual_time
async def test_what_names_no_kind_is_refused_with_the_call_that_works() -> None:
    clients, transport = clientset()
    with pytest.raises(TypeError, match=r"got PartialObjectMetadata: use clientset.metadata.resource"):
        await clients.as_table([meta_v1.PartialObjectMetadata(metadata=meta_v1.ObjectMeta(name="a"))])
    informer = kubeloop.SharedInformerFactory(clients).core_v1.pods()
    with pytest.raises(TypeError, match="got SharedInformer: pass its lister"):
        await clients.as_table(informer)
    assert transport.requests == []


@in_virtual_time
async def test_an_object_without_a_class_is_looked_up() -> None:
    known = {"name": "pods", "kind": "Pod", "namespaced": True, "singularName": "", "verbs": ["get"]}
    resources = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1", "resources": [known]}
    clients, _ = clientset(ScriptedResponse.of(resources), table(row("a")))
    tables = await clients.as_table(Unstructured.from_dict(pod("a", 1)))
    assert str(tables) == "NAME   READY\na      1/1"


def test_blocks_of_columns_are_aligned_by_themselves_and_never_narrower_than_before() -> None:
    writer = TabWriter()
    for line in ("a\tlonger-cell\tx", "b\tc\ty", "alone", "c\td\tz"):
        writer.write(line)
    assert repr(writer) == "<TabWriter: 3 lines, and 1 that are not aligned yet>"
    assert writer.text() == "a     longer-cell   x\nb     c             y\nalone\nc     d             z\n"


def test_an_empty_table_has_no_text() -> None:
    empty = Table([TableColumn("Name")], [])
    assert (str(empty), empty.text(no_headers=True)) == ("", "")
    assert TableRow(("a",)).object is None


HOSTILE = "a\x1b]0;x\x07\x08\x00\x7f\x9b2J\u202eb"
SHOWN = r"a^[]0;x^G^H^@^?\x9b2J\u202eb"


def test_nothing_in_a_table_controls_the_terminal() -> None:
    head = [TableColumn("Name", format="name"), TableColumn("\x1b[2J\nx"), TableColumn(HOSTILE)]
    text = Table(head, [TableRow((HOSTILE, HOSTILE, 1)), TableRow((["\x1b"], {"\x9b": "\x07"}, HOSTILE))]).text()
    assert SHOWN in text
    assert "^[[2J..." in text
    assert [char for char in text if not char.isprintable()] == ["\n", "\n"]


@in_virtual_time
async def test_rows_without_metadata_are_known_by_their_names() -> None:
    rows = [{"cells": [name, "1/1", "n1"]} for name in ("a", "b", "c")] + [{"cells": []}, {"cells": [["a"]]}]
    clients, _ = clientset(table(*rows), table({"cells": ["c", "1/1", "n1"]}))
    found = await clients.as_table([model("b"), model("a"), model("z")])
    assert str(found) == "NAME   READY\nb      1/1\na      1/1"
    assert found.missing == ("x/z",)
    assert str(await clients.as_table(model("c"))) == "NAME   READY\nc      1/1"
