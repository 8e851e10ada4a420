"""`ActionList` and `ActionLog`: what clients did, in order, with assertions whose failure prints the difference."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from kubeloop.wire.response import Headers

from .action import Action
from .rule import check_choice, matches

if TYPE_CHECKING:
    from kubeloop.wire.request import Request

__all__ = ["ActionList", "ActionLog", "Exchange", "actions_in"]

_READS = frozenset({"get", "list", "watch"})
_LIMIT = 10_000
_MAX_BYTES = 16 << 20
# What a header takes beside its value. The few headers of a usual request do not count.
_HEADER_BYTES = 200
_FEW_HEADERS = 20


class ActionList(Sequence[Action]):
    """Actions in the order in which they happened. They are compared with any sequence of actions.

        assert api.actions.writes == [
            Action("create", "configmaps", "a", namespace="default"),
            Action("patch", "deployments/status", "web", namespace="default", patch_type="merge"),
        ]

    Under pytest, with the plugin `kubeloop.testing.pytest_plugin`, a comparison that fails prints the difference as
    `assert_equal` does.
    """

    def __init__(self, actions: Iterable[Action] = ()) -> None:
        self._actions = list(actions)

    @property
    def writes(self) -> ActionList:
        """The actions that change objects: all but `get`, `list` and `watch`."""
        return ActionList(action for action in self if action.verb not in _READS)

    def of(self, verb: str = "*", resource: str = "*") -> ActionList:
        """Return the actions with a verb and a resource, as for `APIServer.on`: `pods` does not cover `pods/status`.

        Raises:
            ValueError: The verb or the resource is not valid.
        """
        check_choice(verb, resource)
        return ActionList(action for action in self if matches(verb, resource, action))

    def assert_equal(self, expected: Sequence[Action]) -> None:
        """Check that these are the actions, in this order.

        Raises:
            AssertionError: They are not. The message is the difference.
        """
        if self != expected:
            from .action_difference import difference

            raise AssertionError(difference(expected, self))

    def assert_no_writes(self) -> None:
        """Check that no action changes an object.

        Raises:
            AssertionError: Some do. The message contains them.
        """
        writes = self.writes
        if writes:
            raise AssertionError("expected no writes, got:" + "".join(f"\n  {action}" for action in writes))

    def __len__(self) -> int:
        return len(self._actions)

    def __iter__(self) -> Iterator[Action]:
        return iter(self._actions)

    @overload
    def __getitem__(self, index: int) -> Action: ...

    @overload
    def __getitem__(self, index: slice) -> ActionList: ...

    def __getitem__(self, index: int | slice) -> Action | ActionList:
        """Return an action, or a part of the list with the same methods."""
        return ActionList(self._actions[index]) if isinstance(index, slice) else self._actions[index]

    def __eq__(self, other: object) -> bool:
        others = actions_in(other)
        return NotImplemented if others is None else list(self) == others

    __hash__ = None  # type: ignore[assignment]  # as that of a list

    def __repr__(self) -> str:
        return repr(list(self))


def _size_of(headers: Mapping[str, str]) -> int:
    pairs = headers.pairs if isinstance(headers, Headers) else tuple(headers.items())
    text = sum(len(name) + len(value) for name, value in pairs)
    return text + _HEADER_BYTES * max(0, len(pairs) - _FEW_HEADERS)


def actions_in(value: object) -> list[Action] | None:
    """Return the actions of a sequence; None if it has other items, or is no sequence."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return None
    items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]  # of any items
    return items if all(isinstance(item, Action) for item in items) else None


class Exchange:
    """A request, its size in bytes, and the HTTP status of its response; None until the server has responded."""

    __slots__ = ("request", "size", "status")

    def __init__(self, request: Request, size: int) -> None:
        self.request = request
        self.size = size
        self.status: int | None = None

    def __str__(self) -> str:
        """Return a line such as `200 GET /api/v1/pods?limit=500`."""
        return f"{self.status or '...'} {self.request.method} {self.request.target}"


class ActionLog(ActionList):
    """The actions of the clients of a server: every attempt of every request to a resource, whatever its outcome.

        api.actions.clear()
        await controller.reconcile("default/web")
        api.actions.assert_no_writes()

    The log holds the last 10,000 requests, of 16 MiB in all. If there were more, reading it is an error until
    `clear`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._headers: Mapping[str, str] | None = None  # of the last request
        self.clear()

    def record(self, request: Request) -> Exchange:
        """Add a request, which is read when the log is, and return where its status is noted."""
        headers = request.headers
        size = len(request.target) + len(request.body or b"")
        if headers is not self._headers:  # most requests of a connection share them
            self._headers = headers
            size += _size_of(headers)
        exchange = Exchange(request, size)
        self._exchanges.append(exchange)
        self._bytes += size
        self._unread += 1
        while len(self._exchanges) > _LIMIT or self._bytes > _MAX_BYTES:
            self._bytes -= self._exchanges.popleft().size
            self._is_complete = False
            self._actions = []
        return exchange

    def clear(self) -> None:
        """Forget all actions."""
        self._exchanges: deque[Exchange] = deque()
        self._actions: list[Action] = []
        self._bytes = 0
        self._unread = 0
        self._is_complete = True

    def latest(self, count: int) -> list[Exchange]:
        """Return the last requests, to whatever path, oldest first."""
        return list(self._exchanges)[-count:]

    def __len__(self) -> int:
        return len(self._read())

    def __iter__(self) -> Iterator[Action]:
        return iter(self._read())

    @overload
    def __getitem__(self, index: int) -> Action: ...

    @overload
    def __getitem__(self, index: slice) -> ActionList: ...

    def __getitem__(self, index: int | slice) -> Action | ActionList:
        """Return an action, or a part of the list with the same methods."""
        self._read()
        return super().__getitem__(index)

    def _read(self) -> Sequence[Action]:
        if not self._is_complete:
            raise RuntimeError(
                f"expected at most {_LIMIT} requests with {_MAX_BYTES} bytes, got more; "
                "call `actions.clear()` in between"
            )
        if self._unread:
            new = (Action.of(each.request) for each in self.latest(self._unread))
            self._actions += [action for action in new if action.is_of_resource]
            self._unread = 0
        return self._actions
