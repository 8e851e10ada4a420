"""Bodies: how a value is written, and how an answer is read as what was asked for.

A thin layer over the codec that knows which request it was: a body that is not what was asked for is an error that says
so, and a Status that reports a failure is raised even where the HTTP status said success.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, NoReturn, cast

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import DecodeError
from kubeloop.models._base import KindList, Model
from kubeloop.models.unstructured import Unstructured, UnstructuredList
from kubeloop.wire import codec
from kubeloop.wire.response import Response, error_from_status, is_failure_status

if TYPE_CHECKING:
    from kubeloop.wire.request import Request

__all__ = ["read_body", "read_deleted", "read_list", "write_body"]

AT_ONCE_BYTES = 128 * 1024 * 1024
"""A LIST up to this size is read in one go: about 14,000 pods, half a second."""


def write_body(body: object) -> bytes | None:
    """Return the JSON bytes of a value: a model, a draft, an Unstructured, a mapping or a list; bytes as they are."""
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, (Model, Unstructured)):
        return codec.encode(body)
    return codec.json_dumps(codec.to_data(body))


def read_body(response: Response, into: type[Any] | None, request: Request, credentials: Collection[str] = ()) -> Any:
    """Read an answer as `into`; `credentials` are those that the server knows, and may echo.

    Raises:
        DecodeError: It is something else, cut short or no JSON; names the request.
        APIError: It is a Status that reports a failure.
    """
    try:
        return _reader(into)(response.body)
    except DecodeError as error:
        _refuse(error, response, request, credentials)


async def read_list(
    response: Response,
    into: type[Any],
    request: Request,
    credentials: Collection[str] = (),
    *,
    at_once_bytes: int = AT_ONCE_BYTES,
) -> Any:
    """Read a LIST as `read_body` does, a very large one in steps, so that the loop's other tasks are held up less.

    Up to `at_once_bytes` it is read at once: the steps cost a sixth more. Of 50,000 pods the longest step, in which
    their places in the body are found, takes half a second, where reading at once takes more than two.
    """
    cls: type[Any] = into
    if len(response.body) <= at_once_bytes or not issubclass(into, KindList):
        return read_body(response, into, request, credentials)
    steps = codec.decoding_list(response.body, cls)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value
        except DecodeError as error:
            _refuse(error, response, request, credentials)
        await asyncio.sleep(0)


def _refuse(error: DecodeError, response: Response, request: Request, credentials: Collection[str]) -> NoReturn:
    """Raise what it means that an answer could not be read."""
    if is_failure_status(response.body):
        data = codec.json_loads(response.body)
        raise_alone(error_from_status(data, code=response.status, request=request, credentials=credentials))
    from kubeloop.wire.redaction import Redaction

    what = f"{error}{_what_came(response)}"
    shown = Redaction(request, credentials).name(what)
    raise_alone(type(error)(f"{request.method} {request.path}: {shown}"))


def read_deleted(response: Response, into: type[Any], request: Request, credentials: Collection[str] = ()) -> Any:
    """Read the answer to a DELETE: the object as it was or still is, or a Status. Raises as `read_body`."""
    from kubeloop.models import meta_v1

    # The server writes the kind first; only an object that looks like a Status is parsed to find out.
    if b'"Status"' in response.body[:256]:
        value = codec.json_loads(response.body)
        if isinstance(value, dict) and cast("dict[str, Any]", value).get("kind") == "Status":
            return read_body(response, meta_v1.Status, request, credentials)
    return read_body(response, into, request, credentials)


_readers: dict[type[Any] | None, Callable[[bytes], Any]] = {}


def _reader(into: type[Any] | None) -> Callable[[bytes], Any]:
    reader = _readers.get(into)
    if reader is None:
        reader = _readers[into] = _choose_reader(into)
    return reader


def _choose_reader(into: type[Any] | None) -> Callable[[bytes], Any]:
    if into is None:
        return _read_anything
    if into is bytes:
        return bytes
    cls: type[Any] = into
    if issubclass(into, (KindList, UnstructuredList)):
        return lambda data: codec.decode_list(data, cls)
    return lambda data: codec.decode_into(data, cls)


def _read_anything(data: bytes) -> Any:
    # Any: the caller did not say what it expects.
    value = codec.json_loads(data)
    if not isinstance(value, dict):
        return value
    mapping = cast("dict[str, Any]", value)
    if not (isinstance(mapping.get("kind"), str) and isinstance(mapping.get("apiVersion"), str)):
        return mapping
    if isinstance(mapping.get("items"), list) and mapping["kind"].endswith("List"):
        return codec.decode_list(data, UnstructuredList)
    return Unstructured(mapping)


def _what_came(response: Response) -> str:
    content_type = response.headers.get("content-type", "")
    if content_type and "json" not in content_type:
        return f" (the answer is {content_type.partition(';')[0]}: is this the address of an API server?)"
    return ""
