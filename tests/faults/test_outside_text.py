"""Text from servers, files and plugins is masked, printable and limited in messages and logs (F11)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

import kubeloop
from kubeloop.config import Config, ExecConfig, load_config
from kubeloop.config.credential_sources import TokenFile
from kubeloop.config.exec_plugin import ExecPlugin
from kubeloop.errors import KubeloopError
from kubeloop.listwatch.list_watch_machine import ListWatchMachine
from kubeloop.listwatch.reopen_or_raise import ReopenOrRaise
from kubeloop.models import core_v1
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.transport import open_transport
from kubeloop.unstructured import Unstructured
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers
from kubeloop.wire.serializers.json_objects import decode_list
from tests.support.certificates import authority
from tests.support.raw_server import raw_server, reply
from tests.support.scripted_clientset import PODS
from tests.support.scripted_transport import (
    Hang,
    ScriptedResponse,
    ScriptedTransport,
    error_status,
    event,
    list_of,
    watch_response,
)

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrIn0.c2lnbmF0dXJl"
NASTY = f"a\nERROR forged\x1b[2J\ud800 {TOKEN}"


def check(*texts: str) -> None:
    for text in texts:
        assert text.isprintable(), text
        assert TOKEN not in text
        assert len(text) < 10_000


async def failure(work: Callable[[], Awaitable[object]]) -> KubeloopError:
    with pytest.raises(KubeloopError) as caught:
        await work()
    check(str(caught.value), repr(caught.value), *getattr(caught.value, "__notes__", ()))
    return caught.value


RESPONSES: dict[str, ScriptedResponse] = {
    "status": error_status(
        422, NASTY, NASTY, details={"name": NASTY, "kind": NASTY, "causes": [{"message": NASTY, "field": NASTY}]}
    ),
    "page": ScriptedResponse.text(NASTY.replace("\ud800", ""), 502, content_type=NASTY),
    "long page": ScriptedResponse.text(NASTY.replace("\ud800", "") * 50_000, 502),
    "another kind": ScriptedResponse.of({"kind": NASTY, "apiVersion": NASTY, "metadata": {"name": NASTY}}),
    "another apiVersion": ScriptedResponse.of({"kind": "Pod", "apiVersion": NASTY}),
    "names of a wrong type": ScriptedResponse.of(
        {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": {NASTY: NASTY}}}
    ),
    "a wrong field in an object": ScriptedResponse.of(
        {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": NASTY, "namespace": NASTY}, "spec": 5}
    ),
}


@pytest.mark.parametrize("response", RESPONSES)
@in_virtual_time
async def test_a_server(response: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    warned = {"Warning": f'299 - "{TOKEN} is deprecated"'}
    given = RESPONSES[response]
    transport = ScriptedTransport(ScriptedResponse(given.status, given.chunks, {**given.headers, **warned}))
    clientset = kubeloop.Clientset(Config(host="https://server"), transport=transport)
    error = await failure(lambda: clientset.core_v1.pods("x").get("a"))
    if isinstance(error, kubeloop.APIError):
        check(error.status.message, error.status.name, *(cause.message for cause in error.causes))
    check(*(record.getMessage() for record in caplog.records))


@in_virtual_time
async def test_a_watch(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    broken: dict[str, Any] = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": NASTY, "labels": 5}}
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 500}
    status |= {"message": NASTY.replace("\ud800", ""), "reason": NASTY.replace("\ud800", "")}
    unwritable = json.dumps({"type": NASTY, "object": broken}).encode() + b"\n"
    transport = ScriptedTransport(watch_response(unwritable), watch_response(event("ERROR", status)))
    rest = kubeloop.RESTClient(Config(host="https://server"), transport=transport)
    for _ in range(2):
        async with rest.watch("pods", into=core_v1.Pod) as stream:
            await failure(stream.batch)
    await asyncio.sleep(0)  # the loop closes the rest of the broken streams
    check(*(record.getMessage() for record in caplog.records))


@pytest.mark.parametrize("is_typed", [True, False])
@in_virtual_time
async def test_an_informer(is_typed: bool, caplog: pytest.LogCaptureFixture) -> None:
    """(F11) Many log lines of informers contain keys of objects."""
    caplog.set_level(logging.DEBUG)
    name = NASTY.replace("\ud800", "")

    def pod(version: int, **metadata: Any) -> dict[str, Any]:
        known = {"name": name, "namespace": name, "uid": name, "resourceVersion": str(version)}
        return {"kind": "Pod", "apiVersion": "v1", "metadata": {**known, **metadata}}

    def fail(obj: object) -> None:
        raise ValueError("no")

    def change(obj: Any) -> Any:
        if obj.metadata.resource_version == "8":
            raise ValueError("no")
        return obj

    transport = ScriptedTransport(
        list_of([pod(1, labels=7)], name),
        watch_response(
            event("MODIFIED", pod(6)),
            event("MODIFIED", pod(7, labels=7)),
            event("MODIFIED", pod(8)),
            event("MODIFIED", pod(9)),
            event(name, pod(10)),
            Hang(),
        ),
    )
    clientset = kubeloop.Clientset(Config(host="https://server"), transport=transport)
    factory = kubeloop.SharedInformerFactory(clientset, watch_list=False)
    pods: Any = factory.core_v1.pods() if is_typed else factory.informer(Unstructured, PODS)
    pods.set_transform(change)
    pods.add_event_handler(on_add=fail, on_update=lambda old, new: fail(new))
    async with factory:
        await asyncio.sleep(1)
        check(repr(factory), repr(pods))
    said = [record.getMessage() for record in caplog.records]
    assert sum("ERROR forged" in each for each in said) >= 5
    check(*said)


@in_virtual_time
async def test_a_list_with_an_item_that_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    """(F11) The log line contains the first key that is missing."""
    name = NASTY.replace("\ud800", "")
    item = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name, "namespace": name, "labels": 7}}
    transport = ScriptedTransport(list_of([item], "5"))
    listed = await kubeloop.Clientset(Config(host="https://server"), transport=transport).core_v1.pods("x").list()
    assert list(listed.unreadable) == [f"{name}/{name}"]
    assert len(caplog.messages) == 1
    check(*caplog.messages)


def test_what_is_shown_of_objects() -> None:
    """(F11) Kinds, names and versions are arbitrary text of the server."""
    name = NASTY.replace("\ud800", "")
    data = {"apiVersion": name, "kind": name, "metadata": {"name": name, "namespace": name, "resourceVersion": name}}
    obj = kubeloop.Unstructured(data)
    listing = decode_list(json.dumps({**data, "kind": f"{name}List", "items": []}).encode(), kubeloop.UnstructuredList)
    check(repr(obj), str(obj), repr(obj.draft()), repr(listing), repr(kubeloop.WatchEvent("ADDED", obj)))
    check(repr(Headers([(name, name)])), repr(Request("GET", f"/{name}?{name}=1", headers={name: name})))
    check(repr(ListWatchMachine(name, ReopenOrRaise(), Random(1))))


@pytest.mark.parametrize("coding", ["br\x1b[2J", TOKEN, "x" * 50_000])
async def test_a_content_encoding(coding: str) -> None:
    async with raw_server(reply(b"{}", headers=[("Content-Encoding", coding)])) as server:
        transport = open_transport(Config(host=server.url))
        await failure(lambda: transport.request(Request("GET", "/")))
        await transport.close()


async def test_a_plugins_stderr() -> None:
    plugin = ExecConfig(command="printf", args=(f"a\\nERROR forged\\033[2J\\377 {TOKEN}\\n",), interactive_mode="Never")
    said = ExecConfig(
        command="sh",
        args=("-c", f"printf 'a\\nERROR forged\\033[2J\\377 {TOKEN}\\n' >&2; exit 3"),
        interactive_mode="Never",
    )
    for each in (plugin, said):
        transport = open_transport(Config(host="http://127.0.0.1:9", exec=each))
        await failure(lambda transport=transport: transport.request(Request("GET", "/")))  # type: ignore[misc]


def test_the_names_in_a_kubeconfig(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "config"
    name = f'"a\\nERROR forged\\e[2J {TOKEN}"'
    entries = f"contexts: [{{name: {name}, context: {{cluster: {name}, user: {name}}}}}]\ncurrent-context: {name}\n"
    path.write_text(
        entries + f"clusters: [{{name: {name}, cluster: {{server: 'ftp://c'}}}}]\nusers: [{{name: {name}}}]"
    )
    with pytest.raises(kubeloop.ConfigError) as caught:
        load_config(path)
    check(str(caught.value))
    path.write_text(
        entries + f"clusters: [{{name: {name}, cluster: {{server: 'http://c'}}}}]\n"
        f"users: [{{name: {name}, user: {{token: abc}}}}]"
    )
    check(str(load_config(path).source))
    assert caplog.records
    check(*(record.getMessage() for record in caplog.records))


def test_the_paths_in_a_kubeconfig(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    good = tmp_path / f"a\nERROR forged\x1b[2J {TOKEN}"
    good.write_bytes(authority().certificate + b"-----BEGIN CERTIFICATE-----\n")
    open_transport(Config(host="https://c", ca_file=str(good)))
    check(*caplog.messages)
    assert len(caplog.messages) == 1
    check(repr(ExecPlugin(ExecConfig(command=NASTY.replace(TOKEN, "")[:-2]), Config(host="https://c"))))
    with pytest.raises(kubeloop.ConfigError) as caught:
        open_transport(Config(host="https://c", ca_file=f"{tmp_path}/{NASTY}"))
    check(str(caught.value))


async def test_a_token_file_that_cannot_be_renewed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / f"a\nERROR forged\x1b[2J {TOKEN}"
    path.write_text("abc")
    source = TokenFile(str(path), None, Config(host="https://c"))
    await source.fetch()
    path.unlink()
    await source.fetch()
    assert len(caplog.messages) == 1
    check(*caplog.messages)
