"""Programs that use one cache of discovery at the same time, some of which are killed while they write."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from kubeloop.discovery import DiskCache, DiskDiscovery
from tests.support.discovery_server import DiscoveryServer

PROGRAM = """
import asyncio, sys

from kubeloop.discovery import DiskCache, DiskDiscovery
from tests.support.discovery_server import DiscoveryServer


async def main() -> None:
    server = DiscoveryServer()
    for number in range(20):
        server.resources[f"group{number}.io/v1"] = server.resources["apps/v1"]
    print("ready", flush=True)
    for _ in range(int(sys.argv[2])):
        cache = DiskDiscovery(server.client(), DiskCache(sys.argv[1]))
        assert len(await cache.server_groups()) == 22, await cache.server_groups()
        cache.invalidate()
        found = await cache.server_groups_and_resources()
        assert len(found.resources) == 22, found


asyncio.run(main())
"""
ENDLESS = 10**9


async def start(folder: Path, rounds: int) -> asyncio.subprocess.Process:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(folder), str(rounds), env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def test_programs_find_whole_files_whatever_the_others_do(tmp_path: Path) -> None:
    async with asyncio.timeout(60):
        killed, *finishing = await asyncio.gather(*(start(tmp_path, rounds) for rounds in (ENDLESS, 10, 10)))
        killed.kill()
        await killed.communicate()
        ended = await asyncio.gather(*(process.communicate() for process in finishing))
    assert [process.returncode for process in finishing] == [0, 0], ended
    server = DiscoveryServer()
    cache = DiskDiscovery(server.client(), DiskCache(tmp_path))
    assert len(await cache.server_groups()) == 22
    assert server.paths == []
