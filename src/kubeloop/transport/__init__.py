"""The network: the `Transport` protocol and its implementation, with TLS, proxies and authentication.

Importing this package imports no HTTP library; calling `open_transport` does. Requests and responses are values of
`kubeloop.wire`, which `kubeloop.rest` interprets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubeloop.config import Config
    from kubeloop.transport.authentication import OpenedTransport

__all__ = ["open_transport"]


def open_transport(config: Config) -> OpenedTransport:
    """Create an authenticated transport for a config. It connects when the first request is sent.

    Returns:
        A transport that the caller closes.

    Raises:
        ConfigError: The config's proxy or certificate authority cannot be used.
        CredentialError: The config's client certificate, token or password cannot be used.
    """
    from kubeloop.transport.authentication import OpenedTransport

    return OpenedTransport(config)
