"""Bytes over the network: the `Transport` protocol, its implementation, TLS, proxies, authentication round it.

Importing this package imports no HTTP library; `open_transport` does, when it is called. Requests and responses are the
values of `kubeloop.wire`; what they mean is the business of `kubeloop.rest`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubeloop.config import Config
    from kubeloop.transport.opened import OpenedTransport

__all__ = ["open_transport"]


def open_transport(config: Config) -> OpenedTransport:
    """Open an authenticated transport for a config: nothing is connected before the first request.

    Returns:
        A transport that the caller closes.

    Raises:
        ConfigError: A proxy or an authority that cannot be used.
        CredentialError: A client certificate, token or password that cannot be used.
    """
    from kubeloop.transport.opened import OpenedTransport

    return OpenedTransport(config)
