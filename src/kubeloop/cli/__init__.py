"""The command `kubeloop`: `generate` writes typed classes, `config` changes kubeconfigs, `serve` is an API server."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from kubeloop._kit.log_level import log_to_stderr
from kubeloop.cli.config_command import add_config
from kubeloop.cli.generate import add_generate
from kubeloop.cli.serve_command import add_serve
from kubeloop.codegen.source_text import printable
from kubeloop.errors import KubeloopError
from kubeloop.version import __version__

__all__ = ["main"]

_ABOUT = """\
kubeloop is client-go for Python: typed Kubernetes clients, informers and work queues.
Programs import it; this command writes the same typed classes for your custom resources, changes kubeconfigs, and runs
an API server for tests."""
_EXAMPLE = """\
example: kubeloop generate --crd crds/*.yaml --out myoperator/api
`kubeloop COMMAND --help` explains the options of a command; help(kubeloop) in Python explains the library."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Without a subcommand, print the version, the purpose and the subcommands.

    Args:
        arguments: The words after `kubeloop`. None means those of the process.

    Returns:
        The exit status: 0; 1 after a failure, which one line on standard error explains; or 130 after Ctrl-C.
    """
    version = f"kubeloop {__version__}"
    parser = argparse.ArgumentParser(
        prog="kubeloop",
        description=_ABOUT,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=version, help="print the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    add_generate(commands)
    add_config(commands)
    add_serve(commands)
    options = parser.parse_args(arguments)
    if "run" not in options:
        print(version, parser.format_help().rstrip(), sep="\n\n")
        return 0
    try:
        log_to_stderr()
        status = int(options.run(options))
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The program that reads the output, such as `head`, has ended. Python writes the rest when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (KubeloopError, ValueError, OSError) as error:
        # The message can contain text of a file or a server: print one line without terminal control characters.
        print(printable(f"kubeloop: {error}"), file=sys.stderr)
        return 1
