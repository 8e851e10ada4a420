"""Faults that last for an hour, and the requests of an informer in this time.

python -m tests.simulation.lasting        print the table
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from kubeloop import errors
from kubeloop.testing import virtual_time
from kubeloop.testing.apiserver.storage.stored import Key
from kubeloop.wire.response import Headers, Response
from tests.simulation.cluster import ODD, Cluster, Scope
from tests.simulation.connection_faults import without_initial_events
from tests.simulation.consumers import FLAVOURS, InformerRun
from tests.simulation.flow import Flow
from tests.simulation.judge import Judge
from tests.simulation.network import Network
from tests.simulation.response_faults import is_streaming_list

__all__ = ["HEAD", "LASTING", "Lasting", "Requests", "requests_during", "table"]

HEAD = ("fault", "requests", "in pages: lists", "watches", "bound")
HOUR = 3600.0
EVERY_SECOND, WITH_BACKOFF, WITH_RETRIES = 3700, 130, 1100
"""The most requests per hour: a watch per second; a back-off that grows to 30 s, and as much again at random; the same
with up to ten retries of each request, for which the server asks by a `Retry-After`.
"""


class Stage:
    """An informer of ConfigMaps that has synced, and a write per second."""

    def __init__(self, flavour: str) -> None:
        self.cluster = Cluster(Random(1), servers=2, window=None)
        self.network = Network(self.cluster)
        self.run = InformerRun(
            "informer",
            Scope("configmaps"),
            self.network,
            Judge(),
            Random(2),
            flavour=FLAVOURS[flavour],
            page_size=None,
            max_internal_error_retry=0.0,
            min_watch_timeout=None,
            resync_period=0.0,
        )
        self.link = self.run.link

    def fail(self, verb: str, error: Any, *, retry_after: float | None = None) -> None:
        self.link.rules.on(verb).fail(error, retry_after=retry_after)

    def answer(self, verb: str, body: bytes) -> None:
        response = Response(200, Headers([("Content-Type", "application/json")]), body)
        self.link.rules.on(verb).respond(lambda _: response)

    def shape(self, function: Callable[[Flow], None]) -> None:
        self.network.shapes[function] = function

    def shape_watches(self, function: Callable[[Flow], None]) -> None:
        self.shape(lambda flow: function(flow) if flow.is_watch else None)

    def rewrite(self, pattern: bytes, replacement: bytes, *, watches: bool) -> None:
        def shape(flow: Flow) -> None:
            if flow.is_watch is watches:
                flow.rewrite = lambda body: re.sub(pattern, replacement, body, count=0 if watches else 1)

        self.shape(shape)

    def error_after(self, events: int, code: int) -> None:
        """Report an error in each watch after some events."""
        frame = error_frame(code)

        def shape(flow: Flow) -> None:
            flow.rewrite = lambda body: b"".join(body.splitlines(keepends=True)[:events]) + frame

        self.shape_watches(shape)

    def hide_names(self, *, watches: bool) -> None:
        self.cluster.put(Key("configmaps", "one", f"{ODD}a"), app="a")
        self.rewrite(rb'"name":"odd-a"', b'"name":7', watches=watches)

    def later(self, seconds: float, name: str) -> Callable[[Flow], None]:
        loop = asyncio.get_running_loop()
        return lambda flow: loop.call_later(seconds, getattr(flow, name)) and None


def error_frame(code: int) -> bytes:
    """Return an ERROR event as the server writes it."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
    return json.dumps({"type": "ERROR", "object": status}, separators=(",", ":")).encode() + b"\n"


def refuse_streaming_lists(stage: Stage) -> None:
    stage.link.rules.on("watch", where=is_streaming_list).fail(errors.BadRequest)


def ignore_streaming_lists(stage: Stage) -> None:
    stage.network.changes[stage] = without_initial_events


@dataclass(frozen=True)
class Lasting:
    """A fault that lasts: its name in the table, how it begins, and the most requests per hour.

    Most faults begin with the loss of the watch, those of lists with its expiry.
    """

    name: str
    begin: Callable[[Stage], object]
    bound: int
    expires: bool = False


@dataclass(frozen=True)
class Requests:
    """What an informer sent in an hour."""

    lists: int
    watches: int


LASTING = (
    Lasting("none", lambda _: None, 20),
    Lasting("connections are refused", lambda stage: stage.fail("*", errors.ConnectError), WITH_BACKOFF),
    Lasting("the certificate of the server has expired", lambda stage: stage.fail("*", errors.TLSError), WITH_BACKOFF),
    Lasting(
        "connections break before the response", lambda stage: stage.fail("*", errors.ConnectionLost), WITH_RETRIES
    ),
    Lasting("nothing arrives any more", lambda stage: stage.shape(Flow.freeze), WITH_BACKOFF),
    Lasting("401", lambda stage: stage.fail("*", errors.Unauthorized), WITH_BACKOFF),
    Lasting("403", lambda stage: stage.fail("*", errors.Forbidden), WITH_BACKOFF),
    Lasting("404", lambda stage: stage.fail("*", errors.NotFound), WITH_BACKOFF),
    Lasting("429", lambda stage: stage.fail("*", errors.TooManyRequests), WITH_BACKOFF),
    Lasting("429, Retry-After: 0", lambda stage: stage.fail("*", errors.TooManyRequests, retry_after=0), WITH_RETRIES),
    Lasting("429, Retry-After: 1", lambda stage: stage.fail("*", errors.TooManyRequests, retry_after=1), WITH_RETRIES),
    Lasting(
        "429, Retry-After: 30", lambda stage: stage.fail("*", errors.TooManyRequests, retry_after=30), WITH_BACKOFF
    ),
    Lasting(
        "429, Retry-After: 600", lambda stage: stage.fail("*", errors.TooManyRequests, retry_after=600), WITH_BACKOFF
    ),
    Lasting("500", lambda stage: stage.fail("*", errors.InternalError), WITH_BACKOFF),
    Lasting(
        "503, Retry-After: 1", lambda stage: stage.fail("*", errors.ServiceUnavailable, retry_after=1), WITH_RETRIES
    ),
    Lasting("403 for watches only", lambda stage: stage.fail("watch", errors.Forbidden), 2 * WITH_BACKOFF),
    Lasting("500 for watches only", lambda stage: stage.fail("watch", errors.InternalError), 2 * WITH_BACKOFF),
    Lasting("410 for watches only", lambda stage: stage.fail("watch", errors.Expired), 3 * WITH_BACKOFF),
    Lasting("410 for lists only", lambda stage: stage.fail("list", errors.Expired), 2 * WITH_BACKOFF, expires=True),
    Lasting("each watch reports 410 at once", lambda stage: stage.error_after(0, 410), 3 * WITH_BACKOFF),
    Lasting("each watch reports 410 after one event", lambda stage: stage.error_after(1, 410), 2 * EVERY_SECOND),
    Lasting("each watch reports 500 after one event", lambda stage: stage.error_after(1, 500), 2 * EVERY_SECOND),
    Lasting("each watch ends at once", lambda stage: stage.answer("watch", b""), 2 * WITH_BACKOFF),
    Lasting("each watch breaks at once", lambda stage: stage.link.rules.on("watch").cut(after=0), 2 * WITH_BACKOFF),
    Lasting(
        "each watch ends after one event",
        lambda stage: stage.shape_watches(lambda flow: setattr(flow, "ends_after", 1)),
        EVERY_SECOND,
    ),
    Lasting("each watch breaks after 1.5 s", lambda stage: stage.shape_watches(stage.later(1.5, "cut")), EVERY_SECOND),
    Lasting(
        "lists break after 100 bytes",
        lambda stage: stage.link.rules.on("list").cut(after=100),
        WITH_RETRIES,
        expires=True,
    ),
    Lasting("lists are {}", lambda stage: stage.answer("list", b"{}"), WITH_BACKOFF, expires=True),
    Lasting(
        "lists are HTML", lambda stage: stage.answer("list", b"<html>Bad gateway</html>"), WITH_BACKOFF, expires=True
    ),
    Lasting("watches are HTML", lambda stage: stage.answer("watch", b"<html>Bad gateway</html>"), 2 * WITH_BACKOFF),
    Lasting(
        "lists have no version",
        lambda stage: stage.rewrite(rb'"metadata":\{"resourceVersion":"[0-9]+"', b'"metadata":{"x":""', watches=False),
        WITH_BACKOFF,
        expires=True,
    ),
    Lasting(
        "each page leads to itself",
        lambda stage: stage.rewrite(rb'"metadata":\{', b'"metadata":{"continue":"again",', watches=False),
        2 * WITH_BACKOFF,
        expires=True,
    ),
    Lasting("streaming lists are refused with 400", refuse_streaming_lists, 20, expires=True),
    Lasting("the server does not know streaming lists", ignore_streaming_lists, 20, expires=True),
    Lasting(
        "there are no bookmarks",
        lambda stage: stage.rewrite(rb'\{"type":"BOOKMARK".*\n', b"", watches=True),
        20,
        expires=True,
    ),
    Lasting(
        "an object in lists has no name", lambda stage: stage.hide_names(watches=False), WITH_BACKOFF, expires=True
    ),
    Lasting("an object in watches has no name", lambda stage: stage.hide_names(watches=True), 2 * WITH_BACKOFF),
)
"""Before each fault the informer has synced. The fault begins with the end of its watch."""


async def _play(lasting: Lasting, seconds: float, flavour: str) -> Requests:
    stage = Stage(flavour)
    writer = asyncio.get_running_loop().create_task(_write(stage.cluster))
    stage.run.add_handler("plain")
    stage.run.start()
    await asyncio.sleep(60.0)
    before = len(stage.link.attempts)
    lasting.begin(stage)
    for flow in stage.network.open_flows():
        if lasting.expires:
            flow.tell(error_frame(410))
        else:
            flow.lost()
    await asyncio.sleep(seconds)
    attempts = stage.link.attempts[before:]
    await stage.run.stop()
    writer.cancel()
    await asyncio.wait([writer])
    watches = sum(attempt.is_watch for attempt in attempts)
    return Requests(len(attempts) - watches, watches)


async def _write(cluster: Cluster) -> None:
    for number in range(10_000):
        cluster.put(Key("configmaps", "one", f"{ODD if number % 10 == 5 else ''}{'abc'[number % 3]}"), app="a")
        await asyncio.sleep(1.0)


def requests_during(lasting: Lasting, seconds: float = HOUR, *, flavour: str) -> Requests:
    """Return the requests of an informer while a fault lasts."""
    logger = logging.getLogger("kubeloop")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        return virtual_time.run(_play(lasting, seconds, flavour))
    finally:
        logger.setLevel(before)


def table() -> list[str]:
    """Return the table of the documentation, as Markdown."""
    lines = [f"| {' | '.join(HEAD)} |", "|---|---:|---:|---:|---:|"]
    for lasting in LASTING:
        streamed, paged = (requests_during(lasting, flavour=flavour) for flavour in ("typed", "typed paged"))
        cells = (lasting.name, streamed.lists + streamed.watches, paged.lists, paged.watches, lasting.bound)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
