"""The disturbances of a run, each a function, and the time table of a round of them."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

import kubeloop
from kubeloop.testing import ControlPlane
from kubeloop.testing.controlplane.plane import ComponentName
from tests.soak.programs import Program
from tests.soak.tokens import Tokens
from tests.support.middle_box import MiddleBox

__all__ = ["DISTURBANCES", "Scene", "disturb", "time_table"]

SILENCE = 205
"""The seconds after which every client has noticed that a connection is silent: 180, and twice the time of a check."""

T = TypeVar("T")


@dataclass
class Scene:
    """What disturbances act on.

    Attributes:
        plane: The control plane.
        box: The proxy between the program under test and the API server.
        tokens: The tokens of the program under test.
        subject: The program under test.
        skips: Whether waits for silence move the clock of the program under test, instead of lasting.
        pause: The seconds for which a server is away.
        counts: The disturbances so far, by name.
    """

    plane: ControlPlane
    box: MiddleBox
    tokens: Tokens
    subject: Program
    skips: bool
    pause: float
    counts: Counter[str] = field(default_factory=Counter[str])
    servers: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def be_silent(self) -> None:
        """Wait until clients have noticed silence."""
        if self.skips:
            await self.subject.ask("skip", seconds=SILENCE)
        else:
            await asyncio.sleep(SILENCE)


Disturbance = Callable[[Scene], Awaitable[None]]


async def kill_the_api_server(scene: Scene) -> None:
    async with scene.servers:
        await _restart(scene, "kube-apiserver")


async def restart_etcd(scene: Scene) -> None:
    async with scene.servers:
        await _restart(scene, "etcd")


async def compact(scene: Scene) -> None:
    """Compact the history in etcd, so that older versions expire."""
    async with scene.servers:
        await asyncio.to_thread(_compact, scene.plane.etcd_url)


async def rotate_the_token(scene: Scene) -> None:
    """Write a new token, and revoke the old one."""
    async with scene.servers:
        scene.tokens.write(await _certainly(scene.tokens.issue))
        await _certainly(scene.tokens.revoke)


async def rotate_the_token_late(scene: Scene) -> None:
    """Revoke the token, restart the API server, which remembers accepted tokens, and only then write the new one."""
    async with scene.servers:
        token = await _certainly(scene.tokens.issue)
        await _certainly(scene.tokens.revoke)
        await _restart(scene, "kube-apiserver")
        await asyncio.sleep(scene.pause)
        scene.tokens.write(token)


async def cut(scene: Scene) -> None:
    scene.box.cut()


async def reset(scene: Scene) -> None:
    scene.box.cut(reset=True)


async def cut_inside_a_record(scene: Scene) -> None:
    scene.box.cut_inside()


async def refuse(scene: Scene) -> None:
    """Refuse connections for a while, and cut those that are open."""
    scene.box.refuse()
    scene.box.cut()
    await asyncio.sleep(scene.pause)
    await scene.box.accept()


async def forget_connections(scene: Scene) -> None:
    """Swallow all packets of the connections that are open, for ever."""
    scene.box.hold()
    await scene.be_silent()


async def swallow_everything(scene: Scene) -> None:
    """Swallow all packets, those of new connections too, for longer than silence may last."""
    scene.box.swallow()
    await scene.be_silent()
    scene.box.release()


DISTURBANCES: dict[str, Disturbance] = {
    "API server killed": kill_the_api_server,
    "etcd killed": restart_etcd,
    "compaction": compact,
    "token rotated": rotate_the_token,
    "token rotated late": rotate_the_token_late,
    "connections cut": cut,
    "connections reset": reset,
    "cut inside a record": cut_inside_a_record,
    "refused": refuse,
    "connections forgotten": forget_connections,
    "everything swallowed": swallow_everything,
}
"""The disturbances, by the name that a report shows."""

ROUND = 230.0
"""The seconds within which the disturbances of a round begin."""

EACH_TIME = ("API server killed", "compaction", "connections cut", "connections reset", "cut inside a record")
IN_TURN = (("refused", "token rotated"), ("etcd killed", "token rotated late"))
LASTING = ("connections forgotten", "everything swallowed")


def time_table(number: int, random: Random) -> list[tuple[float, str]]:
    """Return what happens in a round, with the seconds after which it begins.

    The first round has every disturbance, so that what a program needs once for each of them does not look like growth.

    Args:
        number: The number of the round, from 0.
        random: Chooses the times.
    """
    names = [*EACH_TIME, *EACH_TIME, *(itertools.chain(*IN_TURN) if number == 0 else IN_TURN[number % 2])]
    table = [(random.random() * ROUND, name) for name in names]
    # What lasts begins early in a round: one of these, or one after the other.
    table += [(0.0, LASTING[0]), (ROUND, LASTING[1])] if number == 0 else [(0.0, LASTING[number % 2])]
    return sorted(table)


async def disturb(scene: Scene, name: str) -> None:
    """Cause a disturbance, and count it."""
    await DISTURBANCES[name](scene)
    scene.counts[name] += 1


async def _restart(scene: Scene, component: ComponentName) -> None:
    await scene.plane.kill(component)
    try:
        await asyncio.sleep(scene.pause)
    finally:  # a run that fails leaves the servers as it found them
        await scene.plane.restart(component)


async def _certainly(write: Callable[[], Awaitable[T]]) -> T:
    """Repeat a write until the server, which may have started a moment ago, carries it out."""
    while True:
        try:
            return await write()
        except (kubeloop.TransportError, kubeloop.APIError):
            await asyncio.sleep(0.3)


def _compact(etcd: str) -> None:
    """Compact the whole history, through the JSON gateway of etcd."""
    revision = _post(f"{etcd}/v3/kv/range", {"key": base64.b64encode(b"\0").decode()})["header"]["revision"]
    _post(f"{etcd}/v3/kv/compaction", {"revision": revision, "physical": True})


def _post(url: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read())
