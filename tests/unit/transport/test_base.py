"""What every transport shares: the bodies of errors."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import ConnectionLost
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.transport.base import read_error_body
from kubeloop.wire.request import Request
from tests.support.scripted_transport import Hang, ScriptedResponse, ScriptedTransport

MIB = b"x" * 1024 * 1024
SIZE = 4 * 1024 * 1024


@pytest.mark.parametrize(
    ("chunks", "size"),
    [
        ([], 0),
        ([MIB] * 3, 3 * 1024 * 1024),
        ([MIB] * 4, SIZE),
        ([MIB] * 5, SIZE),
        ([b"y", *[MIB] * 5], SIZE),
        ([MIB * 5], SIZE),
        ([MIB * 4, Hang()], SIZE),
        ([b"ab", ConnectionLost("reset")], 2),
    ],
)
def test_the_body_of_an_error_is_read_as_far_as_it_comes_and_four_mib_at_most(chunks: list[Any], size: int) -> None:
    """(F9)"""

    @in_virtual_time
    async def run() -> None:
        transport = ScriptedTransport(ScriptedResponse(500, chunks=chunks), checked=False)
        async with transport.stream(Request("GET", "/")) as stream:
            assert len(await read_error_body(stream)) == size
        assert elapsed() == 0.0

    run()


@pytest.mark.parametrize(("timeout", "ends_at"), [(None, 30.0), (5.0, 5.0), (60.0, 30.0)])
def test_the_body_of_an_error_that_never_ends_is_waited_for_half_a_minute_at_most(
    timeout: float | None, ends_at: float
) -> None:
    """(F4)"""

    @in_virtual_time
    async def run() -> None:
        transport = ScriptedTransport(ScriptedResponse(500, chunks=[b"ab", Hang()]), checked=False)
        async with transport.stream(Request("GET", "/")) as stream:
            assert await read_error_body(stream, timeout) == b"ab"
        assert elapsed() == ends_at

    run()
