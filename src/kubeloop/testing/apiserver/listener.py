"""`Listener`: an `APIServer` on a port of the loopback interface, with a kubeconfig for its clients."""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from kubeloop.serving import HTTPServer, server_tls_context
from kubeloop.testing.apiserver.handler import MAX_BODY_BYTES, refuse

if TYPE_CHECKING:
    from types import TracebackType

    from kubeloop.testing.apiserver.api_server import APIServer

__all__ = ["Listener"]

_NAME = "kubeloop"


class Listener:
    """Serves an `APIServer` over HTTP for as long as its block runs.

    Args:
        api: The server.
        port: The port; 0 chooses a free one.
        tls: Whether the connection is encrypted. The certificate authority is created for this listener; this needs the
            package `cryptography` (`pip install 'kubeloop[testing]'`).
        directory: Where the kubeconfig and the certificates are written, and where those of an earlier listener are
            used again; None for a temporary directory, which is removed at the end.
        kubeconfig: Where to write the kubeconfig instead.
        shares_port: Whether other sockets of the same user may be bound to the port (`SO_REUSEPORT`).

    Raises:
        ValueError: The server has a token and the listener no TLS: clients send no token without TLS. Or the
            certificates of an earlier listener cannot be used.

    Attributes:
        url: The address of the server.
        kubeconfig: The path of a kubeconfig for this address, with the token of the server.
        ca_file: The path of the certificate authority; None without TLS.
    """

    url: str
    kubeconfig: Path
    ca_file: Path | None = None

    def __init__(
        self,
        api: APIServer,
        *,
        port: int = 0,
        tls: bool = False,
        directory: Path | None = None,
        kubeconfig: Path | None = None,
        shares_port: bool = False,
    ) -> None:
        if api.token and not tls:
            raise ValueError("a token needs TLS: clients send none over a connection that is not encrypted")
        self._api = api
        self._port = port
        self._tls = tls
        self._directory = directory
        self._kubeconfig = kubeconfig
        self._shares_port = shares_port
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            directory = self._directory
            if directory is None:
                directory = Path(tempfile.mkdtemp(prefix="kubeloop-apiserver-"))
                stack.callback(shutil.rmtree, directory, ignore_errors=True)
            context = self._context(directory) if self._tls else None
            server = HTTPServer(
                self._api.respond,
                max_body_bytes=MAX_BODY_BYTES,
                port=self._port,
                shares_port=self._shares_port,
                tls=context,
                refuse=refuse,
            )
            await stack.enter_async_context(server)
            if self.ca_file is not None:
                self._api.publish_certificates(self.ca_file.read_text(encoding="utf-8"))
            self.url = server.url
            self._api.publish_address(f"{server.address}:{server.port}")
            self.kubeconfig = self._kubeconfig or directory / "kubeconfig"
            self._write_kubeconfig()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def _context(self, directory: Path) -> ssl.SSLContext:
        from kubeloop.testing.controlplane.authority import Authority

        certificate, key = directory / "apiserver.crt", directory / "apiserver.key"
        self.ca_file = directory / "ca.crt"
        if not (self.ca_file.exists() and certificate.exists() and key.exists()):
            Authority(directory).issue_server("apiserver", ["127.0.0.1", "::1"])
        try:
            # As clients do, so that a damaged file is found here and not by each of them.
            ssl.create_default_context(cafile=self.ca_file)
            return server_tls_context(certificate, key)
        except ssl.SSLError as error:
            raise ValueError(
                f"cannot use the certificates in {directory}: {error.reason or error}; "
                "remove ca.crt, apiserver.crt and apiserver.key there, and new ones are created"
            ) from error

    def _write_kubeconfig(self) -> None:
        cluster: dict[str, str] = {"server": self.url}
        if self.ca_file is not None:
            cluster["certificate-authority-data"] = base64.b64encode(self.ca_file.read_bytes()).decode()
        user = {"token": self._api.token} if self._api.token else {}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": _NAME, "cluster": cluster}],
            "users": [{"name": _NAME, "user": user}],
            "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME, "namespace": "default"}}],
            "current-context": _NAME,
        }
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")

    def __repr__(self) -> str:
        return f"<Listener {self.url}>" if hasattr(self, "url") else "<Listener, not started>"
