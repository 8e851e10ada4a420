"""The path of a request with placeholders in place of names, which groups requests of one kind."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote

__all__ = ["UrlTemplate", "url_template"]

# The subresources of a namespace; any other third segment is a resource in it.
_OF_NAMESPACE = frozenset({"status", "finalize"})


class UrlTemplate(NamedTuple):
    """A path with `{namespace}`, `{name}` and `{path}`, and the name of the namespace or `""`."""

    template: str
    namespace: str


def url_template(path: str) -> UrlTemplate | None:
    """Return the template of the path of a resource; None for another path, which may contain anything.

        /api/v1/namespaces/default/pods/web-0/log  ->  /api/v1/namespaces/{namespace}/pods/{name}/log

    Args:
        path: The escaped path of a request, without the prefix in the server's address.

    Reference: apiserver pkg/endpoints/request/requestinfo.go, NewRequestInfo.
    """
    parts = path.strip("/").split("/")
    length = {"api": 2, "apis": 3}.get(parts[0], 0)
    if not length or len(parts) <= length:
        return None
    known, rest, namespace = parts[:length], parts[length:], ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = unquote(rest[1])
        if len(rest) > 2 and rest[2] not in _OF_NAMESPACE:
            known += ["namespaces", "{namespace}"]
            rest = rest[2:]
    known.append(rest[0])
    if len(rest) > 1:
        known.append("{name}")
    known += rest[2:3]
    if len(rest) > 3:
        known.append("{path}")
    return UrlTemplate(f"/{'/'.join(known)}", namespace)
