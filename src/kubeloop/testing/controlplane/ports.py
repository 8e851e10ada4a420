"""Ports on the loopback interface that stay reserved while their server does not run.

Otherwise another program could bind the port, or a client that reconnects to a killed server could get it as its own
source port and talk to itself. So a bound socket that never listens holds the port with `SO_REUSEPORT`, and the servers
bind the port with the same option (`--permit-port-sharing`, `--socket-reuse-port`).
"""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


class ReservedPort:
    """A free TCP port of the loopback interface, reserved until `release`."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self._socket.bind((LOOPBACK, 0))
        except BaseException:
            self._socket.close()
            raise
        self.number: int = self._socket.getsockname()[1]

    def release(self) -> None:
        """Release the port."""
        self._socket.close()

    def __repr__(self) -> str:
        return f"<ReservedPort {self.number}>"
