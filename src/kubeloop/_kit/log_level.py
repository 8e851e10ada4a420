"""`log_to_stderr`, a quick switch for scripts, and the level `TRACE` below DEBUG.

kubeloop logs through the standard library and installs a handler only in this function, which a program calls.
"""

from __future__ import annotations

import logging
import os
import sys

from kubeloop._kit.log_context import LogContextFilter

__all__ = ["TRACE", "VARIABLE", "log_to_stderr"]

TRACE = 5
"""The level below DEBUG, at which `kubeloop.rest.request_log` logs the curl form and the headers of requests."""

VARIABLE = "KUBELOOP_LOG"
"""The environment variable with the level."""

_LEVELS = {
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": TRACE,
}


def log_to_stderr(level: str | None = None) -> None:
    """Write kubeloop's log lines to standard error, for scripts and for the search for a fault.

    A program that configures logging itself needs no call: kubeloop's loggers are below `kubeloop`, and
    `kubeloop.rest.request_log` logs the requests. If there are handlers already, here or in the root logger, only the
    level of `kubeloop` is set, so that no line is written twice. A second call changes the level.

        kubeloop.log_to_stderr()          # the level in KUBELOOP_LOG; without the variable nothing happens
        kubeloop.log_to_stderr("debug")   # always

    Args:
        level: `"error"`, `"warning"`, `"info"`, `"debug"` (one line per request, and every decision) or `"trace"`
            (also the curl form and the headers of requests, without secrets), in any case. None for the value of the
            environment variable `KUBELOOP_LOG`; if the variable is not set or empty, nothing is changed.

    Raises:
        ValueError: There is no such level.

    Reference: klog's flag `-v`, whose level 6 is DEBUG here and whose levels 7 to 9 are TRACE.
    """
    source = "level"
    if level is None:
        level, source = os.environ.get(VARIABLE, ""), VARIABLE
        if not level:
            return
    if level.lower() not in _LEVELS:
        raise ValueError(f"{source}: expected one of {', '.join(_LEVELS)}, got {level!r}")
    logger = logging.getLogger("kubeloop")
    logging.addLevelName(TRACE, "TRACE")
    if not logger.hasHandlers():
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s%(log_context)s"))
        handler.addFilter(LogContextFilter())
        logger.addHandler(handler)
    logger.setLevel(_LEVELS[level.lower()])
