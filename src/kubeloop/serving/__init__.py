"""The server side of HTTP/1.1: a small server whose responses come from a function.

It knows nothing of Kubernetes: requests and responses are the values of `kubeloop.wire` that the transport uses too.
Importing this package imports no HTTP library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from kubeloop.serving.http_server import HTTPServer
    from kubeloop.serving.pushed_body import PushedBody
    from kubeloop.serving.refusal import plain_refusal
    from kubeloop.serving.server_connection import Handler, Refuse
    from kubeloop.serving.server_tls import server_tls_context

__all__ = ["HTTPServer", "Handler", "PushedBody", "Refuse", "plain_refusal", "server_tls_context"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "http_server": "HTTPServer",
            "pushed_body": "PushedBody",
            "refusal": "plain_refusal",
            "server_connection": "Handler Refuse",
            "server_tls": "server_tls_context",
        },
    )
