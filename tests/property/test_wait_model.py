"""Any history of an object, with any faults between its versions: a wait returns iff a delivered state satisfies it.

The history is that of one name: created, changed, deleted, created again. The wait sees it through lists and watches
which are cut, expire, or merge versions, as the script of the test says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop import errors
from kubeloop.testing import virtual_time
from tests.support.scripted_clientset import clientset, pod
from tests.support.scripted_transport import Hang, event, expired_event, list_of, query, watch_response

PHASES = ("Pending", "Pending", "Running")
TIMEOUT = 10_000.0


@dataclass(frozen=True)
class Version:
    """A state of the name: its phase and the number of its object; a phase of None is a deletion."""

    phase: str | None
    object: int


@st.composite
def histories(draw: st.DrawFn) -> tuple[Version, ...]:
    found: list[Version] = []
    number = 0
    for _ in range(draw(st.integers(1, 6))):
        exists = bool(found) and found[-1].phase is not None
        phase = draw(st.sampled_from((*PHASES, None, None) if exists else PHASES))
        number += phase is not None and not exists
        found.append(Version(phase, number))
    return tuple(found)


def document(version: Version, number: int) -> dict[str, Any]:
    return {**pod("a", number, uid=f"uid-{version.object}"), "status": {"phase": version.phase}}


class Server:
    """Tells a history: each watch tells some versions and then fails; a list tells the present one."""

    def __init__(self, history: tuple[Version, ...], told_first: int, faults: list[tuple[int, str, int]]) -> None:
        self._history = history
        self._at = min(told_first, len(history))  # how many versions exist
        self._faults = faults
        self.delivered: list[Version | None] = []  # None is a list without the object

    def respond(self, request: Any) -> Any:
        if "/events" in request.target:
            return list_of([], "9", kind="EventList")
        return self._watch(int(query(request)["resourceVersion"])) if "watch" in query(request) else self._list()

    def _list(self) -> Any:
        present = self._history[self._at - 1] if self._at else None
        exists = present is not None and present.phase is not None
        self.delivered.append(present if exists else None)
        items = [document(present, self._at)] if present is not None and exists else []
        return list_of(items, str(self._at + 100))

    def _watch(self, version: int) -> Any:
        known = version - 100
        if known < self._at and self._faults and self._faults[0][1] == "expire":
            self._faults.pop(0)
            return watch_response(expired_event())
        count, fault, lost = self._faults.pop(0) if self._faults else (len(self._history), "hang", 0)
        until = min(max(known, self._at) + count, len(self._history))
        frames: list[Any] = []
        for number in range(known, until):
            one = self._history[number]
            self.delivered.append(one)
            before = self._history[number - 1] if number else None
            is_new = before is None or before.phase is None
            kind = "DELETED" if one.phase is None else "ADDED" if is_new else "MODIFIED"
            shown = one if one.phase is not None else Version(before.phase if before else "", one.object)
            document_of = document(shown, number + 101)
            frames.extend([1.0, event(kind, document_of)])
        self._at = max(self._at, until)
        if fault == "cut":
            frames.append(errors.ConnectionLost("cut"))
        elif fault == "expire":
            self._at = min(self._at + lost, len(self._history))  # versions that no watch tells
            frames.append(expired_event())
        elif fault == "hang":
            frames.append(Hang())
        return watch_response(2.0, *frames)


def outcome_of(delivered: list[Version | None], *, for_create: bool, for_delete: bool) -> str:
    """Return what a wait for Running, or for deletion, must do, by the definition: the naive model."""
    first: int | None = None
    for one in delivered:
        exists = one is not None and one.phase is not None
        number = one.object if one is not None and exists else None
        if for_delete:
            if first is None and number is not None:
                first = number
            if number is None or number != first:
                return "met"
            continue
        if not for_create and (number is None or (first is not None and number != first)):
            return "gone"
        first = number
        if one is not None and one.phase == "Running":
            return "met"
    return "timeout"


FAULTS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["cut", "end", "expire"]), st.integers(0, 3)), max_size=6
)


@given(histories(), st.integers(0, 3), FAULTS, st.sampled_from(["state", "create", "delete"]))
@settings(max_examples=500, deadline=None)
def test_a_wait_returns_iff_a_delivered_state_satisfies(
    history: tuple[Version, ...], told_first: int, faults: list[tuple[int, str, int]], what: str
) -> None:
    server = Server(history, told_first, list(faults))

    async def wait() -> str:
        clients, transport = clientset(server.respond)
        pods = clients.core_v1.pods("x")
        try:
            if what == "delete":
                await pods.wait("a", for_delete=True, timeout=TIMEOUT)
            else:
                found = await pods.wait(
                    "a", jsonpath="{.status.phase}=Running", for_create=what == "create", timeout=TIMEOUT
                )
                assert found.status.phase == "Running"
        except errors.WaitTimeout:
            return "timeout"
        except errors.NotFound:
            return "gone"
        finally:
            assert transport.open_streams == 0
        return "met"

    outcome = virtual_time.run(wait())
    # The last watch may have more to tell than the wait read; the first decisive version counts.
    expected = outcome_of(server.delivered, for_create=what == "create", for_delete=what == "delete")
    assert outcome == expected, server.delivered
