"""For every document, response or file, its reader raises an exception of the tree, or none (F10).

Each document is a real one in which a few values, keys or bytes are hostile. The result is read as a whole and written:
a value that is decoded later must not fail in another way than a value that is decoded at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kubeloop
from kubeloop.config import flatten, minify, modify_kubeconfig, read_kubeconfig, redact
from kubeloop.config.exec_output import parse_exec_credential
from kubeloop.config.kubeconfig import parse_kubeconfig
from kubeloop.errors import KubeloopError
from kubeloop.meta import yaml
from kubeloop.models import core_v1
from kubeloop.testing import virtual_time
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.serializers.json_events import JSONEventDecoder
from kubeloop.wire.serializers.json_objects import decode_into, decode_list, read_status
from kubeloop.wire.watch_events import UnreadableEvent
from tests.support.definitions import at, places, renamed, replaced
from tests.support.results import error_of

EXEC = "client.authentication.k8s.io/v1"
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "a",
        "namespace": "b",
        "resourceVersion": "7",
        "labels": {"a": "b"},
        "creationTimestamp": "2026-01-02T03:04:05Z",
        "ownerReferences": [{"apiVersion": "v1", "kind": "X", "name": "n", "uid": "u", "controller": True}],
        "managedFields": [{"manager": "m", "time": "2026-01-02T03:04:05Z", "fieldsV1": {"f:metadata": {}}}],
    },
    "spec": {
        "containers": [
            {"name": "c", "env": [{"name": "a"}], "resources": {"limits": {"cpu": "1"}}, "ports": [{"hostPort": 1}]}
        ]
    },
    "status": {"startTime": "2026-01-02T03:04:05Z"},
}
SECRET: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"a": "aGk="}}
STATUS: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Status",
    "metadata": {"continue": "c"},
    "status": "Failure",
    "message": 'pods "a" not found',
    "reason": "NotFound",
    "details": {"name": "a", "causes": [{"reason": "r", "message": "m", "field": "f"}], "retryAfterSeconds": 3},
    "code": 404,
}
PODS: dict[str, Any] = {"apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": "1"}, "items": [POD]}
LIST: dict[str, Any] = {"apiVersion": "v1", "kind": "List", "items": [POD, SECRET]}
KUBECONFIG: dict[str, Any] = {
    "current-context": "c",
    "clusters": [{"name": "c", "cluster": {"server": "https://h", "certificate-authority-data": "aGk="}}],
    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    "users": [
        {
            "name": "u",
            "user": {
                "as-user-extra": {"a": ["b"]},
                "exec": {"apiVersion": EXEC, "command": "x", "args": ["a"], "env": [{"name": "a", "value": "b"}]},
            },
        }
    ],
}
CREDENTIAL: dict[str, Any] = {
    "apiVersion": EXEC,
    "kind": "ExecCredential",
    "status": {"token": "t", "expirationTimestamp": "2030-01-01T00:00:00Z"},
}

HOSTILE: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, 0, -1, 1.5, float("inf"), float("nan"), 10**30, -(10**400), "", "x", "\ud800", "\0"),
        *("\x1b[31m", [], {}, [None], {"a": None}, {"a": 7}, [[]], "9999-12-31T23:59:59.9999999Z", "1Gi"),
        *("0000-01-01T00:00:00Z", "2026-01-02T03:04:05+24:00", "1e999999999", "\u0663", "a/b/c"),
    ]
)
BYTES = st.sampled_from(
    [
        *(b"\xff", b"\xed\xa0\x80", b"\0", b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\\ud800", b"\n---\n"),
        *(b"&a ", b"*a ", b"!!binary ", b"!!set ", b"! ", b"? ", b"- ", b"#", b"|", b"<<: ", b"NaN", b"1" * 5000),
        *(b"1e400", b"\n...", b"\xef\xbb\xbf", b"\xff\xfe", b"%TAG ! x\n", b"\t", b"\xc2\x85"),
    ]
)


@st.composite
def _hostile(draw: st.DrawFn, *documents: dict[str, Any]) -> bytes:
    document: Any = draw(st.sampled_from(documents))
    for _ in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from([path for path in places(document) if path]))
        if isinstance(path[-1], str) and draw(st.booleans()):
            document = renamed(document, path, draw(st.sampled_from(["", "\ud800", "\0", "x", "a" * 2000])))
        else:
            document = replaced(document, path, draw(HOSTILE))
        if not at(document, ()):
            break
    indent = draw(st.sampled_from([None, 1]))
    text = json.dumps(document, ensure_ascii=draw(st.booleans()), indent=indent).encode("utf-8", "surrogatepass")
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(BYTES) + text[start + draw(st.integers(0, 3)) :]
    return text


def _touch(obj: Any) -> None:
    """Read all of an object, and write the object."""
    looks: list[Callable[[], object]] = [lambda: obj.metadata, lambda: kubeloop.encode(obj), obj.to_dict]
    if hasattr(obj, "to_yaml"):
        looks.append(obj.to_yaml)
    if isinstance(obj, core_v1.Pod | kubeloop.Unstructured):
        looks += [lambda: obj.metadata.managed_fields, lambda: obj.metadata.labels]
    for look in looks * 2:
        with suppress(KubeloopError):
            repr(look())
    repr(obj)


def _event(cls: Any) -> Callable[[bytes], object]:
    def read(text: bytes) -> None:
        event: Any = JSONEventDecoder(cls).decode(text)
        _touch(event.object if not isinstance(event, UnreadableEvent) else core_v1.Pod())

    return read


def _all(text: bytes) -> None:
    for each in kubeloop.parse_manifests(text):
        _touch(each)


def _tolerates(reader: Callable[[bytes], object], *documents: dict[str, Any], tree: Any = KubeloopError) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(_hostile(*documents))
    def check(text: bytes) -> None:
        try:
            reader(text)
        except tree as error:
            said = str(error)
        else:
            said = ""
        assert said.isprintable()

    check()


def test_decode() -> None:
    """(F10)"""
    _tolerates(lambda text: _touch(kubeloop.decode(text)), POD, SECRET, STATUS, PODS, LIST)


def test_parse_manifests() -> None:
    """(F10)"""
    _tolerates(_all, POD, SECRET, LIST)


def test_from_yaml() -> None:
    """(F10)"""
    _tolerates(lambda text: _touch(core_v1.Pod.from_yaml(text)), POD)
    _tolerates(lambda text: _touch(kubeloop.Unstructured.from_yaml(text)), POD)


def test_responses() -> None:
    """(F10)"""
    _tolerates(lambda text: _touch(decode_into(text, core_v1.Pod)), POD)
    _tolerates(lambda text: _touch(decode_into(text, kubeloop.Unstructured)), POD)
    _tolerates(lambda text: _touch(decode_list(text, core_v1.PodList)), PODS)
    _tolerates(lambda text: _touch(decode_list(text, kubeloop.UnstructuredList)), PODS)
    _tolerates(lambda text: _touch(read_status(text)), STATUS)


def test_watch_frames() -> None:
    """(F10)"""
    frames = [{"type": "ADDED", "object": POD}, {"type": "ERROR", "object": STATUS}]
    _tolerates(_event(core_v1.Pod), *frames)
    _tolerates(_event(kubeloop.Unstructured), *frames)


def test_errors_of_a_server() -> None:
    """(F10) There is an APIError for every body."""
    secrets = Request("PUT", "/api/v1/namespaces/a/secrets/s", body=b'{"data": {"k": "aaaa"}}')

    def read(text: bytes) -> None:
        for request, after in ((None, "9" * 5000), (secrets, "\u0663")):
            error = error_of(Response(422, headers=Headers([("Retry-After", after)]), body=text), request)
            assert f"{error} {error.causes} {error.retry_after}".isprintable()

    _tolerates(read, STATUS, POD, tree=())


def test_kubeconfigs_and_what_plugins_print() -> None:
    """(F10)"""
    _tolerates(lambda text: repr(parse_kubeconfig(text, "/x/config")), KUBECONFIG)
    _tolerates(lambda text: parse_exec_credential(text, EXEC), CREDENTIAL, tree=ValueError)


def test_kubeconfigs_that_are_changed_and_viewed(tmp_path: Path) -> None:
    """A file that cannot be changed stays as it is."""
    path = tmp_path / "config"

    def change(text: bytes) -> None:
        path.write_bytes(text)
        try:
            virtual_time.run(modify_kubeconfig(lambda data: data.users.update(new={"token": "t"}), path))
        except KubeloopError:
            assert path.read_bytes() == text
            raise
        finally:
            assert [child.name for child in tmp_path.iterdir()] == ["config"]
        data = read_kubeconfig(path)
        assert data.users["new"] == {"token": "t"}
        for view in (redact, flatten, minify):
            with suppress(KubeloopError):
                yaml.dump(view(data).document())

    provider = {"name": "oidc", "config": {"client-id": "a", "id-token": "b"}}
    document = {**KUBECONFIG, "x-unknown": {"a": ["b"]}, "extensions": [{"name": "x", "extension": {"a": 1}}]}
    document["users"] = [*KUBECONFIG["users"], {"name": "v", "user": {"auth-provider": provider, "client-key": "k"}}]
    _tolerates(change, document)
