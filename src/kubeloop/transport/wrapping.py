"""The wrappers of `Config.wrap_transport`: `wrappers` combines several, and `wrap_transport` applies them.

From the outside to the inside, a request passes: retries, limits and the request log (`rest`); impersonation and
credentials (`authentication`); the wrappers; the transport, which adds `Host`, `User-Agent` and `Accept-Encoding`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.config.hooks import Dial, WrapTransport

if TYPE_CHECKING:
    from kubeloop.config import Config
    from kubeloop.transport.base import Transport

__all__ = ["Dial", "WrapTransport", "check_own_transport", "wrap_transport", "wrappers"]

_METHODS = ("request", "stream", "upgrade")
_OF_TLS = ("ca_data", "ca_file", "cert_data", "cert_file", "insecure_skip_tls_verify")


def wrappers(*functions: WrapTransport | None) -> WrapTransport:
    """Return a function that applies several wrappers in their order, so that requests pass the last one first.

        config = config.replace(wrap_transport=wrappers(config.wrap_transport, count_requests))

    Args:
        functions: The wrappers. None is ignored.

    Reference: client-go transport/transport.go, Wrappers.
    """

    def wrap(transport: Transport) -> Transport:
        for function in functions:
            if function is not None:
                transport = function(transport)
        return transport

    return wrap


def wrap_transport(transport: Transport, config: Config) -> Transport:
    """Return a transport in the wrappers of a config.

    Raises:
        TypeError: The result of `Config.wrap_transport` is not a transport.
    """
    if config.wrap_transport is None:
        return transport
    wrapped = config.wrap_transport(transport)
    if not all(callable(getattr(wrapped, name, None)) for name in _METHODS):
        expected = f"a transport with the methods {', '.join(_METHODS)}"
        raise TypeError(f"Config.wrap_transport: expected {expected}, got {type(wrapped).__name__}")
    return wrapped


def check_own_transport(config: Config) -> None:
    """Check that a config is usable with a transport that the user passes, which opens its connections itself.

    Raises:
        ConfigError: The config contains a TLS setting or `dial`, which would have no effect.

    Reference: client-go transport/transport.go, New. Intended difference: client-go ignores `Dial` there.
    """
    unused = [name for name in (*_OF_TLS, "dial") if getattr(config, name)]
    if unused:
        raise config.error(
            f"{', '.join(unused)} would have no effect with a transport that is passed to a client: configure that "
            "transport and remove the setting with Config.replace, or wrap kubeloop's transport with "
            "Config.wrap_transport"
        )
