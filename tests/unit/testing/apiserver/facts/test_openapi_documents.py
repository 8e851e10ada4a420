"""The recorded documents of OpenAPI v3."""

from __future__ import annotations

import json
from typing import Any

from kubeloop.testing.apiserver.facts.openapi_documents import openapi_documents
from kubeloop.testing.apiserver.facts.recorded_server import kubernetes_version, resources

DOCUMENTS = {path: json.loads(document) for path, document in openapi_documents().items()}


def test_every_group_version_that_is_served_has_a_document() -> None:
    expected = {
        f"apis/{group.name}/{version}" if group.name else f"api/{version}"
        for group in resources().groups
        for version in group.versions
    }
    assert expected <= set(DOCUMENTS)
    assert {"api", "apis", "version"} <= set(DOCUMENTS)
    assert list(DOCUMENTS) == sorted(DOCUMENTS)


def test_the_documents_are_of_the_recorded_version() -> None:
    versions = {document["info"]["version"] for document in DOCUMENTS.values()}
    major_and_minor = kubernetes_version().removeprefix("v").rpartition(".")[0]
    assert versions == {major_and_minor}


def texts(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of the members that are named `description` and are texts."""
    if isinstance(value, list):
        return [found for item in value for found in texts(item, path)]
    if not isinstance(value, dict):
        return []
    here = [(*path, "description")] if isinstance(value.get("description"), str) else []
    return here + [found for name, member in value.items() for found in texts(member, (*path, name))]


def test_only_responses_have_descriptions() -> None:
    found = texts(DOCUMENTS["apis/apps/v1"])
    assert found
    assert all(path[-3] == "responses" for path in found)


def test_a_field_may_be_named_description() -> None:
    schemas = DOCUMENTS["apis/scheduling.k8s.io/v1"]["components"]["schemas"]
    properties = schemas["io.k8s.api.scheduling.v1.PriorityClass"]["properties"]
    assert properties["description"] == {"type": "string"}
