"""What servers, files and plugins say reaches messages and logs masked, printable and bounded (F11)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import kubeloop
from kubeloop.config import Config, ExecConfig, load_config
from kubeloop.config.credentials import TokenFile
from kubeloop.config.exec_plugin import ExecPlugin
from kubeloop.errors import KubeloopError
from kubeloop.models import core_v1
from kubeloop.transport import open_transport
from kubeloop.wire.request import Request
from tests.support.certificates import authority
from tests.support.clock import virtual
from tests.support.raw_server import raw_server, reply
from tests.support.scripted_transport import Answer, ScriptedTransport, error_status, event, watch_answer

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


ANSWERS: dict[str, Answer] = {
    "status": error_status(
        422, NASTY, NASTY, details={"name": NASTY, "kind": NASTY, "causes": [{"message": NASTY, "field": NASTY}]}
    ),
    "page": Answer.text(NASTY.replace("\ud800", ""), 502, content_type=NASTY),
    "long page": Answer.text(NASTY.replace("\ud800", "") * 50_000, 502),
    "another kind": Answer.of({"kind": NASTY, "apiVersion": NASTY, "metadata": {"name": NASTY}}),
    "another apiVersion": Answer.of({"kind": "Pod", "apiVersion": NASTY}),
    "names of a wrong type": Answer.of({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": {NASTY: NASTY}}}),
    "a wrong field in an object": Answer.of(
        {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": NASTY, "namespace": NASTY}, "spec": 5}
    ),
}


@pytest.mark.parametrize("answer", ANSWERS)
@virtual
async def test_a_server(answer: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    warned = {"Warning": f'299 - "{TOKEN} is deprecated"'}
    given = ANSWERS[answer]
    transport = ScriptedTransport(Answer(given.status, given.chunks, {**given.headers, **warned}))
    clientset = kubeloop.Clientset(Config(host="https://server"), transport=transport)
    error = await failure(lambda: clientset.core_v1.pods("x").get("a"))
    if isinstance(error, kubeloop.APIError):
        check(error.status.message, error.status.name, *(cause.message for cause in error.causes))
    check(*(record.getMessage() for record in caplog.records))


@virtual
async def test_a_watch(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    broken: dict[str, Any] = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": NASTY, "labels": 5}}
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 500}
    status |= {"message": NASTY.replace("\ud800", ""), "reason": NASTY.replace("\ud800", "")}
    transport = ScriptedTransport(watch_answer(event(NASTY, broken)), watch_answer(event("ERROR", status)))
    rest = kubeloop.RESTClient(Config(host="https://server"), transport=transport)
    for _ in range(2):
        async with rest.watch("pods", into=core_v1.Pod) as stream:
            await failure(stream.batch)
    await asyncio.sleep(0)  # what is left of the broken streams is closed by the loop
    check(*(record.getMessage() for record in caplog.records))


@pytest.mark.parametrize("coding", ["br\x1b[2J", TOKEN, "x" * 50_000])
async def test_a_content_encoding(coding: str) -> None:
    async with raw_server(reply(b"", headers=[("Content-Encoding", coding)])) as server:
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
