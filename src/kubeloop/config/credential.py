"""The credential that a request carries, and the protocol of its sources.

A source returns a fresh credential at once (`cached`) and is awaited for a new one (`fetch`). It never adds one to a
request: `transport.auth` does.
"""

from __future__ import annotations

from typing import Protocol

from kubeloop._kit.value import Value

__all__ = ["ClientCertificate", "Credential", "CredentialSource"]


class ClientCertificate(Value, frozen=True):
    """A certificate and its key, both PEM."""

    unshown = frozenset({"certificate", "key"})

    certificate: bytes
    key: bytes


class Credential(Value, frozen=True):
    """What one request carries: an `Authorization` header, a client certificate, both or nothing."""

    unshown = frozenset({"authorization"})

    authorization: str | None = None
    certificate: ClientCertificate | None = None


class CredentialSource(Protocol):
    """Where the credential of the next request comes from."""

    def cached(self) -> Credential | None:
        """Return the credential if it can be had without waiting; None says to await `fetch`."""
        ...

    async def fetch(self) -> Credential:
        """Get a credential.

        Raises:
            CredentialError: There is none to be had.
        """
        ...

    def reject(self, credential: Credential) -> bool:
        """Take note that the server answered 401 to this credential; say if another one can be had by asking again."""
        ...
