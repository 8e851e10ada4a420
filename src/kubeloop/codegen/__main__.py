"""`python -m kubeloop.codegen generate|check`: write kubeloop's own generated files, or list the outdated ones."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kubeloop.codegen.builtin import OWNED, generate
from kubeloop.codegen.generated_files import differences, write

_PACKAGE = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m kubeloop.codegen", description=__doc__)
    parser.add_argument("command", choices=["generate", "check"])
    parser.add_argument(
        "--schema", type=Path, default=Path("schema"), help="folder of the neutral form (default: schema)"
    )
    parser.add_argument("--out", type=Path, default=_PACKAGE, help="folder of the package (default: this package's)")
    options = parser.parse_args(arguments)
    files = generate(options.schema)
    if options.command == "generate":
        touched = write(files, options.out, owned=OWNED)
        sys.stdout.write(f"{len(files)} files, {len(touched)} changed\n")
        return 0
    found = differences(files, options.out, owned=OWNED)
    for line in found:
        sys.stdout.write(line + "\n")
    sys.stdout.write(f"{len(files)} generated files, {len(found)} not current\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
