"""What is recorded for the API server in Python, and what that server says about itself, against the real server.

The real server has no controller manager and is fresh. `make record-api ARGS=--check` compares all that is recorded,
the facts from its code too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.meta import yaml
from kubeloop.models import apidiscovery_v2, meta_v1
from kubeloop.objects.model import Kind
from kubeloop.testing import ControlPlane
from kubeloop.testing.apiserver.describing.discovery_routes import Discovery
from kubeloop.testing.apiserver.facts.openapi_documents import openapi_documents
from kubeloop.testing.apiserver.facts.recorded_server import objects_text, resources
from kubeloop.testing.apiserver.facts.served_resource import ServedResource
from kubeloop.wire.protobuf.envelope import opened
from kubeloop.wire.protobuf.read_message import reader_of
from kubeloop.wire.protobuf.wire_format import fields_in
from kubeloop.wire.request import Request
from kubeloop.wire.request_path import parse_path
from kubeloop.wire.response import Headers, Response
from tools.record_api.fresh_content import read_fresh_objects
from tools.record_api.openapi_facts import without_descriptions
from tools.record_api.real_server import RealServer

JSON = "application/json"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
PROTOBUF = "application/vnd.kubernetes.protobuf"
OPENAPI_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
KINDS = "x-kubernetes-group-version-kind"
OF_EVERY_GROUP = [f"io.k8s.apimachinery.pkg.apis.meta.v1.{name}" for name in ("DeleteOptions", "WatchEvent")]
"""These types are kinds of every group, and ours are kinds of those groups only that the server serves."""
OWN_ADDRESS = "127.0.0.1:6443"

GROUPS = [group for group in resources().groups if group.name]
DOCUMENTS = [
    "/api",
    "/api/v1",
    "/apis",
    *(f"/apis/{group.name}" for group in GROUPS),
    *(f"/apis/{group.name}/{version}" for group in GROUPS for version in group.versions),
]


class Pair:
    """The real server and ours, which get the same requests."""

    def __init__(self, plane: ControlPlane, real: RealServer) -> None:
        self.address = plane.url.removeprefix("https://")
        self.real = real
        self.ours = Discovery(resources(), address=OWN_ADDRESS, started=0.0)

    def get(self, target: str, **headers: str) -> tuple[Response, Response]:
        """Return the real response, with our address in place of its own, and ours."""
        status, received, body = self.real.exchange(target, **headers)
        if received.get("content-type") == JSON:
            body = body.replace(self.address.encode(), OWN_ADDRESS.encode())
        return Response(status, _headers(received), body), self.respond("GET", target, headers)

    def respond(self, method: str, target: str, headers: Mapping[str, str]) -> Response:
        request = Request(method, target, headers)
        try:
            response = self.ours.respond(request, parse_path(method, target), 0.0)
        except errors.APIError as error:
            return Response(error.status.code or 500)
        assert response is not None
        return response


def _headers(received: Mapping[str, str]) -> Any:
    return Headers(received.items())


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with ControlPlane() as plane, RealServer(plane) as real:
        real.text("/version")  # opens the connection that all tests use
        yield Pair(plane, real)


def test_the_documents_of_discovery_have_the_same_bytes(pair: Pair) -> None:
    for target in DOCUMENTS:
        real, ours = pair.get(target, Accept=JSON)
        assert (ours.status, ours.headers["content-type"]) == (real.status, real.headers["content-type"])
        assert ours.body == real.body, target


@pytest.mark.parametrize("target", ["/api", "/apis"])
def test_the_aggregated_documents_have_the_same_bytes(pair: Pair, target: str) -> None:
    real, ours = pair.get(target, Accept=AGGREGATED)
    assert ours.body == real.body
    for name in ("content-type", "vary", "cache-control"):
        assert ours.headers[name] == real.headers[name]


@pytest.mark.parametrize(
    ("target", "accept", "cls"),
    [
        ("/apis", PROTOBUF, meta_v1.APIGroupList),
        ("/apis/apps", PROTOBUF, meta_v1.APIGroup),
        ("/api/v1", PROTOBUF, meta_v1.APIResourceList),
        ("/apis/apps/v1", PROTOBUF, meta_v1.APIResourceList),
        ("/apis", AGGREGATED.replace(JSON, PROTOBUF), apidiscovery_v2.APIGroupDiscoveryList),
    ],
)
def test_protobuf_means_the_same(pair: Pair, target: str, accept: str, cls: type[Kind]) -> None:
    real, ours = pair.get(target, Accept=accept)
    read = []
    for body in (real.body, ours.body):
        where = opened(body)
        read.append((where.api_version, where.kind, reader_of(cls).read(body, where.start, where.end)))
    assert read[0] == read[1]


@pytest.mark.parametrize(
    "target",
    [
        "/apis/none",
        "/apis/apps/v9",
        "/api/v2",
        "/none",
        "/openapi",
        "/openapi/v3/none",
        "/readyz/none",
        "//api",
        "/apis/",
    ],
)
def test_the_status_of_other_paths_is_the_same(pair: Pair, target: str) -> None:
    real, ours = pair.get(target, Accept="*/*")
    assert ours.status == real.status


@pytest.mark.parametrize(
    "target",
    [
        "/readyz",
        "/livez?verbose",
        "/healthz?verbose",
        "/readyz?verbose&exclude=etcd&exclude=b&exclude=a",
        "/livez/ping",
        "/",
    ],
)
def test_health_and_paths_have_the_same_bytes(pair: Pair, target: str) -> None:
    real, ours = pair.get(target, Accept="*/*")
    assert (ours.status, ours.headers["content-type"]) == (real.status, real.headers["content-type"])
    assert ours.body == real.body


def test_the_version_is_the_same_except_for_its_build(pair: Pair) -> None:
    real, ours = (json.loads(response.body) for response in pair.get("/version", Accept=JSON))
    assert ours.keys() == real.keys()
    for name in real.keys() - {"goVersion", "platform", "compiler"}:
        assert ours[name] == real[name]


def test_openapi_3_is_the_same_except_for_descriptions(pair: Pair) -> None:
    real, ours = (json.loads(response.body)["paths"] for response in pair.get("/openapi/v3", Accept=JSON))
    assert list(ours) == sorted(real)
    for path, document in openapi_documents().items():
        expected = without_descriptions(pair.real.document(f"/openapi/v3/{path}"))
        assert json.loads(document) == expected, path
    current = real["apis/apps/v1"]["serverRelativeURL"], ours["apis/apps/v1"]["serverRelativeURL"]
    assert current[0].split("=")[0] == current[1].split("=")[0]


def test_caching_of_openapi_3_is_the_same(pair: Pair) -> None:
    path = "/openapi/v3/apis/apps/v1"
    _, _, index = pair.real.exchange("/openapi/v3")
    current = json.loads(index)["paths"]["apis/apps/v1"]["serverRelativeURL"]
    status, real, _ = pair.real.exchange(current, Accept=JSON)
    index = pair.respond("GET", "/openapi/v3", {}).body
    current = json.loads(index)["paths"]["apis/apps/v1"]["serverRelativeURL"]
    ours = pair.respond("GET", current, {"Accept": JSON})
    assert (ours.status, ours.headers["vary"]) == (status, real["vary"])
    assert ours.headers["cache-control"] == real["cache-control"]
    assert {"expires", "etag", "last-modified"} <= set(ours.headers) & set(real)
    for target in (f"{path}?hash=X", f"{path}?hash="):
        outdated = pair.get(target, Accept=JSON)
        assert outdated[0].status == outdated[1].status
        assert outdated[0].headers.get("vary") == outdated[1].headers.get("vary")


def test_openapi_2_is_the_same_except_for_descriptions_and_the_names_of_parameters(pair: Pair) -> None:
    real, ours = (json.loads(response.body) for response in pair.get("/openapi/v2", Accept=JSON))
    real = without_descriptions(real)
    parameters = real.pop("parameters")
    real = _in_place(real, parameters)
    for name in OF_EVERY_GROUP:
        kinds = ours["definitions"].pop(name)[KINDS]
        known = real["definitions"].pop(name)[KINDS]
        assert kinds == [kind for kind in known if kind in kinds]
        assert len(kinds) > 25
    assert ours == real


def _in_place(value: Any, parameters: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_in_place(item, parameters) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/parameters/"):
        return parameters[reference.removeprefix("#/parameters/")]
    return {name: _in_place(member, parameters) for name, member in value.items()}


def test_the_types_of_openapi_2_are_the_same_in_protobuf(pair: Pair) -> None:
    real, ours = pair.get("/openapi/v2", Accept=OPENAPI_PROTOBUF)
    assert ours.headers["content-type"] == real.headers["content-type"]
    expected, found = _definitions(real.body), _definitions(ours.body)
    assert found.keys() == expected.keys()
    for name in found.keys() - set(OF_EVERY_GROUP):
        assert found[name] == expected[name], name


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    return ((tag >> 3, message[start:end]) for tag, start, end in fields_in(message, 0, len(message)))


def _definitions(document: bytes) -> dict[str, Any]:
    (definitions,) = (payload for number, payload in _fields(document) if number == 9)
    return _named(definitions)


def _named(message: bytes) -> dict[str, Any]:
    pairs = (dict(_fields(payload)) for _, payload in _fields(message))
    return {pair[1].decode(): _schema(pair.get(2, b"")) for pair in pairs}


def _schema(message: bytes) -> list[tuple[int, Any]]:
    """Return the fields of a schema without its description, those of inner schemas read too."""
    found: list[tuple[int, Any]] = []
    for number, payload in _fields(message):
        if number in (21, 23):  # additional properties and items
            found.append((number, [_schema(inner) for _, inner in _fields(payload)]))
        elif number == 25:
            found.append((number, _named(payload)))
        elif number == 31:
            pair = dict(_fields(payload))
            (_, text), *_ = _fields(pair[2])
            found.append((number, (pair[1], yaml.load(text))))
        elif number in (5, 20):  # a default and the values of an enumeration
            found.append((number, [yaml.load(text) for _, text in _fields(payload)]))
        elif number != 4:
            found.append((number, payload))
    return found


def test_a_fresh_server_has_the_recorded_objects(pair: Pair) -> None:
    stored = {resource.stored_as: resource for resource in reversed(list(resources())) if resource.stored_as}
    listed = [(one.api_version, one.plural, one.kind) for one in reversed(stored.values())]
    found = read_fresh_objects(pair.real, listed)
    by_name = {_name(item): item for item in found}
    expected = {_name(item): item for item in json.loads(objects_text())}
    assert by_name.keys() == expected.keys()
    for name, item in expected.items():
        assert by_name[name] == item


def _name(item: Mapping[str, Any]) -> tuple[str, str, str]:
    return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]


STORED = [resource for resource in resources() if resource.stored_as]


def _path(resource: ServedResource, namespace: str = "") -> str:
    root = "apis" if resource.group else "api"
    inside = f"/namespaces/{namespace}" if namespace else ""
    return f"/{root}/{resource.api_version}{inside}/{resource.plural}"


def test_the_recorded_field_labels_are_accepted_and_others_are_refused_with_the_recorded_message(pair: Pair) -> None:
    for resource in STORED:
        for label in resource.field_labels:
            status, _, body = pair.real.exchange(f"{_path(resource)}?fieldSelector={label}%3D1")
            assert status == 200, (resource.plural, label, body)
        unknown = pair.real.exchange(f"{_path(resource)}?fieldSelector=no.such%3D1")
        message = json.loads(unknown[2])["message"]
        assert unknown[0] == 400
        assert message == resource.unknown_field_label.format("no.such")


def test_the_recorded_columns_are_those_of_tables(pair: Pair) -> None:
    for resource in STORED:
        table = pair.real.document(_path(resource), "application/json;as=Table;g=meta.k8s.io;v=v1")
        names = ("name", "type", "format", "description", "priority")
        expected = [tuple(column[name] for name in names) for column in table["columnDefinitions"]]
        found = [tuple(getattr(column, name) for name in names) for column in resource.columns]
        assert found == expected, resource.plural


def test_an_update_creates_a_missing_object_where_that_is_recorded(pair: Pair) -> None:
    for resource in STORED:
        if "update" not in resource.verbs:
            continue
        namespace = "default" if resource.namespaced else ""
        metadata = {"name": "missing", **({"namespace": namespace} if namespace else {})}
        document = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
        target = f"{_path(resource, namespace)}/missing?dryRun=All"
        status, _, body = pair.real.exchange(target, method="PUT", body=document)
        assert (status != 404) == resource.allows_create_on_update, (resource.plural, status, body)
