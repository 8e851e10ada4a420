"""Our moves of managed fields from client-side to server-side apply."""

from __future__ import annotations

from typing import Any

from kubeloop.clients.manifests.managed_fields_upgrade import migration_patch, owners

from .refused import REFUSED

__all__ = ["migrations"]


def migrations(case: Any) -> Any:
    """Return the managers of client-side apply and the patch that moves their fields."""
    entries = case["managedFields"]
    managers = owners(entries, "Update")
    try:
        patch = migration_patch({"managedFields": entries, "resourceVersion": "7"}, managers, case["manager"])
    except ValueError:
        return REFUSED
    return {"managers": sorted(managers), "applied": bool(owners(entries, "Apply")), "patch": patch}
