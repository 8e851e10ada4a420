"""Kubernetes objects as immutable values: one generated module per group and version.

`from kubeloop.models import core_v1, meta_v1` imports only these modules. The base classes (`Model`, `Kind`, `Draft`)
are in `kubeloop.objects`.
"""

from __future__ import annotations


def __dir__() -> list[str]:
    """Return the names of the modules, which are imported when a program imports them."""
    from kubeloop.models._index import MODULES

    return [*MODULES]
