"""The text of a resourceVersion as a revision, and what the server says of a text that is none.

Reference: apiserver pkg/storage, APIObjectVersioner.ParseResourceVersion; Go's strconv.ParseUint.
"""

from __future__ import annotations

import re

from kubeloop.errors import APIError, StatusDetails
from kubeloop.wire import field_faults, refusals
from kubeloop.wire.go_text import quoted

__all__ = ["parse_revision", "revision_of_list", "revision_of_read"]

_DIGITS = re.compile(r"[0-9]*", re.ASCII)
_LARGEST = 2**64 - 1


def parse_revision(text: str) -> int:
    """Return the revision of a resourceVersion; 0 for `""` and `"0"`.

    Raises:
        ValueError: The text is not an unsigned number of 64 bits. The message is that of the real server.
    """
    if not text:
        return 0
    digits = _DIGITS.match(text)
    number = digits[0].lstrip("0") if digits is not None else ""
    if len(number) > 20 or int(number or "0") > _LARGEST:
        fault = "value out of range"
    elif digits is None or digits.end() != len(text):
        fault = "invalid syntax"
    else:
        return int(number or "0")
    cause = field_faults.invalid_value("resourceVersion", text, f"strconv.ParseUint: parsing {quoted(text)}: {fault}")
    raise ValueError(f"{cause.field}: {cause.message}")


def revision_of_list(text: str) -> int:
    """Return the revision of the parameter of a list.

    Raises:
        BadRequest: The text is not a resourceVersion.
    """
    try:
        return parse_revision(text)
    except ValueError as error:
        raise refusals.bad_request(f"invalid resource version: {error}") from None


def revision_of_read(text: str) -> int:
    """Return the revision of the parameter of a get or a watch.

    Raises:
        APIError: The text is not a resourceVersion. As in the real server, the status is 500 and has no reason.
    """
    try:
        return parse_revision(text)
    except ValueError as error:
        raise APIError(StatusDetails(code=500, message=str(error))) from None
