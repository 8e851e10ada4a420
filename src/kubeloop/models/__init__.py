"""Kubernetes objects as immutable values: one generated module per group and version.

`from kubeloop.models import core_v1, meta_v1` imports only these modules, and so does `kubeloop.models.core_v1` after
`import kubeloop.models`. The base classes (`Model`, `Kind`, `Draft`) are in `kubeloop.objects`.
"""

from __future__ import annotations

TYPE_CHECKING = False

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a module when it is first used as an attribute of the package."""
        from importlib import import_module

        module = f"{__name__}.{name}"
        if not name.startswith("_"):
            try:
                return import_module(module)
            except ModuleNotFoundError as error:
                if error.name != module:
                    raise
        from kubeloop._kit.near_names import did_you_mean
        from kubeloop.models.kind_index import MODULES

        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{did_you_mean(name, MODULES)}")


def __dir__() -> list[str]:
    """Return the names of the modules, which are imported when a program first uses them."""
    from kubeloop.models.kind_index import MODULES

    return [*MODULES]
