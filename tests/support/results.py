"""Results built by hand: the result of a request and its response."""

from __future__ import annotations

from collections.abc import Collection

from kubeloop.errors import APIError
from kubeloop.rest.result import Result
from kubeloop.wire.redaction import Redaction
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.serializers.registry import JSON_ONLY
from kubeloop.wire.status_errors import status_error

__all__ = ["error_of", "result_of"]


def result_of(response: Response, request: Request, credentials: Collection[str] = ()) -> Result:
    """Return the result of a request that got this response; the request carries these credentials."""
    return Result(response, request, JSON_ONLY, lambda: credentials)


def error_of(response: Response, request: Request | None = None) -> APIError:
    """Return the exception for a response that reports a failure."""
    return status_error(response, Redaction(request), JSON.status(response.body))
