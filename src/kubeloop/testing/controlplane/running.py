"""The state of a running control plane: ports, directory, keys and processes, and the order in which they end.

If a step of the start fails, everything before it is released.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import ssl
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import urlencode

from .admin import AdminAPI, Namespaces
from .admin_kubeconfig import write_kubeconfig
from .authority import Authority, write_service_account_keys
from .binaries import Binaries
from .component import Component
from .control_plane_error import ControlPlaneError
from .flags import FIRST_SERVICE_ADDRESS, Layout, api_server_flags, controller_manager_flags, etcd_flags
from .ports import LOOPBACK, ReservedPort
from .reaper import Reaper
from .steps import Steps

ComponentName: TypeAlias = Literal["etcd", "kube-apiserver", "kube-controller-manager"]

ETCD: ComponentName = "etcd"
API_SERVER: ComponentName = "kube-apiserver"
CONTROLLER_MANAGER: ComponentName = "kube-controller-manager"

ADMIN_USER = "kubernetes-admin"
ADMIN_GROUP = "system:masters"
READY_SECONDS = 60.0
POLL_SECONDS = 0.03
# RFC 5280, ub-common-name and ub-organization-name.
LONGEST_NAME_BYTES = 64
# The timeout of one check; a server that starts slowly gets a tenth of the time so far.
ASK_SECONDS = 0.5
# What the API server's readiness says of hooks that write objects into an empty etcd; one that was there before has
# them, and comes back a second sooner.
FIRST_START_HOOKS = ("poststarthook/rbac/bootstrap-roles", "poststarthook/scheduling/bootstrap-system-priority-classes")


class Running:
    """A set of servers with their ports, keys and files. Call `start`, then `stop`, and always `discard`."""

    def __init__(self, binaries: Binaries, extra: Mapping[str, Sequence[str]], *, with_controllers: bool) -> None:
        self.binaries = binaries
        self.owner = os.getpid()
        self.components: dict[str, Component] = {}
        self._users = 0
        self._cleanup = contextlib.ExitStack()
        try:
            self._build(extra, with_controllers=with_controllers)
        except BaseException:
            self.discard()
            raise

    def component(self, name: str) -> Component:
        """Return the component of this name.

        Raises:
            ValueError: There is no such component. The message lists the names.
        """
        try:
            return self.components[name]
        except KeyError:
            raise ValueError(f"no component {name!r} here; there are: {', '.join(self.components)}") from None

    def start(self) -> Steps[None]:
        """Start all servers and wait until each is ready."""
        # The API server waits for etcd, but the controller manager ends without an API server.
        self.components[ETCD].start()
        self.components[API_SERVER].start()
        yield from self._wait_until_ready(ETCD)
        yield from self._wait_until_ready(API_SERVER)
        if CONTROLLER_MANAGER in self.components:
            self.components[CONTROLLER_MANAGER].start()
            yield from self._wait_until_ready(CONTROLLER_MANAGER)

    def restart(self, name: str) -> Steps[None]:
        """Kill one server if it runs, start it, and wait until it is ready."""
        component = self.component(name)
        component.kill()
        component.start()
        yield from self._wait_until_ready(name, again=True)

    def kill(self, name: str) -> Steps[None]:
        """Kill one server with SIGKILL and wait for its end."""
        self.component(name).kill()
        yield 0.0

    def stop(self) -> Steps[None]:
        """Stop all servers, clients before servers, so that none logs errors about another."""
        for component in reversed(self.components.values()):
            yield from component.stop()

    def discard(self) -> None:
        """Kill the processes that still run and remove all files. A second call does nothing."""
        self._cleanup.close()

    def write_kubeconfig(self, user: str, groups: Sequence[str]) -> Path:
        """Issue a certificate for `user` and write a kubeconfig with it.

        Each call writes new files in a directory separate from the servers' keys.

        Raises:
            ValueError: A certificate cannot contain one of the names.
        """
        for what, name in (("user", user), *(("group", group) for group in groups)):
            if not name.isprintable() or not 0 < len(name.encode()) <= LONGEST_NAME_BYTES:
                raise ValueError(
                    f"{what} {name!r}: expected printable text of 1 to {LONGEST_NAME_BYTES} bytes in UTF-8"
                )
        self._users += 1
        readable = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in user)
        directory = self.layout.directory / "users" / f"{self._users}-{readable}"
        directory.mkdir(mode=0o700, parents=True)
        certificate, key = self._authority.issue_client("client", user, groups, directory=directory)
        return write_kubeconfig(
            directory / "kubeconfig",
            url=self.layout.url,
            authority=self.layout.authority,
            certificate=certificate,
            key=key,
            user=user,
        )

    def _build(self, extra: Mapping[str, Sequence[str]], *, with_controllers: bool) -> None:
        # The stack unwinds in reverse order: kill the servers, release the ports, remove the files, end the reaper.
        reaper = Reaper()
        self._cleanup.callback(reaper.close)
        directory = Path(tempfile.mkdtemp(prefix="kubeloop-controlplane-"))
        self._cleanup.callback(shutil.rmtree, directory, ignore_errors=True)
        reaper.remove(directory)
        self.layout = self._lay_out(directory, with_controllers=with_controllers)
        self.token = os.urandom(24).hex()
        self._write_tokens()

        admin = self._authority.issue_client("admin", ADMIN_USER, [ADMIN_GROUP])
        write_kubeconfig(
            self.layout.kubeconfig,
            url=self.layout.url,
            authority=self.layout.authority,
            certificate=admin[0],
            key=admin[1],
            user=ADMIN_USER,
        )
        context = ssl.create_default_context(cafile=str(self.layout.authority))
        context.load_cert_chain(*admin)
        self._apis: dict[str, AdminAPI] = {
            ETCD: self._connect(self.layout.etcd_port, None),
            API_SERVER: self._connect(self.layout.api_port, context),
        }
        self.namespaces = Namespaces(self._apis[API_SERVER], with_controllers=with_controllers)

        self._cleanup.callback(self._kill_all)
        self._add(ETCD, self.binaries.etcd, etcd_flags(self.layout), extra, reaper)
        self._add(API_SERVER, self.binaries.api_server, api_server_flags(self.layout), extra, reaper)
        if self.layout.manager_port is not None:
            self._apis[CONTROLLER_MANAGER] = self._connect(self.layout.manager_port, context)
            flags = controller_manager_flags(self.layout)
            self._add(CONTROLLER_MANAGER, self.binaries.controller_manager, flags, extra, reaper)

    def _lay_out(self, directory: Path, *, with_controllers: bool) -> Layout:
        self._authority = Authority(directory)
        server = self._authority.issue_server("apiserver", [LOOPBACK, "::1", FIRST_SERVICE_ADDRESS])
        account = write_service_account_keys(directory)
        return Layout(
            directory=directory,
            etcd_port=self._reserve(),
            peer_port=self._reserve(),
            api_port=self._reserve(),
            manager_port=self._reserve() if with_controllers else None,
            authority=self._authority.certificate_path,
            authority_key=self._authority.key_path,
            server_certificate=server[0],
            server_key=server[1],
            account_private_key=account[0],
            account_public_key=account[1],
            tokens=directory / "tokens.csv",
            kubeconfig=directory / "kubeconfig",
        )

    def _reserve(self) -> int:
        port = ReservedPort()
        self._cleanup.callback(port.release)
        return port.number

    def _connect(self, port: int, context: ssl.SSLContext | None) -> AdminAPI:
        api = AdminAPI(port, context)
        self._cleanup.callback(api.close)
        return api

    def _write_tokens(self) -> None:
        self.layout.tokens.touch(mode=0o600)
        line = f'{self.token},{ADMIN_USER},{ADMIN_USER},"{ADMIN_GROUP}"\n'
        self.layout.tokens.write_text(line, encoding="utf-8")

    def _add(
        self,
        name: ComponentName,
        program: Sequence[str],
        flags: Sequence[str],
        extra: Mapping[str, Sequence[str]],
        reaper: Reaper,
    ) -> None:
        log_path = self.layout.directory / f"{name}.log"
        self.components[name] = Component(name, [*program, *flags, *extra[name]], log_path, reaper)

    def _kill_all(self) -> None:
        for component in reversed(self.components.values()):
            component.kill()

    def _wait_until_ready(self, name: str, *, again: bool = False) -> Steps[None]:
        begin = time.monotonic()
        component = self.components[name]
        try:
            while not self._is_ready(name, again=again, timeout=max(ASK_SECONDS, (time.monotonic() - begin) / 10)):
                component.check()
                if time.monotonic() - begin > READY_SECONDS:
                    tail = component.log_tail()
                    raise ControlPlaneError(f"{name} was not ready within {READY_SECONDS:.0f} s; {tail}")
                yield POLL_SECONDS
        finally:
            for api in self._apis.values():
                api.close()

    def _is_ready(self, name: str, *, again: bool, timeout: float) -> bool:
        api = self._apis[name]
        if name == CONTROLLER_MANAGER:
            # Until this account exists, the ServiceAccount admission refuses all pods of the namespace.
            account = "/api/v1/namespaces/default/serviceaccounts/default"
            return api.is_ok("/healthz", timeout=timeout) and self._apis[API_SERVER].is_ok(account, timeout=timeout)
        if name == API_SERVER:
            path = f"/readyz?{urlencode([('exclude', hook) for hook in FIRST_START_HOOKS])}" if again else "/readyz"
            # A loop that /readyz does not wait for creates the namespaces.
            return api.is_ok(path, timeout=timeout) and api.is_ok("/api/v1/namespaces/default", timeout=timeout)
        return api.is_ok("/health", timeout=timeout)
