"""`python -m kubeloop` is the command `kubeloop`."""

from __future__ import annotations

import sys

from kubeloop.cli import main

if __name__ == "__main__":
    sys.exit(main())
