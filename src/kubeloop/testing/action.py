"""`Action`: a request to a resource as a value, as client-go's fake clientset records it."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from functools import cache
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from kubeloop.errors import APIError, DecodeError
from kubeloop.meta.gvk import GroupResource
from kubeloop.wire.patch import APPLY_PATCH, JSON_PATCH, MERGE_PATCH
from kubeloop.wire.plain_values import to_data
from kubeloop.wire.request_path import RequestInfo, parse_path
from kubeloop.wire.response import Headers

if TYPE_CHECKING:
    from kubeloop.wire.request import Request
    from kubeloop.wire.serializers.registry import Serializers

__all__ = ["Action"]

_PATCH_TYPES = {
    APPLY_PATCH: "apply",
    "application/apply-patch+cbor": "apply",
    JSON_PATCH: "json",
    MERGE_PATCH: "merge",
    "application/strategic-merge-patch+json": "strategic",
}
_UNREAD = object()


class Action:
    """What a request does: a verb, the resource, and the object.

        Action("update", "deployments/status", "web", namespace="default")

    Two actions are equal if their verb, resource, subresource, namespace and name are, and if group, object, options
    and patch type are. Of these four, `...` equals any value; it is the default of an action that a test creates.

    Args:
        verb: `create`, `get`, `list`, `watch`, `update`, `patch`, `delete` or `deletecollection`.
        resource: The plural, with its group and subresource if they matter: `pods`, `deployments/status`,
            `deployments.apps/scale`. Of a request to another path, such as `/openapi/v3`, the path.
        name: The name of the object; `""` for a collection, and for a create without a name.
        namespace: The namespace; `""` for all namespaces and the cluster scope.
        object: The body as plain data, or a model: the object, the patch, or the DeleteOptions; None without a body.
        options: The parameters of the request as the server spells them, such as `{"dryRun": "All"}`.
        patch_type: `json`, `merge`, `strategic` or `apply`; `""` for another verb than `patch`.

    Attributes:
        verb, name, namespace: As the arguments.
        resource: The plural.
        subresource: `""` without one.
        group: The API group, `""` for core.
        options, patch_type: As the arguments.
        request: The request itself; None if a test created the action.

    Reference: client-go testing (Action, CreateAction and the others).
    """

    __slots__ = (
        "_object",
        "group",
        "name",
        "namespace",
        "options",
        "patch_type",
        "request",
        "resource",
        "subresource",
        "verb",
    )

    def __init__(
        self,
        verb: str,
        resource: str,
        name: str = "",
        *,
        namespace: str = "",
        object: Any = ...,  # plain data or a model
        options: Mapping[str, str] | EllipsisType = ...,
        patch_type: str | EllipsisType = ...,
    ) -> None:
        self.verb = verb
        self.name = name
        self.namespace = namespace
        self.options = options
        self.patch_type = patch_type
        self.request: Request | None = None
        self._object: Any = object if object is ... else to_data(object)
        self.group: str | EllipsisType = ...
        self.resource, self.subresource = resource, ""
        if self.is_of_resource:
            plural, _, self.subresource = resource.partition("/")
            self.resource, dot, group = plural.partition(".")
            if dot:
                self.group = group

    @classmethod
    def of(cls, request: Request, info: RequestInfo | None = None) -> Action:
        """Return what a request does. Its body is read when `object` is first used.

        Args:
            request: The request.
            info: What its path and query say, if the caller has parsed them.
        """
        try:
            info = info or parse_path(request.method, request.target)
        except APIError:  # a path that no server can read
            info = RequestInfo(False, request.method.lower(), request.path, {})
        content_type = Headers(request.headers.items()).get("content-type", "").partition(";")[0].strip()
        if info.is_resource_request:
            # Of a Namespace, `info` has the name as the namespace too.
            namespace = "" if info.resource == "namespaces" and not info.group else info.namespace
            action = cls(info.verb, info.resource, info.name, namespace=namespace)
            action.group, action.subresource = info.group, "/".join(info.parts[2:])
        else:
            action = cls(info.verb, f"/{info.path.lstrip('/')}")
        action.request = request
        action.options = {name: values[0] for name, values in info.query.items() if name != "watch"}
        action.patch_type = _PATCH_TYPES.get(content_type, "") if info.verb == "patch" else ""
        action._object = None if request.body is None else _UNREAD
        if request.body is not None and info.verb == "create" and not action.name:
            action.name = _serializers().for_content_type(content_type).identity(request.body).get("name", "")
        return action

    @property
    def is_of_resource(self) -> bool:
        """Whether the action concerns a resource, and not another path."""
        return not self.resource.startswith("/")

    @property
    def group_resource(self) -> GroupResource:
        """The resource as errors name it."""
        if not self.is_of_resource:
            return GroupResource("", "")
        return GroupResource("" if self.group is ... else self.group, self.resource)

    @property
    def object(self) -> Any:  # plain data of any shape
        """The body as plain data, None without a body; raw bytes if they cannot be read. It belongs to the action."""
        if self._object is _UNREAD:
            assert self.request is not None
            self._object = _plain_body(self.request)
        return self._object

    def __eq__(self, other: builtins.object) -> bool:
        return isinstance(other, Action) and not self.differences(other)

    def __hash__(self) -> int:
        return hash((self.verb, self.resource, self.subresource, self.namespace, self.name))

    def differences(self, other: Action) -> list[str]:
        """Return the names of the attributes in which another action differs, in the order of the arguments."""
        names = ("verb", "group", "resource", "subresource", "name", "namespace", "patch_type", "options", "object")
        return [name for name in names if _differs(getattr(self, name), getattr(other, name))]

    def __str__(self) -> str:
        """Return a short form: `patch deployments/status default/web (merge)`."""
        group = f".{self.group}" if isinstance(self.group, str) and self.group else ""
        subresource = f"/{self.subresource}" if self.subresource else ""
        key = f"{self.namespace}/{self.name}" if self.namespace and self.name else self.name
        if self.namespace and not self.name:
            key = f"in {self.namespace}"
        patch_type = f"({self.patch_type})" if isinstance(self.patch_type, str) and self.patch_type else ""
        return " ".join(part for part in (self.verb, f"{self.resource}{group}{subresource}", key, patch_type) if part)

    def __repr__(self) -> str:
        group = f".{self.group}" if isinstance(self.group, str) and self.group else ""
        subresource = f"/{self.subresource}" if self.subresource else ""
        arguments = [repr(self.verb), repr(f"{self.resource}{group}{subresource}")]
        if self.name:
            arguments.append(repr(self.name))
        if self.namespace:
            arguments.append(f"namespace={self.namespace!r}")
        if isinstance(self.options, Mapping) and self.options:
            arguments.append(f"options={dict(self.options)!r}")
        if isinstance(self.patch_type, str) and self.patch_type:
            arguments.append(f"patch_type={self.patch_type!r}")
        if self._object is not ... and self.object is not None:
            arguments.append(f"object={self.object!r}")
        return f"Action({', '.join(arguments)})"


def _differs(one: object, other: object) -> bool:
    return one is not ... and other is not ... and one != other


def _plain_body(request: Request) -> Any:  # plain data of any shape
    body = request.body or b""
    content_type = Headers(request.headers.items()).get("content-type", "")
    try:
        if content_type.partition(";")[0].endswith("yaml"):
            from kubeloop.meta import yaml

            return yaml.load(body)
        return _serializers().for_content_type(content_type).plain_data(body)
    except DecodeError:
        return body


@cache
def _serializers() -> Serializers:
    from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF
    from kubeloop.wire.serializers.registry import Serializers

    return Serializers(PROTOBUF)
