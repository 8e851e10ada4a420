"""A generated module of models, imported without a file."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

__all__ = ["imported"]


@contextmanager
def imported(text: str) -> Generator[Any]:
    """Yield the module of a text, as an import would create it, for as long as the block runs."""
    module = ModuleType("generated_by_a_test")
    sys.modules[module.__name__] = module
    try:
        exec(compile(text, module.__name__, "exec"), module.__dict__)
        yield module
    finally:
        del sys.modules[module.__name__]
