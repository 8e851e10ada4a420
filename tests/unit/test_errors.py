"""The exception tree as values: an error that is raised in one place may be copied, pickled and raised in another."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.errors import APIError, KubeloopError, StatusCause, StatusDetails, TransportError
from kubeloop.transport.base import UpgradeRefused
from kubeloop.wire.response import Headers, Response

DETAILS = StatusDetails(
    409, "Conflict", "no", "web", "apps", "deployments", "u", (StatusCause("A", "b", "c"),), 2.5, "next"
)


def tree(kind: type[KubeloopError] = KubeloopError) -> Iterator[type[KubeloopError]]:
    if kind.__module__.startswith("kubeloop."):
        yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


def make(kind: type[Any]) -> KubeloopError:
    if issubclass(kind, APIError):
        error: KubeloopError = kind(DETAILS, method="PATCH", path="/apis/x")
    elif issubclass(kind, UpgradeRefused):
        error = kind(Response(403, Headers([("A", "b")]), b"no"), method="GET", path="/api")
    elif issubclass(kind, TransportError):
        error = kind("lost", method="GET", path="/api", retryable=False)
    else:
        error = kind("went wrong")
    error.add_note("a note")
    return error


def plain(error: KubeloopError) -> dict[str, Any]:
    """Return the attributes; headers of a response compare by their contents."""
    return {name: repr(value) for name, value in vars(error).items()}


def test_the_tree_is_whole() -> None:
    assert {getattr(errors, name) for name in errors.__all__ if issubclass(getattr(errors, name), Exception)} <= {
        *tree()
    }


COPIERS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {n}": lambda error, n=n: pickle.loads(pickle.dumps(error, n)) for n in range(2, 6)},
}


@pytest.mark.parametrize("how", COPIERS)
@pytest.mark.parametrize("kind", sorted(set(tree()), key=lambda kind: kind.__name__))
def test_every_error_can_be_copied_and_pickled(kind: type[KubeloopError], how: str) -> None:
    error = make(kind)
    twin = COPIERS[how](error)
    assert type(twin) is kind
    assert twin is not error
    assert str(twin) == str(error)
    assert twin.args == error.args
    assert plain(twin) == plain(error)
    assert twin.__notes__ == ["a note"]


def test_a_copy_of_an_api_error_has_all_that_the_server_said() -> None:
    twin = pickle.loads(pickle.dumps(errors.Conflict(DETAILS, method="PUT", path="/x")))
    assert twin.status == DETAILS
    assert (twin.code, twin.reason, twin.causes, twin.retry_after) == (409, "Conflict", DETAILS.causes, 2.5)
    assert (twin.method, twin.path) == ("PUT", "/x")


HOPELESS = {"TLSError", "UpgradeRefused", "UnreadableWriteResponse"}


@pytest.mark.parametrize("kind", sorted(set(tree()), key=lambda kind: kind.__name__))
def test_retryable_is_what_the_documentation_says(kind: type[Any]) -> None:
    """(F19) A `TLSError` of a user's transport was retryable: watches were reopened for ever."""
    if issubclass(kind, UpgradeRefused):
        error: Any = kind(Response(403), method="GET", path="/")
    elif issubclass(kind, APIError):
        error = kind(DETAILS)
    else:
        error = kind("no")
    says_hopeless = "A retry does not help" in (kind.__doc__ or "") or kind.__name__ in HOPELESS
    assert (getattr(error, "retryable", None) is False) is says_hopeless
    if issubclass(kind, TransportError) and not says_hopeless:
        assert error.retryable is True
