"""Kubernetes objects as immutable values: one generated module a group/version, and what they all share.

`from kubeloop.models import core_v1, meta_v1` imports just those modules. Written by hand: `Model`, `Kind`, `KindList`
(the base classes), `Draft` and `Change` (how an object is changed), `Unstructured` (no model needed), `Scheme`
(which class an apiVersion and kind name). Everything is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubeloop.models._base import Kind, KindList, Model
    from kubeloop.models.change import Change
    from kubeloop.models.draft import Draft
    from kubeloop.models.scheme import Scheme
    from kubeloop.models.unstructured import Unstructured, UnstructuredList

__all__ = ["Change", "Draft", "Kind", "KindList", "Model", "Scheme", "Unstructured", "UnstructuredList"]

_HOME = {
    "Change": "change",
    "Draft": "draft",
    "Kind": "_base",
    "KindList": "_base",
    "Model": "_base",
    "Scheme": "scheme",
    "Unstructured": "unstructured",
    "UnstructuredList": "unstructured",
}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
