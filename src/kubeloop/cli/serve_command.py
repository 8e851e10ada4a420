"""`kubeloop serve`: the API server in Python as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import errno
import signal
import sys
from pathlib import Path
from typing import Any

__all__ = ["add_serve"]


def add_serve(commands: argparse._SubParsersAction[Any]) -> None:  # argparse has no public name for it
    """Add the command and its options."""
    text = "run a Kubernetes API server on the loopback interface, for tests and for trying things out"
    parser = commands.add_parser("serve", help=text, description=text)
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the objects in DIR; without it in memory")
    parser.add_argument("--port", type=_port, default=0, help="the port; 0, the default, chooses a free one")
    parser.add_argument("--kubeconfig", type=Path, metavar="FILE", help="where to write the kubeconfig")
    parser.add_argument("--tls", action="store_true", help="encrypt connections; needs the package cryptography")
    parser.add_argument(
        "--token", default="", help="require this bearer token, which is in the kubeconfig too; needs --tls"
    )
    parser.add_argument("--permit-port-sharing", action="store_true", help="bind the port with SO_REUSEPORT")
    parser.add_argument("--no-controllers", action="store_true", help="run no garbage collection and the like")
    parser.set_defaults(run=_run)


def _port(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else -1
    if number not in range(65536):
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, got {text}")
    return number


def _run(options: argparse.Namespace) -> int:
    from kubeloop.testing.apiserver.storage.storage_error import StorageError

    try:
        asyncio.run(_serve(options))
    except (StorageError, ModuleNotFoundError) as error:
        raise ValueError(str(error)) from error  # of which the command prints one line
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise ValueError(
            f"cannot listen on port {options.port}: the address is in use; choose another --port"
        ) from error
    return 0


async def _serve(options: argparse.Namespace) -> None:
    from kubeloop.testing.apiserver.api_server import CONTROLLERS, APIServer
    from kubeloop.testing.apiserver.listener import Listener
    from kubeloop.testing.apiserver.storage.data_directory import open_storage
    from kubeloop.testing.apiserver.storage.storage import Storage

    data: Path | None = options.data
    storage = Storage() if data is None else open_storage(data)
    try:
        api = APIServer(storage=storage, controllers=() if options.no_controllers else CONTROLLERS, token=options.token)
        listening = Listener(
            api,
            port=options.port,
            tls=options.tls,
            directory=data,
            kubeconfig=options.kubeconfig,
            shares_port=options.permit_port_sharing,
        )
        async with listening as listener:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop.set)
            print(listener.kubeconfig, flush=True)
            print(f"kubeloop serve: {api!r} listens on {listener.url}; Ctrl-C ends it", file=sys.stderr, flush=True)
            await stop.wait()
    finally:
        storage.close()
