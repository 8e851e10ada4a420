"""The exception tree: every error that kubeloop raises deliberately. `KubeloopError` draws the tree.

A programming mistake is a `TypeError` or `ValueError`; cancellation is never caught. No message contains a header, a
token or a body. Text from outside the program is masked, printable and bounded (`_kit.text`), and no exception of a
library is chained whose attributes contain raw bytes (`_kit.raising`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kubeloop._kit.text import safe_text
from kubeloop._kit.value import Value

if TYPE_CHECKING:
    from kubeloop.clients.wait.unmet_object import UnmetObject

__all__ = [
    "APIError",
    "AlreadyExists",
    "AmbiguousMatch",
    "ApplySetError",
    "BacklogFull",
    "BadRequest",
    "BodyTooLarge",
    "CacheError",
    "ConfigError",
    "Conflict",
    "ConnectError",
    "ConnectionLost",
    "ContextNotFound",
    "CredentialError",
    "DecodeError",
    "DiscoveryIncomplete",
    "EmptyConfig",
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
    "NoMatch",
    "NotAcceptable",
    "NotFound",
    "NotKept",
    "NotSynced",
    "PreconditionFailed",
    "QueueShutDown",
    "RequestEntityTooLarge",
    "RequestTimeout",
    "RolloutFailed",
    "ServerSilent",
    "ServerTimeout",
    "ServiceUnavailable",
    "StaleCache",
    "StatusCause",
    "StatusDetails",
    "StoreReadError",
    "TLSError",
    "TooManyRequests",
    "TransportError",
    "Unauthorized",
    "Unhealthy",
    "UnknownIndex",
    "Unreadable",
    "UnreadableWriteResponse",
    "UnsupportedMediaType",
    "WaitTimeout",
]


class KubeloopError(Exception):
    """The base class of all errors that kubeloop raises deliberately.

        KubeloopError
        ├─ ConfigError            names the file, context and user
        │   └─ EmptyConfig  ContextNotFound
        ├─ CredentialError        exec plugin, token, certificate
        ├─ TransportError         no complete response: `method`, `path`, `retryable`
        │   └─ ConnectError  TLSError  ConnectionLost  RequestTimeout (also a built-in TimeoutError)
        │                                              └─ ServerSilent
        ├─ EncodeError            names the kind and the path of the field
        ├─ DecodeError            names the kind and the path of the field
        │   └─ BodyTooLarge  Unreadable  UnreadableWriteResponse
        ├─ APIError               from the server: `status`, `code`, `reason`, `causes`, `retry_after`, `audit_id`
        │   └─ one class per reason: NotFound  Conflict  AlreadyExists  Forbidden  Gone  GatewayTimeout ...
        │                            └─ NoMatch   the server serves no such kind or resource
        ├─ CacheError
        │   └─ NotSynced  StaleCache  UnknownIndex  BacklogFull
        ├─ ApplySetError          an apply set that cannot be used, or not be pruned
        ├─ DiscoveryIncomplete    `failures`: the error of each group version that is missing
        ├─ AmbiguousMatch         `candidates`: the resources that a name could mean
        ├─ QueueShutDown          a work queue has no more items
        ├─ LeadershipLost
        ├─ WaitTimeout            objects did not reach a state: `objects`, each with its last state and its events
        ├─ RolloutFailed          a rollout cannot finish by itself
        ├─ PreconditionFailed     an object is not as the caller expects
        └─ Unhealthy              a check of the program's health failed

    Guarantees: errors can be copied and pickled, with their attributes and notes. Messages and notes are safe for logs
    and terminals: text that looks like a token is masked, control characters are escaped, and long text is cut.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*(safe_text(each) if isinstance(each, str) else each for each in args))

    def add_note(self, note: str, /) -> None:
        """Add a line to the traceback, made safe for logs and terminals like the message."""
        super().add_note(safe_text(note))

    def __reduce__(self) -> tuple[object, ...]:
        # Without the constructor, whose parameters are not those that built-in exceptions keep.
        return _restore, (type(self), self.args, dict(self.__dict__))


def _restore(kind: type[KubeloopError], args: tuple[object, ...], attributes: dict[str, object]) -> KubeloopError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(attributes)
    return error


class ConfigError(KubeloopError):
    """A kubeconfig, an in-cluster environment or a setting cannot be used. The message names file, context and user."""


class EmptyConfig(ConfigError):
    """There is no configuration: no kubeconfig has a current context, and the program does not run in a pod.

    A program that can work without a cluster catches this error, and no other `ConfigError`, which is a mistake in an
    existing configuration.

    Reference: client-go tools/clientcmd/validation.go, IsEmptyConfig.
    """


class ContextNotFound(ConfigError):
    """The kubeconfig has no context with the chosen name. The message lists the existing contexts.

    Reference: client-go tools/clientcmd/validation.go, IsContextNotFound.
    """


class CredentialError(KubeloopError):
    """A credential is unavailable: an exec plugin failed, or a token file or certificate cannot be used."""


class TransportError(KubeloopError):
    """There is no complete response from the server.

    Attributes:
        method: The HTTP method of the request.
        path: The path of the request. Headers and bodies are never kept.
        retryable: Whether the same request can succeed later without a change.
    """

    def __init__(self, message: str, *, method: str = "", path: str = "", retryable: bool = True) -> None:
        super().__init__(f"{method} {path}: {message}" if method else message)
        self.method = method
        self.path = path
        self.retryable = retryable


class ConnectError(TransportError):
    """The connection was refused, or there is no route or no such host. The request was not sent."""


class TLSError(TransportError):
    """The TLS handshake failed: wrong certificate authority or name, or expired certificate. A retry does not help."""

    def __init__(self, message: str, *, method: str = "", path: str = "", retryable: bool = False) -> None:
        super().__init__(message, method=method, path=path, retryable=retryable)


class ConnectionLost(TransportError):
    """The connection broke after the request may have been sent. A write may have been carried out."""


class RequestTimeout(TransportError, TimeoutError):
    """The call's timeout expired before the response was complete. A write may have been carried out.

    This is the client's own timeout, and also a built-in `TimeoutError`. The server reports its timeouts as
    `ServerTimeout` or `GatewayTimeout`.
    """


class ServerSilent(RequestTimeout):
    """No byte was transferred in either direction for 180 seconds, so the connection was closed.

    At least a part of the request was sent: a write may have been carried out. On an open watch, the reason can be a
    quiet resource whose server sends no bookmarks; `watch()` and informers then resume from the last resource version.
    """


class EncodeError(KubeloopError):
    """A value has no JSON form. The message names the kind and the path of the field."""


class DecodeError(KubeloopError):
    """Data are not the expected object. The message names the kind and the path of the field."""


class BodyTooLarge(DecodeError):
    """A response body, a Status or a watch event is larger than the limit."""


class Unreadable(DecodeError):
    """An object exists on the server, but its class cannot read it. The object is neither absent nor deleted.

    The identity of the object is nearly always readable; each attribute is `""` if it is not.

    Args:
        message: The reason, with the path of the field.
        namespace: The namespace of the object.
        name: The name of the object.
        uid: The uid of the object.
        resource_version: The resource version of the object.
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
        """The key of the object, `namespace/name` or `name`; `""` if its name cannot be read."""
        return f"{self.namespace}/{self.name}" if self.namespace and self.name else self.name


class UnreadableWriteResponse(DecodeError):
    """The write succeeded, but its response cannot be read. A retry would write twice.

    Args:
        message: The reason.
        method: The HTTP method of the request.
        path: The path of the request.
        code: The HTTP status code, 200 to 206.
        namespace: The namespace in the response, or `""` if it cannot be read.
        name: The name in the response, or `""`.
        uid: The uid in the response, or `""`.
        resource_version: The resource version in the response, or `""`.
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
    """One cause in a Status: `reason`, `message` and `field`, the path with field names as in JSON."""

    reason: str = ""
    message: str = ""
    field: str = ""


class StatusDetails(Value, frozen=True):
    """The content of a Status as plain values; `meta_v1.Status` is the model."""

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
    """The server responded with an error. There is one subclass per reason; the HTTP status decides if it is unknown.

    Attributes:
        status: The details that the server sent: message, reason, code, causes, and the object that is meant.
        method: The HTTP method of the request, `""` if there was none.
        path: The path of the request, `""` if there was none.
        audit_id: The request's ID in the audit log of the server, `""` if the response has none. If the server failed
            or had too many requests, a note of the error names the ID.
        flow_schema_uid: The UID of the FlowSchema that matched the request (API priority and fairness), or `""`.
        priority_level_uid: The UID of the PriorityLevelConfiguration that limited the request, or `""`. If the server
            had too many requests, a note of the error names both UIDs.

    Reference: k8s.io/apimachinery/pkg/api/errors (StatusError, ReasonForError); k8s.io/api/flowcontrol/v1
    (ResponseHeaderMatchedFlowSchemaUID); k8s.io/apiserver/pkg/apis/audit (HeaderAuditID).
    """

    def __init__(
        self,
        status: StatusDetails,
        *,
        method: str = "",
        path: str = "",
        audit_id: str = "",
        flow_schema_uid: str = "",
        priority_level_uid: str = "",
    ) -> None:
        where = f"{method} {path}: " if method else ""
        text = status.message or status.reason or "no message"
        super().__init__(f"{where}{status.code} {status.reason or 'Unknown'}: {text}")
        self.status = status
        self.method = method
        self.path = path
        self.audit_id = audit_id
        self.flow_schema_uid = flow_schema_uid
        self.priority_level_uid = priority_level_uid
        # Notes and not the message, in which they would make every two errors different.
        if audit_id and (status.code >= 500 or status.code == 429):
            self.add_note(f"audit ID {audit_id}: the audit log of the API server records this request under it")
        if priority_level_uid and status.code == 429:
            self.add_note(f"limited by priority level {priority_level_uid}, chosen by flow schema {flow_schema_uid}")

    @property
    def code(self) -> int:
        """The HTTP status code."""
        return self.status.code

    @property
    def reason(self) -> str:
        """The machine-readable reason, or `""` if the server sent none."""
        return self.status.reason

    @property
    def causes(self) -> tuple[StatusCause, ...]:
        """The causes, for instance one per invalid field."""
        return self.status.causes

    @property
    def retry_after(self) -> float | None:
        """The seconds to wait before a retry, or None if the server sent none."""
        return self.status.retry_after

    def has_cause(self, reason: str) -> bool:
        """Return whether one of the causes has this reason (apimachinery's `HasStatusCause`)."""
        return any(cause.reason == reason for cause in self.status.causes)


class BadRequest(APIError):
    """400: the request is malformed."""


class Unauthorized(APIError):
    """401: the credentials are missing or invalid."""


class Forbidden(APIError):
    """403: the user may not do this, or an admission plugin refused it."""


class NotFound(APIError):
    """404: there is no such object, or the server has no such resource."""


class NoMatch(NotFound):
    """The server serves no such kind or resource, by discovery that was complete where it could be.

    `code` is 404; no request for an object was sent. A later call may find it, as after the CRD was created.

    Reference: apimachinery `meta.NoKindMatchError`, `meta.NoResourceMatchError`.
    """


class MethodNotAllowed(APIError):
    """405: the resource does not support this verb."""


class NotAcceptable(APIError):
    """406: the server supports none of the accepted content types."""


class AlreadyExists(APIError):
    """409: an object of this name exists already."""


class Conflict(APIError):
    """409: the object has changed since it was read. Read the object again and retry, as `edit` does."""


class Gone(APIError):
    """410: the resource version or the continue token of a list or watch has expired. List again.

    Servers send the reason Expired, Gone or none; this class covers all three.
    """


class Expired(Gone):
    """410 with the reason Expired, which API servers send."""


class RequestEntityTooLarge(APIError):
    """413: the request body is too large."""


class UnsupportedMediaType(APIError):
    """415: the server does not support the content type of the request body."""


class Invalid(APIError):
    """422: the object is invalid; `causes` names the fields."""


class TooManyRequests(APIError):
    """429: the client sends too many requests; `retry_after` is the seconds to wait."""


class InternalError(APIError):
    """500: the server failed."""


class StoreReadError(APIError):
    """500 with the reason StorageReadError: the server could not read its storage."""


class ServiceUnavailable(APIError):
    """503: the server is unavailable."""


class ServerTimeout(APIError):
    """500 with the reason ServerTimeout: the server did not finish in time. A write may have been carried out."""


class GatewayTimeout(APIError):
    """504: the server gave up after its own timeout. A write may have been carried out."""


class CacheError(KubeloopError):
    """A cache cannot be used."""


class NotSynced(CacheError):
    """Caches did not complete their first list in time. The message names the caches."""


class StaleCache(CacheError):
    """A cache did not catch up with a write in time. The message names the cache and the object.

    The write itself has succeeded.
    """


class NotKept(CacheError):
    """An operation needs a field that an informer has dropped, because of its `keep=`. The message names the field.

    The field may be set in the cluster: `None` or an empty value in its place would be a false statement.
    """


class UnknownIndex(CacheError):
    """There is no such index. The message names the existing indices."""


class BacklogFull(CacheError):
    """A handler or reader of an informer was too slow for its bound, and was removed.

    What it has seen no longer adds up to what the store holds. Adding it again makes it see every object again.
    """


class ApplySetError(KubeloopError):
    """An apply set cannot be used or pruned: its parent, or what the parent says about the members. Names the parent.

    Reference: KEP-3659.
    """


class DiscoveryIncomplete(KubeloopError):
    """Discovery failed for some group versions, so the result lacks their resources.

    Args:
        message: The group versions and the reasons.
        failures: The errors by group version, for instance `"metrics.k8s.io/v1beta1"`.
    """

    def __init__(self, message: str, *, failures: Mapping[str, Exception] | None = None) -> None:
        super().__init__(message)
        self.failures = dict(failures or {})


class AmbiguousMatch(KubeloopError):
    """A name means several resources of one group and version. The message names them.

    Args:
        message: The name and the candidates.
        candidates: The resources, as text that means only one of them, such as `"foos.v1.example.com"`.

    Reference: apimachinery `meta.AmbiguousResourceError`, `meta.AmbiguousKindError`.
    """

    def __init__(self, message: str, *, candidates: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


class QueueShutDown(KubeloopError):
    """A work queue is shut down and empty, so that its worker ends. The message names the queue."""


class LeadershipLost(KubeloopError):
    """This process is not the leader, or not any more. The message names the election and the reason.

    Raised by the block of a `LeaderElection`, and by the calls of a fenced client, which has sent nothing then.
    """


class PreconditionFailed(KubeloopError):
    """An object is not as the caller expects, and nothing was sent. The message has the expected and the actual value.

    Reference: kubectl pkg/scale, PreconditionError.
    """


class Unhealthy(KubeloopError):
    """A part of the program does not work as it should. The message names the part and the reason.

    Raised by the ready-made checks of `kubeloop.health`.
    """


class WaitTimeout(KubeloopError, TimeoutError):
    """Objects did not reach a state in time. The message names the objects, the state, and their last states.

    Also a built-in `TimeoutError`. The newest events of the objects are notes of the error. If the connection was
    broken at the end, its error is the cause.

    Args:
        message: The message.
        awaited: What was awaited, for instance `"condition Ready"`.
        timeout: The seconds that were waited.
        objects: The objects that have not reached the state.
    """

    def __init__(
        self, message: str, *, awaited: str = "", timeout: float | None = None, objects: tuple[UnmetObject, ...] = ()
    ) -> None:
        super().__init__(message)
        self.awaited = awaited
        self.timeout = timeout
        self.objects = objects
        for unmet in objects:
            for event in unmet.events:
                self.add_note(f"event of {unmet}: {event}")
            if unmet.events_error:
                self.add_note(f"the events of {unmet} could not be read: {unmet.events_error}")


class RolloutFailed(KubeloopError):
    """A rollout cannot finish by itself: it exceeded its progress deadline, or its strategy is `OnDelete`."""
