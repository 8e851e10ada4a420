"""OpenAPI over HTTP: the index, hashes, caching and formats."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from kubeloop.testing.apiserver.describing.entity_tag import entity_hash
from kubeloop.testing.apiserver.describing.openapi_routes import OpenAPIRoutes
from kubeloop.wire.response import Response

DOCUMENT = json.dumps({"info": {"title": "T", "version": "1"}, "paths": {}}).encode()
HASH = entity_hash(DOCUMENT)
ROUTES = OpenAPIRoutes({"api/v1": DOCUMENT, "apis/apps/v1": DOCUMENT}, 1_000_000_000.0)
NOW = 1_764_000_000.0
ADDRESS = "/openapi/v3/apis/apps/v1"
PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"


def get(path: str, given: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    response = ROUTES.respond(path, {} if given is None else {"hash": [given]}, headers or {}, NOW)
    assert response is not None
    return response


def test_the_index_leads_to_every_document_with_its_hash() -> None:
    response = get("/openapi/v3")
    paths = json.loads(response.body)["paths"]
    assert paths == {
        "api/v1": {"serverRelativeURL": f"/openapi/v3/api/v1?hash={HASH}"},
        "apis/apps/v1": {"serverRelativeURL": f"{ADDRESS}?hash={HASH}"},
    }
    assert response.headers["last-modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"


def test_a_document_without_a_hash_is_not_cached_for_ever() -> None:
    response = get(ADDRESS)
    assert (response.status, response.body) == (200, DOCUMENT)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["etag"] == f'"{HASH}"'
    assert response.headers["vary"] == "Accept"
    assert "cache-control" not in response.headers


def test_a_document_with_its_hash_is_cached_for_a_year() -> None:
    response = get(ADDRESS, HASH)
    assert (response.status, response.body) == (200, DOCUMENT)
    assert response.headers["cache-control"] == "public, immutable"
    assert response.headers["expires"] == "Tue, 24 Nov 2026 16:00:00 GMT"


def test_another_hash_is_redirected_to_the_current_one() -> None:
    response = get(ADDRESS, "OLD")
    assert (response.status, response.body) == (301, b"")
    assert response.headers["location"] == f"{ADDRESS}?hash={HASH}"


@pytest.mark.parametrize("path", [ADDRESS, "/openapi/v2"])
def test_a_client_that_has_the_document_gets_304(path: str) -> None:
    tag = get(path).headers["etag"]
    assert get(path, headers={"if-none-match": tag}).status == 304


def test_an_unknown_document_is_not_found() -> None:
    assert get("/openapi/v3/apis/none/v1").status == 404


@pytest.mark.parametrize("path", [ADDRESS, "/openapi/v2"])
def test_a_format_that_is_not_served_is_not_acceptable(path: str) -> None:
    response = get(path, headers={"accept": "text/html"})
    assert (response.status, response.body) == (406, b"")


def test_version_2_is_json_unless_protobuf_is_requested() -> None:
    plain, binary = get("/openapi/v2"), get("/openapi/v2", headers={"accept": PROTOBUF})
    assert json.loads(plain.body)["swagger"] == "2.0"
    assert plain.headers["content-type"] == "application/json"
    assert binary.headers["content-type"] == PROTOBUF.replace("@", ".")
    assert binary.body.startswith(b"\x0a\x032.0")
    assert binary.headers["etag"] == plain.headers["etag"]


@pytest.mark.parametrize("path", ["/openapi", "/openapi/v1", "/openapi/v3x", "/api"])
def test_other_paths_are_not_responded_to(path: str) -> None:
    assert ROUTES.respond(path, {}, {}, NOW) is None
