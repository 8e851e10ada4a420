"""Reactions of an API server: rules for its requests, which it carries out otherwise than a healthy server does.

Reference: client-go testing (ObjectReaction, PrependReactor), which replaces the server; these rules keep it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator
from inspect import isawaitable
from typing import TYPE_CHECKING, Self

from kubeloop._kit import waiting
from kubeloop.errors import APIError
from kubeloop.wire.streamed_response import StreamedResponse

from .action import Action
from .failure import Failure, status_response
from .rule import NOTHING, Cut, Effect, Reply, Rule, Rules, make_error
from .rule_reply import reply_of

if TYPE_CHECKING:
    from random import Random

    from kubeloop.wire.request import Request

__all__ = ["Reaction", "Reactions"]

CarryOut = Callable[["Request", Effect], "Reply | Awaitable[Reply]"]
"""Carries out a request as a healthy server does, but for `cut` and `behind` of the effect."""


class Reaction(Rule):
    """Requests, and how an API server reacts to them. `APIServer.on` creates it; the methods can be combined."""

    def cut_watch(self, *, after: int = 0, error: Failure | None = None) -> Self:
        """End a watch after some events.

        Args:
            after: The number of events of the watch that arrive. Bookmarks count too.
            error: Reported by the last event, of the type ERROR, such as `errors.Expired`; None to break the
                connection.

        Raises:
            ValueError: The number is negative, there is no such error, or the verb is another one than `watch`.
        """
        if after < 0:
            raise ValueError(f"expected a number of events, got {after}")
        self._check_verb("cut_watch", "watch")
        return self._with(cut=Cut(after, None if error is None else make_error(error)))

    def stale(self, revisions: int = 1) -> Self:
        """Carry out a read as it was some revisions ago, as a watch cache that lags does.

        Args:
            revisions: How many writes of any kind are missing.

        Raises:
            ValueError: The number is not positive, or the verb is neither `get` nor `list`.
        """
        if revisions < 1:
            raise ValueError(f"expected a positive number of revisions, got {revisions}")
        self._check_verb("stale", "get", "list")
        return self._with(behind=revisions)


class Reactions:
    """The reactions of one API server.

    Args:
        carry_out: Carries out a request. Of the effect, it applies `cut` to a watch and `behind` to a get and a list.
        random: The source of the numbers that `chance` needs.
    """

    def __init__(self, carry_out: CarryOut, random: Random | None = None) -> None:
        self._carry_out = carry_out
        self._rules = Rules(Reaction, random)

    def on(
        self,
        verb: str = "*",
        resource: str = "*",
        *,
        nth: int | Collection[int] | None = None,
        where: Callable[[Action], bool] | None = None,
        chance: float = 1.0,
    ) -> Reaction:
        """Add a reaction; see `FaultyTransport.on` for the arguments."""
        return self._rules.add(verb, resource, nth=nth, where=where, chance=chance)

    def clear(self) -> None:
        """Remove all reactions."""
        self._rules.clear()

    def __len__(self) -> int:
        return len(self._rules)

    def __iter__(self) -> Iterator[Reaction]:
        return iter(self._rules)

    def respond(self, request: Request) -> Reply | Awaitable[Reply]:
        """Carry out a request, with the reactions that match it."""
        if not len(self._rules):
            return self._carry_out(request, NOTHING)
        action = Action.of(request)
        effect = self._rules.effect_on(action)
        return self._carry_out(request, NOTHING) if effect == NOTHING else self._react(action, request, effect)

    async def _react(self, action: Action, request: Request, effect: Effect) -> Reply:
        await waiting.sleep(effect.delay)
        if effect.respond is not None and (reply := await reply_of(action, effect.respond)) is not None:
            return reply
        if effect.fail is not None:
            if effect.is_sent:
                await _close(await self._result(request, NOTHING))
            error = effect.fail(action)
            if isinstance(error, APIError):
                return status_response(error)
            raise error
        is_read, is_watch = action.verb in ("get", "list"), action.verb == "watch"
        own = effect.replace(behind=effect.behind if is_read else 0, cut=effect.cut if is_watch else None)
        return await self._result(request, own)

    async def _result(self, request: Request, effect: Effect) -> Reply:
        reply = self._carry_out(request, effect)
        return await reply if isawaitable(reply) else reply

    def __repr__(self) -> str:
        return f"<Reactions {len(self)}>"


async def _close(reply: Reply) -> None:
    """End the stream of a response that nobody reads."""
    close = getattr(reply.chunks, "aclose", None) if isinstance(reply, StreamedResponse) else None
    if close is not None:
        await close()
