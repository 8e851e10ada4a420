"""The index of OpenAPI v3: which group versions have a schema, and at which addresses. Without I/O.

Reference: client-go openapi/client.go, openapi3/root.go; kube-openapi pkg/handler3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from kubeloop.errors import DecodeError
from kubeloop.meta.gvk import GroupVersion, GroupVersionKind
from kubeloop.wire.request import absolute_target

__all__ = ["OpenAPIIndex", "group_version_of_path", "path_of_group_version", "read_index", "schema_of_kind"]

OpenAPIIndex = Mapping[str, str]
"""The addresses of documents, with their hashes, by path: `"apis/apps/v1"`."""

_ROOT = "/openapi/v3"


def read_index(data: Mapping[str, Any], prefix: str) -> OpenAPIIndex:
    """Read the index that a server sent.

    Args:
        data: The response to `/openapi/v3`.
        prefix: The path of the server's address, which each request gets and an address may have already.

    Raises:
        DecodeError: It is no index, or an address is not one of this server.
    """
    paths = data.get("paths")
    if not isinstance(paths, dict):
        raise DecodeError(f"expected the index of OpenAPI v3 with paths, got {type(paths).__name__}: GET {_ROOT}")
    found: dict[str, str] = {}
    for path, item in cast("dict[str, Any]", paths).items():
        address = _member(item, "serverRelativeURL")
        if not isinstance(address, str):
            raise DecodeError(f"expected the address of a schema, got {type(address).__name__}: GET {_ROOT}, {path!r}")
        is_below = bool(prefix) and address.startswith(f"{prefix}/")
        short = address.removeprefix(prefix) if is_below else address
        if prefix and not is_below and not short.startswith(f"{_ROOT}/"):
            raise DecodeError(f"expected an address below {prefix} or {_ROOT}, got {address!r}: GET {_ROOT}, {path!r}")
        try:
            found[path] = absolute_target(short)
        except ValueError as error:
            raise DecodeError(f"{error}: GET {_ROOT}, {path!r}") from None
    return found


def path_of_group_version(group_version: GroupVersion) -> str:
    """Return the path of a group version in the index.

    >>> path_of_group_version(GroupVersion("apps", "v1"))
    'apis/apps/v1'
    """
    return group_version.api_prefix.removeprefix("/")


def group_version_of_path(path: str) -> GroupVersion | None:
    """Return the group version of a path of the index; None for another path, such as `version` or `apis/apps`.

    >>> group_version_of_path("api/v1")
    GroupVersion(group='', version='v1')
    """
    match path.split("/"):
        case ["api", version, *_] if version:
            return GroupVersion("", version)
        case ["apis", group, version, *_] if group and version:
            return GroupVersion(group, version)
        case _:
            return None


def schema_of_kind(document: Mapping[str, Any], kind: GroupVersionKind) -> tuple[str, Mapping[str, Any]] | None:
    """Return the name and the schema of a kind in the document of its group version; None if it has none."""
    schemas = _member(document.get("components"), "schemas")
    if not isinstance(schemas, dict):
        return None
    wanted = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    for name, schema in cast("dict[str, Any]", schemas).items():
        kinds = _member(schema, "x-kubernetes-group-version-kind")
        if isinstance(kinds, list) and wanted in kinds:
            return name, cast("Mapping[str, Any]", schema)
    return None


def _member(value: object, name: str) -> Any:
    """Return a member of a JSON object; None if there is none, or the value is no object."""
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
