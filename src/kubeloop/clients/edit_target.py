"""EditTarget: where an edit reads an object and where it sends the patch, and both requests.

`edit` runs attempts on targets; `create_or_update`, the finalizer verbs and the edits of subresources do so too.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kubeloop._kit import waiting
from kubeloop._kit.text import safe_text
from kubeloop.clients.conflict_retry import Backoff
from kubeloop.clients.request_bodies import write_change
from kubeloop.errors import APIError, Conflict, DecodeError, Invalid
from kubeloop.wire.options import WriteOptions, write_params
from kubeloop.wire.patch import JSON_PATCH

if TYPE_CHECKING:
    from kubeloop.clients.object_identity import Identity
    from kubeloop.clients.resource_endpoint import Endpoint, ResourceEndpoint
    from kubeloop.objects.change import Change

__all__ = ["DEFAULT_ATTEMPTS", "EditTarget", "LostRace", "call_change", "repeat_after_lost_races"]

T = TypeVar("T")

DEFAULT_ATTEMPTS = 20

logger = logging.getLogger(__name__)


class EditTarget(Generic[T]):
    """An object, or a subresource of it, that is read, changed and patched.

    Args:
        source: The endpoint of the resource.
        name: The name of the object.
        options: The options of the patch; their timeout is for each request.
        verb: The verb that the user called, for messages.
        reads: The subresource that is read; None for the object itself.
        patches: The subresource that is patched; None for the object itself.
        model: The class of what is read; None for that of the endpoint.
        only: The field of the object that may change, None for any.
        never: A field of the object that must not change, with the verb that changes it.
        identity: The identity of the object, if its own namespace counts.

    Raises:
        TypeError: An option is unknown or has a wrong type.
        ValueError: The name would break the path, or the endpoint has no namespace but needs one.
    """

    __slots__ = ("_identity", "_model", "_never", "_only", "_options", "_patches", "_reads", "name", "source", "verb")

    def __init__(
        self,
        source: Endpoint[Any],
        name: str,
        options: WriteOptions,
        *,
        verb: str,
        reads: str | None = None,
        patches: str | None = None,
        model: type[T] | None = None,
        only: str | None = None,
        never: tuple[str, str] | None = None,
        identity: Identity | None = None,
    ) -> None:
        self.source = source
        self.name = name
        self.verb = verb
        self._options = options
        self._reads = reads
        self._patches = patches
        self._model = model
        self._only = only
        self._never = never
        self._identity = identity
        # A wrong name or option is refused at once, not when the object is read.
        if identity is None:
            source.check(name, patches, verb=verb)
        write_params(options, verb)

    @property
    def first_argument(self) -> str:
        """The first argument of the user's call, for messages; `""` for a subresource, whose client has the name."""
        return "" if self._reads else f'"{self.name}"'

    async def read(self) -> T:
        """Read the object.

        Raises:
            DecodeError: The response has no resource version.
        """
        endpoint = await self.source.located()
        request = endpoint.request("GET", self._path(endpoint, self._reads))
        # Any: that what is read has metadata is known to the model only.
        found: Any = await endpoint.rest.call(request, self._model or endpoint.model, self._options.get("timeout"))
        if not found.metadata.resource_version:
            raise DecodeError(
                f"{request.method} {request.path}: the response has no metadata.resourceVersion, without which an edit "
                "could undo the change of somebody else"
            )
        result: T = found
        return result

    async def send(self, change: Change[T]) -> T:
        """Send the patch of a change, and return the object after it; send nothing if nothing changed.

        Raises:
            Conflict: The object has changed since it was read.
            ValueError: A field changed that this verb does not change.
        """
        if not change:
            return change.before
        self.check_fields(change.changed_fields())
        body, content_type = write_change(change)
        try:
            return await self.send_patch(body, content_type)
        except Invalid as error:
            # Applied to a newer object than the one read, the operations of a JSON patch may fail before the server
            # compares the versions.
            if not (content_type == JSON_PATCH and await self._has_changed(change.before)):
                raise
            raise Conflict(error.status, method=error.method, path=error.path) from error

    async def send_patch(self, body: object, content_type: str) -> T:
        """Send a patch, and return the object after it."""
        endpoint = await self.source.located()
        path = self._path(endpoint, self._patches)
        request = endpoint.request("PATCH", path, write_params(self._options, self.verb), body, content_type)
        # Any: the class of the response is that of what was read.
        after: Any = await endpoint.rest.call(request, self._model or endpoint.model, self._options.get("timeout"))
        result: T = after
        return result

    def check_fields(self, fields: list[str]) -> None:
        """Refuse what the server would ignore silently: each path changes its own part of the object.

        Raises:
            ValueError: A field changed that this verb does not change.
        """
        if self._only is not None:
            wrong = [name for name in fields if name != self._only]
            if wrong:
                raise ValueError(
                    f"{self.verb} changes only the {self._only}, not {', '.join(wrong)}: use edit() for that"
                )
        elif self._never is not None and self._never[0] in fields:
            field, other = self._never
            raise ValueError(f"{self.verb}() does not change the {field}: use {other}() for that")

    async def _has_changed(self, before: Any) -> bool:
        now: Any = await self.read()
        return bool(now.metadata.resource_version != before.metadata.resource_version)

    def _path(self, endpoint: ResourceEndpoint[Any], subresource: str | None) -> str:
        if self._identity is not None:
            return endpoint.path_for(self._identity, subresource, verb=self.verb)
        return endpoint.path(self.name, subresource, verb=self.verb)


class LostRace(Exception):
    """Another writer was faster; what was read must be read again. Never reaches the user.

    Args:
        error: The response of the server.
    """

    def __init__(self, error: APIError) -> None:
        super().__init__(str(error))
        self.error = error


async def repeat_after_lost_races(once: Callable[[], Awaitable[T]], target: EditTarget[Any], attempts: int) -> T:
    """Call a function, and call it again after a `LostRace`, with growing pauses.

    Raises:
        APIError: The last attempt lost a race, too: the response of the server.
    """
    # Full jitter from the first pause on: those who lost the same race must not meet again.
    pauses = Backoff(0.01, factor=1.5, cap=1.0, jitter=2.0, steps=attempts).delays(target.source.rest.random)
    for attempt in count(1):
        try:
            return await once()
        except LostRace as lost:
            error = lost.error
        pause = next(pauses, None)
        if pause is None:
            error.add_note(f"{target.verb} gave up after {attempt} attempts")
            raise error
        logger.debug(
            "%s of %s: conflict; attempt %d follows in %.3f s", target.verb, safe_text(target.name), attempt + 1, pause
        )
        await waiting.sleep(pause)
    raise AssertionError("unreachable")


async def call_change(change: Callable[[Any], object], draft: object) -> None:
    """Call a function, or a coroutine function, that changes a draft.

    Raises:
        TypeError: It is a generator function, whose body did not run.
    """
    outcome = change(draft)
    if inspect.isgenerator(outcome) or inspect.isasyncgen(outcome):
        raise TypeError(
            f"expected a function that changes a draft, got one that yields, so it does not run: {change!r}"
        )
    if inspect.isawaitable(outcome):
        await outcome
