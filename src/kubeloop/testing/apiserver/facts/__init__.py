"""What the real API server serves and contains, recorded from it: resources, OpenAPI documents, fresh objects."""

from __future__ import annotations

from .fresh_objects import fresh_objects
from .openapi_documents import openapi_documents
from .recorded_server import health_checks, kubernetes_version, resources, root_paths, version_document
from .served_resource import Column, Resources, ServedGroup, ServedResource, Subresource

__all__ = [
    "Column",
    "Resources",
    "ServedGroup",
    "ServedResource",
    "Subresource",
    "fresh_objects",
    "health_checks",
    "kubernetes_version",
    "openapi_documents",
    "resources",
    "root_paths",
    "version_document",
]
