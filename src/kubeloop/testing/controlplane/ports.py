"""Ports on the loopback interface that stay ours, also while the server on them is dead.

A port that is only looked up and let go may be taken by anybody before the server binds it. Worse, a client that
reconnects to a killed server can get that very port as its own source port and end up talking to itself. So each port
is held by a socket that is bound, with `SO_REUSEPORT`, but never listens; the servers bind beside it with the same
option (`--permit-port-sharing`, `--socket-reuse-port`).
"""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


class ReservedPort:
    """A free TCP port of the loopback interface, kept until `release()`."""

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
        """Let the port go."""
        self._socket.close()

    def __repr__(self) -> str:
        return f"<ReservedPort {self.number}>"
