"""Connections to the real API server, over its own TLS."""

from __future__ import annotations

import asyncio
from pathlib import Path

import kubeloop
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request


async def test_requests_one_after_another_share_a_connection_although_session_tickets_arrive(kubeconfig: Path) -> None:
    """(C1) The server sends a TLS 1.3 session ticket, which is not a byte of a response."""
    transport = HTTPTransport(kubeloop.load_config(kubeconfig))
    try:
        ports: set[int] = set()
        for number in range(50):
            assert (await transport.request(Request("GET", f"/readyz?n={number}"))).body == b"ok"
            assert transport._pool is not None
            (connection,) = transport._pool._idle
            assert connection._transport is not None
            assert connection._transport.get_extra_info("ssl_object").version() == "TLSv1.3"
            ports.add(connection._transport.get_extra_info("sockname")[1])
            if number % 10 == 0:
                for _ in range(20):
                    await asyncio.sleep(0)  # let the loop read all bytes that have arrived
        assert len(ports) == 1
    finally:
        await transport.close()
