"""The requests that the control plane itself sends, with the standard library.

The client under test must not prepare the server that it is tested against.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from .control_plane_error import ControlPlaneError
from .ports import LOOPBACK
from .steps import Steps

REQUEST_SECONDS = 10.0
# All groups and their resources in one response.
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class AdminAPI:
    """Blocking requests to one server as an administrator, on one connection that is reopened if it breaks.

    Without a `context` the server speaks plain HTTP; without a `token` the context has the credentials. The user closes
    the connection at the end of a task: a connection that is kept could break and be reopened during a test, which
    would look like a leak of that test.
    """

    def __init__(self, port: int, context: ssl.SSLContext | None, *, token: str = "") -> None:
        self._credentials = {"Authorization": f"Bearer {token}"} if token else {}
        self._connection = (
            http.client.HTTPConnection(LOOPBACK, port, timeout=REQUEST_SECONDS)
            if context is None
            else http.client.HTTPSConnection(LOOPBACK, port, timeout=REQUEST_SECONDS, context=context)
        )

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        accept: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:  # the JSON value is whatever the server sends
        """Send one request and return the status code and the JSON of the response.

        A response that cannot be parsed is returned as text, because objects of a test may be nested more deeply than
        Python's parser allows.

        Raises:
            OSError: The server did not respond.
            http.client.HTTPException: The response was not valid HTTP.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Accept": accept, **self._credentials}
        kept = self._connection.sock is not None
        try:
            return self._exchange(method, target, data, headers)
        except (OSError, http.client.HTTPException):
            # The server of a kept connection may have restarted, so a new connection decides.
            if not kept:
                raise
            return self._exchange(method, target, data, headers)

    def is_ok(self, path: str, *, timeout: float = REQUEST_SECONDS) -> bool:
        """Return whether a GET returns 200 within `timeout` seconds."""
        self._set_timeout(timeout)
        try:
            return self.request("GET", path)[0] == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            self._set_timeout(REQUEST_SECONDS)

    def _set_timeout(self, seconds: float) -> None:
        self._connection.timeout = seconds
        if self._connection.sock is not None:
            self._connection.sock.settimeout(seconds)

    def _exchange(self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, Any]:
        try:
            self._connection.request(method, target, body, dict(headers))
            response = self._connection.getresponse()
            content = response.read()
        except BaseException:
            self._connection.close()
            raise
        if response.headers.get_content_type() == "application/json":
            with contextlib.suppress(ValueError, RecursionError):
                return response.status, json.loads(content)
        return response.status, content.decode(errors="replace")

    def close(self) -> None:
        """Close the connection. A later request reopens it."""
        self._connection.close()


class Namespaces:
    """Creates namespaces for tests and deletes them."""

    def __init__(self, api: AdminAPI, *, with_controllers: bool) -> None:
        self._api = api
        self._with_controllers = with_controllers

    def create(self, prefix: str) -> Steps[str]:
        """Create a namespace whose name starts with `prefix`, and return the name once pods can be created in it."""
        try:
            return (yield from self._create(prefix))
        finally:
            self._api.close()

    def _create(self, prefix: str) -> Steps[str]:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": f"{prefix}-"}}
        status, answer = self._api.request("POST", "/api/v1/namespaces", body)
        if status != http.client.CREATED:
            raise ControlPlaneError(f"cannot create a namespace: {status} {answer}")
        name = str(answer["metadata"]["name"])
        deadline = time.monotonic() + 30
        # With a controller manager, the ServiceAccount admission refuses pods until this account exists.
        while self._with_controllers and not self._api.is_ok(f"/api/v1/namespaces/{name}/serviceaccounts/default"):
            if time.monotonic() > deadline:
                raise ControlPlaneError(f"namespace {name} got no default service account within 30 s")
            yield 0.02
        return name

    def delete(self, name: str) -> None:
        """Delete the namespace `name` and its objects, except those with finalizers.

        Without a controller manager nobody else deletes the objects, and lists over all namespaces of later tests would
        contain them. So this deletes the collection of each resource and finalizes the namespace.
        """
        try:
            self._delete(name)
        finally:
            self._api.close()

    def _delete(self, name: str) -> None:
        path = f"/api/v1/namespaces/{name}"
        if not self._with_controllers:
            for collection in list(self._namespaced_collections()):
                self._api.request("DELETE", collection.format(namespace=name), query={"gracePeriodSeconds": "0"})
        self._api.request("DELETE", path)
        if not self._with_controllers:
            metadata = {"name": name}
            body: dict[str, Any] = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": {}}
            self._api.request("PUT", f"{path}/finalize", body)

    def _namespaced_collections(self) -> Iterator[str]:
        for root in ("/api", "/apis"):
            _, answer = self._api.request("GET", root, accept=DISCOVERY)
            for group in answer["items"]:
                name = group.get("metadata", {}).get("name", "")
                if name == "events.k8s.io":
                    continue  # the core group serves the same events
                # The first version is the preferred one, but an older version may have more resources.
                done: set[str] = set()
                for version in group["versions"]:
                    prefix = f"{root}/{name}/{version['version']}" if name else f"{root}/{version['version']}"
                    for resource in version.get("resources", ()):
                        plural = resource["resource"]
                        deletable = resource["scope"] == "Namespaced" and "deletecollection" in resource["verbs"]
                        if deletable and plural not in done:
                            done.add(plural)
                            yield f"{prefix}/namespaces/{{namespace}}/{plural}"
