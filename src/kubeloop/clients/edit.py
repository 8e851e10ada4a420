"""Edit: read, change a draft, send the patch that loses nothing; again when somebody else was faster.

The draft and the patches are the models'; the verbs' `edit` and `edit_status` make these objects.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kubeloop._kit.backoff import Backoff
from kubeloop.errors import Conflict, DecodeError, Invalid
from kubeloop.wire.options import WriteOptions, write_params
from kubeloop.wire.patch import patch_content_type

if TYPE_CHECKING:
    from kubeloop.clients.resource_endpoint import Endpoint

__all__ = ["DEFAULT_ATTEMPTS", "Edit"]

T = TypeVar("T")
D = TypeVar("D")

DEFAULT_ATTEMPTS = 20
_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 1.0

_log = logging.getLogger(__name__)


class Edit(Generic[T, D]):
    """The attempts at changing one object: `async for draft in edit: ...`.

    An object and not a generator, so that leaving the loop by `break` or an exception leaves nothing behind and sends
    nothing. When the loop has ended by itself, `result` is the object.

    Concurrency: One task. Cancelling sends nothing more; a patch that was on its way may arrive.
    """

    __slots__ = ("_attempt", "_attempts", "_backoff", "_before", "_draft", "_endpoint", "_name", "_options", "_result",
                 "_subresource")  # fmt: skip

    def __init__(
        self, endpoint: Endpoint[T], name: str, options: WriteOptions, *, attempts: int, subresource: str | None
    ) -> None:
        if attempts < 1:
            raise ValueError(f"attempts must be at least 1, not {attempts}")
        self._endpoint = endpoint
        self._name = name
        self._options = options
        self._attempts = attempts
        self._subresource = subresource
        self._attempt = 0
        # Full jitter from the first pause on: those who lost the same race must not meet again.
        self._backoff = Backoff(_FIRST_PAUSE, factor=1.5, cap=_LONGEST_PAUSE, jitter=2.0, random=endpoint._rest.random)
        # Any: the class of a model's draft is known to the caller's type checker only.
        self._draft: Any = None
        self._before: Any = None
        self._result: T | None = None
        # Checked before the first turn: a name or an option that cannot be right must not wait for it.
        endpoint._path(name, subresource, verb=self._verb)
        write_params(options, self._verb)

    @property
    def result(self) -> T:
        """The object as it is after the edit.

        Raises:
            RuntimeError: The loop has not come to its end: nothing was sent.
        """
        if self._result is None:
            raise RuntimeError(f"the {self._verb} of {self._name!r} is not done: there is no result")
        return self._result

    def __aiter__(self) -> Edit[T, D]:
        return self

    async def __anext__(self) -> D:
        """Send what the last turn changed; if there was none yet, or it met a conflict, begin a turn."""
        if self._draft is not None and await self._send():
            raise StopAsyncIteration
        self._attempt += 1
        self._before = await self._read()
        self._draft = self._before.draft()
        draft: D = self._draft
        return draft

    async def run(self, change: Callable[[D], object]) -> T:
        """Let a function (or a coroutine function) change the draft in each turn; return the object after it."""
        async for draft in self:
            outcome = change(draft)
            if inspect.isawaitable(outcome):
                await outcome
        return self.result

    async def _read(self) -> T:
        endpoint = self._endpoint
        request = endpoint._request("GET", endpoint._path(self._name, verb=self._verb))
        # Any: that the objects of a resource have metadata is known to the model only.
        read: Any = await endpoint._rest.call(request, endpoint._model, self._options.get("timeout"))
        if not read.metadata.resource_version:
            raise DecodeError(
                f"{request.method} {request.path}: the answer has no metadata.resourceVersion, without which an edit "
                "could undo somebody else's"
            )
        result: T = read
        return result

    async def _send(self) -> bool:
        """Send the change of this turn. False: somebody else was faster, and there is an attempt left."""
        draft, self._draft = self._draft, None
        change = draft.finish()
        if not change:
            self._result = self._before
            return True
        self._check_scope(change.changed_fields())
        # A merge patch replaces lists whole, and with them what the model does not know of their items.
        uses_json_patch = change.rewrites_objects()
        patch = change.json_patch(guard=True) if uses_json_patch else change.merge_patch(guard=True)
        endpoint = self._endpoint
        request = endpoint._request(
            "PATCH",
            endpoint._path(self._name, self._subresource, verb=self._verb),
            write_params(self._options, self._verb),
            patch,
            patch_content_type(patch, None),
        )
        try:
            self._result = await endpoint._rest.call(request, endpoint._model, self._options.get("timeout"))
        except Conflict as error:
            await self._conflict(error)
            return False
        except Invalid as error:
            # Applied to a newer object than was read, the operations of a JSON patch may fail before the server
            # compares the versions.
            if not (uses_json_patch and await self._has_changed()):
                raise
            await self._conflict(error)
            return False
        return True

    async def _conflict(self, error: Conflict | Invalid) -> None:
        if self._attempt >= self._attempts:
            error.add_note(f"{self._verb} gave up after {self._attempt} attempts")
            if isinstance(error, Conflict):
                raise error
            raise Conflict(error.status, method=error.method, path=error.path) from error
        pause = self._backoff.next(asyncio.get_running_loop().time())
        _log.debug("%s of %s: conflict, attempt %d follows in %.3f s", self._verb, self._name, self._attempt + 1, pause)
        await asyncio.sleep(pause)

    async def _has_changed(self) -> bool:
        now: Any = await self._read()
        return bool(now.metadata.resource_version != self._before.metadata.resource_version)

    def _check_scope(self, fields: list[str]) -> None:
        """Refuse what the server would leave out without a word: each path changes its own part of the object."""
        if self._subresource == "status":
            wrong = [name for name in fields if name != "status"]
            if wrong:
                raise ValueError(f"edit_status changes only the status, not {', '.join(wrong)}: use edit() for that")
        elif "status" in fields and self._endpoint._has_status:
            raise ValueError("edit() does not change the status: use edit_status() for that")

    @property
    def _verb(self) -> str:
        return f"edit_{self._subresource}" if self._subresource else "edit"

    def __repr__(self) -> str:
        state = "done" if self._result is not None else f"attempt {self._attempt} of {self._attempts}"
        return f"<{type(self).__name__} {self._name}: {state}>"
