"""Handlers of warnings. The scenarios are those of client-go's rest/warnings_test.go and request_test.go."""

from __future__ import annotations

import io
from typing import Any

import pytest

import kubeloop
from kubeloop.config.config import Config
from kubeloop.models import core_v1
from kubeloop.rest.client import RESTClient
from kubeloop.rest.warnings import WarningLogger, WarningWriter, ignore_warnings
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire.response import ServerWarning
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, error_status, watch_response

POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "x"}}
WARNS = {"Warning": '299 - "old API"', "Content-Type": "application/json"}


def client(*script: Any, **settings: Any) -> RESTClient:
    return RESTClient(Config(host="https://server", **settings), transport=ScriptedTransport(*script))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "Warning: a\nWarning: b\n"),
        ({"deduplicate": False}, "Warning: a\nWarning: a\nWarning: b\n"),
        ({"color": True}, "\x1b[33;1mWarning:\x1b[0m a\n\x1b[33;1mWarning:\x1b[0m b\n"),
    ],
)
def test_a_writer_writes_and_counts_warnings_of_code_299_with_a_text(options: dict[str, bool], expected: str) -> None:
    out = io.StringIO()
    writer = WarningWriter(out, **options)
    for code, text in [(299, "a"), (299, "a"), (199, "c"), (299, ""), (299, "b")]:
        writer(ServerWarning(code, "-", text))
    assert out.getvalue() == expected
    assert writer.count == expected.count("\n")
    assert repr(writer) == f"<WarningWriter: {writer.count} written>"


def test_a_writer_remembers_a_thousand_texts_only() -> None:
    out = io.StringIO()
    writer = WarningWriter(out)
    for number in [*range(1001), 1000, 0]:
        writer(ServerWarning(299, "-", f"{number}"))
    assert out.getvalue().splitlines()[-2:] == ["Warning: 1000", "Warning: 0"]


@in_virtual_time
async def test_without_a_handler_a_client_logs(caplog: pytest.LogCaptureFixture) -> None:
    await client(ScriptedResponse.of(POD, headers=WARNS)).get("pods", name="a")
    assert caplog.messages == ["the API server warns: old API"]
    assert repr(WarningLogger()) == "<WarningLogger: 0 logged>"


@in_virtual_time
async def test_warnings_can_be_ignored(caplog: pytest.LogCaptureFixture) -> None:
    await client(ScriptedResponse.of(POD, headers=WARNS), warning_handler=ignore_warnings).get("pods", name="a")
    assert caplog.messages == []


@in_virtual_time
async def test_the_handler_of_a_request_comes_before_that_of_the_client() -> None:
    ours: list[ServerWarning] = []
    theirs: list[ServerWarning] = []
    rest = client(
        ScriptedResponse.of(POD, headers=WARNS),
        ScriptedResponse.of(POD, headers=WARNS),
        ScriptedResponse.of(POD, headers=WARNS),
        ScriptedResponse(chunks=[b"line"], headers=WARNS),
        watch_response(headers=WARNS),
        error_status(404, "NotFound", headers=WARNS),
        ScriptedResponse.of(POD, headers=WARNS),
        warning_handler=theirs.append,
    )
    options: Any = {"name": "a", "warning_handler": ours.append}
    await rest.get("pods", **options)
    await rest.patch("pods", body={}, **options)
    await rest.send(rest.new_request("GET", "/api/v1/pods/a"), warning_handler=ours.append)
    async with rest.stream("pods", subresource="log", **options):
        pass
    async with rest.watch("pods", into=core_v1.Pod, warning_handler=ours.append):
        pass
    with pytest.raises(kubeloop.NotFound):
        await rest.get("pods", **options)
    assert [warning.text for warning in ours] == ["old API"] * 6
    assert theirs == []
    await rest.get("pods", name="a")
    assert theirs == ours[:1]


@in_virtual_time
async def test_a_result_has_its_warnings_status_and_content_type() -> None:
    rest = client(
        ScriptedResponse.of(POD, 201, headers={**WARNS, "Content-Type": "application/json;v=1"}),
        ScriptedResponse(chunks=[b"{}"], headers={}),
        warning_handler=ignore_warnings,
    )
    created = await rest.send(rest.new_request("POST", "/api/v1/pods", POD))
    assert (created.status, created.was_created, created.content_type) == (201, True, "application/json;v=1")
    assert created.warnings == [ServerWarning(299, "-", "old API")]
    other = await rest.send(rest.new_request("GET", "/version"))
    assert (other.status, other.was_created, other.content_type, other.warnings) == (200, False, "", ())


@in_virtual_time
async def test_a_warning_that_echoes_a_credential_is_masked() -> None:
    seen: list[ServerWarning] = []
    headers = {"Warning": '299 - "do not send s3cret-t0ken-value"'}
    rest = client(ScriptedResponse.of(POD, headers=headers), token="s3cret-t0ken-value", warning_handler=seen.append)
    result = await rest.send(rest.new_request("GET", "/api/v1/pods/a"))
    assert "s3cret" not in seen[0].text
    assert result.warnings == seen
