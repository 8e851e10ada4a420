"""The Status that an error is: the body of an unsuccessful response, and the object of an ERROR event.

This is the inverse of `status_errors`. Reference: apiserver pkg/endpoints/handlers/responsewriters (ErrorToAPIStatus).
"""

from __future__ import annotations

import math
import re
from typing import Any

from kubeloop.errors import APIError, StatusCause

__all__ = ["status_document", "success_document"]

_WITH_DETAILS = frozenset({404, 405, 422})
"""The codes of errors that have details even if these say nothing."""
_half_of_pair = re.compile("[\ud800-\udfff]").sub


def status_document(error: APIError) -> dict[str, Any]:
    """Return the Status of an error as plain data, with members in the order of the real server; the caller owns it."""
    said = error.status
    document: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    if said.continue_:
        document["metadata"]["continue"] = said.continue_
    if said.message:
        document["message"] = _whole(said.message)
    if said.reason:
        document["reason"] = said.reason
    names = {"name": said.name, "group": said.group, "kind": said.kind, "uid": said.uid}
    details: dict[str, Any] = {key: _whole(value) for key, value in names.items() if value}
    if said.causes:
        details["causes"] = [_cause(each) for each in said.causes]
    if said.retry_after:
        details["retryAfterSeconds"] = math.ceil(said.retry_after)
    code = said.code or 500
    is_of_router = said.message.startswith(f"{code}: ")  # which has read neither the body nor the Accept header
    if details or is_of_router or code in _WITH_DETAILS:
        document["details"] = details
    document["code"] = code
    return document


def success_document(*, name: str = "", group: str = "", kind: str = "", uid: str = "") -> dict[str, Any]:
    """Return the Status that reports a success: the response to a delete that has removed an object.

    Args:
        name: The name of the object.
        group: The group of its resource.
        kind: The resource, as the server writes it here: the plural.
        uid: The uid of the object.
    """
    details = {"name": name, "group": group, "kind": kind, "uid": uid}
    document: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if any(details.values()):
        document["details"] = {key: value for key, value in details.items() if value}
    return document


def _cause(cause: StatusCause) -> dict[str, str]:
    members = {"reason": cause.reason, "message": cause.message, "field": cause.field}
    return {key: _whole(value) for key, value in members.items() if value}


def _whole(text: str) -> str:
    """Return a text with U+FFFD in place of bytes of a path or a query that are not UTF-8, as Go writes them."""
    return text if text.isascii() else _half_of_pair("\ufffd", text)
