"""Requests to the real API server, with the standard library, because the client under test must not record it."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any, Self
from urllib.parse import urlsplit

from kubeloop.testing import ControlPlane


class RealServer:
    """Blocking requests as an administrator on one connection. Use it as a context manager."""

    def __init__(self, plane: ControlPlane) -> None:
        address = urlsplit(plane.url)
        assert address.hostname is not None
        context = ssl.create_default_context(cafile=str(plane.ca_file))
        self._token = plane.token
        self._connection = http.client.HTTPSConnection(address.hostname, address.port, timeout=60, context=context)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def exchange(
        self, path: str, *, method: str = "GET", body: Any = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one request and return the status, the headers in lower case and the body."""
        sent = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, path, None if body is None else json.dumps(body), headers=sent)
        response = self._connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()

    def text(self, path: str) -> str:
        """Return the body of a successful response."""
        status, _, body = self.exchange(path, Accept="*/*")
        if status != http.client.OK:
            raise RuntimeError(f"expected status 200, got {status}: GET {path}: {body[:500]!r}")
        return body.decode()

    def document(self, path: str, accept: str = "application/json") -> Any:
        """Return the JSON of a successful response."""
        status, _, body = self.exchange(path, Accept=accept)
        if status != http.client.OK:
            raise RuntimeError(f"expected status 200, got {status}: GET {path}: {body[:500]!r}")
        return json.loads(body)
