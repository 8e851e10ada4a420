"""Pages on the real API server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import kubeloop
from kubeloop.clients.groups.core_v1 import ConfigMaps
from tests.support.real_clientset import config_map, connect
from tests.support.servers import forgetful_server


async def test_pages_give_every_object_once(kubeconfig: Path, namespace: str) -> None:
    async with connect(kubeconfig) as clientset:
        config_maps = clientset.core_v1.config_maps(namespace)
        names = [f"a{number:02}" for number in range(25)]
        await asyncio.gather(*(config_maps.create(config_map(name)) for name in names))
        for limit in (1, 7, 25, 100):
            found = [one.metadata.name async for one in config_maps.iterate(limit=limit)]
            assert [name for name in found if name.startswith("a")] == names

        first = await config_maps.list(limit=10)
        assert first.metadata.remaining_item_count == len(names) - 10
        second = await config_maps.list(limit=100, continue_=first.metadata.continue_)
        assert second.metadata.resource_version == first.metadata.resource_version
        seen = [one.metadata.name for one in (*first.items, *second.items)]
        assert seen == names


async def test_a_snapshot_that_is_compacted_away_between_two_pages_is_recovered() -> None:
    """The server compacts every second, so that the continue token of the first page soon expires."""
    async with (
        forgetful_server() as kubeconfig,
        connect(kubeconfig) as clientset,
    ):
        config_maps = clientset.core_v1.config_maps("default")
        for number in range(6):
            await config_maps.create(config_map(f"a{number}"))
        token = (await config_maps.list(limit=2)).metadata.continue_
        found: list[str] = []
        async for one in config_maps.iterate(limit=2):
            found.append(one.metadata.name)
            if len(found) == 2:
                await config_maps.create(config_map("a00"))
                await wait_until_expired(config_maps, token)
    assert found == ["a0", "a1", "a00", "a2", "a3", "a4", "a5"]


async def wait_until_expired(config_maps: ConfigMaps, token: str) -> None:
    """Change objects until the server has forgotten the snapshot of a continue token."""

    async def change_and_read() -> None:
        while True:
            for value in "12":
                await config_maps.patch("a5", {"data": {"x": value}})
            await config_maps.list(limit=2, continue_=token)

    with pytest.raises(kubeloop.Expired) as caught:
        await asyncio.wait_for(change_and_read(), 60.0)
    assert caught.value.status.continue_
