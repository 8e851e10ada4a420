"""For all outcomes of lists and watches, the machine keeps its promises: for an informer and for `watch()` alike.

Each example is a sequence of outcomes against a small server, of which each version is one event. No version goes
backward, every pause and every timeout is bounded, watches are a second apart and lists do not follow each other
without a pause, an expired version leads to a list (informer) or to the exception (watch), and no event is lost or
delivered twice from one watch to the next.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop import errors
from kubeloop.listwatch.list_watch_machine import ListWatchMachine
from kubeloop.listwatch.machine_steps import Decision, DeliverList, OpenWatch, ReadEvents, ReadPage, Step, Wait
from kubeloop.listwatch.reopen_or_raise import ReopenOrRaise
from kubeloop.listwatch.reopen_or_relist import ReopenOrRelist
from kubeloop.listwatch.resource_versions import is_expired
from kubeloop.listwatch.streaming_list import INITIAL_EVENTS_SILENCE
from kubeloop.listwatch.watch_end import NextAction
from tests.support.things import api_error

EXPIRED = api_error(errors.Expired, 410, "Expired")
FAILURES = st.sampled_from(
    [
        errors.ConnectError("connection refused"),
        errors.ConnectionLost("connection lost"),
        errors.ServerSilent("nothing came for 180 s"),
        errors.RequestTimeout("slow"),
        errors.TLSError("expired certificate"),
        api_error(errors.TooManyRequests, 429, "TooManyRequests"),
        errors.ServiceUnavailable(errors.StatusDetails(code=503, retry_after=3600.0)),
        api_error(errors.InternalError, 500, "InternalError"),
        api_error(errors.GatewayTimeout, 504, "Timeout", cause="ResourceVersionTooLarge"),
        api_error(errors.Forbidden, 403, "Forbidden"),
        EXPIRED,
        errors.DecodeError("not JSON"),
        errors.CacheError("not queued"),
        ValueError("bug"),
    ]
)
PAUSES = st.sampled_from([0.0, 0.0, 0.3, 1.0, 5.0, 40.0, 400.0])
RELISTING = {NextAction.RELIST, NextAction.BACK_OFF_AND_RELIST}
LONGEST_PAUSE = 60.0
LONGEST_WATCH = 600.0 + 30.0
LISTS_AT_ONE_TIME = 8
"""A list with an expired snapshot, the full list, and both again at the newest version; twice, for two expiries."""


class Server:
    """A log of events: the event of version n adds or deletes one of three keys. State and events follow from it."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = [("ADDED", "a")]
        self.oldest = 1

    @property
    def version(self) -> int:
        return len(self.log)

    def write(self, key: str) -> None:
        self.log.append(("DELETED" if key in self.state(self.version) else "ADDED", key))

    def state(self, version: int) -> set[str]:
        present: set[str] = set()
        for change, key in self.log[:version]:
            (present.add if change == "ADDED" else present.discard)(key)
        return present


class Run:
    """Carries out the steps of a machine, with outcomes that are drawn until nothing fails any more."""

    def __init__(self, data: st.DataObject, machine: ListWatchMachine, server: Server, *, is_informer: bool) -> None:
        self.data = data
        self.machine = machine
        self.server = server
        self.is_informer = is_informer
        self.is_healed = False
        self.now = 0.0
        self.reads_from = 0
        """The version after which the open watch continues."""
        self.is_streaming = False
        """Whether the open watch has not sent its whole list yet."""
        self.store: set[str] = set()
        self.delivered: list[int] = []
        self.lists = 0
        self.raised: Exception | None = None
        self.snapshot = 0
        self.pages_left = 0
        self.versions = [0]
        """The state of the machine after each step."""
        self.openings: list[float] = []
        self.list_times: Counter[float] = Counter()

    def draw(self, strategy: st.SearchStrategy[Any], healed: Any) -> Any:
        return healed if self.is_healed else self.data.draw(strategy)

    def change_the_server(self) -> None:
        for key in self.draw(st.lists(st.sampled_from("abc"), max_size=3), []):
            self.server.write(key)
        if self.draw(st.integers(0, 5), 1) == 0:
            self.server.oldest = self.server.version
        self.now += self.draw(PAUSES, 0.0)

    def take_step(self) -> Step:
        match step := self.machine.next(self.now):
            case Wait(until=until):
                assert self.now < until <= self.now + LONGEST_PAUSE
                self.now = until
            case ReadPage():
                self.read_page(step)
            case DeliverList():
                self.deliver_list(step)
            case OpenWatch():
                self.open_watch(step)
            case ReadEvents():
                self.read_events(step)
        reached = int(self.machine.versions.last or 0)
        assert reached >= self.versions[-1]
        self.versions.append(reached)
        return step

    def read_page(self, step: ReadPage) -> None:
        if step.page.is_first:
            self.list_times[self.now] += 1
            assert self.list_times[self.now] <= LISTS_AT_ONE_TIME
        error = self.draw(st.none() | FAILURES, None)
        if error is None:
            self.read_page_in_time(step)
        else:
            self.check(error, self.machine.list_failed(error, self.now))

    def read_page_in_time(self, step: ReadPage) -> None:
        if step.page.is_first:
            asked = step.page.resource_version
            least = {"": self.server.version, "0": self.server.oldest}.get(asked, int(asked or 0))
            self.snapshot = self.draw(st.integers(max(least, 1), self.server.version), self.server.version)
            self.pages_left = self.draw(st.integers(0, 2), 0) if step.page.limit else 0
        else:
            self.pages_left -= 1
        self.machine.page_read(str(self.snapshot), f"token-{self.pages_left}" if self.pages_left else "")

    def deliver_list(self, step: DeliverList) -> None:
        assert step.version == str(self.snapshot)
        assert self.machine.is_listing
        if self.is_informer and self.draw(st.integers(0, 5), 1) == 0:
            error = ValueError("the store refused the list")
            failed = self.machine.watch_ended if step.is_streamed else self.machine.list_failed
            self.check(error, failed(error, self.now))
            return
        if step.is_streamed:
            self.reads_from = self.snapshot
        self.store = self.server.state(self.snapshot)
        self.delivered.clear()
        self.lists += 1
        self.machine.list_delivered(is_complete=not self.is_informer or self.draw(st.integers(0, 5), 1) > 0)

    def open_watch(self, step: OpenWatch) -> None:
        assert not self.openings or self.now >= self.openings[-1] + 1.0
        self.openings.append(self.now)
        assert step.timeout_seconds > 0
        assert self.now + step.timeout_seconds < step.give_up_at <= self.now + LONGEST_WATCH
        self.is_streaming = step.sends_initial_events
        if self.is_streaming:
            assert step.version in ("", self.machine.versions.last)
            asked = int(step.version or self.server.version)
        else:
            asked = int(step.version)
            assert asked >= (self.delivered[-1] if self.delivered else self.snapshot)
            self.reads_from = asked
        error = EXPIRED if asked < self.server.oldest else self.draw(st.none() | FAILURES, None)
        if error is None:
            self.machine.watch_opened(self.now)
        else:
            self.check(error, self.machine.watch_ended(error, self.now))

    def read_list(self, step: ReadEvents) -> None:
        """Receive events of a streaming list; they are not delivered, and move no version."""
        assert self.machine.is_listing
        self.machine.list_streamed(self.draw(st.integers(0, 3), 1), self.now)
        moved = self.machine.next(self.now)
        assert isinstance(moved, ReadEvents)
        assert moved.give_up_at <= self.now + INITIAL_EVENTS_SILENCE
        what = self.draw(st.sampled_from(["continues", "complete", "complete", "ends", "fails", "overdue"]), "complete")
        error: Exception | None = None
        if what == "continues":
            return
        if what == "complete":
            self.is_streaming = False
            least = int(self.machine.versions.last or 0)
            self.snapshot = self.draw(st.integers(max(least, 1), self.server.version), self.server.version)
            self.machine.list_complete(str(self.snapshot), self.now)
            return
        if what == "fails":
            error = self.data.draw(FAILURES)
        elif what == "overdue":
            self.now = max(self.now, step.give_up_at)
            error = self.machine.overdue_error()
        self.check(error, self.machine.watch_ended(error, self.now))

    def read_events(self, step: ReadEvents) -> None:
        if self.is_streaming:
            self.read_list(step)
            return
        left = self.server.version - self.reads_from
        events = self.draw(st.integers(0, min(left, 4)), left)
        # The consumer may deliver only the first events of a batch, and end the watch.
        refused = events and self.draw(st.integers(0, 5), 1) == 0
        for _ in range(events - bool(refused)):
            self.reads_from += 1
            change, key = self.server.log[self.reads_from - 1]
            assert (key in self.store) is (change == "DELETED")
            (self.store.add if change == "ADDED" else self.store.discard)(key)
            self.delivered.append(self.reads_from)
            self.machine.versions.delivered(change, str(self.reads_from))
        self.machine.received(events)
        if refused:
            error: Exception | None = errors.CacheError("not queued")
            self.check(error, self.machine.watch_ended(error, self.now))
            return
        what = self.draw(
            st.sampled_from(["continues", "continues", "bookmark", "ends", "fails", "overdue"]), "continues"
        )
        if what == "bookmark" and self.reads_from == self.server.version:
            self.machine.received(1)
            self.machine.versions.delivered("BOOKMARK", str(self.reads_from))
        elif what == "ends":
            self.check(None, self.machine.watch_ended(None, self.now))
        elif what == "fails":
            error = self.data.draw(FAILURES)
            self.check(error, self.machine.watch_ended(error, self.now))
        elif what == "overdue":
            self.now = max(self.now, step.give_up_at)
            error = self.machine.overdue_error()
            self.check(error, self.machine.watch_ended(error, self.now))

    def check(self, error: Exception | None, decision: Decision) -> None:
        assert 0 <= decision.pause <= LONGEST_PAUSE
        if decision.action is NextAction.RAISE:
            assert not self.is_informer
            self.raised = error
        if is_expired(error):
            # `watch()` can read the rest again without a gap only if the list was read in pages.
            ways_out = {NextAction.RELIST} if not self.is_informer else RELISTING
            assert decision.action in ways_out or self.raised is error

    def until_healed(self) -> None:
        """Run without failures until every event has been delivered."""
        self.is_healed = True
        for _ in range(100):
            if isinstance(self.take_step(), ReadEvents) and self.reads_from == self.server.version:
                return
        raise AssertionError("the machine did not finish")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_an_informer_always_comes_to_the_state_of_the_server(data: st.DataObject) -> None:
    rule = ReopenOrRelist(data.draw(st.sampled_from([0.0, 30.0])))
    page_size = data.draw(st.sampled_from([None, None, 0, 2]))
    machine = ListWatchMachine(
        "0",
        rule,
        random.Random(data.draw(st.integers(0, 9))),
        page_size=page_size,
        streams_lists=data.draw(st.booleans()),
    )
    run = Run(data, machine, Server(), is_informer=True)
    for _ in range(data.draw(st.integers(0, 40))):
        run.change_the_server()
        run.take_step()
    run.until_healed()
    assert run.raised is None
    assert run.store == run.server.state(run.server.version)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), start=st.sampled_from(["", "0", "version"]))
def test_a_watch_delivers_each_event_once_and_raises_when_it_cannot(data: st.DataObject, start: str) -> None:
    server = Server()
    for key in data.draw(st.lists(st.sampled_from("abc"), max_size=5)):
        server.write(key)
    first = data.draw(st.integers(1, server.version))
    version = str(first) if start == "version" else start
    machine = ListWatchMachine(version, ReopenOrRaise(), random.Random(data.draw(st.integers(0, 9))))
    run = Run(data, machine, server, is_informer=False)
    if start == "version":
        run.snapshot, run.store, run.versions = first, server.state(first), [first]
    for _ in range(data.draw(st.integers(0, 40))):
        run.change_the_server()
        run.take_step()
        if run.raised is not None:
            break
    if run.raised is None and (not run.openings or int(machine.versions.last or 0) >= server.oldest):
        server.oldest = 1
        run.until_healed()
        assert run.raised is None
        assert run.store == server.state(server.version)
    assert run.lists <= 1
    assert run.delivered == list(range(run.snapshot + 1, run.snapshot + 1 + len(run.delivered)))
