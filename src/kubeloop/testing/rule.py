"""`Rule`: which requests a test changes, and how. `FaultyTransport` and the reactions of an API server use rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from kubeloop._kit.near_names import did_you_mean
from kubeloop._kit.value import Value
from kubeloop.errors import APIError, TransportError
from kubeloop.wire.response import Response
from kubeloop.wire.streamed_response import StreamedResponse

from .action import Action
from .failure import Failure, check_failure, error_for

if TYPE_CHECKING:
    from random import Random


__all__ = [
    "NOTHING",
    "Cut",
    "Effect",
    "MakeError",
    "Reply",
    "Respond",
    "Rule",
    "Rules",
    "check_choice",
    "make_error",
    "matches",
]

Reply = Response | StreamedResponse
"""What a server returns for a request."""
MakeError = Callable[["Action"], APIError | TransportError]
"""Returns the error for an action."""
Respond = Callable[["Action"], Any]
"""A function that responds to an action; see `Rule.respond`."""

_VERBS = frozenset({"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"})
_METHODS = frozenset({"get", "head", "options", "patch", "post", "put", "delete"})
_RESOURCE = re.compile(r"(\*|[a-z0-9][a-z0-9-]*(\.[a-z0-9.-]+)?)(/(\*|[a-z0-9/-]+))?")


class Cut(Value, frozen=True):
    """Where the body of a response ends before its end.

    Attributes:
        after: The number of bytes, or of the events of a watch; -1 for before the head of the response.
        error: Returns the error that is reported in the stream, as the last event; None for a lost connection.
    """

    after: int
    error: MakeError | None = None


class Effect(Value, frozen=True):
    """What happens to one request.

    Attributes:
        delay: Seconds before anything else happens.
        fail: Returns how the request fails; None if it does not.
        is_sent: Whether a request that fails is carried out first.
        respond: Returns the response.
        copies: How often the request is sent.
        cut: Where the response ends too early.
        silent_after: The number of bytes after which nothing arrives; -1 if the request does not arrive.
        garbage: The bytes that replace those of the body; None for the body itself.
        bytes_per_second: How fast the body arrives; 0 for at once.
        behind: How many revisions a read is behind.
    """

    delay: float = 0.0
    fail: MakeError | None = None
    is_sent: bool = False
    respond: Respond | None = None
    copies: int = 1
    cut: Cut | None = None
    silent_after: int | None = None
    garbage: bytes | None = None
    bytes_per_second: float = 0.0
    behind: int = 0

    def followed_by(self, other: Effect) -> Effect:
        """Return both effects: their delays are added, and where both decide the same thing, this one does."""
        if NOTHING in (self, other):
            return other if self == NOTHING else self
        names = [name for name in self.__struct_fields__ if getattr(self, name) == getattr(NOTHING, name)]
        changes = {name: getattr(other, name) for name in names}
        if self.fail is not None:
            changes["is_sent"] = self.is_sent
        return self.replace(**{**changes, "delay": self.delay + other.delay})


NOTHING = Effect()
"""The effect of no rule."""


class Rule:
    """Some requests, and what happens to them. Created by `on` of a `FaultyTransport` or an `APIServer`.

    The methods that say what happens return the rule, so that they can be combined: `.delay(2).fail(503)`.

    Attributes:
        count: The number of requests that the rule has matched, before `nth` and `chance` choose among them.
    """

    def __init__(
        self,
        verb: str,
        resource: str,
        *,
        nth: int | Collection[int] | None,
        where: Callable[[Action], bool] | None,
        chance: float,
        remove: Callable[[Rule], None],
    ) -> None:
        check_choice(verb, resource)
        _check_limits(nth, chance)
        self.count = 0
        self._verb = verb
        self._resource = resource
        self._nth: Collection[int] | None = {nth} if isinstance(nth, int) else nth
        self._where = where
        self._chance = chance
        self._remove = remove
        self._effect = NOTHING

    @property
    def needs_random(self) -> bool:
        """Whether chance decides."""
        return self._chance < 1.0

    def effect_on(self, action: Action, random: Random | None) -> Effect:
        """Count an action that the rule matches, and return what happens to it."""
        if not self._matches(action):
            return NOTHING
        self.count += 1
        if self._nth is not None and self.count not in self._nth:
            return NOTHING
        if random is not None and self.needs_random and random.random() >= self._chance:
            return NOTHING
        return self._effect

    def delay(self, seconds: float) -> Self:
        """Wait before the request is sent."""
        if not seconds >= 0:
            raise ValueError(f"expected a delay of 0 s or more, got {seconds}")
        return self._with(delay=seconds)

    def fail(self, error: Failure, *, retry_after: float | None = None, is_sent: bool = False) -> Self:
        """Refuse the request, or break its connection.

        Args:
            error: An `APIError` or its class, such as `errors.Conflict`, or an HTTP status: the response is a Status
                with the server's reason and message for the request. A `TransportError` or its class: a failure of the
                network.
            retry_after: Seconds for the header `Retry-After` and the Status.
            is_sent: Whether the request is carried out first, so that only its response is lost.
        """
        return self._with(fail=make_error(error, retry_after), is_sent=is_sent)

    def respond(self, function: Respond) -> Self:
        """Call a function for the response.

        Args:
            function: Gets the `Action`, and returns a `Response`, a `StreamedResponse`, a model or plain data for the
                body of a response 200, or None to pass the request on. It may be async, and may raise an `APIError` or
                a `TransportError`.
        """
        return self._with(respond=function)

    def remove(self) -> None:
        """Remove the rule; a second call does nothing."""
        self._remove(self)

    def _check_verb(self, method: str, *verbs: str) -> None:
        """Refuse an effect that requests with the verb of this rule cannot have."""
        if self._verb not in (*verbs, "*"):
            raise ValueError(f"expected a rule for {' or '.join(verbs)} for {method}, got one for {self._verb}")

    def _with(self, **changes: Any) -> Self:  # of fields of several types
        self._effect = self._effect.replace(**changes)
        return self

    def _matches(self, action: Action) -> bool:
        return matches(self._verb, self._resource, action) and (self._where is None or self._where(action))

    def __repr__(self) -> str:
        changed = [name for name in Effect.__struct_fields__ if getattr(self._effect, name) != getattr(NOTHING, name)]
        what = ", ".join(changed) or "nothing"
        return f"<{type(self).__name__} {self._verb} {self._resource}: {what}, {self.count} matched>"


R = TypeVar("R", bound=Rule)


class Rules(Generic[R]):
    """The rules of a test, in the order in which they were added.

    All rules that match a request apply: their delays are added, and where two differ, the earlier one decides.
    """

    def __init__(self, kind: type[R], random: Random | None) -> None:
        self._kind = kind
        self._random = random
        self._rules: list[R] = []

    def add(
        self,
        verb: str,
        resource: str,
        *,
        nth: int | Collection[int] | None,
        where: Callable[[Action], bool] | None,
        chance: float,
    ) -> R:
        """Add a rule that does nothing yet, and return it."""
        rule = self._kind(verb, resource, nth=nth, where=where, chance=chance, remove=self._remove)
        if rule.needs_random and self._random is None:
            raise ValueError(f"a chance of {chance} needs random numbers: pass random=random.Random(seed)")
        self._rules.append(rule)
        return rule

    def effect_on(self, action: Action) -> Effect:
        """Return what happens to a request."""
        effect = NOTHING
        for rule in self._rules:
            effect = effect.followed_by(rule.effect_on(action, self._random))
        return effect

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    def __len__(self) -> int:
        return len(self._rules)

    def __iter__(self) -> Iterator[R]:
        return iter(self._rules)

    def __repr__(self) -> str:
        return f"<Rules {self._rules!r}>"

    def _remove(self, rule: Rule) -> None:
        self._rules = [each for each in self._rules if each is not rule]


def matches(verb: str, resource: str, action: Action) -> bool:
    """Return whether a verb and a resource, as `on` takes them, cover an action."""
    return verb in ("*", action.verb) and (resource == "*" or _covers(resource, action))


def make_error(failure: Failure, retry_after: float | None = None) -> MakeError:
    """Return the function that returns the error for an action.

    Raises:
        ValueError: The failure is none that can be made for a request.
    """
    check_failure(failure)
    return partial(error_for, failure, retry_after=retry_after)


def check_choice(verb: str, resource: str) -> None:
    """Check a verb and a resource as `on` takes them.

    Raises:
        ValueError: No action has this verb, or no resource can have this name.
    """
    is_path = resource.startswith("/")
    known = _METHODS if is_path else _VERBS
    if verb != "*" and verb not in known:
        raise ValueError(
            f"expected a verb of {', '.join(sorted(known))} or '*', got {verb!r}{did_you_mean(verb, known)}"
        )
    if not is_path and not _RESOURCE.fullmatch(resource):
        raise ValueError(
            "expected a plural such as 'pods', 'deployments/status' or '*', or a path such as '/openapi/v3/*', "
            f"got {resource!r}"
        )


def _check_limits(nth: int | Collection[int] | None, chance: float) -> None:
    counts = [nth] if isinstance(nth, int) else nth or ()
    if any(each < 1 for each in counts):
        raise ValueError(f"expected numbers from 1 on for nth, got {nth!r}")
    if not 0.0 <= chance <= 1.0:
        raise ValueError(f"expected a chance between 0 and 1, got {chance}")


def _covers(pattern: str, action: Action) -> bool:
    """Return whether a pattern covers a resource, by the rules of RBAC: `pods` does not cover `pods/status`."""
    if pattern.startswith("/") or not action.is_of_resource:
        prefix = pattern.removesuffix("*")
        return action.resource == pattern or (prefix != pattern and action.resource.startswith(prefix))
    plural, _, subresource = pattern.partition("/")
    name, dot, group = plural.partition(".")
    if name not in ("*", action.resource) or (dot and group != action.group):
        return False
    return subresource == action.subresource or (subresource == "*" and bool(action.subresource))
