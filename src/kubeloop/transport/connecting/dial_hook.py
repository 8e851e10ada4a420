"""Calling `Config.dial`, and checking its result."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from kubeloop.config.hooks import Dial

__all__ = ["HookFailure", "call_dial"]


class HookFailure(Exception):
    """`Config.dial` raised an exception that does not say that the network failed; `reason` is that exception."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__(reason)
        self.reason = reason


async def call_dial(dial: Dial, host: str, port: int) -> socket.socket:
    """Call the function of a config that opens sockets, and return its socket.

    Raises:
        OSError: The function could not connect.
        HookFailure: The function raised another exception.
        TypeError: The result is not a plain socket.
        ValueError: The socket is not a connected stream socket.

    Concurrency: Cancellation is that of the function. A function that raises `CancelledError` although nobody cancelled
        the call, for example because it awaited a task that was cancelled, has failed.
    """
    try:
        opened = cast("object", await dial(host, port))  # programs without a type checker return anything
    except ssl.SSLError as error:  # of a connection of the function, not of the connection to the server
        raise HookFailure(error) from None
    except OSError:
        raise
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise HookFailure(error) from None
    except Exception as error:
        raise HookFailure(error) from None
    if not isinstance(opened, socket.socket):
        raise TypeError(f"Config.dial: expected a connected socket.socket, got {type(opened).__name__}")
    try:
        _check(opened)
    except BaseException:
        opened.close()
        raise
    return opened


def _check(opened: socket.socket) -> None:
    if isinstance(opened, ssl.SSLSocket):
        raise TypeError("Config.dial: expected a socket without TLS, which kubeloop adds, got an SSLSocket")
    if opened.type != socket.SOCK_STREAM:
        raise ValueError(f"Config.dial: expected a stream socket, got {opened.type.name}")
    try:
        opened.getpeername()
    except OSError:
        raise ValueError("Config.dial: expected a connected socket, got a socket that is not connected") from None
