"""Watches: what is closed when."""

from __future__ import annotations

from kubeloop.clients.clientset import Clientset
from kubeloop.config.config import Config
from tests.support.clock import now, virtual
from tests.support.scripted_transport import Hang, ScriptedTransport, watch_answer


@virtual
async def test_the_connection_is_closed_when_the_time_is_over_and_not_only_when_the_block_is_left() -> None:
    transport = ScriptedTransport(watch_answer(Hang()))
    clients = Clientset(Config(host="https://server"), transport=transport)
    async with clients.core_v1.pods("x").watch(resource_version="5", timeout=10.0) as events:
        assert [event async for event in events] == []
        assert now() == 10.0
        assert transport.open_streams == 0
