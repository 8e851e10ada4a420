"""Edit: read an object, change a draft of it, and send the smallest patch that loses nothing.

The verbs `edit` and `edit_status` create these objects. Drafts and patches are in `kubeloop.objects`.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, TypeVar

from kubeloop._kit import waiting
from kubeloop._kit.backoff import Backoff
from kubeloop._kit.text import safe_text
from kubeloop.clients.request_bodies import write_change
from kubeloop.errors import Conflict, DecodeError, Invalid
from kubeloop.wire.options import WriteOptions, write_params
from kubeloop.wire.patch import JSON_PATCH

if TYPE_CHECKING:
    from types import TracebackType

    from kubeloop.clients.resource_endpoint import Endpoint, ResourceEndpoint

__all__ = ["DEFAULT_ATTEMPTS", "Edit"]

T = TypeVar("T")
D = TypeVar("D")

DEFAULT_ATTEMPTS = 20
_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 1.0

logger = logging.getLogger(__name__)


class Edit(Generic[T, D]):
    """One edit of one object, as a block: `async with deployments.edit("web") as draft: ...`.

    Entering the block reads the object. Every normal way out of the block sends the change: its end, `return`, `break`
    and `continue`. An exception, a cancellation and `discard()` send nothing. After the block, `result` is the object.

    A block cannot run twice: if the object has changed meanwhile, leaving the block raises Conflict, and nothing was
    changed. The function form, `await deployments.edit("web", change)`, reads the object again and repeats the change.

    Concurrency: One task. Cancelling while the patch is sent sends nothing more, but the patch may have arrived.
    """

    __slots__ = ("_before", "_draft", "_endpoint", "_name", "_options", "_refuses_status", "_result", "_source",
                 "_state", "_subresource")  # fmt: skip

    def __init__(
        self,
        source: Endpoint[T],
        name: str,
        options: WriteOptions,
        *,
        subresource: Literal["status"] | None = None,
        refuses_status: bool = False,
    ) -> None:
        self._source = source
        self._name = name
        self._options = options
        self._subresource = subresource
        self._refuses_status = refuses_status
        self._state: Literal["not entered", "open", "discarded", "not sent", "done"] = "not entered"
        # Any: the class of a model's draft is known to the caller's type checker only.
        self._draft: Any = None
        self._before: Any = None
        self._result: T | None = None
        # A wrong name or option is refused at once, not when the block is entered.
        source.check(name, subresource, verb=self._verb)
        write_params(options, self._verb)

    @property
    def result(self) -> T:
        """The object after the edit.

        Raises:
            RuntimeError: The block was not left yet, or nothing was sent.
        """
        if self._result is None:
            raise RuntimeError(f"{self._verb} of {self._name!r} has no result: it is {self._state}")
        return self._result

    def discard(self) -> None:
        """Send nothing when the block is left.

        Raises:
            RuntimeError: The block is not open.
        """
        if self._state not in ("open", "discarded"):
            raise RuntimeError(f"{self._verb} of {self._name!r} cannot be discarded: it is {self._state}")
        self._state = "discarded"

    async def __aenter__(self) -> D:
        if self._state != "not entered":
            raise RuntimeError(f"{self._verb} of {self._name!r} was entered before: call {self._verb}() again")
        draft = await self._read_draft()
        self._state = "open"
        return draft

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._state == "discarded":
            return
        self._state = "not sent"
        if error is not None:
            return
        try:
            self._result = await self._send()
        except Conflict as conflict:
            conflict.args = (safe_text(f"{conflict}; nothing was changed. {self._way_to_retry}"),)
            raise
        self._state = "done"

    async def run(self, change: Callable[[D], object], attempts: int) -> T:
        """Call a function (or a coroutine function) with a draft, and send the change; repeat both after a conflict.

        Raises:
            Conflict: The object changed under each of the attempts.
        """
        # Full jitter from the first pause on: those who lost the same race must not meet again.
        random = self._source.rest.random
        backoff = Backoff(_FIRST_PAUSE, factor=1.5, cap=_LONGEST_PAUSE, jitter=2.0, random=random)
        attempt = 1
        while True:
            outcome = change(await self._read_draft())
            if inspect.isawaitable(outcome):
                await outcome
            try:
                return await self._send()
            except Conflict as error:
                if attempt >= attempts:
                    error.add_note(f"{self._verb} gave up after {attempt} attempts")
                    raise
            attempt += 1
            pause = backoff.next(waiting.now())
            logger.debug(
                "%s of %s: conflict; attempt %d follows in %.3f s", self._verb, safe_text(self._name), attempt, pause
            )
            await waiting.sleep(pause)

    async def _read_draft(self) -> D:
        self._endpoint: ResourceEndpoint[T] = await self._source.located()
        self._before = await self._read()
        self._draft = self._before.draft()
        draft: D = self._draft
        return draft

    async def _read(self) -> T:
        endpoint = self._endpoint
        request = endpoint.request("GET", endpoint.path(self._name, verb=self._verb))
        # Any: that the objects of a resource have metadata is known to the model only.
        read: Any = await endpoint.rest.call(request, endpoint.model, self._options.get("timeout"))
        if not read.metadata.resource_version:
            raise DecodeError(
                f"{request.method} {request.path}: the response has no metadata.resourceVersion, without which an edit "
                "could undo the change of somebody else"
            )
        result: T = read
        return result

    async def _send(self) -> T:
        """Send the change, and return the object after it.

        Raises:
            Conflict: The object has changed since it was read.
        """
        change = self._draft.finish()
        if not change:
            unchanged: T = self._before
            return unchanged
        self._check_scope(change.changed_fields())
        body, content_type = write_change(change)
        endpoint = self._endpoint
        request = endpoint.request(
            "PATCH",
            endpoint.path(self._name, self._subresource, verb=self._verb),
            write_params(self._options, self._verb),
            body,
            content_type,
        )
        try:
            return await endpoint.rest.call(request, endpoint.model, self._options.get("timeout"))
        except Invalid as error:
            # Applied to a newer object than the one read, the operations of a JSON patch may fail before the server
            # compares the versions.
            if not (content_type == JSON_PATCH and await self._has_changed()):
                raise
            raise Conflict(error.status, method=error.method, path=error.path) from error

    async def _has_changed(self) -> bool:
        now: Any = await self._read()
        return bool(now.metadata.resource_version != self._before.metadata.resource_version)

    def _check_scope(self, fields: list[str]) -> None:
        """Refuse what the server would ignore silently: each path changes its own part of the object."""
        if self._subresource == "status":
            wrong = [name for name in fields if name != "status"]
            if wrong:
                raise ValueError(f"edit_status changes only the status, not {', '.join(wrong)}: use edit() for that")
        elif "status" in fields and self._refuses_status:
            raise ValueError("edit() does not change the status: use edit_status() for that")

    @property
    def _verb(self) -> str:
        return f"edit_{self._subresource}" if self._subresource else "edit"

    @property
    def _way_to_retry(self) -> str:
        return f'Use `await {self._verb}("{self._name}", change)`, which reads the object again and repeats the change'

    if not TYPE_CHECKING:
        # Checkers refuse both; without one, a bare TypeError would not say what to do.

        def __await__(self) -> Generator[Any, Any, NoReturn]:
            raise TypeError(
                f'{self._verb}("{self._name}") without a function cannot be awaited: pass one, '
                f'`await {self._verb}("{self._name}", change)`, or use `async with`'
            )

        def __aiter__(self) -> NoReturn:
            raise TypeError(f'{self._verb}("{self._name}") is a block: use `async with`, not `async for`')

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {safe_text(self._name)}: {self._state}>"
