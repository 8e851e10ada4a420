"""The command `kubeloop`: `kubeloop generate` writes typed models, clients and informers for custom resources."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from kubeloop.cli.generate import add_generate
from kubeloop.codegen.source import printable
from kubeloop.errors import KubeloopError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The words after `kubeloop`; None takes those of the process.

    Returns:
        The exit status: 0, or 1 when something failed, which one line on standard error explains.
    """
    parser = argparse.ArgumentParser(prog="kubeloop", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_generate(commands)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except (KubeloopError, ValueError, OSError) as error:
        # What a file or a server said may be in it: one line, and nothing that a terminal would obey.
        print(printable(f"kubeloop: {error}"), file=sys.stderr)
        return 1
