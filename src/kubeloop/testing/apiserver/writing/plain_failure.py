"""The error of a failure for which the real server has no reason: 500 and a message.

Reference: apiserver pkg/endpoints/handlers/responsewriters/status.go (ErrorToAPIStatus, the default).
"""

from __future__ import annotations

from kubeloop.errors import APIError, StatusDetails

__all__ = ["plain_failure"]


def plain_failure(message: str, code: int = 500) -> APIError:
    """Return an error without a reason and without details."""
    return APIError(StatusDetails(code=code, message=message))
