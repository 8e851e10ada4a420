"""Errors as responses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.encoding.single_object import encode_document
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.status_bodies import status_document

if TYPE_CHECKING:
    from kubeloop.errors import APIError
    from kubeloop.testing.apiserver.encoding.output import Output

__all__ = ["status_response"]


def status_response(error: APIError, output: Output) -> Response:
    """Return the response to a request that has failed, with a Status in the format of an output."""
    document = status_document(error)
    headers = [("Content-Type", output.content_type)]
    if error.retry_after:
        headers.append(("Retry-After", str(math.ceil(error.retry_after))))
    return Response(document["code"], Headers(headers), encode_document(document, output))
