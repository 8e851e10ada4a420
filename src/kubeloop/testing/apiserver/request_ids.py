"""The headers with which the real server says how it handled a request.

Reference: apiserver pkg/endpoints/filters (WithAuditInit, WithCacheControl), pkg/server/filters
(priority-and-fairness).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

from kubeloop.testing.apiserver.storage.stored import Key
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.streamed_response import StreamedResponse

if TYPE_CHECKING:
    from random import Random

    from kubeloop.testing.apiserver.storage.storage import Storage
    from kubeloop.testing.apiserver.storage.stored import Stored
    from kubeloop.wire.request import Request

__all__ = ["RequestIds"]

_GROUP = "flowcontrol.apiserver.k8s.io"
_EXEMPT = "exempt"
_MATCHED = (
    ("X-Kubernetes-Pf-Flowschema-Uid", Key(f"flowschemas.{_GROUP}", "", _EXEMPT)),
    ("X-Kubernetes-Pf-Prioritylevel-Uid", Key(f"prioritylevelconfigurations.{_GROUP}", "", _EXEMPT)),
)
"""All requests are an administrator's, which no limit concerns."""


class RequestIds:
    """Adds to each response an audit ID, and the uids of the FlowSchema and the priority level of its request.

    Args:
        storage: Where the FlowSchema and the priority level are.
        random: The source of audit IDs.
    """

    def __init__(self, storage: Storage, random: Random) -> None:
        self._storage = storage
        self._random = random
        self._seen: dict[Key, tuple[Stored, str]] = {}

    def add(self, request: Request, response: Response | StreamedResponse) -> Response | StreamedResponse:
        """Return a response with these headers; an audit ID that the client sent is used."""
        given = next((value for name, value in request.headers.items() if name.lower() == "audit-id"), "")
        pairs = [("Audit-Id", given or str(UUID(int=self._random.getrandbits(128), version=4)))]
        if "Cache-Control" not in response.headers:
            pairs.append(("Cache-Control", "no-cache, private"))
        pairs += response.headers.pairs
        if response.status != 401:
            pairs += [(name, uid) for name, key in _MATCHED if (uid := self._uid(key))]
        if isinstance(response, Response):
            return Response(response.status, Headers(pairs), response.body)
        return StreamedResponse(response.chunks, response.status, Headers(pairs))

    def _uid(self, key: Key) -> str:
        stored = self._storage.get(key)
        if stored is None:
            return ""
        seen = self._seen.get(key)
        if seen is None or seen[0] is not stored:
            seen = self._seen[key] = stored, str(json.loads(stored.data)["metadata"].get("uid", ""))
        return seen[1]
