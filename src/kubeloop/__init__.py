"""client-go for Python: typed clients, informers, work queues and everything that a controller needs.

Every public name of the package can be imported from here and is loaded on first use: `import kubeloop` imports neither
the network client nor the models. Models are imported by group and version, `from kubeloop.models import apps_v1`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import KubeloopError as KubeloopError

__version__ = "0.1.0.dev0"


def __getattr__(name: str) -> object:
    try:
        return getattr(importlib.import_module(".errors", __name__), name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
