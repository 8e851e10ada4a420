"""Bodies: how a value is written, and how an answer is read as what was asked for.

A thin layer over the codec that knows which request it was: a body that is not what was asked for is an error that says
so, and a Status that reports a failure is raised even where the HTTP status said success. Else the HTTP status is the
outcome of a write: a response to it that cannot be read says that it succeeded, and a deletion needs no more than that.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, cast

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import DecodeError, UnreadableWriteResponse
from kubeloop.objects.json import status_members
from kubeloop.objects.model import Kind, KindList, Model
from kubeloop.unstructured import Unstructured, UnstructuredList
from kubeloop.wire import codec
from kubeloop.wire.response import Response, error_from_status, failure_status

if TYPE_CHECKING:
    from kubeloop.wire.request import Request

__all__ = ["raise_failure", "read_body", "read_deleted", "read_list", "reads_a_list", "write_body"]

AT_ONCE_BYTES = 128 * 1024 * 1024
"""A LIST up to this size is read in one go: about 14,000 pods, half a second."""


def reads_a_list(into: type[Any] | None) -> bool:
    """Return whether this is a class of lists."""
    return into is not None and issubclass(into, (KindList, UnstructuredList))


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
        Unreadable: It is the object that was asked for, but not as its class should be.
        UnreadableWriteResponse: The same, or anything else that cannot be read, if the request was a write.
        DecodeError: It is something else, cut short or no JSON; names the request.
        APIError: It is a Status that reports a failure.
    """
    if request.method == "DELETE":
        return read_deleted(response, into, request, credentials)
    if into is bytes and request.method != "GET":
        raise_failure(response, request, credentials)
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
    in_steps = len(response.body) > at_once_bytes and issubclass(into, KindList) and request.method != "DELETE"
    if not in_steps:
        return read_body(response, cls, request, credentials)
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
    """Raise what it means that a response could not be read."""
    is_write = request.method != "GET"
    if is_write:
        raise_failure(response, request, credentials)
    elif (data := failure_status(response.body)) is not None:
        raise_alone(error_from_status(data, code=response.status, request=request, credentials=credentials))
    from kubeloop.wire.redaction import Redaction

    what = f"{error}{_what_came(response)}"
    shown = Redaction(request, credentials).name(what)
    told: DecodeError
    if is_write:
        told = UnreadableWriteResponse(
            shown, method=request.method, path=request.path, code=response.status, **codec.identity(response.body)
        )
    else:
        told = copy.copy(error)
        told.args = DecodeError(f"{request.method} {request.path}: {shown}").args
    raise_alone(told)


def read_deleted(
    response: Response, into: type[Any] | None, request: Request, credentials: Collection[str] = ()
) -> Any:
    """Read the response to a DELETE that succeeded.

    Returns: The object as it was or still is; a `meta_v1.Status`; None if it is neither, or cannot be read: whatever
        the server, or a proxy, puts into the body, the HTTP status says that the request was carried out.

    Raises:
        APIError: The body is a Status that reports a failure.
    """
    try:
        if (status := _status_in(response.body)) is not None:
            _raise_if_failed(status, response, request, credentials)
            if into not in (None, dict, bytes):
                return codec.read_status(response.body)
        return _reader(into)(response.body)
    except DecodeError:
        return None


def raise_failure(response: Response, request: Request, credentials: Collection[str] = ()) -> None:
    """Raise what the body of a successful response says if it is a Status that reports a failure.

    Raises:
        APIError: It does.
    """
    if (status := _status_in(response.body)) is not None:
        _raise_if_failed(status, response, request, credentials)


def _raise_if_failed(
    status: Mapping[str, Any], response: Response, request: Request, credentials: Collection[str]
) -> None:
    if status.get("status") == "Failure":
        raise error_from_status(status, code=response.status, request=request, credentials=credentials)


def _status_in(body: bytes) -> dict[str, Any] | None:
    """The Status that a body is; the body of few other objects has that word, so that few are looked at."""
    found = status_members.members(body) if b'"Status"' in body else None
    return found if found is not None and found.get("kind") == "Status" else None


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
    if reads_a_list(into):
        return lambda data: codec.decode_list(data, cls)
    if into in (dict, Unstructured):
        return lambda data: _no_failure(codec.decode_into(data, cls))
    if getattr(into, "kind", "") == "Status":
        return lambda data: _no_failure(codec.read_status(data))
    if issubclass(into, Kind) and hasattr(into, "metadata"):
        return lambda data: _said_something(codec.decode_into(data, cls), data)
    return lambda data: codec.decode_into(data, cls)


def _read_anything(data: bytes) -> Any:
    # Any: the caller did not say what it expects.
    value = codec.json_loads(data)
    if not isinstance(value, dict):
        return value
    mapping: dict[str, Any] = _no_failure(cast("dict[str, Any]", value))
    if not (isinstance(mapping.get("kind"), str) and isinstance(mapping.get("apiVersion"), str)):
        return mapping
    if isinstance(mapping.get("items"), list) and mapping["kind"].endswith("List"):
        return codec.decode_list(data, UnstructuredList)
    return Unstructured.owning(mapping)


def _said_something(found: Any, data: bytes) -> Any:
    """Refuse `{}` and its like: what says neither its kind nor its name may come from anywhere.

    Raises: DecodeError.
    """
    if not found.metadata.name and not codec.names_a_kind(data):
        raise DecodeError(f"expected {found.api_version} {found.kind}, got an object that names neither kind nor name")
    return found


def _no_failure(found: Any) -> Any:
    """Refuse a Status that reports a failure; whoever reads a body raises it as what it says.

    Raises: DecodeError.
    """
    is_plain = isinstance(found, (dict, Unstructured))
    said: Any = found
    if said.get("kind") == "Status" and said.get("status") == "Failure" if is_plain else said.status == "Failure":
        raise DecodeError("a Status that reports a failure")
    return said


def _what_came(response: Response) -> str:
    content_type = response.headers.get("content-type", "")
    if content_type and "json" not in content_type:
        return f" (the answer is {content_type.partition(';')[0]}: is this the address of an API server?)"
    return ""
