"""Edit: read an object, change a draft of it, and send the smallest patch that loses nothing.

The verbs `edit` and `edit_status` create these objects. Drafts and patches are in `kubeloop.objects`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, TypeVar

from kubeloop._kit.text import safe_text
from kubeloop.clients.edit_target import DEFAULT_ATTEMPTS, LostRace, call_change, repeat_after_lost_races
from kubeloop.errors import Conflict

if TYPE_CHECKING:
    from types import TracebackType

    from kubeloop.clients.edit_target import EditTarget

__all__ = ["Edit", "checked_attempts", "edit_or_run"]

T = TypeVar("T")
D = TypeVar("D")


class Edit(Generic[T, D]):
    """One edit of one object, as a block: `async with deployments.edit("web") as draft: ...`.

    Entering the block reads the object. Every normal way out of the block sends the change: its end, `return`, `break`
    and `continue`. An exception, a cancellation and `discard()` send nothing. After the block, `result` is the object.

    A block cannot run twice: if the object has changed meanwhile, leaving the block raises Conflict, and nothing was
    changed. The function form, `await deployments.edit("web", change)`, reads the object again and repeats the change.

    Concurrency: One task. Cancelling while the patch is sent sends nothing more, but the patch may have arrived.
    """

    __slots__ = ("_before", "_draft", "_result", "_state", "_target")

    def __init__(self, target: EditTarget[T]) -> None:
        self._target = target
        self._state: Literal["not entered", "open", "discarded", "not sent", "done"] = "not entered"
        # Any: the class of a model's draft is known to the caller's type checker only.
        self._draft: Any = None
        self._before: Any = None
        self._result: T | None = None

    @property
    def result(self) -> T:
        """The object after the edit.

        Raises:
            RuntimeError: The block was not left yet, or nothing was sent.
        """
        if self._result is None:
            raise RuntimeError(f"{self._target.verb} of {self._target.name!r} has no result: it is {self._state}")
        return self._result

    def discard(self) -> None:
        """Send nothing when the block is left.

        Raises:
            RuntimeError: The block is not open.
        """
        if self._state not in ("open", "discarded"):
            raise RuntimeError(f"{self._target.verb} of {self._target.name!r} cannot be discarded: it is {self._state}")
        self._state = "discarded"

    async def __aenter__(self) -> D:
        if self._state != "not entered":
            raise RuntimeError(
                f"{self._target.verb} of {self._target.name!r} was entered before: call {self._target.verb}() again"
            )
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

        async def once() -> T:
            await call_change(change, await self._read_draft())
            try:
                return await self._send()
            except Conflict as error:
                raise LostRace(error) from error

        return await repeat_after_lost_races(once, self._target, attempts)

    async def _read_draft(self) -> D:
        self._before = await self._target.read()
        self._draft = self._before.draft()
        draft: D = self._draft
        return draft

    async def _send(self) -> T:
        return await self._target.send(self._draft.finish())

    @property
    def _way_to_retry(self) -> str:
        return f"Use `await {self._call('change')}`, which reads the object again and repeats the change"

    def _call(self, argument: str = "") -> str:
        """Return the call of the verb as a user writes it."""
        target = self._target
        return f"{target.verb}({', '.join(filter(None, (target.first_argument, argument)))})"

    if not TYPE_CHECKING:
        # Checkers refuse both; without one, a bare TypeError would not say what to do.

        def __await__(self) -> Generator[Any, Any, NoReturn]:
            raise TypeError(
                f"{self._call()} without a function cannot be awaited: pass one, "
                f"`await {self._call('change')}`, or use `async with`"
            )

        def __aiter__(self) -> NoReturn:
            raise TypeError(f"{self._call()} is a block: use `async with`, not `async for`")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {safe_text(self._target.name)}: {self._state}>"


def edit_or_run(target: EditTarget[Any], change: Callable[[Any], object] | None, attempts: int | None) -> Any:
    """Return the block of an edit; with a function, the call that runs it.

    Raises:
        TypeError: `change` is not a function, or `attempts` came without one.
        ValueError: There is no attempt.
    """
    edit: Edit[Any, Any] = Edit(target)
    if change is None:
        if attempts is not None:
            raise TypeError("attempts needs a function: a block cannot run twice")
        return edit
    return edit.run(change, checked_attempts(change, attempts))


def checked_attempts(change: object, attempts: int | None) -> int:
    """Return how often a function that changes a draft is called at most.

    Raises:
        TypeError: It is not a function.
        ValueError: There is no attempt.
    """
    if not callable(change):
        raise TypeError(
            f"expected a function that changes a draft, got {type(change).__name__}: patch() takes data to merge"
        )
    if attempts is not None and attempts < 1:
        raise ValueError(f"attempts must be at least 1, not {attempts}")
    return DEFAULT_ATTEMPTS if attempts is None else attempts
