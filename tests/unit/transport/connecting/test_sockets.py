"""The race of a host's addresses: their order, the start of the next attempt, the error, the closed sockets."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
from collections.abc import Sequence

import pytest

from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.transport.connecting.sockets import Candidate, _with_zone, open_socket

V4, V6 = socket.AF_INET, socket.AF_INET6


def candidate(name: str) -> Candidate:
    family = V6 if name.startswith("6") else V4
    return family, socket.SOCK_STREAM, 0, "", (name, 443)


class Network:
    """Addresses that connect, or fail, after a time. An address without an entry never responds."""

    def __init__(self, *names: str, after: dict[str, tuple[float, int]]) -> None:
        self.names = names
        self.after = after
        self.started: list[tuple[str, float]] = []
        self.opened: dict[str, socket.socket] = {}
        self.cancelled: list[str] = []

    async def resolve(self, host: str, port: int) -> Sequence[Candidate]:
        assert (host, port) == ("server.example", 443)
        return [candidate(name) for name in self.names]

    async def connect(self, chosen: Candidate) -> socket.socket:
        name: str = chosen[4][0]
        self.started.append((name, elapsed()))
        try:
            delay, number = self.after.get(name, (1e9, 0))
            await asyncio.sleep(delay)
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        if number:
            raise OSError(number, os.strerror(number))
        self.opened[name] = socket.socket()
        return self.opened[name]

    async def open(self) -> str:
        taken = await open_socket("server.example", 443, resolve=self.resolve, connect=self.connect)
        name = next(name for name, each in self.opened.items() if each is taken)
        taken.close()
        return name

    @property
    def is_closed(self) -> bool:
        return all(each.fileno() == -1 for each in self.opened.values())


@in_virtual_time
async def test_families_take_turns_and_a_dead_address_costs_a_quarter_of_a_second() -> None:
    network = Network("6a", "6b", "4a", "4b", after={"4b": (0.1, 0)})
    assert await network.open() == "4b"
    assert network.started == [("6a", 0.0), ("4a", 0.25), ("6b", 0.5), ("4b", 0.75)]
    assert elapsed() == 0.85
    assert network.cancelled == ["6a", "4a", "6b"]
    assert network.is_closed


@in_virtual_time
async def test_an_address_that_fails_costs_no_more_than_that() -> None:
    network = Network("6a", "4a", after={"6a": (0.1, errno.ECONNREFUSED), "4a": (0.0, 0)})
    assert await network.open() == "4a"
    assert network.started == [("6a", 0.0), ("4a", 0.1)]


@in_virtual_time
async def test_no_further_address_is_tried_once_one_is_reached() -> None:
    network = Network("4a", "4b", after={"4a": (0.2, 0)})
    assert await network.open() == "4a"
    assert network.started == [("4a", 0.0)]


@in_virtual_time
async def test_a_slow_address_may_still_win() -> None:
    network = Network("4a", "4b", "4c", after={"4a": (0.6, 0), "4b": (0.2, errno.EHOSTUNREACH)})
    assert await network.open() == "4a"
    assert [name for name, _ in network.started] == ["4a", "4b", "4c"]
    assert network.cancelled == ["4c"]


@in_virtual_time
async def test_of_two_that_are_reached_at_once_one_is_closed() -> None:
    network = Network("4a", "4b", after={"4a": (0.45, 0), "4b": (0.2, 0)})
    await network.open()
    assert len(network.opened) == 2
    assert network.is_closed


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((errno.ECONNREFUSED,), errno.ECONNREFUSED),
        ((errno.ENETUNREACH, errno.ECONNREFUSED), errno.ECONNREFUSED),
        ((errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EHOSTUNREACH), errno.EHOSTUNREACH),
        ((errno.ECONNREFUSED, errno.EHOSTUNREACH), errno.ECONNREFUSED),
        ((errno.ENETUNREACH, errno.EADDRNOTAVAIL), errno.ENETUNREACH),
        ((errno.EMFILE, errno.EMFILE), errno.EMFILE),
    ],
)
@in_virtual_time
async def test_of_several_errors_the_most_specific_one_is_raised(numbers: tuple[int, ...], told: int) -> None:
    names = [f"4{number}" for number in range(len(numbers))]
    network = Network(*names, after={name: (0.1, number) for name, number in zip(names, numbers, strict=True)})
    with pytest.raises(OSError, match=os.strerror(told)) as caught:
        await network.open()
    assert caught.value.errno == told
    assert len(network.started) == len(numbers)


@in_virtual_time
async def test_a_host_without_an_address() -> None:
    with pytest.raises(socket.gaierror):
        await Network(after={}).open()


@in_virtual_time
async def test_cancelling_closes_what_was_reached_and_ends_what_was_not() -> None:
    for turns in range(12):
        network = Network("6a", "4a", "4b", after={"6a": (0.3, 0), "4a": (0.05, 0)})
        task = asyncio.create_task(network.open())
        await asyncio.sleep(0.3)
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert network.is_closed
    network = Network("4a", "4b", after={})
    task = asyncio.create_task(network.open())
    await asyncio.sleep(0.4)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(network.cancelled) == ["4a", "4b"]


async def test_sockets_of_addresses_that_refuse_are_closed() -> None:
    """On the real loops; a socket that stays open fails the test."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        ports = [unused.getsockname()[1], server.getsockname()[1]]

        async def resolve(host: str, port: int) -> Sequence[Candidate]:
            return [(V4, socket.SOCK_STREAM, 6, "", ("127.0.0.1", each)) for each in ports]

        opened = await open_socket("server.example", 443, resolve=resolve)
        assert opened.getpeername() == ("127.0.0.1", ports[1])
        opened.close()
        del ports[1]
        with pytest.raises(ConnectionRefusedError):
            await open_socket("server.example", 443, resolve=resolve)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems number their interfaces in other ways")
async def test_the_zone_of_an_address_reaches_the_system() -> None:
    """The loopback interface has no link-local addresses; without a zone the test could not see a difference."""
    with pytest.raises(OSError, match="unreachable"):
        await open_socket("fe80::1%lo", 443)
    with pytest.raises(OSError, match="Invalid argument"):
        await open_socket("fe80::1", 443)


def test_a_zone_is_written_beside_the_host_and_nothing_else_changes() -> None:
    assert _with_zone(("fe80::1", 443, 5, 2)) == ("fe80::1%2", 443, 5, 2)
    assert _with_zone(("fe80::1%eth0", 443, 0, 2)) == ("fe80::1%2", 443, 0, 2)
    assert _with_zone(("fd00::1", 443, 0, 0)) == ("fd00::1", 443, 0, 0)
    assert _with_zone(("10.1.2.3", 443)) == ("10.1.2.3", 443)
