"""The verbs that change the metadata of an object: labels, annotations and finalizers. A mixin for all resources.

Reference: kubectl label and annotate; controller-runtime controllerutil.AddFinalizer, RemoveFinalizer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from kubeloop.clients.base_resource_client import BaseResourceClient
from kubeloop.meta.name_rules import label_key_faults, label_value_faults
from kubeloop.wire.options import WriteOptions, write_params
from kubeloop.wire.patch import MERGE_PATCH

if TYPE_CHECKING:
    from kubeloop.clients.resource_endpoint import Endpoint

__all__ = ["PatchMetadata"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class PatchMetadata(BaseResourceClient[T_co]):
    """set_labels, set_annotations, add_finalizer and remove_finalizer."""

    __slots__ = ()

    async def set_labels(self, name: str, labels: Mapping[str, str | None], **options: Unpack[WriteOptions]) -> T_co:
        """Set some labels of an object and keep the others: `await pods.set_labels("web-0", {"tier": "front"})`.

        One request: a merge patch, which needs no read and cannot conflict.

        Args:
            name: The name of the object.
            labels: The values by key. None removes the label, if it is there.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Returns:
            The object as the server stored it.

        Raises:
            NotFound: There is no object of this name.
            ValueError: No label can have a key or a value. Nothing was sent.
        """
        return await self._patch_texts("labels", name, labels, options)

    async def set_annotations(
        self, name: str, annotations: Mapping[str, str | None], **options: Unpack[WriteOptions]
    ) -> T_co:
        """Set some annotations of an object and keep the others. In all else as `set_labels`.

        Args:
            name: The name of the object.
            annotations: The values by key. None removes the annotation, if it is there.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Returns:
            The object as the server stored it.

        Raises:
            NotFound: There is no object of this name.
            ValueError: No annotation can have a key. Nothing was sent.
        """
        return await self._patch_texts("annotations", name, annotations, options)

    async def add_finalizer(self: PatchMetadata[T], obj: str | T, finalizer: str, **options: Unpack[WriteOptions]) -> T:
        """Add a finalizer to an object, so that it stays while it is deleted until the finalizer is removed.

        Nothing is sent if the object has the finalizer. Otherwise the list is sent, and the server refuses it if the
        object has changed since it was read; then it is read again.

        Args:
            obj: The name of the object; or the object, for instance from a lister, which saves the read.
            finalizer: The name of the finalizer, `example.com/release-address`.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Returns:
            The object with the finalizer.

        Raises:
            NotFound: There is no object of this name; of an object that was passed, none with its uid.
            Invalid: The object is being deleted, so that no finalizer can be added.
            Conflict: The object changed under each of 20 attempts.
        """
        changed: T | None = await _change_finalizers(self._endpoint, obj, "add_finalizer", _with(finalizer), options)
        if changed is None:
            raise _replaced(self._endpoint.collection, obj)
        return changed

    async def remove_finalizer(
        self: PatchMetadata[T], obj: str | T, finalizer: str, **options: Unpack[WriteOptions]
    ) -> T | None:
        """Remove a finalizer from an object. In all else as `add_finalizer`.

        Args:
            obj: The name of the object; or the object, for instance from a lister, which saves the read.
            finalizer: The name of the finalizer.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Returns:
            The object without the finalizer; if this was the last one and the object is being deleted, its last state.
            None if the object does not exist.

        Raises:
            NotFound: The server does not serve the resource: that says nothing about the object.
            Conflict: The object changed under each of 20 attempts.
        """
        changed: T | None = await _change_finalizers(
            self._endpoint, obj, "remove_finalizer", _without(finalizer), options, True
        )
        return changed

    async def _patch_texts(self, field: str, name: str, texts: Mapping[str, str | None], options: WriteOptions) -> T_co:
        verb = f"set_{field}"
        check_texts(field, texts)
        endpoint = await self._endpoint.located()
        path = endpoint.path(name, verb=verb)
        body = {"metadata": {field: dict(texts)}}
        request = endpoint.request("PATCH", path, write_params(options, verb), body, MERGE_PATCH)
        return await endpoint.rest.call(request, endpoint.model, options.get("timeout"))


def check_texts(field: str, texts: Mapping[str, Any]) -> None:
    """Check labels or annotations before they are sent.

    Raises:
        TypeError: A value is not text.
        ValueError: A key or a value is not valid. The message names every fault.
    """
    faults: list[str] = []
    for key, value in texts.items():
        if value is not None and not isinstance(value, str):
            raise TypeError(f"expected text or None in {field} for {key!r}, got {type(value).__name__}")
        # The server compares annotations' keys with the rule in lower case.
        faults += [f"key {key!r}: {fault}" for fault in label_key_faults(key if field == "labels" else key.lower())]
        if field == "labels" and value is not None:
            faults += [f"{key}: value {value!r}: {fault}" for fault in label_value_faults(value)]
    if faults:
        raise ValueError(f"invalid {field}: {'; '.join(faults)}")


Finalizers = Callable[[Sequence[str]], list[str] | None]
"""Returns what a list of finalizers becomes; None if it stays."""


def _with(finalizer: str) -> Finalizers:
    _check_finalizer(finalizer)
    return lambda present: None if finalizer in present else [*present, finalizer]


def _without(finalizer: str) -> Finalizers:
    _check_finalizer(finalizer)
    return lambda present: [each for each in present if each != finalizer] if finalizer in present else None


def _check_finalizer(finalizer: str) -> None:
    if not isinstance(finalizer, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"expected text as the finalizer, got {type(finalizer).__name__}")
    faults = label_key_faults(finalizer)
    if faults:
        raise ValueError(f"invalid finalizer {finalizer!r}: {'; '.join(faults)}; it is named like example.com/clean-up")


async def _change_finalizers(
    source: Endpoint[Any],
    obj: Any,
    verb: str,
    change: Finalizers,
    options: WriteOptions,
    may_be_absent: bool = False,
) -> Any:
    """Return the object after the change; None if it is absent and may be, or if another object has its name."""
    from kubeloop.clients.edit_target import DEFAULT_ATTEMPTS, EditTarget, LostRace, repeat_after_lost_races
    from kubeloop.clients.object_identity import identity_of
    from kubeloop.clients.read_verbs import says_that_object_is_absent
    from kubeloop.errors import Conflict, NotFound

    given: Any = None if isinstance(obj, str) else obj
    identity = None if given is None else identity_of(given, "name of an object")
    name: str = obj if identity is None else identity.name
    target = EditTarget[Any](source, name, options, verb=verb, identity=identity)
    uid: str = "" if given is None else given.metadata.uid
    known: Any = given if given is not None and given.metadata.resource_version else None

    async def once() -> Any:
        nonlocal known
        before, known = (await target.read() if known is None else known), None
        if uid and before.metadata.uid != uid:
            return None
        after = change(before.metadata.finalizers)
        if after is None:
            return before
        metadata = {"finalizers": after or None, "resourceVersion": before.metadata.resource_version}
        try:
            return await target.send_patch({"metadata": metadata}, MERGE_PATCH)
        except Conflict as error:
            raise LostRace(error) from error

    try:
        return await repeat_after_lost_races(once, target, DEFAULT_ATTEMPTS)
    except NotFound as error:
        if may_be_absent and says_that_object_is_absent(error, name):
            return None
        raise


def _replaced(collection: str, obj: Any) -> Exception:
    from kubeloop.errors import NotFound, StatusDetails

    metadata = obj.metadata
    message = f"{collection}: {metadata.name!r} of the uid {metadata.uid} was replaced by another object of this name"
    return NotFound(StatusDetails(code=404, reason="NotFound", message=message, name=metadata.name))
