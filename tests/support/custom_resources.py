"""Custom resources of a real server, and packages generated for these resources, for as long as a block runs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubeloop.cli import main
from tests.support.real_clientset import connect

__all__ = ["generated", "served"]


@contextmanager
def generated(package: str, folder: Path, *files: Path) -> Iterator[Path]:
    """Generate a package that can be imported into a folder, from files of definitions; yield the folder."""
    assert main(["generate", "--crd", *map(str, files), "--out", str(folder / package)]) == 0
    sys.path.insert(0, str(folder))
    try:
        yield folder / package
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]


@contextmanager
def served(kubeconfig: Path, definitions: Sequence[Any]) -> Iterator[None]:
    """Install definitions and wait until the server has established them; remove them at the end."""
    asyncio.run(_install(kubeconfig, definitions))
    try:
        yield
    finally:
        asyncio.run(_remove(kubeconfig, definitions))


async def _install(kubeconfig: Path, definitions: Sequence[Any]) -> None:
    async with connect(kubeconfig) as clientset:
        crds = clientset.apiextensions_v1.custom_resource_definitions()
        await asyncio.gather(*(crds.create(definition) for definition in definitions))
        waiting = {definition["metadata"]["name"] for definition in definitions}
        async with crds.watch(timeout=60) as events:
            async for event in events:
                if any(one.type == "Established" and one.status == "True" for one in event.object.status.conditions):
                    waiting.discard(event.object.metadata.name)
                if not waiting:
                    break
    assert waiting == set(), "custom resources that the server did not establish"


async def _remove(kubeconfig: Path, definitions: Sequence[Any]) -> None:
    async with connect(kubeconfig) as clientset:
        crds = clientset.apiextensions_v1.custom_resource_definitions()
        await asyncio.gather(*(crds.delete(definition["metadata"]["name"]) for definition in definitions))
