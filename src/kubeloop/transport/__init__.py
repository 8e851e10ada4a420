"""The network: the `Transport` protocol and its implementation, with TLS, proxies and authentication.

Importing this package imports no HTTP library; calling `open_transport` does. Requests and responses are values of
`kubeloop.wire`, which `kubeloop.rest` interprets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from kubeloop.transport.authentication import open_transport
    from kubeloop.transport.base import ByteStream, Channel, Transport
    from kubeloop.transport.connecting.sockets import open_socket
    from kubeloop.transport.user_headers import auth_proxy
    from kubeloop.transport.wrapping import Dial, WrapTransport, wrappers

__all__ = [
    "ByteStream",
    "Channel",
    "Dial",
    "Transport",
    "WrapTransport",
    "auth_proxy",
    "open_socket",
    "open_transport",
    "wrappers",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "authentication": "open_transport",
            "base": "ByteStream Channel Transport",
            "connecting.sockets": "open_socket",
            "user_headers": "auth_proxy",
            "wrapping": "Dial WrapTransport wrappers",
        },
    )
