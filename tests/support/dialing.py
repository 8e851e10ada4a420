"""What the tests of dialing share: a dialer for a URL, and checks of the result."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubeloop.config import Config
from kubeloop.errors import ConnectError, TransportError
from kubeloop.transport.connecting.connect_errors import CONNECT_FAILURES, connect_failure
from kubeloop.transport.connecting.dial import Dialer
from kubeloop.transport.connecting.tls import TLSContexts
from kubeloop.wire.request import Request
from tests.support.certificates import authority
from tests.support.reachable import reachable
from tests.support.speaker import Speaker

__all__ = ["ESCAPED", "SECRET", "dialer", "echo", "fails", "silent", "speaks", "text_of"]

SECRET = "pä:ss wörd/☃"
"""A password, which no message and no representation may contain."""

ESCAPED = "p%C3%A4%3Ass%20w%C3%B6rd%2F%E2%98%83"
"""The same password as it is written in a URL."""


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Return each line to the client. A server's handler."""
    while line := await reader.readline():
        writer.write(b"echo " + line)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send nothing for as long as the client waits. A server's handler."""
    await reader.read()


def dialer(host: str, *, proxy: str | None = None, **settings: Any) -> Dialer:
    """Return a dialer that trusts the tests' authority; settings are those of a `Config`."""
    config = Config(host=host, **{"ca_data": authority().certificate, **settings})
    return Dialer(config.host, proxy=proxy, server_name=config.tls_server_name, tls=TLSContexts(config))


async def speaks(dial: Dialer) -> Speaker:
    """Dial a server that runs `echo`, and check that the line comes back."""
    speaker = Speaker()
    await dial.dial(speaker)
    assert await speaker.ask() == b"echo ping\n"
    assert speaker.transport is not None
    speaker.transport.abort()
    return speaker


def text_of(exc: BaseException, dial: Dialer) -> str:
    """Return the text of a failure to dial, without the part that all these messages share."""
    assert isinstance(exc, CONNECT_FAILURES)
    text = str(connect_failure(exc, Request("GET", "/api"), dial.server))
    assert text.startswith("GET /api: ")
    assert text.endswith(" (the request was not sent)")
    return text.removeprefix("GET /api: ").removesuffix(" (the request was not sent)")


async def fails(
    dial: Dialer, kind: type[TransportError], text: str, *, is_retryable: bool | None = None
) -> TransportError:
    """Dial, and expect a failure of this class and with this text; a `ConnectError` is retryable unless the arguments
    say otherwise.
    """
    speaker = Speaker()
    with pytest.raises(CONNECT_FAILURES) as caught:
        await dial.dial(speaker)
    assert speaker.transport is None
    assert text_of(caught.value, dial) == text
    failure = connect_failure(caught.value, Request("GET", "/api"), dial.server)
    assert type(failure) is kind
    assert failure.retryable is (kind is ConnectError if is_retryable is None else is_retryable)
    said = f"{reachable(failure)} {reachable(caught.value)} {dial!r}"
    assert SECRET not in said
    assert ESCAPED not in said
    return failure
