"""The response of a function that a rule calls."""

from __future__ import annotations

from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from kubeloop.errors import APIError
from kubeloop.wire.response import Response
from kubeloop.wire.streamed_response import StreamedResponse

from .failure import status_response
from .fake_transport import json_response

if TYPE_CHECKING:
    from .action import Action
    from .rule import Reply, Respond

__all__ = ["reply_of"]


async def reply_of(action: Action, respond: Respond) -> Reply | None:
    """Call a function for an action and return its response; None if it passes the request on.

    Raises:
        TransportError: The function raised it.
        TypeError: The function returned something that is no response.
    """
    try:
        value: Any = respond(action)  # whatever the function returns
        if isawaitable(value):
            value = await value
    except APIError as error:
        return status_response(error)
    if value is None or isinstance(value, (Response, StreamedResponse)):
        return value
    if isinstance(value, (str, int, float)):
        raise TypeError(
            f"expected a response, an object or None from the function of a rule for {action}, "
            f"got {type(value).__name__}"
        )
    return json_response(value)
