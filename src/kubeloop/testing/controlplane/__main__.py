"""`python -m kubeloop.testing.controlplane build | run | go`: prepare the servers, or run a control plane by hand."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from . import steps
from .binaries import WANTED_VERSION, cache_directory, find_steps
from .build import find_go
from .plane import ControlPlane, ControlPlaneError, report_to_stderr


def main() -> int:
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m kubeloop.testing.controlplane", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="find the servers, and build them when there are none")
    commands.add_parser("go", help="print the path of a Go that can build them; install one when there is none")
    run = commands.add_parser("run", help="run a control plane until Ctrl-C")
    run.add_argument("--controller-manager", action="store_true", help="run kube-controller-manager too")
    arguments = parser.parse_args()
    try:
        if arguments.command == "build":
            found = steps.run(find_steps(version=WANTED_VERSION, controller_manager=False, report=report_to_stderr))
            print(f"control plane {found.version} from {found.source}: {found.api_server[0]}")
        elif arguments.command == "go":
            print(steps.run(find_go(cache_directory(), report_to_stderr)))
        else:
            asyncio.run(_run(controller_manager=arguments.controller_manager))
    except ControlPlaneError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def _run(*, controller_manager: bool) -> None:
    async with ControlPlane(controller_manager=controller_manager) as plane:
        print(f"Kubernetes {plane.version} at {plane.url}; stop it with Ctrl-C")
        print(f"export KUBECONFIG={plane.kubeconfig}", flush=True)
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        with contextlib.suppress(asyncio.CancelledError):
            await stopped.wait()


if __name__ == "__main__":
    sys.exit(main())
