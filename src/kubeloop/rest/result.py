"""Result: the response to one request, which can be read, and described in an error without a secret.

The HTTP status is the outcome of a write: a response to one that cannot be read says that it succeeded. A Status that
reports a failure is raised even where the HTTP status said success.

Reference: client-go rest/request.go (Result).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, overload

from kubeloop._kit.raising import raise_alone
from kubeloop._kit.text import safe_text
from kubeloop.errors import APIError, DecodeError, UnreadableWriteResponse
from kubeloop.objects.model import Kind, KindList
from kubeloop.unstructured import Unstructured, UnstructuredList
from kubeloop.wire.response import ServerWarning, parse_warnings

if TYPE_CHECKING:
    from kubeloop.rest.list_response import ListResponse
    from kubeloop.wire.redaction import Redaction
    from kubeloop.wire.request import Request
    from kubeloop.wire.response import Headers, Response
    from kubeloop.wire.serializers.registry import Serializers
    from kubeloop.wire.serializers.serializer import Serializer

__all__ = ["Result", "reads_a_list"]

T = TypeVar("T")


def reads_a_list(into: type[Any] | None) -> bool:
    """Return whether this is a class of lists."""
    return into is not None and issubclass(into, (KindList, UnstructuredList))


class Result:
    """The response to one request: what `RESTClient.send` returns.

    Args:
        response: The response, whose `Content-Type` chooses the serializer that reads it.
        request: The request.
        serializers: Those to choose from.
        credentials: Returns the `Authorization` values that the server knows, and may echo.
    """

    __slots__ = ("_credentials", "_serializers", "request", "response")

    def __init__(
        self,
        response: Response,
        request: Request,
        serializers: Serializers,
        credentials: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self.response = response
        self.request = request
        self._serializers = serializers
        self._credentials = credentials

    @property
    def status(self) -> int:
        """The HTTP status code."""
        return self.response.status

    @property
    def headers(self) -> Headers:
        """The headers of the response."""
        return self.response.headers

    @property
    def content_type(self) -> str:
        """The `Content-Type` of the response; `""` if it has none."""
        return self.response.headers.get("content-type", "")

    @property
    def was_created(self) -> bool:
        """Whether the server created an object (201), which tells an apply that created from one that changed."""
        return self.response.status == 201

    @property
    def warnings(self) -> Sequence[ServerWarning]:
        """The warnings of the response, with secrets masked. The warning handler was called with them already."""
        headers = self.response.headers
        if "warning" not in headers:
            return ()
        redaction = self.redaction()
        return [
            ServerWarning(warning.code, redaction(warning.agent), redaction(warning.text))
            for warning in parse_warnings(headers)
        ]

    @property
    def body(self) -> bytes:
        """The body as it is."""
        return self.response.body

    @property
    def serializer(self) -> Serializer:
        """The serializer that reads the body."""
        return self._serializers.for_response(self.response.headers)

    def redaction(self) -> Redaction:
        """Create the redaction for the texts of this response that get into an error or a log line."""
        from kubeloop.wire.redaction import Redaction  # loaded with the first error

        return Redaction(self.request, self._credentials(), serializers=self._serializers)

    @overload
    def read(self, into: type[T]) -> T: ...
    @overload
    def read(self, into: type[Any] | None = ...) -> Any: ...
    def read(self, into: type[Any] | None = None) -> Any:
        """Read the body as a class.

        Args:
            into: The class; `bytes` for the body as it is; None for whatever the body says that it is.

        Returns:
            The object. Of a DELETE also a `meta_v1.Status`, or None for what is neither or cannot be read: the HTTP
            status says that the request was carried out, whatever the server or a proxy puts into the body.

        Raises:
            Unreadable: The body is the object that was asked for, but not as its class should be.
            UnreadableWriteResponse: The same, or anything else that cannot be read, if the request was a write.
            DecodeError: The body is something else, cut short or not in its format; names the request.
            APIError: The body is a Status that reports a failure.
        """
        method = self.request.method
        if method == "DELETE":
            return self._read_deleted(into)
        if into is bytes and method != "GET":
            self.raise_failure()
        try:
            return self._decode(into)
        except DecodeError as error:
            self._refuse(error)

    async def read_list(self, listing: ListResponse) -> Any:
        """Return the list whose items were read while its body arrived.

        Raises: As `read`.
        """
        try:
            return await listing.finish()
        except DecodeError as error:
            self._refuse(error)

    def raise_failure(self) -> None:
        """Raise the error that the body of a successful response reports, if it is a Status that reports a failure.

        Raises:
            APIError: It is such a Status.
        """
        status = self.serializer.status(self.body)
        if status is not None and status.get("status") == "Failure":
            raise self.failure(status, self.status)

    def error(self) -> APIError:
        """Return the exception that an unsuccessful response means."""
        from kubeloop.wire.status_errors import status_error

        return status_error(self.response, self.redaction(), self.serializer.status(self.body))

    def failure(self, status: Mapping[str, Any], code: int = 0) -> APIError:
        """Return the exception that a Status (plain data) means; `code` is for a Status without one."""
        from kubeloop.wire.status_errors import error_from_status

        return error_from_status(status, self.redaction(), code=code, headers=self.headers)

    def _decode(self, into: type[Any] | None) -> Any:
        body = self.response.body
        if into is bytes:
            return body
        serializer = self.serializer
        if into is None:
            return _no_failure(serializer.decode_any(body))
        found = serializer.decode(body, into)
        check = _checks.get(into)
        if check is None:
            check = _checks[into] = _choose_check(into)
        return check(found, body, serializer)

    def _read_deleted(self, into: type[Any] | None) -> Any:
        try:
            status = self.serializer.status(self.body)
            if status is not None:
                if status.get("status") == "Failure":
                    raise self.failure(status, self.status)
                if into not in (None, dict, bytes):
                    from kubeloop.models import meta_v1

                    return self.serializer.decode(self.body, meta_v1.Status)
            return self._decode(into)
        except DecodeError:
            return None

    def _refuse(self, error: DecodeError) -> NoReturn:
        """Raise the error for a body that could not be read."""
        request = self.request
        is_write = request.method != "GET"
        status = self.serializer.status(self.body)
        if status is not None:
            said = status.get("status")
            # To a write only an outright failure says more than the HTTP status.
            if said == "Failure" or (said != "Success" and not is_write):
                raise_alone(self.failure(status, self.status))
        shown = self.redaction().name(f"{error}{self._doubt()}")
        told: DecodeError
        if is_write:
            known = dict(self.serializer.identity(self.body))
            for name in ("api_version", "kind"):
                known.pop(name, None)
            told = UnreadableWriteResponse(shown, method=request.method, path=request.path, code=self.status, **known)
        else:
            told = copy.copy(error)
            told.args = DecodeError(f"{request.method} {request.path}: {shown}").args
        raise_alone(told)

    def _doubt(self) -> str:
        content_type = self.headers.get("content-type", "")
        if content_type and not self._serializers.reads(content_type):
            return f" (the response is {content_type.partition(';')[0]}: is this the address of an API server?)"
        return ""

    def __repr__(self) -> str:
        return safe_text(f"<Result {self.request.method} {self.request.path}: {self.status}, {len(self.body)} bytes>")


Check = Callable[[Any, bytes, "Serializer"], Any]
_checks: dict[type[Any], Check] = {}


def _choose_check(into: type[Any]) -> Check:
    if into in (dict, Unstructured) or getattr(into, "kind", "") == "Status":
        return lambda found, _body, _serializer: _no_failure(found)
    if issubclass(into, Kind) and not reads_a_list(into) and hasattr(into, "metadata"):
        return _names_itself
    return lambda found, _body, _serializer: found


def _names_itself(found: Any, body: bytes, serializer: Serializer) -> Any:
    """Refuse an object such as `{}`, which names neither its kind nor itself and may come from anywhere.

    Raises:
        DecodeError: The object names neither.
    """
    if not found.metadata.name and not serializer.identity(body).get("kind"):
        raise DecodeError(f"expected {found.api_version} {found.kind}, got an object that names neither kind nor name")
    return found


def _no_failure(found: Any) -> Any:
    """Refuse a Status that reports a failure; `Result.read` then raises the error that it reports.

    Raises:
        DecodeError: The object is such a Status.
    """
    is_plain = isinstance(found, (dict, Unstructured))
    said: Any = found
    if said.get("kind") == "Status" and said.get("status") == "Failure" if is_plain else _is_failure(said):
        raise DecodeError("a Status that reports a failure")
    return said


def _is_failure(found: Any) -> bool:
    return getattr(found, "status", None) == "Failure"
