"""The exception tree: every error that kubeloop raises on purpose, as plain values.

    KubeloopError
    ├─ ConfigError            names the file, context and user it came from
    ├─ CredentialError        exec plugin, token, certificate
    ├─ TransportError         method and path, never headers; `retryable`
    │   └─ ConnectError  TLSError  ConnectionLost  RequestTimeout (also the built-in TimeoutError)
    │                                              └─ ServerSilent
    ├─ EncodeError            kind and path of the field
    ├─ DecodeError            kind and path of the field
    │   └─ BodyTooLarge  Unreadable  UnreadableWriteResponse
    ├─ APIError               from the server: `status`, `code`, `reason`, `causes`, `retry_after`; one class per reason
    ├─ CacheError
    │   └─ NotSynced  UnknownIndex
    └─ LeadershipLost

What is a programming mistake raises `TypeError` or `ValueError`. Cancellation is never caught, wrapped or swallowed.
A secret is in no message: no header, no token, no body. Text from outside in a message is masked, printable and bounded
(`_kit.text`), so that an exception can always be printed and logged. No exception of a library is chained whose
attributes hold what was sent (`_kit.raising`).
"""

from __future__ import annotations

from kubeloop._kit.text import safe_text
from kubeloop._kit.value import Value

__all__ = [
    "APIError",
    "AlreadyExists",
    "BadRequest",
    "BodyTooLarge",
    "CacheError",
    "ConfigError",
    "Conflict",
    "ConnectError",
    "ConnectionLost",
    "CredentialError",
    "DecodeError",
    "EncodeError",
    "Expired",
    "Forbidden",
    "GatewayTimeout",
    "Gone",
    "InternalError",
    "Invalid",
    "KubeloopError",
    "LeadershipLost",
    "MethodNotAllowed",
    "NotAcceptable",
    "NotFound",
    "NotSynced",
    "RequestEntityTooLarge",
    "RequestTimeout",
    "ServerSilent",
    "ServerTimeout",
    "ServiceUnavailable",
    "StatusCause",
    "StatusDetails",
    "StoreReadError",
    "TLSError",
    "TooManyRequests",
    "TransportError",
    "Unauthorized",
    "UnknownIndex",
    "Unreadable",
    "UnreadableWriteResponse",
    "UnsupportedMediaType",
]


class KubeloopError(Exception):
    """Anything that kubeloop raises on purpose. Can be copied and pickled, with its attributes and notes.

    Messages and notes are fit for logs and terminals, whatever outside text was put into them: what looks like a token
    is masked, what is not printable is escaped, and what is very long is cut.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*(safe_text(each) if isinstance(each, str) else each for each in args))

    def add_note(self, note: str, /) -> None:
        """Add a line to the traceback, made fit for logs and terminals like the message."""
        super().add_note(safe_text(note))

    def __reduce__(self) -> tuple[object, ...]:
        # Not by the constructor: its arguments are not those that the built-in exceptions keep.
        return _restore, (type(self), self.args, dict(self.__dict__))


def _restore(kind: type[KubeloopError], args: tuple[object, ...], attributes: dict[str, object]) -> KubeloopError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(attributes)
    return error


class ConfigError(KubeloopError):
    """A kubeconfig, an in-cluster environment or a setting that cannot be used; names the file, context and user."""


class CredentialError(KubeloopError):
    """A credential that could not be had: an exec plugin, a token file, a certificate."""


class TransportError(KubeloopError):
    """No answer from the server. `retryable`: the same request may succeed later without a change.

    `method` and `path` name the request; headers and bodies are never kept.
    """

    def __init__(self, message: str, *, method: str = "", path: str = "", retryable: bool = True) -> None:
        super().__init__(f"{method} {path}: {message}" if method else message)
        self.method = method
        self.path = path
        self.retryable = retryable


class ConnectError(TransportError):
    """No connection: refused, no route, no such host. The request was not sent."""


class TLSError(TransportError):
    """The TLS handshake failed: wrong authority, name, or an expired certificate. Trying again does not help."""

    def __init__(self, message: str, *, method: str = "", path: str = "", retryable: bool = False) -> None:
        super().__init__(message, method=method, path=path, retryable=retryable)


class ConnectionLost(TransportError):
    """The connection broke after the request may have been sent: a write may have happened."""


class RequestTimeout(TransportError, TimeoutError):
    """No (complete) answer in time. A write may have happened. Also a built-in `TimeoutError`."""


class ServerSilent(RequestTimeout):
    """No byte moved in either direction for so long (180 seconds) that the connection was given up.

    The request had been sent, in part at least: a write may have happened. On an open watch the silence may be nothing
    but a quiet resource whose server sends no bookmarks: `watch()` and informers then watch on from the last version.
    """


class EncodeError(KubeloopError):
    """A value that cannot be written; names the kind and the path of the field."""


class DecodeError(KubeloopError):
    """Bytes that are not what was asked for; names the kind and the path of the field."""


class BodyTooLarge(DecodeError):
    """A body over the limit where one object, a Status or one watch frame was due."""


class Unreadable(DecodeError):
    """An object that exists on the server, but that its class cannot read.

    The failure says nothing about the cluster: the object is neither absent nor deleted. What identifies it is nearly
    always readable, and is told as plain values; each is `""` when it is not.

    Args:
        message: why, with the path of the field.
        namespace: the object's namespace.
        name: its name.
        uid: its uid.
        resource_version: its resourceVersion.
    """

    def __init__(
        self, message: str, *, namespace: str = "", name: str = "", uid: str = "", resource_version: str = ""
    ) -> None:
        super().__init__(message)
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.resource_version = resource_version

    @property
    def key(self) -> str:
        """The object's key, `namespace/name` or `name`; `""` when its name cannot be read."""
        return f"{self.namespace}/{self.name}" if self.namespace and self.name else self.name


class UnreadableWriteResponse(DecodeError):
    """The write succeeded, but the response cannot be read. Sending it again would write twice.

    Args:
        message: what is wrong with the response.
        method: the method of the request.
        path: the path of the request.
        code: the HTTP status, 200 to 206.
        namespace: the namespace in the response, as far as it can be read.
        name: the name in the response, likewise.
        uid: the uid in the response, likewise.
        resource_version: the resourceVersion in the response, likewise.
    """

    retryable = False

    def __init__(
        self,
        message: str,
        *,
        method: str = "",
        path: str = "",
        code: int = 200,
        namespace: str = "",
        name: str = "",
        uid: str = "",
        resource_version: str = "",
    ) -> None:
        where = f"{method} {path}: " if method else ""
        super().__init__(f"{where}the write succeeded ({code}), but its response cannot be read: {message}")
        self.method = method
        self.path = path
        self.code = code
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.resource_version = resource_version


class StatusCause(Value, frozen=True):
    """One of the reasons that a Status lists: `reason`, `message`, and the `field` (a path with wire names)."""

    reason: str = ""
    message: str = ""
    field: str = ""


class StatusDetails(Value, frozen=True):
    """What a server said in a Status, as plain values (`meta_v1.Status` is the model)."""

    unshown = frozenset({"continue_"})

    code: int = 0
    reason: str = ""
    message: str = ""
    name: str = ""
    group: str = ""
    kind: str = ""
    uid: str = ""
    causes: tuple[StatusCause, ...] = ()
    retry_after: float | None = None
    continue_: str = ""


class APIError(KubeloopError):
    """The server answered, with an error. One subclass a reason; an unknown reason falls back on the code.

    Reference: k8s.io/apimachinery/pkg/api/errors (StatusError, ReasonForError).
    """

    def __init__(self, status: StatusDetails, *, method: str = "", path: str = "") -> None:
        where = f"{method} {path}: " if method else ""
        text = status.message or status.reason or "no message"
        super().__init__(f"{where}{status.code} {status.reason or 'Unknown'}: {text}")
        self.status = status
        self.method = method
        self.path = path

    @property
    def code(self) -> int:
        """The HTTP status code."""
        return self.status.code

    @property
    def reason(self) -> str:
        """The machine-readable reason, `""` when the server gave none."""
        return self.status.reason

    @property
    def causes(self) -> tuple[StatusCause, ...]:
        """The single causes, e.g. one for each invalid field."""
        return self.status.causes

    @property
    def retry_after(self) -> float | None:
        """Seconds after which the server wants to be asked again; None when it did not say."""
        return self.status.retry_after

    def has_cause(self, reason: str) -> bool:
        """Say if one of the causes has this reason (apimachinery's `HasStatusCause`)."""
        return any(cause.reason == reason for cause in self.status.causes)


class BadRequest(APIError):
    """400."""


class Unauthorized(APIError):
    """401: the credentials are missing or wrong."""


class Forbidden(APIError):
    """403: known, but not allowed; or an admission plugin refused."""


class NotFound(APIError):
    """404: no such object, or no such resource on this server."""


class MethodNotAllowed(APIError):
    """405: the resource has no such verb."""


class NotAcceptable(APIError):
    """406: the server cannot answer in a content type that was asked for."""


class AlreadyExists(APIError):
    """409: create of a name that is taken."""


class Conflict(APIError):
    """409: the object changed since it was read; read again and retry (`edit()` does)."""


class Gone(APIError):
    """410: of a list or a watch, the resourceVersion or continue token is too old; list again.

    Servers say so with the reason Expired, Gone or none. Catch this class, which stands for all of them.
    """


class Expired(Gone):
    """410 with the reason Expired: how an API server says it."""


class RequestEntityTooLarge(APIError):
    """413."""


class UnsupportedMediaType(APIError):
    """415."""


class Invalid(APIError):
    """422: the object breaks a rule; `causes` names the fields."""


class TooManyRequests(APIError):
    """429: slow down; `retry_after` says for how long."""


class InternalError(APIError):
    """500."""


class StoreReadError(APIError):
    """500 StorageReadError: the server could not read its own storage."""


class ServiceUnavailable(APIError):
    """503."""


class ServerTimeout(APIError):
    """500 ServerTimeout: the server could not finish in time; a write may have happened."""


class GatewayTimeout(APIError):
    """504 Timeout: the server gave up; a write may have happened."""


class CacheError(KubeloopError):
    """A cache that cannot answer."""


class NotSynced(CacheError):
    """Caches that had not seen their first full list in time; names them."""


class UnknownIndex(CacheError):
    """An index that nobody added; names those that exist."""


class LeadershipLost(KubeloopError):
    """This process is no longer the leader."""
