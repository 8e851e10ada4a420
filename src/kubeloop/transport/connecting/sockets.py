"""Opening TCP sockets: attempts to all addresses of a host in parallel, and the socket options.

`create_connection` of the event loop is not used, because that of uvloop tries one address after the other, and that of
asyncio loses the error number if several addresses fail.
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

# An item of getaddrinfo: family, kind, protocol, canonical name, and the address in the form of its family.
Candidate: TypeAlias = tuple[int, int, int, str, tuple[Any, ...]]

_STAGGER_SECONDS = 0.25
_OPTIONS = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
    # The loss of the other end is noticed within 45 seconds on an idle connection, as by client-go's HTTP/2 pings,
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 30),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 5),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
    # and also (in milliseconds) with unacknowledged bytes, for which Linux sends no keep-alive probes.
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 45_000),
)
# Errors caused by this machine, for example because it has IPv6 addresses but no route. Other errors are preferred.
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
    """Connect to a host and return the socket of the first address that accepts the connection.

    The attempt for the next address starts when the previous one has failed or has taken a quarter of a second, so that
    an unreachable address costs only this time. Address families take turns.

    Args:
        host: A name in ASCII, or an address with its zone.
        port: The port.
        resolve: Looks up the addresses of the host.
        connect: Connects to one address. It closes its socket if it fails or is cancelled.

    Raises:
        socket.gaierror: The host has no address.
        OSError: No address accepts the connection. Of several errors, the one that says most about the host.

    Concurrency: Cancellation first ends all attempts.

    Reference: RFC 8305 (Happy Eyeballs). Intended difference: Go's net.Dialer starts one fallback for the other family
        and divides the time among the addresses of one family.
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
    """Return the candidates so that the address families take turns and each keeps its order."""
    families: dict[int, list[Candidate]] = {}
    for each in candidates:
        families.setdefault(each[0], []).append(each)
    return [each for turn in zip_longest(*families.values()) for each in turn if each is not None]


def _with_zone(address: tuple[Any, ...]) -> tuple[Any, ...]:
    """Append the zone of an IPv6 address to its host, because uvloop ignores the scope number."""
    if len(address) == 4 and address[3]:
        return (f"{address[0].partition('%')[0]}%{address[3]}", *address[1:])
    return address


def _close(sockets: Iterable[socket.socket]) -> None:
    for each in sockets:
        each.close()
