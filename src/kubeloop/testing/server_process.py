"""`ServerProcess`: `kubeloop serve` in a process of its own, which can be killed and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import ssl
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from kubeloop.testing.controlplane import steps
from kubeloop.testing.controlplane.admin import AdminAPI, Namespaces
from kubeloop.testing.controlplane.component import Component
from kubeloop.testing.controlplane.control_plane_error import ControlPlaneError
from kubeloop.testing.controlplane.ports import LOOPBACK, ReservedPort
from kubeloop.testing.controlplane.reaper import Reaper

if TYPE_CHECKING:
    from types import TracebackType

    from kubeloop.testing.controlplane.steps import Steps

__all__ = ["API_SERVER", "ServerProcess", "is_written"]

API_SERVER = "kube-apiserver"
"""The name of the only component."""

_READY_SECONDS = 30.0
_POLL_SECONDS = 0.02


class ServerProcess:
    """The API server in Python in a process of its own: `with ServerProcess() as server:`, or `async with`.

    Its objects are in a directory, so it may be killed (SIGKILL) and started again with the same address and objects.

    Args:
        tls: Whether connections are encrypted, and a token is required; needs the package `cryptography`.
        controllers: Whether garbage collection and the other controllers run.

    Raises:
        ControlPlaneError: The process ended before it was ready; the message has the end of its log.
    """

    def __init__(self, *, tls: bool = False, controllers: bool = True) -> None:
        self._tls = tls
        self._controllers = controllers
        self._cleanup = contextlib.ExitStack()
        self._component: Component | None = None

    async def __aenter__(self) -> Self:
        await steps.run_async(self._start())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await steps.run_async(self._stop())

    def __enter__(self) -> Self:
        steps.run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        steps.run(self._stop())

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"{'https' if self._tls else 'http'}://{LOOPBACK}:{self._port.number}"

    @property
    def kubeconfig(self) -> Path:
        """The path of the kubeconfig."""
        return self.data_dir / "kubeconfig"

    @property
    def ca_file(self) -> Path:
        """The path of the certificate authority; there is no such file without TLS."""
        return self.data_dir / "ca.crt"

    @property
    def log_path(self) -> Path:
        """The path of the log."""
        return self.data_dir / "serve.log"

    def pid(self, component: str = API_SERVER) -> int | None:
        """Return the process ID; None while the process does not run. The name of the component is as in `kill`."""
        return self._named(component).pid

    async def kill(self, component: str = API_SERVER) -> None:
        """Kill the process with SIGKILL and wait for its end. Its port and data are kept.

        Args:
            component: The name that `ControlPlane` has for this process, so that tests can use either.
        """
        await steps.run_async(self._killed(component))

    async def restart(self, component: str = API_SERVER) -> None:
        """Start the process again with the same port and data, and wait until it is ready; kill it first if it runs."""
        await steps.run_async(self._restarted(component))

    def create_namespace(self, prefix: str = "test") -> str:
        """Create a namespace with a new name and return the name."""
        return steps.run(self._namespaces.create(prefix))

    def delete_namespace(self, name: str) -> None:
        """Delete a namespace and its objects, except those with finalizers."""
        self._namespaces.delete(name)

    @property
    def _live(self) -> Component:
        if self._component is None:
            raise ControlPlaneError("the server does not run: use it inside 'async with' or 'with'")
        return self._component

    def _named(self, component: str) -> Component:
        if component != API_SERVER:
            raise ValueError(f"no component {component!r} here; there is: {API_SERVER}")
        return self._live

    def _start(self) -> Steps[None]:
        if self._component is not None:
            raise ControlPlaneError("the server is already running")
        with contextlib.ExitStack() as stack:
            reaper = Reaper()
            stack.callback(reaper.close)
            self.data_dir = Path(tempfile.mkdtemp(prefix="kubeloop-serve-"))
            stack.callback(shutil.rmtree, self.data_dir, ignore_errors=True)
            reaper.remove(self.data_dir)
            self._port = ReservedPort()
            stack.callback(self._port.release)
            self.token = os.urandom(24).hex() if self._tls else ""
            component = Component("kubeloop serve", self._command(), self.log_path, reaper)
            stack.callback(component.kill)
            component.start()
            yield from self._until_ready(component)
            self._namespaces = Namespaces(self._admin_api(), with_controllers=self._controllers)
            self._component = component
            self._cleanup = stack.pop_all()

    def _command(self) -> list[str]:
        command = [sys.executable, "-m", "kubeloop", "serve", "--data", str(self.data_dir), "--permit-port-sharing"]
        command += ["--port", str(self._port.number)]
        command += ["--tls", "--token", self.token] if self._tls else []
        return command if self._controllers else [*command, "--no-controllers"]

    def _until_ready(self, component: Component) -> Steps[None]:
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            component.check()
            if not self._tls or is_written(self.ca_file):
                api = self._admin_api()
                try:
                    if api.is_ok("/readyz", timeout=1.0):
                        return
                finally:
                    api.close()
            if time.monotonic() > deadline:
                raise ControlPlaneError(f"not ready within {_READY_SECONDS:.0f} s; {component.log_tail()}")
            yield _POLL_SECONDS

    def _admin_api(self) -> AdminAPI:
        context = ssl.create_default_context(cafile=str(self.ca_file)) if self._tls else None
        return AdminAPI(self._port.number, context, token=self.token)

    def _killed(self, component: str) -> Steps[None]:
        self._named(component).kill()
        yield 0.0

    def _restarted(self, component: str) -> Steps[None]:
        process = self._named(component)
        process.kill()
        process.start()
        yield from self._until_ready(process)

    def _stop(self) -> Steps[None]:
        component, self._component = self._component, None
        if component is None:
            return
        try:
            yield from component.stop()
        finally:
            self._cleanup.close()

    def __repr__(self) -> str:
        return "<ServerProcess stopped>" if self._component is None else f"<ServerProcess {self.url}>"


def is_written(certificate: Path) -> bool:
    """Return whether another process has written all of a certificate in PEM."""
    try:
        return certificate.read_bytes().rstrip().endswith(b"-----END CERTIFICATE-----")
    except FileNotFoundError:
        return False
