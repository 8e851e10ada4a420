"""`ClientMetrics`: the protocol of `Config.metrics`, which receives the measurements of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["ClientMetrics"]


class ClientMetrics(Protocol):
    """Receives the measurements of clients. The calls are synchronous and must be quick.

    `verb` and `method` are the HTTP method, `host` is the host and port of the server, and `code` is the HTTP status,
    or `"<error>"` for an attempt without a response. `kubeloop.Metrics` implements this protocol; another
    implementation adapts a metrics library. An exception loses a measurement and no request; the first is logged.

    Reference: client-go tools/metrics. Intended differences: an object of the config receives the measurements instead
    of process-wide variables, and there is no cache of transports to measure.
    """

    def request_duration(self, verb: str, host: str, seconds: float, /) -> None:
        """Record the time of a whole call, with all attempts, waits and the body; not of watches and streams."""

    def request_size(self, verb: str, host: str, size_bytes: int, /) -> None:
        """Record the size of the body of an attempt of a call, 0 without a body; not of watches and streams."""

    def response_size(self, verb: str, host: str, size_bytes: int, /) -> None:
        """Record the size of the decompressed body of the last response of a call; not of watches and streams."""

    def rate_limiter_duration(self, verb: str, host: str, seconds: float, /) -> None:
        """Record how long the client's own rate limit delayed an attempt; only with `Config.qps`."""

    def request_sent(self, code: str, method: str, host: str, /) -> None:
        """Record that an attempt ended, of watches and streams with the head of the response."""

    def request_retried(self, code: str, verb: str, host: str, /) -> None:
        """Record that an attempt ended which was not the first of its call."""

    def exec_plugin_called(self, exit_code: int, call_status: str, /) -> None:
        """Record that an exec plugin ended.

        `call_status` is `no_error`, `plugin_execution_error`, `plugin_not_found_error` or `client_internal_error`;
        the exit code is 1 in the last two cases, and -1 after a signal.
        """

    def exec_plugin_policy_checked(self, status: str, /) -> None:
        """Record that the policy for exec plugins was applied before a run; `status` is `allowed` or `denied`."""

    def exec_plugin_certificate(self, plugin: object, expires: datetime | None, /) -> None:
        """Record when the client certificate of an exec plugin expires; None if the plugin returned none.

        `plugin` identifies the plugin and supports weak references.
        """

    def exec_plugin_certificate_replaced(self, age_seconds: float, /) -> None:
        """Record the age of the client certificate of an exec plugin when the plugin returned another certificate."""

    def certificate_authority_reloaded(self, result: str, reason: str, /) -> None:
        """Record that `Config.ca_file` was read again, which happens every five minutes and after a refused handshake.

        `result` and `reason` are `success` with `unchanged` or `updated`, or `failure` with `read_error`, `empty` or
        `ca_parse_error`.
        """
