"""The request log: at DEBUG one line per response or failure, at TRACE also the request as a curl command and headers.

A line shows the values of the headers and query parameters that are listed here, masks all others, and contains no
body. Credentials are masked wherever they stand.
Reference: client-go transport/round_trippers.go (debuggingRoundTripper), levels 6 and 9. Intended difference: client-go
masks only `Authorization` and shows the whole query.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from kubeloop._kit.log_level import TRACE
from kubeloop._kit.text import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from kubeloop.wire.redaction import Redaction
    from kubeloop.wire.request import Request
    from kubeloop.wire.response import Headers

__all__ = ["RequestLog", "logs_requests"]

logger = logging.getLogger(__name__)

# The continue token of a list contains a key of etcd, and the command of `exec` may contain a password.
_SHOWN_PARAMETERS = frozenset(
    [
        "allowWatchBookmarks",
        "container",
        "dryRun",
        "fieldManager",
        "fieldSelector",
        "fieldValidation",
        "follow",
        "force",
        "gracePeriodSeconds",
        "labelSelector",
        "limit",
        "limitBytes",
        "orphanDependents",
        "pretty",
        "previous",
        "propagationPolicy",
        "resourceVersion",
        "resourceVersionMatch",
        "sendInitialEvents",
        "sinceSeconds",
        "sinceTime",
        "stderr",
        "stdin",
        "stdout",
        "stream",
        "tailLines",
        "timeout",
        "timeoutSeconds",
        "timestamps",
        "tty",
        "watch",
    ]
)
_SHOWN_HEADERS = frozenset(
    [
        "accept",
        "audit-id",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "retry-after",
        "traceparent",
        "transfer-encoding",
        "user-agent",
        "vary",
        "x-kubernetes-pf-flowschema-uid",
        "x-kubernetes-pf-prioritylevel-uid",
    ]
)
# As client-go, which shows these words of an `Authorization`.
_SCHEMES = frozenset(["basic", "bearer", "negotiate"])


def logs_requests() -> bool:
    """Return whether any line about requests is logged. This check is all that a request costs otherwise."""
    return logger.isEnabledFor(logging.DEBUG)


class RequestLog:
    """Log the requests of one client. All methods are plain calls; those that log are for `logs_requests()` only.

    Args:
        server: The server's address, `scheme://host[:port][/prefix]`.
        credentials: Returns `Authorization` values to mask, beside those of the request itself.
    """

    __slots__ = ("_credentials", "_server")

    def __init__(self, server: str, credentials: Callable[[], Collection[str]]) -> None:
        self._server = server
        self._credentials = credentials

    def sending(self, request: Request) -> None:
        """Log a request as a curl command before it is sent, if the level is TRACE.

        The command has no credentials, which are added by a lower layer, and only the size of the body.
        """
        if not logger.isEnabledFor(TRACE):
            return
        from shlex import join

        redaction = self._redaction(request)
        words = ["curl", "-v", f"-X{request.method}"]
        for name, value in request.headers.items():
            words += ["-H", f"{name}: {_shown_header(name, value)}"]
        if request.body is not None:
            words += ["--data-binary", f"<{len(request.body)} bytes>"]
        words.append(f"{self._server}{_shown_target(request, redaction)}")
        logger.log(TRACE, "%s", redaction.name(join(words)))

    def responded(self, request: Request, status: int, headers: Headers, seconds: float, size: int | None) -> None:
        """Log a response.

        Args:
            request: The request.
            status: The HTTP status of the response.
            headers: The headers of the response.
            seconds: The time from the request to the response.
            size: The size of the body in bytes; None if the body is read as it arrives.
        """
        redaction = self._redaction(request)
        name = f"{request.method} {_shown_target(request, redaction)}"
        body = "body follows" if size is None else f"{size} bytes"
        logger.debug("%s: %d in %.1f ms, %s", name, status, seconds * 1000, body)
        if logger.isEnabledFor(TRACE):
            pairs = (f"{header}: {_shown_header(header, value)}" for header, value in headers.items())
            logger.log(TRACE, "%s: response headers: %s", name, redaction.name(", ".join(pairs)))

    def failed(self, request: Request, error: BaseException, seconds: float) -> None:
        """Log a request without a response: what failed, and after which time."""
        redaction = self._redaction(request)
        name = f"{request.method} {_shown_target(request, redaction)}"
        why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        logger.debug("%s: no response after %.1f ms: %s", name, seconds * 1000, redaction.name(why))

    def shown_url(self, request: Request) -> str:
        """Return the URL of a request as log lines show it, with masked credentials and unknown parameters."""
        return f"{self._server}{_shown_target(request, self._redaction(request))}"

    def _redaction(self, request: Request) -> Redaction:
        from kubeloop.wire.redaction import Redaction  # loaded with the first line

        # Without its body, which no line quotes and which would be searched for values.
        return Redaction(request.replace(body=None), self._credentials())

    def __repr__(self) -> str:
        return f"<RequestLog at {logging.getLevelName(logger.getEffectiveLevel())}>"


def _shown_header(name: str, value: str) -> str:
    name = name.lower()
    if name in _SHOWN_HEADERS or not value:
        return value
    if name == "authorization":
        scheme, _, credential = value.partition(" ")
        if scheme.lower() in _SCHEMES:
            return f"{scheme} {MASK}" if credential else scheme
    return MASK


def _shown_target(request: Request, redaction: Redaction) -> str:
    path, mark, query = request.target.partition("?")
    return redaction.name(f"{path}{mark}{'&'.join(_shown_parameter(each, redaction) for each in query.split('&'))}")


def _shown_parameter(parameter: str, redaction: Redaction) -> str:
    name, mark, value = parameter.partition("=")
    if not mark and name not in _SHOWN_PARAMETERS:
        return MASK if name else ""  # a service behind the API server's proxy may expect a token like that
    if not value:
        return parameter
    plain = unquote_plus(value)
    # Credentials are recognised in plain text only.
    is_shown = name in _SHOWN_PARAMETERS and redaction.name(plain) == plain
    return parameter if is_shown else f"{name}{mark}{MASK}"
