from __future__ import annotations

import json

from kubeloop.testing.apiserver.encoding.output import Output
from kubeloop.testing.apiserver.encoding.table_form import table
from kubeloop.testing.apiserver.facts.recorded_server import resources
from kubeloop.testing.apiserver.facts.served_resource import ServedResource
from kubeloop.testing.apiserver.storage.stored import Key, Stored

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z
TABLE = Output(transform="Table", version="v1", now=NOW)


def stored(resource: str, created: str | None) -> Stored:
    metadata = {"name": "a", "creationTimestamp": created} if created else {"name": "a"}
    return Stored(Key(resource, "x", "a"), 7, 7, json.dumps({"metadata": metadata}).encode())


def served(group: str, version: str, plural: str) -> ServedResource:
    found = resources().find(group, version, plural)
    assert found is not None
    return found


def test_a_table_has_the_recorded_columns_of_the_name_and_the_age() -> None:
    found = table([stored("pods", "2027-01-15T07:57:55Z")], served("", "v1", "pods"), TABLE, {})
    assert [column["name"] for column in found["columnDefinitions"]] == ["Name", "Age"]
    assert [row["cells"] for row in found["rows"]] == [["a", "2m5s"]]


def test_an_object_without_a_time_of_creation_has_an_unknown_age() -> None:
    found = table([stored("pods", None)], served("", "v1", "pods"), TABLE, {})
    assert found["rows"][0]["cells"] == ["a", "<unknown>"]


def test_a_kind_without_columns_has_those_of_the_real_server_for_any_kind() -> None:
    plain = served("", "v1", "pods").replace(columns=())
    found = table([stored("pods", "2027-01-15T07:57:55Z")], plain, TABLE, {})
    assert [column["name"] for column in found["columnDefinitions"]] == ["Name", "Created At"]
    assert found["rows"][0]["cells"] == ["a", "2027-01-15T07:57:55Z"]


def test_a_kind_without_columns_of_its_own_has_no_list_of_rows_if_there_are_no_objects() -> None:
    assert table([], served("rbac.authorization.k8s.io", "v1", "roles"), TABLE, {})["rows"] is None
    assert table([], served("", "v1", "pods"), TABLE, {})["rows"] == []
