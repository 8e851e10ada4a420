"""The verbs that write whole objects: create, update, delete and delete_collection, each a mixin for all resources.

The verbs that change a part of an object are in `patch_verbs`.

Reference: client-go gentype/type.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from kubeloop.clients.base_resource_client import BaseResourceClient
from kubeloop.clients.read_verbs import says_that_object_is_absent
from kubeloop.clients.request_bodies import write_object
from kubeloop.errors import Conflict, NotFound, Unreadable
from kubeloop.wire.options import (
    DeleteOptions,
    ListOptions,
    SelectorOptions,
    WriteOptions,
    delete_body,
    list_params,
    write_params,
)

if TYPE_CHECKING:
    from kubeloop.clients.patch_verbs import DraftOf
    from kubeloop.models import meta_v1

__all__ = ["Create", "CreateReturningStatus", "Delete", "DeleteCollection", "DeleteCollectionOptions", "Update"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Json = Mapping[str, Any]
"""An object as JSON data, with the field names of the API."""


class Create(BaseResourceClient[T]):
    """create."""

    __slots__ = ()

    async def create(self, obj: T | Json, **options: Unpack[WriteOptions]) -> T:
        """Create an object.

        Args:
            obj: The object, or JSON data with the API's field names. It has a `metadata.name`, or a
                `metadata.generate_name` from which the server makes a name.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Returns:
            The object as the server stored it.

        Raises:
            AlreadyExists: There is an object of this name.
            Invalid: The object breaks a rule; `causes` names the fields.
            ValueError: The object has no namespace, or another namespace than this client; or its kind is not known.
        """
        endpoint = await self._endpoint.located()
        path = endpoint.collection_for(endpoint.identity(obj), verb="create")
        body = write_object(obj, endpoint.info, verb="create")
        request = endpoint.request("POST", path, write_params(options, "create"), body)
        return await endpoint.rest.call(request, endpoint.model, options.get("timeout"))


class CreateReturningStatus(BaseResourceClient[T]):
    """create, for a kind that is not stored: the server does what the object asks for, and returns a Status."""

    __slots__ = ()

    async def create(self, obj: T | Json, **options: Unpack[WriteOptions]) -> meta_v1.Status:
        """Send an object. Errors as of `Create.create`.

        Args:
            obj: The object, or JSON data with the API's field names.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Returns:
            The Status of the server.
        """
        from kubeloop.models import meta_v1

        endpoint = await self._endpoint.located()
        path = endpoint.collection_for(endpoint.identity(obj), verb="create")
        body = write_object(obj, endpoint.info, verb="create")
        request = endpoint.request("POST", path, write_params(options, "create"), body)
        return await endpoint.rest.call(request, meta_v1.Status, options.get("timeout"))


class Update(BaseResourceClient[T]):
    """update."""

    __slots__ = ()

    async def update(self, obj: T | DraftOf[T] | Json, **options: Unpack[WriteOptions]) -> T:
        """Replace an object with this one, except its status.

        With a `metadata.resource_version` the server refuses if the object has changed since; without it the server
        overwrites whatever is there. Fields that the model does not know are lost: `edit` keeps them.

        Args:
            obj: The whole object, a draft of it, or JSON data with the API's field names. It has a `metadata.name`.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Returns:
            The object as the server stored it.

        Raises:
            Conflict: The object has changed since it was read.
            NotFound: The object does not exist.
            Invalid: The object breaks a rule; `causes` names the fields.
        """
        endpoint = await self._endpoint.located()
        path = endpoint.path_for(endpoint.identity(obj), verb="update")
        body = write_object(obj, endpoint.info, verb="update")
        request = endpoint.request("PUT", path, write_params(options, "update"), body)
        return await endpoint.rest.call(request, endpoint.model, options.get("timeout"))


class Delete(BaseResourceClient[T_co]):
    """delete and ensure_absent."""

    __slots__ = ()

    async def delete(
        self, name: str, *, ignore_not_found: bool = False, **options: Unpack[DeleteOptions]
    ) -> T_co | None:
        """Delete an object.

        Args:
            name: The name of the object.
            ignore_not_found: Return None if there is no object of this name, instead of raising NotFound.
            **options: Keyword arguments, see `DeleteOptions`:
                grace_period_seconds: int | None
                propagation_policy: "Orphan" | "Background" | "Foreground" | None
                uid: str | None
                resource_version: str | None
                dry_run: bool
                ignore_store_read_error: bool
                timeout: float | None

        Returns:
            The object, if the server returns it: as it still is while finalizers or a grace period hold it, or as it
            was (of some resources, such as services). None if the server returns a Status instead, as it does for most
            objects that are deleted at once, or an object that cannot be read: no error means that the request was
            carried out.

        Raises:
            NotFound: There is no object of this name. Also with `ignore_not_found`, if the server does not serve the
                resource: that says nothing about the object.
            Conflict: The object is not the one that `uid` or `resource_version` ask for.
        """
        body = delete_body(options)
        endpoint = await self._endpoint.located()
        request = endpoint.request("DELETE", endpoint.path(name, verb="delete"), None, endpoint.delete_options(body))
        try:
            # Any: the response may be a Status.
            deleted: Any = await endpoint.rest.call(request, endpoint.model, options.get("timeout"))
        except NotFound as error:
            if ignore_not_found and says_that_object_is_absent(error, name):
                return None
            raise
        is_status = deleted is None or (deleted.kind == "Status" and deleted.api_version == "v1")
        return None if is_status else deleted

    async def ensure_absent(self, name: str, *, wait: float | None = None, **options: Unpack[DeleteOptions]) -> bool:
        """Delete an object if it exists, and return whether it existed: `await pods.ensure_absent("web-0", wait=60)`.

        Without `wait`, the object may still be there afterwards, while finalizers or a grace period hold it.

        Args:
            name: The name of the object.
            wait: Seconds to wait until the object no longer exists; None does not wait. Its uid is read before it is
                deleted, so that another object of its name, which somebody creates meanwhile, is neither deleted nor
                waited for.
            **options: Keyword arguments, see `DeleteOptions`; with `uid`, an object of another uid is not deleted, and
                counts as absence:
                grace_period_seconds: int | None
                propagation_policy: "Orphan" | "Background" | "Foreground" | None
                uid: str | None
                resource_version: str | None
                dry_run: bool
                ignore_store_read_error: bool
                timeout: float | None

        Returns:
            True if the server accepted to delete the object, also one that was being deleted; False if it was absent.

        Raises:
            NotFound: The server does not serve the resource: that says nothing about the object.
            Conflict: The object has another `resource_version`.
            WaitTimeout: The object still exists after `wait` seconds. It shows its last state and its newest events.
            TypeError: `wait` is not a number of seconds.
            ValueError: `wait` is negative, or a dry run is to be waited for.
        """
        if wait is not None and options.get("dry_run"):
            raise ValueError("ensure_absent: a dry run deletes nothing that could be waited for")
        if wait is not None:
            from kubeloop.clients.wait.wait_argument import checked_timeout

            checked_timeout(wait)
        try:
            if wait is not None and not options.get("uid"):
                options["uid"] = await self._uid_of(name, options.get("timeout"))
            await self.delete(name, **options)
        except NotFound as error:
            if says_that_object_is_absent(error, name):
                return False
            raise
        except Conflict:
            if options.get("uid") and not options.get("resource_version"):
                return False
            raise
        if wait is not None:
            from kubeloop.clients.wait.object_wait import wait_for_names
            from kubeloop.clients.wait.wait_argument import chosen_state

            gone = chosen_state(condition=None, jsonpath=None, until=None, for_create=False, for_delete=True)
            uid = options.get("uid") or ""
            await wait_for_names(self._endpoint, [name], gone, may_be_absent=False, timeout=wait, uid=uid)
        return True

    async def _uid_of(self, name: str, timeout: float | None) -> str:
        endpoint = await self._endpoint.located()
        request = endpoint.request("GET", endpoint.path(name, verb="ensure_absent"))
        try:
            # Any: that the objects of a resource have metadata is known to the model only.
            found: Any = await endpoint.rest.call(request, endpoint.model, timeout)
        except Unreadable as error:
            return error.uid
        uid: str = found.metadata.uid
        return uid


class DeleteCollectionOptions(SelectorOptions, DeleteOptions, total=False):
    """The options of delete_collection: `SelectorOptions` and `DeleteOptions`."""


class DeleteCollection(BaseResourceClient[Any]):
    """delete_collection."""

    __slots__ = ()

    async def delete_collection(self, **options: Unpack[DeleteCollectionOptions]) -> None:
        """Delete the objects that the selectors choose, or all objects of the namespace (or of the cluster).

        Whatever the body of the response is, the HTTP status says that the request was carried out.

        Args:
            **options: Keyword arguments, see `SelectorOptions` and `DeleteOptions`:
                label_selector: str | Mapping[str, str] | labels.Selector | None
                field_selector: str | Mapping[str, str] | fields.Selector | None
                shard_selector: str | None
                timeout: float | None
                grace_period_seconds: int | None
                propagation_policy: "Orphan" | "Background" | "Foreground" | None
                uid: str | None
                resource_version: str | None
                dry_run: bool
                ignore_store_read_error: bool

        Raises:
            APIError: The body is a Status that reports a failure.
            ValueError: The resource is namespaced and the client has no namespace.
        """
        chosen: ListOptions = {}
        rest: DeleteOptions = {}
        for name, value in options.items():
            into: Any = chosen if name in SelectorOptions.__annotations__ else rest
            into[name] = value
        for name in ("label_selector", "field_selector"):
            if options.get(name) == {}:
                raise ValueError(
                    f"delete_collection: an empty {name} selects every object: leave it out to delete all of them"
                )
        body = delete_body(rest)
        params = list_params(chosen)
        endpoint = await self._endpoint.located()
        path = endpoint.path_of_all(verb="delete_collection")
        request = endpoint.request("DELETE", path, params, endpoint.delete_options(body))
        result = await endpoint.rest.send(request, timeout=options.get("timeout"), is_list=True)
        result.raise_failure()
