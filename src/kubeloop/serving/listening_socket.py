"""One socket for all addresses of a host, IPv6 and IPv4."""

from __future__ import annotations

import socket
from contextlib import suppress

__all__ = ["socket_on_all_addresses"]


def socket_on_all_addresses(port: int, *, shares_port: bool = False) -> socket.socket:
    """Return a bound socket that accepts connections to every address of the host, whether IPv6 is available or not.

    One socket and not one per family, as asyncio would create them, so that port 0 chooses one port.

    Args:
        port: The port; 0 for one that is free.
        shares_port: Whether other sockets of the same user may be bound to the port too (`SO_REUSEPORT`).

    Raises:
        OSError: The port cannot be bound.
    """
    if socket.has_dualstack_ipv6():
        with suppress(OSError):
            return socket.create_server(
                ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, reuse_port=shares_port
            )
    return socket.create_server(("0.0.0.0", port), reuse_port=shares_port)  # noqa: S104  # all addresses, as it says
