"""`Discovery`: the responses to requests that concern no resource, and to those of unknown groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kubeloop.testing.apiserver.facts.openapi_documents import openapi_documents
from kubeloop.testing.apiserver.facts.recorded_server import root_paths, version_document
from kubeloop.testing.apiserver.facts.served_resource import Resources
from kubeloop.wire import refusals
from kubeloop.wire.query_text import first_value
from kubeloop.wire.request import Request
from kubeloop.wire.request_path import RequestInfo
from kubeloop.wire.response import Headers, Response

from .discovery_documents import (
    Document,
    aggregated_groups,
    core_versions,
    group_document,
    group_list,
    resource_list,
)
from .document_body import JSON_TYPE, MEDIA_TYPES, DocumentFormat, accepted_format, encoded, json_body
from .entity_tag import entity_hash, if_changed
from .health_routes import health_response
from .openapi_routes import OpenAPIRoutes

__all__ = ["Discovery"]

_NOT_FOUND = Response(
    404,
    Headers([("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]),
    b"404 page not found\n",
)


class _Found(NamedTuple):
    """A document, and whether only GET is allowed: the real server has two ways to route a path."""

    document: Document
    is_strict: bool


class Discovery:
    """The documents of one server: discovery, OpenAPI, the version and its health.

    Args:
        resources: What the server serves.
        address: The host and port of the server, for `/api`.
        started: When the server was started, in seconds since the epoch.
    """

    def __init__(self, resources: Resources, *, address: str, started: float) -> None:
        self._resources = resources
        self._address = address
        self._started = started
        self._openapi: OpenAPIRoutes | None = None
        self._bodies: dict[tuple[str, DocumentFormat], tuple[bytes, str]] = {}

    def publish_address(self, address: str) -> None:
        """Return this host and port in the document of `/api` from now on."""
        self._address = address
        self._bodies.clear()

    def respond(self, request: Request, info: RequestInfo, now: float) -> Response | None:
        """Return the response to a request that is not of a resource; None for a resource in a known group.

        Args:
            request: The request.
            info: What its path and query say.
            now: Seconds since the epoch.

        Raises:
            NotFound: A known group has no such version.
            NotAcceptable: The request accepts none of the formats.
            MethodNotAllowed: The document can only be read.
            APIError: 501 for a path that the real server serves and this one does not.
        """
        if info.is_resource_request:
            is_served = bool(info.group) == (info.prefix == "apis") and info.path.startswith(f"/{info.prefix}/")
            return None if is_served and self._resources.group(info.group) is not None else _NOT_FOUND
        path, query = info.path, info.query
        headers = {name.lower(): value for name, value in request.headers.items()}
        if path.startswith("/openapi/"):
            if self._openapi is None:
                self._openapi = OpenAPIRoutes(openapi_documents(), self._started)
            return self._openapi.respond(path, query, headers, now) or _NOT_FOUND
        if path in ("/version", "/version/"):
            _check_method(request)
            return _indented(version_document())
        if path in ("/", "/index.html"):
            return _indented({"paths": list(root_paths())})
        health = health_response(path, query)
        if health is not None:
            return health
        return self._document(request, path, first_value(query, "pretty") or "", headers)

    def _document(self, request: Request, path: str, pretty: str, headers: Mapping[str, str]) -> Response:
        trimmed = path.removesuffix("/")
        found = self._find(trimmed)
        if found is None:
            if path in root_paths():
                raise refusals.not_implemented(f"the path {path}")
            return _NOT_FOUND
        if found.is_strict:
            _check_method(request)
        format_ = accepted_format(headers, pretty, may_aggregate=trimmed in ("/api", "/apis"))
        if format_ is None:
            raise refusals.not_acceptable(MEDIA_TYPES)
        known = self._bodies.get((trimmed, format_))
        if known is None:
            known = self._bodies[trimmed, format_] = self._encoded(trimmed, found.document, format_)
        body, tag = known
        about = [("Content-Type", format_.content_type)]
        if not format_.is_aggregated:
            return Response(200, Headers(about), body)
        about += [("Vary", "Accept"), ("Cache-Control", "public")]
        return if_changed(headers.get("if-none-match"), tag, about, body)

    def _encoded(self, path: str, document: Document, format_: DocumentFormat) -> tuple[bytes, str]:
        if not format_.is_aggregated:
            return encoded(document, format_), ""
        document = aggregated_groups(self._resources, core=path == "/api")
        # As in the real server, the hash is that of the JSON in every format.
        return encoded(document, format_), entity_hash(json_body(document))

    def _find(self, path: str) -> _Found | None:
        if path == "/api":
            return _Found(core_versions(self._resources, self._address), is_strict=True)
        if path == "/apis":
            return _Found(group_list(self._resources), is_strict=False)
        root, _, rest = path.removeprefix("/").partition("/")
        if root not in ("api", "apis"):
            return None
        name, _, version = rest.partition("/") if root == "apis" else ("", "", rest)
        group = self._resources.group(name)
        if group is None or (root == "apis") != bool(name):
            return None
        if not version:
            return _Found(group_document(group), is_strict=False)
        if version not in group.versions:
            raise refusals.path_not_found()
        return _Found(resource_list(group, version), is_strict=True)


def _check_method(request: Request) -> None:
    if request.method != "GET":
        raise refusals.generic_response(405, request.method)


def _indented(document: Mapping[str, object]) -> Response:
    return Response(200, Headers([("Content-Type", JSON_TYPE)]), json_body(dict(document), pretty=True))
