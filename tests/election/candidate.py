"""One candidate: a machine with a clock, and a process on it that can be killed, blocked and started again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count
from math import inf
from random import Random
from typing import TYPE_CHECKING

import kubeloop
from kubeloop._kit.tasks import cancel_and_wait
from kubeloop.errors import ConnectError, LeadershipLost
from kubeloop.leaderelection import LeaderElection
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response
from tests.election.lease_server import WORK, CandidateTransport, Exchange, Weather

if TYPE_CHECKING:
    from tests.election.world import World

__all__ = ["DEADLINE", "Candidate"]

DEADLINE = 10.0
LATE_RESPONSE = 2.5
MOMENT = 1e-3


class Eager(Random):
    """Chance that never adds to the retry period."""

    def random(self) -> float:
        return 0.0


class Candidate:
    """One candidate of a world.

    Args:
        world: The world.
        name: The name of the machine.
        offset: What its clock shows at the true time 0, in seconds.
        rate: The seconds of its clock per true second.
        is_eager: Whether its pauses have no jitter.

    Attributes:
        weather: What disturbs its requests.
        is_killed: Whether there is no process now.
        is_blocking: Whether its loop is blocked now and then.
        is_stubborn: Whether its body works on after its cancellation.
        starts_again: Whether the process is started again after it has stopped.
        is_patient: Whether its body waits for its calls after its cancellation, in place of cancelling them.
    """

    def __init__(self, world: World, name: str, *, offset: float, rate: float, is_eager: bool) -> None:
        self.world = world
        self.name = name
        self.rate = rate
        self.weather = Weather()
        self._offset = offset
        self._is_eager = is_eager
        self._starts = 0
        self._wall_offset = timedelta(0)
        self.is_killed = True
        self.is_blocking = False
        self.is_stubborn = False
        self.is_patient = False
        self.starts_again = True
        self.start()

    def start(self) -> None:
        """Start the process, if it does not run."""
        if not self.is_killed:
            return
        self.is_killed = False
        self._starts += 1
        world = self.world
        self.random = Random(f"{world.random.random()} {self.name}")
        self.loop = world.timeline.new_loop(offset=self._offset, rate=self.rate)
        self.network = CandidateTransport(
            world.timeline,
            self.loop,
            world.server,
            (world.outage, self.weather),
            self.random,
            self._sent,
            self._ended,
        )
        self._term = 0
        self._under_way = 0
        self._led_until = -inf
        self._numbers = count(1)
        self._sent_calls: set[bytes] = set()
        self.task = self.loop.create_task(self._main())
        self.task.add_done_callback(self._restart)

    def _restart(self, _: asyncio.Task[None]) -> None:
        """Start the process again, a second after it has stopped."""
        if not self.is_killed:
            self.is_killed = True
            self.world.timeline.stop(self.loop)
            self.world.graves.append((self.loop, self.network))
            if self.starts_again:
                self.world.timeline.at(self.world.timeline.now + 1, self.start)

    def kill(self) -> None:
        """Kill the process, as SIGKILL does."""
        if self.is_killed or self.loop.is_blocked:
            return
        if self.is_leading:
            self.world.happened("a leader was killed")
        self.is_killed = True
        self.world.timeline.stop(self.loop)
        self.world.graves.append((self.loop, self.network))
        self.world.tell(f"{self.name} is killed")

    def stop(self) -> None:
        """Cancel the process's task, as a handler of SIGTERM does."""
        if self.is_killed:
            return
        self.world.tell(f"{self.name} stops")
        if self.is_leading:
            self.world.happened("a leader was cancelled from outside")
        self.task.cancel()

    @property
    def is_leading(self) -> bool:
        """Whether the process leads."""
        return not self.is_killed and self.election.is_leader

    def set_wall_clock(self) -> None:
        """Move the time of day of the machine by some days, forward or back."""
        self._wall_offset = timedelta(seconds=self.random.uniform(-1e6, 1e6))
        if self.is_leading:
            self.world.happened("the wall clock of a leader jumped")

    async def _main(self) -> None:
        config = kubeloop.Config(host="http://server")
        clientset = kubeloop.Clientset(config, transport=self.network, random=self.random)
        election = LeaderElection(
            clientset,
            "x",
            "default",
            identity=f"{self.name}{self._starts}",
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.loop.time()) + self._wall_offset,
            random=Eager() if self._is_eager else self.random,
        )
        self.election = election
        self.world.change(election)
        fenced = self.world.fence(election, clientset)
        pauses = self.loop.create_task(self._block_now_and_then())
        try:
            while True:
                try:
                    async with election:
                        self._term = self.world.leads(self)
                        await self._work(fenced)
                except LeadershipLost as error:
                    self.world.tell(f"{self.name} lost the lease")
                    is_deadline = "not renewed within" in str(error)
                    self.world.happened(
                        f"the lease was lost {'at the deadline' if is_deadline else 'to another holder'}"
                    )
        finally:
            await cancel_and_wait(pauses)

    async def _block_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self.random.uniform(0.5, 8))
            if self.is_blocking and self.random.random() < 0.4:
                self._block()

    def _block(self) -> bool:
        """Block the loop; return whether the deadline of a leader passed meanwhile."""
        random, world = self.random, self.world
        seconds = random.choice([random.uniform(0, 5), random.uniform(5, 40), random.uniform(8, 14)])
        was_leading = self.is_leading
        world.tell(f"{self.name} blocks its loop for {seconds:.1f} s")
        if self._under_way:
            world.happened("a loop was blocked while a request of the election was under way")
        world.timeline.block(self.loop, seconds)
        is_past = was_leading and not self.is_leading
        if was_leading:
            world.happened("the loop of a leader was blocked")
        if is_past:
            world.happened("the loop of a leader was blocked past the deadline")
        return is_past

    async def _work(self, client: kubeloop.Clientset) -> None:
        """Send work now and then, whether there are responses or not, until the body is cancelled."""
        calls: set[asyncio.Task[None]] = set()

        async def send_some(number: int, longest: float) -> None:
            for _ in range(number):
                if self.is_blocking and self.random.random() < 0.1 and self._block():
                    self.world.happened("a leader was blocked past the deadline just before it sent work")
                call = asyncio.create_task(self._call(client))
                calls.add(call)
                call.add_done_callback(calls.discard)
                await asyncio.sleep(self.random.uniform(0.1, longest))

        try:
            await send_some(1_000_000, 1.2)
        except asyncio.CancelledError:
            if self.is_stubborn:  # a cleanup that takes its time and sends requests
                begin = self.loop.time()
                await send_some(20, 1.4)
                if self.is_leading and self.loop.time() - begin > DEADLINE:
                    self.world.happened("a cancelled body worked for ten seconds more as the leader")
            if self.is_patient and calls:
                await asyncio.wait(calls)
            raise
        finally:
            await cancel_and_wait(*calls)

    async def _call(self, client: kubeloop.Clientset) -> None:
        number = next(self._numbers)
        try:
            await client.rest.put(WORK, body={"number": number}, into=dict, timeout=30)
        except LeadershipLost:
            is_retry = _number(number) in self._sent_calls
            self.world.happened(f"the fence refused {'a retry' if is_retry else 'the first attempt of a call'}")
        except (kubeloop.APIError, kubeloop.TransportError):
            pass

    def _sent(self, request: Request) -> None:
        if request.path == WORK:
            self._sent_calls.add(request.body or b"")
            self.world.worked(self, self._term)
        else:
            self._under_way += 1
            # Nothing public shows until when the election leads.
            self._led_until = self.election._machine.leads_until if self.election._machine else -inf
            if self.is_blocking and self.random.random() < 0.03:
                self.loop.call_soon(self._block)

    def _ended(self, exchange: Exchange) -> None:
        """Record what is rare in an exchange of the election."""
        if exchange.request.path == WORK:
            return
        self._under_way -= 1
        now, result, happened = self.loop.time(), exchange.result, self.world.happened
        is_write = exchange.request.method != "GET"
        was_written = is_write and exchange.status == 200
        is_complete = isinstance(result, Response) and result.status == 200
        if exchange.weather in ("cut", "silent") and result is None and self._led_until > exchange.sent_at:
            is_deadline = now >= self._led_until - MOMENT
            when = "was under way at the deadline" if is_deadline else "timed out before the deadline"
            happened(f"a silent request of a leader {when}")
        if was_written and is_complete and now - exchange.sent_at >= DEADLINE:
            happened("a claim was stored, and its response came after the deadline")
        elif was_written and is_complete and now - exchange.sent_at > LATE_RESPONSE:
            happened("a response to a renewal took more than 2.5 s")
        if was_written and not is_complete:
            happened("the lease was written, and the response was lost")
        if isinstance(result, Response) and result.status == 409:
            happened("a write of the lease was refused with a conflict")
        if isinstance(result, Response) and result.status == 429:
            happened("a request of the election was refused with 429")
        if exchange.is_cut:
            happened("the server went down while a request of the election was under way")
        if isinstance(result, ConnectError):
            happened("a request of the election was sent to a server that was down")


def _number(number: int) -> bytes:
    """Return the body of the call that has this number."""
    return b'{"number":%d}' % number
