"""The flags of each server, as pure functions of ports and files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .ports import LOOPBACK

SERVICE_NETWORK = "10.0.0.0/24"
FIRST_SERVICE_ADDRESS = "10.0.0.1"


@dataclass(frozen=True, slots=True)
class Layout:
    """The ports and files of one control plane. `manager_port` is None without a controller manager."""

    directory: Path
    etcd_port: int
    peer_port: int
    api_port: int
    manager_port: int | None
    authority: Path
    authority_key: Path
    server_certificate: Path
    server_key: Path
    account_private_key: Path
    account_public_key: Path
    tokens: Path
    kubeconfig: Path

    @property
    def url(self) -> str:
        """The address of the API server."""
        return f"https://{LOOPBACK}:{self.api_port}"

    @property
    def etcd_url(self) -> str:
        """The address of etcd for clients."""
        return f"http://{LOOPBACK}:{self.etcd_port}"


def etcd_flags(layout: Layout) -> list[str]:
    """Return the flags of an etcd with a single member that does not wait for the disk."""
    peer = f"http://{LOOPBACK}:{layout.peer_port}"
    return [
        "--name=default",
        f"--data-dir={layout.directory / 'etcd'}",
        f"--listen-client-urls={layout.etcd_url}",
        f"--advertise-client-urls={layout.etcd_url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--socket-reuse-port",
        "--log-level=warn",
    ]


def api_server_flags(layout: Layout) -> list[str]:
    """Return the flags of an API server with RBAC, client certificates, tokens and all APIs, including alpha ones."""
    flags = [
        f"--etcd-servers={layout.etcd_url}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--secure-port={layout.api_port}",
        "--permit-port-sharing",
        f"--cert-dir={layout.directory}",
        f"--tls-cert-file={layout.server_certificate}",
        f"--tls-private-key-file={layout.server_key}",
        f"--client-ca-file={layout.authority}",
        f"--token-auth-file={layout.tokens}",
        "--authorization-mode=RBAC",
        f"--service-account-issuer={layout.url}",
        f"--service-account-signing-key-file={layout.account_private_key}",
        f"--service-account-key-file={layout.account_public_key}",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        "--runtime-config=api/all=true",
        "--allow-privileged=true",
        # No client needs a graceful shutdown.
        "--shutdown-delay-duration=0s",
        # The Endpoints object of the service "kubernetes" must not contain a loopback address, and nothing uses it
        # here.
        "--endpoint-reconciler-type=none",
    ]
    if layout.manager_port is None:
        # Without a controller manager this admission plugin would wait for service accounts and refuse all pods.
        flags.append("--disable-admission-plugins=ServiceAccount")
    return flags


def controller_manager_flags(layout: Layout) -> list[str]:
    """Return the flags of a controller manager with all default controllers and without leader election."""
    return [
        f"--kubeconfig={layout.kubeconfig}",
        f"--authentication-kubeconfig={layout.kubeconfig}",
        f"--authorization-kubeconfig={layout.kubeconfig}",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={layout.manager_port}",
        "--permit-port-sharing",
        f"--tls-cert-file={layout.server_certificate}",
        f"--tls-private-key-file={layout.server_key}",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={layout.account_private_key}",
        f"--root-ca-file={layout.authority}",
        f"--cluster-signing-cert-file={layout.authority}",
        f"--cluster-signing-key-file={layout.authority_key}",
    ]
