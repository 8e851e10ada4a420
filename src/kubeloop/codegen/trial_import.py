"""Importing a generated package in another process before it is written, so that a broken one is never written."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from kubeloop.codegen.generated_files import Files, write
from kubeloop.codegen.schema import SchemaError
from kubeloop.codegen.source_text import printable

__all__ = ["try_package"]

_NAME = "generated"
_SECONDS = 300
_PROGRAM = f"""
import importlib, pkgutil, sys
sys.path[:0] = sys.argv[1:]
from kubeloop.objects.model import Kind
package = importlib.import_module({_NAME!r})
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    module = importlib.import_module(found.name)
    for value in list(vars(module).values()):
        if isinstance(value, type) and issubclass(value, Kind) and value.__module__ == found.name:
            value.from_dict({{"apiVersion": value.api_version, "kind": value.kind}})
"""


def try_package(files: Files) -> None:
    """Import every module of a package, and read an object of every kind, in a process of its own.

    Args:
        files: The package, by path relative to it.

    Raises:
        SchemaError: One cannot be imported or reads nothing; the message has the last line of the traceback.
    """
    with tempfile.TemporaryDirectory(prefix="kubeloop-generate-") as folder:
        write(files, Path(folder) / _NAME)
        command = [sys.executable, "-I", "-B", "-c", _PROGRAM, folder, *filter(None, sys.path)]
        try:
            done = subprocess.run(  # noqa: S603  # this interpreter, on text that was checked
                command, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise SchemaError(f"what was generated could not be imported within {_SECONDS} s") from None
    if done.returncode != 0:
        last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), f"exit {done.returncode}")
        raise SchemaError(f"what was generated cannot be imported: {printable(last)}")
