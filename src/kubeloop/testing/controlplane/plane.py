"""`ControlPlane`: start and stop a control plane, and kill and restart its components.

`running` contains the state between start and stop, `component` one process, and `binaries` the search for programs.
Nothing is bound to an event loop, so tests in any loop can use the control plane of a session.
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
    """A real etcd and kube-apiserver on the loopback interface, with their own data directory and keys.

        async with ControlPlane() as plane:
            config = kubeloop.load_config(plane.kubeconfig)

    Synchronous programs use `with`. Several control planes may run at the same time. At the end of the block all
    processes have ended and all files are removed; if this process is killed, this happens a moment later.

    Args:
        version: The Kubernetes version, as a prefix such as "v1.37" or as a whole. Programs of other versions are
            skipped, and only v1.37.0 can be built.
        controller_manager: Whether to run kube-controller-manager, which adds service accounts, garbage collection, the
            workload controllers and the deletion of namespaces. The control plane is ready once the namespace `default`
            has its service account, so that pods can be created there.
        api_server_args: More flags of kube-apiserver, which override the default ones.
        etcd_args: More flags of etcd.
        controller_manager_args: More flags of kube-controller-manager.
        report: Called with lines of progress during a build, in a thread if `async with` is used; by default they are
            printed to standard error.

    Raises:
        ControlPlaneError: On entering, if no program was found or built, or a server was not ready after 60 s. The
            message ends with the next step or with the end of the server's log.

    Concurrency: One thread at a time and any event loop. Cancellation cleans up.
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
        """The address of the API server, `https://127.0.0.1:PORT`, which a restart does not change."""
        return self._live.layout.url

    @property
    def etcd_url(self) -> str:
        """The address of etcd, `http://127.0.0.1:PORT`, for requests past the API server, for instance a compaction."""
        return self._live.layout.etcd_url

    @property
    def kubeconfig(self) -> Path:
        """The path of an administrator's kubeconfig, which contains all keys."""
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
        """The temporary directory with all data, keys and logs."""
        return self._live.layout.directory

    @property
    def version(self) -> str:
        """The version of the servers, such as "v1.37.0"."""
        return self._live.binaries.version

    def log_path(self, component: ComponentName) -> Path:
        """Return the log file of one component."""
        return self._live.component(component).log_path

    def pid(self, component: ComponentName) -> int | None:
        """Return the process ID of one component; None while it does not run."""
        return self._live.component(component).pid

    def write_kubeconfig(self, user: str, *, groups: Sequence[str] = ()) -> Path:
        """Write a kubeconfig for another user, who has the permissions of RBAC, at first almost none.

        Args:
            user: The user name, a printable text of 1 to 64 bytes in UTF-8.
            groups: The names of the groups, with the same limits.

        Returns:
            The path of a new file that only the user of this process can read.

        Raises:
            ValueError: A certificate cannot contain one of the names.
        """
        return self._live.write_kubeconfig(user, groups)

    async def kill(self, component: ComponentName) -> None:
        """Kill one component with SIGKILL and wait for its end. Its ports and data are kept."""
        await steps.run_async(self._live.kill(component))

    async def restart(self, component: ComponentName) -> None:
        """Start one component again with the same ports and data, and wait until it is ready.

        A running component is killed first.
        """
        await steps.run_async(self._live.restart(component))

    def create_namespace(self, prefix: str = "test") -> str:
        """Create a namespace with a new name, wait until pods can be created in it, and return the name."""
        return steps.run(self._live.namespaces.create(prefix))

    def delete_namespace(self, name: str) -> None:
        """Delete a namespace and its objects, except those with finalizers."""
        self._live.namespaces.delete(name)

    def __repr__(self) -> str:
        if self._running is None:
            return "<ControlPlane stopped>"
        return f"<ControlPlane {self._running.layout.url} {list(self._running.components.values())}>"

    @property
    def _live(self) -> Running:
        if self._running is None:
            raise ControlPlaneError("the control plane does not run: use it inside 'async with' or 'with'")
        return self._running

    def _start(self) -> Steps[None]:
        if self._running is not None:
            raise ControlPlaneError("the control plane is already running")
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
