"""The split of a response into packets and TLS records changes nothing: 3,000 responses are split in 100,000 ways.

`test_golden.py` compares responses that arrive in one piece with those of Go; here each is compared with itself.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from tests.support.certificates import authority, server_context
from tests.support.wire import EncryptedWire, Wire

from .judgement import recorded
from .ours.responses import Replayed, connect, interrupt, output, read_on, replay, replay_on

SMALL_BYTES = 4096
RANDOM_WAYS, WAYS_OF_LARGE = 36, 3
SHARDS = 10
SHOWN = 5

Case = dict[str, Any]
Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


@cache
def cases() -> list[Case]:
    return [case for case, _ in recorded("responses")]


def ways(data: bytes) -> int:
    """Return how often a response is split: at random, and byte by byte if it is small."""
    return 1 + RANDOM_WAYS if len(data) <= SMALL_BYTES else WAYS_OF_LARGE


def cuts(case: Case) -> Iterator[list[bytes]]:
    random = Random(repr(case))
    data = output(case)
    count = ways(data)
    if len(data) <= SMALL_BYTES:
        yield [data[at : at + 1] for at in range(len(data))]
        count -= 1
    for _ in range(count):
        yield cut(random, data)


def cut(random: Random, data: bytes) -> list[bytes]:
    """Split a response in some places; half of these are beside the end of a line, where a parser changes its state."""
    places = {random.randrange(len(data) + 1) for _ in range(random.randint(1, 5))}
    ends = [at + shift for at, byte in enumerate(data[: 1 << 16]) if byte in b"\r\n" for shift in (0, 1)]
    places.update(random.sample(ends, min(len(ends), random.randint(0, 5))))
    return [data[start:end] for start, end in pairwise([0, *sorted(places), len(data)]) if start < end]


def test_there_are_enough_responses_and_ways() -> None:
    distinct = {(case["method"], output(case), case["end"]) for case in cases()}

    assert len(distinct) == len(cases()) >= 2000
    assert sum(ways(data) for _, data, _ in distinct) >= 100_000


@pytest.mark.parametrize("shard", range(SHARDS))
def test_packets_change_no_result(shard: int) -> None:
    differing = asyncio.run(compare(cases()[shard::SHARDS]))

    shown = "\n".join(differing[:SHOWN])
    assert not differing, f"{len(differing)} responses depend on how they are cut; the first:\n{shown}"


async def compare(chosen: list[Case]) -> list[str]:
    """Return the cases whose result depends on the split, each with the first split that shows the difference."""
    differing: list[str] = []
    for case in chosen:
        whole = await replay(case, [output(case)])
        for index, pieces in enumerate(cuts(case)):
            got = await replay(case, pieces, is_eager=index % 2 == 1)
            if got != whole:
                differing.append(f"{case}\n  whole: {whole}\n  cut:   {got}\n  into:  {pieces[:20]}")
                break
    return differing


async def test_what_one_response_was_changes_nothing_about_the_next() -> None:
    """Each response that leaves the connection reusable is followed by any other."""
    random = Random(1)
    for case, go in recorded("responses"):
        if not go.get("reused"):
            continue
        following = random.choice(cases())
        connection = connect()
        wire = Wire(connection)
        first = await read_on(connection, wire, case, cut(random, output(case)))
        if first.result.get("reused"):
            second = await replay_on(connection, wire, following, cut(random, output(following)), is_eager=True)
            assert second == await replay(following, [output(following)]), (case, following)


@pytest.mark.parametrize("how", ["cancel", "reset", "abort", "end"])
async def test_an_interruption_leaves_nobody_waiting(how: str) -> None:
    random = Random(how)
    for case in cases()[::5]:
        pieces = cut(random, output(case))
        await interrupt(case, pieces[: random.randrange(len(pieces) + 1)], how)


@pytest.mark.parametrize("size", [0, 4, 9, 16, 20, 37, 40])
async def test_an_early_end_is_distinguished_from_invalid_bytes(size: int) -> None:
    """Only an early end may be worth another attempt."""
    case = {"method": "GET", "output": ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"[:size]], "end": "close"}

    assert (await replay(case, [output(case)])).failure == "Broken"


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Contexts:
    """Return the settings of the two sides: server and client."""
    pair = authority().sign("server")
    client = ssl.create_default_context(cadata=authority().certificate.decode())
    return server_context(pair, tmp_path_factory.mktemp("tls")), client


async def test_records_change_no_result(contexts: Contexts) -> None:
    """Each piece is a record, and the bytes of the records arrive in pieces of their own."""
    for case in cases()[::15]:
        whole = await replay(case, [output(case)])
        for seed in range(3):
            random = Random(f"{seed} {case!r}")
            pieces = cut(random, output(case)) if seed else [output(case)]
            assert await replay_encrypted(contexts, random, case, pieces) == whole, (case, pieces)


@pytest.mark.parametrize("head", ["HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\nConnection: close\r\n"])
async def test_an_end_without_the_alert_ends_no_body(contexts: Contexts, head: str) -> None:
    """Anybody between client and server could end the body there; Go delivers it."""
    case = {"method": "GET", "output": [f"{head}\r\nhello"], "end": "close"}

    told = await replay_encrypted(contexts, Random(1), case, [output(case)])
    cut_off = await replay_encrypted(contexts, Random(1), case, [output(case)], tells_end=False)

    assert told.result["end"] == "whole"
    assert (cut_off.result["end"], cut_off.result["body"], cut_off.failure) == ("broken", "hello", "Broken")


async def replay_encrypted(
    contexts: Contexts, random: Random, case: Case, pieces: list[bytes], *, tells_end: bool = True
) -> Replayed:
    server, client = contexts
    connection = connect()
    wire = EncryptedWire(random, server, tells_end=tells_end)
    await wire.connect(connection, client)
    return await replay_on(connection, wire, case, pieces, is_eager=random.random() < 0.5)
