"""`/openapi/v3`, its documents and `/openapi/v2`, as the real server serves and caches them.

Reference: kube-openapi pkg/handler3 and pkg/handler, kube-aggregator pkg/controllers/openapiv3/aggregator.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from functools import cached_property
from urllib.parse import quote

from kubeloop.wire.response import Headers, Response

from .accept_clauses import accept_clauses
from .entity_tag import entity_hash, if_changed
from .openapi_v2 import openapi_v2
from .openapi_v2_protobuf import openapi_v2_protobuf

__all__ = ["OpenAPIRoutes"]

YEAR_SECONDS = 365 * 24 * 3600
_JSON, _PROTOBUF_V2 = "application/json", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_FORMATS_V2 = (
    (_JSON, _JSON),
    ("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", _PROTOBUF_V2),
    (_PROTOBUF_V2, _PROTOBUF_V2),
)
"""The media types that a request may name, with the one of the response."""


class OpenAPIRoutes:
    """The documents of OpenAPI and their hashes, each made when it is requested first.

    Args:
        documents: The documents of OpenAPI v3 by their paths, such as `apis/apps/v1`.
        started: When the server was started: the date of the documents, in seconds since the epoch.
    """

    def __init__(self, documents: Mapping[str, bytes], started: float) -> None:
        self._documents = documents
        self._date = ("Last-Modified", formatdate(started, usegmt=True))

    def respond(
        self, path: str, query: Mapping[str, Sequence[str]], headers: Mapping[str, str], now: float
    ) -> Response | None:
        """Return the response to a request; None for a path that does not concern OpenAPI."""
        if path == "/openapi/v2":
            return self._v2(headers)
        if path == "/openapi/v3":
            return Response(200, Headers([("Content-Type", "text/plain; charset=utf-8"), self._date]), self._index)
        if path.startswith("/openapi/v3/"):
            return self._v3(path.removeprefix("/openapi/v3/"), query, headers, now)
        return None

    def _v3(
        self, name: str, query: Mapping[str, Sequence[str]], headers: Mapping[str, str], now: float
    ) -> Response | None:
        if name not in self._documents:
            return Response(404)
        vary = ("Vary", "Accept")
        if not any(clause.matches(_JSON) for clause in accept_clauses(headers.get("accept", ""))):
            return Response(406, Headers([vary]))
        tag = self._hashes[name]
        given = next(iter(query.get("hash", ())), "")
        if not given:
            return if_changed(headers.get("if-none-match"), tag, self._about(_JSON), self._documents[name])
        if given != tag:
            location = ("Location", _address(name, tag))
            return Response(301, Headers([vary, ("Content-Type", _JSON), ("Etag", f'"{tag}"'), location]))
        forever = [
            ("Cache-Control", "public, immutable"),
            ("Expires", formatdate(now + YEAR_SECONDS, usegmt=True)),
        ]
        return if_changed(headers.get("if-none-match"), tag, [*self._about(_JSON), *forever], self._documents[name])

    def _v2(self, headers: Mapping[str, str]) -> Response:
        for clause in accept_clauses(headers.get("accept", "")):
            for accepted, returned in _FORMATS_V2:
                if clause.matches(accepted):
                    body = self._v2_json if returned == _JSON else self._v2_protobuf
                    return if_changed(headers.get("if-none-match"), self._v2_hash, self._about(returned), body)
        return Response(406, Headers([("Vary", "Accept")]))

    def _about(self, media_type: str) -> list[tuple[str, str]]:
        return [("Content-Type", media_type), ("Vary", "Accept"), self._date]

    @cached_property
    def _hashes(self) -> Mapping[str, str]:
        return {path: entity_hash(document) for path, document in self._documents.items()}

    @cached_property
    def _index(self) -> bytes:
        paths = {name: {"serverRelativeURL": _address(name, tag)} for name, tag in self._hashes.items()}
        return json.dumps({"paths": paths}, separators=(",", ":")).encode()

    @cached_property
    def _v2_json(self) -> bytes:
        document = openapi_v2(self._documents.values())
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()

    @cached_property
    def _v2_protobuf(self) -> bytes:
        return openapi_v2_protobuf(json.loads(self._v2_json))

    @cached_property
    def _v2_hash(self) -> str:
        return entity_hash(self._v2_json)


def _address(name: str, tag: str) -> str:
    return f"/openapi/v3/{quote(name)}?hash={tag}"
