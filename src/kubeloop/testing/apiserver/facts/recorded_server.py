"""Reads the recorded facts that every server needs: what is served, the version and the names of the health checks.

The file is read at the first call. `make record-api` writes it (`tools/record_api`).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from .served_resource import Column, Resources, ServedGroup, ServedResource, Subresource

__all__ = ["health_checks", "kubernetes_version", "objects_text", "resources", "root_paths", "version_document"]

FILE = Path(__file__).parent / "server.json.gz"

Entry = Mapping[str, Any]
"""A part of the file. Its form is that of `tools/record_api`, and the tests of this module read all of it."""


@cache
def resources() -> Resources:
    """Return all built-in resources."""
    return Resources(_group(group) for group in _recorded()["groups"])


def kubernetes_version() -> str:
    """Return the version of the recorded server, such as `v1.37.0`."""
    return str(_recorded()["kubernetes"])


def version_document() -> Entry:
    """Return the document of `/version`."""
    found: Entry = _recorded()["version"]
    return found


def health_checks(path: str) -> Sequence[str]:
    """Return the names of the checks of `healthz`, `livez` or `readyz`, in their order."""
    found: Sequence[str] = _recorded()["checks"][path]
    return found


def root_paths() -> Sequence[str]:
    """Return the paths that `/` lists."""
    found: Sequence[str] = _recorded()["paths"]
    return found


def objects_text() -> str:
    """Return the objects of a fresh server as JSON with placeholders, which `fresh_objects` fills in."""
    return _lines()[2].decode()


@cache
def _recorded() -> Entry:
    found: Entry = json.loads(_lines()[1])
    return found


@cache
def _lines() -> Sequence[bytes]:
    return gzip.decompress(FILE.read_bytes()).splitlines()


def _group(group: Entry) -> ServedGroup:
    name: str = group["name"]
    versions = {
        version["version"]: tuple(_resource(name, version["version"], entry) for entry in version["resources"])
        for version in group["versions"]
    }
    return ServedGroup(name, versions)


def _resource(group: str, version: str, entry: Entry) -> ServedResource:
    get = entry.get
    return ServedResource(
        group,
        version,
        plural=entry["name"],
        singular=entry["singularName"],
        kind=entry["kind"],
        namespaced=get("namespaced", False),
        verbs=tuple(entry["verbs"]),
        short_names=tuple(get("shortNames", ())),
        categories=tuple(get("categories", ())),
        storage_version_hash=get("storageVersionHash", ""),
        subresources={name: _subresource(group, version, name, part) for name, part in get("subresources", {}).items()},
        stored_as=get("storedAs", ""),
        storage_version=get("storageVersion", ""),
        columns=tuple(Column(**column) for column in get("columns", ())),
        field_labels=get("fieldLabels", {}),
        field_paths=get("fieldPaths", {}),
        unknown_field_label=get("unknownFieldLabel", ""),
        allows_create_on_update=get("allowCreateOnUpdate", False),
        allows_unconditional_update=get("allowUnconditionalUpdate", False),
        has_graceful_deletion=get("gracefulDeletion", False),
        default_deletion_policy=get("defaultGarbageCollectionPolicy", ""),
        is_garbage_collected=get("garbageCollection", False),
        returns_deleted_object=get("returnsDeletedObject", False),
        may_be_deleted_by_update=get("deletesDuringUpdate", False),
        seconds_to_live=get("secondsToLive", 0),
        reset_fields=tuple(get("resetFields", ())),
        sets_generation=get("setsGeneration", False),
        generation_fields=tuple(get("generationCounts", ())),
    )


def _subresource(group: str, version: str, name: str, entry: Entry) -> Subresource:
    # Discovery names a group and version only if they are not those of the resource.
    return Subresource(
        name,
        kind=entry["kind"],
        group=entry.get("group", "" if "version" in entry else group),
        version=entry.get("version", version),
        verbs=tuple(entry["verbs"]),
        reset_fields=tuple(entry.get("resetFields", ())),
        allows_create_on_update=entry.get("allowCreateOnUpdate", False),
    )
