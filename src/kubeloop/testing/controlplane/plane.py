"""The control plane as one object: start, stop, and break single components on purpose.

What exists between start and stop is `running`'s, how one process lives `component`'s, where programs come from
`binaries`'s. Nothing here is bound to an event loop, so a plane that a session-wide synchronous fixture started can be
broken and mended by tests in any loop.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from . import steps
from .binaries import WANTED_VERSION, find_steps
from .control_plane_error import ControlPlaneError
from .running import API_SERVER, CONTROLLER_MANAGER, ETCD, ComponentName, Running
from .steps import Report, Steps

__all__ = ["ComponentName", "ControlPlane", "ControlPlaneError"]


def report_to_stderr(message: str) -> None:
    """Print a line of progress."""
    print(f"kubeloop control plane: {message}", file=sys.stderr, flush=True)


class ControlPlane:
    """A real etcd and kube-apiserver on the loopback interface, with a data directory and keys of their own.

        async with ControlPlane() as plane:
            config = kubeloop.load_config(plane.kubeconfig)

    Also a plain context manager (`with`), for synchronous programs. Several may run side by side. On leaving, all
    processes have ended and all files are gone; the same holds, a moment later, when this process is killed.

    Args:
        version: the wanted Kubernetes version, a prefix such as "v1.37" or a whole one. Servers of another version
            are passed over; only v1.37.0 can be built.
        controller_manager: also run kube-controller-manager, which brings service accounts, garbage collection, the
            workload controllers and the deletion of namespaces. It is ready once the namespace `default` has its
            service account, so that pods can be created there.
        api_server_args, etcd_args, controller_manager_args: more flags; where one is given twice, yours wins.
        report: receives lines of progress while a program is built, with `async with` in a thread; the default prints
            them to standard error.

    Raises:
        ControlPlaneError: on entering, when no server was found or built, or one did not get ready within 60 s; the
            message ends with what to do, or with the end of the server's log.

    Concurrency: one thread at a time; any event loop, also one after the other. Cancelling cleans up.
    """

    def __init__(
        self,
        *,
        version: str = WANTED_VERSION,
        controller_manager: bool = False,
        api_server_args: Sequence[str] = (),
        etcd_args: Sequence[str] = (),
        controller_manager_args: Sequence[str] = (),
        report: Report = report_to_stderr,
    ) -> None:
        self._version = version
        self._with_controllers = controller_manager
        self._extra: dict[str, tuple[str, ...]] = {
            ETCD: tuple(etcd_args),
            API_SERVER: tuple(api_server_args),
            CONTROLLER_MANAGER: tuple(controller_manager_args),
        }
        self._report = report
        self._running: Running | None = None

    async def __aenter__(self) -> Self:
        await steps.run_async(self._start())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await steps.run_async(self._stop())

    def __enter__(self) -> Self:
        steps.run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        steps.run(self._stop())

    @property
    def url(self) -> str:
        """The API server's address, `https://127.0.0.1:PORT`; the same after a restart."""
        return self._live.layout.url

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig file of an administrator, with all keys inside."""
        return self._live.layout.kubeconfig

    @property
    def ca_file(self) -> Path:
        """The certificate authority that signed the API server's certificate."""
        return self._live.layout.authority

    @property
    def token(self) -> str:
        """A bearer token of the administrator."""
        return self._live.token

    @property
    def data_dir(self) -> Path:
        """The temporary directory that holds everything: data, keys, logs."""
        return self._live.layout.directory

    @property
    def version(self) -> str:
        """The servers' version, such as "v1.37.0"."""
        return self._live.binaries.version

    def log_path(self, component: ComponentName) -> Path:
        """Return the log file of one component."""
        return self._live.component(component).log_path

    def pid(self, component: ComponentName) -> int | None:
        """Return the process id of one component, None while it is dead."""
        return self._live.component(component).pid

    def write_kubeconfig(self, user: str, *, groups: Sequence[str] = ()) -> Path:
        """Write a kubeconfig for another user, who may do what RBAC allows: at first almost nothing.

        Args:
            user: the user's name, printable text of 1 to 64 bytes in UTF-8.
            groups: the groups' names, likewise.

        Returns:
            A new file with each call, which only the user of this process can read, apart from the servers' keys.

        Raises:
            ValueError: a name that a certificate cannot hold.
        """
        return self._live.write_kubeconfig(user, groups)

    async def kill(self, component: ComponentName) -> None:
        """End one component with SIGKILL and wait until it is dead. Its ports and data stay."""
        await steps.run_async(self._live.kill(component))

    async def restart(self, component: ComponentName) -> None:
        """Start one component again, on the same ports and data, and wait until it is ready.

        One that still lives is ended with SIGKILL first.
        """
        await steps.run_async(self._live.restart(component))

    def create_namespace(self, prefix: str = "test") -> str:
        """Create a namespace with a name of its own and wait until pods can be created in it; return the name."""
        return steps.run(self._live.namespaces.create(prefix))

    def delete_namespace(self, name: str) -> None:
        """Delete a namespace and all it holds; objects with finalizers stay."""
        self._live.namespaces.delete(name)

    def __repr__(self) -> str:
        if self._running is None:
            return "<ControlPlane stopped>"
        return f"<ControlPlane {self._running.layout.url} {list(self._running.components.values())}>"

    @property
    def _live(self) -> Running:
        if self._running is None:
            raise ControlPlaneError("the control plane does not run: enter it with 'async with' or 'with' first")
        return self._running

    def _start(self) -> Steps[None]:
        if self._running is not None:
            raise ControlPlaneError("the control plane runs already")
        binaries = yield from find_steps(
            version=self._version, controller_manager=self._with_controllers, report=self._report
        )
        running = Running(binaries, self._extra, with_controllers=self._with_controllers)
        try:
            yield from running.start()
        except BaseException:
            running.discard()
            raise
        self._running = running

    def _stop(self) -> Steps[None]:
        running, self._running = self._running, None
        # A forked child that leaves the `with` block must not stop its parent's servers.
        if running is None or running.owner != os.getpid():
            return
        try:
            yield from running.stop()
        finally:
            running.discard()
