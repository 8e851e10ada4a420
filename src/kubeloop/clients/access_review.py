"""`can_i`: whether the user of a Clientset may do something, by the word of the server.

Reference: kubectl auth can-i (cmd/auth/cani.go).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubeloop._kit.text import safe_text
from kubeloop._kit.value import Value
from kubeloop.clients.resource_info import resource_info
from kubeloop.errors import NoMatch
from kubeloop.meta.gvk import GroupResource, GroupVersionResource
from kubeloop.meta.namespaces import DefaultNamespace

if TYPE_CHECKING:
    from kubeloop.clients.clientset import Clientset

__all__ = ["Permission", "can_i"]

# Resources of permissions that no server serves, for the verb `impersonate`.
_UNSERVED = frozenset({"groups", "users"})


class Permission(Value, frozen=True):
    """The result of `can_i`: true if the action is allowed.

    Attributes:
        allowed: Whether the action is allowed.
        denied: Whether an authorizer denied it explicitly; if False, none of them allowed it.
        reason: Why, in the words of the server; often `""`.
        evaluation_error: What went wrong while the server decided; the decision holds in spite of it.
        action: The action, for messages: `"list pods in shop"`.
    """

    allowed: bool
    denied: bool = False
    reason: str = ""
    evaluation_error: str = ""
    action: str = ""

    def __bool__(self) -> bool:
        return self.allowed

    def __str__(self) -> str:
        why = "".join(f" - {each}" for each in (self.reason, self.evaluation_error) if each)
        return safe_text(f"{self.action}: {'yes' if self.allowed else 'no'}{why}")


async def can_i(
    clientset: Clientset,
    verb: str,
    resource: object,
    *,
    namespace: str | DefaultNamespace | None,
    name: str,
    subresource: str,
    timeout: float | None,
) -> Permission:
    """Ask the server whether an action is allowed. For the arguments see `Clientset.can_i`.

    Raises:
        NoMatch: The server has no such resource.
        TypeError: The resource is no text, class or resource.
        ValueError: A name contradicts the resource, or is part of it.
    """
    from kubeloop.models import authorization_v1 as models

    if not verb:
        raise ValueError("can_i: expected a verb, got an empty text")
    if isinstance(resource, str) and resource.startswith("/"):
        if name or subresource or namespace:
            raise ValueError(f"can_i: the path {resource!r} has no namespace, name or subresource")
        action = f"{verb} {resource}"
        spec = models.SelfSubjectAccessReviewSpec(
            non_resource_attributes=models.NonResourceAttributes(verb=verb, path=resource)
        )
    else:
        found, namespaced = await _resource(clientset, resource)
        where = clientset.rest.config.namespace if isinstance(namespace, DefaultNamespace) else namespace or ""
        if where and namespaced is False:
            if not isinstance(namespace, DefaultNamespace):
                raise ValueError(f"can_i: {found} are not namespaced: leave out the namespace {where!r}")
            where = ""
        place = f" in {where}" if where else " in all namespaces" if namespaced else ""
        what = "/".join(filter(None, (str(found), subresource)))
        action = f"{verb} {what}{f' {name}' if name else ''}{place}"
        attributes = models.ResourceAttributes(
            namespace=where,
            verb=verb,
            group=found.group,
            resource=found.resource,
            subresource=subresource,
            name=name,
        )
        spec = models.SelfSubjectAccessReviewSpec(resource_attributes=attributes)
    review = models.SelfSubjectAccessReview(spec=spec)
    status = (await clientset.authorization_v1.self_subject_access_reviews().create(review, timeout=timeout)).status
    return Permission(status.allowed, status.denied, status.reason, status.evaluation_error, action)


async def _resource(clientset: Clientset, resource: Any) -> tuple[GroupResource, bool | None]:
    """Return the resource that is meant, and whether it has namespaces; None if that is not known."""
    if isinstance(resource, GroupResource):
        return resource, None
    if isinstance(resource, GroupVersionResource):
        return GroupResource(resource.group, resource.resource), None
    if isinstance(resource, type):
        info = resource_info(resource)
        return GroupResource(info.group_version.group, info.plural), info.namespaced
    if not isinstance(resource, str):
        raise TypeError(
            f"can_i: expected the name of a resource, a class or a GroupResource, got {type(resource).__name__}"
        )
    if resource == "*":
        return GroupResource("", "*"), None
    if "/" in resource:
        plural, _, rest = resource.partition("/")
        raise ValueError(
            f"can_i: expected the name of a resource, got {resource!r}: write can_i(..., {plural!r}, name={rest!r}) or "
            f"can_i(..., {plural!r}, subresource={rest!r})"
        )
    try:
        mapping = await clientset.mapper.resolve(resource)
    except NoMatch:
        if resource in _UNSERVED:
            return GroupResource("", resource), False
        raise
    return GroupResource(mapping.resource.group, mapping.resource.resource), mapping.namespaced
