"""A Kubernetes API server in Python; docs/design/api-server.md describes its rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from .api_server import APIServer
    from .storage.data_directory import open_storage
    from .storage.storage import Storage

__all__ = ["APIServer", "Storage", "open_storage"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {"api_server": "APIServer", "storage.data_directory": "open_storage", "storage.storage": "Storage"},
    )
