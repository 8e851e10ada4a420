"""One socket that listens on all addresses of a host, IPv6 and IPv4."""

from __future__ import annotations

import errno
import socket

__all__ = ["socket_on_all_addresses"]

_WITHOUT_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def socket_on_all_addresses(port: int, *, shares_port: bool = False) -> socket.socket:
    """Return a listening socket that accepts connections to every address of the host, also of a host without IPv6.

    It is one socket, so that port 0 chooses one port: asyncio would create one socket per family, with a port for each.

    Args:
        port: The port; 0 for one that is free.
        shares_port: Whether other sockets of the same user may be bound to the port too (`SO_REUSEPORT`).

    Raises:
        OSError: The port cannot be bound.
    """
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(
                ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, reuse_port=shares_port
            )
        except OSError as error:
            if error.errno not in _WITHOUT_IPV6:
                raise
    return socket.create_server(("0.0.0.0", port), reuse_port=shares_port)  # noqa: S104  # the purpose
