"""TCP: a host's addresses, tried side by side, and the options of the sockets.

A connection attempt to the next address starts when the one before it has failed, or has not succeeded within a quarter
of a second; the first that succeeds is taken. So a dead address costs a quarter of a second, and not the time that is
there for all of them. This is done here rather than by the event loop's `create_connection`, because uvloop's has no
such race, and because that of asyncio loses the number of the error when several addresses failed.

Reference: RFC 8305 (Happy Eyeballs). Intended difference: Go's net.Dialer starts one fallback, for the other family,
and divides its time among the addresses of one family.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import suppress
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

__all__ = ["Candidate", "open_socket"]

# What getaddrinfo returns: family, kind, protocol, canonical name and the address itself, of the family's own shape.
Candidate: TypeAlias = tuple[int, int, int, str, tuple[Any, ...]]

_STAGGER_SECONDS = 0.25
_OPTIONS = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
    # An idle connection whose other end has gone is noticed within 45 seconds, as by client-go's HTTP/2 pings,
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 30),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 5),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
    # and one with bytes on their way, for which Linux sends no keep-alive probes, likewise (milliseconds).
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 45_000),
)
# Errors that say more about this machine than about the other one: it has IPv6 addresses, but no way out, for example.
_UNTELLING = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.ENETUNREACH})


async def _resolve(host: str, port: int) -> Sequence[Candidate]:
    loop = asyncio.get_running_loop()
    with suppress(socket.gaierror):  # an address needs no thread
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)


async def _connect(candidate: Candidate) -> socket.socket:
    family, kind, protocol, _, address = candidate
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setblocking(False)
        for level, name, value in _OPTIONS:
            if (option := getattr(socket, name, None)) is not None:
                opened.setsockopt(level, option, value)
        await asyncio.get_running_loop().sock_connect(opened, _with_zone(address))
    except BaseException:
        opened.close()
        raise
    return opened


async def open_socket(
    host: str,
    port: int,
    *,
    resolve: Callable[[str, int], Awaitable[Sequence[Candidate]]] = _resolve,
    connect: Callable[[Candidate], Awaitable[socket.socket]] = _connect,
) -> socket.socket:
    """Connect to the first address of a host that can be reached.

    Args:
        host: A name in ASCII or an address, with its zone.
        port: The port.
        resolve: How to find the host's addresses.
        connect: How to connect to one of them; it closes what it opened when it fails or is cancelled.

    Raises:
        socket.gaierror: The host has no address.
        OSError: No address can be reached. Of several errors, one that says most about the host.

    Concurrency: Cancelling ends all attempts before it is passed on.
    """
    candidates = await resolve(host, port)
    if not candidates:
        raise socket.gaierror(socket.EAI_NONAME, "no address")
    opened: list[socket.socket] = []
    failures: list[OSError] = []
    progress = asyncio.Event()

    async def attempt(candidate: Candidate) -> None:
        try:
            opened.append(await connect(candidate))
        except OSError as error:
            failures.append(error)
        progress.set()

    async def attempt_all(group: asyncio.TaskGroup) -> None:
        attempts: list[asyncio.Task[None]] = []
        for candidate in _interleaved(candidates):
            progress.clear()
            attempts.append(group.create_task(attempt(candidate)))
            with suppress(TimeoutError):
                async with asyncio.timeout(_STAGGER_SECONDS):
                    await progress.wait()
            if opened:
                break
        while not opened and len(failures) < len(attempts):
            progress.clear()
            await progress.wait()
        for each in attempts:
            each.cancel()

    try:
        async with asyncio.TaskGroup() as group:
            await attempt_all(group)
    except BaseException:
        _close(opened)
        raise
    if not opened:
        raise next((each for each in failures if each.errno not in _UNTELLING), failures[0])
    _close(opened[1:])
    return opened[0]


def _interleaved(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates in their order, but the families in turn."""
    families: dict[int, list[Candidate]] = {}
    for each in candidates:
        families.setdefault(each[0], []).append(each)
    return [each for turn in zip_longest(*families.values()) for each in turn if each is not None]


def _with_zone(address: tuple[Any, ...]) -> tuple[Any, ...]:
    """Write the zone of an IPv6 address beside its host too: uvloop looks nowhere else."""
    if len(address) == 4 and address[3]:
        return (f"{address[0].partition('%')[0]}%{address[3]}", *address[1:])
    return address


def _close(sockets: Iterable[socket.socket]) -> None:
    for each in sockets:
        each.close()
