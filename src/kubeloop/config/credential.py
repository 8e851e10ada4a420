"""The credential of a request, and the protocol of its sources. Requests get it in `transport.authentication`."""

from __future__ import annotations

from typing import Protocol

from kubeloop._kit.value import Value

__all__ = ["ClientCertificate", "Credential", "CredentialSource"]


class ClientCertificate(Value, frozen=True):
    """A client certificate and its key, both as PEM."""

    unshown = frozenset({"certificate", "key"})

    certificate: bytes
    key: bytes


class Credential(Value, frozen=True):
    """The credential of a request: an `Authorization` header, a client certificate, both or neither."""

    unshown = frozenset({"authorization"})

    authorization: str | None = None
    certificate: ClientCertificate | None = None


class CredentialSource(Protocol):
    """A source of credentials: `cached` returns a fresh one immediately, `fetch` waits for a new one."""

    def cached(self) -> Credential | None:
        """Return the credential if no waiting is needed; None if the caller must await `fetch`."""
        ...

    async def fetch(self) -> Credential:
        """Wait for a credential and return it.

        Raises:
            CredentialError: No credential is available.
        """
        ...

    def reject(self, credential: Credential) -> bool:
        """Record that the server responded with 401, and return whether `fetch` may return another credential."""
        ...
