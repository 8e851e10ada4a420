"""Users' documents reach the real server whole, and preserved fields survive a PUT."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from kubeloop.clients.clientset import Clientset
from kubeloop.errors import APIError, BadRequest, Invalid
from kubeloop.models import apps_v1, authentication_v1, certificates_v1, meta_v1
from kubeloop.testing.apiserver.writing.reply import UNCHECKED
from kubeloop.wire import documents
from kubeloop.wire.response import ServerWarning
from tests.support.custom_resources import generated, served
from tests.support.real_clientset import config_of

PACKAGE = "generated_for_documents"
KEEP = {"x-kubernetes-preserve-unknown-fields": True}
TEXT = {"type": "string", "nullable": True}
THING_SPEC: dict[str, Any] = {
    "type": "object",
    "required": ["needed", "neededList"],
    "properties": {
        "host": {"type": "string"},
        "ratio": {"type": "number"},
        "ratios": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "number"}}},
        "times": {"type": "array", "items": {"type": "string", "format": "date-time"}},
        "needed": TEXT,
        "neededList": {"type": "array", "nullable": True, "items": {"type": "string"}},
        "size": {"type": "integer", "nullable": True, "default": 7},
        "sizes": {"type": "array", "nullable": True, "items": {"type": "integer"}, "default": [1]},
        "part": {
            "type": "object",
            "nullable": True,
            "default": {"a": "b"},
            "properties": {"a": {"type": "string"}},
        },
    },
}
STATUS = {"type": "object", "properties": {"ready": {"type": "boolean"}}, **KEEP}


def _crd(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.documents.example.com"},
        "spec": {
            "group": "documents.example.com",
            "scope": "Namespaced",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}},
            ],
        },
    }


CRDS = [
    _crd("Thing", {"type": "object", "properties": {"spec": THING_SPEC, "status": STATUS}}),
    _crd("Open", {"type": "object", "properties": {"count": {"type": "integer"}}, **KEEP}),
]


@pytest.fixture(scope="module")
def models(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The generated models of two custom resources, which the server serves."""
    folder = tmp_path_factory.mktemp("generated")
    file = folder / "crds.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": CRDS}))
    with generated(PACKAGE, folder, file), served(kubeconfig, CRDS):
        yield import_module(f"{PACKAGE}.models.documents_example_com_v1")


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
async def clientset(kubeconfig: Path, warnings: list[str]) -> AsyncIterator[Clientset]:
    def note(warning: ServerWarning) -> None:
        if warning.text != UNCHECKED:
            warnings.append(warning.text)

    async with Clientset(config_of(kubeconfig).replace(warning_handler=note)) as opened:
        yield opened


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, lables: {app: web}}
spec:
  replicas: 1
  replica: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: i, imagee: j}]}
"""


@pytest.mark.parametrize("read", [apps_v1.Deployment.from_yaml, documents.decode])
async def test_a_misspelt_field_of_a_manifest_reaches_the_server(
    read: Any, clientset: Clientset, namespace: str, warnings: list[str]
) -> None:
    """(G2) Strict refuses it, by default the server warns: in create and update."""
    deployments = clientset.apps_v1.deployments(namespace)
    manifest = read(DEPLOYMENT)
    places = ["spec.replica", "metadata.lables", "spec.template.spec.containers[0].imagee"]
    with pytest.raises(BadRequest) as refused:
        await deployments.create(manifest, field_validation="Strict")
    assert all(f'unknown field "{place}"' in str(refused.value) for place in places)

    created = await deployments.create(manifest)
    assert sorted(warnings) == sorted(f'unknown field "{place}"' for place in places)
    assert created.spec.replicas == 1
    warnings.clear()

    draft = manifest.draft()
    draft.spec.paused = True
    changed = draft.finish().after
    with pytest.raises(BadRequest, match=r'unknown field "spec\.replica"'):
        await deployments.update(changed, field_validation="Strict")
    assert (await deployments.update(changed)).spec.paused
    assert len(warnings) == 3

    with pytest.raises(BadRequest, match=r'unknown field "spec\.replica"'):
        await deployments.update(manifest.to_dict(), field_validation="Strict")


async def test_a_misspelt_field_of_an_apply_reaches_the_server(clientset: Clientset, namespace: str) -> None:
    """(G2)"""
    draft = apps_v1.Deployment.from_yaml(DEPLOYMENT).draft()
    with pytest.raises(APIError, match=r"\.spec\.replica"):
        await clientset.apps_v1.deployments(namespace).apply(draft, field_manager="tests", field_validation="Strict")


async def test_null_that_is_a_value_survives_a_put(models: Any, clientset: Clientset, namespace: str) -> None:
    """(I2, I3)"""
    things = clientset.resource(models.Thing, namespace)
    nulls: dict[str, Any] = {"needed": None, "neededList": None, "size": None, "sizes": None, "part": None}
    sent = {"metadata": {"name": "a"}, "spec": {"host": "h", **nulls}}
    created = await things.create(sent)
    assert created.spec.size is None

    same = await things.update(await things.get("a"))
    assert same.metadata.resource_version == created.metadata.resource_version, "nothing changed"
    assert same.to_dict()["spec"] == {"host": "h", **nulls}

    async with things.edit("a") as draft:
        draft.spec.host = "i"
    edited = await things.get("a")
    assert edited.to_dict()["spec"] == {"host": "i", **nulls}

    defaulted = await things.create(
        models.Thing(metadata=meta_v1.ObjectMeta(name="b"), spec=models.ThingSpec(needed_list=[]))
    )
    assert (defaulted.spec.size, defaulted.spec.sizes, defaulted.spec.part.a) == (7, (1,), "b")
    assert defaulted.spec.needed is None


async def test_a_put_keeps_what_the_schema_preserves(models: Any, clientset: Clientset, namespace: str) -> None:
    """(I4)"""
    things, opens = clientset.resource(models.Thing, namespace), clientset.resource(models.Open, namespace)
    status = {"ready": True, "addresses": [{"value": "1.1.1.1", "x": None}]}
    spec = {"needed": None, "neededList": None}
    await things.create({"metadata": {"name": "c"}, "spec": spec, "status": status})
    read = await things.get("c")
    assert (await things.update(read)).metadata.resource_version == read.metadata.resource_version
    draft = read.draft()
    draft.metadata.labels["a"] = "b"
    draft.status.ready = False
    await things.update(draft.finish().after)
    listed = await things.list()
    after = next(one for one in listed.items if one.metadata.name == "c")
    assert after.metadata.labels == {"a": "b"}
    assert after.to_dict()["status"] == {**status, "ready": False}

    await opens.create({"metadata": {"name": "o"}, "count": 1, "spec": {"anything": [1, {"a": "b"}]}})
    root = (await opens.get("o")).draft()
    root.metadata.labels["a"] = "b"
    changed = await opens.update(root.finish().after)
    assert changed.to_dict()["spec"] == {"anything": [1, {"a": "b"}]}
    assert (await opens.get("o")).to_dict()["spec"] == {"anything": [1, {"a": "b"}]}


async def test_the_text_of_times_survives_a_put(models: Any, clientset: Clientset, namespace: str) -> None:
    """(I11)"""
    things = clientset.resource(models.Thing, namespace)
    times = ["2024-01-02T03:04:05Z", "2024-01-02T03:04:05.1Z", "2024-01-02T03:04:05.123456789+02:00"]
    await things.create({"metadata": {"name": "t"}, "spec": {"needed": "n", "neededList": [], "times": times}})
    read = await things.get("t")
    assert (await things.update(read)).metadata.resource_version == read.metadata.resource_version
    draft = read.draft()
    draft.spec.host = "h"
    assert (await things.update(draft.finish().after)).to_dict()["spec"]["times"] == times


async def test_whole_numbers_survive_a_put(models: Any, clientset: Clientset, namespace: str) -> None:
    """(I11) To a server 1 and 1.0 differ: the generation of an object that nobody changed went up."""
    things = clientset.resource(models.Thing, namespace)
    numbers = {"ratio": 1, "ratios": {"a": [2, 0, -3, 0.5, 10**15, 2**53 + 1]}}
    await things.create({"metadata": {"name": "n"}, "spec": {"needed": "n", "neededList": [], **numbers}})
    read = await things.get("n")
    assert (await things.update(read)).metadata.resource_version == read.metadata.resource_version
    draft = read.draft()
    draft.metadata.labels["a"] = "b"
    assert (await things.update(draft.finish().after)).metadata.generation == read.metadata.generation
    draft = read.draft()
    draft.spec.host = "h"
    assert draft.finish().merge_patch() == {"spec": {"host": "h"}}


async def test_what_a_custom_resource_has_outside_its_schema_is_sent(
    models: Any, clientset: Clientset, namespace: str, warnings: list[str]
) -> None:
    """(H9)"""
    things = clientset.resource(models.Thing, namespace)
    text = "metadata: {name: d}\nspec: {needed: x, neededList: [], hosts: [a]}\n"
    with pytest.raises(BadRequest, match=r'unknown field "spec\.hosts"'):
        await things.create(models.Thing.from_yaml(text), field_validation="Strict")
    await things.create(models.Thing.from_yaml(text))
    assert warnings == ['unknown field "spec.hosts"']


async def test_pointers_without_omitempty_are_sent_as_null_as_go_does(clientset: Clientset, namespace: str) -> None:
    """(E12)"""
    accounts = clientset.core_v1.service_accounts(namespace)
    await accounts.create({"metadata": {"name": "a"}})
    request = authentication_v1.TokenRequest(spec=authentication_v1.TokenRequestSpec(expiration_seconds=600))
    assert json.loads(documents.encode(request))["spec"] == {"expirationSeconds": 600, "boundObjectRef": None}
    answer = await accounts.token("a").create(request)
    assert answer.status.token


@pytest.mark.parametrize("request_", [b"", None])
async def test_an_empty_signing_request_is_refused_as_what_it_is(clientset: Clientset, request_: bytes | None) -> None:
    """(E12) The bytes are in the request, empty or null as Go writes them, and the server gives its own reason."""
    requests = clientset.certificates_v1.certificate_signing_requests()
    spec = certificates_v1.CertificateSigningRequestSpec(
        request=request_, signer_name="example.com/a", usages=["client auth"]
    )
    metadata = meta_v1.ObjectMeta(name="empty")
    with pytest.raises(Invalid, match=r"spec\.request"):
        await requests.create(certificates_v1.CertificateSigningRequest(metadata=metadata, spec=spec))
